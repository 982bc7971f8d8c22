"""Scores of agencies in the sociological survey: points per question, topic and in total."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.estimate import Options
from analysis.labels import Floats
from analysis.raters import TOTAL, PointItem, PointsMethod, Ratings, rater_points
from analysis.scores import Scores, rater_scores
from questionnaires.method import MethodVersion
from questionnaires.types import Questionnaire
from sampling.agency_sets import MERGED
from sampling.types import KEY_SEPARATOR
from surveyapp.results.answers import Form, GroupAnswers
from surveyapp.results.satisfaction import plain_estimate
from surveyapp.results.valued_items import max_points, percent_of


def points(
    data: GroupAnswers,
    questionnaire: Questionnaire,
    method: MethodVersion,
    eligible: Mapping[tuple[str, str], int],
) -> tuple[dict[str, Any], Scores]:
    """Estimate a group of agencies rated by raters; returns plain values (JSON) in points.

    With them the total points of the agencies for comparison.

    The rater is the sampling unit. No finite population correction: the lists of raters are
    nearly complete, and with it every difference would look certain.
    """
    rated = [(n, form, agency) for n, form in enumerate(data.forms) for agency in form.ratings]
    items = tuple(
        PointItem(code, max_points(questionnaire.item(code)), component.code)
        for component in method.components
        for code in component.items
    )
    found = rater_points(
        Ratings(
            rater=[n for n, _, _ in rated],
            agency=[agency for _, _, agency in rated],
            stratum=[form.stratum for _, form, _ in rated],
            percent={item.code: _percent(rated, questionnaire, item.code) for item in items},
            eligible=eligible,
            group=[_rater_group(form.stratum) for _, form, _ in rated],
        ),
        PointsMethod(items, method.rater_group_weights or None, method.unanswered_item),
        Options(fpc=False),
    )
    result: dict[str, dict[str, Any]] = {}
    for agency, code, estimate in found.table:
        result.setdefault(agency, {})[code] = plain_estimate(estimate, questionnaire)
    comparable = rater_scores(found)
    content = {
        "mean": float(comparable.value[-1]),
        "estimates": result,
        "max_points": sum(item.max_points for item in items),
        "total": TOTAL,
        "notes": list(found.notes),
    }
    return content, comparable


def _rater_group(stratum: str) -> str:
    """Return the rater group of a stratum; of several joined ones, their names joined."""
    groups = {part.split(KEY_SEPARATOR)[1] for part in stratum.split(MERGED)}
    return MERGED.join(sorted(groups))


def _percent(rated: list[tuple[int, Form, str]], questionnaire: Questionnaire, code: str) -> Floats:
    percents = percent_of(questionnaire.item(code))
    missing = float("nan")
    return np.array(
        [percents.get(str(form.ratings[agency].get(code)), missing) for _, form, agency in rated],
        np.float64,
    )
