"""What may be shown: thresholds on bases, and further cells hidden so that none can be solved for.

A cell is a number that would be printed (a share in a table, a point in a chart), written as a
count out of a base. Margins connect cells: the whole is the sum of its domains, a composite the
sum of its items. Whoever subtracts the shown cells of a margin from its total knows the sum of the
hidden ones; so a hidden cell is safe only if all equations together leave it at least one count of
play and the hidden cells of a margin together reach the threshold.

The play of all hidden cells is audited together. What the equations determine alone is read off
by elimination; what one equation and the limits of its counts leave no play, off that equation.
For the rest, every solution of a linear program is a table that fits what is shown, so one
program widens the known range of many cells at once; a cell that stays narrow gets two programs
of its own. More play never goes away when further cells are hidden, so that each
cell is proved once (Fischetti & Salazar 2001, Management Science 47:1008, for the model).
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from analysis.errors import AnalysisError
from analysis.labels import Bools, Floats

Key = Hashable
Rule = Literal["base", "sensitive", "distribution", "complementary", "earlier"]

MINIMUM_BASE = 10
MINIMUM_SENSITIVE = 3
MINIMUM_DISTRIBUTION = 30

#: A hidden count is known if the equations leave it less play than this.
PLAY = 1.0
#: Linear programs of one audit; a cell not proved safe after so many counts as given away.
MOST_PROGRAMS = 200

_SLACK = 1e-6
_TIGHTENINGS = 8
_DETERMINED = 1e-9


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
    """A total that is the (weighted) sum of parts: whole and domains, composite and items.

    Attributes
    ----------
    weights : of the parts, in counts; none: all 1.
    same_people : the parts are answers of the same people (items of one composite), so that
        their bases do not add up.
    """

    total: Key
    parts: tuple[Key, ...]
    weights: tuple[float, ...] = ()
    same_people: bool = False


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
    (ties by the order of `cells`), one for every margin that gives a cell away, until no hidden
    cell can be solved for.
    """
    audit = _Audit(cells, margins)
    hidden: dict[Key, Rule] = {}
    for key, cell in cells.items():
        rule = withheld(cell)
        if rule is not None:
            hidden[key] = rule
        elif key in earlier:
            hidden[key] = "earlier"
    order = {key: i for i, key in enumerate(cells)}
    while True:
        further = _further(audit, hidden, audit.given_away(hidden), order)
        if not further:
            return hidden
        hidden |= dict.fromkeys(further, "complementary")


def exposed(
    cells: Mapping[Key, Cell], margins: Sequence[Margin], hidden: Collection[Key]
) -> list[Key]:
    """Find hidden cells that the shown ones give away.

    A cell is given away if the margins leave its count less than one count of play (over all
    counts between 0 and the base that fit), or if it lies in a margin with a shown total whose
    hidden parts have a base below the threshold. A cell without answers has nothing to give away.
    """
    return _Audit(cells, margins).given_away(hidden)


