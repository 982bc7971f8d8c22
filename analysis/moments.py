"""Moments of an element design: per stratum and cell n, mean, centred second moments.

A cell is a domain of one breakdown (for example an agency). Parts of the data merge in any order
(Chan, Golub & LeVeque 1983); variances of every measure follow without the rows.
"""

from dataclasses import dataclass, replace

import numpy as np

from analysis.design import LonelyPsu, SurveyDesign, check_lonely
from analysis.errors import DesignError, MergeError, NegativeVarianceError
from analysis.labels import Bools, Floats, Ints, Labels, sum_by, united
from analysis.products import Products

#: A variance below this share of its gross size is rounding, and counts as zero.
ZERO_VARIANCE = 1e-10


@dataclass(frozen=True, slots=True)
class Pairs:
    """First moments by stratum and cell (P pairs that hold at least one row).

    Attributes
    ----------
    stratum, cell : (P,) codes; cell -1 = outside every domain.
    total : (P, F) weighted totals. count : (P, F) rows where the weighted feature is not 0.
    psu : (P, F) sampling units with at least one such row.
    """

    stratum: Ints
    cell: Ints
    total: Floats
    count: Floats
    psu: Floats


@dataclass(frozen=True, slots=True)
class ElementMoments:
    """Moments of the weighted features of an element design, by stratum and cell.

    Attributes
    ----------
    strata, cells : names, in code-point order.
    pop_size : (H,) elements in each stratum of the population, inf = unknown.
    lonely_psu : policy for strata with one element.
    pair_stratum, pair_cell : (P,) codes; cell -1 = outside every domain.
    n : (P,) rows. mean : (P, F). m2 : (P, Q) sums of products about the mean.
    count : (P, F) rows with a weighted feature other than 0.
    spread : (C + 1, Q) sums of w v v' per cell, last = outside.
    products : which products are kept.
    """

    strata: tuple[str, ...]
    cells: tuple[str, ...]
    pop_size: Floats
    lonely_psu: LonelyPsu
    pair_stratum: Ints
    pair_cell: Ints
    n: Floats
    mean: Floats
    m2: Floats
    count: Floats
    spread: Floats
    products: Products

    @property
    def n_psu(self) -> Floats:
        """Sampling units per stratum, (H,)."""
        return sum_by(self.pair_stratum, self.n, len(self.strata))

    @property
    def taken_whole(self) -> Bools:
        """Strata in which every unit of the population is in the data, (H,)."""
        return np.asarray(self.n_psu >= self.pop_size, dtype=np.bool_)

    @property
    def first_size(self) -> Floats:
        """Units per stratum of the population, (H,), inf = unknown."""
        return self.pop_size

    def check(self) -> None:
        """Refuse what only shows when all parts are there.

        Raises
        ------
        DesignError : a population smaller than the elements found.
        LonelyPsuError : a stratum with one element under ``fail``.
        """
        small = np.flatnonzero(self.n_psu > self.pop_size)
        if small.size:
            h = int(small[0])
            found = f"{self.strata[h]}: {self.pop_size[h]:g} < {self.n_psu[h]:g}"
            rule = "must not be smaller than the units in the data"
            raise DesignError("pop_size[0]", found, rule)
        check_lonely(self.strata, self.n_psu, self.pop_size, self.lonely_psu)

    def pairs(self) -> Pairs:
        """Return the first moments."""
        total = self.mean * self.n[:, None]
        return Pairs(self.pair_stratum, self.pair_cell, total, self.count, self.count)

    def merge(self, other: "ElementMoments") -> "ElementMoments":
        """Merge with the moments of other rows of the same survey."""
        if self.lonely_psu != other.lonely_psu or self.m2.shape[1] != other.m2.shape[1]:
            raise MergeError("moments", "another plan", "parts need the same design and measures")
        strata, left, right = united(self.strata, other.strata)
        cells, left_cell, right_cell = united(self.cells, other.cells)
        pop_size = _one_pop_size(strata, (self, left), (other, right))
        stratum = np.concatenate([left[self.pair_stratum], right[other.pair_stratum]])
        cell = np.concatenate([left_cell[self.pair_cell], right_cell[other.pair_cell]])
        spread = np.zeros((len(cells) + 1, *self.spread.shape[1:]))
        spread[left_cell] += self.spread
        spread[right_cell] += other.spread
        both = ElementMoments(
            strata,
            cells,
            pop_size,
            self.lonely_psu,
            stratum,
            cell,
            np.concatenate([self.n, other.n]),
            np.concatenate([self.mean, other.mean]),
            np.concatenate([self.m2, other.m2]),
            np.concatenate([self.count, other.count]),
            spread,
            self.products,
        )
        return both.regrouped(cell)

    def regrouped(self, cell: Ints) -> "ElementMoments":
        """Join the pairs that fall together when pair p belongs to `cell[p]` (names stay)."""
        width = len(self.cells) + 1
        key, joint = np.unique(self.pair_stratum * width + cell + 1, return_inverse=True)
        n = sum_by(joint, self.n, key.size)
        mean = sum_by(joint, self.mean * self.n[:, None], key.size) / n[:, None]
        away = self.mean - mean[joint]
        between = self.n[:, None] * self.products.outer(away)
        return replace(
            self,
            pair_stratum=key // width,
            pair_cell=key % width - 1,
            n=n,
            mean=mean,
            m2=sum_by(joint, self.m2 + between, key.size),
            count=sum_by(joint, self.count, key.size),
        )

    def reach(self, feature: int) -> tuple[Floats, Bools]:
        """Units that two cells share, and the strata of each cell.

        Returns
        -------
        (C + 1, C + 1) units with the feature in both cells and (C + 1, H), the whole last.
        """
        size = len(self.cells)
        count = np.zeros((size + 1, len(self.strata)))
        inside = self.pair_cell >= 0
        place = self.pair_cell[inside], self.pair_stratum[inside]
        count[place] = self.count[inside, feature]
        count[size] = sum_by(self.pair_stratum, self.count[:, feature], len(self.strata))
        units = np.diag(count.sum(axis=1))
        units[size, :] = units[:, size] = count.sum(axis=1)
        return units, count > 0

    def collapsed(self) -> "ElementMoments":
        """Return the moments of the whole, as a single cell."""
        whole = replace(self, cells=("",), spread=_whole_spread(self.spread))
        return whole.regrouped(np.zeros(self.n.size, np.int64))

    def by_stratum(self) -> "ElementMoments":
        """Return the moments with the strata as cells (without `spread`)."""
        spread = np.zeros((len(self.strata) + 1, *self.spread.shape[1:]))
        return replace(self, cells=self.strata, spread=spread).regrouped(self.pair_stratum)

    def variance(self, gradient: Floats, *, fpc: bool = True) -> Floats:
        """Variances of the linearised estimates of each cell.

        Parameters
        ----------
        gradient : (C, E, F) derivative of estimate e of cell c by the totals of cell c.
        fpc : apply the finite population correction.

        Returns
        -------
        (C, E) array, 0 where the variance is zero but for rounding.
        """
        result = np.zeros(gradient.shape[:2])
        gross = np.zeros_like(result)
        factor = self._factor(fpc=fpc)
        lonely = check_lonely(self.strata, self.n_psu, self._size(fpc=fpc), self.lonely_psu)
        within = np.flatnonzero(self.pair_cell >= 0)
        cell, stratum = self.pair_cell[within], self.pair_stratum[within]
        g = gradient[cell]
        quad = self.products.quadratic(g, self.m2[within])
        level = np.einsum("pef,pf->pe", g, self.mean[within])
        n, n_psu = self.n[within][:, None], self.n_psu[stratum][:, None]
        quad += level**2 * n * (1 - n / n_psu)
        np.add.at(result, cell, factor[stratum][:, None] * quad)
        raw = np.abs(self.m2[within]) + n * np.abs(self.products.outer(self.mean[within]))
        np.add.at(gross, cell, self.products.quadratic(np.abs(g), raw))
        for c in range(gradient.shape[0]) if lonely.any() else ():
            result[c] = self._with_lonely(result[c], level * n, cell == c, stratum, lonely, fpc)
        return settled(result, gross)

    def covariance(self, gradient: Floats, *, fpc: bool = True) -> Floats:
        """Joint covariance of linearised estimates that may use several cells.

        Parameters
        ----------
        gradient : (E, C + 1, F) derivative of estimate e by the totals of each cell, the last
            cell being the rows outside every domain.

        Returns
        -------
        (E, E) array.
        """
        factor = self._factor(fpc=fpc)
        lonely = check_lonely(self.strata, self.n_psu, self._size(fpc=fpc), self.lonely_psu)
        self.products.check(gradient)
        g = gradient[:, self.pair_cell, :]
        level = np.einsum("epf,pf->pe", g, self.mean)
        result = np.zeros((gradient.shape[0], gradient.shape[0]))
        total = sum_by(self.pair_stratum, level * self.n[:, None], len(self.strata))
        for p, h in enumerate(self.pair_stratum):
            result += factor[h] * (
                g[:, p] @ self.products.dense(self.m2[p]) @ g[:, p].T
                + self.n[p] * np.outer(level[p], level[p])
            )
        result -= (total * (factor / np.maximum(self.n_psu, 1))[:, None]).T @ total
        if lonely.any():
            held = sum_by(self.pair_stratum, np.any(g != 0, axis=2).T.astype(float), total.shape[0])
            keep = 1 - (self.n_psu / self._size(fpc=fpc))
            result = lonely_covariance(
                result, total, held > 0, self.n_psu, keep * lonely, self.lonely_psu
            )
        return result

    def gross(self, gradient: Floats) -> Floats:
        """Size against which a variance counts as 0, for `gradient` as in `covariance`; (E,)."""
        squares = self.products.first == self.products.second
        raw = self.n[:, None] * self.mean**2
        raw[:, self.products.first[squares]] += self.m2[:, squares]
        part = np.einsum("epf,pf->ep", np.abs(gradient[:, self.pair_cell]), raw**0.5)
        return np.asarray(np.sum(part**2, axis=1))

    def _with_lonely(
        self,
        variance: Floats,
        total: Floats,
        mine: Bools,
        stratum: Ints,
        lonely: Bools,
        fpc: bool,
    ) -> Floats:
        size = len(self.strata)
        sums = sum_by(stratum[mine], total[mine], size)
        held = np.zeros((size, variance.size), np.bool_)
        held[stratum[mine]] = True
        keep = (1 - self.n_psu / self._size(fpc=fpc)) * lonely
        return np.asarray(lonely_variance(variance, sums, held, self.n_psu, keep, self.lonely_psu))

    def _size(self, *, fpc: bool) -> Floats:
        return self.pop_size if fpc else np.full(len(self.strata), np.inf)

    def _factor(self, *, fpc: bool) -> Floats:
        """(1 - f_h) n_h / (n_h - 1); 0 for a stratum with one unit."""
        n = self.n_psu
        keep = np.maximum(1 - n / self._size(fpc=fpc), 0.0)
        return np.divide(keep * n, n - 1, out=np.zeros_like(n), where=n > 1)


