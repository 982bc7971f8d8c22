"""Who knows the weights takes a weighted sum over many strata apart by lattice reduction.

Lenstra, Lenstra & Lovasz (1982), Mathematische Annalen 261:515; the knapsack lattice of Lagarias
& Odlyzko (1985), JACM 32:229. It works for many small strata, and fails for what is given out.
"""

import numpy as np
import pytest

from analysis.design import survey_design
from analysis.errors import AnalysisError
from analysis.federated import Origin, complete_totals, federated_totals
from analysis.measures import Measure, plan
from analysis.moments import ElementMoments
from analysis.reduction import moments_of

SCALE = 2.0**46  # the totals are below 2^7 about their mean
LAYOUT = plan([Measure("a")], joint=True)


class Lattice:
    """Rows of whole numbers, reduced in place; lengths in double precision."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows
        self.orthogonal = np.zeros(rows.shape)
        self.mu = np.zeros((len(rows), len(rows)))
        self.square = np.zeros(len(rows))

    def _orthogonalise(self, k: int) -> None:
        row = self.rows[k].astype(np.float64)
        rest = row.copy()
        for j in range(k):
            self.mu[k, j] = row @ self.orthogonal[j] / self.square[j]
            rest -= self.mu[k, j] * self.orthogonal[j]
        self.orthogonal[k], self.square[k] = rest, rest @ rest

    def _shorten(self, k: int) -> None:
        self._orthogonalise(k)
        for _ in range(4):
            changed = False
            for j in range(k - 1, -1, -1):
                times = round(self.mu[k, j])
                if times:
                    self.rows[k] -= times * self.rows[j]
                    self.mu[k, :j] -= times * self.mu[j, :j]
                    self.mu[k, j] -= times
                    changed = True
            self._orthogonalise(k)
            if not changed:
                return

    def reduce(self) -> np.ndarray:
        """Return a reduced basis."""
        self._orthogonalise(0)
        k, steps = 1, 0
        while k < len(self.rows) and steps < 60_000:
            steps += 1
            self._shorten(k)
            if self.square[k] >= (0.99 - self.mu[k, k - 1] ** 2) * self.square[k - 1]:
                k += 1
                continue
            self.rows[[k - 1, k]] = self.rows[[k, k - 1]]
            self._orthogonalise(k - 1)
            k = max(k - 1, 1)
        return self.rows


def taken_apart(total: float, weight: np.ndarray, guess: np.ndarray) -> list[tuple[int, ...]]:
    """Propose counts per stratum near a guess whose weighted sum is the total."""
    size = weight.size
    rows = np.zeros((size + 1, size + 2), dtype=object)
    for h in range(size):
        rows[h, h], rows[h, size] = 1, round(weight[h] * SCALE)
    rows[size, size], rows[size, size + 1] = round((total - weight @ guess) * SCALE), 2
    proposed = []
    for row in Lattice(rows).reduce():
        if abs(row[size + 1]) == 2:
            away = np.array(row[:size], dtype=np.int64) * (-1 if row[size + 1] > 0 else 1)
            proposed.append(tuple((guess + away).tolist()))
    return proposed


def survey(strata: int, size: int, seed: int) -> tuple[ElementMoments, np.ndarray, tuple[int, ...]]:
    rng = np.random.default_rng(seed)
    stratum = np.repeat(np.arange(strata), size)
    weight = 3 + 10 * rng.random(strata)
    a = (rng.random(stratum.size) < 0.85).astype(float)
    names = np.char.add("P-", np.char.zfill(stratum.astype(str), 2))
    moments = moments_of(survey_design(weight[stratum], strata=names), LAYOUT, {"a": a})
    assert isinstance(moments, ElementMoments)
    return moments, weight, tuple(np.bincount(stratum, a).astype(int).tolist())


def attacked(strata: int, size: int, seed: int) -> bool:
    moments, weight, true = survey(strata, size, seed)
    total = complete_totals(moments, LAYOUT, Origin("m", "s", "d")).total[2]
    return true in taken_apart(total, weight, np.full(strata, round(0.85 * size)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_counts_of_twelve_small_strata_are_found_and_refused(seed: int) -> None:
    assert attacked(12, 10, seed)
    with pytest.raises(AnalysisError, match="respondents"):
        federated_totals(survey(12, 10, seed)[0], LAYOUT, method="m", survey="s", digest="d")


@pytest.mark.parametrize(("strata", "size"), [(26, 12), (36, 19)])
def test_the_counts_of_strata_that_are_given_out_are_not_found(strata: int, size: int) -> None:
    federated_totals(survey(strata, size, 1)[0], LAYOUT, method="m", survey="s", digest="d")
    assert not attacked(strata, size, 1)


def test_an_item_with_few_dissatisfied_in_small_strata_is_left_out_by_name() -> None:
    """36 strata of 19: 12 dissatisfied in all say in which strata they are, 100 do not."""
    stratum = np.repeat(np.arange(36), 19)
    rng = np.random.default_rng(1)
    values = {q: np.ones(stratum.size) for q in ("a", "b")}
    for q, dissatisfied in (("a", 100), ("b", 12)):
        values[q][rng.permutation(stratum.size)[:dissatisfied]] = 0.0
    layout = plan([Measure("a"), Measure("b")], joint=True)
    design = survey_design(3 + 10 * rng.random(36)[stratum], strata=stratum)
    totals = federated_totals(
        moments_of(design, layout, values), layout, method="m", survey="s", digest="d"
    )
    assert totals.left_out == ("b",)
