"""Answers that break the definition are named with item and rule; right ones pass."""

import json
from typing import Any

import pytest

from questionnaires.answer_problems import AnswerProblem, AnswerRule, join_problems
from questionnaires.check import CheckScope, check_answers, check_form, check_rating
from questionnaires.loader import build_questionnaire


def text(words: str) -> dict[str, str]:
    return {"vi": words, "en": words.upper()}


def options(*codes: str) -> list[dict[str, object]]:
    return [{"code": code, "text": text(code)} for code in codes]


def definition(rates: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = [
        {"code": "got", "kind": "choice", "options": options("yes", "no"), "missing": ["refused"]},
        {
            "code": "why",
            "kind": "choice",
            "options": options("late", "lost"),
            "show_if": [{"item": "got", "any_of": ["no"]}],
        },
        {
            "code": "wishes",
            "kind": "choices",
            "options": options("fast", "near", "kind", "none"),
            "exclusive": ["none"],
            "max_choices": 2,
            "missing": ["dk"],
        },
        {"code": "visits", "kind": "number", "minimum": 1, "maximum": 9, "missing": []},
        {"code": "age", "kind": "number", "minimum": 18},
        {"code": "comment", "kind": "text", "max_length": 10},
    ]
    rated = [
        {"code": "polite", "kind": "choice", "options": options("1", "2")},
        {
            "code": "rude",
            "kind": "text",
            "required": True,
            "show_if": [{"item": "polite", "any_of": ["1"]}],
        },
    ]
    for item in [*items, *rated]:
        item["text"] = text(item["code"])
    pages = [{"code": "one", "title": text("một"), "items": items}]
    if rates == "many":
        pages.append({"code": "two", "title": text("hai"), "per_agency": True, "items": rated})
    return {
        "code": "checked",
        "version": 1,
        "languages": ["vi", "en"],
        "respondents": ["person"],
        "rates": rates,
        "review": "thử",
        "title": text("Phiếu"),
        "purpose": text("Thử"),
        "pages": pages,
    }


ONE = build_questionnaire(definition("one"), "one")
MANY = build_questionnaire(definition("many"), "many")


def told(problems: tuple[AnswerProblem, ...]) -> list[tuple[str, str]]:
    return [(problem.item, problem.rule.name) for problem in problems]


@pytest.mark.parametrize(
    "answers",
    [
        {"got": "yes"},
        {"got": "refused", "wishes": "dk", "visits": 9, "age": "na", "comment": "Tốt.\n"},
        {"got": "no", "why": "late", "wishes": ["fast", "near"], "age": 120},
        {"got": "no", "why": "na", "wishes": ["none"], "visits": None, "comment": ""},
        {"got": "yes", "wishes": [], "comment": "0123456789"},
    ],
)
def test_right_answers_pass(answers: dict[str, object]) -> None:
    assert check_answers(ONE, answers) == ()


@pytest.mark.parametrize(
    ("answers", "item", "rule"),
    [
        ({}, "got", "REQUIRED"),
        ({"got": None}, "got", "REQUIRED"),
        ({"got": "maybe"}, "got", "UNKNOWN_OPTION"),
        ({"got": ""}, "got", "UNKNOWN_OPTION"),
        ({"got": "dk"}, "got", "MISSING_NOT_ALLOWED"),
        ({"got": "blank"}, "got", "BLANK_OUTSIDE_PAPER"),
        ({"got": ["yes"]}, "got", "WRONG_TYPE"),
        ({"got": {"yes": 1}}, "got", "WRONG_TYPE"),
        ({"got": True}, "got", "WRONG_TYPE"),
        ({"got": "no"}, "why", "REQUIRED"),
        ({"got": "yes", "why": "late"}, "why", "HIDDEN_ITEM"),
        ({"got": "yes", "wishes": "fast"}, "wishes", "WRONG_TYPE"),
        ({"got": "yes", "wishes": [["fast"]]}, "wishes", "WRONG_TYPE"),
        ({"got": "yes", "wishes": ["far"]}, "wishes", "UNKNOWN_OPTION"),
        ({"got": "yes", "wishes": ["fast", "fast"]}, "wishes", "REPEATED"),
        ({"got": "yes", "wishes": ["fast", "none"]}, "wishes", "EXCLUSIVE"),
        ({"got": "yes", "wishes": ["fast", "dk"]}, "wishes", "EXCLUSIVE"),
        ({"got": "yes", "wishes": ["fast", "near", "kind"]}, "wishes", "TOO_MANY"),
        ({"got": "yes", "wishes": "refused"}, "wishes", "MISSING_NOT_ALLOWED"),
        ({"got": "yes", "visits": 0}, "visits", "OUT_OF_LIMITS"),
        ({"got": "yes", "visits": 10**5000}, "visits", "OUT_OF_LIMITS"),
        ({"got": "yes", "age": 2**53}, "age", "OUT_OF_LIMITS"),
        ({"got": "yes", "visits": True}, "visits", "WRONG_TYPE"),
        ({"got": "yes", "visits": 2.0}, "visits", "WRONG_TYPE"),
        ({"got": "yes", "visits": float("nan")}, "visits", "WRONG_TYPE"),
        ({"got": "yes", "visits": "2"}, "visits", "WRONG_TYPE"),
        ({"got": "yes", "visits": "dk"}, "visits", "MISSING_NOT_ALLOWED"),
        ({"got": "yes", "comment": "01234567890"}, "comment", "TOO_LONG"),
        ({"got": "yes", "comment": "a\x00"}, "comment", "BAD_CHARACTERS"),
        ({"got": "yes", "comment": "\ud800"}, "comment", "BAD_CHARACTERS"),
        ({"got": "yes", "comment": 5}, "comment", "WRONG_TYPE"),
        ({"got": "yes", "zzz": "1"}, "zzz", "UNKNOWN_ITEM"),
    ],
)
def test_a_wrong_answer_is_named_with_its_rule(
    answers: dict[str, object], item: str, rule: str
) -> None:
    assert told(check_answers(ONE, answers)) == [(item, rule)]


@pytest.mark.parametrize("answers", [None, [], "got", 5, True])
def test_answers_that_are_no_table_are_one_problem(answers: object) -> None:
    assert told(check_answers(ONE, answers)) == [("", "WRONG_TYPE")]


def test_a_missing_answer_is_asked_for_with_what_may_be_chosen_instead() -> None:
    asked = {p.item: p.message for p in check_answers(ONE, {"got": None})}
    on_paper = {p.item: p.message for p in check_answers(ONE, {"got": "no"}, mode="paper")}

    assert asked["got"]["vi"] == "Mời Ông/Bà chọn một câu trả lời, hoặc «Không muốn trả lời»."
    assert asked["got"]["en"] == "Please choose an answer, or “I prefer not to answer”."
    assert on_paper["why"]["vi"] == (
        "Mời Ông/Bà chọn một câu trả lời, hoặc «Tôi không rõ», «Không có việc này», "
        "«Không muốn trả lời», «Để trống»."
    )


@pytest.mark.parametrize(
    ("limits", "asked"),
    [
        ({"minimum": 1, "maximum": 9}, "một số từ 1 đến 9."),
        ({"minimum": 1}, "một số từ 1 trở lên, không quá lớn."),
        ({"maximum": 9}, "một số không quá 9."),
        ({}, "một số không quá lớn."),
    ],
)
def test_a_number_outside_its_limits_is_told_the_limits(limits: dict[str, int], asked: str) -> None:
    one = definition("one")
    one["pages"][0]["items"] = [
        {"code": "n", "kind": "number", "text": text("n"), "missing": [], **limits}
    ]
    form = build_questionnaire(one, "one")

    for number in (10**17, -(10**17)):
        found = [problem.message["vi"] for problem in check_answers(form, {"n": number})]
        assert found == [f"Mời Ông/Bà ghi {asked}"]


def test_only_paper_can_be_blank() -> None:
    noted = {"got": "no", "why": None, "wishes": "blank", "visits": "blank", "comment": None}

    assert check_answers(ONE, noted, mode="paper") == ()
    assert check_answers(ONE, {"got": None, "why": "blank"}, mode="paper") == ()
    assert told(check_answers(ONE, {}, mode="paper")) == [("got", "REQUIRED")]


def test_a_part_of_a_form_is_checked_without_asking_for_the_rest() -> None:
    assert check_answers(ONE, {}, partial=True) == ()
    assert told(check_answers(ONE, {"visits": 0}, partial=True)) == [("visits", "OUT_OF_LIMITS")]


def test_one_page_is_checked_without_the_others() -> None:
    answers = {"got": "no", "visits": 0, "zzz": 1}

    assert told(check_answers(ONE, answers, items={"why"})) == [("why", "REQUIRED")]
    assert check_answers(ONE, answers, items={"got", "comment"}) == ()


def test_a_block_that_the_form_does_not_have_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="block='A'"):
        check_answers(ONE, {}, block="A")
    with pytest.raises(ValueError, match="block='A'"):
        check_rating(MANY, {}, {}, "x", CheckScope(block="A"))