def element_moments(
    design: SurveyDesign, features: Floats, cells: Labels, products: Products
) -> ElementMoments:
    """Reduce the rows of an element design to moments.

    Parameters
    ----------
    design : design of the rows, without sampling units above the row.
    features : (n, F) features of the rows.
    cells : domain of each row, -1 = outside every domain.
    products : the second moments to keep.
    """
    width = len(cells.names) + 1
    key, joint = np.unique(design.strata.code * width + cells.code + 1, return_inverse=True)
    order = np.argsort(joint, kind="stable")
    weight = design.weight[order]
    plain, joint = features[order], joint[order]
    weighted = plain * weight[:, None]
    starts = np.flatnonzero(np.r_[True, joint[1:] != joint[:-1]])
    n = np.diff(np.r_[starts, joint.size]).astype(np.float64)
    mean = np.add.reduceat(weighted, starts, axis=0) / n[:, None]
    count = np.add.reduceat(weighted != 0, starts, axis=0, dtype=np.float64)
    size = products.first.size
    m2, spread = np.empty((key.size, size)), np.zeros((width, size))
    pair_cell = key % width - 1
    for p, (start, stop) in enumerate(zip(starts, np.r_[starts[1:], joint.size], strict=True)):
        centred = weighted[start:stop] - mean[p]
        m2[p] = products.of(centred.T @ centred)
        w = weight[start]
        if w > 0 and np.all(weight[start:stop] == w):
            spread[pair_cell[p]] += (m2[p] + n[p] * products.outer(mean[p])) / w
        else:
            spread[pair_cell[p]] += products.of(weighted[start:stop].T @ plain[start:stop])
    return ElementMoments(
        design.strata.names,
        cells.names,
        stratum_sizes(design),
        design.lonely_psu,
        key // width,
        pair_cell,
        n,
        mean,
        m2,
        count,
        spread,
        products,
    )


