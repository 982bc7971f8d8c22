"""No silent 0: a question without points, an option without percent, a method without measure."""

from dataclasses import replace
from pathlib import Path

import pytest

from questionnaires.loader import load_questionnaire
from questionnaires.method_loader import load_method
from surveyapp.results.links import links_of
from surveyapp.results.satisfaction import item_measure
from surveyapp.results.valued_items import max_points, percent_of

DEFINITIONS = Path(__file__).parents[2] / "questionnaires" / "definitions"


def shipped(code: str):
    form = DEFINITIONS / f"{code}.toml"
    method = DEFINITIONS / "methods" / f"{code}.toml"
    return (
        load_questionnaire(form.read_text(encoding="utf-8"), form.name),
        load_method(method.read_text(encoding="utf-8"), method.name),
    )


def test_points_and_percents_are_those_of_the_definition() -> None:
    form, method = shipped("par_provincial")
    item = form.item(method.items[0])
    assert percent_of(item) == {option.code: option.percent for option in item.options}
    assert max_points(item) == item.max_points
    whole = links_of(method, form, "total").bounds["total"]
    assert whole[1] == pytest.approx(sum(form.item(code).max_points for code in method.items))


def test_what_the_definition_does_not_say_is_refused() -> None:
    form, method = shipped("par_provincial")
    item = form.item(method.items[0])
    with pytest.raises(ValueError, match=item.code):
        max_points(replace(item, max_points=None))
    with pytest.raises(ValueError, match=item.code):
        percent_of(replace(item, options=(replace(item.options[0], percent=None),)))
    with pytest.raises(ValueError, match="no item measure"):
        item_measure(method)


def test_a_satisfaction_method_says_how_an_item_is_measured() -> None:
    assert item_measure(shipped("service")[1]) == "mean_of_5"
