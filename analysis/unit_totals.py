"""Totals of sampling units by cell: designs of clusters, of several stages, of shared units.

A part of the data yields totals keyed by (stratum, PSU, later stages, cell); parts add by key, so
a PSU may be split over parts. Where one PSU holds several cells (a rater who rates many agencies)
the table keeps them side by side, and estimates of different cells have their joint covariance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from analysis.design import LonelyPsu, SurveyDesign, check_lonely, repeated_units
from analysis.errors import DesignError, MergeError
from analysis.labels import Bools, Floats, Ints, Labels, ranked, sum_by, united
from analysis.moments import Pairs, lonely_covariance, settled
from analysis.products import Products


@dataclass(frozen=True, slots=True)
class UnitTotals:
    """Weighted totals of the finest sampling units, by cell.

    Attributes
    ----------
    strata, cells : names, in code-point order. stages : names of the units per stage.
    lonely_psu : policy for strata with one unit.
    unit : (M, 1 + S) codes of stratum and of the unit at each stage, sorted.
    pop_size : (M, S) units in the parent at each stage, inf = unknown.
    entry_unit, entry_cell : (U,) row of `unit` and cell code (-1 = outside every domain).
    total : (U, F) weighted totals. count : (U, F) rows with a weighted feature other than 0.
    spread : (C + 1, Q) sums of w v v' per cell, last = outside; see `Products`.
    stage_left_out : units were drawn inside those of the last stage, out of an unknown number.
    """

    strata: tuple[str, ...]
    cells: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...]
    lonely_psu: LonelyPsu
    unit: Ints
    pop_size: Floats
    entry_unit: Ints
    entry_cell: Ints
    total: Floats
    count: Floats
    spread: Floats
    stage_left_out: bool = False

    @property
    def n_psu(self) -> Floats:
        """First-stage units per stratum, (H,)."""
        _, parent = _levels(self.unit)[0]
        return np.bincount(parent, minlength=len(self.strata)).astype(np.float64)

    @property
    def taken_whole(self) -> Bools:
        """Strata in which every unit of every stage is in the data, (H,)."""
        whole = np.full(len(self.strata), not self.stage_left_out)
        for stage, (_, parent) in enumerate(_levels(self.unit)):
            first, size = self._stage(stage)
            n = np.bincount(parent)[parent]
            partly = self.unit[first, 0][n < size]
            whole[partly] = False
        return whole

    @property
    def first_size(self) -> Floats:
        """First-stage units per stratum of the population, (H,), inf = unknown."""
        size = np.full(len(self.strata), np.inf)
        size[self.unit[:, 0]] = self.pop_size[:, 0]
        return size

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings that only show when all parts are there, Vietnamese sentences."""
        return repeated_units(self.unit[:, 0], self.unit[:, 1], self.stages[0])

    def check(self) -> None:
        """Refuse what only shows when all parts are there; as `ElementMoments.check`."""
        names: Sequence[str] = self.strata
        for stage, (_, parent) in enumerate(_levels(self.unit)):
            first, size = self._stage(stage)
            n = np.bincount(parent)
            of_parent = np.full(n.size, np.inf)
            of_parent[parent] = size
            varying = np.flatnonzero(of_parent[parent] != size)
            if varying.size:
                found = names[int(parent[varying[0]])]
                raise DesignError(f"pop_size[{stage}]", found, "must not vary within a stratum")
            small = np.flatnonzero(n > of_parent)
            if small.size:
                h = int(small[0])
                found = f"{names[h]}: {of_parent[h]:g} < {n[h]}"
                rule = "must not be smaller than the units in the data"
                raise DesignError(f"pop_size[{stage}]", found, rule)
            inner = stage > 0 and self.lonely_psu == "average"
            check_lonely(names, n, of_parent, "fail" if inner else self.lonely_psu)
            names = [" / ".join(self._path(row, stage)) for row in first]

    def _path(self, row: int, stage: int) -> list[str]:
        """Names of a unit and of its parents down to a stage."""
        columns = (self.strata, *self.stages)[: stage + 2]
        return [names[self.unit[row, i]] for i, names in enumerate(columns)]

    def pairs(self) -> Pairs:
        """Return the first moments by stratum and cell."""
        unit_psu, psu_stratum = _levels(self.unit)[0]
        width = len(self.cells) + 1
        psu = unit_psu[self.entry_unit]
        by_psu, place = np.unique(psu * width + self.entry_cell + 1, return_inverse=True)
        reached = (sum_by(place, self.count, by_psu.size) > 0).astype(np.float64)
        stratum = psu_stratum[by_psu // width]
        key, joint = np.unique(stratum * width + by_psu % width, return_inverse=True)
        entry = joint[place]
        return Pairs(
            key // width,
            key % width - 1,
            sum_by(entry, self.total, key.size),
            sum_by(entry, self.count, key.size),
            sum_by(joint, reached, key.size),
        )

    def merge(self, other: "UnitTotals") -> "UnitTotals":
        """Merge with the totals of other rows of the same survey."""
        if self._kind != other._kind:
            raise MergeError("moments", "another plan", "parts need the same design and measures")
        if self._has_entries_of(other):
            total, count = self.total + other.total, self.count + other.count
            return replace(self, total=total, count=count, spread=self.spread + other.spread)
        names, units = [], []
        for column, (mine, others) in enumerate(
            zip((self.strata, *self.stages), (other.strata, *other.stages), strict=True)
        ):
            joint, left, right = united(mine, others)
            names.append(joint)
            units.append(np.concatenate([left[self.unit[:, column]], right[other.unit[:, column]]]))
        cells, left, right = united(self.cells, other.cells)
        spread = np.zeros((len(cells) + 1, *self.spread.shape[1:]))
        spread[left] += self.spread
        spread[right] += other.spread
        return _grouped(
            _Names(names[0], cells, tuple(names[1:]), self.lonely_psu, self.stage_left_out),
            np.stack(units, axis=1),
            np.concatenate([self.pop_size, other.pop_size]),
            np.concatenate([self.entry_unit, other.entry_unit + self.unit.shape[0]]),
            np.concatenate([left[self.entry_cell], right[other.entry_cell]]),
            _Sums(
                np.concatenate([self.total, other.total]),
                np.concatenate([self.count, other.count]),
                spread,
            ),
        )

    def _has_entries_of(self, other: "UnitTotals") -> bool:
        """Tell whether both hold the same units in the same cells, as large parts do."""
        keys = ("unit", "pop_size", "entry_unit", "entry_cell")
        names = (self.strata, self.cells, self.stages) == (other.strata, other.cells, other.stages)
        return names and all(np.array_equal(getattr(self, k), getattr(other, k)) for k in keys)

    @property
    def _kind(self) -> tuple[object, ...]:
        """What parts of one survey have in common."""
        shape = self.total.shape[1], self.unit.shape[1]
        return (self.lonely_psu, self.stage_left_out, *shape)

    def reach(self, feature: int) -> tuple[Floats, Bools]:
        """Units that two cells share, and the strata of each cell; as `ElementMoments.reach`."""
        unit_psu, psu_stratum = _levels(self.unit)[0]
        size = len(self.cells)
        given = np.zeros((psu_stratum.size, size + 1))
        used = self.count[:, feature] > 0
        psu = unit_psu[self.entry_unit[used]]
        inside = self.entry_cell[used] >= 0
        given[psu[inside], self.entry_cell[used][inside]] = 1.0
        given[psu, size] = 1.0
        held = sum_by(psu_stratum, given, len(self.strata)).T > 0
        return given.T @ given, np.asarray(held, dtype=np.bool_)

    def collapsed(self) -> "UnitTotals":
        """Return the totals of the whole, as a single cell."""
        spread = np.zeros((2, *self.spread.shape[1:]))
        spread[0] = self.spread.sum(axis=0)
        whole = replace(self, cells=("",), spread=spread)
        return _regrouped(whole, np.zeros(self.entry_cell.size, np.int64))

    def by_stratum(self) -> "UnitTotals":
        """Return the totals with the strata as cells (without `spread`)."""
        spread = np.zeros((len(self.strata) + 1, *self.spread.shape[1:]))
        layered = replace(self, cells=self.strata, spread=spread)
        return _regrouped(layered, self.unit[self.entry_unit, 0])

    def variance(self, gradient: Floats, *, fpc: bool = True) -> Floats:
        """Variances of the linearised estimates; as `ElementMoments.variance`."""
        result, gross = np.zeros((2, *gradient.shape[:2]))
        for c in range(gradient.shape[0]):
            mine = self.entry_cell == c
            z = sum_by(self.entry_unit[mine], self.total[mine] @ gradient[c].T, self.unit.shape[0])
            held = np.zeros(len(self.strata), np.bool_)
            held[self.unit[self.entry_unit[mine], 0]] = True
            near = held[self.unit[:, 0]]  # units of other strata add nothing
            holds = np.repeat(held[:, None], z.shape[1], axis=1)
            part = replace(self, unit=self.unit[near], pop_size=self.pop_size[near])
            result[c] = np.diagonal(part._covariance(z[near], holds, fpc=fpc))
            gross[c] = np.sum((np.abs(self.total[mine]) @ np.abs(gradient[c]).T) ** 2, axis=0)
        return settled(result, gross)

    def covariance(self, gradient: Floats, *, fpc: bool = True) -> Floats:
        """Joint covariance over several cells; as `ElementMoments.covariance`."""
        g = gradient[:, self.entry_cell, :]
        part = np.einsum("euf,uf->ue", g, self.total)
        z = sum_by(self.entry_unit, part, self.unit.shape[0])
        used = np.any(g != 0, axis=2).T.astype(np.float64)
        stratum = self.unit[self.entry_unit, 0]
        return self._covariance(z, sum_by(stratum, used, len(self.strata)) > 0, fpc=fpc)

    def gross(self, gradient: Floats) -> Floats:
        """Size against which a variance counts as 0; as `ElementMoments.gross`."""
        part = np.einsum("euf,uf->eu", np.abs(gradient[:, self.entry_cell]), np.abs(self.total))
        return np.asarray(np.sum(part**2, axis=1))

    def _covariance(self, z: Floats, holds: Bools, *, fpc: bool) -> Floats:
        """Sum the variance of every stage: first stage + f (second stage + f (...))."""
        result = np.zeros((z.shape[1], z.shape[1]))
        share = np.ones(len(self.strata))  # product of the sampling fractions above
        for stage, (unit_of, parent) in enumerate(_levels(self.unit)):
            if stage > 0 and not fpc:
                break
            _, size = self._stage(stage)
            size = size if fpc else np.full(size.size, np.inf)
            sums = sum_by(unit_of, z, parent.size)
            n = np.bincount(parent, minlength=share.size).astype(np.float64)
            fraction = np.zeros(share.size)
            fraction[parent] = n[parent] / size
            keep = np.maximum(1 - fraction, 0.0)
            factor = np.divide(share * keep * n, n - 1, out=np.zeros_like(n), where=n > 1)
            level = sum_by(parent, sums, share.size) / np.maximum(n, 1)[:, None]
            away = sums - level[parent]
            result += (away * factor[parent][:, None]).T @ away
            if stage == 0:
                result = self._first_stage_lonely(result, level, holds, n, keep)
            share = (share * fraction)[parent]
        return result

    def _first_stage_lonely(
        self, result: Floats, level: Floats, holds: Bools, n: Floats, keep: Floats
    ) -> Floats:
        size = np.divide(n, 1 - keep, out=np.full(n.size, np.inf), where=keep < 1)
        lonely = check_lonely(self.strata, n, size, self.lonely_psu)
        if not lonely.any():
            return result
        total = level * n[:, None]
        return lonely_covariance(result, total, holds, n, keep * lonely, self.lonely_psu)

    def _stage(self, stage: int) -> tuple[Ints, Floats]:
        """First row of each unit of a stage, and the population size of its parent."""
        unit_of, _ = _levels(self.unit)[stage]
        first = np.unique(unit_of, return_index=True)[1]
        return first, self.pop_size[first, stage]


@dataclass(frozen=True, slots=True)
class _Names:
    strata: tuple[str, ...]
    cells: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...]
    lonely_psu: LonelyPsu
    stage_left_out: bool


