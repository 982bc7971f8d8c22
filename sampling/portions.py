"""Forms that hold part of the agencies: blocks of agencies, and which form carries which block."""

from collections.abc import Mapping, Sequence

import numpy as np

from sampling.assignment import (
    InfeasiblePlanError,
    Rater,
    Shortage,
    agency_blocks,
    assign,
    reachable_numbers,
)

#: A set of agencies: codes in the order of the plan.
Agencies = tuple[str, ...]


def portions(
    own: Mapping[str, frozenset[str]],
    base: Agencies,
    limit: tuple[int, int],
    seed: str,
    ratings: Mapping[str, int] | None = None,
) -> tuple[tuple[Agencies, tuple[str, ...]], ...]:
    """Split the agencies into blocks and give every form one of them.

    A form carries whole blocks only, so that its set is shared by all forms with that block. A
    rater gets a block without an agency of her own where there is one. Numbers of forms per block
    differ by one at most, unless `ratings` or own agencies call for more; within that every rater
    has the same chance of every block that she may get (the fractional plan of `assign`).

    Parameters
    ----------
    own : unit -> agencies of her own; the forms to be given, not empty.
    base : agencies that all of them may rate.
    limit : agencies per form at most; forms per block at least.
    seed : seed of the draw.
    ratings : agency -> forms at least.

    Returns
    -------
    (agencies, units) per block; the units are in code-point order, every form stands once.

    Raises
    ------
    InfeasiblePlanError
        When there are too few forms for the blocks; it names who is short.
    """
    most, least = limit
    wanted = {code: (ratings or {}).get(code, 0) for code in base}
    blocks = [
        tuple(code for code in base if code in block)
        for block in agency_blocks(base, most, seed, wanted)
    ]
    units = sorted(own)
    eligible = np.array([_may_carry(own[unit], blocks) for unit in units], dtype=np.bool_)
    floor = np.array([max(least, *(wanted[code] for code in block)) for block in blocks])
    number, reachable = reachable_numbers(eligible, floor)
    if number is None:
        raise InfeasiblePlanError(
            Shortage("", code, int(floor[j]), int(reachable[j]))
            for j in np.flatnonzero(reachable < floor)
            for code in blocks[j]
        )
    names = [f"{j:04d}" for j in range(len(blocks))]
    raters = [
        Rater(unit, "", frozenset(np.array(names)[row].tolist()), 1)
        for unit, row in zip(units, eligible, strict=True)
    ]
    numbers = {("", name): int(n) for name, n in zip(names, number, strict=True)}
    given = assign(raters, seed, numbers).given
    return tuple(
        (block, tuple(unit for unit, yes in zip(units, given[:, j], strict=True) if yes))
        for j, block in enumerate(blocks)
    )


def _may_carry(own: frozenset[str], blocks: Sequence[Agencies]) -> list[bool]:
    """Return the blocks without an own agency; where there is none, those with another one too."""
    free = [not own & set(block) for block in blocks]
    return free if any(free) else [bool(set(block) - own) for block in blocks]
