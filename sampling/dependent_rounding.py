"""Round a matrix of chances to yes and no: every chance is kept, every sum stays close."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sampling.random_numbers import permanent_number, uniform
from sampling.types import Floats

#: Label of the numbers that decide in which direction to round.
ROUND = "round"
_CLOSE = 1e-9

Edge = tuple[int, int]


def round_dependently(chance: Floats, seed: str, key: str = "") -> NDArray[np.bool_]:
    """Round every entry to 0 or 1, up with exactly its chance.

    Every row sum and every column sum becomes the floor or the ceiling of what it was; within
    a row or a column outcomes are negatively correlated.

    Parameters
    ----------
    chance : (R, C) in [0, 1].
    seed, key : decide; the same chances, seed and key give the same result.

    Returns
    -------
    (R, C) bool.

    References
    ----------
    Gandhi, Khuller, Parthasarathy & Srinivasan (2006), Journal of the ACM 53:324, sect. 2.
    """
    graph = _Graph(chance)
    numbers = _uniform(seed, key)
    while (start := graph.first_open()) is not None:
        path = graph.walk(start)
        if path.is_open:  # it must end where nothing goes on, at both ends
            path = graph.walk(path.end)
        graph.shift(path.edges, next(numbers))
    return np.asarray(graph.x > 0.5)


class _Path:
    """Edges in order; open, or a cycle."""

    def __init__(self, edges: list[Edge], end: int, *, is_open: bool) -> None:
        self.edges = edges
        self.end = end
        self.is_open = is_open


class _Graph:
    """The entries that are neither 0 nor 1, as edges between rows and columns."""

    def __init__(self, chance: Floats) -> None:
        self.x = np.where(chance < _CLOSE, 0.0, np.where(chance > 1 - _CLOSE, 1.0, chance))
        self.rows = chance.shape[0]
        self.next: list[dict[int, None]] = [{} for _ in range(sum(chance.shape))]
        for row, column in zip(*np.nonzero((self.x > 0) & (self.x < 1)), strict=True):
            self.next[int(row)][self.rows + int(column)] = None
            self.next[self.rows + int(column)][int(row)] = None
        self.at = 0

    def first_open(self) -> int | None:
        """Return the first row that still has an open entry."""
        while self.at < self.rows and not self.next[self.at]:
            self.at += 1
        return self.at if self.at < self.rows else None

    def walk(self, start: int) -> _Path:
        """Go on from a vertex until a cycle closes or nothing goes on."""
        seen, vertices, came_from = {start: 0}, [start], -1
        while True:
            here = vertices[-1]
            onward = next((v for v in self.next[here] if v != came_from), None)
            if onward is None:
                return _Path(self._edges(vertices), here, is_open=True)
            if onward in seen:
                cycle = [*vertices[seen[onward] :], onward]
                return _Path(self._edges(cycle), onward, is_open=False)
            seen[onward] = len(vertices)
            vertices.append(onward)
            came_from = here

    def shift(self, edges: list[Edge], point: float) -> None:
        """Move chance along alternate edges until one of them is decided."""
        values = [float(self.x[edge]) for edge in edges]
        up = min(1 - v if i % 2 == 0 else v for i, v in enumerate(values))
        down = min(v if i % 2 == 0 else 1 - v for i, v in enumerate(values))
        step = up if point * (up + down) < down else -down
        for i, (edge, value) in enumerate(zip(edges, values, strict=True)):
            self._set(edge, value + step if i % 2 == 0 else value - step)

    def _set(self, edge: Edge, value: float) -> None:
        """Store a value; one that is decided leaves the graph."""
        if _CLOSE < value < 1 - _CLOSE:
            self.x[edge] = value
            return
        self.x[edge] = round(value)
        row, column = edge
        del self.next[row][self.rows + column]
        del self.next[self.rows + column][row]

    def _edges(self, vertices: list[int]) -> list[Edge]:
        """Return the entries between consecutive vertices."""
        return [(min(pair), max(pair) - self.rows) for pair in pairwise(vertices)]


def _uniform(seed: str, key: str) -> Iterator[float]:
    """Yield numbers in [0, 1) that seed and key determine."""
    i = 0
    while True:
        yield uniform(permanent_number(seed, ROUND, f"{key}\n{i}"))
        i += 1