@dataclass(frozen=True, slots=True)
class _Sums:
    total: Floats
    count: Floats
    spread: Floats


def unit_totals(
    design: SurveyDesign, features: Floats, cells: Labels, products: Products
) -> UnitTotals:
    """Reduce the rows of a design with sampling units to totals of units by cell.

    Parameters
    ----------
    design : design of the rows, with at least one stage.
    features : (n, F) features of the rows.
    cells : domain of each row, -1 = outside every domain.
    products : the products of which `spread` keeps the sums.
    """
    layout, entry = unit_layout(design, cells)
    size = layout.entry_unit.size
    total, count = np.zeros((2, size, features.shape[1]))
    for f, feature in enumerate(features.T):
        weighted = design.weight * feature
        total[:, f] = np.bincount(entry, weighted, size)
        count[:, f] = np.bincount(entry, weighted != 0, size)
    spread = _spread(design.weight, features, cells, products)
    return replace(layout, total=total, count=count, spread=spread)


def unit_layout(design: SurveyDesign, cells: Labels) -> tuple[UnitTotals, Ints]:
    """Return the units and entries of a design, without totals, and the entry of each row."""
    unit_of = design.unit_keys()[-1]
    first = np.empty(int(unit_of.max()) + 1, np.int64)
    first[unit_of[::-1]] = np.arange(design.n)[::-1]  # the last one written is the first row
    codes = [design.strata.code, *(stage.code for stage in design.stages)]
    size = np.full((first.size, len(design.stages)), np.inf)
    for stage, column in enumerate(design.pop_size):
        size[:, stage] = column[first]
    width = len(cells.names) + 1
    key, entry = ranked(unit_of * width + cells.code + 1, first.size * width)
    nothing = np.zeros((0, 0))
    layout = UnitTotals(
        design.strata.names,
        cells.names,
        tuple(stage.names for stage in design.stages),
        design.lonely_psu,
        np.stack([code[first] for code in codes], axis=1),
        size,
        key // width,
        key % width - 1,
        nothing,
        nothing,
        nothing,
        design.stage_left_out,
    )
    return layout, entry


