"""Corner cases and flags: when an estimate has an interval, which one, and how far to trust it.

Flags follow the NCHS standards for proportions (Vital and Health Statistics 2(175), 2017).
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from analysis.intervals import (
    IntervalMethod,
    korn_graubard,
    proportion_limits,
    t_quantile,
    wilson,
)
from analysis.labels import Bools, Floats
from analysis.measures import Kind

Flag = Literal["ok", "low", "small", "degenerate", "census", "none"]
Texts = npt.NDArray[Any]  # numpy has no type for arrays of str or None

MINIMUM_N = 10  # below: not published
RELIABLE_N = 30
RELIABLE_DF = 8

NOBODY = "Không có câu trả lời hợp lệ nào trong phân tổ này."
UNANSWERED = "Không ai trả lời câu {}."
NO_DF = "Chỉ có một đơn vị chọn mẫu trong mỗi nhóm: không tính được sai số."
NO_VARIANCE = "Không còn nhóm nào tính được phương sai."
ALL_EQUAL = "Mọi câu trả lời như nhau và không biết thang đo: không lập được khoảng tin cậy."


@dataclass(frozen=True, slots=True)
class Corner:
    """What is known of each estimate, (C, E) unless said otherwise.

    Attributes
    ----------
    kinds : (E,) kind of each estimate. bounds : (E, 2) lowest and highest value, nan unknown.
    value, variance, n, df : value nan = not estimable.
    census : every unit of the domain is in the data and answered.
    cap : (E,) effective answers per respondent at most.
    n_eff : effective sample size, nan where the variance is 0.
    strata_df : effective degrees of freedom of unequal strata, for shares.
    lost : why there is no value, Vietnamese texts or None.
    """

    kinds: tuple[Kind, ...]
    bounds: Floats
    value: Floats
    variance: Floats
    n: Floats
    df: Floats
    census: Bools
    cap: Floats
    n_eff: Floats
    strata_df: Floats
    lost: Texts


@dataclass(frozen=True, slots=True)
class Judged:
    """Limits, method, flag and reason of each estimate, (C, E)."""

    lower: Floats
    upper: Floats
    n_eff: Floats
    method: Texts
    flag: Texts
    reason: Texts


def judge(corner: Corner, level: float, method: IntervalMethod) -> Judged:
    """Choose the interval and the flag of every estimate.

    Shares and composites between known bounds: the named method, for composites with the
    effective sample size capped at c n; other estimates: Student's t. No variance without a
    census: Wilson with c n, whatever the method. A census is its own point. Without degrees of
    freedom there is no interval.
    """
    bounded = np.array([kind in ("share", "composite") for kind in corner.kinds])
    bounded &= ~np.isnan(corner.bounds[:, 0])
    known = ~np.isnan(corner.value)
    usable = known & (corner.df > 0) & ~corner.census & ~np.isnan(corner.variance)
    lower, upper = np.full(corner.value.shape, np.nan), np.full(corner.value.shape, np.nan)
    by_t = usable & ~bounded & (corner.variance > 0)
    half = t_quantile(corner.df, level) * np.sqrt(np.where(by_t, corner.variance, 0.0))
    lower[by_t], upper[by_t] = (corner.value - half)[by_t], (corner.value + half)[by_t]
    _bounded_limits(corner, usable, bounded, (level, method), (lower, upper))
    lower[corner.census], upper[corner.census] = (
        corner.value[corner.census],
        corner.value[corner.census],
    )
    flat = usable & (corner.variance == 0)
    methods = np.where(flat, "wilson", np.where(bounded, method, "t")).astype(object)
    methods[~usable | (flat & np.isnan(lower))] = "none"
    methods[corner.census] = "census"
    n_eff = np.where(flat, corner.cap * corner.n, np.where(usable, corner.n_eff, np.nan))
    return Judged(lower, upper, n_eff, methods, _flags(corner, flat), _reasons(corner, flat, lower))


def _bounded_limits(
    corner: Corner,
    usable: Bools,
    bounded: Bools,
    chosen: tuple[float, IntervalMethod],
    limits: tuple[Floats, Floats],
) -> None:
    """Fill the limits of what lies between known bounds, on the scale 0-1 and back."""
    level, method = chosen
    low, width = corner.bounds[:, 0], corner.bounds[:, 1] - corner.bounds[:, 0]
    composite = np.array([kind == "composite" for kind in corner.kinds])
    p = np.clip((corner.value - low) / width, 0.0, 1.0)
    varying = usable & bounded & (corner.variance > 0) & (p > 0) & (p < 1)
    flat = usable & ~np.isnan(low) & ((corner.variance == 0) | (bounded & ~varying))
    place = np.broadcast_to(np.arange(p.shape[1]), p.shape)
    for mask in (varying, flat):
        if not mask.any():
            continue
        e = place[mask]
        size = (corner.cap * corner.n)[mask]
        n, df, share = corner.n[mask], corner.df[mask], p[mask]
        if mask is flat:
            low_p, high_p = wilson(share, size, t_quantile(df, level))
        else:
            variance = corner.variance[mask] / width[e] ** 2
            floor = np.where(composite[e], share * (1 - share) / size, 0.0)
            variance = np.maximum(variance, floor)
            low_p, high_p = proportion_limits(method, share, variance, n, df, level)
        limits[0][mask] = low[e] + width[e] * low_p
        limits[1][mask] = low[e] + width[e] * high_p


def _flags(corner: Corner, flat: Bools) -> Texts:
    share = np.array([kind == "share" for kind in corner.kinds])
    low = (corner.n < RELIABLE_N) | (corner.df < RELIABLE_DF)
    uncertain = share & ((corner.n_eff < RELIABLE_N) | (corner.strata_df < RELIABLE_DF))
    low |= uncertain
    low |= _wide(corner, share & ~low)
    flags = np.where(low, "low", "ok").astype(object)
    flags[flat] = "degenerate"
    flags[corner.n < MINIMUM_N] = "small"
    flags[corner.census] = "census"
    flags[np.isnan(corner.value)] = "none"
    return flags


def _wide(corner: Corner, share: Bools) -> Bools:
    """Find shares whose 95 % Korn-Graubard interval is too wide to be relied on."""
    mask = share & (corner.variance > 0) & (corner.df > 0)
    mask &= (corner.value > 0) & (corner.value < 1)
    wide = np.zeros(mask.shape, np.bool_)
    if mask.any():
        p = corner.value[mask]
        lower, upper = korn_graubard(
            p, corner.variance[mask], corner.n[mask], corner.df[mask], 0.95
        )
        width = upper - lower
        wide[mask] = (width >= 0.30) | ((width > 0.05) & (width > 1.3 * p))
    return wide


def _reasons(corner: Corner, flat: Bools, lower: Floats) -> Texts:
    reasons: Texts = np.full(corner.value.shape, None, dtype=object)
    reasons[np.isnan(corner.value)] = corner.lost[np.isnan(corner.value)]
    reasons[flat & np.isnan(lower)] = ALL_EQUAL
    known = ~np.isnan(corner.value)
    reasons[np.isnan(corner.variance) & known] = NO_VARIANCE
    reasons[(corner.df <= 0) & ~corner.census & known] = NO_DF
    return reasons
