"""Which rater rates which block of agencies: a plan of chances, then a rounding by the seed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, maximum_flow

from sampling.allocation import equal
from sampling.canonical import canonical
from sampling.dependent_rounding import round_dependently
from sampling.errors import ArgumentError, SamplingError
from sampling.random_numbers import permanent_number
from sampling.types import Floats

#: Label of the numbers that put agencies into blocks.
BLOCKS = "agency block"
_ROUNDS = 20_000
_CLOSE = 1e-11

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shortage:
    """A number of raters that cannot be reached: rater group, block, wanted, reachable."""

    group: str
    block: str
    wanted: int
    reachable: int


class InfeasiblePlanError(SamplingError):
    """Numbers that the raters cannot give; `shortages` say who is short."""

    def __init__(self, shortages: Iterable[Shortage]) -> None:
        """Keep the shortages; the text names all of them."""
        self.shortages = tuple(shortages)
        text = "; ".join(
            f"{s.group} / {s.block}: wanted {s.wanted}, reachable {s.reachable}"
            for s in self.shortages
        )
        super().__init__(f"too few raters: {text}")


@dataclass(frozen=True, slots=True)
class Rater:
    """A drawn form: who may rate what, and how many blocks at most.

    Attributes
    ----------
    unit : id of the form, unique.
    group : rater group; numbers and weights are per group.
    blocks : blocks that she may rate: her rule without all her own agencies.
    most : blocks at most; None: all that she may.
    """

    unit: str
    group: str
    blocks: frozenset[str]
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who rates what.

    Attributes
    ----------
    units : (R,) ids in code-point order.
    groups : (R,) rater group of each.
    blocks : (B,) blocks in code-point order.
    eligible : (R, B) may rate.
    chance : (R, B) exact probability of every pair, 0 where not eligible.
    given : (R, B) rates.
    """

    units: tuple[str, ...]
    groups: tuple[str, ...]
    blocks: tuple[str, ...]
    eligible: Bools
    chance: Floats
    given: Bools

    def of(self, unit: str) -> tuple[str, ...]:
        """Return the blocks of one form."""
        row = self.given[self.units.index(unit)]
        return tuple(block for block, yes in zip(self.blocks, row, strict=True) if yes)

    def weights(self) -> dict[tuple[str, str], float]:
        """Return M_gj/m_gj per (group, block): eligible raters over those who rate it."""
        result = {}
        for group in sorted(set(self.groups)):
            rows = np.array([g == group for g in self.groups])
            eligible, given = self.eligible[rows].sum(axis=0), self.given[rows].sum(axis=0)
            for block, may, does in zip(self.blocks, eligible, given, strict=True):
                if does:
                    result[group, block] = float(may) / float(does)
        return result


