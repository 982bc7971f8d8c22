"""Sampling frames (danh sách chọn mẫu) and, apart from them, the vault of contacts."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import IDENTITY, OFFICIAL, PSEUDONYM, PUBLIC, Base


class Frame(Base):
    """One version of a survey's frame; frozen with its digest before a draw."""

    __tablename__ = "frame"
    __table_args__ = (
        UniqueConstraint("survey_id", "version"),
        CheckConstraint("version > 0", "version_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), info=OFFICIAL
    )
    version: Mapped[int] = mapped_column(info=OFFICIAL)
    pop_size: Mapped[int] = mapped_column(info=PUBLIC)
    #: Digest of the canonical frame (ids and strata), set when it is frozen.
    sha256: Mapped[str | None] = mapped_column(String(64), info=PUBLIC)
    #: Digest of all that its rows hold (`frames.digests`), set when it is frozen.
    rows_sha256: Mapped[str | None] = mapped_column(String(64), info=OFFICIAL)
    imported_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    frozen_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)


class FrameNote(Base):
    """What looked suspect in a list, by rule and number, and who confirmed it nevertheless."""

    __tablename__ = "frame_note"

    frame_id: Mapped[int] = mapped_column(
        ForeignKey("frame.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    rule: Mapped[str] = mapped_column(String(20), primary_key=True, info=OFFICIAL)
    #: The number that the rule looks at: rows, or a share from 0 to 1.
    number: Mapped[float] = mapped_column(info=OFFICIAL)
    text: Mapped[str] = mapped_column(String(1000), info=OFFICIAL)
    confirmed_by: Mapped[str | None] = mapped_column(String(60), info=IDENTITY)
    confirmed_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)


class FrameRow(Base):
    """One form that could be drawn: a person (or file) under a pseudonym, in one stratum."""

    __tablename__ = "frame_row"
    __table_args__ = (Index("ix_frame_row_stratum", "frame_id", "stratum"),)

    frame_id: Mapped[int] = mapped_column(
        ForeignKey("frame.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    #: Pseudonymous id made by the program; what the published frame and the protocol show.
    unit_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=PSEUDONYM)
    #: The same for every row of one person (several groups, several files).
    person_code: Mapped[str] = mapped_column(String(60), info=PSEUDONYM)
    stratum: Mapped[str] = mapped_column(String(200), info=OFFICIAL)
    group_code: Mapped[str] = mapped_column(String(60), info=OFFICIAL)
    #: Raters: rater group, area, own agencies, lines. Files: agency, outcome, channel, kind.
    attributes: Mapped[dict[str, Any]] = mapped_column(info=PSEUDONYM)


class Contact(Base):
    """The vault: who stands behind a pseudonym; read only to print letters and lists."""

    __tablename__ = "contact"

    frame_id: Mapped[int] = mapped_column(
        ForeignKey("frame.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    person_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=PSEUDONYM)
    name: Mapped[str] = mapped_column(String(200), info=IDENTITY)
    phone: Mapped[str | None] = mapped_column(String(40), info=IDENTITY)
    address: Mapped[str | None] = mapped_column(String(300), info=IDENTITY)
    #: Office or unit through which a letter reaches the person.
    office: Mapped[str | None] = mapped_column(String(200), info=IDENTITY)
