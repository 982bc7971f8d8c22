"""Lists that units send (danh sách các đơn vị gửi), and what was decided about them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import IDENTITY, OFFICIAL, PSEUDONYM, SECRET, Base

LIST_STATES = ("asked", "sent", "returned", "accepted")
VERDICTS = ("same", "different")


class UnitList(Base):
    """The list that one unit owes a survey: asked for, sent, returned or accepted."""

    __tablename__ = "unit_list"
    __table_args__ = (
        UniqueConstraint("survey_id", "unit_id"),
        CheckConstraint(f"state IN {LIST_STATES}", "known_state"),
        CheckConstraint("rows >= 0 AND reminders >= 0", "counted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), info=OFFICIAL
    )
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True, info=OFFICIAL)
    #: Expected head-count per rater group; of files under the key "files".
    expected: Mapped[dict[str, Any]] = mapped_column(info=OFFICIAL)
    due_on: Mapped[date | None] = mapped_column(info=OFFICIAL)
    state: Mapped[str] = mapped_column(String(20), default="asked", info=OFFICIAL)
    asked_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    #: How often the unit was asked again, and when last.
    reminders: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    reminded_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)
    sent_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)
    rows: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    #: Rows of the sent list per key of `expected`.
    counts: Mapped[dict[str, Any]] = mapped_column(info=OFFICIAL)
    decided_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)
    #: Why the list was returned.
    reason: Mapped[str | None] = mapped_column(String(300), info=OFFICIAL)
    #: The rows as sent, encrypted under the survey's key; gone once a sample is drawn.
    sealed: Mapped[bytes | None] = mapped_column(info=SECRET)


class ListDraft(Base):
    """A file that is being looked at before it is stored; gone when confirmed or after a day."""

    __tablename__ = "list_draft"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=SECRET)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=OFFICIAL
    )
    #: The list of one unit; none where the file is the whole frame.
    unit_list_id: Mapped[int | None] = mapped_column(
        ForeignKey("unit_list.id", ondelete="CASCADE"), info=OFFICIAL
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), info=OFFICIAL
    )
    created_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    file_name: Mapped[str] = mapped_column(String(200), info=OFFICIAL)
    #: Heading of the file per field of the list, as the official has chosen.
    mapping: Mapped[dict[str, Any]] = mapped_column(info=OFFICIAL)
    #: The file, encrypted under the survey's key.
    sealed: Mapped[bytes] = mapped_column(info=SECRET)


class ColumnPreset(Base):
    """A named mapping of headings to fields, for the next file of the same program."""

    __tablename__ = "column_preset"
    __table_args__ = (
        UniqueConstraint("kind", "name"),
        CheckConstraint("kind IN ('raters', 'files')", "known_kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    kind: Mapped[str] = mapped_column(String(20), info=OFFICIAL)
    name: Mapped[str] = mapped_column(String(60), info=OFFICIAL)
    mapping: Mapped[dict[str, Any]] = mapped_column(info=OFFICIAL)
    saved_at: Mapped[datetime] = mapped_column(info=OFFICIAL)


class PostDecision(Base):
    """Whether two rows of the lists are one person: decided once, kept by pseudonyms."""

    __tablename__ = "post_decision"
    __table_args__ = (CheckConstraint(f"verdict IN {VERDICTS}", "known_verdict"),)

    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    #: Pseudonym of the two rows together, whatever their order.
    pair: Mapped[str] = mapped_column(String(20), primary_key=True, info=PSEUDONYM)
    verdict: Mapped[str] = mapped_column(String(20), info=OFFICIAL)
    reason: Mapped[str] = mapped_column(String(300), info=OFFICIAL)
    decided_by: Mapped[str] = mapped_column(String(60), info=IDENTITY)
    decided_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
