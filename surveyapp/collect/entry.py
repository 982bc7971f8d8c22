"""What a screen sends, as answers: from form fields to item codes and values."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from questionnaires.answer_problems import AnswerProblem
from questionnaires.types import Item
from surveyapp.collect.screens import Answered, Screen

#: Reads all values of a form field.
Fields = Callable[[str], Sequence[str]]


def with_entry(given: Answered, screen: Screen, items: Sequence[Item], fields: Fields) -> Answered:
    """Return the answers with what was entered on a screen; an empty field takes its answer out."""
    answers, ratings = dict(given.answers), {key: dict(one) for key, one in given.ratings.items()}
    targets: list[tuple[dict[str, Any], int | None]]
    if screen.rows:
        targets = [(ratings.setdefault(one.code, {}), number) for number, one in screen.rows]
    elif screen.agency is None:
        targets = [(answers, None)]
    else:
        targets = [(ratings.setdefault(screen.agency.code, {}), None)]
    for target, row in targets:
        for item in items:
            value = _value(item, fields(field_name(item, row)))
            if value is None:
                target.pop(item.code, None)
            else:
                target[item.code] = value
    return Answered(answers, ratings)


def field_name(item: Item, row: int | None = None) -> str:
    """Return the name of an item's field; in a table every row has one of its own."""
    return item.code if row is None else f"{item.code}--{row}"


def without(given: Answered, problems: Iterable[AnswerProblem]) -> Answered:
    """Return the answers without those that are wrong."""
    wrong = {(problem.agency, problem.item) for problem in problems}

    def right(agency: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
        return {item: value for item, value in values.items() if (agency, item) not in wrong}

    ratings = {agency: right(agency, values) for agency, values in given.ratings.items()}
    return Answered(right(None, given.answers), ratings)


def _value(item: Item, entered: Sequence[str]) -> Any:  # noqa: ANN401  the value of an answer
    values = [_clean(value) for value in entered]
    values = [value for value in values if value]
    if not values:
        return None
    if item.kind == "choices":
        alone = len(values) == 1 and values[0] in item.missing
        return values[0] if alone else values
    if item.kind == "number":
        return _number(values)
    return values[0]


def _number(values: list[str]) -> Any:  # noqa: ANN401  what is no number stays, to be refused
    if len(values) > 1:
        return values  # a number and "I do not know" at once
    plain = unicodedata.normalize("NFKC", values[0]).replace(" ", "")
    return int(plain) if plain.isdecimal() and len(plain) <= 15 else values[0]


def _clean(value: str) -> str:
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
