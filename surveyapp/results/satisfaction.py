"""Satisfaction by the method version: items, components, index; the whole and every agency."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.estimate import Estimate, EstimateTable, Options, estimates, whole
from analysis.labels import Floats
from analysis.measures import Composite, Measure, Plan, plan
from analysis.presentation import UNANSWERED
from analysis.scores import Scores, scores
from questionnaires.method import INDEX, MethodVersion, composite_weights
from questionnaires.types import Questionnaire
from surveyapp.results.answers import GroupAnswers
from surveyapp.results.weighting import Weighting

#: Factor and shift from the mean of scores 1 to 5, or from a share, to the scale 0 to 100.
SCALES: Mapping[str, tuple[float, float]] = {
    "mean_of_5": (20.0, 0.0),
    "mean_minus_1_of_4": (25.0, -25.0),
    "share_satisfied": (100.0, 0.0),
}


def satisfaction(
    data: GroupAnswers, questionnaire: Questionnaire, method: MethodVersion, weights: Weighting
) -> dict[str, Any]:
    """Estimate a group of agencies; returns plain values (JSON) on the scale 0 to 100.

    Strata are the agencies. The finite population correction is applied.
    """
    agency = [form.agencies[0] for form in data.forms]
    result: dict[str, Any] = {}
    names: tuple[str, ...] = (item_measure(method), "share_satisfied")
    for name in dict.fromkeys(names):
        layout = _plan(method, name)
        values = {code: _column(data, questionnaire, code, method, name) for code in method.items}
        by_agency = estimates(weights.moments(layout, values, agency), layout, Options())
        all_of_them = whole(weights.moments(layout, values), layout, Options())
        scale = SCALES[name]
        result[name] = _plain(by_agency, scale, questionnaire)
        result[name][""] = _plain(all_of_them, scale, questionnaire)[""]
    shares: Counter[str] = Counter()
    for code, weight in zip(agency, weights.design.weight.tolist(), strict=True):
        shares[code] += weight
    return {
        "measure": item_measure(method),
        "estimates": result,
        "shares": dict(shares),
        "weights": weights.summary(),
        "notes": list(weights.notes),
    }


def index_scores(
    data: GroupAnswers, questionnaire: Questionnaire, method: MethodVersion, weights: Weighting
) -> Scores:
    """Collect the index of agencies for comparison, without finite population correction."""
    name = item_measure(method)
    layout = _plan(method, name)
    values = {code: _column(data, questionnaire, code, method, name) for code in method.items}
    agency = [form.agencies[0] for form in data.forms]
    return scores(weights.moments(layout, values, agency), layout, INDEX)


def item_measure(method: MethodVersion) -> str:
    """Return how an item is measured; ValueError where the method does not say it."""
    if method.item_measure is None:
        raise ValueError(f"method {method.code} names no item measure")
    return method.item_measure


def _plan(method: MethodVersion, measure: str) -> Plan:
    if measure == "share_satisfied":
        items = [Measure(code) for code in method.items]
    else:
        items = [Measure(code, kind="mean", bounds=(1.0, 5.0)) for code in method.items]
    composites = []
    for target in method.targets:
        terms = composite_weights(method, target)
        composites.append(
            Composite(
                target,
                tuple(code for code, _ in terms),
                tuple(weight for _, weight in terms),
                unanswered=method.unanswered_item,
            )
        )
    return plan(items, composites)


def _column(
    data: GroupAnswers,
    questionnaire: Questionnaire,
    code: str,
    method: MethodVersion,
    measure: str,
) -> Floats:
    values = {option.code: option.score for option in questionnaire.item(code).options}
    if measure == "share_satisfied":
        values = {key: float(key in method.satisfied) for key in values}
    missing = float("nan")
    return np.array(
        [values.get(str(form.answers.get(code)), missing) for form in data.forms], np.float64
    )


def _plain(
    found: EstimateTable, scale: tuple[float, float], questionnaire: Questionnaire
) -> dict[str, dict[str, Any]]:
    result: dict[str, dict[str, Any]] = {}
    for cell, code, estimate in found:
        result.setdefault(cell, {})[code] = plain_estimate(estimate.scaled(*scale), questionnaire)
    return result


def plain_estimate(estimate: Estimate, questionnaire: Questionnaire) -> dict[str, Any]:
    """Return an estimate as plain values; the reason names questions by their short texts."""
    return {
        "value": estimate.value,
        "se": estimate.se,
        "ci": list(estimate.ci) if estimate.ci else None,
        "n": estimate.n,
        "df": estimate.df,
        "flag": estimate.flag,
        "method": estimate.method,
        "reason": _in_titles(estimate.reason, questionnaire),
    }


def _in_titles(reason: str | None, questionnaire: Questionnaire) -> str | None:
    before, after = UNANSWERED.split("{}")
    if reason is None or not reason.startswith(before):
        return reason
    codes = reason.removeprefix(before).removesuffix(after).split(", ")
    titles = (f"«{questionnaire.item(code).short_text['vi']}»" for code in codes)
    return UNANSWERED.format(", ".join(titles))
