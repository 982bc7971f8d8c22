"""The random choice within strata, with the inclusion probabilities of every unit drawn."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from sampling.canonical import share
from sampling.errors import ArgumentError
from sampling.random_numbers import MAIN, permanent_numbers, smallest
from sampling.types import Frame, StratumDraw

Progress = Callable[[int], None] | None


def simple_random(
    frame: Frame,
    n: Mapping[str, int],
    seed: str,
    reserve_share: Fraction | float | str = 0,
    progress: Progress = None,
) -> tuple[StratumDraw, ...]:
    """Draw a simple random sample in every stratum by permanent random numbers.

    The n_h smallest numbers of a stratum are its main sample, the next r_h its reserve. A unit
    added to the frame changes nobody else's number.

    Parameters
    ----------
    frame : checked frame.
    n : n_h for every stratum, 0 to N_h.
    seed : any text; trimmed and in NFC here.
    reserve_share : r_h = ceil(share * n_h), at most N_h - n_h.
    progress : called with the number of units done since the last call.

    Returns
    -------
    One `StratumDraw` per stratum; π = n_h/N_h, with the reserve (n_h + r_h)/N_h.

    References
    ----------
    Ohlsson (1995), Coordination of samples using permanent random numbers, in *Business Survey
    Methods*; the n smallest of independent uniform numbers are a simple random sample.
    """
    check_sizes(frame, n)
    numbers = permanent_numbers(frame.ids, seed, MAIN, progress)
    parts = []
    for key, members in members_by_stratum(frame):
        pop, n_h = len(members), n[key]
        r_h = reserve_size(n_h, pop, reserve_share)
        chosen = [frame.ids[i] for i in smallest(numbers, frame.ids, members, n_h + r_h)]
        parts.append(
            StratumDraw(
                stratum=key,
                pop_size=pop,
                main=tuple(chosen[:n_h]),
                main_probability=(n_h / pop,) * n_h,
                reserve=tuple(chosen[n_h:]),
                reserve_probability=((n_h + r_h) / pop,) * r_h,
            )
        )
    return tuple(parts)


def reserve_size(n: int, pop_size: int, reserve_share: Fraction | float | str) -> int:
    """Return r_h = ceil(share * n_h), at most N_h - n_h; the share as it was written."""
    exact = share(reserve_share)
    if exact < 0:
        raise ArgumentError("reserve_share", reserve_share, "must be at least 0")
    return min(math.ceil(exact * n), pop_size - n)


def members_by_stratum(
    frame: Frame,
) -> list[tuple[str, "np.ndarray[tuple[int], np.dtype[np.intp]]"]]:
    """Return for every stratum the indices of its units, in the order of the frame."""
    order = np.argsort(frame.stratum, kind="stable")
    ends = np.cumsum(np.bincount(frame.stratum, minlength=len(frame.strata)))
    return list(zip(frame.strata, np.split(order, ends[:-1]), strict=True))


def check_sizes(frame: Frame, n: Mapping[str, int]) -> None:
    """Refuse an allocation that does not fit the frame."""
    pop_size = frame.pop_size
    if set(n) != set(pop_size):
        raise ArgumentError("n", min(set(n) ^ set(pop_size)), "strata differ from the frame")
    for key, size in n.items():
        if not 0 <= size <= pop_size[key]:
            rule = f"stratum {key!r} has {pop_size[key]} units"
            raise ArgumentError("n", size, rule)
