"""Administrative units (đơn vị): a tree that changes over the years."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import PUBLIC, Base


class Unit(Base):
    """A node of the administrative tree, valid between two dates."""

    __tablename__ = "unit"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_to > valid_from", "valid_period"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    code: Mapped[str] = mapped_column(String(60), unique=True, info=PUBLIC)
    name: Mapped[str] = mapped_column(String(200), info=PUBLIC)
    #: Vietnamese collation key: databases sort "Đ" and tones wrongly.
    sort_key: Mapped[str] = mapped_column(String(400), info=PUBLIC)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True, info=PUBLIC)
    valid_from: Mapped[date] = mapped_column(info=PUBLIC)
    #: First day on which the unit is no more.
    valid_to: Mapped[date | None] = mapped_column(info=PUBLIC)


class UnitSuccession(Base):
    """`successor` took over from `predecessor` (merger, split, new name)."""

    __tablename__ = "unit_succession"
    __table_args__ = (CheckConstraint("predecessor_id <> successor_id", "two_units"),)

    predecessor_id: Mapped[int] = mapped_column(
        ForeignKey("unit.id"), primary_key=True, info=PUBLIC
    )
    successor_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True, info=PUBLIC)
    happened_on: Mapped[date] = mapped_column(info=PUBLIC)
