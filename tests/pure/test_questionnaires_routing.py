"""A question is shown if, and only if, its conditions hold on answers that count."""

import pytest

from questionnaires.loader import build_questionnaire
from questionnaires.routing import (
    agency_items,
    prune,
    prune_rating,
    visible_items,
)
from questionnaires.types import Item, Questionnaire


def text(words: str) -> dict[str, str]:
    return {"vi": words}


def question(code: str, **more: object) -> dict[str, object]:
    options = [{"code": code, "text": text(code)} for code in ("yes", "no", "other")]
    return {"code": code, "kind": "choice", "text": text(code), "options": options, **more}


def when(item: str, *codes: str) -> list[dict[str, object]]:
    return [{"item": item, "any_of": list(codes)}]


def page(code: str, *items: dict[str, object], **more: object) -> dict[str, object]:
    return {"code": code, "title": text(code), "items": list(items), **more}


@pytest.fixture(scope="module")
def form() -> Questionnaire:
    definition = {
        "code": "route",
        "version": 1,
        "languages": ["vi"],
        "respondents": ["rater"],
        "rates": "many",
        "review": "thử",
        "title": text("Phiếu"),
        "purpose": text("Thử"),
        "blocks": [{"code": "A", "title": text("A")}, {"code": "B", "title": text("B")}],
        "pages": [
            page(
                "one",
                question("a"),
                question("b", show_if=when("a", "yes", "dk")),
                question("c", show_if=when("b", "yes")),
                question("d", kind="choices"),
            ),
            page("two", question("e", show_if=when("a", "no")), show_if=when("d", "yes")),
            page("three", question("f"), block="A"),
            page("four", question("g", show_if=when("c", "yes")), block="B"),
            page(
                "five",
                question("h", show_if=when("a", "yes")),
                question("i"),
                question("j", show_if=when("i", "no")),
                per_agency=True,
            ),
        ],
    }
    return build_questionnaire(definition, "route")


def codes(items: tuple[Item, ...]) -> str:
    return "".join(item.code for item in items)


@pytest.mark.parametrize(
    ("answers", "block", "shown"),
    [
        ({}, None, "ad"),
        ({"a": "yes"}, None, "abd"),
        ({"a": "dk"}, None, "abd"),
        ({"a": "yes", "b": "yes"}, None, "abcd"),
        ({"a": "no", "d": ["no", "yes"]}, None, "ade"),
        ({"a": "yes", "d": ["yes"]}, None, "abd"),
        ({"a": "no", "d": "yes"}, None, "ad"),
        ({}, "A", "adf"),
        ({}, "B", "ad"),
        ({"a": "yes", "b": "yes", "c": "yes"}, "B", "abcdg"),
        ({"a": ["yes"]}, None, "ad"),
        ({"a": {"yes": 1}, "d": [{"yes": 1}, None]}, None, "ad"),
    ],
)
def test_items_are_shown_by_earlier_answers_and_block(
    form: Questionnaire, answers: dict[str, object], block: str | None, shown: str
) -> None:
    assert codes(visible_items(form, answers, block)) == shown


def test_the_answer_of_a_hidden_question_opens_nothing(form: Questionnaire) -> None:
    changed_mind = {"a": "no", "b": "yes", "c": "yes"}

    assert codes(visible_items(form, changed_mind, "B")) == "ad"
    assert prune(form, changed_mind, "B") == {"a": "no"}


def test_questions_about_an_agency_follow_common_answers_and_its_own(form: Questionnaire) -> None:
    assert codes(agency_items(form, {}, {})) == "i"
    assert codes(agency_items(form, {"a": "yes"}, {"i": "no"})) == "hij"
    assert codes(agency_items(form, {"i": "no"}, {"a": "yes"})) == "i"


def test_pruning_keeps_what_is_no_question_of_this_part_for_the_check(form: Questionnaire) -> None:
    assert prune(form, {"a": "no", "b": "yes", "zzz": 1, "i": "no"}) == {
        "a": "no",
        "zzz": 1,
        "i": "no",
    }
    rating = {"h": "yes", "i": "yes", "j": "yes", "a": "yes"}
    assert prune_rating(form, {"a": "no"}, rating) == {"i": "yes", "a": "yes"}


def test_looking_up_what_is_not_there_names_it(form: Questionnaire) -> None:
    assert form.has_item("a") and not form.has_item("zzz")
    for look_up in (form.item, form.page, form.item("a").option):
        with pytest.raises(KeyError, match="zzz"):
            look_up("zzz")


@pytest.mark.parametrize(
    ("answers", "undecided", "shown"),
    [
        ({}, "abcd", "abcde"),
        ({"a": "no"}, "bcd", "ade"),
        ({"a": "yes"}, "bcd", "abcd"),
        ({"a": "yes"}, "d", "abd"),
        ({}, "d", "ad"),  # passed without an answer: nothing opens any more
        ({"a": "no", "d": ["no"]}, "", "ad"),
    ],
)
def test_what_depends_on_an_undecided_question_may_still_be_asked(
    form: Questionnaire, answers: dict[str, object], undecided: str, shown: str
) -> None:
    assert codes(visible_items(form, answers, undecided=undecided)) == shown


def test_undecided_questions_about_an_agency_open_others_about_it(form: Questionnaire) -> None:
    assert codes(agency_items(form, {}, {}, undecided="aij")) == "hij"
    assert codes(agency_items(form, {"a": "no"}, {"i": "yes"}, undecided="j")) == "i"