def settled(variance: Floats, gross: Floats) -> Floats:
    """Count a variance that is zero but for rounding as 0; refuse a negative one."""
    limit = ZERO_VARIANCE * gross
    if np.any(variance < -limit):
        worst = float(np.min(variance))
        raise NegativeVarianceError("variance", worst, "must not be negative")
    return np.where(variance <= limit, 0.0, variance)


def lonely_variance(
    variance: Floats, total: Floats, held: Bools, n_psu: Floats, keep: Floats, policy: LonelyPsu
) -> Floats:
    """Add what strata with one unit contribute (R survey's ``survey.lonely.psu``).

    Parameters
    ----------
    variance : (E,) variance from the other strata. total : (H, E) linearised stratum totals.
    held : (H, E) strata that hold the domain. n_psu : (H,) units.
    keep : (H,) 1 - f_h for lonely strata, 0 for the others.
    """
    diagonal = lonely_covariance(np.diag(variance), total, held, n_psu, keep, policy)
    return np.asarray(np.diagonal(diagonal))


def lonely_covariance(
    covariance: Floats, total: Floats, held: Bools, n_psu: Floats, keep: Floats, policy: LonelyPsu
) -> Floats:
    """Do the same as `lonely_variance` for the joint (E, E) covariance."""
    lonely = (keep > 0)[:, None] & held
    if policy == "adjust":
        units = np.maximum((held * n_psu[:, None]).sum(axis=0), 1)
        away = (total - (total * held).sum(axis=0) / units) * lonely
        return np.asarray(covariance + (away * keep[:, None]).T @ away)
    if policy == "average":
        count = held.sum(axis=0)
        usable = count - lonely.sum(axis=0)
        factor = np.sqrt(
            np.divide(count, usable, out=np.full(count.size, np.nan), where=usable > 0)
        )
        return np.asarray(covariance * np.outer(factor, factor))
    return covariance


def _whole_spread(spread: Floats) -> Floats:
    whole = np.zeros((2, *spread.shape[1:]))
    whole[0] = spread.sum(axis=0)
    return whole


def stratum_sizes(design: SurveyDesign) -> Floats:
    """Units of each stratum in the population, (H,), inf = unknown."""
    size = np.full(len(design.strata.names), np.inf)
    if design.pop_size:
        size[design.strata.code] = design.pop_size[0]
    return size


def _one_pop_size(strata: tuple[str, ...], *parts: tuple[ElementMoments, Ints]) -> Floats:
    """Bring the population sizes of two parts together; they must agree where both know one."""
    size = np.full(len(strata), np.inf)
    known = np.zeros(len(strata), np.bool_)
    for part, place in parts:
        where = place[: len(part.strata)]
        filled = np.unique(part.pair_stratum)
        where = where[filled]
        differs = known[where] & (size[where] != part.pop_size[filled])
        if differs.any():
            name = strata[int(where[np.flatnonzero(differs)[0]])]
            raise DesignError("pop_size", name, "must be the same in every part")
        size[where], known[where] = part.pop_size[filled], True
    return size
