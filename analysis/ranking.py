"""Places of agencies and how far they can be trusted.

A place alone harms: at 30 answers nearly every pair of agencies is indistinguishable. So each
place stands beside the set of places that the data allow: marginal ("where does my agency stand")
and simultaneous for the whole published table (Mogstad, Romano, Shaikh & Wilhelm 2024, Review of
Economic Studies 91:476, with step-down), and Klein, Wright & Wieczorek's closed form (2020, JRSS-A
183:589). Place 1 is the highest score.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal

import numpy as np
from scipy import special

from analysis.contrasts import Group, groups
from analysis.errors import AnalysisError, NegativeVarianceError
from analysis.labels import Bools, Floats, Ints
from analysis.moments import ZERO_VARIANCE, settled
from analysis.scores import Scores

#: Quantiles of the limits of a funnel plot: 95 and 99.8 of 100 times.
FUNNEL = (float(special.ndtri(0.975)), float(special.ndtri(0.999)))
_CELLS = 4_000_000  # draws x pairs that are held in memory at once


@dataclass(frozen=True, slots=True)
class Rank:
    """The place of one agency.

    Attributes
    ----------
    place : by score at the published rounding, equal scores share the best place; None for an
        agency with fewer than 10 answers or without degrees of freedom, which stands apart.
    marginal, simultaneous, closed_form : best and worst place that the data allow.
    group : against the whole, adjusted for all agencies.
    """

    name: str
    value: float
    place: int | None
    marginal: tuple[int, int] | None
    simultaneous: tuple[int, int] | None
    closed_form: tuple[int, int] | None
    group: Group | None


Sets = tuple[Ints, Ints]


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One agency of a funnel plot.

    Attributes
    ----------
    size : effective number of answers. value : its score.
    inner, outer : limits around the value of the whole within which an agency of this size
        lies by chance, 95 and 99.8 of 100 times.
    """

    name: str
    size: float
    value: float
    inner: tuple[float, float]
    outer: tuple[float, float]


def kept(scores: Scores, names: Collection[str]) -> Scores:
    """Keep some agencies and the whole, which stays as it was."""
    place = [k for k, name in enumerate(scores.names[:-1]) if name in names]
    at = np.array([*place, len(scores.names) - 1])
    square = np.ix_(at, at)
    return replace(
        scores,
        names=tuple(scores.names[k] for k in at),
        value=scores.value[at],
        n=scores.n[at],
        df=scores.df[at],
        covariance=scores.covariance[square],
        size=scores.size[at],
        units=scores.units[square],
        held=scores.held[at],
    )


def funnel(scores: Scores) -> tuple[FunnelPoint, ...]:
    """Set each comparable agency against what chance does to the value of the whole.

    Limits theta +- z sqrt(theta (1 - theta) / n_eff) of a score between known bounds, as for a
    proportion with the precision of the agency (Spiegelhalter 2005, Statistics in Medicine
    24:1185); no finite population correction. None without such bounds or without a whole.
    """
    theta = (float(scores.value[-1]) - scores.low) / scores.width
    if not 0 <= theta <= 1:  # nan where bounds or whole are unknown
        return ()
    points = []
    for k in np.flatnonzero(scores.comparable[:-1] & (scores.size[:-1] > 0)):
        size = float(scores.size[k])
        inner, outer = (_chance(scores, theta, size, z) for z in FUNNEL)
        points.append(FunnelPoint(scores.names[k], size, float(scores.value[k]), inner, outer))
    return tuple(points)


def _chance(scores: Scores, theta: float, size: float, z: float) -> tuple[float, float]:
    half = z * np.sqrt(theta * (1 - theta) / size)
    low, high = max(0.0, theta - half), min(1.0, theta + half)
    return scores.low + scores.width * low, scores.low + scores.width * high


def ranking(
    scores: Scores, *, decimals: int, factor: float = 1.0, seed: int, level: float = 0.95
) -> tuple[Rank, ...]:
    """Rank the agencies of `scores`, in their order there.

    Parameters
    ----------
    scores : agencies and, last, the whole; without finite population correction.
    decimals, factor : scores are published as factor * value, rounded to so many decimals.
    seed : of the simulated distribution of the largest difference; store it with the result.
    level : confidence level of every set.
    """
    ranked = np.flatnonzero(scores.comparable[:-1])
    value, covariance = scores.smoothed(level)
    value, covariance = value[ranked], covariance[np.ix_(ranked, ranked)]
    if ranked.size < 2:
        raise AnalysisError("scores", ranked.size, "at least two agencies are needed")
    rng = np.random.default_rng(seed)
    marginal = marginal_sets(value, covariance, level, rng)
    joint = simultaneous_sets(value, covariance, level, rng)
    closed = closed_form_sets(value, np.sqrt(np.diag(covariance)), level)
    group = groups(scores, level)
    place = places(scores.value[ranked], decimals=decimals, factor=factor)
    where = {int(k): i for i, k in enumerate(ranked)}
    result = []
    for k, name in enumerate(scores.names[:-1]):
        apart = Rank(name, float(scores.value[k]), None, None, None, None, None)
        i = where.get(k)
        result.append(
            apart
            if i is None
            else replace(
                apart,
                place=int(place[i]),
                marginal=_pair(marginal, i),
                simultaneous=_pair(joint, i),
                closed_form=_pair(closed, i),
                group=group[name],
            )
        )
    return tuple(result)


def _pair(sets: Sets, i: int) -> tuple[int, int]:
    return int(sets[0][i]), int(sets[1][i])