def agency_blocks(
    agencies: Sequence[str], most: int, seed: str, numbers: Mapping[str, int] | None = None
) -> tuple[tuple[str, ...], ...]:
    """Split agencies into blocks of at most `most`, sizes differing by one, by the seed.

    Forms that carry one block each share their set with all forms of that block. Agencies that
    want many raters (`numbers`) come together, so that no other one has to be rated as often.
    """
    if most < 1:
        raise ArgumentError("most", most, "must be at least 1")
    wanted = numbers or {}
    ordered = sorted(
        agencies,
        key=lambda code: (-wanted.get(code, 0), permanent_number(seed, BLOCKS, code), code),
    )
    count = -(-len(ordered) // most)
    ends = [len(ordered) * i // count for i in range(count + 1)]
    return tuple(tuple(sorted(ordered[a:b])) for a, b in pairwise(ends))


def reachable_numbers(
    eligible: Bools, least: NDArray[np.int_]
) -> tuple[NDArray[np.int_] | None, NDArray[np.int_]]:
    """Find how many forms carry each block where every form carries one: as even as can be.

    Parameters
    ----------
    eligible : (R, B), at least one block per form.
    least : (B,) forms at least.

    Returns
    -------
    (B,) numbers that sum to R, None where `least` cannot be reached; and the reachable part of
    `least`.
    """
    one = np.ones(len(eligible), dtype=np.int64)

    def reached(number: NDArray[np.int_]) -> NDArray[np.int_]:
        raters, blocks = eligible.shape
        flow = _largest_flow(eligible, number, one)
        return flow[raters : raters + blocks, raters + blocks + 1]

    first = reached(least)
    if (first < least).any():
        return None, first
    number = least.copy()
    for _ in range(len(eligible) - int(least.sum())):
        number[np.argmin(number)] += 1
    if (reached(number) == number).all():
        return number, first
    number, closed = least.copy(), np.zeros(least.size, dtype=np.bool_)
    while number.sum() < len(eligible):  # own agencies forbid the even numbers: one by one
        j = int(np.argmin(np.where(closed, len(eligible) + 1, number)))
        number[j] += 1
        if (reached(number) < number).any():
            number[j] -= 1
            closed[j] = True
    return number, first


def even_numbers(raters: Iterable[Rater]) -> dict[tuple[str, str], int]:
    """Return numbers per (group, block) that spread each group's forms evenly.

    Every form is filled; a block that few may rate gets what it can.
    """
    may: dict[str, Counter[str]] = {}
    load: Counter[str] = Counter()
    for rater in raters:
        may.setdefault(rater.group, Counter()).update(rater.blocks)
        load[rater.group] += _most(rater)
    return {
        (group, block): n
        for group, counts in sorted(may.items())
        for block, n in equal(dict(sorted(counts.items())), load[group]).items()
    }


def assign(
    raters: Iterable[Rater], seed: str, numbers: Mapping[tuple[str, str], int] | None = None
) -> Assignment:
    """Give every form its blocks.

    A plan of chances is worked out: the numbers are met exactly, nobody gets more than she may,
    and within block and rater group chances are as equal as that allows (all equal where no
    limit binds). It is rounded by the seed so that every chance is kept, every number is met and
    every load is the floor or the ceiling of its expected value.

    Parameters
    ----------
    raters : forms; their order does not matter.
    seed : seed of the draw, not empty.
    numbers : raters wanted per (group, block), missing ones 0; None: `even_numbers`.

    Raises
    ------
    InfeasiblePlanError
        When the numbers cannot be met; it names group, block, wanted and reachable.

    References
    ----------
    Gandhi, Khuller, Parthasarathy & Srinivasan (2006), Dependent rounding and its applications
    to approximation algorithms, Journal of the ACM 53:324. The chances are fitted by iterative
    proportional fitting (Deming & Stephan 1940) with bounds.
    """
    if not canonical(seed):
        raise ArgumentError("seed", seed, "must not be empty")
    ordered = sorted(raters, key=lambda rater: rater.unit)
    if doubled := [a.unit for a, b in pairwise(ordered) if a.unit == b.unit]:
        raise ArgumentError("raters", doubled[0], "every form stands once")
    wanted = even_numbers(ordered) if numbers is None else dict(numbers)
    blocks = tuple(
        sorted({block for rater in ordered for block in rater.blocks} | {b for _, b in wanted})
    )
    eligible = np.array([[b in rater.blocks for b in blocks] for rater in ordered], dtype=np.bool_)
    eligible = eligible.reshape(len(ordered), len(blocks))
    chance, given = np.zeros(eligible.shape), np.zeros(eligible.shape, dtype=np.bool_)
    groups = tuple(rater.group for rater in ordered)
    if unknown := [key for key, n in wanted.items() if n and key[0] not in groups]:
        raise InfeasiblePlanError(Shortage(*key, wanted[key], 0) for key in sorted(unknown))
    for group in sorted(set(groups)):
        rows = np.array([g == group for g in groups])
        number = np.array([wanted.get((group, block), 0) for block in blocks])
        most = np.array([_most(rater) for rater in ordered if rater.group == group])
        _check_feasible(eligible[rows], number, most, (group, blocks))
        chance[rows] = equal_chances(eligible[rows], number, most)
        given[rows] = round_dependently(chance[rows], seed, group)
    return Assignment(tuple(r.unit for r in ordered), groups, blocks, eligible, chance, given)


def equal_chances(eligible: Bools, number: NDArray[np.int_], most: NDArray[np.int_]) -> Floats:
    """Work out chances that meet the numbers, as equal within a block as the limits allow.

    x = min(1, a_r b_j) with a_r ≤ 1, and a_r < 1 only where a form is full: the plan of largest
    entropy. Raters with the same blocks and limit have the same chances.

    Parameters
    ----------
    eligible : (R, B) of one rater group.
    number : (B,) raters wanted, at least 0, reachable.
    most : (R,) blocks per form at most.

    Returns
    -------
    (R, B) probabilities; columns sum to `number` and rows to `most` at most, within 1e-9.
    """
    vary, sure = _what_can_vary(eligible, number, most)
    left, limit_left = number - sure.sum(axis=0), most - sure.sum(axis=1)
    kinds, kind, count = np.unique(
        np.column_stack([vary, sure, limit_left]), axis=0, return_inverse=True, return_counts=True
    )
    may = kinds[:, : number.size].astype(bool)
    x = kinds[:, number.size : -1] + _fit(may, count, left, kinds[:, -1])
    return np.asarray(x[kind.ravel()], dtype=np.float64)


def _fit(
    may: Bools, count: NDArray[np.int_], number: NDArray[np.int_], limit: NDArray[np.int_]
) -> Floats:
    """Scale columns to their numbers and full rows to their limits, in turn, until both hold."""
    a, b = np.ones(len(may)), np.zeros(number.size)
    x = np.zeros(may.shape)
    for _ in range(_ROUNDS):
        for j in np.flatnonzero(may.any(axis=0)):
            who = may[:, j]
            b[j] = _scale(a[who], count[who], float(number[j]))
        x = np.where(may, np.minimum(1, a[:, None] * b), 0.0)
        off = x.sum(axis=1) - limit
        tight = may.any(axis=1) & ((off > _CLOSE) | ((a < 1) & (off < -_CLOSE)))
        if not tight.any():
            return x
        for r in np.flatnonzero(tight):
            a[r] = min(1.0, _scale(b[may[r]], None, float(limit[r])))
    raise ArgumentError("most", float(off.max()), "loads so tight that chances do not settle")


def _what_can_vary(
    eligible: Bools, number: NDArray[np.int_], most: NDArray[np.int_]
) -> tuple[Bools, Bools]:
    """Return which pairs differ between feasible assignments, and which all of them hold.

    A pair of a largest flow can vary exactly if its ends lie in one strongly connected part of
    the residual network; without the others the fitting converges.
    """
    raters, blocks = eligible.shape
    flow = _largest_flow(eligible, number, most)
    used = flow[:raters, raters : raters + blocks] > 0
    row, column = np.nonzero(eligible)
    onward = ~used[row, column]
    source, sink = raters + blocks, raters + blocks + 1
    load, got = used.sum(axis=1), used.sum(axis=0)
    start = np.where(onward, row, raters + column)
    end = np.where(onward, raters + column, row)
    arcs = [(start, end)]
    rater, block = np.arange(raters), np.arange(blocks)
    spare, busy, what = rater[load < most], rater[load > 0], block[got > 0]
    arcs.append((np.full(spare.size, source), spare))
    arcs += [(busy, np.full(busy.size, source)), (np.full(what.size, sink), raters + what)]
    ends = np.concatenate([end for _, end in arcs])
    starts = np.concatenate([start for start, _ in arcs])
    graph = coo_array((np.ones(starts.size), (starts, ends)), shape=(sink + 1, sink + 1))
    _, part = connected_components(graph.tocsr(), directed=True, connection="strong")
    together = part[:raters, None] == part[None, raters : raters + blocks]
    return eligible & together, used & ~together


def _scale(values: Floats, count: NDArray[np.int_] | None, target: float) -> float:
    """Return t with Σ count min(1, t value) = target."""
    times = np.ones(values.size) if count is None else count.astype(float)
    order = np.argsort(-values, kind="stable")
    v, w = values[order], times[order]
    capped = np.concatenate([[0.0], np.cumsum(w)])
    rest = np.concatenate([np.cumsum((w * v)[::-1])[::-1], [0.0]])
    for k in range(v.size):
        t = (target - capped[k]) / rest[k]
        if t * v[k] <= 1:
            return float(max(t, 0.0))
    return float(1 / v[-1]) if v.size else 0.0


def _check_feasible(
    eligible: Bools,
    number: NDArray[np.int_],
    most: NDArray[np.int_],
    names: tuple[str, tuple[str, ...]],
) -> None:
    """Refuse numbers that no distribution of the forms can meet, by a maximum flow."""
    raters, blocks = eligible.shape
    flow = _largest_flow(eligible, number, most)[raters : raters + blocks, raters + blocks + 1]
    group, block = names
    if short := np.flatnonzero(flow < number).tolist():
        raise InfeasiblePlanError(
            Shortage(group, block[j], int(number[j]), int(flow[j])) for j in short
        )


def _largest_flow(
    eligible: Bools, number: NDArray[np.int_], most: NDArray[np.int_]
) -> NDArray[np.int_]:
    """Return a largest flow source -> raters -> blocks -> sink; the last two nodes are these."""
    raters, blocks = eligible.shape
    source, sink = raters + blocks, raters + blocks + 1
    row, column = np.nonzero(eligible)
    start = np.concatenate([np.full(raters, source), row, raters + np.arange(blocks)])
    end = np.concatenate([np.arange(raters), raters + column, np.full(blocks, sink)])
    limit = np.concatenate([most, np.ones(row.size, dtype=np.int64), number]).astype(np.int32)
    graph = coo_array((limit, (start, end)), shape=(sink + 1, sink + 1)).tocsr()
    return np.asarray(maximum_flow(graph, source, sink).flow.toarray())


def _most(rater: Rater) -> int:
    """Return how many blocks a form can carry."""
    return len(rater.blocks) if rater.most is None else min(rater.most, len(rater.blocks))
