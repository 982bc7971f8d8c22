"""A questionnaire cut into screens: one question or one short group each, with its own address."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any

from questionnaires.answer_problems import AnswerProblem
from questionnaires.check import CheckScope, check_answers, check_rating
from questionnaires.routing import agency_items, prune, prune_rating, visible_items
from questionnaires.types import Item, Page
from surveyapp.collect.rights import Agency, Form

#: Two short questions of one page share a screen; longer pages are asked one by one.
PAIR = 2
#: Officials who rate one or two agencies get a whole topic, of at most so many questions.
TOPIC = 5
#: From so many agencies on, one question is asked about all of them in a table.
LEAST_ROWS = 3
#: A table of more agencies is cut into even parts.
MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers of a form so far: common ones, and those about each agency."""

    answers: dict[str, Any]
    ratings: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Screen:
    """Some items of one page, about one agency, or one item about many in a table."""

    key: str
    page: Page
    items: tuple[Item, ...]
    agency: Agency | None
    #: Place among the agencies, from 1; 0 on common screens and on tables.
    agency_number: int
    #: The rows of a table: places among the agencies with the agencies; empty elsewhere.
    rows: tuple[tuple[int, Agency], ...]
    #: Number of its question among the common ones, or those about agencies; hidden ones count.
    number: int
    #: Share of the form that lies before the end of this screen, 0 to 100.
    percent: int
    #: Of its items; made once, as every page asks for those of all screens.
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Part:
    """Items of one page that are asked together, with their place in the count of questions."""

    page: Page
    place: int
    items: tuple[Item, ...]
    number: int


