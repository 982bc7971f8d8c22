"""Raters and agencies: numbers, loads, exclusions and chances of the assignment."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.assignment import (
    InfeasiblePlanError,
    Rater,
    agency_blocks,
    assign,
    equal_chances,
    even_numbers,
)
from sampling.dependent_rounding import round_dependently
from sampling.errors import ArgumentError

AGENCIES = [f"a{j}" for j in range(6)]


def _raters(n: int, most: int | None = None) -> list:
    """Every third rater leads an agency and does not rate it; two groups."""
    return [
        Rater(
            f"r{i:03d}",
            f"g{i % 2}",
            frozenset(AGENCIES) - ({AGENCIES[i % 6]} if i % 3 == 0 else set()),
            most,
        )
        for i in range(n)
    ]


def test_without_a_limit_every_form_carries_all_that_it_may():
    raters = _raters(20)
    done = assign(raters, "s")
    assert (done.given == done.eligible).all()
    assert set(done.weights().values()) == {1.0}
    assert done.of("r000") == ("a1", "a2", "a3", "a4", "a5")


@given(
    rows=st.lists(
        st.tuples(
            st.sets(st.sampled_from(AGENCIES), min_size=1), st.integers(1, 6), st.sampled_from("xy")
        ),
        min_size=1,
        max_size=25,
    ),
    data=st.data(),
)
def test_numbers_are_met_and_loads_stay_within_the_limit_and_near_their_expectation(rows, data):
    raters = [
        Rater(f"r{i}", g, frozenset(blocks), most) for i, (blocks, most, g) in enumerate(rows)
    ]
    numbers = Counter()  # what some rounding gives is reachable
    for rater in raters:
        kept = data.draw(st.permutations(sorted(rater.blocks)))[: rater.most]
        numbers.update((rater.group, block) for block in kept)

    done = assign(raters, "seed", numbers)

    assert not (done.given & ~done.eligible).any()
    groups = np.array(done.groups)
    for (group, block), n in numbers.items():
        assert done.given[groups == group, done.blocks.index(block)].sum() == n
    loads, expected = done.given.sum(axis=1), done.chance.sum(axis=1)
    assert (np.abs(loads - expected) < 1 + 1e-6).all()
    most = {rater.unit: rater.most for rater in raters}
    assert all(load <= most[unit] for unit, load in zip(done.units, loads, strict=True))


def test_chances_within_a_block_and_group_are_equal_where_no_limit_binds():
    numbers = {("g0", a): 4 for a in AGENCIES}
    done = assign(_raters(20), "s", numbers)
    for j in range(6):
        in_group = np.array([g == "g0" for g in done.groups]) & done.eligible[:, j]
        assert done.chance[in_group, j] == pytest.approx(4 / in_group.sum(), abs=1e-12)


def test_a_limit_lowers_the_chances_of_full_forms_and_raises_the_others():
    """Two raters, one may carry one block only; both blocks want one rater and a half."""
    eligible = np.ones((4, 2), dtype=bool)
    chance = equal_chances(eligible, np.array([3, 3]), np.array([1, 1, 2, 2]))
    assert chance == pytest.approx(np.array([[0.5, 0.5], [0.5, 0.5], [1, 1], [1, 1]]), abs=1e-9)


def test_the_chance_of_every_pair_is_exact_over_many_seeds():
    raters = [
        Rater("p", "g", frozenset("ABC"), 2), Rater("q", "g", frozenset("ABC"), 2),
        Rater("r", "g", frozenset("BC"), 2), Rater("s", "g", frozenset("A"), 2),
        Rater("t", "g", frozenset("ABC"), 1),
    ]  # fmt: skip
    numbers = {("g", "A"): 2, ("g", "B"): 2, ("g", "C"): 3}
    done = assign(raters, "7", numbers)
    assert (done.given == round_dependently(done.chance, "7", "g")).all()
    trials = 4000
    total = sum(
        round_dependently(done.chance, str(seed), "g").astype(int) for seed in range(trials)
    )
    spread = 4.5 * np.sqrt(done.chance * (1 - done.chance) / trials) + 1e-9
    assert (np.abs(total / trials - done.chance) < spread).all()


@given(
    values=st.lists(st.floats(0, 1), min_size=12, max_size=12),
    seed=st.text(min_size=1, max_size=3),
)
def test_rounding_keeps_every_sum_at_its_floor_or_ceiling(values, seed):
    chance = np.array(values).reshape(4, 3)
    rounded = round_dependently(chance, seed)
    for axis in (0, 1):
        before, after = chance.sum(axis=axis), rounded.sum(axis=axis)
        assert (np.floor(before + 1e-6) >= np.floor(before - 1e-6)).all()
        assert ((after >= np.floor(before - 1e-6) - 0) & (after <= np.ceil(before + 1e-6))).all()


def test_rounding_is_negatively_correlated_within_a_row():
    """Gandhi et al. (2006), property P3, for one row of halves: never all, never none of two."""
    both, trials = Counter(), 2000
    for seed in range(trials):
        row = round_dependently(np.array([[0.5, 0.5, 0.5]]), str(seed))[0]
        assert row.sum() in (1, 2)
        both[bool(row[0] and row[1])] += 1
    assert both[True] / trials <= 0.25 + 4.5 * math.sqrt(0.25 * 0.75 / trials)


def test_who_is_short_is_named():
    raters = [Rater("p", "g", frozenset("AB"), 1), Rater("q", "g", frozenset("A"), 1)]
    with pytest.raises(InfeasiblePlanError) as caught:
        assign(raters, "s", {("g", "A"): 2, ("g", "B"): 1})
    short = caught.value.shortages
    assert sum(s.wanted - s.reachable for s in short) == 1
    assert {s.group for s in short} == {"g"}
    with pytest.raises(InfeasiblePlanError, match="other / A"):
        assign(raters, "s", {("other", "A"): 1})


def test_neither_order_nor_unicode_form_of_the_seed_change_the_assignment():
    raters = _raters(30, 3)
    one, other = assign(raters, "giống"), assign(raters[::-1], "gio\u0302\u0301ng ")
    assert one.units == other.units
    assert (one.given == other.given).all()
    assert not (assign(raters, "khác").given == one.given).all()


def test_numbers_are_spread_evenly_and_the_weights_bring_back_the_eligible():
    raters = _raters(60, 2)
    numbers = even_numbers(raters)
    assert sum(numbers.values()) == 120
    for group in ("g0", "g1"):
        own = [n for (g, _), n in numbers.items() if g == group]
        assert max(own) - min(own) <= 1
    done = assign(raters, "s")
    for (group, block), weight in done.weights().items():
        may = sum(1 for r in raters if r.group == group and block in r.blocks)
        assert weight * numbers[group, block] == pytest.approx(may)


def test_forms_with_one_block_share_their_set_with_at_least_five():
    blocks = agency_blocks([f"Sở {i}" for i in range(17)], 6, "s")
    assert sorted(len(block) for block in blocks) == [5, 6, 6]
    assert sorted(a for block in blocks for a in block) == sorted(f"Sở {i}" for i in range(17))
    names = [str(i) for i in range(len(blocks))]
    done = assign([Rater(f"r{i}", "g", frozenset(names), 1) for i in range(16)], "s")
    shared = Counter(done.of(unit) for unit in done.units)
    assert len(shared) == 3
    assert min(shared.values()) >= 5


def test_the_2024_plan_with_lists_of_real_size_is_assigned():
    """400 forms on 17 agencies of the province, at most 8 each, own agency left out."""
    agencies = [f"p{j:02d}" for j in range(17)]
    groups = ["provincial_council"] * 55 + ["district_leaders"] * 33 + ["district_divisions"] * 312
    raters = []
    for i, group in enumerate(groups):
        own = {agencies[i % 17]} if i % 7 == 0 else set()
        may = set(agencies[i % 17 : i % 17 + 3]) if group == "district_divisions" else set(agencies)
        raters.append(Rater(f"r{i:03d}", group, frozenset(may - own or may), 8))
    done = assign(raters, "2024")
    loads = done.given.sum(axis=1)
    assert loads.max() <= 8
    assert loads.min() >= 1
    assert done.given.sum() == sum(even_numbers(raters).values())


def test_a_form_that_stands_twice_and_an_empty_seed_are_refused():
    rater = Rater("r", "g", frozenset("A"))
    with pytest.raises(ArgumentError, match="raters"):
        assign([rater, rater], "s")
    with pytest.raises(ArgumentError, match="seed"):
        assign([rater], " ")
    with pytest.raises(ArgumentError, match="most"):
        agency_blocks(["A"], 0, "s")
