"""Screens of a form: one question each, or a whole page where the definition says so."""

from itertools import pairwise, product

import pytest

from questionnaires.dump import dump_questionnaire
from questionnaires.loader import load_questionnaire
from questionnaires.types import Condition, Questionnaire
from surveyapp.collect.rights import Agency, Form
from surveyapp.collect.screens import Answered, counted, following, screens_of, shown
from tests.app.collect_world import DEFINITIONS, source_of
from tests.load.questionnaires import ITEMS, PAGES, definition

FORMS = sorted(path.stem for path in DEFINITIONS.glob("*.toml"))
#: Questions about an agency of which some depend on an answer about it.
BRANCHING = (
    (DEFINITIONS / "par_district.toml")
    .read_text("utf-8")
    .replace(
        'code = "documents_1"',
        'code = "documents_1"\nshow_if = [{item = "leadership_1", any_of = ["1"]}]',
    )
)


@pytest.mark.parametrize(("way", "count"), [("grouped", PAGES), ("single", ITEMS)])
def test_a_page_whose_questions_stand_together_is_one_screen(way: str, count: int) -> None:
    asked = load_questionnaire(definition(way), way)
    screens = screens_of(Form(1, asked, (Agency("A1", "Sở A1"),), 1, None))

    assert len(screens) == count
    assert [item.code for screen in screens for item in screen.items] == [
        f"q{number}" for number in range(1, ITEMS + 1)
    ]


def test_the_dump_says_which_pages_stand_together() -> None:
    grouped, single = (
        dump_questionnaire(load_questionnaire(definition(way), way))
        for way in ("grouped", "single")
    )

    assert all(page["together"] for page in grouped["pages"])
    assert not any("together" in page for page in single["pages"])


def conditions_of(asked: Questionnaire) -> list[Condition]:
    shown_if = [page.show_if for page in asked.pages] + [item.show_if for item in asked.items]
    return [condition for conditions in shown_if for condition in conditions]


def ways(asked: Questionnaire) -> list[dict[str, str]]:
    """Answer what conditions ask about in every manner that makes a difference to one of them."""
    conditions = conditions_of(asked)
    choices = {}
    for code in dict.fromkeys(condition.item for condition in conditions):
        about = [condition for condition in conditions if condition.item == code]
        item = asked.item(code)
        by_effect = {
            tuple(answer in condition.any_of for condition in about): answer
            for answer in (*item.option_codes, *item.missing)
        }
        choices[code] = list(by_effect.values())
    return [dict(zip(choices, one, strict=True)) for one in product(*choices.values())]


def numbers_on(form: Form, answers: dict[str, str]) -> list[tuple[int, int | None]]:
    """Return number and total on each screen of a person who gives some answers, and any else."""
    rated = {agency.code: {} for agency in form.agencies if form.questionnaire.rates == "many"}
    given = Answered({}, rated)
    screens = screens_of(form)
    screen = next(one for one in screens if shown(form, one, given))
    seen = []
    while screen is not None:
        seen.append(counted(form, screen, given))
        for item in shown(form, screen, given):
            value = answers.get(item.code, "1")
            if screen.rows or screen.agency:
                for agency in [screen.agency] if screen.agency else [one for _, one in screen.rows]:
                    given.ratings[agency.code][item.code] = value
            else:
                given.answers[item.code] = value
        screen = following(form, screen, given)
    return seen


def form_of(name: str, source: str, agencies: int = 1) -> Form:
    rated = tuple(Agency(f"A{n}", f"Sở A{n}") for n in range(agencies))
    return Form(1, load_questionnaire(source, name), rated, 1, None)


@pytest.mark.parametrize("name", [*FORMS, "small"])
def test_on_every_way_the_number_grows_by_one_up_to_a_total_that_stays_once_it_is_said(
    name: str,
) -> None:
    form = form_of(name, source_of(name), 3 if name.startswith("par") else 1)
    for answers in ways(form.questionnaire):
        seen = numbers_on(form, answers)
        assert seen[0][0] == 1
        assert seen[-1][0] == seen[-1][1], answers  # nothing is left to come
        for (number, total), (next_number, next_total) in pairwise(seen):
            assert next_number - number in {0, 1}, answers
            assert total in {None, next_total}, answers


def test_only_a_follow_up_question_keeps_the_number_of_the_one_before() -> None:
    form = form_of("counter", source_of("counter"))

    assert [number for number, _ in numbers_on(form, {"got_result": "no"})] == list(range(1, 9))
    asked_more = [number for number, _ in numbers_on(form, {"got_result": "yes"})]
    assert asked_more == [1, 2, 3, 4, 5, 5, 6, 7, 8]
    assert numbers_on(form_of("small", source_of("small")), {"q1": "5"}) == [
        (1, None),  # whoever is not satisfied is asked why
        (2, 3),
        (3, 3),
    ]


def test_a_total_is_said_from_the_first_question_where_no_answer_changes_it() -> None:
    for name in ("counter", "par_central"):
        form = form_of(name, source_of(name), 3 if name.startswith("par") else 1)
        totals = {total for way in ways(form.questionnaire) for _, total in numbers_on(form, way)}
        assert totals == {8 if name == "counter" else 25}


def test_a_table_counts_a_question_that_is_asked_about_any_agency() -> None:
    form = form_of("par_district", BRANCHING, 3)
    tables = [one for one in screens_of(form) if one.rows]
    given = Answered({}, {agency.code: {"leadership_1": "2"} for agency in form.agencies})
    of_branch = {item.code: place for place, one in enumerate(tables) for item in one.items}

    assert counted(form, tables[0], given)[1] == len(screens_of(form)) - 1
    given.ratings["A2"]["leadership_1"] = "1"
    assert counted(form, tables[of_branch["documents_1"]], given) == (5, len(screens_of(form)))


def test_after_the_tables_the_count_goes_on_and_about_each_agency_it_begins_anew() -> None:
    tables, cards = (form_of("par_district", source_of("par_district"), n) for n in (3, 2))

    assert numbers_on(tables, {}) == [(n, 25) for n in range(1, 26)]
    assert numbers_on(cards, {}) == [(n, 6) for n in (*range(1, 7), *range(1, 7))] + [(1, 1)]
