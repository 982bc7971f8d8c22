"""What has come in against the plan: counts of codes or forms only, never a score."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.clock import VIETNAM
from surveyapp.models import (
    Batch,
    Device,
    FormCell,
    Invitation,
    Response,
    SampleDraw,
    Survey,
    WaitingAnswer,
)

#: What the scope of a batch of walk-in answers begins with; the agency's code follows.
AGENCY_SCOPE = "agency:"


@dataclass(frozen=True, slots=True)
class Progress:
    """Forms of one group, or of one agency with a tablet: received, planned, where it should be.

    Opinions at the counter have no plan: `planned` is 0; `tablets` are those in use there.
    `due` is the share of the time between draw and deadline that has passed (0 to 1), None
    outside the collection; `forecast` is a sentence.
    """

    title: str
    received: int
    planned: int
    due: float | None
    forecast: str
    is_short: bool
    tablets: int = 0

    @property
    def bar_pct(self) -> int:
        """Received of planned as the length of a bar, 0 to 100."""
        return min(100, self.received * 100 // self.planned) if self.planned else 100

    @property
    def mark_pct(self) -> int | None:
        """Where the bar should be today, 0 to 100."""
        return None if self.due is None else round(self.due * 100)


def progress(db: Session, survey: Survey) -> list[Progress]:
    """Return the progress of every group, as the plan orders.

    At counters: of every agency that has a tablet or an answer.
    """
    if survey.kind == "counter":
        return _of_agencies(db, survey)
    received = dict(
        db.execute(
            select(FormCell.group_id, func.count())
            .join(Invitation, Invitation.cell_id == FormCell.id)
            .where(FormCell.survey_id == survey.id, Invitation.is_spent)
            .group_by(FormCell.group_id)
        ).all()
    )
    due = _due(db, survey)
    return [_of_group(g.title, received.get(g.id, 0), g.quota, due) for g in survey.groups]


def received_in_all(db: Session, survey: Survey) -> int:
    """Return how many forms came in: codes of the survey that are spent, or answers at counters."""
    if survey.kind == "counter":
        return sum(_at_counters(db, survey).values())
    spent = select(func.count()).where(Invitation.survey_id == survey.id, Invitation.is_spent)
    return db.scalar(spent) or 0


def quiet_agencies(survey: Survey, shown: Sequence[Progress]) -> int:
    """Count the rated agencies of a counter survey that have neither a tablet nor an answer."""
    if survey.kind != "counter":
        return 0
    return sum(agency.exclusion is None for agency in survey.agencies) - len(shown)


def _of_agencies(db: Session, survey: Survey) -> list[Progress]:
    received = _at_counters(db, survey)
    in_use = (
        select(Device.agency_code, func.count())
        .where(Device.survey_id == survey.id, Device.revoked_at.is_(None))
        .group_by(Device.agency_code)
    )
    tablets = Counter(dict(db.execute(in_use).all()))
    return [
        Progress(title, received[code], 0, None, "", is_short=False, tablets=tablets[code])
        for code, title in ((a.code, a.title) for a in survey.agencies if a.exclusion is None)
        if received[code] or tablets[code]
    ]


def _at_counters(db: Session, survey: Survey) -> Counter[str]:
    """Count the answers of tablets by agency: those released, and those that wait."""
    released = (
        select(Response.device_agency, func.count())
        .where(Response.survey_id == survey.id, Response.device_agency.is_not(None))
        .group_by(Response.device_agency)
    )
    waiting = (
        select(Batch.scope, func.count())
        .join(WaitingAnswer, WaitingAnswer.batch_id == Batch.id)
        .where(Batch.survey_id == survey.id, Batch.scope.startswith(AGENCY_SCOPE))
        .group_by(Batch.scope)
    )
    counts: Counter[str] = Counter()
    for agency, n in db.execute(released):
        counts[str(agency)] += n
    for scope, n in db.execute(waiting):
        counts[scope.removeprefix(AGENCY_SCOPE)] += n
    return counts


def _due(db: Session, survey: Survey) -> float | None:
    if survey.state != "collecting" or survey.deadline_on is None:
        return None
    drawn_at = db.scalar(
        select(func.min(SampleDraw.drawn_at)).where(SampleDraw.survey_id == survey.id)
    )
    if drawn_at is None:
        return None
    return _passed(drawn_at.astimezone(VIETNAM).date(), survey.deadline_on)


def _passed(start: date, deadline: date) -> float:
    whole = (deadline - start).days
    return min(1.0, max(0.0, (clock.today() - start).days / whole)) if whole > 0 else 1.0


def _of_group(title: str, received: int, planned: int, due: float | None) -> Progress:
    if received >= planned:
        return Progress(title, received, planned, due, "Đã đủ", is_short=False)
    if due is None:
        return Progress(title, received, planned, due, "", is_short=False)
    expected = planned if due == 0 else round(received / due)
    if expected >= planned:
        return Progress(title, received, planned, due, "Dự kiến đủ", is_short=False)
    return Progress(
        title, received, planned, due, f"Thiếu khoảng {planned - expected}", is_short=True
    )
