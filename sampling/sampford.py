"""An exact fixed-size design with chances in proportion to size and known joint chances."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from sampling.errors import ArgumentError
from sampling.random_numbers import permanent_number, uniform
from sampling.selection import Progress, check_sizes
from sampling.systematic import inclusion_probabilities, sizes, sort_frame, with_reserve
from sampling.types import Floats, Frame, StratumDraw

#: Label of the numbers that decide, unit by unit.
DECIDE = "decide"
#: The table of the remaining chances has N_h * n_h cells: larger strata would need gigabytes.
MOST_CELLS = 20_000_000


def pps_exact(
    frame: Frame,
    n: Mapping[str, int],
    seed: str,
    size_column: str,
    reserve_share: Fraction | float | str = 0,
    progress: Progress = None,
) -> tuple[StratumDraw, ...]:
    """Draw a fixed-size sample with chances in proportion to size by Sampford's design.

    A sample s has the chance C · Σ_{k in s} (1 - π_k) · Π_{k in s} π_k/(1 - π_k). It is drawn
    unit by unit from the chances of what can still follow, not by trying until one fits.
    Every pair of units has a chance above 0 (where at least two are drawn beside the certain
    ones), so the variance can be estimated.

    Parameters
    ----------
    frame, n, seed, reserve_share, progress : as in `selection.simple_random`.
    size_column : column of sizes, all above 0. Units whose n x/X would exceed 1 are certain.

    References
    ----------
    Sampford (1967), On sampling without replacement with unequal probabilities of selection,
    Biometrika 54:499; R: ``sampling::UPsampford``.
    """
    check_sizes(frame, n)
    size = sizes(frame, size_column)
    listed = sort_frame(frame, seed, (), progress)
    parts = []
    for key, members in listed.members.items():
        chances = inclusion_probabilities(size[members], n[key])
        if chances.size * n[key] > MOST_CELLS:
            rule = f"pps-exact takes at most {MOST_CELLS} units * sample in stratum {key!r}"
            raise ArgumentError("n", n[key], rule)
        chosen = decide(chances, _uniform(seed, key))
        main = StratumDraw(
            key,
            len(members),
            tuple(frame.ids[i] for i in members[chosen].tolist()),
            tuple(chances[chosen].tolist()),
        )
        parts.append(with_reserve(listed, main, reserve_share, chances))
    return tuple(parts)


def decide(chances: Floats, numbers: Iterator[float]) -> list[int]:
    """Go through the units and take or leave each with its chance given those before.

    Parameters
    ----------
    chances : (N,) inclusion probabilities that sum to a whole number.
    numbers : in [0, 1), one for every unit that is not certain, as long as any may be taken.

    Returns
    -------
    Places of the units taken, in the order of the list.
    """
    certain = np.flatnonzero(chances >= 1)
    free = np.flatnonzero(chances < 1)
    left = round(float(chances[free].sum()))
    plain, marked = _remaining(chances[free], left)
    chosen, special = certain.tolist(), False
    for i, place in enumerate(free.tolist()):
        if not left:
            break
        pi = chances[place]
        table = plain if special else marked
        as_others = pi * table[i + 1, left - 1] / table[i, left]
        as_special = 0.0 if special else pi * (1 - pi) * plain[i + 1, left - 1] / marked[i, left]
        point = next(numbers)
        if point < as_others + as_special or free.size - i == left:
            special = special or point >= as_others
            chosen.append(place)
            left -= 1
    return sorted(chosen)


def joint_probabilities(size: Floats, n: int, places: Sequence[int]) -> Floats:
    """Return the chances of every pair of some units to be in the sample together.

    Parameters
    ----------
    size : (N,) sizes of all units of the stratum, above 0.
    n : sample size.
    places : (m,) the units asked for, usually those drawn.

    Returns
    -------
    (m, m): π_kl, on the diagonal π_k. Exact up to rounding (1e-12): the sums over all samples
    are coefficients of a polynomial, read off at roots of unity.
    """
    chances = inclusion_probabilities(size, n)
    asked = np.asarray(places, dtype=np.intp)
    joint = np.outer(chances[asked], chances[asked])
    random = np.flatnonzero(chances[asked] < 1)  # a certain unit is independent of all others
    free = chances[chances < 1]
    left = round(float(free.sum()))
    if left and random.size:
        joint[np.ix_(random, random)] = _pairs(free, left, chances[asked[random]])
    np.fill_diagonal(joint, chances[asked])
    return joint


def _remaining(pi: Floats, n: int) -> tuple[Floats, Floats]:
    """Return what can still follow from every unit on.

    Both tables are (N + 1, n + 1); `plain[i, j]` is the chance that of the independent units
    i, i + 1, ... exactly j are taken, `marked[i, j]` the same, each outcome weighted by the sum
    of 1 - π over the units taken.
    """
    plain, marked = np.zeros((pi.size + 1, n + 1)), np.zeros((pi.size + 1, n + 1))
    plain[pi.size, 0] = 1.0
    for i in range(pi.size - 1, -1, -1):
        p = pi[i]
        plain[i] = (1 - p) * plain[i + 1]
        plain[i, 1:] += p * plain[i + 1, :-1]
        marked[i] = (1 - p) * marked[i + 1]
        marked[i, 1:] += p * marked[i + 1, :-1] + p * (1 - p) * plain[i + 1, :-1]
    return plain, marked


def _pairs(free: Floats, n: int, asked: Floats) -> Floats:
    """Return the joint chances of units with the chances `asked` among the units `free`."""
    points = free.size + 1 + free.size % 2  # odd, so that no factor is 0
    z = np.exp(2j * np.pi * np.arange(points) / points)
    product = np.ones(points, dtype=np.complex128)
    special = np.zeros(points, dtype=np.complex128)
    for p in free.tolist():
        factor = 1 - p + p * z
        product *= factor
        special += p * (1 - p) * z / factor
    whole = float((z**-n * product * special).sum().real)
    coefficient = z ** (2 - n) * product / whole
    factor = 1 - asked[:, None] + asked[:, None] * z[None, :]
    taken: NDArray[np.complex128] = asked[:, None] / factor
    own = (1 - asked)[:, None] * (1 - asked[:, None] * z[None, :] / factor)
    first = (taken * (coefficient * special)) @ taken.T
    second = (taken * own * coefficient) @ taken.T
    pairs: Floats = (first + second + second.T).real
    return pairs


def _uniform(seed: str, key: str) -> Iterator[float]:
    """Yield numbers in [0, 1) that the seed and the stratum key determine."""
    i = 0
    while True:
        yield uniform(permanent_number(seed, DECIDE, f"{key}\n{i}"))
        i += 1
