"""Allocations that know how much strata differ: Neyman, cost-optimal, power."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from sampling.allocation import Bound, Limits, by_weight, limits_of
from sampling.canonical import share
from sampling.errors import ArgumentError

Number = Fraction | float | str


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of n_h and what to do with a request that cannot be met (`allocation`)."""

    minimum: Bound = None
    maximum: Bound = None
    shortfall: str | None = None


NO_BOUNDS = Bounds()


def optimal(
    pop_size: Mapping[str, int],
    n: int,
    sd: Mapping[str, Number],
    cost: Mapping[str, Number] | None = None,
    bounds: Bounds = NO_BOUNDS,
) -> dict[str, int]:
    """Allocate `n` so that the variance is the smallest that integers allow (Neyman).

    Minimises Σ (N_h S_h)²/(c_h n_h). With costs that is the cost-optimal split of `n`
    (n_h in proportion to N_h S_h/√c_h); without, Neyman's.

    Parameters
    ----------
    pop_size : frame count N_h per stratum.
    n : total sample size.
    sd : standard deviation S_h in every stratum, at least 0, any unit.
    cost : cost c_h of one questionnaire, above 0, any unit.
    bounds : minimum (at least 1 wherever the stratum is not empty) and maximum.

    Returns
    -------
    dict of n_h in the order of `pop_size`; sums to `n`. Ties go to the key that is first in
    code-point order.

    References
    ----------
    Wright (2017), Exact optimal sample allocation: more efficient than Neyman, Statistics and
    Probability Letters 129:50, algorithm III; R: ``optimall``, ``allocation::algIII``.
    """
    _check(pop_size, sd, "sd", above=None)
    _check(pop_size, cost or dict.fromkeys(pop_size, 1), "cost", above=0)
    gain = {}
    for key, size in pop_size.items():
        price = share(cost[key]) if cost else Fraction(1)
        gain[key] = (size * share(sd[key])) ** 2 / price
    lowest = _at_least_one(pop_size, bounds.minimum)
    total, limits = limits_of(pop_size, n, lowest, bounds.maximum, bounds.shortfall)
    return _wright(gain, total, limits)


def power(
    pop_size: Mapping[str, int],
    n: int,
    exponent: Number,
    importance: Mapping[str, Number] | None = None,
    cv: Mapping[str, Number] | None = None,
    bounds: Bounds = NO_BOUNDS,
) -> dict[str, int]:
    """Allocate `n` in proportion to X_h^q CV_h, between equal (q = 0) and Neyman's (q = 1).

    Parameters
    ----------
    pop_size : frame count N_h per stratum.
    exponent : q, 0 to 1.
    importance : X_h, at least 0; None: N_h.
    cv : coefficient of variation in every stratum, at least 0; None: the same everywhere.

    Returns
    -------
    dict of n_h by largest remainder, as `allocation.proportional`.

    References
    ----------
    Bankier (1988), Power allocations, The American Statistician 42:174.
    """
    q = share(exponent)
    if not 0 <= q <= 1:
        raise ArgumentError("power", exponent, "must be from 0 to 1")
    x = importance or pop_size
    _check(pop_size, x, "importance", above=None)
    _check(pop_size, cv or dict.fromkeys(pop_size, 1), "cv", above=None)
    weight = {}
    for key in pop_size:
        part = _power(share(x[key]), q)
        weight[key] = part * (share(cv[key]) if cv else 1)
    total, limits = limits_of(pop_size, n, bounds.minimum, bounds.maximum, bounds.shortfall)
    return by_weight(weight, total, limits)


def _wright(gain: Mapping[str, Fraction], n: int, limits: Limits) -> dict[str, int]:
    """Give one unit at a time where it lowers the variance most, exactly."""
    allocation = dict(limits.lower)
    heap = [
        (-_priority(gain[key], allocation[key]), key)
        for key in gain
        if allocation[key] < limits.upper[key]
    ]
    heapq.heapify(heap)
    for _ in range(n - sum(allocation.values())):
        _, key = heapq.heappop(heap)
        allocation[key] += 1
        if allocation[key] < limits.upper[key]:
            heapq.heappush(heap, (-_priority(gain[key], allocation[key]), key))
    return allocation


def _priority(gain: Fraction, n: int) -> Fraction:
    """Return by how much the variance falls when a stratum gets one unit more."""
    return gain / (n * (n + 1)) if n else gain


def _at_least_one(pop_size: Mapping[str, int], minimum: Bound) -> dict[str, int]:
    """Raise the minimum to 1 in every stratum that is not empty: no estimate without a unit."""
    given: Mapping[str, int] = (
        minimum if isinstance(minimum, Mapping) else dict.fromkeys(pop_size, minimum or 0)
    )
    for key in given:
        if key not in pop_size:
            raise ArgumentError("minimum", key, "this stratum is not in the frame")
    return {key: max(given.get(key, 0), 1) if size else 0 for key, size in pop_size.items()}


def _power(x: Fraction, q: Fraction) -> Fraction:
    """Return x^q; exact where it is whole."""
    if q.denominator == 1:
        return x**q.numerator if q else Fraction(1)
    return Fraction(float(x) ** float(q))


def _check(
    pop_size: Mapping[str, int], values: Mapping[str, Number], name: str, above: int | None
) -> None:
    """Refuse a stratum without a value, or a value out of range."""
    for key in pop_size:
        if key not in values:
            raise ArgumentError(name, key, "this stratum has no value")
        value = share(values[key])
        if value < 0 or (above is not None and value <= above):
            rule = "must be at least 0" if above is None else f"must be above {above}"
            raise ArgumentError(name, values[key], f"stratum {key!r}: {rule}")
