"""Which products of features the second moments keep: those that some estimate needs.

A share needs three (answered x answered, answered x satisfied, satisfied x satisfied), a composite
all those of its items; keeping the rest would cost most of the time and memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.errors import AnalysisError
from analysis.labels import Bools, Floats, Ints

_FEW = 6  # products of an estimate up to which they are summed one by one


@dataclass(frozen=True, slots=True)
class Products:
    """Q products of F features.

    Attributes
    ----------
    size : F. first, second : (Q,) features of each product, first <= second.
    few : estimates with few products. places : (few, K) their products, padded.
    times : (few, K) 1 for squares, 2 for others, 0 for padding.
    many : the other estimates.
    """

    size: int
    first: Ints
    second: Ints
    few: Ints
    places: Ints
    times: Floats
    many: Ints

    @classmethod
    def needed(cls, size: int, supports: Sequence[Bools], *, joint: bool = False) -> "Products":
        """Keep the products among the features (F,) that each estimate uses; `joint`: all."""
        keep = np.full((size, size), joint)
        used = [np.flatnonzero(support) for support in supports]
        for one in used:
            keep[np.ix_(one, one)] = True
        first, second = np.nonzero(np.triu(keep))
        place = np.zeros((size, size), np.int64)
        place[first, second] = np.arange(first.size)
        length = [one.size * (one.size + 1) // 2 for one in used]
        few = [e for e, n in enumerate(length) if n <= _FEW]
        width = max((length[e] for e in few), default=0)
        places, times = np.zeros((len(few), width), np.int64), np.zeros((len(few), width))
        for row, e in enumerate(few):
            a, b = np.triu_indices(used[e].size)
            places[row, : a.size] = place[used[e][a], used[e][b]]
            times[row, : a.size] = np.where(a == b, 1.0, 2.0)
        many = [e for e, n in enumerate(length) if n > _FEW]
        return cls(
            size, first.astype(np.int64), second.astype(np.int64), np.array(few, np.int64),
            places, times, np.array(many, np.int64),
        )  # fmt: skip

    @classmethod
    def everything(cls, size: int) -> "Products":
        """Keep all products."""
        return cls.needed(size, [np.ones(size, np.bool_)])

    def of(self, matrix: Floats) -> Floats:
        """Take the products out of symmetric matrices (..., F, F)."""
        return np.asarray(matrix[..., self.first, self.second])

    def outer(self, x: Floats) -> Floats:
        """Products of vectors (..., F) with themselves, (..., Q)."""
        return np.asarray(x[..., self.first] * x[..., self.second])

    def dense(self, values: Floats) -> Floats:
        """Put products (Q,) into a symmetric matrix (F, F), 0 where not kept."""
        matrix = np.zeros((self.size, self.size))
        matrix[self.first, self.second] = values
        matrix[self.second, self.first] = values
        return matrix

    def quadratic(self, g: Floats, values: Floats) -> Floats:
        """Return g' S g for each of P symmetric matrices and the E estimates.

        Parameters
        ----------
        g : (P, E, F) gradients, each within the support of its estimate.
        values : (P, Q) products.

        Returns
        -------
        (P, E) array.
        """
        result = np.zeros(g.shape[:2])
        if self.few.size:
            rows = self.few[:, None]
            left, right = self.first[self.places], self.second[self.places]
            part = g[:, rows, left] * g[:, rows, right] * values[:, self.places]
            result[:, self.few] = np.sum(part * self.times, axis=2)
        if self.many.size:
            for p, (part, one) in enumerate(zip(g[:, self.many], values, strict=True)):
                result[p, self.many] = np.sum((part @ self.dense(one)) * part, axis=1)
        return result

    def check(self, gradient: Floats) -> None:
        """Refuse gradients (..., F) that use together what is not kept together."""
        used = np.flatnonzero(np.any(gradient.reshape(-1, self.size) != 0, axis=0))
        kept = self.dense(np.ones(self.first.size)) > 0
        if not kept[np.ix_(used, used)].all():
            raise AnalysisError("gradient", used.size, "uses products that the plan does not keep")
