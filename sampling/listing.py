"""The rows of a sample: who, in which role and order, with which probability and weight."""

from collections.abc import Iterator
from dataclasses import dataclass

from sampling.types import Draw

#: Column names of sample.csv.
COLUMNS = ("unit_id", "stratum", "role", "order", "inclusion_probability", "design_weight")


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One line of a sample.

    Attributes
    ----------
    role : "main", "reserve" or "recheck" (repeats a main unit).
    order : from 1 within stratum and role.
    design_weight : 1/π; None for a reserve unit, whose weight depends on how many are released.
    """

    unit_id: str
    stratum: str
    role: str
    order: int
    inclusion_probability: float
    design_weight: float | None


def sample_rows(drawn: Draw) -> Iterator[SampleRow]:
    """List main units, then the reserve, then the re-check, each by stratum and in order.

    The probability of a re-check row is that of its main unit times the re-checked share of
    its cell.
    """
    main: dict[str, tuple[str, float]] = {}
    for part in drawn.strata:
        pairs = zip(part.main, part.main_probability, strict=True)
        for order, (unit, pi) in enumerate(pairs, 1):
            main[unit] = part.stratum, pi
            yield SampleRow(unit, part.stratum, "main", order, pi, 1 / pi)
    for part in drawn.strata:
        pairs = zip(part.reserve, part.reserve_probability, strict=True)
        for order, (unit, pi) in enumerate(pairs, 1):
            yield SampleRow(unit, part.stratum, "reserve", order, pi, None)
    for cell in drawn.recheck:
        asked = len(cell.chosen) + len(cell.replacements)
        for order, unit in enumerate(cell.chosen, 1):
            stratum, pi = main[unit]
            both = pi * len(cell.chosen) / asked
            yield SampleRow(unit, stratum, "recheck", order, both, 1 / both)
