"""Agreement of the first answers with the re-check: per question, per index, and per re-checker."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.agreement import Agreement, Options, agreement, grade, pooled_inconsistency
from analysis.answer_pairs import Coefficient, FirstAnswers
from analysis.disclosure import (
    MINIMUM_DISTRIBUTION,
    MINIMUM_SENSITIVE,
    Cell,
    Key,
    Margin,
    Rule,
    exposed,
    suppressed,
    withheld,
)
from analysis.errors import AnalysisError
from analysis.quality import error_rates, exact_upper_limit, lot_size
from questionnaires.method import MethodVersion
from questionnaires.types import Questionnaire
from surveyapp.models import RecheckCount, RecheckerCount, RecheckPair, Survey, SurveyGroup
from surveyapp.recheck.comparing import Comparing
from surveyapp.results.answers import GroupAnswers
from surveyapp.results.gate import reason

#: Share of interviews that never took place, and of wrong facts, that is tolerated.
TOLERATED: Final = 0.10
#: After the lock nothing says any more in which cell a pair was drawn.
CELL: Final = "group"
_INDEX: Final = "index"


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
    hidden = _hidden(found, method, comparing.questionnaire)
    items = {}
    for code, one in found.items():
        kind = {"kind": comparing.kind(code), "tolerance": comparing.tolerance(code)}
        if code in hidden:
            items[code] = {"n": one.n, "hidden": reason(hidden[code])} | kind
        else:
            sensitive = comparing.questionnaire.item(code).sensitive
            told = _tells_all(one.n, by_item[code], sensitive=sensitive)
            items[code] = _plain(one) | (_measures(one) if told else {}) | kind
    indices = _indices(found, method, hidden)
    return {"counts": dict(kept), "items": items, "indices": indices}


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


def checkers(
    db: Session, survey: Survey, groups: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Return the counts of the re-checkers; `is_flagged` where facts differ too often (Holm).

    All facts of all groups are a margin of the re-checkers. Where the groups (as stored) hide any
    question on a fact, their sum less the shown questions would tell it, so that no number of
    differing facts is shown (None).
    """
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
    hidden = _hidden_checkers(asked, groups)
    return [
        {
            "number": row.number,
            "interviews": row.interviews,
            "facts": row.facts,
            "differing": None if row.number in hidden else row.differing,
            "not_interviewed": row.not_interviewed,
            "is_flagged": str(row.number) in flagged,
        }
        for row in rows
    ]


def _hidden_checkers(
    asked: Sequence[RecheckerCount], groups: Sequence[Mapping[str, Any]]
) -> set[int]:
    items = [
        item for group in groups for item in group.get("recheck", {}).get("items", {}).values()
    ]
    if any("hidden" in item for item in items if item["kind"] == "fact"):
        return {row.number for row in asked}
    cells: dict[Key, Cell] = {row.number: Cell(row.facts, row.differing) for row in asked}
    total = Cell(sum(row.facts for row in asked), sum(row.differing for row in asked))
    margin = Margin("", tuple(cells))
    found = suppressed({**cells, "": total}, [margin])
    return {row.number for row in asked if row.number in found}


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
    # forms left out of the results since are still in their pairs
    asked = {CELL: max(answered, len(pairs))}
    first_answers = FirstAnswers([CELL] * len(pairs), asked)
    return agreement(
        [first for first, _ in pairs],
        [second for _, second in pairs],
        comparing.questionnaire.item(code).option_codes,
        options=Options(tolerance=comparing.tolerance(code), first_answers=first_answers),
    )


def _hidden(
    found: Mapping[str, Agreement], method: MethodVersion, questionnaire: Questionnaire
) -> dict[str, Rule]:
    """Choose the questions and indices that stay hidden: an index is the sum of its questions."""
    cells: dict[Key, Cell] = {
        code: Cell(one.n, _same(one), sensitive=questionnaire.item(code).sensitive)
        for code, one in found.items()
    }
    margins = []
    for target in method.targets:
        items = tuple(code for code in method.items_of(target) if code in found)
        if items:
            total = sum(_same(found[code]) for code in items)
            cells[_INDEX, target] = Cell(sum(found[code].n for code in items), total)
            margins.append(Margin((_INDEX, target), items))
    hidden: dict[Key, Rule] = {key: rule for key in cells if (rule := withheld(cells[key]))}
    # rather an index than a question: show each only if it gives no hidden question away
    over = [margin.total for margin in margins if any(part in hidden for part in margin.parts)]
    complementary: Rule = "complementary"
    kept = dict.fromkeys(over, complementary) | hidden
    for key in over:
        rest = kept.keys() - {key}
        if key not in hidden and not exposed(cells, margins, rest):
            del kept[key]
    return {key[1] if isinstance(key, tuple) else str(key): rule for key, rule in kept.items()}


def _same(found: Agreement) -> int:
    if found.agreement.value is None:
        raise AnalysisError("original", found.n, "at least one complete pair is needed")
    return round(found.n * found.agreement.value)


def _tells_all(n: int, pairs: Sequence[tuple[str, str]], *, sensitive: bool) -> bool:
    """Whether the measures may be told: together they tell how often each answer was given."""
    if n < MINIMUM_DISTRIBUTION:
        return False
    return not sensitive or min(Counter(pairs).values()) >= MINIMUM_SENSITIVE


def _indices(
    found: Mapping[str, Agreement], method: MethodVersion, hidden: Mapping[str, Rule]
) -> dict[str, dict[str, Any]]:
    """Grade every published index by the questions that were asked again."""
    result = {}
    for target in method.targets:
        items = [found[code] for code in method.items_of(target) if code in found]
        if not items:
            continue
        n = sum(one.n for one in items)
        row: dict[str, Any] = {"n": n, "questions": len(items)}
        if target in hidden:
            result[target] = row | {"hidden": reason(hidden[target])}
            continue
        result[target] = row | {
            "agreement": sum(_same(one) for one in items) / n,
            "grade": grade(pooled_inconsistency(items)),
        }
    return result


def _plain(found: Agreement) -> dict[str, Any]:
    return {
        "n": found.n,
        "variance": found.variance,
        "agreement": _coefficient(found.agreement),
        "grade": found.grade,
    }


def _measures(found: Agreement) -> dict[str, Any]:
    top = found.ndr[-1]
    return {
        "gdr": _coefficient(found.gdr),
        "ndr": _coefficient(top.net) | {"category": top.category},
        "symmetry": None if found.symmetry is None else found.symmetry.p_value,
        "ioi": _coefficient(found.ioi),
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
