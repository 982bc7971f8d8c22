"""Ratings of agencies by raters: what comes in, checked, as codes and weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import DesignError, MeasureError
from analysis.labels import Floats, Ints, Labels, as_labels


@dataclass(frozen=True, slots=True)
class PointItem:
    """A question with points: its code, the most points it gives, the topic it belongs to."""

    code: str
    max_points: float
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Ratings:
    """One row per rater and agency rated.

    Attributes
    ----------
    rater, agency : (n,) labels; a rater rates an agency at most once.
    stratum : (n,) labels of the rater group, by area where the draw was.
    percent : per item the (n,) percent of the chosen option, 0 to 100, nan = no valid answer.
    eligible : raters eligible for the agency by (stratum, agency); None = unknown: weights 1,
        no finite population correction.
    group : (n,) labels of the rater group for `group_weights`; None = the stratum.
    """

    rater: npt.ArrayLike
    agency: npt.ArrayLike
    stratum: npt.ArrayLike
    percent: Mapping[str, npt.ArrayLike]
    eligible: Mapping[tuple[str, str], int] | None = None
    group: npt.ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class PointsMethod:
    """How percents become points.

    Attributes
    ----------
    items : the questions, in order.
    group_weights : weight of each rater group, at least 0; None = all answers pooled.
    unanswered : a question that nobody answered for an agency makes its topic and total ``null``,
        or is left out and the points are scaled up (``renormalise``).
    """

    items: tuple[PointItem, ...]
    group_weights: Mapping[str, float] | None = None
    unanswered: Literal["null", "renormalise"] = "null"


@dataclass(frozen=True, slots=True)
class RatingRows:
    """Ratings as codes; a pair is a stratum by agency."""

    agencies: tuple[str, ...]
    strata: tuple[str, ...]
    groups: tuple[str, ...]
    agency: Ints
    group: Ints
    rater: Ints
    pair: Ints
    pair_agency: Ints
    pair_stratum: Ints
    n: Floats  # (P,) raters who rated
    pop_size: Floats  # (P,) raters eligible, inf = no correction
    weight: Floats  # (n,)
    answered: Floats  # (n, Q) 1 or 0
    percent: Floats  # (n, Q), 0 where missing

    @property
    def keep(self) -> Floats:
        """1 - f of each pair."""
        return np.maximum(1 - self.n / self.pop_size, 0.0)


def rating_rows(ratings: Ratings, method: PointsMethod, *, fpc: bool) -> RatingRows:
    """Check ratings and turn them into codes and weights; refusals as `rater_points` says."""
    agency, stratum = as_labels(ratings.agency), as_labels(ratings.stratum)
    rater = as_labels(ratings.rater)
    group = stratum if ratings.group is None else as_labels(ratings.group)
    named = {"agency": agency, "rater": rater, "stratum": stratum, "group": group}
    for argument, column in named.items():
        if column.code.size == 0 or (column.code < 0).any():
            raise DesignError(argument, "an empty label", "needs a label in every row")
        if column.code.size != agency.code.size:
            raise DesignError(argument, column.code.size, f"must hold {agency.code.size} rows")
    if method.group_weights is None:
        group = Labels(np.zeros(agency.code.size, np.int64), ("",))
    percent = np.stack([_percent(ratings.percent, item.code) for item in method.items], axis=1)
    if percent.shape[0] != agency.code.size:
        raise DesignError("percent", percent.shape[0], f"must hold {agency.code.size} rows")
    joint = rater.code * len(agency.names) + agency.code
    if np.unique(joint).size < joint.size:
        raise DesignError("rater", "a pair repeated", "a rater rates an agency at most once")
    key, pair = np.unique(stratum.code * len(agency.names) + agency.code, return_inverse=True)
    n = np.bincount(pair).astype(np.float64)
    pair_stratum, pair_agency = key // len(agency.names), key % len(agency.names)
    size = _eligible(ratings, stratum, agency, (pair_stratum, pair_agency), n)
    weight = np.where(np.isinf(size), 1.0, size / n)[pair]
    return RatingRows(
        agency.names, stratum.names, group.names, agency.code, group.code, rater.code,
        pair.astype(np.int64), pair_agency, pair_stratum, n,
        size if fpc else np.full(n.size, np.inf), weight,
        (~np.isnan(percent)).astype(np.float64), np.nan_to_num(percent),
    )  # fmt: skip


def _percent(columns: Mapping[str, npt.ArrayLike], code: str) -> Floats:
    if code not in columns:
        raise MeasureError(code, "no column", "every item needs its percents")
    column = np.asarray(columns[code], dtype=np.float64)
    wrong = column[(column < 0) | (column > 100)]
    if wrong.size:
        raise MeasureError(code, wrong[0], "a percent lies between 0 and 100")
    return column


def _eligible(
    ratings: Ratings, stratum: Labels, agency: Labels, pairs: tuple[Ints, Ints], n: Floats
) -> Floats:
    size = np.full(n.size, np.inf)
    if ratings.eligible is None:
        return size
    for p, (h, j) in enumerate(zip(*pairs, strict=True)):
        where = (stratum.names[h], agency.names[j])
        if where not in ratings.eligible:
            raise DesignError("eligible", " / ".join(where), "needs the number of raters")
        size[p] = ratings.eligible[where]
        if size[p] < n[p]:
            found = f"{' / '.join(where)}: {size[p]:g} < {n[p]:g}"
            raise DesignError("eligible", found, "must not be smaller than the raters who rated")
    return size
