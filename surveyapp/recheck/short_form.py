"""What a re-check asks: few questions, so that a second interview stays short.

No official rule was found; the default is configuration. The plan may name the items
(`[recheck] items`); otherwise the first question of every page is asked again, without sensitive
ones and free texts. On a form that rates many agencies at most three of them are asked again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from questionnaires.types import Item, Page, Questionnaire

AGENCIES = 3


@dataclass(frozen=True, slots=True)
class ShortForm:
    """Items asked again: common ones, and those asked for each of `agencies`."""

    items: tuple[Item, ...]
    agency_items: tuple[Item, ...]
    agencies: tuple[str, ...]


def short_form(
    questionnaire: Questionnaire, plan: Mapping[str, Any], agencies: Sequence[str], case_id: str
) -> ShortForm:
    """Choose the items and agencies; the same for everybody who opens the case again."""
    named = plan.get("recheck", {}).get("items")
    chosen = (
        [questionnaire.item(code) for code in named if questionnaire.has_item(code)]
        if named
        else [item for page in questionnaire.pages for item in _first(page)]
    )
    several = questionnaire.rates == "many"
    return ShortForm(
        tuple(item for item in chosen if not item.per_agency),
        tuple(item for item in chosen if item.per_agency),
        tuple(_some(agencies, case_id)) if several else (),
    )


def only(questionnaire: Questionnaire, form: ShortForm) -> Questionnaire:
    """Return the questionnaire cut down to the short form, without routing.

    The questions that lead to an item may not be asked again.
    """
    kept = {item.code for item in (*form.items, *form.agency_items)}
    pages = (
        replace(
            page,
            show_if=(),
            items=tuple(replace(item, show_if=()) for item in page.items if item.code in kept),
        )
        for page in questionnaire.pages
    )
    return replace(questionnaire, pages=tuple(page for page in pages if page.items))


def _first(page: Page) -> list[Item]:
    """Return the first question with options that may be asked again."""
    suitable = [item for item in page.items if item.kind == "choice" and not item.sensitive]
    return suitable[:1]


def _some(agencies: Sequence[str], case_id: str) -> list[str]:
    """Return at most three agencies, spread over the cases, in the order of the plan."""
    by_hash = sorted(
        agencies, key=lambda code: hashlib.sha256(f"{case_id} {code}".encode()).hexdigest()
    )
    kept = set(by_hash[:AGENCIES])
    return [code for code in agencies if code in kept]
