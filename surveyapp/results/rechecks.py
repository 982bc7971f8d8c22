"""Agreement of the first answers with the re-check, per question and pooled over a group."""

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.agreement import Agreement, Coefficient, agreement
from questionnaires.types import MISSING_CODES, Questionnaire
from surveyapp.models import RecheckPair, SurveyGroup


def rechecks(db: Session, group: SurveyGroup, questionnaire: Questionnaire) -> dict[str, Any]:
    """Return plain values per question; a pair with a missing code on either side is left out."""
    rows = db.scalars(
        select(RecheckPair.pairs).where(
            RecheckPair.survey_id == group.survey_id, RecheckPair.group_code == group.code
        )
    ).all()
    by_item: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pairs in rows:
        for key, (first, second) in pairs.items():
            if _is_answer(first) and _is_answer(second):
                by_item[key.rpartition("/")[2]].append((first, second))
    items = {}
    for item in questionnaire.items:
        if by_item.get(item.code):
            pairs = sorted(by_item[item.code])
            found = agreement([a for a, _ in pairs], [b for _, b in pairs], item.option_codes)
            items[item.code] = _plain(found)
    return {"forms": len(rows), "items": items}


def _is_answer(value: object) -> bool:
    return isinstance(value, str) and value not in MISSING_CODES


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
