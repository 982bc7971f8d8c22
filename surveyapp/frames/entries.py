"""What a list becomes: entries of the frame, contacts for the vault, and the report."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from surveyapp.importers.table import Problems, TableProblem
from surveyapp.models import Frame

#: Joins the parts of a stratum key.
SEPARATOR = " | "


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


class ListReader(Protocol):
    """A list of one kind, checked when it is made."""

    problems: Problems

    def entries(self) -> Iterator[Entry]:
        """Give the entries of the frame."""

    def people(self) -> Iterator[Person]:
        """Give the persons once each."""

    def warnings(self) -> list[str]:
        """Say what an official should look at."""

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
    per stratum key; `problems` are the first ones of `problem_count`.
    """

    problems: tuple[TableProblem, ...] = ()
    problem_count: int = 0
    warnings: tuple[str, ...] = ()
    rows: int = 0
    persons: int = 0
    strata: dict[str, int] = field(default_factory=dict)
    few: tuple[FewTransactions, ...] = ()
    frame: Frame | None = None

    @property
    def is_good(self) -> bool:
        """Whether the list can be stored."""
        return self.problem_count == 0
