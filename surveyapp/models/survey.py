"""A survey with its groups, rater groups and rated agencies."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from surveyapp.models.base import OFFICIAL, PUBLIC, Base

#: States in order; each step forward says what is missing, none goes back.
STATES = (
    "draft",
    "sampled",
    "collecting",
    "locked",
    "analysed",
    "appraised",
    "approved",
    "published",
)
KINDS = ("sociological", "service", "counter")
#: Why an agency is left out of the measurement (the four reasons of the official plans).
EXCLUSIONS = ("no_procedures", "secret_procedures", "no_transactions", "too_few_transactions")


class Survey(Base):
    """One survey (cuộc khảo sát): a plan, dates, a method version, a state."""

    __tablename__ = "survey"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", "known_state"),
        CheckConstraint(f"kind IN {KINDS}", "known_kind"),
        CheckConstraint("(follows_id IS NULL) = (wave_keep IS NULL)", "wave_whole"),
        CheckConstraint("recheck_max_share >= 0 AND recheck_max_share <= 0.1", "recheck_a_tenth"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    code: Mapped[str] = mapped_column(String(60), unique=True, info=PUBLIC)
    title: Mapped[str] = mapped_column(String(300), info=PUBLIC)
    kind: Mapped[str] = mapped_column(String(20), info=PUBLIC)
    year: Mapped[int] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(String(20), default="draft", info=OFFICIAL)
    #: Simulated data: stamped on every page, sheet and report; removable by one command.
    is_practice: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    #: The plan as imported; its digest enters the protocol of the draw.
    plan: Mapped[dict[str, Any]] = mapped_column(info=PUBLIC)
    plan_sha256: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    recheck_max_share: Mapped[float] = mapped_column(default=0.1, info=PUBLIC)
    lead_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), info=PUBLIC)
    deadline_on: Mapped[date | None] = mapped_column(info=PUBLIC)
    created_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    locked_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)
    #: Number and day of the decision that approved the results.
    decision_number: Mapped[str | None] = mapped_column(String(60), info=PUBLIC)
    decision_on: Mapped[date | None] = mapped_column(info=PUBLIC)

    #: The survey that this one follows as its second wave, and the share of that one's main
    #: sample that may be asked again: "0" asks nobody again.
    follows_id: Mapped[int | None] = mapped_column(
        ForeignKey("survey.id"), unique=True, info=PUBLIC
    )
    wave_keep: Mapped[str | None] = mapped_column(String(20), info=PUBLIC)
    #: When the sealed seed of a survey was given free because none will follow it.
    seed_opened_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)

    first: Mapped["Survey | None"] = relationship(remote_side="Survey.id", back_populates="second")
    second: Mapped["Survey | None"] = relationship(back_populates="first", uselist=False)
    groups: Mapped[list["SurveyGroup"]] = relationship(
        order_by="SurveyGroup.position", cascade="all, delete-orphan", back_populates="survey"
    )
    agencies: Mapped[list["RatedAgency"]] = relationship(
        order_by="RatedAgency.position", cascade="all, delete-orphan", back_populates="survey"
    )

    @property
    def is_locked(self) -> bool:
        """Whether the data are locked, so that results may be computed (embargo before)."""
        return STATES.index(self.state) >= STATES.index("locked")

    @property
    def opens_seeds(self) -> bool:
        """Whether a seed kept sealed for a second wave may be published: both are closed."""
        other = self.first or self.second
        closed = self.seed_opened_at is not None if other is None else other.is_locked
        return self.is_locked and closed


class SurveyGroup(Base):
    """Agencies that are rated with one questionnaire, one quota and one method version."""

    __tablename__ = "survey_group"
    __table_args__ = (
        UniqueConstraint("survey_id", "code"),
        CheckConstraint("quota >= 0", "quota_counted"),
        ForeignKeyConstraint(
            ["questionnaire_code", "questionnaire_version"],
            ["questionnaire.code", "questionnaire.version"],
        ),
        ForeignKeyConstraint(["method_code", "method_version"], ["method.code", "method.version"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), info=PUBLIC)
    position: Mapped[int] = mapped_column(info=PUBLIC)
    code: Mapped[str] = mapped_column(String(60), info=PUBLIC)
    title: Mapped[str] = mapped_column(String(300), info=PUBLIC)
    #: Planned questionnaires (forms) of the group.
    quota: Mapped[int] = mapped_column(info=PUBLIC)
    questionnaire_code: Mapped[str] = mapped_column(String(60), info=PUBLIC)
    questionnaire_version: Mapped[int] = mapped_column(info=PUBLIC)
    method_code: Mapped[str] = mapped_column(String(60), info=PUBLIC)
    method_version: Mapped[str] = mapped_column(String(40), info=PUBLIC)

    survey: Mapped[Survey] = relationship(back_populates="groups")
    rater_groups: Mapped[list["RaterGroup"]] = relationship(
        order_by="RaterGroup.position", cascade="all, delete-orphan"
    )
    agencies: Mapped[list["RatedAgency"]] = relationship(
        order_by="RatedAgency.position", viewonly=True
    )


class RaterGroup(Base):
    """Persons of one kind who rate the agencies of a group, and whom each of them rates."""

    __tablename__ = "rater_group"
    __table_args__ = (
        UniqueConstraint("group_id", "code"),
        CheckConstraint("rates IN ('all', 'own_unit', 'own_line', 'list')", "known_rule"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    group_id: Mapped[int] = mapped_column(
        ForeignKey("survey_group.id", ondelete="CASCADE"), info=PUBLIC
    )
    position: Mapped[int] = mapped_column(info=PUBLIC)
    code: Mapped[str] = mapped_column(String(60), info=PUBLIC)
    title: Mapped[str] = mapped_column(String(300), info=PUBLIC)
    rates: Mapped[str] = mapped_column(String(20), info=PUBLIC)


class RatedAgency(Base):
    """A rated agency (cơ quan được đánh giá) of a survey, or one left out with its reason."""

    __tablename__ = "rated_agency"
    __table_args__ = (
        UniqueConstraint("survey_id", "code"),
        CheckConstraint(
            f"exclusion IS NULL OR exclusion IN {EXCLUSIONS}",
            "known_exclusion",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), info=PUBLIC)
    group_id: Mapped[int] = mapped_column(
        ForeignKey("survey_group.id", ondelete="CASCADE"), info=PUBLIC
    )
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), info=PUBLIC)
    position: Mapped[int] = mapped_column(info=PUBLIC)
    code: Mapped[str] = mapped_column(String(60), info=PUBLIC)
    #: The name at the time of the survey.
    title: Mapped[str] = mapped_column(String(200), info=PUBLIC)
    #: "cơ quan thực hiện khảo sát": it is rated by a survey that it runs itself.
    is_conductor: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    exclusion: Mapped[str | None] = mapped_column(String(30), info=PUBLIC)
    #: For too few transactions: the number found and the threshold.
    exclusion_count: Mapped[int | None] = mapped_column(info=PUBLIC)
    exclusion_threshold: Mapped[int | None] = mapped_column(info=PUBLIC)

    survey: Mapped[Survey] = relationship(back_populates="agencies")
