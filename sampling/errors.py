"""Refusals of the sampling package: each names the argument, the value and the rule."""

from collections.abc import Sequence
from dataclasses import dataclass


class SamplingError(ValueError):
    """A request that the sampling package refuses."""


class ArgumentError(SamplingError):
    """A value outside its range.

    Attributes
    ----------
    argument : name of the argument.
    value : what was given.
    rule : what is allowed.
    """

    def __init__(self, argument: str, value: object, rule: str) -> None:
        """Name the argument, the value and the rule."""
        super().__init__(f"{argument}={value!r}: {rule}")
        self.argument = argument
        self.value = value
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a frame or in a plan, as a value: many are shown together.

    `code` is searchable; `row` counts the units of the frame from 0 (None: the whole file);
    `message` says in Vietnamese where and which rule, `fix` what to do.
    """

    code: str
    message: str
    fix: str = ""
    row: int | None = None
    column: str = ""


class ProblemsError(SamplingError):
    """Faults of a file, all together; `total` counts those that `problems` leaves out too."""

    def __init__(self, problems: Sequence[Problem], total: int | None = None) -> None:
        """Keep the problems; the text shows the first."""
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        super().__init__(f"{self.total} problem(s), the first: {self.problems[0].message}")


class FrameError(ProblemsError):
    """A list that no sample can be drawn from."""


class PlanError(ProblemsError):
    """A plan that cannot be understood or contradicts itself."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A request above what a stratum (or, with `stratum` empty, the whole list) can give.

    `constraint` is the binding one: "pop_size" (too few units), "minimum" (the minima ask for
    more than the total), "maximum" (the maxima allow less than the total).
    """

    stratum: str
    wanted: int
    available: int
    constraint: str


class InfeasibleAllocationError(SamplingError):
    """An allocation that cannot be met: `shortfalls` name every binding constraint.

    The choices are to lower the request with a reason ("lower") or, where a list is too short,
    to take everyone ("census").
    """

    choices = ("lower", "census")

    def __init__(self, shortfalls: Sequence[Shortfall]) -> None:
        """Keep the shortfalls; the text names all of them."""
        self.shortfalls = tuple(shortfalls)
        text = "; ".join(
            f"{s.stratum or 'whole frame'}: wanted {s.wanted}, available {s.available}"
            f" ({s.constraint})"
            for s in self.shortfalls
        )
        super().__init__(f"allocation cannot be met: {text}")


class UnsupportedMethodError(SamplingError):
    """A method that is named in the plan format but not drawn by this version."""

    def __init__(self, argument: str, value: str) -> None:
        """Name the argument and the method."""
        super().__init__(f"{argument}={value!r} is not supported yet")
        self.argument = argument
        self.value = value


class WitnessError(SamplingError):
    """A witnessed draw that does not hold.

    Attributes
    ----------
    rule : which rule is broken, one of `witness.RULES`.
    place : where in the announcement or in the protocol.
    found, expected : what stands there, and what should.
    """

    def __init__(self, rule: str, place: str, found: object, expected: object = "") -> None:
        """Name the rule, the place and the value."""
        super().__init__(f"{place}={found!r}: {rule}, expected {expected!r}")
        self.rule = rule
        self.place = place
        self.found = found
        self.expected = expected
