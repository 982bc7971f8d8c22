"""Allocations: exact integers, bounds, ties, and what cannot be met."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.allocation import Limits, bounded_shares, equal, fixed, proportional
from sampling.canonical import canonical
from sampling.errors import ArgumentError, InfeasibleAllocationError

CASES = {
    case["id"]: case
    for case in json.loads(
        (Path(__file__).parents[1] / "reference" / "sampling.json").read_text(encoding="utf-8")
    )["cases"]
}
strata = st.dictionaries(
    st.text("abzBĐđá ử", min_size=1, max_size=4).map(canonical).filter(bool),
    st.integers(0, 10_000),
    min_size=1,
    max_size=20,
)


def _keys(values: list) -> dict:
    return {f"{i:02d}": value for i, value in enumerate(values)}


@pytest.mark.parametrize("name", ["valliant_dever_kreuter_hospitals", "wright2017", "sipas35"])
def test_proportional_parts_are_those_of_r_practools_rounded_by_largest_remainder(name):
    case = CASES[f"{name}_prop"]
    real = case["output"]
    got = list(proportional(_keys(case["inputs"]["Nh"]), case["inputs"]["n"]).values())

    floors = [int(part) for part in real]
    left = case["inputs"]["n"] - sum(floors)
    largest = sorted(range(len(real)), key=lambda i: floors[i] - real[i])[:left]
    assert got == [floor + (i in largest) for i, floor in enumerate(floors)]


@pytest.mark.parametrize(
    "name", [n for n in CASES if n.endswith(("_box", "_capped")) or n.startswith("stratallo")]
)
def test_bounded_real_parts_match_r_stratallo(name):
    inputs, n = CASES[name]["inputs"], CASES[name]["inputs"]["n"]
    weight = _keys([Fraction(a) for a in inputs["A"]])
    lower = _keys(inputs.get("m") or [0] * len(weight))
    upper = _keys(inputs.get("M") or [n] * len(weight))

    got = bounded_shares(weight, n, Limits(lower, upper))

    assert [float(part) for part in got.values()] == pytest.approx(CASES[name]["output"], rel=1e-9)


@given(pop_size=strata, data=st.data())
def test_proportional_adds_up_fits_the_frame_and_stays_near_the_exact_share(pop_size, data):
    total = sum(pop_size.values())
    n = data.draw(st.integers(0, total))

    allocation = proportional(pop_size, n)

    assert sum(allocation.values()) == n
    assert list(allocation) == list(pop_size)
    assert all(0 <= allocation[h] <= pop_size[h] for h in pop_size)
    assert all(abs(allocation[h] - n * pop_size[h] / max(total, 1)) < 1 for h in pop_size)


@given(pop_size=strata, low=st.integers(0, 30), high=st.integers(30, 300), data=st.data())
def test_bounds_hold_and_the_order_of_the_strata_changes_nothing(pop_size, low, high, data):
    minimum = {h: min(low, size) for h, size in pop_size.items()}
    smallest = sum(minimum.values())
    largest = sum(min(high, size) for size in pop_size.values())
    n = data.draw(st.integers(smallest, largest))
    for method in (proportional, equal):
        allocation = method(pop_size, n, minimum, high)
        assert sum(allocation.values()) == n
        assert all(minimum[h] <= allocation[h] <= min(high, pop_size[h]) for h in pop_size)
        turned = method(dict(reversed(pop_size.items())), n, minimum, high)
        assert turned == allocation


@given(pop_size=strata, data=st.data())
def test_equal_parts_differ_by_one_at_most_unless_a_stratum_is_taken_whole(pop_size, data):
    n = data.draw(st.integers(0, sum(pop_size.values())))
    allocation = equal(pop_size, n)
    free = [allocation[h] for h in pop_size if allocation[h] < pop_size[h]]
    whole = [allocation[h] for h in pop_size if allocation[h] == pop_size[h]]
    assert sum(allocation.values()) == n
    assert not free or max(free) - min(free) <= 1
    assert not free or not whole or max(whole) <= max(free) + 1


def test_ties_go_to_the_key_that_is_first_in_code_point_order():
    assert proportional({"Đ": 1, "b": 1, "B": 1}, 2) == {"Đ": 0, "b": 1, "B": 1}
    assert equal({"z": 5, "a": 5, "á": 5}, 4) == {"z": 1, "a": 2, "á": 1}


def test_minimum_floors_the_small_and_shares_the_rest():
    """Weights 10, 30, 60 with at least 15 each: 100 - 15 - ... in proportion 30 : 60."""
    assert proportional({"a": 10, "b": 30, "c": 60}, 45, minimum=10) == {"a": 10, "b": 12, "c": 23}


def test_fixed_quotas_are_taken_as_they_stand():
    pop_size = {"Sở Nội vụ": 40, "Sở Y tế": 50}
    assert fixed(pop_size, {"Sở Y tế": 50, "Sở Nội vụ": 0}) == {"Sở Nội vụ": 0, "Sở Y tế": 50}


def test_every_quota_above_its_stratum_is_named_with_the_choices():
    pop_size, quotas = {"a": 3, "b": 10, "c": 2}, {"a": 5, "b": 10, "c": 4}
    with pytest.raises(InfeasibleAllocationError) as caught:
        fixed(pop_size, quotas)
    assert [(s.stratum, s.wanted, s.available) for s in caught.value.shortfalls] == [
        ("a", 5, 3),
        ("c", 4, 2),
    ]
    assert caught.value.choices == ("lower", "census")
    for choice in caught.value.choices:
        assert fixed(pop_size, quotas, choice) == {"a": 3, "b": 10, "c": 2}


@pytest.mark.parametrize(
    ("request_", "constraint"),
    [
        ({"n": 31}, ("", 31, 30, "pop_size")),
        ({"n": 21, "maximum": 10}, ("", 21, 20, "maximum")),
        ({"n": 20, "minimum": 15}, ("a", 15, 10, "pop_size")),
        ({"n": 9, "minimum": 5}, ("", 10, 9, "minimum")),
        ({"n": 9, "minimum": {"a": 8}, "maximum": {"a": 7}}, ("a", 8, 7, "maximum")),
    ],
)
def test_a_request_that_cannot_be_met_names_the_binding_constraint(request_, constraint):
    with pytest.raises(InfeasibleAllocationError) as caught:
        proportional({"a": 10, "b": 20}, **request_)
    found = [(s.stratum, s.wanted, s.available, s.constraint) for s in caught.value.shortfalls]
    assert constraint in found


def test_the_choice_lower_takes_what_there_is():
    assert proportional({"a": 10, "b": 20}, 31, shortfall="lower") == {"a": 10, "b": 20}
    assert proportional({"a": 10, "b": 20}, 26, minimum=12, shortfall="census") == {
        "a": 10,
        "b": 16,
    }


def test_an_empty_stratum_gets_nothing_and_a_minimum_does_not_ask_it():
    assert proportional({"a": 0, "b": 20}, 10, minimum=5) == {"a": 0, "b": 10}


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: fixed({"a": 3}, {"b": 1}), "quotas"),
        (lambda: fixed({"a": 3}, {"a": -1}), "quotas"),
        (lambda: fixed({"a": 3}, {"a": 9}, "skip"), "shortfall"),
        (lambda: proportional({"a": 3}, -1), "n"),
        (lambda: proportional({"a": 3}, 1, minimum={"x": 1}), "minimum"),
        (lambda: equal({"a": 3}, 1, maximum=-2), "maximum"),
    ],
)
def test_wrong_arguments_are_named(call, argument):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert caught.value.argument == argument
