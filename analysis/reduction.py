"""Rows to moments in one pass: in chunks that fit the cache, on several threads if asked."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from analysis.design import SurveyDesign
from analysis.errors import DesignError
from analysis.estimate import Moments
from analysis.labels import Floats, Labels, as_labels
from analysis.measures import Plan
from analysis.moments import ElementMoments, element_moments
from analysis.share_counts import counted_shares
from analysis.unit_totals import UnitTotals, unit_totals

CHUNK_ROWS = 65_536
T = TypeVar("T")


def moments_of(
    design: SurveyDesign,
    plan: Plan,
    values: Mapping[str, npt.ArrayLike],
    cells: "npt.ArrayLike | Labels | None" = None,
    workers: int = 1,
) -> Moments:
    """Reduce the rows of a data set to the moments from which every estimate follows.

    Parameters
    ----------
    design : design of the n rows.
    plan : the measures; `values` holds a (n,) column for each of ``plan.columns()``, nan where
        the answer is missing.
    cells : (n,) domain of each row in one breakdown (missing = outside); None = no breakdown.
    workers : threads.
    """
    columns = {code: np.asarray(values[code], dtype=np.float64) for code in plan.columns()}
    for code, column in columns.items():
        if column.shape != (design.n,):
            raise DesignError(code, column.shape, f"must hold {design.n} values")
    labels = Labels(np.zeros(design.n, np.int64), ("",)) if cells is None else as_labels(cells)
    if labels.code.shape != (design.n,):
        raise DesignError("cells", labels.code.shape, f"must hold {design.n} labels")
    counted = counted_shares(design, plan, columns, labels)
    if counted is not None:
        return counted
    parts = [slice(i, i + CHUNK_ROWS) for i in range(0, design.n, CHUNK_ROWS)]

    def part_moments(part: slice) -> Moments:
        piece = {code: column[part] for code, column in columns.items()}
        return chunk_moments(design.rows(part), plan, piece, labels.rows(part))

    if workers == 1 or len(parts) == 1:
        return in_pairs(map(part_moments, parts), merged)
    with ThreadPoolExecutor(workers) as pool:
        return in_pairs(pool.map(part_moments, parts), merged)


def chunk_moments(
    design: SurveyDesign, plan: Plan, values: Mapping[str, Floats], cells: Labels
) -> Moments:
    """Reduce one chunk; chunks of one survey are joined by `merged`, in any order."""
    counted = counted_shares(design, plan, values, cells)
    if counted is not None:
        return counted
    features = plan.features(values)
    if design.stages:
        return unit_totals(design, features, cells, plan.products)
    return element_moments(design, features, cells, plan.products)


def merged(left: Moments, right: Moments) -> Moments:
    """Join the moments of two parts of one survey (associative and commutative)."""
    if isinstance(left, ElementMoments) and isinstance(right, ElementMoments):
        return left.merge(right)
    if isinstance(left, UnitTotals) and isinstance(right, UnitTotals):
        return left.merge(right)
    raise DesignError("moments", "two kinds", "parts need the same design")


def in_pairs(parts: Iterable[T], join: Callable[[T, T], T]) -> T:
    """Join parts as a tree: each is joined about log2(number of parts) times, few are kept.

    Raises
    ------
    DesignError : no part.
    """
    waiting: list[tuple[int, T]] = []  # sizes fall from left to right
    for part in parts:
        size = 1
        while waiting and waiting[-1][0] == size:
            part = join(waiting.pop()[1], part)
            size *= 2
        waiting.append((size, part))
    if not waiting:
        raise DesignError("parts", 0, "at least one part is needed")
    _, joined = waiting.pop()
    while waiting:
        joined = join(waiting.pop()[1], joined)
    return joined
