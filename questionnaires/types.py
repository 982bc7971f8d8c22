"""The questionnaire as plain frozen values: options, items, pages, blocks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

#: One text per language code, NFC: {"vi": "...", "en": "..."}.
Text = Mapping[str, str]
Kind = Literal["choice", "choices", "number", "text"]
Rates = Literal["none", "one", "many"]

#: Left empty on a paper form; never offered on a screen.
BLANK = "blank"

#: The codes of an answer that is no opinion, with the words that people read.
MISSING_TEXTS: Mapping[str, Text] = {
    "dk": {"vi": "Tôi không rõ", "en": "I do not know"},
    "na": {"vi": "Không có việc này", "en": "Does not apply to me"},
    "refused": {"vi": "Không muốn trả lời", "en": "I prefer not to answer"},
    BLANK: {"vi": "Để trống", "en": "Left blank"},
}
MISSING_CODES: tuple[str, ...] = tuple(MISSING_TEXTS)

#: What a definition may offer; "blank" is left out, as only paper has it.
OFFERED_MISSING: tuple[str, ...] = tuple(code for code in MISSING_CODES if code != BLANK)

#: Whole numbers beyond this are not exact in every program that reads the data (2^53 - 1).
LARGEST_NUMBER = 9_007_199_254_740_991


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be ticked; `score` orders a scale, `percent` (0-100) values it."""

    code: str
    text: Text
    score: float | None = None
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """Options that several items share, in the order in which every mode shows them."""

    code: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds if the answer of `item` is, or contains, one of the codes `any_of`."""

    item: str
    any_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One question; `page`, `block` and `per_agency` say where it stands."""

    code: str
    kind: Kind
    text: Text
    page: str
    block: str | None = None
    per_agency: bool = False
    scale: str | None = None
    options: tuple[Option, ...] = ()
    help: Text | None = None
    label: Text | None = None
    missing: tuple[str, ...] = OFFERED_MISSING
    required: bool = False
    sensitive: bool = False
    max_points: float | None = None
    show_if: tuple[Condition, ...] = ()
    exclusive: tuple[str, ...] = ()
    max_choices: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None

    @property
    def option_codes(self) -> tuple[str, ...]:
        """Codes of the options in their order; missing codes are not among them."""
        return tuple(option.code for option in self.options)

    @property
    def short_text(self) -> Text:
        """The label for tables, or the whole text where no label is given."""
        return self.text if self.label is None else self.label

    def option(self, code: str) -> Option:
        """Give the option with this code; KeyError if there is none."""
        for option in self.options:
            if option.code == code:
                return option
        raise KeyError(f"item {self.code!r} has no option {code!r}")


@dataclass(frozen=True, slots=True)
class Page:
    """Items of one topic; only on forms with `block`, and per agency, if said so.

    With `together` they share one screen; else a screen has one question or one short group.
    """

    code: str
    title: Text
    items: tuple[Item, ...]
    block: str | None = None
    per_agency: bool = False
    show_if: tuple[Condition, ...] = ()
    together: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A part that only some of the forms carry."""

    code: str
    title: Text


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """A whole definition; `rates` says how many agencies one form is about."""

    code: str
    version: int
    languages: tuple[str, ...]
    respondents: tuple[str, ...]
    rates: Rates
    review: str
    title: Text
    purpose: Text
    scales: tuple[Scale, ...]
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """All items of all pages and blocks, in the order in which they are asked."""
        return tuple(self._each_item())

    @property
    def block_codes(self) -> tuple[str, ...]:
        """Codes of the blocks; empty if every form carries the same items."""
        return tuple(block.code for block in self.blocks)

    @property
    def has_conditions(self) -> bool:
        """Whether some items are asked after certain answers only."""
        return any(page.show_if or any(item.show_if for item in page.items) for page in self.pages)

    def _each_item(self) -> Iterator[Item]:
        for page in self.pages:
            yield from page.items

    def has_item(self, code: str) -> bool:
        """Say whether an item has this code."""
        return any(item.code == code for item in self._each_item())

    def item(self, code: str) -> Item:
        """Give the item with this code; KeyError if there is none."""
        for item in self._each_item():
            if item.code == code:
                return item
        raise KeyError(f"questionnaire {self.code!r} has no item {code!r}")

    def page(self, code: str) -> Page:
        """Give the page with this code; KeyError if there is none."""
        for page in self.pages:
            if page.code == code:
                return page
        raise KeyError(f"questionnaire {self.code!r} has no page {code!r}")
