"""Sets of agencies on raters' forms: hidden among five, nobody her own, as few lost as possible."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.agency_sets import (
    LEAST,
    NothingToRateError,
    Rater,
    RaterSet,
    SmallSetError,
    rater_sets,
)
from sampling.errors import ArgumentError

AGENCIES = tuple("ABCDEFGH")


@st.composite
def many_raters(draw: st.DrawFn) -> list[Rater]:
    bases = draw(
        st.lists(
            st.sets(st.sampled_from(AGENCIES), min_size=1).map(lambda codes: tuple(sorted(codes))),
            min_size=1,
            max_size=3,
        )
    )
    raters = []
    for i in range(draw(st.integers(1, 60))):
        base = draw(st.sampled_from(bases))
        own = draw(st.sets(st.sampled_from(AGENCIES), max_size=2))
        stratum = draw(st.sampled_from(("s1", "s2", "s3")))
        raters.append(Rater(f"u{i:02}", stratum, base, frozenset(own)))
    return [rater for rater in raters if set(rater.eligible) - rater.own]


def council(conflicted: dict[str, int], free: int) -> list[Rater]:
    """Deputies who rate all agencies; some lead one of them."""
    own = [agency for agency, count in conflicted.items() for _ in range(count)] + [""] * free
    return [
        Rater(f"p{i:03}", "council", AGENCIES, frozenset({code} - {""}))
        for i, code in enumerate(own)
    ]


def lost(sets: tuple[RaterSet, ...]) -> Counter[str]:
    """Count the raters that each agency loses."""
    return Counter(
        code for part in sets for code in AGENCIES if code not in part.agencies for _ in part.units
    )


def outcome(raters: list[Rater]) -> tuple[RaterSet, ...] | SmallSetError:
    try:
        return rater_sets(raters, "hạt giống")
    except SmallSetError as error:
        return error


@given(raters=many_raters())
def test_every_set_is_shared_by_five_or_the_error_names_the_stratum(raters: list[Rater]) -> None:
    by_unit = {rater.unit: rater for rater in raters}
    sets = outcome(raters)
    if isinstance(sets, SmallSetError):
        assert set(sets.stratum.split(" + ")) <= {rater.stratum for rater in raters}
        assert sets.agencies
        return

    assert sorted(unit for part in sets for unit in part.units) == sorted(by_unit)
    assert len({(part.stratum, part.agencies) for part in sets}) == len(sets)
    for part in sets:
        assert len(part.units) >= LEAST
        assert part.agencies
        for rater in (by_unit[unit] for unit in part.units):
            assert rater.stratum in part.stratum.split(" + ")
            assert not rater.own & set(part.agencies)
            assert set(part.agencies) <= set(rater.eligible)


@given(raters=many_raters(), data=st.data())
def test_the_order_of_the_raters_changes_nothing(raters: list[Rater], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(raters))

    assert str(outcome(raters)) == str(outcome(shuffled))


@given(
    conflicted=st.dictionaries(st.sampled_from(AGENCIES), st.integers(1, 9), max_size=8),
    spare=st.integers(0, 40),
)
def test_an_agency_loses_no_more_raters_than_the_rule_demands(
    conflicted: dict[str, int], spare: int
) -> None:
    enough = 5 * len(conflicted) + LEAST  # free raters: every block can be filled up

    got = lost(rater_sets(council(conflicted, enough + spare), "x"))

    assert got == Counter({code: max(LEAST, count) for code, count in conflicted.items()})


def test_the_2024_council_keeps_every_agency_with_all_but_five_of_its_raters() -> None:
    sets = rater_sets(council({"A": 1, "B": 1, "C": 1, "D": 1, "E": 1, "F": 1}, 49), "2024")

    assert [len(part.units) for part in sets if part.agencies == AGENCIES] == [45]
    assert lost(sets) == Counter(dict.fromkeys("ABCDEF", 5))


def test_another_seed_fills_the_blocks_with_other_raters() -> None:
    raters = council({"A": 1}, 40)
    blocks = {rater_sets(raters, seed)[-1].units for seed in ("1", "2", "3")}

    assert all("p000" in block for block in blocks)
    assert len(blocks) > 1


def test_a_small_stratum_is_stored_together_with_one_that_rates_the_same() -> None:
    raters = [Rater(f"a{i}", "g | council | x", ("X",)) for i in range(3)]
    raters += [Rater(f"b{i}", "g | commune | x", ("X",)) for i in range(6)]

    (only,) = rater_sets(raters, "x")

    assert only.stratum == "g | commune | x + g | council | x"
    assert len(only.units) == 9


def test_a_rare_line_rates_the_part_of_it_that_others_share() -> None:
    raters = [Rater(f"a{i}", "divisions", ("A", "B")) for i in range(6)]
    raters.append(Rater("z", "divisions", ("A", "B", "C")))

    (only,) = rater_sets(raters, "x")

    assert only.agencies == ("A", "B")
    assert "z" in only.units


def test_a_set_of_four_that_nothing_can_join_is_refused_with_its_stratum() -> None:
    raters = [Rater(f"a{i}", "lonely", ("A",)) for i in range(4)]

    with pytest.raises(SmallSetError, match="stratum 'lonely': 4 of 5 raters share A"):
        rater_sets(raters, "x")


def test_a_rater_with_only_her_own_agency_is_named() -> None:
    with pytest.raises(NothingToRateError, match="u1"):
        rater_sets([Rater("u1", "s", ("A",), frozenset({"A"}))], "x")


def test_an_empty_seed_and_a_least_of_zero_are_refused() -> None:
    with pytest.raises(ArgumentError, match="seed"):
        rater_sets([], " ")
    with pytest.raises(ArgumentError, match="least"):
        rater_sets([], "x", 0)
