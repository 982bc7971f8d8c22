"""How many from where: exact integers that add up, with bounds, or the reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from sampling.canonical import canonical
from sampling.errors import ArgumentError, InfeasibleAllocationError, Shortfall

#: A bound for every stratum alike, or one per stratum.
Bound = int | Mapping[str, int] | None
#: What to do with a request above a stratum: lower it, or take everyone; None refuses.
SHORTFALL_CHOICES = ("lower", "census")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds lo_h ≤ n_h ≤ hi_h, per stratum, with lo_h ≤ hi_h ≤ N_h."""

    lower: dict[str, int]
    upper: dict[str, int]


def fixed(
    pop_size: Mapping[str, int], quotas: Mapping[str, int], shortfall: str | None = None
) -> dict[str, int]:
    """Take the quotas of the plan.

    Parameters
    ----------
    pop_size : frame count N_h per stratum.
    quotas : n_h for exactly the strata of `pop_size`, each at least 0.
    shortfall : "lower" or "census" takes N_h where a quota is above it; None refuses.

    Returns
    -------
    dict of n_h in the order of `pop_size`.
    """
    quotas = {canonical(key): n for key, n in quotas.items()}
    for key in [*quotas, *pop_size]:
        if key not in pop_size or key not in quotas:
            where = "the frame" if key in quotas else "the quotas"
            raise ArgumentError("quotas", key, f"this stratum is not in {where}")
    for key, n in quotas.items():
        if n < 0:
            raise ArgumentError("quotas", n, f"the quota of {key!r} must be at least 0")
    short = [Shortfall(key, quotas[key], pop_size[key], "pop_size") for key in pop_size]
    _refuse_unless(shortfall, [s for s in short if s.wanted > s.available])
    return {key: min(quotas[key], pop_size[key]) for key in pop_size}


def proportional(
    pop_size: Mapping[str, int],
    n: int,
    minimum: Bound = None,
    maximum: Bound = None,
    shortfall: str | None = None,
) -> dict[str, int]:
    """Allocate `n` in proportion to N_h, by largest remainder.

    Parameters
    ----------
    pop_size : frame count N_h per stratum, each at least 0.
    n : total sample size.
    minimum, maximum : bounds of n_h. The strata that the proportional share would take outside
        are set to their bound, the others share the rest in proportion.
    shortfall : "lower" or "census" cuts what cannot be met to what can; None refuses.

    Returns
    -------
    dict of n_h in the order of `pop_size`; sums to `n`, never exceeds N_h. Ties go to the
    stratum whose key is first in code-point order.
    """
    n, limits = limits_of(pop_size, n, minimum, maximum, shortfall)
    return by_weight({key: Fraction(size) for key, size in pop_size.items()}, n, limits)


def equal(
    pop_size: Mapping[str, int],
    n: int,
    minimum: Bound = None,
    maximum: Bound = None,
    shortfall: str | None = None,
) -> dict[str, int]:
    """Allocate `n` equally; strata smaller than their part are taken whole.

    Parameters and returned value as in `proportional`.
    """
    n, limits = limits_of(pop_size, n, minimum, maximum, shortfall)
    return by_weight(dict.fromkeys(pop_size, Fraction(1)), n, limits)


def limits_of(
    pop_size: Mapping[str, int], n: int, minimum: Bound, maximum: Bound, shortfall: str | None
) -> tuple[int, Limits]:
    """Check a request against the frame and its bounds.

    Returns
    -------
    The total that can be met and the bounds of every stratum.

    Raises
    ------
    InfeasibleAllocationError
        With every binding constraint, unless `shortfall` says what to do.
    """
    if n < 0:
        raise ArgumentError("n", n, "must be at least 0")
    lower = _per_stratum("minimum", minimum, pop_size, 0)
    upper = _per_stratum("maximum", maximum, pop_size, None)
    found = [Shortfall(key, lower[key], pop_size[key], "pop_size") for key in pop_size]
    found += [Shortfall(key, lower[key], upper[key], "maximum") for key in pop_size]
    short = [s for s in found if s.wanted > s.available]
    fit_upper = {key: min(upper[key], size) for key, size in pop_size.items()}
    fit_lower = {key: min(lower[key], fit_upper[key]) for key in pop_size}
    smallest, largest = sum(fit_lower.values()), sum(fit_upper.values())
    if n > largest:
        bound = "pop_size" if n > sum(pop_size.values()) else "maximum"
        short.append(Shortfall("", n, largest, bound))
    if n < smallest:
        raise InfeasibleAllocationError([*short, Shortfall("", smallest, n, "minimum")])
    _refuse_unless(shortfall, short)
    return min(n, largest), Limits(fit_lower, fit_upper)


