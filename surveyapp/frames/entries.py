"""What a list becomes: entries of the frame, contacts for the vault, and the report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from surveyapp.frames.persons import Pair
from surveyapp.frames.rules import NoteRule
from surveyapp.importers.table import Problems, TableProblem
from surveyapp.models import Frame


@dataclass(frozen=True, slots=True)
class Entry:
    """One form that could be drawn; nothing in it names the person."""

    unit_code: str
    person_code: str
    stratum: str
    group_code: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Who stands behind a pseudonym; goes to the vault only."""

    person_code: str
    name: str
    phone: str
    address: str
    office: str


@dataclass(frozen=True, slots=True)
class Note:
    """What looks suspect in a list: the rule, the number it looks at, and a sentence."""

    rule: NoteRule
    number: float
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the rows of a list.

    `verdicts` are decisions on pairs of rows ("same", "different"); `sources` names the unit of
    each row where lists of several units were put together; `expected` and `sent` hold head-counts
    per unit and rater group, or the published numbers of files per agency.
    """

    verdicts: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[int, str] = field(default_factory=dict)
    expected: Mapping[tuple[str, str], int] = field(default_factory=dict)
    sent: Mapping[tuple[str, str], int] = field(default_factory=dict)


NOTHING_KNOWN = Context()


class ListReader(Protocol):
    """A list of one kind, checked when it is made."""

    problems: Problems

    def entries(self) -> Iterator[Entry]:
        """Give the entries of the frame."""

    def people(self) -> Iterator[Person]:
        """Give the persons once each."""

    def warnings(self) -> list[str]:
        """Say what an official should look at."""

    def notes(self) -> list[Note]:
        """Say what has to be confirmed before the list is frozen."""

    @property
    def pairs(self) -> list[Pair]:
        """Rows that may be one person."""

    def few(self) -> list["FewTransactions"]:
        """Name the agencies with too few rows."""


@dataclass(frozen=True, slots=True)
class FewTransactions:
    """An agency with fewer transactions than the plan's threshold: proposed for exclusion."""

    agency_code: str
    title: str
    count: int
    threshold: int


@dataclass(frozen=True, slots=True)
class FrameReport:
    """What an import did, or would do; with problems nothing is stored.

    `rows` counts the entries of the frame, `persons` the persons behind them, `strata` the entries
    per stratum key; `notes` have to be confirmed before the list is frozen; `pairs` are rows that
    may be one person; `problems` are the first ones of `problem_count`.
    """

    problems: tuple[TableProblem, ...] = ()
    problem_count: int = 0
    warnings: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    pairs: tuple[Pair, ...] = ()
    rows: int = 0
    persons: int = 0
    strata: dict[str, int] = field(default_factory=dict)
    few: tuple[FewTransactions, ...] = ()
    frame: Frame | None = None

    @property
    def is_good(self) -> bool:
        """Whether the list can be stored."""
        return self.problem_count == 0