@dataclass(slots=True)
class _Audit:
    """The equations of all tables, and the hidden cells proved to be safe so far."""

    cells: Mapping[Key, Cell]
    margins: Sequence[Margin]
    safe: set[Key] = field(default_factory=set)
    column: dict[Key, int] = field(init=False)
    matrix: csr_array = field(init=False)
    of: dict[Key, list[Margin]] = field(init=False)
    #: Play that a cell needs: a count, or half of what it could be at all (a single answer).
    needed: dict[Key, float] = field(init=False)

    def __post_init__(self) -> None:
        self.column = {key: i for i, key in enumerate(self.cells)}
        self.of = {}
        reach = {key: float(cell.base) for key, cell in self.cells.items()}
        entries: list[tuple[float, int, int]] = []
        for row, margin in enumerate(self.margins):
            _check(margin, self.cells)
            weights = margin.weights or (1.0,) * len(margin.parts)
            for key, weight in ((margin.total, -1.0), *zip(margin.parts, weights, strict=True)):
                entries.append((weight, row, self.column[key]))
                self.of.setdefault(key, []).append(margin)
            parts = zip(margin.parts, weights, strict=True)
            most = sum(abs(weight) * self.cells[part].base for part, weight in parts)
            reach[margin.total] = min(reach[margin.total], most)
        self.needed = {key: min(PLAY, most / 2) for key, most in reach.items()}
        values, rows, columns = zip(*entries, strict=True) if entries else ((), (), ())
        self.matrix = csr_array(
            (np.array(values, np.float64), (np.array(rows, int), np.array(columns, int))),
            shape=(len(self.margins), len(self.cells)),
        )

    def given_away(self, hidden: Collection[Key]) -> list[Key]:
        """Return the hidden cells that the shown ones give away, in the order of the cells."""
        keys = [key for key in self.cells if key in hidden and self.cells[key].base > 0]
        thin = {key for margin in self.margins for key in self._thin(margin, hidden)}
        linked = [key for key in keys if key in self.of]
        system = self._system(linked)
        plain = thin | {
            k for k, free in zip(linked, _undetermined(system), strict=True) if not free
        }
        found = plain or self._narrow(linked, system)
        return [key for key in keys if key in found]

    def _system(self, keys: Sequence[Key]) -> csr_array:
        """Return the equations in these unknowns."""
        system = self.matrix[:, [self.column[key] for key in keys]]
        return system[np.diff(system.indptr) > 0]

    def _thin(self, margin: Margin, hidden: Collection[Key]) -> list[Key]:
        parts = [part for part in margin.parts if part in hidden and self.cells[part].base > 0]
        if margin.total in hidden or not parts:
            return []
        bases = [self.cells[part].base for part in parts]
        together = max(bases) if margin.same_people else sum(bases)
        spread = any(self.cells[part].distribution for part in parts)
        return parts if together < (MINIMUM_DISTRIBUTION if spread else MINIMUM_BASE) else []

    def _narrow(self, keys: Sequence[Key], system: csr_array) -> set[Key]:
        """Return the cells that the equations leave less play than a count."""
        value = np.array([self.cells[key].value for key in keys], np.float64)
        base = np.array([self.cells[key].base for key in keys], np.float64)
        proved = np.array([key in self.safe for key in keys], np.bool_)
        limits = np.stack([np.minimum(-value, 0.0), np.maximum(base - value, 0.0)], axis=1)
        needed = np.array([self.needed[key] for key in keys], np.float64)
        least = np.where(proved, 0.0, needed - _SLACK)
        outer = _tightened(system, limits)
        pinned = outer[:, 1] - outer[:, 0] < least
        if pinned.any():
            return {key for key, there in zip(keys, pinned, strict=True) if there}
        wide = _wide(system, outer, least)
        self.safe.update(key for key, ok in zip(keys, wide, strict=True) if ok)
        return {key for key, ok in zip(keys, wide | proved, strict=True) if not ok}


def _undetermined(system: csr_array) -> Bools:
    """Which unknowns the equations leave open, by elimination with the largest entry as pivot.

    No BLAS: its threads wait for one another on a busy machine, at a hundred small systems a
    second. An error of rounding either hides more or leaves the cell to the programs.
    """
    table = system.toarray()
    rows, k = table.shape
    free, below = np.ones(k, np.bool_), np.ones(rows, np.bool_)
    pivots: list[tuple[int, int]] = []
    while below.any() and k:
        entries = np.where(below[:, None], np.abs(table), 0.0)
        row, column = divmod(int(entries.argmax()), k)
        if entries[row, column] <= _DETERMINED:
            break
        table[row] /= table[row, column]
        below[row] = False
        pivots.append((row, column))
        others = np.flatnonzero(table[:, column])
        others = others[others != row]
        table[others] -= table[others, column][:, None] * table[row]
        table[others, column] = 0.0
    for row, column in pivots:
        free[column] = np.count_nonzero(np.abs(table[row]) > _DETERMINED) > 1
    return free


def _tightened(system: csr_array, limits: Floats) -> Floats:
    """Narrow the limits (k, 2) by each equation alone, again and again: never below the truth."""
    entry = system.tocoo()
    row, column, weight = entry.coords[0], entry.coords[1], entry.data
    low, high = limits[:, 0].copy(), limits[:, 1].copy()
    for _ in range(_TIGHTENINGS):
        ends = np.sort(np.stack([weight * low[column], weight * high[column]]), axis=0)
        sums = [np.bincount(row, end, minlength=system.shape[0])[row] for end in ends]
        others = np.stack([ends[1] - sums[1], ends[0] - sums[0]]) / weight
        np.maximum.at(low, column, others.min(axis=0))
        np.minimum.at(high, column, others.max(axis=0))
    return np.stack([np.minimum(low, 0.0), np.maximum(high, 0.0)], axis=1)


