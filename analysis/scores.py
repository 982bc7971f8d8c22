"""Scores to be compared: one measure over agencies and the whole, with their joint covariance.

Comparisons are about the way agencies work, so by default without finite population correction.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import AnalysisError
from analysis.estimate import (
    EstimateTable,
    Moments,
    Options,
    estimates,
    joint_covariance,
    whole,
)
from analysis.intervals import Limits, t_quantile, wilson
from analysis.labels import Bools, Floats
from analysis.measures import Plan
from analysis.moments import ZERO_VARIANCE, settled
from analysis.presentation import MINIMUM_N
from analysis.raters import RaterPoints

Places = npt.NDArray[np.int64]
LimitsBy = Literal["wilson", "t"]


@dataclass(frozen=True, slots=True)
class Scores:
    """K comparable estimates; the last one is the whole.

    Attributes
    ----------
    names : (K,) agencies and, last, "" for the whole.
    value, n, df : (K,). covariance : (K, K), 0 for what varies not at all.
    low, width : bounds of the measure, nan where unknown.
    size : (K,) effective sample size of Wilson's limits. limits_by : ``wilson`` for shares and
        composites between known bounds, ``t`` for other measures.
    units : (K, K) sampling units that two of them share. held : (K, H) strata of each.
    """

    names: tuple[str, ...]
    value: Floats
    n: Floats
    df: Floats
    covariance: Floats
    low: float
    width: float
    size: Floats
    units: Floats
    held: Bools
    limits_by: LimitsBy = "wilson"

    @property
    def comparable(self) -> Bools:
        """Which may be compared: at least 10 answers and degrees of freedom."""
        known = ~np.isnan(self.value) & (self.df > 0) & (self.n >= MINIMUM_N)
        varies = (self.limits_by == "wilson") | (np.diag(self.covariance) > 0)
        return np.asarray(known & varies, dtype=np.bool_)

    def limits(self, place: Places, t: Floats) -> Limits:
        """Limits of the estimates at `place`, each with its own quantile `t`."""
        value = self.value[place]
        if self.limits_by == "t":
            half = t * np.sqrt(np.diag(self.covariance)[place])
            return value - half, value + half
        p = np.clip((value - self.low) / self.width, 0.0, 1.0)
        lower, upper = wilson(p, self.size[place], t)
        return self.low + self.width * lower, self.low + self.width * upper

    def union_df(self, first: int, second: int) -> int:
        """PSUs minus strata among the rows that count for either of two estimates."""
        psu = self.units[first, first] + self.units[second, second] - self.units[first, second]
        return int(psu - np.count_nonzero(self.held[first] | self.held[second]))

    def smoothed(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Values and covariance in which unanimity is no certainty.

        An estimate without variance enters with p = (n_eff p + t^2/2)/(n_eff + t^2) and
        V = p (1 - p)/(n_eff + t^2), so that ranks do not treat it as known.
        """
        value, covariance = self.value.copy(), self.covariance.copy()
        flat = (np.diag(covariance) == 0) & ~np.isnan(self.size) & (self.df > 0)
        t2 = t_quantile(self.df, level) ** 2
        p = (value - self.low) / self.width
        shrunk = (self.size * p + t2 / 2) / (self.size + t2)
        variance = shrunk * (1 - shrunk) / (self.size + t2) * self.width**2
        for k in np.flatnonzero(flat):
            value[k] = self.low + self.width * shrunk[k]
            covariance[k, k] = variance[k]
        return value, covariance


def scores(moments: Moments, plan: Plan, code: str, *, fpc: bool = False) -> Scores:
    """Collect one measure of every cell and of the whole for comparison.

    Parameters
    ----------
    moments : of one breakdown. code : of the measure.
    fpc : with finite population correction, about these transactions only.
    """
    options = Options(fpc=fpc)
    cells, everything = estimates(moments, plan, options), whole(moments, plan, options)
    e = plan.codes.index(code)
    names, value, covariance = joint_covariance(moments, plan, code, fpc=fpc)
    units, held = moments.reach(int(plan.counted[e]))
    low, high = plan.bounds[e]
    size = np.r_[_size(cells, e), _size(everything, e)]
    bounded = plan.kinds[e] in ("share", "composite") and not np.isnan(low)
    variance = np.r_[cells.corner.variance[:, e], everything.corner.variance[:, e]]
    covariance = _with_zeros(covariance, variance)
    n, df = (
        np.r_[x[:, e], y[:, e]] for x, y in ((cells.n, everything.n), (cells.df, everything.df))
    )
    return Scores(
        names, value, n, df, covariance, low, high - low, size, units, held,
        "wilson" if bounded else "t",
    )  # fmt: skip


