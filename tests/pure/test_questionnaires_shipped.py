"""Every definition in the repository loads, and every method can use its questionnaire."""

from pathlib import Path

import pytest

import questionnaires
from questionnaires.check import check_answers, check_rating
from questionnaires.dump import dump_questionnaire
from questionnaires.loader import build_questionnaire, load_questionnaire
from questionnaires.method import composite_weights
from questionnaires.method_loader import load_method, validate_against

FOLDER = Path(questionnaires.__file__).parent / "definitions"
FORMS = sorted(FOLDER.glob("*.toml"))
METHODS = sorted((FOLDER / "methods").glob("*.toml"))
SHIPPED_METHODS = ["counter", "par_central", "par_district", "par_provincial", "service"]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_shipped_questionnaire_loads_and_survives_being_written(path: Path) -> None:
    form = load_questionnaire(read(path), path.name)

    assert form.code == path.stem
    assert form.review == "cần đối chiếu văn bản gốc"
    assert build_questionnaire(dump_questionnaire(form), path.name) == form


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_person_can_refuse_her_way_through_a_shipped_questionnaire(path: Path) -> None:
    form = load_questionnaire(read(path), path.name)
    missing = {i.code: i.missing[-1] for i in form.items if i.required}
    common = {i.code: missing[i.code] for i in form.items if i.required and not i.per_agency}
    rated = {i.code: missing[i.code] for i in form.items if i.required and i.per_agency}

    hidden = {"HIDDEN_ITEM"}

    assert {p.rule.name for p in check_answers(form, common)} <= hidden
    assert {p.rule.name for p in check_rating(form, common, rated, "a")} <= hidden


@pytest.mark.parametrize("path", METHODS, ids=lambda path: path.stem)
def test_a_shipped_method_loads_and_marks_what_is_not_compared(path: Path) -> None:
    method = load_method(read(path), path.name)

    assert method.code == path.stem
    assert "[chưa đối chiếu]" in (method.note or "")
    assert (method.item_measure is None) == (method.kind == "points")


@pytest.mark.parametrize("code", [*SHIPPED_METHODS, "sipas_a"])
def test_a_shipped_method_can_use_its_questionnaire(code: str) -> None:
    method = load_method(read(FOLDER / "methods" / f"{code}.toml"), code)
    form = load_questionnaire(read(FOLDER / f"{method.questionnaire}.toml"), code)

    assert validate_against(method, form) == ()
    for target in method.targets:
        assert composite_weights(method, target)


def test_the_counter_index_is_the_overall_question_alone() -> None:
    method = load_method(read(FOLDER / "methods" / "counter.toml"), "counter")

    assert composite_weights(method, "index") == (("overall", 1.0),)
    assert dict(composite_weights(method, "aspects")) == dict.fromkeys(
        ["waiting_place", "papers", "guidance_manner", "on_time_correct"], 0.25
    )


@pytest.mark.parametrize("code", ["par_provincial", "par_district", "par_central"])
def test_the_points_of_a_sociological_survey_add_up_over_six_topics(code: str) -> None:
    method = load_method(read(FOLDER / "methods" / f"{code}.toml"), code)
    form = load_questionnaire(read(FOLDER / f"{code}.toml"), code)

    assert [component.item_count for component in method.components] == [4] * 6
    assert composite_weights(method, "index") == tuple((code, 1.0) for code in method.items)
    assert set(method.items) == {i.code for i in form.items if i.max_points is not None}
    assert all(form.item(code).per_agency for code in method.items)


def test_a_method_is_refused_for_another_questionnaire() -> None:
    method = load_method(read(FOLDER / "methods" / "sipas_a.toml"), "sipas_a")
    service = load_questionnaire(read(FOLDER / "service.toml"), "service")

    rules = [problem.rule.value for problem in validate_against(method, service)]

    assert rules[0] == "METHOD-006"
    assert rules.count("METHOD-007") == 23
