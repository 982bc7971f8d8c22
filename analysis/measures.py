"""What is measured: shares, means, totals, ratios, composites, as features of each row.

Every measure is a smooth function of weighted totals of the features: a weighted sum of ratios
of totals, or a total. So one pass over the rows serves all of them (method: moments).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analysis.errors import MeasureError
from analysis.labels import Bools, Floats
from analysis.products import Products

Kind = Literal["share", "mean", "total", "ratio", "composite"]
Pooling = Literal["items", "answers", "respondents"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One item measured.

    Attributes
    ----------
    code : name of the measure; also the key of its column of values.
    kind : ``share`` (values 0 or 1), ``mean`` or ``total`` (any number), ``ratio`` (values over
        the column `denominator`).
    bounds : lowest and highest possible value of a mean, where known: it then has an interval
        even if all answers are equal.
    denominator : key of the second column of a ratio.
    """

    code: str
    kind: Literal["share", "mean", "total", "ratio"] = "share"
    bounds: tuple[float, float] | None = None
    denominator: str | None = None


@dataclass(frozen=True, slots=True)
class Composite:
    """An index over measures that are all shares or all means.

    Attributes
    ----------
    code : name of the composite.
    measures : codes of its items.
    weights : weight of each item, at least 0 (default: every item weighs 1).
    pooling : ``items`` (weighted mean of the items' estimates), ``answers`` (all answers in one
        ratio) or ``respondents`` (mean over respondents of their own mean).
    unanswered : an item that nobody answered makes the composite ``null``, or is left out and
        the weights are scaled up (``renormalise``); concerns the pooling ``items``.
    """

    code: str
    measures: tuple[str, ...]
    weights: tuple[float, ...] = ()
    pooling: Pooling = "items"
    unanswered: Literal["null", "renormalise"] = "null"