def test_a_form_with_ratings_is_checked_agency_by_agency() -> None:
    ratings = {
        "so-noi-vu": {"polite": "2"},
        "so-y-te": {"polite": "1", "got": "yes"},
        "so-la": {"polite": "1"},
    }

    problems = check_form(MANY, {"got": "yes"}, ratings, ["so-noi-vu", "so-y-te", "so-tu-phap"])

    assert [(p.agency, p.item, p.rule.name) for p in problems] == [
        ("so-y-te", "rude", "REQUIRED"),
        ("so-y-te", "got", "MISPLACED"),
        ("so-tu-phap", "", "AGENCY_MISSING"),
        ("so-la", "", "UNKNOWN_AGENCY"),
    ]
    assert join_problems(problems[:1]) == (
        "[ANSWER-005] so-y-te, rude: Mời Ông/Bà viết câu trả lời."
    )


@pytest.mark.parametrize("ratings", [None, [], "x", {"a": None}, {"a": [1]}, {"a": 5}])
def test_ratings_of_a_wrong_type_are_problems(ratings: object) -> None:
    assert told(check_form(MANY, {"got": "yes"}, ratings, ["a"])) == [("", "WRONG_TYPE")]


def test_one_rating_can_be_checked_alone_and_in_part() -> None:
    assert told(check_rating(MANY, {}, {"polite": "1"}, "a")) == [("rude", "REQUIRED")]
    assert check_rating(MANY, {}, {"polite": "1"}, "a", CheckScope(partial=True)) == ()
    assert told(check_rating(MANY, None, {"polite": "3"}, "a")) == [("polite", "UNKNOWN_OPTION")]