def rater_scores(points: RaterPoints) -> Scores:
    """Collect the totals of agencies for comparison; the whole is their plain mean.

    The points should be estimated without finite population correction (``Options(fpc=False)``).
    A rating counts in the whole at most as it does within an agency (the cap c of the method's
    section 3, from the agencies; strata of raters have no variance of their own here), and where
    nothing varies a rater counts once, whatever number of agencies was rated.
    """
    table, e = points.table, len(points.table.codes) - 1
    known = ~np.isnan(table.value[:, e])
    if not known.any():
        raise AnalysisError("points", 0, "at least one agency needs a total")
    share = known / known.sum()
    mean = float(share @ np.nan_to_num(table.value[:, e]))
    k = len(table.cells)
    spread = np.zeros((k + 1, k + 1))
    joint = definite(points.covariance)
    spread[:k, :k] = joint
    spread[k, :k] = spread[:k, k] = joint @ share
    gross = np.square(share @ np.sqrt(np.diag(joint)))
    spread[k, k] = float(settled(np.asarray(share @ joint @ share), np.asarray(gross)))
    units = np.zeros((k + 1, k + 1))
    units[:k, :k] = points.units
    units[k, :k] = units[:k, k] = np.diag(points.units)
    units[k, k] = points.raters
    held = np.vstack([points.held, points.held.any(axis=0)])
    df = np.r_[table.df[:, e], points.raters - np.count_nonzero(held[k])]
    n = np.r_[table.n[:, e], table.n[:, e].sum()]
    low, high = table.corner.bounds[e]
    p = (mean - low) / (high - low)
    flat = float(points.raters)
    varying = p * (1 - p) / (spread[k, k] / (high - low) ** 2) if spread[k, k] > 0 else flat
    size = np.r_[_size(table, e), min(varying, table.corner.cap[e] * n[k])]
    value = np.r_[table.value[:, e], mean]
    return Scores((*table.cells, ""), value, n, df, spread, low, high - low, size, units, held)


def definite(covariance: Floats) -> Floats:
    """Return the covariance of estimates that can occur together, with the same variances.

    The covariance of two agencies comes from the raters who rated both, another set of raters
    for every pair, so that the matrix (K, K) need not be positive semidefinite: some difference
    would have a negative variance. Negative eigenvalues are then set to 0 and the variances put
    back (Rebonato & Jackel 1999, Journal of Risk 2(2):17, spectral decomposition). A matrix that
    is definite but for rounding is returned as it is.
    """
    root, vectors = np.linalg.eigh(covariance)
    if root[0] >= -ZERO_VARIANCE * max(root[-1], 0.0):
        return covariance
    near = (vectors * np.maximum(root, 0.0)) @ vectors.T
    before, after = np.diag(covariance), np.diag(near)
    factor = np.sqrt(np.divide(before, after, out=np.zeros_like(after), where=before > 0))
    return np.asarray(near * np.outer(factor, factor))


def _size(table: EstimateTable, e: int) -> Floats:
    """Effective sample size of Wilson's limits, capped at c n for a composite."""
    corner = table.corner
    low, high = corner.bounds[e]
    p, variance = (corner.value[:, e] - low) / (high - low), corner.variance[:, e]
    most = corner.cap[e] * corner.n[:, e]
    plain = np.divide(
        p * (1 - p) * (high - low) ** 2, variance, out=np.full_like(p, np.inf), where=variance > 0
    )
    if corner.kinds[e] == "share":
        return np.asarray(np.where(variance > 0, plain, most))
    return np.asarray(np.minimum(plain, most))


def _with_zeros(covariance: Floats, variance: Floats) -> Floats:
    """Give what does not vary a covariance of exactly 0 with everything."""
    varies = np.nan_to_num(variance) > 0
    return np.where(np.logical_and.outer(varies, varies), covariance, 0.0)
