"""The confidential level as rows: scores that are not published, for the Appraisal Council."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from analysis.disclosure import MINIMUM_BASE
from analysis.report import Interval
from surveyapp.exports.numbers import NumberStyle
from surveyapp.models import Survey
from surveyapp.results import gate, service


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One score with its interval, as text, and why it is not published."""

    agency: str
    value: str
    interval: str
    n: int
    note: str


def sealed_rows(db: Session, survey: Survey, style: NumberStyle) -> list[SealedRow]:
    """Return the sealed scores of the latest run, in the order of the plan."""
    titles = {agency.code: agency.title for agency in survey.agencies}
    return [
        SealedRow(
            titles[each.agency_code],
            style.number(each.value),
            "không tính được"
            if each.low is None or each.high is None
            else style.interval(Interval(each.low, each.high)),
            each.n,
            gate.TOO_FEW if each.n < MINIMUM_BASE else gate.PROTECTING,
        )
        for each in service.confidential(db, survey)
    ]
