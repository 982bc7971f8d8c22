"""A questionnaire as plain values, ready for JSON."""

from collections.abc import Sequence
from typing import Any

from questionnaires.types import Condition, Item, Option, Page, Questionnaire


def dump_questionnaire(questionnaire: Questionnaire) -> dict[str, Any]:
    """Give the definition as tables, lists and plain values, ready for JSON.

    `build_questionnaire` makes an equal object from the result.
    """
    return {
        "code": questionnaire.code,
        "version": questionnaire.version,
        "languages": list(questionnaire.languages),
        "respondents": list(questionnaire.respondents),
        "rates": questionnaire.rates,
        "review": questionnaire.review,
        "title": dict(questionnaire.title),
        "purpose": dict(questionnaire.purpose),
        "scales": [
            {"code": scale.code, "options": _options(scale.options)}
            for scale in questionnaire.scales
        ],
        "blocks": [
            {"code": block.code, "title": dict(block.title)} for block in questionnaire.blocks
        ],
        "pages": [_page(page) for page in questionnaire.pages],
    }


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _options(options: Sequence[Option]) -> list[dict[str, Any]]:
    return [
        _without_none(
            {
                "code": option.code,
                "text": dict(option.text),
                "score": option.score,
                "percent": option.percent,
            }
        )
        for option in options
    ]


def _conditions(conditions: Sequence[Condition]) -> list[dict[str, Any]] | None:
    return [{"item": c.item, "any_of": list(c.any_of)} for c in conditions] or None


def _page(page: Page) -> dict[str, Any]:
    return _without_none(
        {
            "code": page.code,
            "title": dict(page.title),
            "block": page.block,
            "per_agency": page.per_agency,
            "together": page.together or None,
            "show_if": _conditions(page.show_if),
            "items": [_item(item) for item in page.items],
        }
    )


def _item(item: Item) -> dict[str, Any]:
    inline = item.scale is None and bool(item.options)
    return _without_none(
        {
            "code": item.code,
            "kind": item.kind,
            "text": dict(item.text),
            "help": None if item.help is None else dict(item.help),
            "label": None if item.label is None else dict(item.label),
            "scale": item.scale,
            "options": _options(item.options) if inline else None,
            "missing": list(item.missing),
            "required": item.required,
            "sensitive": item.sensitive,
            "max_points": item.max_points,
            "show_if": _conditions(item.show_if),
            "exclusive": list(item.exclusive) or None,
            "max_choices": item.max_choices,
            "minimum": item.minimum,
            "maximum": item.maximum,
            "max_length": item.max_length,
        }
    )
