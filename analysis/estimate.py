"""Estimates with their precision, for every cell of a breakdown at once.

The delta method on the totals: value, gradient, variance, degrees of freedom, design effect; then
the interval and the flag by the rules for corner cases in `analysis.presentation`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.calibrated import CalibratedMoments
from analysis.errors import AnalysisError
from analysis.intervals import METHODS, IntervalMethod, check_level
from analysis.labels import Bools, Floats, sum_by
from analysis.measures import Plan
from analysis.moments import ElementMoments, Pairs
from analysis.presentation import NOBODY, UNANSWERED, Corner, Flag, Judged, Texts, judge
from analysis.unit_totals import UnitTotals

Moments = ElementMoments | UnitTotals | CalibratedMoments


@dataclass(frozen=True, slots=True)
class Options:
    """How intervals are made.

    Attributes
    ----------
    level : confidence level, above 0 and below 1.
    method : interval of shares and composites; None = ``wilson``, for quantiles ``wald``.
    fpc : apply the finite population correction ("these transactions"); without it the interval
        is about the way an agency works, as comparisons and ranks need it.
    """

    level: float = 0.95
    method: IntervalMethod | None = None
    fpc: bool = True

    def __post_init__(self) -> None:
        """Refuse a level or a method that does not exist."""
        check_level(self.level)
        if self.method is not None and self.method not in METHODS:
            raise AnalysisError("method", self.method, f"must be one of {', '.join(METHODS)}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A point estimate and its design-based precision, in the measure's unit.

    Attributes
    ----------
    value : None where it cannot be estimated; `reason` says why (Vietnamese).
    se, ci : None where there is no interval. level : of the interval, 0 to 1.
    df : degrees of freedom. n : rows that count, unweighted.
    n_eff, deff : effective sample size and design effect (against sampling with replacement).
    method : of the interval. flag : ok, low, small, degenerate, census or none.
    """

    value: float | None
    se: float | None
    ci: tuple[float, float] | None
    level: float
    df: int
    n: int
    n_eff: float | None
    deff: float | None
    method: str
    flag: Flag
    reason: str | None = None

    def scaled(self, factor: float, shift: float = 0.0) -> "Estimate":
        """Return factor * estimate + shift, as (mean - 1)/4 * 100 is 25 * mean - 25."""
        if factor <= 0:
            raise AnalysisError("factor", factor, "must be above 0")
        if self.value is None:
            return self
        se = None if self.se is None else factor * self.se
        ci = (
            None
            if self.ci is None
            else (
                factor * self.ci[0] + shift,
                factor * self.ci[1] + shift,
            )
        )
        return replace(self, value=factor * self.value + shift, se=se, ci=ci)


@dataclass(frozen=True, slots=True)
class EstimateTable:
    """Estimates of all measures in all cells of a breakdown.

    Attributes
    ----------
    cells, codes : names of the C rows and E columns.
    level : of the intervals.
    value, se, lower, upper, n_eff, deff : (C, E), nan where there is none.
    n, df : (C, E) counts. judged : method, flag and reason of each.
    corner : what the intervals are made from.
    """

    cells: tuple[str, ...]
    codes: tuple[str, ...]
    level: float
    value: Floats
    se: Floats
    n: Floats
    df: Floats
    deff: Floats
    judged: Judged
    corner: Corner

    def at(self, cell: str, code: str) -> Estimate:
        """Return the estimate of one measure in one cell; a cell without rows has no value."""
        e = self.codes.index(code)
        if cell in self.cells:
            return self._at(self.cells.index(cell), e)
        return Estimate(None, None, None, self.level, 0, 0, None, None, "none", "none", NOBODY)

    def __iter__(self) -> Iterator[tuple[str, str, Estimate]]:
        """Go through (cell, code, estimate), cell by cell."""
        for c, cell in enumerate(self.cells):
            for e, code in enumerate(self.codes):
                yield cell, code, self._at(c, e)

    def _at(self, c: int, e: int) -> Estimate:
        judged = self.judged
        lower = _number(judged.lower[c, e])
        upper = _number(judged.upper[c, e])
        return Estimate(
            _number(self.value[c, e]),
            _number(self.se[c, e]),
            None if lower is None or upper is None else (lower, upper),
            self.level,
            int(self.df[c, e]),
            int(self.n[c, e]),
            _number(judged.n_eff[c, e]),
            _number(self.deff[c, e]),
            str(judged.method[c, e]),
            judged.flag[c, e],
            judged.reason[c, e],
        )


def estimates(moments: Moments, plan: Plan, options: Options | None = None) -> EstimateTable:
    """Estimate every measure in every cell of the breakdown."""
    return _estimates(moments, plan, options or Options(), None)


def whole(moments: Moments, plan: Plan, options: Options | None = None) -> EstimateTable:
    """Estimate every measure for the whole; the one cell is named ""."""
    chosen = options or Options()
    layers = moments.by_stratum()
    points = _points(layers, plan)
    cap = _cap(points, layers.variance(points.gradient, fpc=chosen.fpc), plan, chosen)
    return _estimates(moments.collapsed(), plan, chosen, cap)


