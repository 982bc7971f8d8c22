"""Agreement of first answers and re-check answers, always several measures side by side.

With 97 of 100 satisfied, 94 % agreement has a kappa below 0: nothing is decided by kappa alone.
All measures are smooth functions of the weighted table of pairs, so that their standard errors
are the delta method on it; for equal weights those of Fleiss, Cohen & Everitt (1969) for kappa and
of Gwet (2008) for AC1 and AC2 (R: ``vcd::Kappa``, ``irrCAC``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.answer_pairs import (
    NO_ERROR,
    AnswerPairs,
    Coefficient,
    FirstAnswers,
    Variance,
    answer_pairs,
)
from analysis.errors import AnalysisError
from analysis.intervals import wilson
from analysis.labels import Floats, Ints
from analysis.moments import ZERO_VARIANCE

Grade = Literal["low", "moderate", "high"]

NO_VARIATION = "Mọi câu trả lời rơi vào một mức: không xác định."


@dataclass(frozen=True, slots=True)
class Options:
    """How pairs are compared.

    Attributes
    ----------
    level : confidence level.
    tolerance : places on the scale by which two answers may differ and still agree.
    first_answers : for a variance conditional on them; None = as a process.
    """

    level: float = 0.95
    tolerance: int = 0
    first_answers: FirstAnswers | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """Net difference rate of one category: share in the first answers minus in the re-check."""

    category: str
    net: Coefficient


@dataclass(frozen=True, slots=True)
class Symmetry:
    """Bowker's test that answers move both ways alike (McNemar's for two categories)."""

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of the pairs of one item, or pooled.

    Attributes
    ----------
    n : pairs, unweighted. level : of the intervals. variance : what they are about.
    table : (k, k) weighted shares, rows = first.
    agreement : share of answers that are equal within the tolerance. gdr : gross difference rate,
        1 - agreement.
    ndr : net difference rate per category, first minus re-check.
    ioi : index of inconsistency, 1 - kappa; `grade` by the US Census rule (< 0.20, 0.20-0.50).
    kappa, kappa_linear, kappa_quadratic : Cohen. ac1, ac2 : Gwet, ac2 with quadratic weights.
    prevalence : 0 = all categories alike, 1 = all answers in one. bias : half the sum of |ndr|.
    symmetry : of the unweighted counts; None without any difference.
    """

    n: int
    level: float
    variance: Variance
    table: Floats
    agreement: Coefficient
    gdr: Coefficient
    ndr: tuple[Shift, ...]
    ioi: Coefficient
    grade: Grade | None
    kappa: Coefficient
    kappa_linear: Coefficient
    kappa_quadratic: Coefficient
    ac1: Coefficient
    ac2: Coefficient
    prevalence: float
    bias: float
    symmetry: Symmetry | None


def agreement(
    original: npt.ArrayLike,
    recheck: npt.ArrayLike,
    categories: Sequence[object],
    weight: npt.ArrayLike | None = None,
    options: Options | None = None,
) -> Agreement:
    """Measure the agreement of pairs of answers.

    Parameters
    ----------
    original, recheck : (n,) answers; a pair with a missing answer (None, nan, "") is left out.
    categories : all categories of the questionnaire in their order, used or not.
    weight : (n,) weights of the pairs, above 0; None = equal.

    Raises
    ------
    AnalysisError : an answer outside the categories, fewer than 2 categories, no pair at all, a
        weight that is not above 0, a level that is not above 0 and below 1, a negative tolerance,
        a cell with more pairs than first answers.
    """
    chosen = options or Options()
    if chosen.tolerance < 0:
        raise AnalysisError("tolerance", chosen.tolerance, "must be at least 0 places")
    pairs = answer_pairs(
        (original, recheck), categories, weight, chosen.first_answers, chosen.level
    )
    return _measured(pairs, chosen.tolerance)


def pooled_inconsistency(items: Sequence[Agreement]) -> float | None:
    """Return one index of inconsistency of several items; None where no answer varies.

    The sum of the observed differences over the sum of those expected by chance, so that an item
    counts by its pairs and by how much its answers vary: as the L-fold index does with the
    categories of one item (U.S. Bureau of the Census 1985, ISP-TR-5).
    """
    observed = sum(one.n * (1 - float(np.trace(one.table))) for one in items)
    expected = sum(one.n * _expected_differences(one.table) for one in items)
    return observed / expected if expected > ZERO_VARIANCE else None


def grade(inconsistency: float | None) -> Grade | None:
    """Grade an index of inconsistency by the rule of the US Census."""
    if inconsistency is None:
        return None
    return "low" if inconsistency < 0.20 else "moderate" if inconsistency <= 0.50 else "high"


def _expected_differences(table: Floats) -> float:
    return 1 - float(table.sum(axis=1) @ table.sum(axis=0))


def quadratic_weights(k: int) -> Floats:
    """Return agreement weights 1 - (i - j)^2/(k - 1)^2 of k ordered categories."""
    place = np.arange(k)
    return np.asarray(1 - (place[:, None] - place[None, :]) ** 2 / (k - 1) ** 2, dtype=np.float64)