def _spread(weight: Floats, features: Floats, cells: Labels, products: Products) -> Floats:
    """Sum w v v' over the rows of each cell, last = outside."""
    result = np.zeros((len(cells.names) + 1, products.first.size))
    order = np.argsort(cells.code, kind="stable")
    ordered = cells.code[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    columns = features.T[:, order]
    weighted = columns * weight[order]
    for start, stop in pairwise([*starts.tolist(), ordered.size]):
        one = weighted[:, start:stop] @ columns[:, start:stop].T
        result[ordered[start]] = products.of(one)
    return result


def _grouped(
    names: _Names, unit: Ints, pop_size: Floats, entry: Ints, cell: Ints, sums: _Sums
) -> UnitTotals:
    """Join equal units and equal (unit, cell) entries."""
    key = _keys(unit)[-1]
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    differs = np.flatnonzero((pop_size != pop_size[first][place]).any(axis=1))
    if differs.size:
        found = names.strata[int(unit[differs[0], 0])]
        raise DesignError("pop_size", found, "must be the same in every part")
    table = UnitTotals(
        names.strata,
        names.cells,
        names.stages,
        names.lonely_psu,
        unit[first],
        pop_size[first],
        place[entry].astype(np.int64),
        cell,
        sums.total,
        sums.count,
        sums.spread,
        names.stage_left_out,
    )
    return _regrouped(table, cell)


def _regrouped(table: UnitTotals, cell: Ints) -> UnitTotals:
    width = len(table.cells) + 1
    key, joint = ranked(table.entry_unit * width + cell + 1, table.unit.shape[0] * width)
    return replace(
        table,
        entry_unit=key // width,
        entry_cell=key % width - 1,
        total=sum_by(joint, table.total, key.size),
        count=sum_by(joint, table.count, key.size),
    )


def _keys(unit: Ints) -> list[Ints]:
    """Return per column one integer per row that names the unit within all its parents."""
    keys = [unit[:, 0]]
    for column in unit.T[1:]:
        joint = keys[-1] * (int(column.max(initial=0)) + 1) + column
        keys.append(np.unique(joint, return_inverse=True)[1].astype(np.int64))
    return keys


def _levels(unit: Ints) -> list[tuple[Ints, Ints]]:
    """Return per stage (unit of each row, parent of each unit)."""
    keys = _keys(unit)
    levels = []
    for above, here in pairwise(keys):
        first = np.unique(here, return_index=True)[1]
        levels.append((here, above[first]))
    return levels