def by_weight(weight: Mapping[str, Fraction], n: int, limits: Limits) -> dict[str, int]:
    """Split `n` in proportion to weights within bounds, by largest remainder, exactly.

    The real solution is n_h = max(lo_h, min(hi_h, λ a_h)) with λ such that it adds to `n`;
    its parts are rounded down and the largest remainders get the units that are left.
    """
    exact = bounded_shares(weight, n, limits)
    allocation = {key: int(part) for key, part in exact.items()}  # int() cuts, parts are ≥ 0
    by_remainder = sorted(exact, key=lambda key: (allocation[key] - exact[key], key))
    for key in by_remainder[: n - sum(allocation.values())]:
        allocation[key] += 1
    return allocation


def bounded_shares(weight: Mapping[str, Fraction], n: int, limits: Limits) -> dict[str, Fraction]:
    """Solve for λ by fixing, step by step, the strata whose bound surely binds."""
    fixed_at: dict[str, Fraction] = {}
    free = {key: part for key, part in weight.items() if part > 0}
    for key in weight:
        if key not in free:
            fixed_at[key] = Fraction(limits.lower[key])
    while free:
        rate = Fraction(n - sum(fixed_at.values())) / sum(free.values())
        over = {
            k: rate * a - limits.upper[k] for k, a in free.items() if rate * a > limits.upper[k]
        }
        under = {
            k: limits.lower[k] - rate * a for k, a in free.items() if rate * a < limits.lower[k]
        }
        if not over and not under:
            return _in_order(weight, fixed_at | {k: rate * a for k, a in free.items()})
        if sum(over.values()) >= sum(under.values()):
            fixed_at |= {key: Fraction(limits.upper[key]) for key in over}
            free = {key: a for key, a in free.items() if key not in over}
        if sum(under.values()) >= sum(over.values()):
            fixed_at |= {key: Fraction(limits.lower[key]) for key in under}
            free = {key: a for key, a in free.items() if key not in under}
    return _in_order(weight, _spread(fixed_at, n, weight, limits))


def _spread(
    fixed_at: dict[str, Fraction], n: int, weight: Mapping[str, Fraction], limits: Limits
) -> dict[str, Fraction]:
    """Give what is left to strata of weight 0: the weights alone cannot place the total."""
    left = n - sum(fixed_at.values())
    for key in sorted(key for key, part in weight.items() if part == 0):
        step = min(left, limits.upper[key] - fixed_at[key])
        fixed_at[key] += step
        left -= step
    return fixed_at


def _in_order(weight: Mapping[str, Fraction], parts: dict[str, Fraction]) -> dict[str, Fraction]:
    """Return the parts in the order of the strata."""
    return {key: parts[key] for key in weight}


def _per_stratum(
    name: str, bound: Bound, pop_size: Mapping[str, int], default: int | None
) -> dict[str, int]:
    """Spell a bound out per stratum; an upper bound left out is N_h."""
    if bound is None or isinstance(bound, int):
        value = default if bound is None else bound
        spelled = {key: size if value is None else value for key, size in pop_size.items()}
        if bound is not None and name == "minimum":  # an empty stratum has nothing to give
            spelled = {key: n if pop_size[key] else 0 for key, n in spelled.items()}
    else:
        given = {canonical(key): n for key, n in bound.items()}
        if unknown := [key for key in given if key not in pop_size]:
            raise ArgumentError(name, unknown[0], "this stratum is not in the frame")
        spelled = {
            key: given.get(key, size if default is None else default)
            for key, size in pop_size.items()
        }
    for value in spelled.values():
        if value < 0:
            raise ArgumentError(name, value, "must be at least 0")
    return spelled


def _refuse_unless(shortfall: str | None, short: list[Shortfall]) -> None:
    """Refuse what cannot be met, unless the choice was made."""
    if shortfall is not None and shortfall not in SHORTFALL_CHOICES:
        raise ArgumentError("shortfall", shortfall, 'must be "lower" or "census"')
    if short and shortfall is None:
        raise InfeasibleAllocationError(short)