@dataclass(frozen=True, slots=True)
class Plan:
    """The features of a set of measures and how the estimates follow from their totals.

    With T the (F,) totals: estimate e = sum_m share[e, m] (num[m] T)/(den[m] T) + linear[e] T.

    Attributes
    ----------
    measures, composites : what was asked for, in this order.
    num, den : (M, F) coefficients of the ratios.
    share : (E, M) coefficient of each ratio in each estimate.
    linear : (E, F) coefficients of totals.
    counted : (E,) feature that is 1 where a row counts for the estimate.
    needed : (E, F) features that are 1 for every unit in a census.
    bounds : (E, 2) lowest and highest possible value, nan where unknown.
    products : products of features that the estimates need.
    """

    measures: tuple[Measure, ...]
    composites: tuple[Composite, ...]
    num: Floats
    den: Floats
    share: Floats
    linear: Floats
    counted: np.ndarray[tuple[int], np.dtype[np.int64]]
    needed: Bools
    bounds: Floats
    products: Products

    @property
    def codes(self) -> tuple[str, ...]:
        """Names of the estimates."""
        measured = (item.code for item in self.measures)
        return (*measured, *(item.code for item in self.composites))

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kind of each estimate."""
        measured: list[Kind] = [item.kind for item in self.measures]
        composite: Kind = "composite"
        return (*measured, *([composite] * len(self.composites)))

    @property
    def n_features(self) -> int:
        """Number of features per row."""
        return int(self.num.shape[1])

    def columns(self) -> tuple[str, ...]:
        """Keys of the columns of values that `features` reads."""
        second = (item.denominator for item in self.measures if item.denominator)
        return tuple(dict.fromkeys((*(item.code for item in self.measures), *second)))

    def features(self, values: Mapping[str, Floats]) -> Floats:
        """Turn the columns of values (nan = missing) into the (n, F) features.

        Feature 0 is the constant 1; then per measure "answered" and "value", per composite
        "answered any" and, for the pooling by respondents, the respondent's own mean.

        Raises
        ------
        MeasureError : a share with a value other than 0, 1 and nan.
        """
        n = len(next(iter(values.values())))
        result = np.zeros((self.n_features, n)).T  # a feature's rows lie side by side
        result[:, 0] = 1.0
        for j, measure in enumerate(self.measures):
            value = values[measure.code]
            valid = ~np.isnan(value)
            if measure.kind == "share":
                _check_share(measure.code, value, valid)
            if measure.denominator:
                below = values[measure.denominator]
                valid &= ~np.isnan(below)
                result[:, 2 * len(self.measures) + 1 + self._ratio_place(j)] = np.where(
                    valid, below, 0.0
                )
            result[:, 1 + 2 * j] = valid
            result[:, 2 + 2 * j] = np.where(valid, value, 0.0)
        for k, composite in enumerate(self.composites):
            self._composite_features(result, k, composite)
        return result

    def _ratio_place(self, j: int) -> int:
        return sum(1 for item in self.measures[:j] if item.denominator)

    def _composite_features(self, result: Floats, k: int, composite: Composite) -> None:
        place = [self.codes.index(code) for code in composite.measures]
        answered = result[:, [1 + 2 * j for j in place]]
        counted = int(self.counted[len(self.measures) + k])
        any_answer = answered.any(axis=1)
        if composite.pooling == "respondents":
            weights = np.asarray(_weights(composite))
            below = answered @ weights
            above = result[:, [2 + 2 * j for j in place]] @ weights
            any_answer = below > 0
            result[:, counted + 1] = np.divide(
                above, below, out=np.zeros_like(above), where=any_answer
            )
        result[:, counted] = any_answer


def plan(
    measures: Sequence[Measure], composites: Sequence[Composite] = (), *, joint: bool = False
) -> Plan:
    """Check measures and composites and lay out their features.

    Parameters
    ----------
    measures, composites : what is estimated. joint : also keep what covariances between
        different measures need (more time and memory).

    Raises
    ------
    MeasureError : a code used twice, an unknown item, mixed kinds, weights that do not fit.
    """
    _check(measures, composites)
    n_ratio = sum(1 for item in measures if item.denominator)
    n_own = sum(1 for item in composites if item.pooling == "respondents")
    size = 1 + 2 * len(measures) + n_ratio + len(composites) + n_own
    n_terms, n_estimates = len(measures) + len(composites), len(measures) + len(composites)
    num, den = np.zeros((n_terms, size)), np.zeros((n_terms, size))
    share, linear = np.zeros((n_estimates, n_terms)), np.zeros((n_estimates, size))
    counted, needed = np.zeros(n_estimates, np.int64), np.zeros((n_estimates, size), np.bool_)
    bounds = np.full((n_estimates, 2), np.nan)
    below = 1 + 2 * len(measures)
    for j, measure in enumerate(measures):
        counted[j], needed[j, 1 + 2 * j] = 1 + 2 * j, True
        bounds[j] = (0.0, 1.0) if measure.kind == "share" else measure.bounds or (np.nan, np.nan)
        num[j, 2 + 2 * j] = 1.0
        den[j, below if measure.denominator else 1 + 2 * j] = 1.0
        below += 1 if measure.denominator else 0
        if measure.kind == "total":
            linear[j, 2 + 2 * j] = 1.0
        else:
            share[j, j] = 1.0
    layout = Plan(
        tuple(measures), tuple(composites), num, den, share, linear, counted, needed, bounds,
        Products.everything(0),
    )  # fmt: skip
    for k, composite in enumerate(composites):
        below = _lay_composite(layout, len(measures) + k, composite, below)
    ratios = (num != 0) | (den != 0)
    supports = [(ratios[share[e] != 0].any(axis=0)) | (linear[e] != 0) for e in range(n_estimates)]
    return replace(layout, products=Products.needed(size, supports, joint=joint))


def _lay_composite(layout: Plan, e: int, composite: Composite, free: int) -> int:
    """Fill row `e` of the layout for one composite; return the next free feature."""
    place = [layout.codes.index(code) for code in composite.measures]
    weights = np.asarray(_weights(composite))
    answered = [1 + 2 * j for j in place]
    layout.counted[e] = free
    layout.needed[e, answered] = True
    layout.bounds[e] = layout.bounds[place[0]]
    if composite.pooling == "items":
        layout.share[e, place] = weights / weights.sum()
        return free + 1
    layout.share[e, e] = 1.0
    if composite.pooling == "answers":
        layout.num[e, [2 + 2 * j for j in place]] = weights
        layout.den[e, answered] = weights
        return free + 1
    layout.num[e, free + 1], layout.den[e, free] = 1.0, 1.0
    return free + 2


def _check_share(code: str, value: Floats, valid: Bools) -> None:
    wrong = valid & (value != 0) & (value != 1)
    if wrong.any():
        raise MeasureError(code, f"{value[wrong][0]:g}", "values of a share are 0 or 1")


def _weights(composite: Composite) -> tuple[float, ...]:
    return composite.weights or (1.0,) * len(composite.measures)


def _check(measures: Sequence[Measure], composites: Sequence[Composite]) -> None:
    if not measures:
        raise MeasureError("measures", 0, "at least one measure is needed")
    codes = [item.code for item in measures] + [item.code for item in composites]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise MeasureError("measures", ", ".join(twice), "a code must be used once")
    for measure in measures:
        if (measure.kind == "ratio") != (measure.denominator is not None):
            raise MeasureError(measure.code, measure.denominator, "only a ratio has a denominator")
    by_code = {item.code: item for item in measures}
    for composite in composites:
        _check_composite(composite, by_code)


def _check_composite(composite: Composite, by_code: Mapping[str, Measure]) -> None:
    unknown = [code for code in composite.measures if code not in by_code]
    if unknown or not composite.measures:
        raise MeasureError(composite.code, ", ".join(unknown) or "none", "items must be measures")
    if len(set(composite.measures)) < len(composite.measures):
        raise MeasureError(composite.code, composite.measures, "an item must be named once")
    kinds = {(by_code[code].kind, by_code[code].bounds) for code in composite.measures}
    if len(kinds) > 1 or next(iter(kinds))[0] not in ("share", "mean"):
        raise MeasureError(composite.code, kinds, "items must be all shares or all means")
    weights = _weights(composite)
    if len(weights) != len(composite.measures):
        raise MeasureError(composite.code, len(weights), "needs one weight per item")
    if not all(np.isfinite(w) and w >= 0 for w in weights) or sum(weights) <= 0:
        raise MeasureError(composite.code, weights, "weights must be at least 0, not all 0")
