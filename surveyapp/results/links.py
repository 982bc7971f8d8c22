"""How the columns of a group hang together, by its method version: what the gate has to know."""

from questionnaires.method import INDEX, MethodVersion, composite_weights
from questionnaires.types import Questionnaire
from surveyapp.results.gate import Links
from surveyapp.results.satisfaction import SCALES, item_measure
from surveyapp.results.valued_items import max_points, percent_of


def links_of(method: MethodVersion, questionnaire: Questionnaire, total: str = INDEX) -> Links:
    """Return index, components, items and bounds of a method version."""
    if method.kind == "points":
        return _points(method, questionnaire, total)
    weight = dict(composite_weights(method, INDEX))
    factor, shift = SCALES[item_measure(method)]
    lowest = 0.0 if method.item_measure == "share_satisfied" else factor + shift
    parts = {
        part.code: sum(weight.get(item, 0.0) for item in part.items) for part in method.components
    }
    codes = (total, *parts, *method.items)
    return Links(
        total,
        {code: share for code, share in parts.items() if share > 0},
        {part.code: part.items for part in method.components},
        dict.fromkeys(codes, (lowest, 100.0)),
    )


def _points(method: MethodVersion, questionnaire: Questionnaire, total: str) -> Links:
    bounds = {}
    for part in method.components:
        items = [questionnaire.item(code) for code in part.items]
        least = sum(max_points(item) * min(percent_of(item).values()) / 100 for item in items)
        bounds[part.code] = (least, sum(max_points(item) for item in items))
    whole = (sum(low for low, _ in bounds.values()), sum(high for _, high in bounds.values()))
    room = whole[1] - whole[0]
    parts = {code: (high - low) / room for code, (low, high) in bounds.items()}
    return Links(total, parts, {}, bounds | {total: whole})