def joint_covariance(
    moments: Moments, plan: Plan, code: str, *, fpc: bool = False
) -> tuple[tuple[str, ...], Floats, Floats]:
    """Joint covariance of one measure over the cells and the whole.

    Returns
    -------
    names of the cells and, last, "" for the whole; values (C + 1,); covariance (C + 1, C + 1).
    A cell that cannot be estimated has value nan and covariance 0.
    """
    e = plan.codes.index(code)
    cells, everything = _points(moments, plan), _points(moments.collapsed(), plan)
    size = len(moments.cells)
    gradient = np.zeros((size + 1, size + 1, plan.n_features))
    gradient[np.arange(size), np.arange(size)] = np.nan_to_num(cells.gradient[:, e])
    gradient[size] = np.nan_to_num(everything.gradient[0, e])
    values = np.r_[cells.value[:, e], everything.value[0, e]]
    return (*moments.cells, ""), values, moments.covariance(gradient, fpc=fpc)


def values_of(total: Floats, plan: Plan) -> Floats:
    """Return the (C, E) values that follow from (C, F) totals, nan where not estimable."""
    return _linearised(total, plan)[0]


def gradient_of(total: Floats, plan: Plan) -> Floats:
    """Return the (C, E, F) derivatives of the estimates by (C, F) totals."""
    return _linearised(total, plan)[1]


@dataclass(frozen=True, slots=True)
class _Points:
    """Values and what is needed to judge them, (C, E) each."""

    value: Floats
    gradient: Floats
    total: Floats
    n: Floats
    df: Floats
    census: Bools
    missing: Bools  # (C, M) ratios without any answer
    pairs: Pairs


def _points(moments: Moments, plan: Plan) -> _Points:
    pairs, size = moments.pairs(), len(moments.cells)
    inside = pairs.cell >= 0
    cell = pairs.cell[inside]
    total = sum_by(cell, pairs.total[inside], size)
    count = sum_by(cell, pairs.count[inside], size)
    counted = pairs.count[inside][:, plan.counted]
    n = sum_by(cell, counted, size)
    df = sum_by(cell, pairs.psu[inside][:, plan.counted] - (counted > 0), size)
    present = pairs.count[inside][:, 0] > 0
    partly = (~moments.taken_whole[pairs.stratum[inside]] & present).astype(np.float64)
    unanswered = (count < count[:, :1]).astype(np.float64) @ plan.needed.T
    census = (sum_by(cell, partly, size)[:, None] == 0) & (unanswered == 0) & (n > 0)
    value, gradient, missing = _linearised(total, plan)
    value = np.where(n > 0, value, np.nan)
    gradient = np.where(np.isnan(value)[:, :, None], 0.0, gradient)  # no value has no variance
    return _Points(value, gradient, total, n, df, census, missing, pairs)


def _linearised(total: Floats, plan: Plan) -> tuple[Floats, Floats, Bools]:
    """Values (C, E), gradients (C, E, F) and which ratios have no answers (C, M)."""
    above, below = total @ plan.num.T, total @ plan.den.T
    missing = below <= 0
    ratio = np.divide(above, below, out=np.zeros_like(above), where=~missing)
    share = plan.share[None] * ~missing[:, None, :]
    scale = np.array([item.unanswered == "renormalise" for item in plan.composites], np.bool_)
    rescaled = np.r_[np.zeros(len(plan.measures), np.bool_), scale]
    left, full = share.sum(axis=2), plan.share.sum(axis=1)
    factor = np.divide(full, left, out=np.full_like(left, np.nan), where=left > 0)
    lost = (plan.share[None] != 0) & missing[:, None, :]
    share = share * np.where(rescaled, factor, 1.0)[:, :, None]
    value = np.einsum("cem,cm->ce", share, ratio) + total @ plan.linear.T
    value[lost.any(axis=2) & ~rescaled] = np.nan
    inverse = np.divide(1.0, below, out=np.zeros_like(below), where=~missing)
    return value, _gradient(plan, np.nan_to_num(share), ratio, inverse), missing


def _gradient(plan: Plan, share: Floats, ratio: Floats, inverse: Floats) -> Floats:
    """Differentiate the estimates by the totals: shares of ratios (C, E, M), (C, M) twice."""
    size, single = ratio.shape[0], len(plan.measures)
    gradient = np.zeros((size, plan.share.shape[0], plan.n_features))
    place = np.arange(single)  # ratio m is that of measure m, one feature over another
    own = share[:, place, place] * inverse[:, :single]
    gradient[:, place, plan.num[:single].argmax(axis=1)] = own
    gradient[:, place, plan.den[:single].argmax(axis=1)] = -own * ratio[:, :single]
    if plan.composites:
        part = share[:, single:] * inverse[:, None, :]
        gradient[:, single:] = part @ plan.num - (part * ratio[:, None, :]) @ plan.den
    return gradient + plan.linear


