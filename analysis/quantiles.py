"""Quantiles with Woodruff's intervals (1952, JASA 47:635), as R ``survey::svyquantile``.

The quantile of p is the smallest value whose weighted share of values at or below is at least p
(R's qrule "math"); its limits are the quantiles of the limits of that share.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimate import Estimate, Moments, Options, estimates
from analysis.intervals import t_quantile
from analysis.labels import Bools, Floats, Labels
from analysis.measures import Measure, Plan, plan
from analysis.presentation import NOBODY
from analysis.reduction import moments_of

Reduce = Callable[[Plan, Mapping[str, Floats], Labels], Moments]


def weighted_quantile(value: Floats, weight: Floats, p: float) -> float:
    """Return the smallest value with a weighted share of at least p at or below it.

    Parameters
    ----------
    value, weight : (n,) without missing values, weights at least 0. p : 0 to 1.
    """
    order = np.argsort(value, kind="stable")
    share = np.cumsum(weight[order])
    place = int(np.searchsorted(share / share[-1], p * (1 - 1e-14)))
    return float(value[order][min(place, value.size - 1)])


def quantiles(
    design: SurveyDesign,
    value: npt.ArrayLike,
    probabilities: Sequence[float],
    options: Options | None = None,
    inside: npt.ArrayLike | None = None,
    reduce: Reduce | None = None,
) -> tuple[Estimate, ...]:
    """Estimate quantiles of a variable.

    Parameters
    ----------
    design : design of the n rows. value : (n,) numbers, nan = missing.
    probabilities : each above 0 and below 1.
    options : level, correction and the interval of the share; no method named is ``wald``, as R.
    inside : (n,) rows of a domain; None = all.
    reduce : moments of the rows, for weights that were calibrated; None = `moments_of`.

    Returns
    -------
    one estimate per probability; `se` is the interval's half width over the t quantile.
    """
    chosen = options or Options()
    if chosen.method is None:
        chosen = replace(chosen, method="wald")
    x = np.asarray(value, dtype=np.float64)
    if x.shape != (design.n,):
        raise AnalysisError("value", x.shape, f"must hold {design.n} values")
    wrong = [p for p in probabilities if not 0 < p < 1]
    if wrong:
        raise AnalysisError("probabilities", wrong[0], "must be above 0 and below 1")
    domain: Bools = np.ones(design.n, np.bool_) if inside is None else np.asarray(inside, np.bool_)
    used = domain & ~np.isnan(x) & (design.weight > 0)
    if not used.any():
        empty = Estimate(None, None, None, chosen.level, 0, 0, None, None, "none", "none", NOBODY)
        return (empty,) * len(probabilities)
    known, weight = x[used], design.weight[used]
    points = [weighted_quantile(known, weight, p) for p in probabilities]
    below = {str(i): np.where(used, x <= point, np.nan) for i, point in enumerate(points)}
    layout = plan([Measure(code) for code in below])
    cells = Labels(np.where(domain, 0, -1), ("",))
    moments = (reduce or partial(moments_of, design))(layout, below, cells)
    table = estimates(moments, layout, chosen)
    return tuple(
        _quantile(point, table.at("", str(i)), known, weight) for i, point in enumerate(points)
    )


def _quantile(point: float, share: Estimate, value: Floats, weight: Floats) -> Estimate:
    if share.ci is None:
        return Estimate(
            point, None, None, share.level, share.df, share.n, None, None, "none", share.flag,
            share.reason,
        )  # fmt: skip
    lower, upper = (weighted_quantile(value, weight, min(max(p, 0.0), 1.0)) for p in share.ci)
    t = float(t_quantile(np.array([float(share.df)]), share.level)[0]) if share.df > 0 else 1.0
    census = share.flag == "census"
    limits = (point, point) if census else (lower, upper)
    se = 0.0 if census else (upper - lower) / (2 * t)
    return Estimate(
        point, se, limits, share.level, share.df, share.n, share.n_eff, share.deff,
        "census" if census else f"woodruff-{share.method}", share.flag,
    )  # fmt: skip
