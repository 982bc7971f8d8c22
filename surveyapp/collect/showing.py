"""Screens as values ready for the templates, in one language."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from questionnaires.answer_problems import AnswerProblem
from questionnaires.types import MISSING_TEXTS, Item
from surveyapp.collect.entry import field_name
from surveyapp.collect.rights import Agency, Form
from surveyapp.collect.screens import (
    Answered,
    Screen,
    counted,
    rows_shown,
    screens_of,
    shown,
    to_go_on,
    value_on,
)
from surveyapp.errors import AppError
from surveyapp.labels import refusal, words

#: Faces stand beside scales of five steps only.
FACES = 5
_SENTENCE = re.compile(r"(?<=[.?])\s+")


def sentences(text: str) -> list[str]:
    """Cut a text into its sentences, so that none is lost in a long paragraph."""
    return [part for part in _SENTENCE.split(text.strip()) if part]


def refusal_text(error: AppError, language: str) -> tuple[str, str]:
    """Return what happened and what to do; in Vietnamese where no other words are known."""
    english = refusal(error.code) if language == "en" else None
    return english or (error.message, error.fix)


def refusal_line(error: AppError, language: str) -> str:
    """Return the same as one line."""
    message, fix = refusal_text(error, language)
    return f"{message} {fix}".strip()


def place(form: Form, screen: Screen, given: Answered, language: str) -> str:
    """Say where somebody is: the question, or the part about an agency; of how many, once known."""
    number, total = counted(form, screen, given)
    say = words(language)
    if screen.agency is None:  # a table asks a question
        text = say["question_so_far"] if total is None else say["question"]
    else:
        text = say["part_so_far"] if total is None else say["part"]
    return text.format(number=number, total=total)


def to_go_on_with(form: Form, given: Answered, language: str) -> str | None:
    """Say where somebody goes on who has begun a form; None before the first answer."""
    if not given.answers and not any(given.ratings.values()):
        return None
    say = words(language)
    screen = to_go_on(form, given)
    if screen is None:
        return say["go_on_check"]
    about = [_agency_place(form, screen, language)] if screen.agency else []
    places = [*about, place(form, screen, given, language)]
    return say["go_on_from"].format(place=", ".join(places).lower())


def _agency_place(form: Form, screen: Screen, language: str) -> str:
    total = len(form.agencies)
    return words(language)["agency"].format(number=screen.agency_number, total=total)


def screen_values(
    form: Form,
    screen: Screen,
    given: Answered,
    problems: Sequence[AnswerProblem],
    language: str,
) -> dict[str, Any]:
    """Return everything that the page of one screen shows."""
    errors = {problem.item: problem.message[language] for problem in reversed(problems)}
    answers = value_on(screen, given)
    items = [
        item_values(item, answers.get(item.code), errors.get(item.code), language)
        for item in shown(form, screen, given)
    ]
    return {
        "key": screen.key,
        "topic": screen.page.title[language],
        "place": place(form, screen, given, language),
        "percent": screen.percent,
        "items": items,
        "table": _table(form, screen, given, problems, language) if screen.rows else None,
        "agency": screen.agency.title if screen.agency else None,
        "agency_place": _agency_place(form, screen, language) if screen.agency else None,
        "is_first_table": next((one for one in screens_of(form) if one.rows), None) == screen,
        "layout": "matrix" if screen.rows else {1: "single", 2: "pair"}.get(len(items), "group"),
    }


def _table(
    form: Form,
    screen: Screen,
    given: Answered,
    problems: Sequence[AnswerProblem],
    language: str,
) -> list[dict[str, Any]]:
    """Return the rows of a table: one question about one agency each."""
    [item] = screen.items
    errors = {problem.agency: problem.message[language] for problem in reversed(problems)}
    rows = []
    for number, agency in rows_shown(form, screen, given):
        value = given.ratings.get(agency.code, {}).get(item.code)
        row = item_values(item, value, errors.get(agency.code), language)
        name = field_name(item, number)
        for option in row["options"] + row["missing"]:
            option["id"] = f"{name}-{option['value']}"
        first = row["options"][0]["id"]
        rows.append(row | {"code": name, "number": number, "title": agency.title, "first": first})
    return rows


def item_values(item: Item, value: Any, error: str | None, language: str) -> dict[str, Any]:  # noqa: ANN401  the value of an answer
    """Return what one question shows: its words, its options in order, what is chosen."""
    chosen = value if isinstance(value, list) else [value]
    options = [
        {
            "id": f"{item.code}-{option.code}",
            "value": option.code,
            "text": option.text[language],
            "is_chosen": option.code in chosen,
            "face": place if _has_faces(item) else None,
        }
        for place, option in enumerate(item.options, 1)
    ]
    missing = [
        {
            "id": f"{item.code}-{code}",
            "value": code,
            "text": MISSING_TEXTS[code][language],
            "is_chosen": code in chosen,
        }
        for code in (item.missing if item.kind != "text" else ())
    ]
    first = (options + missing)[0]["id"] if item.kind in {"choice", "choices"} else item.code
    return {
        "code": item.code,
        "kind": item.kind,
        "text": item.text[language],
        "label": item.short_text[language],
        "help": item.help[language] if item.help else None,
        "note": _note(item, language),
        "options": options,
        "missing": missing,
        "typed": _typed(item, chosen),
        "error": error,
        "first": first,
        "rows": 5,
    }


def _has_faces(item: Item) -> bool:
    return len(item.options) == FACES and all(one.score is not None for one in item.options)


def _typed(item: Item, chosen: list[Any]) -> str:
    """Return what stands in the field of a number or a text."""
    if item.kind not in {"number", "text"}:
        return ""
    return next((str(one) for one in chosen if one is not None and one not in item.missing), "")


def _note(item: Item, language: str) -> str:
    """Say how to answer, where it is not plain to see."""
    say = words(language)
    notes = []
    if item.kind == "choices":
        most = item.max_choices
        notes.append(say["several_most"].format(most=most) if most else say["several"])
    if item.kind == "number" and item.minimum is not None and item.maximum is not None:
        limits = {"minimum": item.minimum, "maximum": item.maximum}
        notes.append(say["number_between"].format(**limits))
    elif item.kind == "number":
        notes.append(say["number_only"])
    if item.kind == "text":
        notes.append(say["longest"].format(most=item.max_length))
        if item.help is None:
            notes.append(say["no_names"])
    if not item.required and (item.kind != "text" or item.help is None):
        notes.append(say["optional"])
    return " ".join(notes)


def check_sections(
    form: Form, given: Answered, problems: Sequence[AnswerProblem], language: str
) -> list[dict[str, Any]]:
    """Return the answers for the last look, by agency, with what is still wrong."""
    wrong = {(one.agency, one.item): one.message[language] for one in reversed(problems)}
    sections: list[dict[str, Any]] = []
    for screen in screens_of(form):
        agency = screen.agency
        title = agency.title if agency else None
        if screen.rows:
            title = screen.items[0].short_text[language]
        if not sections or sections[-1]["title"] != title:
            sections.append({"title": title, "rows": []})
        for number, about, item in _asked(form, screen, given):
            answers = given.ratings.get(about.code, {}) if about else given.answers
            row = {
                "id": _row(number, item),
                "key": screen.key,
                "place": f"#row-{number}" if screen.rows else "",
                "question": about.title if about and screen.rows else item.short_text[language],
                "answer": _said(item, answers.get(item.code), language),
                "error": wrong.get((about.code if about else None, item.code)),
            }
            sections[-1]["rows"].append(row)
    return [section for section in sections if section["rows"]]


def row_of(screen: Screen, wanted: str | None) -> str:
    """Return the row of the last look that somebody came from, or the first of a screen."""
    numbers = [number for number, _ in screen.rows] or [screen.agency_number]
    rows = [_row(number, item) for number in numbers for item in screen.items]
    return wanted if wanted in rows else rows[0]


def _row(number: int, item: Item) -> str:
    return f"row-{number}-{item.code}" if number else f"row-{item.code}"


def wrong_rows(sections: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the last look that are wrong, below what is wrong: each said once."""
    told: dict[str, list[dict[str, Any]]] = {}
    for section in sections:
        for row in section["rows"]:
            if row["error"]:
                told.setdefault(row["error"], []).append(row | {"section": section["title"]})
    return told


def _asked(
    form: Form, screen: Screen, given: Answered
) -> Iterator[tuple[int, Agency | None, Item]]:
    """Give what one screen asks: number of the agency, the agency, the question."""
    if screen.rows:
        rows = rows_shown(form, screen, given)
        yield from ((number, agency, screen.items[0]) for number, agency in rows)
        return
    for item in shown(form, screen, given):
        yield screen.agency_number, screen.agency, item


def _said(item: Item, value: Any, language: str) -> list[str]:  # noqa: ANN401  the value of an answer
    """Return an answer in words; empty if there is none."""
    texts = {option.code: option.text[language] for option in item.options}
    if item.kind != "text":
        texts |= {code: MISSING_TEXTS[code][language] for code in item.missing}
    values = value if isinstance(value, list) else [value]
    return [texts.get(one, str(one)) for one in values if one is not None]
