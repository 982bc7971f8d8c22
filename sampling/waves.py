"""Two waves from the same permanent random numbers: ask nobody again, or keep a panel."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from sampling.canonical import canonical, share
from sampling.errors import ArgumentError, InfeasibleAllocationError, Shortfall
from sampling.random_numbers import MAIN, permanent_number, permanent_numbers, smallest
from sampling.selection import Progress, check_sizes, members_by_stratum, reserve_size
from sampling.types import Frame, StratumDraw

Dropped = Mapping[str, Sequence[str]]
#: Stands in `Dropped` for units that are no part of the first sample; no stratum is called so.
OTHERS = "\0others"


def seed_digest(seed: str) -> str:
    """Digest a seed that is kept sealed between two waves: SHA-256 of its UTF-8 text."""
    return hashlib.sha256(canonical(seed).encode()).hexdigest()


def has_seed(stored: Mapping[str, Any], seed: str) -> bool:
    """Tell whether a protocol was made with this seed, written out or sealed."""
    if "seed_sha256" in stored:
        return bool(stored["seed_sha256"] == seed_digest(seed))
    return bool(stored.get("seed") == canonical(seed))


def unsealed(stored: Mapping[str, Any], seed: str) -> dict[str, Any]:
    """Return a protocol with its seed as published after the last wave, for `protocol.verify`."""
    return {**stored, "seed": canonical(seed)}


def dropped(first: Mapping[str, Any], keep: Fraction | float | str) -> dict[str, tuple[str, ...]]:
    """Return who leaves after the first wave, by stratum in the order of their numbers.

    Parameters
    ----------
    first : protocol of the first wave, a simple random selection.
    keep : share of its main sample that the second wave may ask again, 0 to 1. With 0 the
        reserve is left out too, whether it was released or not.

    Returns
    -------
    The ceil((1 - keep) n_h) units with the smallest numbers (keep = 0: all main and reserve).
    """
    exact = share(keep)
    if not 0 <= exact <= 1:
        raise ArgumentError("keep", keep, "must be from 0 to 1")
    main, reserve = (_lists(first, name) for name in ("main", "reserve"))
    if exact == 0:
        return {key: (*main[key], *reserve.get(key, ())) for key in main}
    return {key: ids[: math.ceil((1 - exact) * len(ids))] for key, ids in main.items()}


def second_wave(
    frame: Frame,
    n: Mapping[str, int],
    seed: str,
    leaving: Dropped,
    reserve_share: Fraction | float | str = 0,
    progress: Progress = None,
) -> tuple[StratumDraw, ...]:
    """Draw the n_h units whose numbers follow those of the units that leave.

    The numbers of a stratum stand in a circle that starts after the largest number of a unit
    leaving it; who leaves is not drawn, also where she has moved to another stratum. With
    nobody leaving this is the rule of the first wave, so that all who are still listed stay as
    far as the size allows: a panel.

    Over both waves the sample is simple random, π = n_h/N_h, also where units have joined or
    left the list: the order of the numbers is a random one, and where the m-th unit of the first
    list stands in it says nothing about those that follow. Two cases differ slightly: units that
    have moved between strata, and strata in which too few follow and the circle closes.

    Parameters
    ----------
    frame, n, reserve_share, progress : as in `selection.simple_random`, of the second wave.
    seed : that of the first wave.
    leaving : from `dropped`; under `OTHERS` units that are left out and start no circle: other
        units of persons who leave.

    Raises
    ------
    InfeasibleAllocationError
        Where fewer units are left than main sample and reserve need: nobody is asked again.

    References
    ----------
    Ohlsson (1995), Coordination of samples using permanent random numbers, in *Business Survey
    Methods*, sect. 9.3.
    """
    check_sizes(frame, n)
    numbers = permanent_numbers(frame.ids, seed, MAIN, progress)
    gone = {unit for ids in leaving.values() for unit in ids}
    parts, short = [], []
    for key, members in members_by_stratum(frame):
        start = max(
            (permanent_number(seed, MAIN, unit) for unit in leaving.get(key, ())), default=b""
        )
        free = [i for i in members.tolist() if frame.ids[i] not in gone]
        pop, n_h = len(members), n[key]
        wanted = n_h + reserve_size(n_h, pop, reserve_share)
        if wanted > len(free):
            short.append(Shortfall(key, wanted, len(free), "wave"))
            continue
        after = [i for i in free if numbers[i].tobytes() > start]
        chosen: list[str] = []
        for group in (after, sorted(set(free) - set(after))):
            places = np.array(group, dtype=np.intp)
            found = smallest(numbers, frame.ids, places, min(wanted - len(chosen), len(group)))
            chosen += [frame.ids[i] for i in found]
        main, reserve = tuple(chosen[:n_h]), tuple(chosen[n_h:])
        both = (wanted / pop,) * len(reserve)
        parts.append(StratumDraw(key, pop, main, (n_h / pop,) * n_h, reserve, both))
    if short:
        raise InfeasibleAllocationError(short)
    return tuple(parts)


def _lists(first: Mapping[str, Any], name: str) -> dict[str, tuple[str, ...]]:
    """Read the lists of a protocol of a simple random selection, by stratum."""
    method, lists = first.get("method"), first.get("lists")
    if not isinstance(method, Mapping) or method.get("selection") != "srs":
        raise ArgumentError("first", method, "must be a protocol of simple random selection")
    if first.get("wave") is not None:
        raise ArgumentError("first", "wave", "must be the first of two waves")
    entries = lists.get(name) if isinstance(lists, Mapping) else None
    try:
        return {str(e["stratum"]): tuple(map(str, e["ids"])) for e in entries or ()}
    except (KeyError, TypeError) as error:
        raise ArgumentError("first", name, "its lists cannot be read") from error
