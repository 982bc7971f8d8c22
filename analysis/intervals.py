"""Confidence intervals of proportions and means, on arrays (method: section 3 of the method).

References: Wilson (1927) with the design's effective sample size and t quantiles, Franco, Little,
Louis & Slud (2019), JSSAM 7:334; Korn & Graubard (1998), Survey Methodology 24:193. The names and
formulas `beta`, `logit` (xlogit), `wald` (mean) are those of R ``survey::svyciprop`` 4.5.
"""

from typing import Literal

import numpy as np
from scipy import special

from analysis.errors import AnalysisError
from analysis.labels import Floats

IntervalMethod = Literal["wilson", "korn-graubard", "beta", "logit", "wald"]
METHODS: tuple[IntervalMethod, ...] = ("wilson", "korn-graubard", "beta", "logit", "wald")

Limits = tuple[Floats, Floats]


def check_level(level: float) -> None:
    """Refuse a confidence level that is no probability, as 95 for 95 per cent."""
    if not 0 < level < 1:
        raise AnalysisError("level", level, "must be above 0 and below 1")


def t_quantile(df: Floats, level: float) -> Floats:
    """Upper quantile of Student's t for a two-sided interval; nan where df is not positive.

    Raises
    ------
    AnalysisError : a level that is not above 0 and below 1.
    """
    check_level(level)
    usable = np.where(df > 0, df, 1.0)
    known, place = np.unique(usable, return_inverse=True)
    upper = (1 + level) / 2
    finite = np.where(np.isinf(known), 1.0, known)
    quantile = np.where(np.isinf(known), special.ndtri(upper), special.stdtrit(finite, upper))
    return np.where(df > 0, quantile[place].reshape(usable.shape), np.nan)


def wilson(p: Floats, n_eff: Floats, t: Floats) -> Limits:
    """Return Wilson's score interval with an effective sample size.

    Parameters
    ----------
    p : proportions, 0 to 1. n_eff : effective sample sizes, above 0. t : quantiles.
    """
    ratio = t**2 / n_eff
    centre = (p + ratio / 2) / (1 + ratio)
    half = np.sqrt(ratio * (p * (1 - p) + ratio / 4)) / (1 + ratio)
    # at p = 1 and p = 0 the outer limit is p itself but for rounding
    lower = np.where(p <= 0, 0.0, centre - half)
    upper = np.where(p >= 1, 1.0, centre + half)
    return lower, upper


def wald(p: Floats, variance: Floats, t: Floats) -> Limits:
    """Return the estimate plus and minus t standard errors, not clipped."""
    half = t * np.sqrt(variance)
    return p - half, p + half


def logit(p: Floats, variance: Floats, t: Floats) -> Limits:
    """Return the Wald interval on the logit scale (R's ``xlogit``), for 0 < p < 1."""
    middle = special.logit(p)
    half = t * np.sqrt(variance) / (p * (1 - p))
    return special.expit(middle - half), special.expit(middle + half)


def clopper_pearson(p: Floats, n_eff: Floats, level: float) -> Limits:
    """Return the exact binomial limits for n_eff p successes out of n_eff (real numbers).

    At p = 0 the lower limit is 0, at p = 1 the upper limit is 1; the other one keeps its
    quantile of (1 - level)/2.
    """
    alpha = (1 - level) / 2
    yes, no = n_eff * p, n_eff * (1 - p)
    low = special.betaincinv(np.where(yes > 0, yes, 1.0), no + 1, alpha)
    high = special.betaincinv(yes + 1, np.where(no > 0, no, 1.0), 1 - alpha)
    return np.where(yes > 0, low, 0.0), np.where(no > 0, high, 1.0)


def beta(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Limits:
    """Return R's ``beta``: Korn and Graubard's limits without a cap on the sample size."""
    return clopper_pearson(p, _scaled_size(p, variance, n, df, level), level)


def korn_graubard(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Limits:
    """Return Korn and Graubard's limits, the effective sample size capped at n."""
    return clopper_pearson(p, np.minimum(_scaled_size(p, variance, n, df, level), n), level)


def proportion_limits(
    method: IntervalMethod, p: Floats, variance: Floats, n: Floats, df: Floats, level: float
) -> Limits:
    """Return the interval of proportions with a positive variance, by the named method."""
    t = t_quantile(df, level)
    if method == "wilson":
        return wilson(p, p * (1 - p) / variance, t)
    if method == "wald":
        return wald(p, variance, t)
    if method == "logit":
        return logit(p, variance, t)
    return (beta if method == "beta" else korn_graubard)(p, variance, n, df, level)


def _scaled_size(p: Floats, variance: Floats, n: Floats, df: Floats, level: float) -> Floats:
    ratio = t_quantile(np.maximum(n - 1, 1), level) / t_quantile(df, level)
    return np.asarray(p * (1 - p) / variance * ratio**2)