def linear_weights(k: int) -> Floats:
    """Return agreement weights 1 - |i - j|/(k - 1) of k ordered categories."""
    place = np.arange(k)
    return np.asarray(1 - np.abs(place[:, None] - place[None, :]) / (k - 1), dtype=np.float64)


def _measured(pairs: AnswerPairs, tolerance: int) -> Agreement:
    p = pairs.table
    k = p.shape[0]
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    agreed, differing = _agreed(pairs, tolerance)
    kappa = _kappa(pairs, np.eye(k))
    net = rows - columns
    average = (rows + columns) / 2
    counts = np.bincount(pairs.first * k + pairs.second, minlength=k * k).reshape(k, k)
    inconsistency = _mirrored(kappa)
    return Agreement(
        pairs.n, pairs.level, "process" if pairs.cells is None else "conditional",
        p, agreed, differing,
        tuple(Shift(name, _net(pairs, i, float(net[i]))) for i, name in enumerate(pairs.names)),
        inconsistency, grade(inconsistency.value), kappa,
        _kappa(pairs, linear_weights(k)), _kappa(pairs, quadratic_weights(k)),
        _gwet(pairs, np.eye(k)), _gwet(pairs, quadratic_weights(k)),
        float((k * average.max() - 1) / (k - 1)), float(np.abs(net).sum() / 2), _symmetry(counts),
    )  # fmt: skip


def _agreed(pairs: AnswerPairs, tolerance: int) -> tuple[Coefficient, Coefficient]:
    """Share of agreeing answers and its complement, with Wilson's interval.

    Never of width 0, except where every first answer was asked again.
    """
    same = (np.abs(pairs.first - pairs.second) <= tolerance).astype(np.float64)
    share = float(min(np.average(same, weights=pairs.weight), 1.0))
    if pairs.is_census:
        return Coefficient(share, 0.0, (share, share)), Coefficient(
            1 - share, 0.0, (1 - share, 1 - share)
        )
    if pairs.df < 1:
        return Coefficient(share, None, None, NO_ERROR), Coefficient(
            1 - share, None, None, NO_ERROR
        )
    se = pairs.variance(same) ** 0.5
    size = share * (1 - share) / se**2 if se > 1e-12 else pairs.n_eff
    low, high = wilson(np.array([share]), np.array([size]), np.array([pairs.t]))
    limits = (float(low[0]), float(high[0]))
    se = se if se > 1e-12 else 0.0
    return Coefficient(share, se, limits), Coefficient(
        1 - share, se, (1 - limits[1], 1 - limits[0])
    )


def _net(pairs: AnswerPairs, category: int, value: float) -> Coefficient:
    slope = np.zeros((len(pairs.names), len(pairs.names)))
    slope[category, :] += 1
    slope[:, category] -= 1
    return pairs.coefficient(value, slope)


def _kappa(pairs: AnswerPairs, weights: Floats) -> Coefficient:
    """Cohen's kappa with agreement weights (k, k)."""
    p = pairs.table
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((weights * p).sum()), float(rows @ weights @ columns)
    if 1 - expected < 1e-12:
        return Coefficient(None, None, None, NO_VARIATION)
    value = (observed - expected) / (1 - expected)
    margins = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    slope = (weights * (1 - expected) - margins * (1 - observed)) / (1 - expected) ** 2
    return pairs.coefficient(value, slope)


def _gwet(pairs: AnswerPairs, weights: Floats) -> Coefficient:
    """Gwet's AC1 (identity weights) or AC2."""
    p, k = pairs.table, len(pairs.names)
    average = (p.sum(axis=1) + p.sum(axis=0)) / 2
    scale = float(weights.sum()) / (k * (k - 1))
    observed, expected = float((weights * p).sum()), scale * float((average * (1 - average)).sum())
    value = (observed - expected) / (1 - expected)
    change = scale * ((1 - 2 * average)[:, None] + (1 - 2 * average)[None, :]) / 2
    slope = (weights * (1 - expected) - (1 - observed) * change) / (1 - expected) ** 2
    return pairs.coefficient(value, slope)


def _mirrored(kappa: Coefficient) -> Coefficient:
    """Index of inconsistency = 1 - kappa."""
    if kappa.value is None:
        return kappa
    limits = None if kappa.ci is None else (1 - kappa.ci[1], 1 - kappa.ci[0])
    return Coefficient(1 - kappa.value, kappa.se, limits, kappa.reason)


def _symmetry(counts: Ints) -> Symmetry | None:
    upper = np.triu_indices(counts.shape[0], 1)
    there, back = counts[upper], counts.T[upper]
    used = there + back > 0
    if not used.any():
        return None
    statistic = float(np.sum((there - back)[used] ** 2 / (there + back)[used]))
    df = int(used.sum())
    return Symmetry(statistic, df, float(special.gammaincc(df / 2, statistic / 2)))
