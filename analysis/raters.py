"""Scores of agencies that are rated by raters (PAR sociological survey), with joint covariance.

One rater rates many agencies. For agency j the strata are the rater groups (by area, if any), n_h
the raters who rated j, N_h those eligible for j, the weight N_h/n_h; a rater who was not given j is
not a zero. The covariance of two agencies comes from the raters who rated both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.design import TAKEN_WHOLE, LonelyPsu, check_lonely
from analysis.errors import MeasureError
from analysis.estimate import EstimateTable, Options, table
from analysis.labels import Bools, Floats, sum_by
from analysis.moments import lonely_variance, settled
from analysis.presentation import NOBODY, UNANSWERED, Corner, Texts
from analysis.ratings import PointItem, PointsMethod, RatingRows, Ratings, rating_rows

__all__ = ["TOTAL", "PointItem", "PointsMethod", "RaterPoints", "Ratings", "rater_points"]

TOTAL = "total"


@dataclass(frozen=True, slots=True)
class RaterPoints:
    """Points of every agency.

    Attributes
    ----------
    table : agencies by item codes, topics, and ``total``; in points.
    covariance : (A, A) joint covariance of the totals, agencies in the order of ``table.cells``.
    units : (A, A) raters whose answers count for both agencies.
    raters : raters with an answer that counts for any agency.
    held : (A, H) rater groups with answers that count for the agency.
    notes : Vietnamese sentences: groups without answers, groups with a single rater.
    """

    table: EstimateTable
    covariance: Floats
    units: Floats
    raters: int
    held: Bools
    notes: tuple[str, ...]


def rater_points(
    ratings: Ratings,
    method: PointsMethod,
    options: Options | None = None,
    lonely_psu: LonelyPsu = "adjust",
) -> RaterPoints:
    """Estimate points per item, topic and in total for every agency.

    Points of an item = max points * sum w percent / (100 * sum w of valid answers), pooled over
    rater groups or, with group weights, as the weighted mean over the groups that answered.

    Raises
    ------
    DesignError : a rater who rates an agency twice, an unknown number of eligible raters, fewer
        eligible raters than ratings.
    MeasureError : percents outside 0 to 100, points or weights that are not positive.
    """
    chosen = options or Options()
    rows = rating_rows(ratings, method, fpc=chosen.fpc)
    score = _scores(rows, method)
    codes, coefficient = _layout(method)
    value, linear, gross, lost = _combined(rows, score, method, coefficient)
    variance, notes = _variance(rows, linear, gross, lonely_psu)
    used = (rows.answered @ (coefficient > 0).T) > 0
    pair_used = sum_by(rows.pair, used.astype(np.float64), rows.pair_stratum.size)
    n = sum_by(rows.pair_agency, pair_used, len(rows.agencies))
    df = sum_by(rows.pair_agency, pair_used - (pair_used > 0), len(rows.agencies))
    partly = _not_whole(rows, used, coefficient)
    deff, n_eff = _design_effect(rows, linear, used, variance, n)
    bounds = np.stack([np.zeros(len(codes)), coefficient.sum(axis=1)], axis=1)
    corner = Corner(
        tuple("composite" for _ in codes), bounds, value, variance, n, df, ~partly & (n > 0),
        np.ones(len(codes)), n_eff, np.full(value.shape, np.inf), lost,
    )  # fmt: skip
    corner = replace(corner, cap=_cap(corner, bounds[:, 1]))
    result = table(rows.agencies, codes, corner, deff, chosen)
    covariance = _covariance(rows, linear[:, -1], lonely_psu)
    varies = ~np.isnan(value[:, -1]) & (variance[:, -1] > 0)
    np.fill_diagonal(covariance, variance[:, -1])
    covariance[~varies] = 0.0
    covariance[:, ~varies] = 0.0
    units, raters, held = _reach(rows, used[:, -1])
    silent = _silent_groups(rows, score, method)
    return RaterPoints(result, covariance, units, raters, held, (*silent, *notes))


def _layout(method: PointsMethod) -> tuple[tuple[str, ...], Floats]:
    """Codes of items, topics and total, and the (E, Q) points of each item in each."""
    points = np.array([item.max_points for item in method.items])
    codes = [item.code for item in method.items]
    if not codes or len(set(codes)) < len(codes) or not (points > 0).all():
        raise MeasureError("items", codes, "codes must be used once, points above 0")
    topics = list(dict.fromkeys(item.topic for item in method.items if item.topic))
    member = [[item.topic == topic for item in method.items] for topic in topics]
    rows: Sequence[Floats] = [*np.diag(points), *(points * np.array(m) for m in member), points]
    names = (*codes, *topics, TOTAL)
    if len(set(names)) < len(names):
        raise MeasureError("items", names, "items, topics and total need names of their own")
    return names, np.stack(rows)


@dataclass(frozen=True, slots=True)
class _Scores:
    mean: Floats  # (A, Q) mean percent, nan where nobody answered
    linear: Floats  # (n, Q) linearised value of each rating for the mean of its agency
    gross: Floats  # (n, Q) its two terms by size, against which it may be rounding
    silent: Bools  # (A, G, Q) groups without an answer


def _scores(rows: RatingRows, method: PointsMethod) -> _Scores:
    """Mean percents by agency: pooled, or weighted over the groups that answered."""
    shape = (len(rows.agencies), len(rows.groups), rows.percent.shape[1])
    cell = rows.agency * shape[1] + rows.group
    w = rows.weight[:, None]
    above = sum_by(cell, w * rows.percent, shape[0] * shape[1])
    below = sum_by(cell, w * rows.answered, shape[0] * shape[1])
    mean = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    group_weight = _group_weights(rows, method)[None, :, None]
    silent = (below <= 0).reshape(shape)
    share = np.where(silent, 0.0, group_weight)
    whole = share.sum(axis=1, keepdims=True)
    share = np.divide(share, whole, out=np.zeros_like(share), where=whole > 0)
    level = np.where(whole[:, 0] > 0, (share * mean.reshape(shape)).sum(axis=1), np.nan)
    divisor = np.where(below > 0, below, 1.0)[cell]
    factor = w * share.reshape(-1, shape[2])[cell] / divisor
    middle = mean[cell] * rows.answered
    linear, gross = factor * (rows.percent - middle), factor * (rows.percent + middle)
    return _Scores(level, linear, gross, silent)


def _group_weights(rows: RatingRows, method: PointsMethod) -> Floats:
    if method.group_weights is None:
        return np.ones(len(rows.groups))
    unknown = [name for name in rows.groups if name not in method.group_weights]
    if unknown:
        raise MeasureError("group_weights", ", ".join(unknown), "every rater group needs a weight")
    weights = np.array([method.group_weights[name] for name in rows.groups], dtype=np.float64)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise MeasureError("group_weights", weights, "weights must be at least 0, not all 0")
    return weights


def _combined(
    rows: RatingRows, score: _Scores, method: PointsMethod, coefficient: Floats
) -> tuple[Floats, Floats, Floats, Texts]:
    """Points (A, E), linearised values and their gross size (n, E), why a value is missing."""
    known = ~np.isnan(score.mean)
    part = coefficient[None] * known[:, None, :]
    full = part.sum(axis=2)
    factor = np.divide(coefficient.sum(axis=1), full, out=np.ones_like(full), where=full > 0)
    complete = full >= coefficient.sum(axis=1) * (1 - 1e-12)
    estimable = (full > 0) & (complete | (method.unanswered == "renormalise"))
    part = part * np.where(estimable, factor, 0.0)[:, :, None] / 100
    value = np.einsum("aeq,aq->ae", part, np.nan_to_num(score.mean))
    linear = np.einsum("neq,nq->ne", part[rows.agency], score.linear)
    gross = np.einsum("neq,nq->ne", part[rows.agency], score.gross)
    lost = np.full(value.shape, None, dtype=object)
    for a, e in zip(*np.nonzero(~estimable), strict=True):
        empty = np.flatnonzero(~known[a] & (coefficient[e] > 0))
        names = ", ".join(method.items[q].code for q in empty)
        several = np.count_nonzero(coefficient[e]) > 1 and known[a].any()
        lost[a, e] = UNANSWERED.format(names) if several else NOBODY
    return np.where(estimable, value, np.nan), linear, gross, lost


def _variance(
    rows: RatingRows, linear: Floats, gross: Floats, lonely_psu: LonelyPsu
) -> tuple[Floats, tuple[str, ...]]:
    """Variances (A, E) by agency, strata = rater groups; 0 where `linear` is only rounding."""
    level = sum_by(rows.pair, linear, rows.n.size) / rows.n[:, None]
    square = sum_by(rows.pair, (linear - level[rows.pair]) ** 2, rows.n.size)
    n = rows.n
    factor = np.divide(rows.keep * n, n - 1, out=np.zeros_like(n), where=n > 1)
    result = sum_by(rows.pair_agency, factor[:, None] * square, len(rows.agencies))
    names = [
        f"{rows.strata[h]} / {rows.agencies[j]}"
        for h, j in zip(rows.pair_stratum, rows.pair_agency, strict=True)
    ]
    lonely = check_lonely(names, n, rows.pop_size, lonely_psu)
    for agency in np.unique(rows.pair_agency[lonely]):
        mine = rows.pair_agency == agency
        held = np.ones((int(mine.sum()), linear.shape[1]), np.bool_)
        keep = (rows.keep * lonely)[mine]
        total = level[mine] * n[mine][:, None]
        result[agency] = lonely_variance(result[agency], total, held, n[mine], keep, lonely_psu)
    found = [names[p] for p in np.flatnonzero(lonely)]
    shown = ", ".join(found[:5]) + (" ..." if len(found) > 5 else "")
    note = f"Chỉ có một người đánh giá trong nhóm: {shown}; phương sai lấy theo trung bình chung."
    size = sum_by(rows.agency, gross**2, len(rows.agencies))
    return settled(result, size), (note,) if found and lonely_psu == "adjust" else ()


def _not_whole(rows: RatingRows, used: Bools, coefficient: Floats) -> Bools:
    """Agencies and estimates (A, E) for which some eligible rater or some answer is missing."""
    partly = (rows.keep > TAKEN_WHOLE).astype(np.float64)[:, None]
    missing = ((1 - rows.answered) @ (coefficient > 0).T > 0) | ~used
    lacking = sum_by(rows.agency, missing.astype(np.float64), len(rows.agencies))
    return np.asarray((sum_by(rows.pair_agency, partly, len(rows.agencies)) + lacking) > 0)


def _design_effect(
    rows: RatingRows, linear: Floats, used: Bools, variance: Floats, n: Floats
) -> tuple[Floats, Floats]:
    size = len(rows.agencies)
    w = rows.weight[:, None]
    weight = sum_by(rows.agency, w * used, size)
    square = sum_by(rows.agency, linear**2 / w, size)
    simple = weight * square / np.maximum(n - 1, 1)  # linearised values of an agency sum to 0
    deff = np.divide(variance, simple, out=np.full_like(variance, np.nan), where=simple > 0)
    return deff, np.divide(n, deff, out=np.full_like(deff, np.nan), where=deff > 0)


def _cap(corner: Corner, most: Floats) -> Floats:
    """Effective answers per rater at most, over the agencies (method, section 3)."""
    p = corner.value / most
    known = ~np.isnan(p) & (corner.df > 0) & ~corner.census & ~np.isnan(corner.variance)
    above = np.sum(np.where(known, corner.n * p * (1 - p), 0.0), axis=0)
    below = np.sum(np.where(known, corner.n**2 * corner.variance / most**2, 0.0), axis=0)
    usable = (below > 0) & (above > 0)
    return np.asarray(np.divide(above, below, out=np.ones_like(above), where=usable))


def _covariance(rows: RatingRows, linear: Floats, lonely_psu: LonelyPsu) -> Floats:
    """Joint covariance of the totals from raters who rated both agencies.

    With m_jk such raters, f = m/M and M_jk the smaller of the two eligible numbers, a stratum adds
    s_jk (m_jk - M_jk f_j f_k), s_jk being the sample covariance of the linearised values.
    """
    size = len(rows.agencies)
    result = np.zeros((size, size))
    for h in range(len(rows.strata)):
        pairs = np.flatnonzero(rows.pair_stratum == h)
        inside = rows.pair_stratum[rows.pair] == h
        rater = np.unique(rows.rater[inside], return_inverse=True)[1]
        column = np.searchsorted(rows.pair_agency[pairs], rows.agency[inside])
        given = np.zeros((int(rater.max(initial=-1)) + 1, pairs.size))
        u = np.zeros_like(given)
        given[rater, column], u[rater, column] = 1.0, linear[inside]
        both = given.T @ given
        level = np.divide(u.T @ given, both, out=np.zeros_like(both), where=both > 0)
        product = u.T @ u
        centred = product - both * level * level.T
        if lonely_psu == "adjust":
            centred = np.where(both == 1, product, centred)
        spread = np.divide(centred, np.maximum(both - 1, 1))
        fraction = rows.n[pairs] / rows.pop_size[pairs]
        smaller = np.minimum.outer(rows.pop_size[pairs], rows.pop_size[pairs])
        known = np.where(np.isinf(smaller), 0.0, smaller)
        overlap = both - known * np.outer(fraction, fraction)
        where = rows.pair_agency[pairs]
        result[np.ix_(where, where)] += spread * np.where(both > 0, overlap, 0.0)
    return result


def _reach(rows: RatingRows, used: Bools) -> tuple[Floats, int, Bools]:
    given = np.zeros((int(rows.rater.max()) + 1, len(rows.agencies)))
    given[rows.rater[used], rows.agency[used]] = 1.0
    held = np.zeros((len(rows.agencies), len(rows.strata)), np.bool_)
    held[rows.agency[used], rows.pair_stratum[rows.pair[used]]] = True
    return given.T @ given, int(np.unique(rows.rater[used]).size), held


def _silent_groups(rows: RatingRows, score: _Scores, method: PointsMethod) -> tuple[str, ...]:
    """Name the groups that gave an agency no answer at all, where groups are weighted."""
    if method.group_weights is None:
        return ()
    silent: Bools = np.all(score.silent, axis=2)
    notes = []
    for a in np.flatnonzero(np.any(silent, axis=1)):
        groups = ", ".join(rows.groups[g] for g in np.flatnonzero(silent[a]))
        notes.append(f"{rows.agencies[a]}: không có câu trả lời của nhóm {groups}.")
    return tuple(notes)
