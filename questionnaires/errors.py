"""Faults of definitions and methods: where, which rule, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class DefinitionRule(StrEnum):
    """Rules for questionnaire files; a code is never used for another rule."""

    SYNTAX = "DEF-001"
    UNKNOWN_KEY = "DEF-002"
    MISSING_KEY = "DEF-003"
    WRONG_TYPE = "DEF-004"
    NOT_ALLOWED = "DEF-005"
    BAD_CODE = "DEF-006"
    DUPLICATE = "DEF-007"
    OPTION_IS_MISSING_CODE = "DEF-008"
    UNKNOWN_SCALE = "DEF-009"
    LANGUAGE = "DEF-010"
    FEW_OPTIONS = "DEF-011"
    CONDITION_UNKNOWN_ITEM = "DEF-012"
    CONDITION_LATER_ITEM = "DEF-013"
    CONDITION_UNKNOWN_OPTION = "DEF-014"
    CONDITION_OUT_OF_REACH = "DEF-015"
    PER_AGENCY = "DEF-016"
    NO_ITEMS = "DEF-017"
    BLOCK = "DEF-018"
    EXCLUSIVE = "DEF-019"
    LIMITS = "DEF-020"
    POINTS_WITHOUT_PERCENT = "DEF-021"
    PERCENT_RANGE = "DEF-022"
    SCORE_ORDER = "DEF-023"
    KEY_FOR_OTHER_KIND = "DEF-024"
    MAX_CHOICES = "DEF-025"
    NOT_POSITIVE = "DEF-026"


class MethodRule(StrEnum):
    """Rules for method files beyond those that all definition files share."""

    ITEMS_OR_COUNT = "METHOD-001"
    COUNT_DIFFERS = "METHOD-002"
    WEIGHTS = "METHOD-003"
    POOLING = "METHOD-004"
    MEASURE = "METHOD-005"
    OTHER_QUESTIONNAIRE = "METHOD-006"
    UNKNOWN_ITEM = "METHOD-007"
    ITEM_WITHOUT_SCORES = "METHOD-008"
    ITEM_LEFT_OUT = "METHOD-009"
    NO_ITEMS_NAMED = "METHOD-010"
    SATISFIED_NOT_AN_OPTION = "METHOD-011"


@dataclass(frozen=True, slots=True)
class DefinitionProblem:
    """One fault; `message` and `fix` are Vietnamese sentences for the official who mends it."""

    file: str
    place: str
    rule: DefinitionRule | MethodRule
    message: str
    fix: str

    def __str__(self) -> str:
        """Give one line: code, file, place, what is wrong, what to do."""
        where = f"{self.file}, {self.place}" if self.place else self.file
        return f"[{self.rule.value}] {where}: {self.message} {self.fix}"


class DefinitionError(ValueError):
    """A questionnaire or method file is refused; `problems` lists all faults found."""

    def __init__(self, problems: Iterable[DefinitionProblem]) -> None:
        """Keep the problems in the order of the file."""
        self.problems: tuple[DefinitionProblem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class MethodError(ValueError):
    """A method is asked for something that it does not define; names argument and value."""


class UnansweredItemError(MethodError):
    """A composite that the method leaves empty, because `items` have no answer."""

    def __init__(self, target: str, items: Iterable[str]) -> None:
        """Name the composite and the items without answers."""
        self.target = target
        self.items: tuple[str, ...] = tuple(items)
        super().__init__(f"target={target!r}: no valid answer to {', '.join(self.items)}")
