"""Draws (chọn mẫu) with their protocols, and the drawn units."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import OFFICIAL, PSEUDONYM, PUBLIC, SECRET, Base


class SampleDraw(Base):
    """One draw: announced with its seed and digests first, carried out after; never deleted."""

    __tablename__ = "sample_draw"
    __table_args__ = (
        CheckConstraint("(drawn_at IS NULL) = (protocol IS NULL)", "drawn_has_protocol"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=PUBLIC
    )
    frame_id: Mapped[int] = mapped_column(ForeignKey("frame.id"), info=PUBLIC)
    seed: Mapped[str] = mapped_column(String(200), info=PUBLIC)
    frame_sha256: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    plan_sha256: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    #: Quotas per stratum and shares as decided, the plan of this draw.
    plan: Mapped[dict[str, Any]] = mapped_column(info=PUBLIC)
    recheck_secret_sha256: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    #: 32 random bytes in hex, sealed until the survey is closed.
    recheck_secret: Mapped[str] = mapped_column(String(64), info=SECRET)
    reason: Mapped[str] = mapped_column(String(300), default="", info=PUBLIC)
    announced_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    announced_by: Mapped[int] = mapped_column(ForeignKey("account.id"), info=OFFICIAL)
    drawn_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    protocol: Mapped[dict[str, Any] | None] = mapped_column(info=PUBLIC)
    #: When the codes of this draw's forms were made; they are shown once, then only hashes stay.
    issued_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)


class SampleUnit(Base):
    """A drawn unit, main or reserve, in order within its stratum, with the form it gets."""

    __tablename__ = "sample_unit"
    __table_args__ = (
        CheckConstraint("role IN ('main', 'reserve')", "known_role"),
        Index("ix_sample_unit_stratum", "draw_id", "stratum"),
    )

    draw_id: Mapped[int] = mapped_column(
        ForeignKey("sample_draw.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    unit_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=PSEUDONYM)
    stratum: Mapped[str] = mapped_column(String(200), info=OFFICIAL)
    role: Mapped[str] = mapped_column(String(10), info=OFFICIAL)
    order: Mapped[int] = mapped_column(info=OFFICIAL)
    inclusion_probability: Mapped[float] = mapped_column(info=OFFICIAL)
    design_weight: Mapped[float | None] = mapped_column(info=OFFICIAL)


class RecheckUnit(Base):
    """The pre-drawn re-check subsample (phúc tra); only the re-check role reads it."""

    __tablename__ = "recheck_unit"
    __table_args__ = (
        ForeignKeyConstraint(
            ["draw_id", "unit_code"],
            ["sample_unit.draw_id", "sample_unit.unit_code"],
            ondelete="CASCADE",
        ),
    )

    draw_id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    unit_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=PSEUDONYM)
    order: Mapped[int] = mapped_column(info=OFFICIAL)
