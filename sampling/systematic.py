"""Systematic selection: equal chances along a sorted list, or chances in proportion to size."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from sampling.errors import ArgumentError, FrameError, Problem
from sampling.frame_checks import SHOWN
from sampling.plan import exact
from sampling.random_numbers import (
    MAIN,
    START,
    Numbers,
    in_order,
    leading,
    permanent_number,
    permanent_numbers,
    smallest,
    uniform,
)
from sampling.selection import Progress, check_sizes, members_by_stratum, reserve_size
from sampling.types import Column, Frame, StratumDraw


@dataclass(frozen=True, slots=True)
class Sorted:
    """A frame with its numbers and, per stratum, its units in the order of selection."""

    frame: Frame
    numbers: Numbers
    members: dict[str, NDArray[np.intp]]


def systematic(
    frame: Frame,
    n: Mapping[str, int],
    seed: str,
    order: Sequence[str] = (),
    reserve_share: Fraction | float | str = 0,
    progress: Progress = None,
) -> tuple[StratumDraw, ...]:
    """Draw every (N_h/n_h)-th unit of each sorted stratum from a random start.

    Units are ordered by the columns `order` (implicit stratification), then by their permanent
    random numbers; a column of numbers is ordered as numbers. The start is the number of the
    stratum key under the label "start". The reserve is drawn from the others at random.

    Parameters
    ----------
    frame, n, seed, reserve_share, progress : as in `selection.simple_random`.
    order : names of columns of the frame.

    Returns
    -------
    One `StratumDraw` per stratum, π = n_h/N_h, the main sample in the order of the list. The
    variance has no unbiased estimator; it is estimated as stratified, which the report says.

    References
    ----------
    Särndal, Swensson & Wretman (1992), *Model Assisted Survey Sampling*, sect. 3.4.2, the
    fractional interval method.
    """
    check_sizes(frame, n)
    listed = sort_frame(frame, seed, order, progress)
    parts = []
    for key, members in listed.members.items():
        pop, n_h = len(members), n[key]
        start = Fraction(_start(seed, key))
        places = [int((start + j) * pop / n_h) for j in range(n_h)]
        part = _part(listed, key, (members[places], np.full(n_h, n_h / pop if pop else 0.0)))
        parts.append(with_reserve(listed, part, reserve_share, np.full(pop, n_h / max(pop, 1))))
    return tuple(parts)


def pps_systematic(
    frame: Frame,
    n: Mapping[str, int],
    seed: str,
    plan_columns: tuple[str, Sequence[str]],
    reserve_share: Fraction | float | str = 0,
    progress: Progress = None,
) -> tuple[StratumDraw, ...]:
    """Draw with chances in proportion to size, along the sorted list, from a random start.

    Parameters
    ----------
    frame, n, seed, reserve_share, progress : as in `systematic`.
    plan_columns : name of the column of sizes (all above 0), names of the columns of the order.

    Returns
    -------
    One `StratumDraw` per stratum; π = n_h x/X, units that would exceed 1 taken for certain and
    the others' chances worked out again.

    References
    ----------
    Madow (1949), Annals of Mathematical Statistics 20:333; R: ``sampling::UPsystematic``.
    """
    check_sizes(frame, n)
    size = sizes(frame, plan_columns[0])
    listed = sort_frame(frame, seed, plan_columns[1], progress)
    parts = []
    for key, members in listed.members.items():
        chances = inclusion_probabilities(size[members], n[key])
        chosen = pps_places(size[members], n[key], _start(seed, key))
        part = _part(listed, key, (members[chosen], chances[chosen]))
        parts.append(with_reserve(listed, part, reserve_share, chances))
    return tuple(parts)


def inclusion_probabilities(size: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return π = n x/X; what would exceed 1 is 1, and the rest is worked out again.

    Parameters
    ----------
    size : (N,) floats above 0.
    n : sample size, 0 to N.

    Returns
    -------
    (N,) floats that sum to `n`. R: ``sampling::inclusionprobabilities``.
    """
    if not 0 <= n <= size.size:
        raise ArgumentError("n", n, f"must be from 0 to {size.size}")
    chances = np.ones(size.size)
    if n == size.size:
        return chances
    order = np.argsort(-size, kind="stable")
    rest = np.cumsum(size[order][::-1])[::-1]
    certain = np.flatnonzero((n - np.arange(size.size)) * size[order] < rest)[0]
    free = order[certain:]
    chances[free] = (n - certain) * size[free] / rest[certain]
    return chances


