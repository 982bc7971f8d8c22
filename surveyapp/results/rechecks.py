"""Agreement of the first answers with the re-check: per question, per index, and per re-checker."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.agreement import Agreement, Options, agreement, grade, pooled_inconsistency
from analysis.answer_pairs import Coefficient, FirstAnswers
from analysis.disclosure import MINIMUM_BASE
from analysis.quality import error_rates, exact_upper_limit, lot_size
from questionnaires.method import MethodVersion
from questionnaires.types import Questionnaire
from surveyapp.models import RecheckCount, RecheckerCount, RecheckPair, Survey, SurveyGroup
from surveyapp.recheck.comparing import Comparing
from surveyapp.results.answers import GroupAnswers
from surveyapp.results.gate import TOO_FEW

#: Share of interviews that never took place, and of wrong facts, that is tolerated.
TOLERATED: Final = 0.10
#: After the lock nothing says any more in which cell a pair was drawn.
CELL: Final = "group"


def rechecks(
    db: Session, group: SurveyGroup, data: GroupAnswers, method: MethodVersion
) -> dict[str, Any]:
    """Return plain values of a group: counts, questions with their agreement, indices with grades.

    Pairs count one by one: up to three agencies of one rater are taken as independent, because
    what belongs to one form is forgotten at the lock; the intervals are a little too narrow.
    Their variance is conditional on the first answers.
    """
    comparing = Comparing.of(db, group.survey, group)
    by_item: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for code, first, second in db.execute(
        select(RecheckPair.item, RecheckPair.first, RecheckPair.second).where(
            RecheckPair.survey_id == group.survey_id, RecheckPair.group_code == group.code
        )
    ):
        by_item[code].append((first, second))
    answered = _answered(data, comparing.questionnaire)
    found = {
        item.code: _measured(comparing, item.code, sorted(by_item[item.code]), answered[item.code])
        for item in comparing.questionnaire.items
        if by_item.get(item.code)
    }
    kept = db.execute(
        select(RecheckCount.kind, RecheckCount.n).where(
            RecheckCount.survey_id == group.survey_id, RecheckCount.group_code == group.code
        )
    ).all()
    return {
        "counts": dict(kept),
        "items": {
            code: (_plain(one) if one.n >= MINIMUM_BASE else {"n": one.n, "hidden": TOO_FEW})
            | {"kind": comparing.kind(code), "tolerance": comparing.tolerance(code)}
            for code, one in found.items()
        },
        "indices": _indices(found, method),
    }


def never_interviewed(counts: Mapping[str, int]) -> dict[str, Any] | None:
    """Judge how many first interviews never took place; None where nobody was asked again.

    Accepted where the exact upper limit stays within the tolerated rate: lot quality assurance
    with the smallest lot that can show it.
    """
    errors = counts.get("not_interviewed", 0)
    checked = counts.get("done", 0) + errors
    if checked == 0:
        return None
    upper, least = exact_upper_limit(errors, checked), lot_size(TOLERATED)
    too_few = checked < least and errors / checked <= TOLERATED
    verdict = "too_few" if too_few else "accepted" if upper <= TOLERATED else "not_accepted"
    return {
        "errors": errors,
        "checked": checked,
        "upper": upper,
        "least": least,
        "verdict": verdict,
    }


def checkers(db: Session, survey: Survey) -> list[dict[str, Any]]:
    """Return the counts of the re-checkers; `is_flagged` where facts differ too often (Holm)."""
    rows = db.scalars(
        select(RecheckerCount)
        .where(RecheckerCount.survey_id == survey.id)
        .order_by(RecheckerCount.number)
    ).all()
    asked = [row for row in rows if row.facts]
    flagged = {
        flag.where
        for flag in error_rates(
            [str(row.number) for row in asked],
            [row.differing for row in asked],
            [row.facts for row in asked],
            TOLERATED,
        )
    }
    return [
        {
            "number": row.number,
            "interviews": row.interviews,
            "facts": row.facts,
            "differing": row.differing,
            "not_interviewed": row.not_interviewed,
            "is_flagged": str(row.number) in flagged,
        }
        for row in rows
    ]


def _answered(data: GroupAnswers, questionnaire: Questionnaire) -> Counter[str]:
    """Count the first answers with an option, of every question."""
    options = {item.code: frozenset(item.option_codes) for item in questionnaire.items}
    counts: Counter[str] = Counter()
    for form in data.forms:
        for answers in (form.answers, *form.ratings.values()):
            counts.update(
                code
                for code, value in answers.items()
                if isinstance(value, str) and value in options.get(code, ())
            )
    return counts


def _measured(
    comparing: Comparing, code: str, pairs: Sequence[tuple[str, str]], answered: int
) -> Agreement:
    first_answers = FirstAnswers([CELL] * len(pairs), {CELL: answered})
    return agreement(
        [first for first, _ in pairs],
        [second for _, second in pairs],
        comparing.questionnaire.item(code).option_codes,
        options=Options(tolerance=comparing.tolerance(code), first_answers=first_answers),
    )


def _indices(found: Mapping[str, Agreement], method: MethodVersion) -> dict[str, dict[str, Any]]:
    """Grade every published index by the questions that were asked again."""
    result = {}
    for target in method.targets:
        items = [found[code] for code in method.items_of(target) if code in found]
        if not items:
            continue
        n = sum(one.n for one in items)
        row: dict[str, Any] = {"n": n, "questions": len(items)}
        # an index less its shown questions tells the hidden ones together
        lost = sum(one.n for one in items if one.n < MINIMUM_BASE)
        if n < MINIMUM_BASE or 0 < lost < MINIMUM_BASE:
            result[target] = row | {"hidden": TOO_FEW}
            continue
        inconsistency = pooled_inconsistency(items)
        result[target] = row | {
            "agreement": sum(one.n * (one.agreement.value or 0.0) for one in items) / n,
            "ioi": inconsistency,
            "grade": grade(inconsistency),
        }
    return result


def _plain(found: Agreement) -> dict[str, Any]:
    top = found.ndr[-1]
    return {
        "n": found.n,
        "variance": found.variance,
        "agreement": _coefficient(found.agreement),
        "gdr": _coefficient(found.gdr),
        "ndr": _coefficient(top.net) | {"category": top.category},
        "symmetry": None if found.symmetry is None else found.symmetry.p_value,
        "ioi": _coefficient(found.ioi),
        "grade": found.grade,
        "ac1": _coefficient(found.ac1),
        "ac2": _coefficient(found.ac2),
        "kappa": _coefficient(found.kappa),
        "kappa_linear": _coefficient(found.kappa_linear),
        "kappa_quadratic": _coefficient(found.kappa_quadratic),
        "prevalence": found.prevalence,
        "bias": found.bias,
    }


def _coefficient(found: Coefficient) -> dict[str, Any]:
    return {
        "value": found.value,
        "ci": list(found.ci) if found.ci else None,
        "reason": found.reason,
    }
