"""Runs of the analysis and the figures that others published."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import ANSWER, OFFICIAL, PUBLIC, Base


class ResultRun(Base):
    """One run of the analysis on locked data: what was computed, from what, by which version."""

    __tablename__ = "result_run"

    id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=OFFICIAL
    )
    made_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    code_version: Mapped[str] = mapped_column(String(40), info=OFFICIAL)
    #: SHA-256 of the released answers in canonical order.
    answers_sha256: Mapped[str] = mapped_column(String(64), info=OFFICIAL)
    #: What is published of every group: behind the disclosure gate, which takes the rest out.
    content: Mapped[dict[str, Any]] = mapped_column(info=OFFICIAL)


class ConfidentialScore(Base):
    """The score of an agency that a run does not publish: seen by the Appraisal Council only."""

    __tablename__ = "confidential_score"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("result_run.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    group_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=OFFICIAL)
    agency_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=OFFICIAL)
    #: Of few answers, so that it says much about each of them.
    value: Mapped[float] = mapped_column(info=ANSWER)
    low: Mapped[float | None] = mapped_column(info=ANSWER)
    high: Mapped[float | None] = mapped_column(info=ANSWER)
    n: Mapped[int] = mapped_column(info=OFFICIAL)


class PublishedFigure(Base):
    """A figure or target of another publisher, never mixed with the survey's own results."""

    __tablename__ = "published_figure"
    __table_args__ = (
        UniqueConstraint(
            "publisher", "population", "method_version", "year", "code", "kind", name="uq_figure"
        ),
        CheckConstraint("kind IN ('value', 'rank', 'target', 'target_rank')", "known_kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    publisher: Mapped[str] = mapped_column(String(120), info=PUBLIC)
    population: Mapped[str] = mapped_column(String(200), info=PUBLIC)
    method_version: Mapped[str] = mapped_column(String(40), info=PUBLIC)
    year: Mapped[int] = mapped_column(info=PUBLIC)
    #: Field or component: "I", "II.4".
    code: Mapped[str] = mapped_column(String(20), info=PUBLIC)
    title: Mapped[str] = mapped_column(String(300), info=PUBLIC)
    kind: Mapped[str] = mapped_column(String(20), info=PUBLIC)
    value: Mapped[float] = mapped_column(info=PUBLIC)
    source: Mapped[str] = mapped_column(String(300), info=PUBLIC)
    source_on: Mapped[date | None] = mapped_column(info=PUBLIC)
