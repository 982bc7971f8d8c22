"""Re-check interviews (phúc tra) and, after the lock, the pairs without any person."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import ANSWER, OFFICIAL, SECRET, Base


class RecheckInterview(Base):
    """A second interview by another person; the first answers are never shown or changed."""

    __tablename__ = "recheck_interview"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('done', 'refused', 'absent', 'not_interviewed')", "known_outcome"
        ),
        {"sqlite_with_rowid": False},
    )

    #: The re-check link is its only address; removed with it at the lock.
    code_sha256: Mapped[str] = mapped_column(
        ForeignKey("recheck_link.code_sha256", ondelete="CASCADE"), primary_key=True, info=SECRET
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), info=OFFICIAL)
    outcome: Mapped[str] = mapped_column(String(20), info=OFFICIAL)
    answers: Mapped[dict[str, Any]] = mapped_column(info=ANSWER)
    done_on: Mapped[date] = mapped_column(info=OFFICIAL)


class RecheckPair(Base):
    """First and second answer to one question, kept for the agreement; nobody behind it.

    One row per question, without form, agency or re-checker: several answers of one form together
    could be found again among the responses.
    """

    __tablename__ = "recheck_pair"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, info=ANSWER)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=ANSWER
    )
    group_code: Mapped[str] = mapped_column(String(60), info=ANSWER)
    item: Mapped[str] = mapped_column(String(60), info=ANSWER)
    #: Option codes; missing codes are not paired.
    first: Mapped[str] = mapped_column(String(60), info=ANSWER)
    second: Mapped[str] = mapped_column(String(60), info=ANSWER)


class RecheckCount(Base):
    """How the re-check of one group went, counted at the lock: drawn, answered, each outcome."""

    __tablename__ = "recheck_count"

    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    group_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=OFFICIAL)
    #: "drawn", of them "withheld" (not asked again), "answered" or an outcome of an interview.
    kind: Mapped[str] = mapped_column(String(20), primary_key=True, info=OFFICIAL)
    n: Mapped[int] = mapped_column(info=OFFICIAL)


class RecheckerCount(Base):
    """How the interviews of one re-checker went, counted at the lock under a number of no meaning.

    Re-checkers with few interviews are counted together under number 0.
    """

    __tablename__ = "rechecker_count"

    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    number: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    #: Second interviews that took place.
    interviews: Mapped[int] = mapped_column(info=OFFICIAL)
    #: Facts answered both times, and those of them that differ.
    facts: Mapped[int] = mapped_column(info=OFFICIAL)
    differing: Mapped[int] = mapped_column(info=OFFICIAL)
    #: Persons who said that nobody had asked them before.
    not_interviewed: Mapped[int] = mapped_column(info=OFFICIAL)
