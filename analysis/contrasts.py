"""Differences between estimates, and estimates against targets.

Differences of shares and composites: MOVER on Wilson's limits (Zou & Donner 2008, Statistics in
Medicine 27:1693) with the correlation of the joint covariance. Several at once: Holm's procedure
on the levels at which the intervals stop covering 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from analysis.errors import AnalysisError
from analysis.estimate import Estimate
from analysis.intervals import check_level
from analysis.labels import Floats
from analysis.moments import settled
from analysis.scores import Places, Scores

Verdict = Literal["reached", "missed", "undecided"]
Group = Literal["above", "undecided", "below"]

_STEPS = 60  # halvings of the interval in which the critical level is sought


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second.

    Attributes
    ----------
    value, se, ci, level : of the difference; the interval alone, not adjusted for others.
    df : PSUs minus strata of the union.
    p : level at which the interval would just touch 0. p_holm : adjusted for all compared.
    decided : 0 lies outside after Holm's adjustment.
    """

    first: str
    second: str
    value: float
    se: float
    ci: tuple[float, float]
    level: float
    df: int
    p: float
    p_holm: float
    decided: bool


def differences(
    scores: Scores, pairs: Sequence[tuple[str, str]], level: float = 0.95
) -> tuple[Difference, ...]:
    """Compare pairs of names ("" is the whole) with Holm's adjustment over all of them.

    Raises
    ------
    AnalysisError : a name that is not there or that cannot be compared (fewer than 10 answers, no
        degrees of freedom), a level that is not above 0 and below 1.
    NegativeVarianceError : a difference of negative variance, but for rounding.
    """
    check_level(level)
    first = np.array([_place(scores, name) for name, _ in pairs], dtype=np.int64)
    second = np.array([_place(scores, name) for _, name in pairs], dtype=np.int64)
    lower, upper = _limits(scores, first, second, np.full(first.size, 1 - level))
    p = _critical(scores, first, second)
    adjusted = holm(p)
    spread = np.diag(scores.covariance)
    variance = spread[first] + spread[second] - 2 * scores.covariance[first, second]
    variance = settled(variance, spread[first] + spread[second])
    value = scores.value[first] - scores.value[second]
    return tuple(
        Difference(
            scores.names[i], scores.names[j], float(value[k]),
            float(np.sqrt(variance[k])), (float(lower[k]), float(upper[k])), level,
            scores.union_df(int(i), int(j)), float(p[k]), float(adjusted[k]),
            bool(adjusted[k] < 1 - level),
        )
        for k, (i, j) in enumerate(zip(first, second, strict=True))
    )  # fmt: skip


def all_pairs(scores: Scores) -> list[tuple[str, str]]:
    """Name every pair of agencies that can be compared, better known first."""
    names = [name for name, ok in zip(scores.names[:-1], scores.comparable, strict=False) if ok]
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


def groups(scores: Scores, level: float = 0.95) -> dict[str, Group]:
    """Sort agencies into clearly above, clearly below, or not distinguishable from the whole.

    Agencies that cannot be compared are left out.
    """
    names = [name for name, ok in zip(scores.names[:-1], scores.comparable, strict=False) if ok]
    found: dict[str, Group] = {}
    for one in differences(scores, [(name, "") for name in names], level) if names else ():
        found[one.first] = "undecided" if not one.decided else "above" if one.value > 0 else "below"
    return found


def against_target(estimate: Estimate, target: float) -> Verdict | None:
    """Judge an estimate against a target in its unit; None where there is no interval."""
    if estimate.ci is None:
        return None
    if estimate.ci[0] >= target:
        return "reached"
    return "missed" if estimate.ci[1] < target else "undecided"


def mover(
    first: tuple[float, float, float], second: tuple[float, float, float], correlation: float = 0.0
) -> tuple[float, float]:
    """Interval of first - second from value, lower and upper limit of each, in one unit and level.

    As for two waves without a person in common (correlation 0). Zou & Donner (2008), Statistics in
    Medicine 27:1693.
    """
    limits = _mover(np.array([first, second]).T[:, :, None], correlation)
    return float(limits[0][0]), float(limits[1][0])


def holm(p: Floats) -> Floats:
    """Adjust (k,) p-values by Holm's step-down procedure; none gives none."""
    if not p.size:
        return p
    # brings pandas and takes a second, which a server or a command that compares nothing saves
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    return np.asarray(multipletests(p, method="holm")[1], dtype=np.float64)


def _place(scores: Scores, name: str) -> int:
    if name not in scores.names:
        raise AnalysisError("pairs", name, "is not among the estimates")
    place = scores.names.index(name)
    if not scores.comparable[place]:
        raise AnalysisError("pairs", name, "has too few answers to be compared")
    return place


def _limits(scores: Scores, first: Places, second: Places, alpha: Floats) -> tuple[Floats, Floats]:
    sides = []
    for place in (first, second):
        t = -special.stdtrit(scores.df[place], alpha / 2)
        sides.append(np.stack([scores.value[place], *scores.limits(place, t)]))
    return _mover(np.stack(sides, axis=1), _correlation(scores, first, second))


def _correlation(scores: Scores, first: Places, second: Places) -> Floats:
    spread = np.diag(scores.covariance)
    scale = np.sqrt(spread[first] * spread[second])
    joint = scores.covariance[first, second]
    r = np.divide(joint, scale, out=np.zeros_like(joint), where=scale > 0)
    return np.clip(r, -1.0, 1.0)


def _mover(sides: Floats, correlation: Floats | float) -> tuple[Floats, Floats]:
    """Limits of the difference from sides (3, 2, K): value, lower, upper of first and second."""
    (x, y), (x_low, y_low), (x_high, y_high) = sides
    down, up = x - x_low, y_high - y
    below = down**2 + up**2 - 2 * correlation * down * up
    rise, fall = x_high - x, y - y_low
    above = rise**2 + fall**2 - 2 * correlation * rise * fall
    away = x - y
    return away - np.sqrt(np.maximum(below, 0.0)), away + np.sqrt(np.maximum(above, 0.0))


def _critical(scores: Scores, first: Places, second: Places) -> Floats:
    """Levels alpha at which the intervals just touch 0, by halving on the scale of log alpha."""
    wide, narrow = np.full(first.size, -80.0), np.zeros(first.size)  # log of 2e-35 and of 1
    for _ in range(_STEPS):
        middle = (wide + narrow) / 2
        lower, upper = _limits(scores, first, second, np.exp(middle))
        covers = (lower <= 0) & (upper >= 0)
        wide, narrow = np.where(covers, middle, wide), np.where(covers, narrow, middle)
    return np.where(scores.value[first] == scores.value[second], 1.0, np.exp(wide))