def _wide(system: csr_array, limits: Floats, needed: Floats) -> Bools:
    """Which unknowns have the play that they need; 0 where nothing is asked.

    Unknowns are departures from the true table, between `limits` (k, 2). The truth is the
    departure 0 and fits; so does every vertex that a program returns, and the range of a cell
    over all of them is play that it has. Directions of random signs come first, as long as they
    prove a cell; then the smallest and the largest value of one cell.
    """
    k = needed.size
    least, most = np.zeros(k), np.zeros(k)
    open_ = (needed > 0) & (limits[:, 1] - limits[:, 0] >= needed)
    signs = np.random.default_rng(k)
    programs, helped = 0, True
    while open_.any() and programs < MOST_PROGRAMS:
        one = int(np.flatnonzero(open_)[0])
        aim = np.zeros(k)
        if helped:
            aim[open_] = signs.choice([-1.0, 1.0], int(open_.sum()))
        else:
            aim[one] = 1.0
        for sign in (1.0, -1.0):
            found = _vertex(system, sign * aim, limits)
            least, most = np.minimum(least, found), np.maximum(most, found)
        programs += 2
        before = int(open_.sum())
        open_ &= most - least < needed
        if helped:
            helped = int(open_.sum()) < before
        else:
            open_[one] = False
    return (needed > 0) & (most - least >= needed)


def _vertex(system: csr_array, aim: Floats, limits: Floats) -> Floats:
    """Return a departure that fits all equations and is extreme in a direction."""
    solved = linprog(
        aim,
        A_eq=system if system.shape[0] else None,
        b_eq=np.zeros(system.shape[0]) if system.shape[0] else None,
        bounds=limits,
        method="highs-ds",
    )
    # a program that ends otherwise proves nothing, so that more stays hidden
    return np.zeros(aim.size) if solved.x is None else np.asarray(solved.x, dtype=np.float64)


def _check(margin: Margin, cells: Mapping[Key, Cell]) -> None:
    unknown = [key for key in (margin.total, *margin.parts) if key not in cells]
    if unknown:
        raise AnalysisError("margins", unknown[0], "must name cells of the tables")
    if margin.weights and len(margin.weights) != len(margin.parts):
        raise AnalysisError("margins", len(margin.weights), "needs one weight per part")


def _further(
    audit: _Audit, hidden: Mapping[Key, Rule], found: Sequence[Key], order: Mapping[Key, int]
) -> list[Key]:
    """Choose what else to hide: for each exposed cell the smallest shown part of its margins.

    A margin that a choice of this round touches already
    waits for the next round, so that nothing is hidden without need.
    """
    touched: set[int] = set()
    chosen: list[Key] = []
    # what protects already comes first, so that one agency protects with its whole row
    for key in sorted(found, key=lambda one: hidden[one] != "complementary"):
        margins = audit.of.get(key, [])
        if any(id(margin) in touched for margin in margins):
            continue
        choice = _choice(audit, margins, hidden)
        if choice:
            best = min(choice, key=lambda other: (choice[other], order[other]))
            chosen.append(best)
            touched |= {id(margin) for margin in (*margins, *audit.of[best])}
    return chosen


def _choice(
    audit: _Audit, margins: Sequence[Margin], hidden: Mapping[Key, Rule]
) -> dict[Key, tuple[bool, bool, float]]:
    """Return the shown cells of these margins, else of linked ones, the smallest the best.

    A count of a distribution goes before a share; a part that is 0 or all of its base gives
    others no play and goes last.
    """
    reached = {id(margin): margin for margin in margins}
    while True:
        found: dict[Key, tuple[bool, bool, float]] = {}
        for margin in reached.values():
            for key in (margin.total, *margin.parts):
                cell = audit.cells[key]
                if key not in hidden and cell.base > 0:
                    is_part = key != margin.total
                    flat = is_part and min(cell.value, cell.base - cell.value) < PLAY
                    found[key] = (not cell.distribution, flat, cell.base)
        keys = {key for margin in reached.values() for key in (margin.total, *margin.parts)}
        linked = {id(margin): margin for key in keys for margin in audit.of[key]}
        if found or len(linked) == len(reached):
            return found
        reached = linked