class _Shape:
    """What the screens of a form depend on: this very questionnaire, and the agencies."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def __hash__(self) -> int:
        return hash((id(self.form.questionnaire), self.form.agencies))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Shape)
            and other.form.questionnaire is self.form.questionnaire
            and other.form.agencies == self.form.agencies
        )


def screens_of(form: Form) -> tuple[Screen, ...]:
    """Return all screens of a form in their order, hidden ones too."""
    return _screens(_Shape(form))


@lru_cache(maxsize=256)  # a page asks several times, and many people have the same form
def _screens(shape: _Shape) -> tuple[Screen, ...]:
    form = shape.form
    parts = list(_parts(form))
    return tuple(
        Screen(
            key=_key(part, about),
            page=part.page,
            items=part.items,
            agency=form.agencies[about[0] - 1] if len(about) == 1 else None,
            agency_number=about[0] if len(about) == 1 else 0,
            rows=tuple((n, form.agencies[n - 1]) for n in about) if len(about) > 1 else (),
            number=part.number,
            percent=round(100 * position / len(parts)),
            codes=frozenset(item.code for item in part.items),
        )
        for position, (part, about) in enumerate(parts, 1)
    )


def _key(part: _Part, about: Sequence[int]) -> str:
    start = "to".join(str(n) for n in sorted({about[0], about[-1]})) + "-" if about else ""
    end = f"-{part.place}" if part.place > 1 else ""
    return f"{start}{part.page.code}{end}"


def _parts(form: Form) -> Iterator[tuple[_Part, Sequence[int]]]:
    """Give every part with the numbers of the agencies that it asks about together."""
    pages = [page for page in form.questionnaire.pages if page.block is None]
    topics = [page for page in pages if page.per_agency]
    in_tables = len(form.agencies) >= LEAST_ROWS and all(
        item.kind == "choice" for page in topics for item in page.items
    )
    asked = {False: _numbered([page for page in pages if not page.per_agency])}
    asked[True] = _numbered(topics, one_by_one=in_tables)
    for per_agency, run in groupby(pages, key=lambda page: page.per_agency):
        codes = {page.code for page in run}
        parts = [part for part in asked[per_agency] if part.page.code in codes]
        if not per_agency:
            yield from ((part, ()) for part in parts)
        elif in_tables:
            tables = _tables(len(form.agencies))
            yield from ((part, rows) for part in parts for rows in tables)
        else:
            numbers = range(1, len(form.agencies) + 1)
            yield from ((part, (number,)) for number in numbers for part in parts)


def _tables(n_agencies: int) -> list[range]:
    """Cut the agencies into tables of about the same length."""
    n_tables = -(-n_agencies // MOST_ROWS)
    ends = [round(n_agencies * k / n_tables) for k in range(n_tables + 1)]
    return [range(start + 1, end + 1) for start, end in pairwise(ends)]


def _numbered(pages: Sequence[Page], *, one_by_one: bool = False) -> list[_Part]:
    """Cut pages; a follow-up question on the same page shares the number of what it follows."""
    cut: list[_Part] = []
    number = 0
    for page in pages:
        for place, (items, follows) in enumerate(_cut(page, one_by_one=one_by_one), 1):
            number += not follows
            cut.append(_Part(page, place, items, number))
    return cut


def _cut(page: Page, *, one_by_one: bool) -> list[tuple[tuple[Item, ...], bool]]:
    """Return groups of items, and whether a group follows from an answer of the one before."""
    limit = TOPIC if page.per_agency else PAIR
    if one_by_one:
        limit = 1
    elif page.together:
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
    if screen.rows:
        return screen.items if rows_shown(form, screen, given) else ()
    if screen.agency is None:
        asked = visible_items(form.questionnaire, given.answers)
    else:
        asked = _asked_about(form, screen.agency, given)
    return tuple(item for item in asked if item.code in screen.codes)


def rows_shown(form: Form, screen: Screen, given: Answered) -> tuple[tuple[int, Agency], ...]:
    """Return the rows of a table whose question is asked after the answers so far."""
    return tuple(
        (number, agency)
        for number, agency in screen.rows
        if any(item.code in screen.codes for item in _asked_about(form, agency, given))
    )


def _asked_about(form: Form, agency: Agency, given: Answered) -> tuple[Item, ...]:
    rating = given.ratings.get(agency.code, {})
    return agency_items(form.questionnaire, given.answers, rating)


def counted(form: Form, screen: Screen, given: Answered) -> tuple[int, int | None]:
    """Return which question of her own way a screen asks, from 1, and how many there are.

    What her answers have skipped is not counted, so from screen to screen the number grows by one
    (a follow-up question keeps it). As long as an answer to come may add or skip questions the
    total is None: a number that changes on the way would be none. About one agency of several
    the count begins anew.
    """
    part = [one for one in screens_of(form) if one.agency_number == screen.agency_number]
    later = frozenset(code for one in part[part.index(screen) :] for code in one.codes)
    possible = _questions(part, _may_be_asked(form, screen, given, later))
    certain = _questions(part, _may_be_asked(form, screen, given, frozenset()))
    total = len(possible) if certain == possible else None
    return possible.index(_question_of(screen)) + 1, total


def _questions(part: Sequence[Screen], asked: frozenset[str]) -> list[tuple[bool, int]]:
    """Return the questions on some screens of which something is asked, in their order."""
    return list(dict.fromkeys(_question_of(one) for one in part if one.codes & asked))


def _question_of(screen: Screen) -> tuple[bool, int]:
    """Return what tables of one question share, and a question with its follow-up."""
    return screen.page.per_agency, screen.number


def _may_be_asked(
    form: Form, screen: Screen, given: Answered, later: frozenset[str]
) -> frozenset[str]:
    """Return the questions that are asked near a screen, or may be: those on `later` screens."""
    asked = form.questionnaire
    if not asked.has_conditions:
        return frozenset(item.code for item in asked.items)
    undecided = later - given.answers.keys()
    items = list(visible_items(asked, given.answers, undecided=undecided))
    for agency in form.agencies if screen.agency is None else [screen.agency]:
        rating = given.ratings.get(agency.code, {})
        items += agency_items(asked, given.answers, rating, undecided=undecided - rating.keys())
    return frozenset(item.code for item in items)


def problems(form: Form, screen: Screen, given: Answered) -> tuple[AnswerProblem, ...]:
    """Check the answers of one screen."""
    agencies: list[Agency | None] = [agency for _, agency in screen.rows]
    scope = CheckScope(items=screen.codes)
    found: list[AnswerProblem] = []
    for agency in agencies or [screen.agency]:
        if agency is None:
            found += check_answers(form.questionnaire, given.answers, items=screen.codes)
        else:
            rating = given.ratings.get(agency.code, {})
            found += check_rating(form.questionnaire, given.answers, rating, agency.code, scope)
    return tuple(found)


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


def to_go_on(form: Form, given: Answered) -> Screen | None:
    """Return the screen where somebody goes on who comes back; None if all is done.

    It is the first that lacks an answer up to the last one answered, else the one behind that:
    a question that may be skipped is still shown once.
    """
    given = pruned(form, given)
    asked = [one for one in screens_of(form) if shown(form, one, given)]
    start = max((n for n, one in enumerate(asked, 1) if is_begun(one, given)), default=0)
    open_before = (one for one in asked[:start] if problems(form, one, given))
    return next(open_before, None) or next(iter(asked[start:]), None)


def is_begun(screen: Screen, given: Answered) -> bool:
    """Say whether some question of a screen has an answer."""
    rows = [given.ratings.get(agency.code, {}) for _, agency in screen.rows]
    about = rows if screen.rows else [value_on(screen, given)]
    return any(code in one for one in about for code in screen.codes)


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
