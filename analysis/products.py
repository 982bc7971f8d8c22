"""Which products of features the second moments keep: those that some estimate needs.

A share needs three (answered x answered, answered x satisfied, satisfied x satisfied), a composite
all those of its items; keeping the rest would cost most of the time and memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from analysis.errors import AnalysisError
from analysis.labels import Bools, Floats, Ints

_FEW = 6  # products per feature up to which the sparse sum is cheaper than dense matrices


@dataclass(frozen=True, slots=True)
class Products:
    """Q products of F features.

    Attributes
    ----------
    size : F. first, second : (Q,) features of each product, first <= second.
    """

    size: int
    first: Ints
    second: Ints

    @classmethod
    def needed(cls, size: int, supports: Iterable[Bools]) -> "Products":
        """Keep the products among the features (F,) of each support."""
        keep = np.zeros((size, size), np.bool_)
        for support in supports:
            used = np.flatnonzero(support)
            keep[np.ix_(used, used)] = True
        first, second = np.nonzero(np.triu(keep))
        return cls(size, first.astype(np.int64), second.astype(np.int64))

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
        """Return g' S g for each of P symmetric matrices: g (P, E, F), values (P, Q), (P, E)."""
        if self.first.size <= _FEW * self.size:
            twice = np.where(self.first == self.second, 1.0, 2.0)
            return np.asarray(np.matmul(self.outer(g) * twice, values[:, :, None])[:, :, 0])
        return np.stack(
            [
                np.sum((part @ self.dense(one)) * part, axis=1)
                for part, one in zip(g, values, strict=True)
            ]
        )

    def check(self, gradient: Floats) -> None:
        """Refuse gradients (..., F) that use together what is not kept together."""
        used = np.flatnonzero(np.any(gradient.reshape(-1, self.size) != 0, axis=0))
        kept = self.dense(np.ones(self.first.size)) > 0
        if not kept[np.ix_(used, used)].all():
            raise AnalysisError("gradient", used.size, "uses products that the plan does not keep")
