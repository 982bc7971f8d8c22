"""The re-check subsample: fixed by a secret in the act of the draw, unknown to everybody."""

import hashlib
import math
import secrets
from collections.abc import Mapping, Sequence
from fractions import Fraction

from sampling.allocation import proportional
from sampling.canonical import canonical, share
from sampling.errors import ArgumentError
from sampling.random_numbers import secret_number
from sampling.types import CellRecheck


def new_secret() -> bytes:
    """Make the 32 random bytes that decide who is asked again."""
    return secrets.token_bytes(32)


def secret_from_text(text: str) -> bytes:
    """Return a secret that somebody chose (tests): its trimmed NFC text in UTF-8."""
    return canonical(text).encode()


def secret_digest(secret: bytes) -> str:
    """Return what the protocol may hold: hexadecimal SHA-256 of the secret."""
    return hashlib.sha256(secret).hexdigest()


def recheck_size(recheck_share: Fraction | float | str, main_n: int) -> int:
    """Return floor(share * main): a re-check never exceeds its share, however it is written."""
    exact = share(recheck_share)
    if not 0 <= exact <= 1:
        raise ArgumentError("recheck_share", recheck_share, "must be from 0 to 1")
    return math.floor(exact * main_n)


def allocate_cells(
    cell_size: Mapping[str, int], n: int, interviewer: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Split the re-check among cells: at least one per interviewer as far as that goes.

    Interviewers share `n` in proportion to their main questionnaires by largest remainder with
    a minimum of one (where `n` is too small for that, the largest come first); the part of an
    interviewer is split among the cells in proportion.

    Parameters
    ----------
    cell_size : main questionnaires per cell.
    n : re-checks in all, at most the sum of `cell_size`.
    interviewer : interviewer of each cell; None: every cell is one.

    Returns
    -------
    dict of re-checks per cell, in the order of `cell_size`; sums to `n`.
    """
    whose = interviewer or {key: key for key in cell_size}
    load: dict[str, int] = dict.fromkeys((whose[key] for key in cell_size), 0)
    for key, size in cell_size.items():
        load[whose[key]] += size
    busy = sum(1 for size in load.values() if size)
    per_person = proportional(load, n, minimum=1 if n >= busy else None)
    result: dict[str, int] = {}
    for person, part in per_person.items():
        cells = {key: size for key, size in cell_size.items() if whose[key] == person}
        result |= proportional(cells, part)
    return {key: result[key] for key in cell_size}


def select(
    cells: Mapping[str, Sequence[str]],
    secret: bytes,
    recheck_share: Fraction | float | str,
    interviewer: Mapping[str, str] | None = None,
) -> tuple[CellRecheck, ...]:
    """Choose who is asked again: in every cell the smallest v = HMAC-SHA-256(secret, id).

    Parameters
    ----------
    cells : ids of the main units of each cell (stratum; or agency group, interviewer, mode).
    secret : the secret of this draw.
    recheck_share : 0 to 1; floor(share * main units) are chosen in all.
    interviewer : interviewer of each cell, or None.

    Returns
    -------
    Per cell, in code-point order of the keys: the chosen ids in order of v, and all others in
    that order as replacements.
    """
    if not secret:
        raise ArgumentError("secret", "", "must not be empty")
    sizes = {key: len(cells[key]) for key in sorted(cells)}
    total = recheck_size(recheck_share, sum(sizes.values()))
    planned = allocate_cells(sizes, total, interviewer)
    result = []
    for key, n in planned.items():
        ordered = sorted(cells[key], key=lambda unit: (secret_number(secret, unit), unit))
        result.append(CellRecheck(key, n, tuple(ordered[:n]), tuple(ordered[n:])))
    return tuple(result)
