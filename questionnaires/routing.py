"""Which questions a person gets, given her answers so far."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from questionnaires.types import MISSING_CODES, Condition, Item, Page, Questionnaire

#: Answers by item code; values as they come from outside, so of any type.
Answers = Mapping[str, object]


def visible_items(
    questionnaire: Questionnaire,
    answers: Answers,
    block: str | None = None,
    *,
    undecided: Collection[str] = (),
) -> tuple[Item, ...]:
    """Give the common items that are shown, in their order.

    Parameters
    ----------
    questionnaire : the definition.
    answers : answers so far, {item code: value}; values of a wrong type count as no answer.
    block : code of the block that the form carries; None shows no block.
    undecided : codes of items that may still get any answer: what depends on one that is shown
        counts as shown. Empty: no answer is an answer that opens nothing.

    Returns
    -------
    The items on pages that are not asked per agency, belong to no block or to `block`, and
    whose conditions (the page's and the item's own) all hold on answers of visible items: an
    answer that stands behind a hidden question does not count.
    """
    return _Path(answers, block, undecided).walk(_common_pages(questionnaire))


def agency_items(
    questionnaire: Questionnaire,
    answers: Answers,
    rating: Answers,
    block: str | None = None,
    *,
    undecided: Collection[str] = (),
) -> tuple[Item, ...]:
    """Give the items that are shown for one agency of a form that rates several.

    Parameters
    ----------
    questionnaire : the definition.
    answers : the common answers of the form.
    rating : the answers about this one agency; other agencies have no influence.
    block : code of the block that the form carries.
    undecided : as for `visible_items`; common items and those about the agency.
    """
    common = _Path(answers, block, undecided)
    common.walk(_common_pages(questionnaire))
    return common.branch(rating).walk(_agency_pages(questionnaire))


def prune(
    questionnaire: Questionnaire, answers: Answers, block: str | None = None
) -> dict[str, object]:
    """Drop answers of common items that are hidden now (a mind changed after going back).

    Keys that are no common item stay, for `check_answers` to tell. Pruning changes no visibility.
    """
    shown = {item.code for item in visible_items(questionnaire, answers, block)}
    return _without_hidden(answers, _common_pages(questionnaire), shown)


def prune_rating(
    questionnaire: Questionnaire, answers: Answers, rating: Answers, block: str | None = None
) -> dict[str, object]:
    """Drop answers about one agency that are hidden now; arguments as `agency_items`."""
    shown = {item.code for item in agency_items(questionnaire, answers, rating, block)}
    return _without_hidden(rating, _agency_pages(questionnaire), shown)


def chosen_codes(item: Item, value: object) -> frozenset[str]:
    """Give the option and missing codes that `value` ticks on `item`; none for a wrong type."""
    if item.kind == "choices" and isinstance(value, list | tuple):
        return frozenset(code for code in value if isinstance(code, str))
    if not isinstance(value, str):
        return frozenset()
    if item.kind == "choice" or value in MISSING_CODES:
        return frozenset({value})
    return frozenset()


def _common_pages(questionnaire: Questionnaire) -> tuple[Page, ...]:
    return tuple(page for page in questionnaire.pages if not page.per_agency)


def _agency_pages(questionnaire: Questionnaire) -> tuple[Page, ...]:
    return tuple(page for page in questionnaire.pages if page.per_agency)


def _without_hidden(answers: Answers, pages: Iterable[Page], shown: set[str]) -> dict[str, object]:
    hidden = {item.code for page in pages for item in page.items} - shown
    return {code: value for code, value in answers.items() if code not in hidden}


class _Path:
    """One way through the pages; conditions look at earlier items only, so one pass is enough."""

    def __init__(self, answers: Answers, block: str | None, undecided: Collection[str]) -> None:
        self.answers = answers
        self.block = block
        self.undecided = undecided
        #: Shown items with their answers; what was chosen is read where a condition asks for it.
        self.seen: dict[str, tuple[Item, object]] = {}
        #: Shown and undecided: every condition on these may hold.
        self.open: set[str] = set()

    def branch(self, answers: Answers) -> "_Path":
        """Go on with other answers, knowing what was seen so far."""
        path = _Path(answers, self.block, self.undecided)
        path.seen, path.open = dict(self.seen), set(self.open)
        return path

    def walk(self, pages: Iterable[Page]) -> tuple[Item, ...]:
        """Give the visible items of `pages`, and remember what was answered on them."""
        shown = []
        for page in pages:
            if page.block is not None and page.block != self.block:
                continue
            if not self._holds(page.show_if):
                continue
            for item in page.items:
                if self._holds(item.show_if):
                    shown.append(item)
                    if item.code in self.undecided:
                        self.open.add(item.code)
                    self.seen[item.code] = (item, self.answers.get(item.code))
        return tuple(shown)

    def _holds(self, conditions: Sequence[Condition]) -> bool:
        return not conditions or all(self._is_met(condition) for condition in conditions)

    def _is_met(self, condition: Condition) -> bool:
        if condition.item in self.open:
            return True
        seen = self.seen.get(condition.item)
        return seen is not None and not chosen_codes(*seen).isdisjoint(condition.any_of)
