"""One measured number with what is needed to read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table: what was measured, how much, in which unit, under which conditions."""

    name: str
    value: float
    unit: str
    notes: str = ""


def middle(name: str, runs: Sequence[float], unit: str, notes: str = "") -> Figure:
    """Return the median of several runs, with their range."""
    spread = f"median of {len(runs)} runs, {min(runs):.4g} to {max(runs):.4g}"
    return Figure(name, median(runs), unit, "; ".join(filter(None, (spread, notes))))
