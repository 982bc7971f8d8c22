"""Drawn persons who will not answer, as the field reports it, and who takes their place."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import OFFICIAL, PSEUDONYM, SECRET, Base

#: Why a drawn person is replaced, by the final disposition codes of AAPOR (Standard Definitions,
#: 2023): refusal 2.10, not reached 2.20, deceased 2.31, unable 2.32, address unknown 3.20, no
#: longer in the list 4.10.
REASONS = ("refused", "not_reached", "died", "unable", "no_address", "left")


class Disposition(Base):
    """The field's report about a form that nobody will fill in; it says nothing about a code.

    Stored with the person only while enough others may have answered in her cell; at the lock it
    becomes a `CountedReport` like all others.
    """

    __tablename__ = "disposition"
    __table_args__ = (
        ForeignKeyConstraint(
            ["draw_id", "unit_code"],
            ["sample_unit.draw_id", "sample_unit.unit_code"],
            ondelete="CASCADE",
        ),
        CheckConstraint(f"reason IN {REASONS}", "known_reason"),
        UniqueConstraint("draw_id", "released_unit"),
    )

    draw_id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    unit_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=PSEUDONYM)
    #: That somebody died or is ill is about her as much as her pseudonym is.
    reason: Mapped[str] = mapped_column(String(20), info=PSEUDONYM)
    reported_on: Mapped[date] = mapped_column(info=PSEUDONYM)
    #: The reserve unit that takes the place; empty where the reserve was used up.
    released_unit: Mapped[str | None] = mapped_column(String(60), info=PSEUDONYM)


class CountedReport(Base):
    """A report that is only counted: about whom it was cannot be found, not even in backups."""

    __tablename__ = "counted_report"
    __table_args__ = (
        CheckConstraint(f"reason IN {REASONS}", "known_reason"),
        UniqueConstraint("draw_id", "released_unit"),
        {"sqlite_with_rowid": False},
    )

    #: HMAC of the unit under a secret of the page, which is not kept: sent again, it counts once.
    token: Mapped[str] = mapped_column(String(32), primary_key=True, info=SECRET)
    draw_id: Mapped[int] = mapped_column(
        ForeignKey("sample_draw.id", ondelete="CASCADE"), index=True, info=OFFICIAL
    )
    group_id: Mapped[int] = mapped_column(
        ForeignKey("survey_group.id", ondelete="CASCADE"), info=OFFICIAL
    )
    #: As stored with the answers: of merged strata all.
    stratum: Mapped[str] = mapped_column(String(200), info=OFFICIAL)
    reason: Mapped[str] = mapped_column(String(20), info=OFFICIAL)
    #: A reserve unit that was released with the report; in whose place stands nowhere.
    released_unit: Mapped[str | None] = mapped_column(String(60), info=PSEUDONYM)
