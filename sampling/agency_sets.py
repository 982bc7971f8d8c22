"""Which agencies a rater's form carries, so that every stored set of agencies hides its raters.

What is kept with an answer (stratum and set of agencies) must be shared by several invited
persons, and nobody rates her own agency. Raters with an agency of their own therefore form
blocks: all of a block leave out the own agencies of all of its members, and raters without a
conflict fill it up. Where a form may not hold all agencies, it first gets a part of them
(`portions`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sampling.assignment import InfeasiblePlanError, Shortage
from sampling.canonical import canonical
from sampling.errors import ArgumentError, SamplingError
from sampling.portions import portions
from sampling.random_numbers import permanent_number

#: Label of the numbers that choose who fills a block up.
BLOCK = "block"
#: A stored set of agencies is shared by at least so many invited persons.
LEAST = 5
#: Joins the keys of strata that are stored as one.
MERGED = " + "


@dataclass(frozen=True, slots=True)
class Rater:
    """One drawn rater's form.

    Attributes
    ----------
    unit : id of the form.
    stratum : key of the stratum that she was drawn in.
    eligible : codes of the agencies that her rule gives her, in the order of the plan.
    own : codes of the agencies that she leads or works in.
    """

    unit: str
    stratum: str
    eligible: tuple[str, ...]
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RaterSet:
    """Forms that carry the same agencies and are stored with the same stratum.

    Attributes
    ----------
    stratum : the raters' stratum, or several joined by " + " where one alone was too small.
    agencies : codes in the order of the plan, at least one.
    units : ids in code-point order.
    """

    stratum: str
    agencies: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormRule:
    """What a plan says about the forms of one questionnaire.

    Attributes
    ----------
    most : agencies per form at most; None: all that a rater may rate.
    ratings : stratum -> agency -> forms that rate it at least.
    """

    most: int | None = None
    ratings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def of(self, stratum: str) -> dict[str, int]:
        """Return the ratings at least of a stored stratum: of all strata that it stands for."""
        found: Counter[str] = Counter()
        for part in stratum.split(MERGED):
            found.update(self.ratings.get(part, {}))
        return dict(found)


class NothingToRateError(SamplingError):
    """Raters whose rule leaves only agencies of their own; `units` names their forms."""

    def __init__(self, units: Iterable[str]) -> None:
        """Name the forms."""
        self.units = tuple(sorted(units))
        super().__init__(f"no agency is left to rate for {', '.join(self.units)}")


class SmallSetError(SamplingError):
    """A set of agencies that too few raters share, with no way to join it to another."""

    def __init__(self, stratum: str, agencies: Sequence[str], persons: int, least: int) -> None:
        """Name the stratum, the agencies and the numbers."""
        self.stratum = stratum
        self.agencies = tuple(agencies)
        self.persons = persons
        self.least = least
        names = ", ".join(agencies)
        super().__init__(f"stratum {stratum!r}: {persons} of {least} raters share {names}")


@dataclass(slots=True)
class _Block:
    """Raters who leave out the same agencies."""

    without: frozenset[str]
    members: list[Rater] = field(default_factory=list)


def rater_sets(
    raters: Iterable[Rater],
    seed: str,
    least: int = LEAST,
    rule: FormRule = FormRule(),
) -> tuple[RaterSet, ...]:
    """Give every form its agencies; each set is shared by at least `least` forms.

    1. Strata in which too few forms share a rule's agencies are stored together with another
       stratum whose forms carry the same agencies; where there is none, such a form gets the
       largest set of its stratum that is a part of its own.
    2. Forms with the same own agencies form a block. Small blocks are put together up to `least`
       forms and filled up by raters without a conflict, chosen by permanent random number. Where
       these suffice and every rater has one own agency, each agency j loses exactly
       max(least, c_j) raters of the set, c_j being those of its own: the least that is possible,
       as a set without j needs `least` forms and holds all of the c_j.

    Between the two, raters of more agencies than a form may hold get blocks of agencies by
    `portions`; step 2 then changes only those who have an own agency in every block.

    Parameters
    ----------
    raters : forms of one questionnaire; their order does not matter.
    seed : seed of the draw; not empty.
    least : at least 1.
    rule : agencies per form at most, forms per agency at least.

    Returns
    -------
    Sets ordered by stratum and agencies; together they hold every form once.

    Raises
    ------
    NothingToRateError
        When a rule leaves a rater only her own agencies.
    SmallSetError
        When a set cannot be shared by enough forms; it names the stratum.
    InfeasiblePlanError
        When the forms are too few for what the rule wants; it names strata and agencies.
    """
    if not canonical(seed):
        raise ArgumentError("seed", seed, "must not be empty")
    if least < 1:
        raise ArgumentError("least", least, "must be at least 1")
    ordered = sorted(raters, key=lambda rater: rater.unit)
    if nothing := [rater.unit for rater in ordered if set(rater.eligible) <= rater.own]:
        raise NothingToRateError(nothing)
    pools = _enlarge(_merge_strata(ordered, least), least)
    shared: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for stratum, base, members in _parts(pools, (rule, least), seed):
        for block in _blocks(stratum, base, _in_random_order(members, seed), least):
            agencies = tuple(code for code in base if code not in block.without)
            units = (rater.unit for rater in block.members)
            shared.setdefault((stratum, agencies), []).extend(units)
    found = tuple(
        RaterSet(stratum, agencies, tuple(sorted(units)))
        for (stratum, agencies), units in sorted(shared.items())
    )
    _check_ratings(found, rule)
    return found


_Pools = dict[tuple[str, tuple[str, ...]], list[Rater]]


def _merge_strata(raters: Sequence[Rater], least: int) -> _Pools:
    """Store small strata together with another one whose forms carry the same agencies."""
    label = {rater.stratum: rater.stratum for rater in raters}
    while True:
        pools: _Pools = {}
        for rater in raters:
            pools.setdefault((label[rater.stratum], rater.eligible), []).append(rater)
        pair = _pair_to_merge(pools, least)
        if pair is None:
            return pools
        merged = MERGED.join(sorted({part for key in pair for part in key.split(MERGED)}))
        label = {key: merged if value in pair else value for key, value in label.items()}


def _pair_to_merge(pools: _Pools, least: int) -> tuple[str, str] | None:
    """Find a small stratum and the smallest one that carries the same agencies."""
    for (stratum, base), members in sorted(pools.items()):
        if len(members) >= least:
            continue
        others = [
            (len(found), other)
            for (other, agencies), found in pools.items()
            if agencies == base and other != stratum
        ]
        if others:
            return stratum, min(others)[1]
    return None


def _enlarge(pools: _Pools, least: int) -> _Pools:
    """Move forms of small pools to the largest set of their stratum that is a part of theirs."""
    large = {key: list(found) for key, found in pools.items() if len(found) >= least}
    targets = sorted(large, key=lambda key: (-len(key[1]), key))
    for (stratum, base), members in sorted(pools.items()):
        if (stratum, base) in large:
            continue
        for rater in members:
            fitting = [
                key
                for key in targets
                if key[0] == stratum and set(key[1]) < set(base) and set(key[1]) - rater.own
            ]
            if not fitting:
                raise SmallSetError(stratum, base, len(members), least)
            large[fitting[0]].append(rater)
    return large


def _parts(
    pools: _Pools, limits: tuple[FormRule, int], seed: str
) -> Iterable[tuple[str, tuple[str, ...], Sequence[Rater]]]:
    """Give the forms of each pool their agencies before own ones are left out."""
    rule, least = limits
    raters_of = Counter[tuple[str, str]]()
    for (stratum, base), members in pools.items():
        raters_of.update({(stratum, code): len(members) for code in base})
    for (stratum, base), members in sorted(pools.items()):
        if rule.most is None or len(base) <= rule.most:
            yield stratum, base, members
            continue
        wanted = rule.of(stratum)
        share = {
            code: -(-wanted.get(code, 0) * len(members) // raters_of[stratum, code])
            for code in base
        }
        by_unit = {rater.unit: rater for rater in members}
        own = {rater.unit: rater.own & set(base) for rater in members}
        try:
            found = portions(own, base, (rule.most, least), seed, share)
        except InfeasiblePlanError as error:
            raise InfeasiblePlanError(
                Shortage(stratum, short.block, short.wanted, short.reachable)
                for short in error.shortages
            ) from error
        for agencies, units in found:
            yield stratum, agencies, [by_unit[unit] for unit in units]


def _check_ratings(sets: Sequence[RaterSet], rule: FormRule) -> None:
    """Refuse sets that rate an agency less often than the rule wants."""
    reached = Counter[tuple[str, str]]()
    for one in sets:
        reached.update({(one.stratum, code): len(one.units) for code in one.agencies})
    short = [
        Shortage(stratum, code, n, reached[stratum, code])
        for stratum in dict.fromkeys(one.stratum for one in sets)
        for code, n in rule.of(stratum).items()
        if reached[stratum, code] < n
    ]
    if short:
        raise InfeasiblePlanError(short)


def _in_random_order(members: Sequence[Rater], seed: str) -> list[Rater]:
    """Order raters by their permanent random numbers, ties by id."""
    return sorted(members, key=lambda r: (permanent_number(seed, BLOCK, r.unit), r.unit))


def _blocks(
    stratum: str, base: tuple[str, ...], members: Sequence[Rater], least: int
) -> list[_Block]:
    """Split the raters of one set into blocks of at least `least`."""
    free = [rater for rater in members if not rater.own & set(base)]
    blocks = _conflict_blocks(base, [r for r in members if r.own & set(base)], least)
    while _missing(blocks, least) > len(free):
        blocks = _merge_smallest(blocks, frozenset(base))
        if not blocks:
            raise SmallSetError(stratum, base, len(members), least)
    for block in blocks:
        wanted = max(0, least - len(block.members))
        block.members += free[:wanted]
        free = free[wanted:]
    if free and len(free) < least and blocks:
        fewest = min(blocks, key=lambda block: (len(block.without), sorted(block.without)))
        fewest.members += free
        free = []
    return [*blocks, _Block(frozenset(), free)] if free else blocks


def _missing(blocks: Sequence[_Block], least: int) -> int:
    """Count the raters that are needed to fill all blocks up."""
    return sum(max(0, least - len(block.members)) for block in blocks)


def _conflict_blocks(
    base: tuple[str, ...], conflicted: Sequence[Rater], least: int
) -> list[_Block]:
    """Put raters with the same own agencies together, then small blocks up to `least` raters."""
    same: dict[frozenset[str], list[Rater]] = {}
    for rater in conflicted:
        same.setdefault(rater.own & set(base), []).append(rater)
    items = sorted(same.items(), key=lambda item: (-len(item[1]), sorted(item[0])))
    blocks: list[_Block] = []
    for without, members in items:
        fitting = [
            block
            for block in blocks
            if len(block.members) + len(members) <= least and set(base) - block.without - without
        ]
        if fitting:  # rather one that leaves out the same agencies already
            block = max(fitting, key=lambda block: len(block.without & without))
            block.without |= without
            block.members += members
        else:
            blocks.append(_Block(without, list(members)))
    return blocks


def _merge_smallest(blocks: Sequence[_Block], base: frozenset[str]) -> list[_Block]:
    """Join the two smallest blocks that still leave an agency to rate; empty if there are none."""
    ordered = sorted(blocks, key=lambda block: (len(block.members), sorted(block.without)))
    for i, one in enumerate(ordered):
        for other in ordered[i + 1 :]:
            if base - one.without - other.without:
                joined = _Block(one.without | other.without, [*one.members, *other.members])
                rest = [block for block in ordered if block is not one and block is not other]
                return [*rest, joined]
    return []
