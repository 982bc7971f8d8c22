"""Forms with part of the agencies: hidden among five, nobody her own, loads and chances even."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.agency_sets import LEAST, FormRule, Rater, RaterSet, SmallSetError, rater_sets
from sampling.assignment import InfeasiblePlanError

AGENCIES = tuple(f"a{j:02}" for j in range(12))


def deputies(n: int, own: dict[int, set[str]] | None = None, base=AGENCIES) -> list[Rater]:
    """Raters of one stratum who rate all agencies; some lead one of them."""
    return [Rater(f"u{i:03}", "council", base, frozenset((own or {}).get(i, ()))) for i in range(n)]


def of_units(sets: tuple[RaterSet, ...]) -> dict[str, tuple[str, ...]]:
    return {unit: part.agencies for part in sets for unit in part.units}


def ratings(sets: tuple[RaterSet, ...]) -> Counter[str]:
    return Counter(code for part in sets for code in part.agencies for _ in part.units)


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[Rater], int]:
    base = AGENCIES[: draw(st.integers(2, 12))]
    most = draw(st.integers(1, 12))
    own = st.sets(st.sampled_from(base), max_size=2)
    n = draw(st.integers(1, 70))
    raters = deputies(n, {i: draw(own) for i in range(n)}, base)
    return [rater for rater in raters if set(base) - rater.own], most


def outcome(raters: list[Rater], seed: str, rule: FormRule):
    try:
        return rater_sets(raters, seed, rule=rule)
    except (InfeasiblePlanError, SmallSetError) as error:
        return error


@given(listed=lists(), seed=st.text("abc", min_size=1, max_size=3))
def test_forms_keep_to_the_limit_and_every_set_hides_five(listed, seed) -> None:
    raters, most = listed
    done = outcome(raters, seed, FormRule(most))
    blocks = -(-len(raters[0].eligible) // most) if raters else 1
    if isinstance(done, Exception):
        assert len(raters) < 5 * blocks or any(rater.own for rater in raters)
        return
    given_to = of_units(done)
    assert sorted(given_to) == [rater.unit for rater in raters]
    assert all(len(part.units) >= LEAST for part in done)
    for rater in raters:
        found = given_to[rater.unit]
        assert 1 <= len(found) <= most
        assert not set(found) & rater.own


@given(listed=lists(), data=st.data())
def test_neither_the_order_of_the_rows_nor_a_second_run_change_the_forms(listed, data) -> None:
    raters, most = listed
    one = outcome(raters, "s", FormRule(most))
    other = outcome(data.draw(st.permutations(raters)), " s", FormRule(most))
    assert str(one) == str(other)


@given(n=st.integers(1, 90), count=st.integers(1, 12), most=st.integers(1, 12))
def test_without_own_agencies_loads_and_ratings_differ_by_one_at_most(n, count, most) -> None:
    base = AGENCIES[:count]
    done = outcome(deputies(n, base=base), "s", FormRule(most))
    blocks = -(-count // most)
    if n < LEAST * blocks:
        assert isinstance(done, Exception)
        return
    loads = {len(part.agencies) for part in done}
    assert loads <= {count // blocks, -(-count // blocks)}
    assert set(ratings(done).values()) <= {n // blocks, -(-n // blocks)}


def test_chances_are_equal_over_many_seeds() -> None:
    """30 raters, 12 agencies, 4 a form: each pair 1/3; who leads one keeps even chances besides."""
    own = {i: {AGENCIES[i]} for i in range(6)}
    trials, total = 400, np.zeros((30, 12))
    for seed in range(trials):
        sets = rater_sets(deputies(30, own), str(seed), rule=FormRule(4))
        for unit, codes in of_units(sets).items():
            total[int(unit[1:]), [AGENCIES.index(code) for code in codes]] += 1
    share = total / trials
    assert (share[range(6), range(6)] == 0).all()
    eligible = np.ones((30, 12), dtype=bool)
    eligible[range(6), range(6)] = False
    # a leader's four agencies come from the eleven others, alike by the symmetry of the blocks
    spread = 4.5 * np.sqrt(0.25 / trials)
    leaders = np.where(eligible[:6], share[:6], np.nan)
    assert np.nanmax(np.abs(leaders - 4 / 11)) < spread
    # deputies without an agency share every block alike
    assert np.abs(share[6:] - share[6:].mean(axis=0)).max() < spread
    assert total.sum() == trials * 30 * 4


def test_agencies_that_want_more_raters_come_together_and_get_them() -> None:
    wanted = dict.fromkeys(AGENCIES[:3], 30) | dict.fromkeys(AGENCIES[3:], 10)
    done = rater_sets(deputies(60), "s", rule=FormRule(3, {"council": wanted}))
    found = ratings(done)
    assert all(found[code] >= n for code, n in wanted.items())
    assert {found[code] for code in AGENCIES[:3]} == {30}
    assert sum(found.values()) == 60 * 3


def test_who_is_short_is_named_with_what_can_be_reached() -> None:
    wanted = dict.fromkeys(AGENCIES, 25)
    with pytest.raises(InfeasiblePlanError) as caught:
        rater_sets(deputies(60), "s", rule=FormRule(4, {"council": wanted}))
    short = caught.value.shortages
    assert {s.group for s in short} == {"council"}
    assert {s.wanted for s in short} == {25}
    assert all(s.reachable < 25 and s.block in AGENCIES for s in short)
    with pytest.raises(InfeasiblePlanError, match="wanted 9, reachable 8"):
        rater_sets(deputies(8), "s", rule=FormRule(None, {"council": {AGENCIES[0]: 9}}))


def test_own_agencies_that_forbid_even_numbers_give_the_nearest_ones() -> None:
    """14 of 20 lead one of two agencies and rate the other one: 10 and 10 cannot be."""
    base = AGENCIES[:2]
    own = {i: {base[0]} for i in range(14)}
    done = rater_sets(deputies(20, own, base), "s", rule=FormRule(1))
    assert ratings(done) == {base[0]: 6, base[1]: 14}


def test_a_rater_with_an_agency_in_every_block_still_rates_another_one() -> None:
    own = {0: set(AGENCIES[::2])}
    for seed in "abcdef":
        done = of_units(rater_sets(deputies(40, own), seed, rule=FormRule(6)))
        assert done["u000"]
        assert not set(done["u000"]) & own[0]


def test_lines_that_few_agencies_belong_to_are_not_cut() -> None:
    line = [Rater(f"v{i:02}", "divisions", AGENCIES[:3]) for i in range(12)]
    done = rater_sets([*deputies(30), *line], "s", rule=FormRule(4))
    by_stratum = {part.agencies for part in done if part.stratum == "divisions"}
    assert by_stratum == {AGENCIES[:3]}
