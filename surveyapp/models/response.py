"""Answers on their way in: exchange, batch, waiting answer; and the released response."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import ANSWER, OFFICIAL, SECRET, Base


class Exchange(Base):
    """One sending by a device: its id and the digest of its body, so that a retry is harmless."""

    __tablename__ = "exchange"
    __table_args__ = ({"sqlite_with_rowid": False},)

    #: Made by the device; unknown to the answer.
    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=SECRET)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=OFFICIAL
    )
    #: SHA-256 of the body received; covers a nonce that is stored nowhere.
    digest: Mapped[str] = mapped_column(String(64), info=SECRET)


class Batch(Base):
    """Answers of one cell that wait for one another; their key lies outside the database.

    One batch holds one cell (or one walk-in agency) only: whatever is kept with an answer is then
    the same for all that are released together, and cannot single one of them out.
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index(
            "uq_batch_open",
            "survey_id",
            "keeper",
            "scope",
            unique=True,
            sqlite_where=text("is_open"),
            postgresql_where=text("is_open"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=OFFICIAL)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), info=OFFICIAL
    )
    #: Which key folder holds the key: several servers each keep their own batches.
    keeper: Mapped[str] = mapped_column(String(32), info=OFFICIAL)
    #: "cell:<id>" or, for walk-in answers at a counter, "agency:<code>".
    scope: Mapped[str] = mapped_column(String(80), info=OFFICIAL)
    opened_on: Mapped[date] = mapped_column(info=OFFICIAL)
    is_open: Mapped[bool] = mapped_column(default=True, info=OFFICIAL)


class FormDraft(Base):
    """An unfinished form of a rater, who goes on another day or on another device.

    Found and opened by the code alone, which is stored nowhere: nothing here leads to a person,
    to an invitation or to an answer. Removed when the form is sent, and when it gets old.
    """

    __tablename__ = "form_draft"
    __table_args__ = ({"sqlite_with_rowid": False},)

    #: Follows from the code and a key outside the database.
    id: Mapped[str] = mapped_column(String(64), primary_key=True, info=SECRET)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=OFFICIAL
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET)
    expires_on: Mapped[date] = mapped_column(info=OFFICIAL)


class WaitingAnswer(Base):
    """An accepted answer, sealed under the key of its batch until the batch is released."""

    __tablename__ = "waiting_answer"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=SECRET)
    batch_id: Mapped[str] = mapped_column(
        ForeignKey("batch.id", ondelete="CASCADE"), index=True, info=OFFICIAL
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET)


class Response(Base):
    """One completed form (phiếu trả lời). Never updated; knows no person and no invitation."""

    __tablename__ = "response"
    __table_args__ = (
        CheckConstraint(
            "(cell_id IS NOT NULL) OR (device_agency IS NOT NULL)", "invited_or_walk_in"
        ),
        {"sqlite_with_rowid": False},  # no trace of the order of arrival
    )

    #: Random, made at release; unknown to the device and to the exchange.
    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=ANSWER)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=ANSWER
    )
    cell_id: Mapped[int | None] = mapped_column(ForeignKey("form_cell.id"), info=ANSWER)
    #: Walk-in answers at a counter: the agency of the tablet.
    device_agency: Mapped[str | None] = mapped_column(String(60), info=ANSWER)
    questionnaire_code: Mapped[str] = mapped_column(String(60), info=ANSWER)
    questionnaire_version: Mapped[int] = mapped_column(info=ANSWER)
    language: Mapped[str] = mapped_column(String(10), info=ANSWER)
    #: web, tablet, interviewer, paper.
    mode: Mapped[str] = mapped_column(String(20), info=ANSWER)
    #: Who held the device: self, family, volunteer, official; empty where not asked.
    assisted: Mapped[str] = mapped_column(String(20), default="", info=ANSWER)
    answers: Mapped[dict[str, Any]] = mapped_column(info=ANSWER)
    #: agency code -> {item code: value}; empty for forms that rate no agency or one.
    ratings: Mapped[dict[str, Any]] = mapped_column(info=ANSWER)
    #: The day only: a finer time could be matched with a visit.
    received_on: Mapped[date] = mapped_column(info=ANSWER)
