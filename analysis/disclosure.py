"""What may be shown: thresholds on bases, and further cells hidden so that none can be solved for.

A cell is a number that would be printed (a share in a table, a point in a chart), written as a
count out of a base. Margins connect cells: the whole is the sum of its domains, a composite the
sum of its items. Whoever subtracts the shown cells of a margin from its total knows the sum of the
hidden ones; so a hidden cell is safe only if the equations leave it at least one count of play and
the hidden cells of a margin together reach the threshold.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import linprog

from analysis.errors import AnalysisError

Key = Hashable
Rule = Literal["base", "sensitive", "distribution", "complementary", "earlier"]

MINIMUM_BASE = 10
MINIMUM_SENSITIVE = 3
MINIMUM_DISTRIBUTION = 30

#: A hidden count is known if the equations leave it less play than this.
PLAY = 1.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a table.

    Attributes
    ----------
    base : valid answers behind it. value : the number as a count out of the base, 0 to base.
    answers : of a sensitive item or a distribution, the counts of every answer shown.
    sensitive : bribery, trouble, ethnicity: every answer shown 0 or at least 3 times.
    distribution : shown over answer codes: needs a base of 30.
    """

    base: float
    value: float
    answers: tuple[int, ...] = ()
    sensitive: bool = False
    distribution: bool = False


@dataclass(frozen=True, slots=True)
class Margin:
    """A total that is the (weighted) sum of parts: whole and domains, composite and items."""

    total: Key
    parts: tuple[Key, ...]
    weights: tuple[float, ...] = ()


def withheld(cell: Cell) -> Rule | None:
    """Name the rule by which a cell is hidden for itself, or None.

    Examples
    --------
    >>> withheld(Cell(base=9, value=9))
    'base'
    >>> withheld(Cell(base=40, value=2, answers=(2, 38), sensitive=True))
    'sensitive'
    """
    if cell.base < MINIMUM_BASE:
        return "base"
    shown = cell.answers or (cell.value, cell.base - cell.value)
    if cell.sensitive and any(0 < count < MINIMUM_SENSITIVE for count in shown):
        return "sensitive"
    if cell.distribution and cell.base < MINIMUM_DISTRIBUTION:
        return "distribution"
    return None


def suppressed(
    cells: Mapping[Key, Cell], margins: Sequence[Margin], earlier: Collection[Key] = ()
) -> dict[Key, Rule]:
    """Choose the cells to hide, each with its rule.

    Parameters
    ----------
    cells : every cell that would be shown, in all linked tables.
    margins : every equation between them.
    earlier : cells hidden in an earlier release of the same tables; they stay hidden.

    Returns
    -------
    dict of hidden cells: first those hidden for themselves, then the smallest further ones
    (ties by the order of `cells`) until no hidden cell can be solved for.
    """
    for margin in margins:
        _check(margin, cells)
    hidden: dict[Key, Rule] = {}
    for key, cell in cells.items():
        rule = withheld(cell)
        if rule is not None:
            hidden[key] = rule
        elif key in earlier:
            hidden[key] = "earlier"
    order = {key: i for i, key in enumerate(cells)}
    while True:
        found = exposed(cells, margins, hidden)
        further = _further(cells, margins, hidden, found, order)
        if further is None:
            return hidden
        hidden[further] = "complementary"


def exposed(
    cells: Mapping[Key, Cell], margins: Sequence[Margin], hidden: Collection[Key]
) -> list[Key]:
    """Find hidden cells that the shown ones give away.

    A cell is given away if the margins leave its count less than one count of play (linear
    program over all counts that fit), or if it lies in a margin with a shown total whose hidden
    parts have a base below the threshold. A cell without answers has nothing to give away.
    """
    place = {key: i for i, key in enumerate(key for key in cells if key in hidden)}
    if not place:
        return []
    thin = {key for margin in margins for key in _thin(margin, cells, place)}
    rows, sides = _equations(cells, margins, place)
    bounds = [(0.0, float(cells[key].base)) for key in place]
    connected = {key for key, i in place.items() if rows.shape[0] and np.any(rows[:, i])}
    found = []
    for key, i in place.items():
        if cells[key].base == 0:  # there is nobody whose answer could be learned
            continue
        if key in thin or (key in connected and _play(rows, sides, bounds, i) < PLAY - 1e-6):
            found.append(key)
    return found


def _check(margin: Margin, cells: Mapping[Key, Cell]) -> None:
    unknown = [key for key in (margin.total, *margin.parts) if key not in cells]
    if unknown:
        raise AnalysisError("margins", unknown[0], "must name cells of the tables")
    if margin.weights and len(margin.weights) != len(margin.parts):
        raise AnalysisError("margins", len(margin.weights), "needs one weight per part")


def _further(
    cells: Mapping[Key, Cell],
    margins: Sequence[Margin],
    hidden: Collection[Key],
    found: Iterable[Key],
    order: Mapping[Key, int],
) -> Key | None:
    """Choose the smallest shown part of a margin of an exposed cell, else that margin's total."""
    for key in found:
        parts, totals = set(), set()
        for margin in margins:
            if key in (margin.total, *margin.parts):
                parts |= {part for part in margin.parts if part not in hidden}
                totals |= {margin.total} - set(hidden)
        for choice in (parts, totals):
            if choice:
                return min(choice, key=lambda k: (cells[k].base, order[k]))
    return None


def _thin(margin: Margin, cells: Mapping[Key, Cell], hidden: Collection[Key]) -> list[Key]:
    parts = [part for part in margin.parts if part in hidden]
    if margin.total in hidden or not parts:
        return []
    together = sum(cells[part].base for part in parts)
    return parts if together < MINIMUM_BASE else []


def _equations(
    cells: Mapping[Key, Cell], margins: Sequence[Margin], place: Mapping[Key, int]
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], list[float]]:
    """Write what a reader knows: one equation per margin in the hidden counts."""
    rows, sides = [], []
    for margin in margins:
        row, side = np.zeros(len(place)), 0.0
        weights = margin.weights or (1.0,) * len(margin.parts)
        for key, weight in ((margin.total, -1.0), *zip(margin.parts, weights, strict=True)):
            if key in place:
                row[place[key]] += weight
            else:
                side -= weight * cells[key].value
        if row.any():
            rows.append(row)
            sides.append(side)
    return (np.stack(rows) if rows else np.zeros((0, len(place)))), sides


def _play(
    rows: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    sides: list[float],
    bounds: list[tuple[float, float]],
    place: int,
) -> float:
    """Width of the range that the equations leave to one hidden count."""
    ends = []
    for sign in (1.0, -1.0):
        aim = np.zeros(rows.shape[1])
        aim[place] = sign
        solved = linprog(aim, A_eq=rows, b_eq=sides, bounds=bounds, method="highs")
        if solved.x is None:  # rounded inputs that contradict one another give nothing away
            return np.inf
        ends.append(float(solved.x[place]))
    return ends[1] - ends[0]