def places(value: Floats, *, decimals: int, factor: float = 1.0) -> Ints:
    """Places by score; scores equal at the published rounding share the best place.

    Rounded as published: half away from zero on the decimal digits, 82.125 gives 82.13.
    """
    step, wide = Decimal(1).scaleb(-decimals), Context(prec=330)
    digits = [Decimal(repr(float(v) * factor)) for v in value]
    shown = np.array([float(d.quantize(step, ROUND_HALF_UP, wide)) for d in digits])
    return np.asarray(1 + (shown[None, :] > shown[:, None]).sum(axis=1), dtype=np.int64)


def marginal_sets(
    value: Floats, covariance: Floats, level: float, rng: np.random.Generator, draws: int = 10_000
) -> Sets:
    """Confidence set of each agency's own place.

    Parameters
    ----------
    value : (K,) estimates. covariance : (K, K). level : of each set on its own.
    rng : source of the simulated normal deviates. draws : their number.

    Returns
    -------
    (K,) best and (K,) worst places.

    Raises
    ------
    NegativeVarianceError : a covariance with a negative eigenvalue, but for rounding.
    """
    k = value.size
    best, worst = np.empty(k, np.int64), np.empty(k, np.int64)
    deviates = _deviates(covariance, rng, draws)
    for j in range(k):
        others = np.delete(np.arange(k), j)
        first = np.full(k - 1, j)
        above, below = _decided(value, covariance, (others, first), level, deviates)
        best[j], worst[j] = 1 + above.sum(), k - below.sum()
    return best, worst


def simultaneous_sets(
    value: Floats, covariance: Floats, level: float, rng: np.random.Generator, draws: int = 10_000
) -> Sets:
    """Confidence sets of all places at once; parameters as `marginal_sets`."""
    k = value.size
    first, second = np.triu_indices(k, 1)
    deviates = _deviates(covariance, rng, draws)
    above, below = _decided(value, covariance, (first, second), level, deviates)
    # first above second: second has one more above it, first one more below it
    best = 1 + np.bincount(second[above], minlength=k) + np.bincount(first[below], minlength=k)
    worst = k - np.bincount(first[above], minlength=k) - np.bincount(second[below], minlength=k)
    return np.asarray(best, dtype=np.int64), np.asarray(worst, dtype=np.int64)


def closed_form_sets(value: Floats, se: Floats, level: float) -> Sets:
    """Joint sets from simultaneous intervals of independent estimates (level to the 1/K)."""
    z = special.ndtri(1 - (1 - level ** (1 / value.size)) / 2)
    lower, upper = value - z * se, value + z * se
    above = lower[None, :] >= upper[:, None]
    below = upper[None, :] <= lower[:, None]
    np.fill_diagonal(above, val=False)
    np.fill_diagonal(below, val=False)
    return 1 + above.sum(axis=1), value.size - below.sum(axis=1)


def _deviates(covariance: Floats, rng: np.random.Generator, draws: int) -> Floats:
    """Draw centred normal estimates (draws, K); only rounding may make an eigenvalue negative."""
    root, vectors = np.linalg.eigh(covariance)
    if root[0] < -ZERO_VARIANCE * max(root[-1], 0.0):
        raise NegativeVarianceError("covariance", root[0], "must have no negative eigenvalue")
    scale = vectors * np.sqrt(np.maximum(root, 0.0))
    return np.asarray(rng.standard_normal((draws, covariance.shape[0])) @ scale.T)


def _decided(
    value: Floats,
    covariance: Floats,
    pairs: tuple[Ints, Ints],
    level: float,
    deviates: Floats,
) -> tuple[Bools, Bools]:
    """Which pairs are decided: first above second, second above first (step-down).

    Every pair stands for two one-sided hypotheses; those rejected leave the maximum, until no
    further one is rejected (Romano & Wolf 2005).
    """
    first, second = pairs
    spread = np.diag(covariance)
    variance = spread[first] + spread[second] - 2 * covariance[first, second]
    se = np.sqrt(settled(variance, spread[first] + spread[second]))
    known = se > 1e-12 * np.sqrt(spread.max())
    away = value[first] - value[second]
    z = np.divide(away, se, out=np.zeros_like(away), where=known)
    above, below = np.zeros(z.size, np.bool_), np.zeros(z.size, np.bool_)
    while True:
        largest = _largest(deviates, (first, second), se, (known & ~above, known & ~below))
        critical = float(np.quantile(largest, level))
        more = (z > critical) & ~above, (-z > critical) & ~below
        if not (more[0].any() or more[1].any()):
            return above, below
        above, below = above | more[0], below | more[1]
        if not (known & ~(above & below)).any():
            return above, below


def _largest(
    deviates: Floats, pairs: tuple[Ints, Ints], se: Floats, open_: tuple[Bools, Bools]
) -> Floats:
    """Largest standardised difference of each draw over the hypotheses still open."""
    up, down = np.flatnonzero(open_[0]), np.flatnonzero(open_[1])
    result = np.full(deviates.shape[0], -np.inf)
    step = max(1, _CELLS // max(se.size, 1))
    for start in range(0, deviates.shape[0], step):
        part = deviates[start : start + step]
        for which, sign in ((up, 1.0), (down, -1.0)):
            if which.size:
                i, j = pairs[0][which], pairs[1][which]
                most = (sign * (part[:, i] - part[:, j]) / se[which]).max(axis=1)
                result[start : start + step] = np.maximum(result[start : start + step], most)
    return result
