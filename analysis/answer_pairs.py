"""Pairs of a first answer and a re-check answer, and the variance of what is computed from them.

Two readings of chance, and a result names which one it used. As a *process*: each pair is one
draw of the way people answer (no finite population). *Conditional* on the first answers: the
pairs are a stratified sample of these first answers, with f = m/r in every cell of the re-check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import AnalysisError
from analysis.intervals import check_level, t_quantile
from analysis.labels import Floats, Ints, as_labels, canonical
from analysis.moments import ZERO_VARIANCE

Variance = Literal["process", "conditional"]

NO_ERROR = "Không tính được sai số từ bảng này."


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A measure of agreement; value or limits None where they do not exist, with the reason."""

    value: float | None
    se: float | None
    ci: tuple[float, float] | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FirstAnswers:
    """The first answers that the pairs were drawn from.

    Attributes
    ----------
    cell : (n,) cell of the re-check of each pair.
    count : first answers of every cell, not fewer than its pairs.
    """

    cell: npt.ArrayLike
    count: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cells with at least two pairs (smaller ones joined): index of each pair, m and f."""

    index: Ints
    pairs: Floats
    sampling_fraction: Floats


@dataclass(frozen=True, slots=True)
class AnswerPairs:
    """Complete pairs of answers.

    Attributes
    ----------
    first, second : (n,) place of the answer among `names`. weight : (n,). level : of intervals.
    cells : None for the reading as a process.
    """

    first: Ints
    second: Ints
    weight: Floats
    names: list[str]
    level: float
    cells: _Cells | None = None

    @property
    def n(self) -> int:
        """Pairs, unweighted."""
        return int(self.first.size)

    @property
    def table(self) -> Floats:
        """Weighted shares (k, k), rows = first answers."""
        k = len(self.names)
        cells = np.bincount(self.first * k + self.second, self.weight, minlength=k * k)
        return np.asarray(cells.reshape(k, k) / self.weight.sum())

    @property
    def n_eff(self) -> float:
        """Kish's effective number of pairs, (sum w)^2 / sum w^2."""
        return float(self.weight.sum() ** 2 / np.sum(self.weight**2))

    @property
    def is_census(self) -> bool:
        """Whether every first answer was asked again, and the variance is conditional."""
        return self.cells is not None and bool((self.cells.sampling_fraction >= 1).all())

    @property
    def df(self) -> float:
        """Pairs less cells; one cell for the reading as a process."""
        return self.n - (1.0 if self.cells is None else self.cells.pairs.size)

    @property
    def t(self) -> float:
        """Quantile of Student's t."""
        return float(t_quantile(np.array([self.df]), self.level)[0])

    def variance(self, value: Floats) -> float:
        """Return the variance of the weighted mean of `value` (n,).

        Conditional: sum over cells of (1 - f) m/(m - 1) times the sum of squared deviations.
        """
        share = self.weight / self.weight.sum()
        away = share * (value - np.average(value, weights=self.weight))
        if self.cells is None:
            return float(np.sum(away**2))
        m = self.cells.pairs
        mean = np.bincount(self.cells.index, away, minlength=m.size) / m
        squares = np.bincount(self.cells.index, (away - mean[self.cells.index]) ** 2, m.size)
        # a single pair has squares of 0, and no degrees of freedom to make an interval of
        factor = m / np.maximum(m - 1, 1)
        return float(np.sum((1 - self.cells.sampling_fraction) * factor * squares))

    def coefficient(self, value: float, slope: Floats) -> Coefficient:
        """Delta method: `slope` (k, k) is the derivative of the value by the shares."""
        if self.is_census:
            return Coefficient(value, 0.0, (value, value))
        each = slope[self.first, self.second]
        variance = self.variance(each)
        gross = float(np.sum((self.weight / self.weight.sum() * np.abs(each)) ** 2))
        if variance <= ZERO_VARIANCE * max(gross, 1e-12) or self.df < 1:
            return Coefficient(value, 0.0 if self.n > 1 else None, None, NO_ERROR)
        se = variance**0.5
        half = self.t * se
        return Coefficient(value, se, (max(value - half, -1.0), min(value + half, 1.0)))


def answer_pairs(
    answers: tuple[npt.ArrayLike, npt.ArrayLike],
    categories: Sequence[object],
    weight: npt.ArrayLike | None,
    first_answers: FirstAnswers | None,
    level: float,
) -> AnswerPairs:
    """Check and keep the complete pairs; see `analysis.agreement.agreement` for the arguments."""
    check_level(level)
    names = [canonical(category) for category in categories]
    if len(names) < 2 or len(set(names)) < len(names) or "" in names:
        raise AnalysisError("categories", names, "at least two different categories are needed")
    first, second = _codes(answers[0], names, "original"), _codes(answers[1], names, "recheck")
    if first.size != second.size:
        raise AnalysisError("recheck", second.size, f"must hold {first.size} answers")
    weights = np.ones(first.size) if weight is None else np.asarray(weight, dtype=np.float64)
    if weights.shape != first.shape or not (np.isfinite(weights) & (weights > 0)).all():
        raise AnalysisError("weight", weights.shape, "must be above 0 for every pair")
    both = (first >= 0) & (second >= 0)
    if not both.any():
        raise AnalysisError("original", 0, "at least one complete pair is needed")
    cells = None if first_answers is None else _cells(first_answers, both)
    return AnswerPairs(first[both], second[both], weights[both], names, level, cells)


def _codes(answers: npt.ArrayLike, names: list[str], argument: str) -> Ints:
    labels = as_labels(answers)
    unknown = [name for name in labels.names if name not in names]
    if unknown:
        raise AnalysisError(argument, ", ".join(unknown[:5]), "must be one of the categories")
    place = np.array([*(names.index(name) for name in labels.names), -1], dtype=np.int64)
    return np.asarray(place[labels.code], dtype=np.int64)


def _cells(first_answers: FirstAnswers, both: npt.NDArray[np.bool_]) -> _Cells:
    label = as_labels(first_answers.cell)
    if label.code.shape != both.shape or (label.code < 0).any():
        raise AnalysisError("cell", label.code.size, f"needs a cell for each of {both.size} pairs")
    size = len(label.names)
    pairs = np.bincount(label.code[both], minlength=size).astype(np.float64)
    count = np.array([first_answers.count.get(name, 0) for name in label.names], np.float64)
    for name, m, r in zip(label.names, pairs, count, strict=True):
        if r < m:
            raise AnalysisError("count", f"{name}: {r:.0f}", f"must be at least its {m:.0f} pairs")
    # a cell with one pair has no variance of its own: the small ones are joined, and if they are
    # still one pair together, the next smallest joins them
    order = np.lexsort((np.arange(size), pairs))
    joined = np.arange(size)
    small = int(np.sum(pairs < 2))
    if small and pairs[order[:small]].sum() < 2:
        small = min(small + 1, size)
    joined[order[:small]] = order[0]
    index = np.unique(joined, return_inverse=True)[1]
    m = np.bincount(index, pairs).astype(np.float64)
    r = np.bincount(index, count).astype(np.float64)
    used = m > 0
    place = np.cumsum(used) - 1
    return _Cells(np.asarray(place[index[label.code[both]]], np.int64), m[used], m[used] / r[used])
