"""What a screen sends, as answers: from form fields to item codes and values."""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from questionnaires.types import Item
from surveyapp.collect.screens import Answered, Screen

#: Reads all values of a form field.
Fields = Callable[[str], Sequence[str]]


def with_entry(given: Answered, screen: Screen, items: Sequence[Item], fields: Fields) -> Answered:
    """Return the answers with what was entered on a screen; an empty field takes its answer out."""
    entered = {item.code: _value(item, fields) for item in items}
    answers, ratings = dict(given.answers), {key: dict(one) for key, one in given.ratings.items()}
    target = answers if screen.agency is None else ratings.setdefault(screen.agency.code, {})
    for code, value in entered.items():
        if value is None:
            target.pop(code, None)
        else:
            target[code] = value
    return Answered(answers, ratings)


def without(given: Answered, screen: Screen, codes: Sequence[str]) -> Answered:
    """Return the answers without those of some items of a screen."""
    return with_entry(given, screen, [one for one in screen.items if one.code in codes], _nothing)


def _nothing(_name: str) -> Sequence[str]:
    return ()


def _value(item: Item, fields: Fields) -> Any:  # noqa: ANN401  the value of an answer
    values = [_clean(value) for value in fields(item.code)]
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
