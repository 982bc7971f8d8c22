"""Draws (chọn mẫu) with their protocols, and the drawn units."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import OFFICIAL, PSEUDONYM, PUBLIC, SECRET, Base


class SampleDraw(Base):
    """One draw: announced with its seed and digests first, carried out after; never deleted."""

    __tablename__ = "sample_draw"
    __table_args__ = (
        CheckConstraint("(drawn_at IS NULL) = (protocol IS NULL)", "drawn_has_protocol"),
        CheckConstraint("(seed_sha256 IS NULL) = (sealed_seed IS NULL)", "sealed_whole"),
        CheckConstraint("drawn_at IS NULL OR abandoned_at IS NULL", "not_drawn_and_abandoned"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=PUBLIC
    )
    frame_id: Mapped[int] = mapped_column(ForeignKey("frame.id"), info=PUBLIC)
    #: Empty in a witnessed draw until all parties have revealed, and in a sealed one.
    seed: Mapped[str] = mapped_column(String(200), info=PUBLIC)
    #: A seed that a second wave uses again: made by the program, published when both are closed.
    seed_sha256: Mapped[str | None] = mapped_column(String(64), info=PUBLIC)
    sealed_seed: Mapped[str | None] = mapped_column(String(64), info=SECRET)
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
    #: Announced and given up before it was carried out; stays listed in every later protocol.
    abandoned_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    abandon_reason: Mapped[str] = mapped_column(String(300), default="", info=PUBLIC)
    #: A draw before witnesses: nobody knows its seed when list and plan are frozen.
    is_witnessed: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    #: Source, day and number of digits of a public number named beforehand.
    public_number: Mapped[dict[str, Any] | None] = mapped_column(info=PUBLIC)
    public_value: Mapped[str | None] = mapped_column(String(40), info=PUBLIC)
    #: The commitments with all that is frozen, once no further commitment is taken.
    announcement: Mapped[dict[str, Any] | None] = mapped_column(info=PUBLIC)
    #: When the contacts of whoever was not drawn were deleted.
    forgot_undrawn_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)

    @property
    def own_seed(self) -> str:
        """The seed, written out or sealed; empty while nobody knows it."""
        return self.seed or self.sealed_seed or ""

    @property
    def told_seed(self) -> str:
        """What may be said of the seed."""
        return f"niêm phong, SHA-256 {self.seed_sha256}" if self.seed_sha256 else self.seed

    @property
    def is_pending(self) -> bool:
        """Whether it is announced and neither carried out nor given up."""
        return self.drawn_at is None and self.abandoned_at is None


class SampleParty(Base):
    """A party of a witnessed draw: its commitment first, its part of the seed after."""

    __tablename__ = "sample_party"
    __table_args__ = (
        UniqueConstraint("draw_id", "party"),
        UniqueConstraint("draw_id", "sha256"),
        CheckConstraint(
            "(part IS NULL) = (nonce IS NULL) AND (part IS NULL) = (revealed_at IS NULL)",
            "revealed_whole",
        ),
    )

    draw_id: Mapped[int] = mapped_column(
        ForeignKey("sample_draw.id", ondelete="CASCADE"), primary_key=True, info=PUBLIC
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), primary_key=True, info=OFFICIAL
    )
    #: As the party is named in the protocol.
    party: Mapped[str] = mapped_column(String(200), info=PUBLIC)
    sha256: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    committed_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    part: Mapped[str | None] = mapped_column(String(200), info=PUBLIC)
    nonce: Mapped[str | None] = mapped_column(String(200), info=PUBLIC)
    revealed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)


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