def pps_places(size: NDArray[np.float64], n: int, start: float) -> list[int]:
    """Return the places where start, start + 1, ... fall among the cumulated probabilities.

    Cumulated in whole numbers, so that no rounding costs a unit of the sample.

    Parameters
    ----------
    size : (N,) floats above 0, in the order of the list.
    n : sample size, 0 to N.
    start : in [0, 1).
    """
    certain = inclusion_probabilities(size, n) >= 1
    whole = _integers(size)
    rest = sum(x for x, sure in zip(whole, certain, strict=True) if not sure)
    if not rest:
        return list(range(n))
    left = n - int(certain.sum())
    ends = list(
        accumulate(rest if sure else left * x for x, sure in zip(whole, certain, strict=True))
    )
    return [bisect_right(ends, (Fraction(start) + m) * rest) for m in range(n)]


def sizes(frame: Frame, name: str) -> NDArray[np.float64]:
    """Return the column of sizes; refuse those that are not above 0, all of them, by row."""
    size = np.asarray(frame.columns[name], dtype=np.float64)
    wrong = np.flatnonzero(~(size > 0))
    if wrong.size:
        problems = [
            Problem(
                "SAMPLE-106",
                f"Mã «{frame.ids[row]}»: kích cỡ «{name}» là {size[row]:g}, phải lớn hơn 0.",
                "Điền kích cỡ, hoặc bỏ dòng này khỏi danh sách và nêu lý do.",
                int(row),
                name,
            )
            for row in wrong[:SHOWN]
        ]
        raise FrameError(problems, total=int(wrong.size))
    return size


def sort_frame(frame: Frame, seed: str, order: Sequence[str], progress: Progress = None) -> Sorted:
    """Order the units of every stratum by columns, then by permanent random number, then by id."""
    numbers = permanent_numbers(frame.ids, seed, MAIN, progress)
    ranks = [_ranks(frame.columns[name]) for name in order]
    result = {}
    for key, members in members_by_stratum(frame):
        ordered = _by_number(frame, numbers, members)
        if ranks and ordered.size:
            ordered = ordered[np.lexsort([rank[ordered] for rank in reversed(ranks)])]
        result[key] = ordered
    return Sorted(frame, numbers, result)


def with_reserve(
    listed: Sorted,
    part: StratumDraw,
    reserve_share: Fraction | float | str,
    chances: NDArray[np.float64],
) -> StratumDraw:
    """Add a reserve drawn at random from the units that the main sample has left.

    Its probabilities are those to be in the main sample or in the reserve: π + (1 - π) r/(N - n).
    """
    members = listed.members[part.stratum]
    n, pop = len(part.main), part.pop_size
    r = reserve_size(n, pop, reserve_share)
    taken = set(part.main)
    ids = listed.frame.ids
    left = np.array([i for i in members.tolist() if ids[i] not in taken], dtype=np.intp)
    reserve = smallest(listed.numbers, ids, left, r)
    chance = dict(zip(members.tolist(), chances.tolist(), strict=True)) if r else {}
    both = [chance[i] + (1 - chance[i]) * r / (pop - n) for i in reserve]
    return StratumDraw(
        part.stratum,
        pop,
        part.main,
        part.main_probability,
        tuple(ids[i] for i in reserve),
        tuple(both),
    )


def _part(
    listed: Sorted, key: str, chosen: tuple[NDArray[np.intp], NDArray[np.float64]]
) -> StratumDraw:
    """Make the main sample of a stratum of the chosen units and their probabilities."""
    units, chances = chosen
    ids = tuple(listed.frame.ids[i] for i in units.tolist())
    return StratumDraw(key, len(listed.members[key]), ids, tuple(chances.tolist()))


def _start(seed: str, key: str) -> float:
    """Return the random start of a stratum in [0, 1)."""
    return uniform(permanent_number(seed, START, key))


def _integers(size: NDArray[np.float64]) -> list[int]:
    """Return sizes as whole numbers in the same proportions, exactly."""
    ratios = [x.as_integer_ratio() for x in size.tolist()]
    scale = max((denominator for _, denominator in ratios), default=1)  # powers of two
    return [numerator * (scale // denominator) for numerator, denominator in ratios]


def _by_number(frame: Frame, numbers: Numbers, members: NDArray[np.intp]) -> NDArray[np.intp]:
    """Sort units by number; only those that agree in 8 bytes are compared to the end."""
    head = leading(numbers, members)
    order = np.argsort(head, kind="stable")
    ordered, head = members[order], head[order]
    if head.size and bool((head[1:] == head[:-1]).any()):
        return np.array(in_order(numbers, frame.ids, members.tolist()), dtype=np.intp)
    return ordered


def _ranks(column: Column) -> NDArray[np.intp]:
    """Return the rank of every value of a column: numbers as numbers, else by code point."""
    values = column.tolist() if isinstance(column, np.ndarray) else column
    number = {value: exact(str(value)) for value in set(values)}
    if None in number.values():
        ordered = sorted(number)
    else:
        ordered = sorted(number, key=lambda value: (number[value] or Fraction(0), value))
    rank = {value: i for i, value in enumerate(ordered)}
    return np.fromiter(map(rank.__getitem__, values), dtype=np.intp, count=len(values))
