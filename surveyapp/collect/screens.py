"""A questionnaire cut into screens: one question or one short group each, with its own address."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from questionnaires.answer_problems import AnswerProblem
from questionnaires.check import CheckScope, check_answers, check_rating
from questionnaires.routing import agency_items, prune, prune_rating, visible_items
from questionnaires.types import Item, Page
from surveyapp.collect.rights import Agency, Form

#: Two short questions of one page share a screen; longer pages are asked one by one.
PAIR = 2
#: Officials who rate many agencies get a whole topic, of at most so many questions.
TOPIC = 5


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers of a form so far: common ones, and those about each agency."""

    answers: dict[str, Any]
    ratings: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Screen:
    """Some items of one page, about one agency on a form that rates many."""

    key: str
    page: Page
    items: tuple[Item, ...]
    agency: Agency | None
    #: Place among the agencies, from 1; 0 on common screens.
    agency_number: int
    #: Place among the screens of its part of the form; hidden ones count, so it never changes.
    number: int
    total: int
    #: Share of the form that lies before the end of this screen, 0 to 100.
    percent: int

    @property
    def codes(self) -> frozenset[str]:
        """Return the codes of its items."""
        return frozenset(item.code for item in self.items)


def screens_of(form: Form) -> tuple[Screen, ...]:
    """Return all screens of a form in their order, hidden ones too."""
    parts = list(_parts(form))
    return tuple(
        Screen(
            key=_key(page, place, agency_number),
            page=page,
            items=items,
            agency=form.agencies[agency_number - 1] if agency_number else None,
            agency_number=agency_number,
            number=number,
            total=total,
            percent=round(100 * position / len(parts)),
        )
        for position, (page, place, items, agency_number, number, total) in enumerate(parts, 1)
    )


def _key(page: Page, place: int, agency_number: int) -> str:
    start = f"{agency_number}-" if agency_number else ""
    end = f"-{place}" if place > 1 else ""
    return f"{start}{page.code}{end}"


def _parts(form: Form) -> Iterator[tuple[Page, int, tuple[Item, ...], int, int, int]]:
    """Give page, place on the page, items, agency number, number and total of every screen."""
    pages = [page for page in form.questionnaire.pages if page.block is None]
    common = _numbered([page for page in pages if not page.per_agency])
    topics = _numbered([page for page in pages if page.per_agency])
    for per_agency, run in groupby(pages, key=lambda page: page.per_agency):
        codes = {page.code for page in run}
        source = topics if per_agency else common
        agencies = range(1, len(form.agencies) + 1) if per_agency else (0,)
        for agency_number in agencies:
            for page, place, items, number, total in source:
                if page.code in codes:
                    yield page, place, items, agency_number, number, total


def _numbered(pages: Sequence[Page]) -> list[tuple[Page, int, tuple[Item, ...], int, int]]:
    """Cut pages; a follow-up question on the same page shares the number of what it follows."""
    cut = []
    number = 0
    for page in pages:
        for place, (items, follows) in enumerate(_cut(page), 1):
            number += not follows
            cut.append((page, place, items, number))
    return [(page, place, items, n, number) for page, place, items, n in cut]


def _cut(page: Page) -> list[tuple[tuple[Item, ...], bool]]:
    """Return groups of items, and whether a group follows from an answer of the one before."""
    limit = TOPIC if page.per_agency else PAIR
    if page.together:
        limit = len(page.items)
    elif len(page.items) > limit:
        limit = -(-len(page.items) // -(-len(page.items) // TOPIC)) if page.per_agency else 1
    groups: list[tuple[list[Item], bool]] = []
    for item in page.items:
        asked_before = {other.code for group, _ in groups for other in group}
        together = {other.code for other in groups[-1][0]} if groups else set()
        needs = {condition.item for condition in item.show_if}
        if not groups or needs & together or len(together) >= limit:
            groups.append(([item], bool(needs & asked_before)))
        else:
            groups[-1][0].append(item)
    return [(tuple(items), follows) for items, follows in groups]


def shown(form: Form, screen: Screen, given: Answered) -> tuple[Item, ...]:
    """Return the items of a screen that are asked after the answers so far."""
    if screen.agency is None:
        asked = visible_items(form.questionnaire, given.answers)
    else:
        rating = given.ratings.get(screen.agency.code, {})
        asked = agency_items(form.questionnaire, given.answers, rating)
    return tuple(item for item in asked if item.code in screen.codes)


def problems(form: Form, screen: Screen, given: Answered) -> tuple[AnswerProblem, ...]:
    """Check the answers of one screen."""
    if screen.agency is None:
        return check_answers(form.questionnaire, given.answers, items=screen.codes)
    rating = given.ratings.get(screen.agency.code, {})
    scope = CheckScope(items=screen.codes)
    return check_rating(form.questionnaire, given.answers, rating, screen.agency.code, scope)


def following(form: Form, screen: Screen, given: Answered) -> Screen | None:
    """Return the next screen that asks something; None at the end."""
    screens = screens_of(form)
    later = screens[screens.index(screen) + 1 :]
    return next((one for one in later if shown(form, one, given)), None)


def preceding(form: Form, screen: Screen, given: Answered) -> Screen | None:
    """Return the screen before this one that asks something; None at the beginning."""
    screens = screens_of(form)
    earlier = screens[: screens.index(screen)]
    return next((one for one in reversed(earlier) if shown(form, one, given)), None)


def first_unfinished(form: Form, given: Answered) -> Screen | None:
    """Return the first screen whose answers are missing or wrong; None if all is done."""
    given = pruned(form, given)
    return next((one for one in screens_of(form) if problems(form, one, given)), None)


def pruned(form: Form, given: Answered) -> Answered:
    """Return the answers without those that stand behind a hidden question."""
    asked = form.questionnaire
    answers = prune(asked, given.answers)
    ratings = {
        agency: prune_rating(asked, answers, given.ratings.get(agency, {}))
        for agency in (form.agency_codes if asked.rates == "many" else ())
    }
    return Answered(answers, ratings)


def value_on(screen: Screen, given: Answered) -> Mapping[str, Any]:
    """Return the answers to which a screen belongs."""
    if screen.agency is None:
        return given.answers
    return given.ratings.get(screen.agency.code, {})