def test_a_form_about_one_agency_takes_no_ratings() -> None:
    assert check_form(ONE, {"got": "yes"}, None, []) == ()
    assert told(check_form(ONE, {"got": "yes"}, {"a": {}}, [])) == [("", "MISPLACED")]


def test_common_answers_cannot_hold_ratings() -> None:
    assert told(check_answers(MANY, {"got": "yes", "polite": "1"})) == [("polite", "MISPLACED")]


def test_problems_repeat_no_answer_and_can_be_sent_as_json() -> None:
    answers = {
        "got": "secret",
        "\ud800\x00" + "k" * 500: "secret",
        "comment": "secret\ud800 secret",
    }

    problems = check_answers(ONE, answers)
    sent = json.dumps([[p.item, p.rule.value, dict(p.message)] for p in problems])

    assert len(problems) == 4
    assert "secret" not in sent
    sent.encode("utf-8")
    assert all(len(p.item) < 100 and p.item.isprintable() for p in problems)


def test_every_rule_speaks_both_languages() -> None:
    bad = {
        "got": 1,
        "why": "x",
        "wishes": ["a", "a", "none", "fast"],
        "visits": 0,
        "age": 1,
        "zz": 1,
    }
    bad["comment"] = "\x00" * 20

    for problem in check_answers(ONE, bad):
        assert set(problem.message) == {"vi", "en"} and all(problem.message.values())
    assert len({rule.value for rule in AnswerRule}) == len(AnswerRule)