def _estimates(moments: Moments, plan: Plan, options: Options, cap: Floats | None) -> EstimateTable:
    points = _points(moments, plan)
    variance = moments.variance(points.gradient, fpc=options.fpc)
    if cap is None:
        cap = _cap(points, variance, plan, options)
    census = points.census & options.fpc
    deff, n_eff = _design_effect(moments, plan, points, variance)
    corner = Corner(
        plan.kinds,
        plan.bounds,
        points.value,
        variance,
        points.n,
        points.df,
        census,
        cap,
        n_eff,
        _strata_df(moments, plan, points, options),
        _lost(plan, points),
    )
    return table(moments.cells, plan.codes, corner, deff, options)


def table(
    cells: tuple[str, ...], codes: tuple[str, ...], corner: Corner, deff: Floats, options: Options
) -> EstimateTable:
    """Judge the estimates and bind them together; `deff` is (C, E)."""
    judged = judge(corner, options.level, options.method or "wilson")
    no_se = np.isnan(corner.value) | ((corner.df <= 0) & ~corner.census)
    se = np.where(no_se, np.nan, np.sqrt(np.where(corner.census, 0.0, corner.variance)))
    deff = np.where(no_se | (corner.variance == 0), np.nan, deff)
    return EstimateTable(
        cells, codes, options.level, corner.value, se, corner.n, corner.df, deff, judged, corner
    )


def _lost(plan: Plan, points: _Points) -> Texts:
    """Say why an estimate has no value, (C, E) texts or None."""
    reasons = np.full(points.value.shape, None, dtype=object)
    for c, e in zip(*np.nonzero(np.isnan(points.value)), strict=True):
        empty = np.flatnonzero(points.missing[c] & (plan.share[e] != 0))
        items = ", ".join(plan.codes[m] for m in empty)
        reasons[c, e] = UNANSWERED.format(items) if points.n[c, e] > 0 and items else NOBODY
    return reasons


def _design_effect(
    moments: Moments, plan: Plan, points: _Points, variance: Floats
) -> tuple[Floats, Floats]:
    """V over the variance of a simple random sample with replacement, and n over that."""
    weight = points.total[:, plan.counted]
    g = points.gradient
    square = plan.products.quadratic(g, moments.spread[:-1])
    level = np.einsum("cef,cf->ce", g, points.total)
    simple = (weight * square - level**2) / np.maximum(points.n - 1, 1)
    deff = np.divide(variance, simple, out=np.full_like(variance, np.nan), where=simple > 0)
    n_eff = np.divide(points.n, deff, out=np.full_like(deff, np.nan), where=deff > 0)
    return deff, n_eff


def _cap(points: _Points, variance: Floats, plan: Plan, options: Options) -> Floats:
    """Answers that one respondent is worth at most, per estimate: c of the method's section 3.

    c = sum n_d p_d (1 - p_d) / sum n_d^2 V_d over the cells; at most 1 for a share, 1 where it
    cannot be computed.
    """
    above, below = _cap_parts(points, variance, plan, options)
    usable = (below > 0) & (above > 0)
    c = np.divide(above, below, out=np.ones_like(above), where=usable)
    is_share = np.array([kind == "share" for kind in plan.kinds])
    return np.asarray(np.where(is_share, np.minimum(c, 1.0), c))


def _cap_parts(
    points: _Points, variance: Floats, plan: Plan, options: Options
) -> tuple[Floats, Floats]:
    low, width = plan.bounds[:, 0], plan.bounds[:, 1] - plan.bounds[:, 0]
    p = (points.value - low) / width
    known = ~np.isnan(p) & (points.df > 0) & ~(points.census & options.fpc) & ~np.isnan(variance)
    above = np.sum(np.where(known, points.n * p * (1 - p), 0.0), axis=0)
    below = np.sum(np.where(known, points.n**2 * variance / width**2, 0.0), axis=0)
    return above, below


def cap_parts(moments: Moments, plan: Plan, options: Options) -> tuple[Floats, Floats]:
    """Return the two sums over cells whose ratio caps a composite's answers, (E,) each."""
    points = _points(moments, plan)
    return _cap_parts(points, moments.variance(points.gradient, fpc=options.fpc), plan, options)


def _strata_df(moments: Moments, plan: Plan, points: _Points, options: Options) -> Floats:
    """Effective degrees of freedom of very unequal strata, (C, E); inf where all is known."""
    pairs = points.pairs
    inside = pairs.cell >= 0
    cell, stratum = pairs.cell[inside], pairs.stratum[inside]
    weight = points.total[:, plan.counted][cell]
    part = pairs.total[inside][:, plan.counted]
    share = np.divide(part, weight, out=np.zeros_like(weight), where=weight > 0)
    n = pairs.psu[inside][:, plan.counted]
    keep = np.ones(n.shape[0])
    if options.fpc:
        fraction = moments.n_psu / moments.first_size
        keep = np.maximum(1 - fraction[stratum], 0.0)
    a = np.divide(keep[:, None] * share**2, n, out=np.zeros_like(share), where=n > 0)
    infinite = np.where(a > 0, np.inf, 0.0)
    each = np.divide(a**2, n - 1, out=infinite, where=n > 1)
    above = sum_by(cell, a, len(moments.cells)) ** 2
    below = sum_by(cell, each, len(moments.cells))
    return np.divide(above, below, out=np.full_like(above, np.inf), where=below > 0)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
