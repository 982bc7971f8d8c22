"""Agreement of the first answers with the re-check, per question and pooled over a group."""

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.agreement import Agreement, agreement
from analysis.answer_pairs import Coefficient
from questionnaires.types import Questionnaire
from surveyapp.models import RecheckCount, RecheckPair, SurveyGroup


def rechecks(db: Session, group: SurveyGroup, questionnaire: Questionnaire) -> dict[str, Any]:
    """Return plain values per question, and how many were drawn, met and asked again.

    Pairs count one by one: up to three agencies of one rater are taken as independent, because
    what belongs to one form is forgotten at the lock; the intervals are a little too narrow.
    """
    where = (RecheckPair.survey_id == group.survey_id, RecheckPair.group_code == group.code)
    by_item: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for code, first, second in db.execute(
        select(RecheckPair.item, RecheckPair.first, RecheckPair.second).where(*where)
    ):
        by_item[code].append((first, second))
    items = {}
    for item in questionnaire.items:
        if by_item.get(item.code):
            pairs = sorted(by_item[item.code])
            found = agreement([a for a, _ in pairs], [b for _, b in pairs], item.option_codes)
            items[item.code] = _plain(found)
    counts = db.execute(
        select(RecheckCount.kind, RecheckCount.n).where(
            RecheckCount.survey_id == group.survey_id, RecheckCount.group_code == group.code
        )
    ).all()
    return {"counts": dict(counts), "items": items}


def _plain(found: Agreement) -> dict[str, Any]:
    return {
        "n": found.n,
        "agreement": _coefficient(found.agreement),
        "ac1": _coefficient(found.ac1),
        "kappa": _coefficient(found.kappa),
        "ioi": _coefficient(found.ioi),
        "grade": found.grade,
    }


def _coefficient(found: Coefficient) -> dict[str, Any]:
    return {
        "value": found.value,
        "ci": list(found.ci) if found.ci else None,
        "reason": found.reason,
    }
