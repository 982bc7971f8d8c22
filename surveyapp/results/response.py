"""How many of those asked have answered: AAPOR's rates from the field's reports."""

from typing import Any

from sqlalchemy.orm import Session

from analysis.weights import response_rates
from surveyapp.fieldwork.reports import by_reason
from surveyapp.models import SurveyGroup
from surveyapp.results.answers import GroupAnswers

#: Found not to be in scope (4.10). No known address (3.20) leaves open whether somebody is.
INELIGIBLE = "left"
UNKNOWN = "no_address"


def response(db: Session, group: SurveyGroup, data: GroupAnswers) -> dict[str, Any]:
    """Return forms asked, forms received, reports by reason, and RR1 and RR3.

    Whoever was asked and of whom nothing came, neither form nor report, is of unknown eligibility
    (AAPOR 3.19, nothing returned). No report says who has answered; so where more forms came than
    the reports leave room for, that many reported persons have answered after all.
    """
    reports = by_reason(db, group)
    received = data.received
    ineligible, unknown = reports.get(INELIGIBLE, 0), reports.get(UNKNOWN, 0)
    refused = sum(reports.values()) - ineligible - unknown
    silent = data.issued - received - sum(reports.values())
    late = max(0, -silent)
    result: dict[str, Any] = {
        "issued": data.issued,
        "received": received,
        "reports": reports,
        "late": late,
    }
    if not received:
        return result | {"rr1": None, "rr3": None, "e": None}
    rates = response_rates(
        complete=received,
        partial=0,
        nonresponse=max(0, refused - late),
        unknown=unknown + max(0, silent),
        ineligible=ineligible,
    )
    return result | {"rr1": rates.rr1, "rr3": rates.rr3, "e": rates.e}
