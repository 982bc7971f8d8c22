"""Systematic and unequal-probability designs: chances of units and pairs against R and by proof."""

import itertools
import json
import math
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.draw import draw
from sampling.errors import ArgumentError, FrameError
from sampling.frame_checks import make_frame
from sampling.protocol import opening, protocol, verify
from sampling.sampford import decide, joint_probabilities, pps_exact
from sampling.systematic import inclusion_probabilities, pps_places, pps_systematic, systematic
from sampling.types import Act, Plan

CASES = {
    case["id"]: case
    for case in json.loads(
        (Path(__file__).parents[1] / "reference" / "sampling.json").read_text(encoding="utf-8")
    )["cases"]
}
sizes_ = st.lists(st.integers(1, 1000), min_size=1, max_size=30)


def _case_size(name: str) -> tuple:
    inputs = CASES[name]["inputs"]
    return np.array(inputs["size"], float), inputs["n"]


@pytest.mark.parametrize("name", [name for name in CASES if "_pik_" in name])
def test_inclusion_probabilities_match_r_sampling(name):
    got = inclusion_probabilities(*_case_size(name))
    assert got == pytest.approx(CASES[name]["output"], rel=1e-9)


@pytest.mark.parametrize("name", [name for name in CASES if "_UPsys_n" in name])
def test_systematic_pps_with_a_given_start_matches_r_sampling(name):
    inputs = CASES[name]["inputs"]
    size, n = _case_size(inputs["pik_from"])
    got = pps_places(size, n, inputs["random_start_u"])
    assert [place + 1 for place in got] == CASES[name]["output"]["selected_index_1based"]


@pytest.mark.parametrize("name", [name for name in CASES if "_UPsys_pi2_" in name])
def test_joint_chances_of_systematic_pps_match_r_by_running_through_all_starts(name):
    size, n = _case_size(CASES[name]["inputs"]["pik_from"])
    ends = np.cumsum(inclusion_probabilities(size, n)) % 1
    breaks = np.unique(np.concatenate([[0.0, 1.0], ends]))
    joint = np.zeros((size.size, size.size))
    for low, high in itertools.pairwise(breaks):
        chosen = pps_places(size, n, (low + high) / 2)
        joint[np.ix_(chosen, chosen)] += high - low
    expected = np.array(CASES[name]["output"])
    assert joint[: expected.shape[0], : expected.shape[1]] == pytest.approx(expected, abs=1e-9)


@given(size=sizes_, data=st.data())
def test_chances_add_to_the_sample_and_are_in_proportion_below_one(size, data):
    n = data.draw(st.integers(0, len(size)))
    x = np.array(size, float)
    pi = inclusion_probabilities(x, n)
    assert pi.sum() == pytest.approx(n, abs=1e-9)
    assert (pi <= 1).all()
    free = pi < 1
    if free.any() and n:
        assert pi[free] / x[free] == pytest.approx((pi[free] / x[free])[0], rel=1e-9)


@given(size=sizes_, start=st.floats(0, 1, exclude_max=True), data=st.data())
def test_systematic_pps_has_its_size_whatever_the_start(size, start, data):
    n = data.draw(st.integers(0, len(size)))
    places = pps_places(np.array(size, float), n, start)
    assert len(set(places)) == len(places) == n
    assert all(0 <= place < len(size) for place in places)


def _keys(n: int) -> list:
    return [f"u{i:03d}" for i in range(n)]


def test_systematic_selection_goes_through_the_list_in_equal_steps():
    """With an order of 10 kinds of 6 units, 20 of 60 takes exactly 2 of every kind."""
    kinds = [str(i % 10 + 1) for i in range(60)]
    frame = make_frame(_keys(60), columns={"kind": kinds})
    for seed in ("a", "b", "c"):
        part = systematic(frame, {"toàn bộ": 20}, seed, ["kind"])[0]
        found = [kinds[int(unit[1:])] for unit in part.main]
        assert Counter(found) == dict.fromkeys(map(str, range(1, 11)), 2)
        assert found == sorted(found, key=int)  # numbers are ordered as numbers


@pytest.mark.parametrize(
    ("values", "ordered"),
    [(["10", "9", "0,5"], ["0,5", "9", "10"]), (["10", "9", "1/0"], ["1/0", "10", "9"])],
)
def test_an_order_of_numbers_is_numeric_and_any_other_by_code_point(values, ordered):
    frame = make_frame(["a", "b", "c"], columns={"x": values})
    main = systematic(frame, {"toàn bộ": 3}, "s", ["x"])[0].main
    assert [values["abc".index(unit)] for unit in main] == ordered


def test_systematic_selection_does_not_depend_on_the_order_of_rows():
    kinds = [str(i % 7) for i in range(60)]
    order = np.random.default_rng(1).permutation(60)
    one = make_frame(_keys(60), columns={"kind": kinds})
    other = make_frame([_keys(60)[i] for i in order], columns={"kind": [kinds[i] for i in order]})
    n = {"toàn bộ": 13}
    assert systematic(one, n, "s", ["kind"], 1) == systematic(other, n, "s", ["kind"], 1)


def test_chances_of_a_systematic_sample_and_its_reserve_are_as_stated():
    frame, trials = make_frame(list("abcdefg")), 4000
    main, both = Counter(), Counter()
    for seed in range(trials):
        part = systematic(frame, {"toàn bộ": 3}, str(seed), (), "0.5")[0]
        main.update(part.main)
        both.update([*part.main, *part.reserve])
        assert part.reserve_probability == pytest.approx([5 / 7, 5 / 7])
    for count, chance in ((main, 3 / 7), (both, 5 / 7)):
        spread = 4.5 * math.sqrt(chance * (1 - chance) / trials)
        assert all(abs(count[unit] / trials - chance) < spread for unit in "abcdefg")


SIZE = np.array([1.0, 2, 3, 4, 5, 9])


def test_chances_of_systematic_pps_and_its_reserve_are_as_stated():
    frame = make_frame(list("abcdef"), columns={"size": SIZE})
    expected = dict(zip("abcdef", inclusion_probabilities(SIZE, 2), strict=True))
    trials, main, both = 4000, Counter(), Counter()
    stated: dict = {}
    for seed in range(trials):
        part = pps_systematic(frame, {"toàn bộ": 2}, str(seed), ("size", ()), 1)[0]
        main.update(part.main)
        both.update([*part.main, *part.reserve])
        stated.update(zip(part.reserve, part.reserve_probability, strict=True))
    for unit, chance in expected.items():
        spread = 4.5 * math.sqrt(chance * (1 - chance) / trials) + 1e-12
        assert abs(main[unit] / trials - chance) < spread
        assert abs(both[unit] / trials - stated[unit]) < 4.5 * math.sqrt(0.25 / trials)


def _exact_design(size: np.ndarray, n: int) -> dict:
    """Work out the chance of every sample by Sampford's formula."""
    pi = inclusion_probabilities(size, n)
    weight = {
        sample: sum(1 - pi[k] for k in sample) * math.prod(pi[k] / (1 - pi[k]) for k in sample)
        for sample in itertools.combinations(range(size.size), n)
    }
    return {sample: part / sum(weight.values()) for sample, part in weight.items()}


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_joint_chances_are_those_of_sampfords_formula_over_all_samples(n):
    size = np.array([1.0, 2, 3, 4, 5, 5, 4])
    samples = _exact_design(size, n)
    joint = joint_probabilities(size, n, range(7))
    for k, m in itertools.product(range(7), range(7)):
        exact = sum(chance for sample, chance in samples.items() if k in sample and m in sample)
        assert joint[k, m] == pytest.approx(exact, abs=1e-12)


@given(size=st.lists(st.integers(1, 50), min_size=3, max_size=40), data=st.data())
def test_joint_chances_add_up_are_positive_and_give_no_negative_variance(size, data):
    """Sampford (1967): 0 < π_kl ≤ π_k π_l; Σ_l π_kl = n π_k for a fixed size."""
    n = data.draw(st.integers(2, len(size)))
    x = np.array(size, float)
    joint, pi = joint_probabilities(x, n, range(x.size)), inclusion_probabilities(x, n)
    off = ~np.eye(x.size, dtype=bool)
    assert joint.sum(axis=0) == pytest.approx(n * pi, rel=1e-9)
    if n - (pi >= 1).sum() != 1:  # one unit beside the certain ones excludes the others
        assert (joint[off] > 0).all()
    assert (joint <= np.outer(pi, pi) + 1e-9)[off].all()


def test_joint_chances_of_two_are_brewers_closed_form():
    """Brewer (1963), Australian Journal of Statistics 5:5; the same design as Sampford's, n = 2."""
    p = np.array([1.0, 2, 3, 4, 5]) / 15
    joint = joint_probabilities(p, 2, range(5))
    total = 1 + (p / (1 - 2 * p)).sum()
    for k, m in itertools.combinations(range(5), 2):
        expected = 4 * p[k] * p[m] * (1 - p[k] - p[m]) / ((1 - 2 * p[k]) * (1 - 2 * p[m])) / total
        assert joint[k, m] == pytest.approx(expected, rel=1e-10)


def test_equal_sizes_have_the_joint_chances_of_simple_random_sampling():
    joint = joint_probabilities(np.full(300, 2.5), 60, [0, 7, 299])
    assert joint[0, 1:] == pytest.approx(60 * 59 / (300 * 299), rel=1e-9)


def test_the_draw_has_the_chances_of_the_design():
    frame = make_frame(list("abcdef"), columns={"size": np.array([1.0, 2, 3, 4, 5, 5])})
    trials, found = 6000, Counter()
    for seed in range(trials):
        part = pps_exact(frame, {"toàn bộ": 3}, str(seed), "size")[0]
        found[frozenset(part.main)] += 1
    for sample, chance in _exact_design(np.array([1.0, 2, 3, 4, 5, 5]), 3).items():
        share = found[frozenset("abcdef"[i] for i in sample)] / trials
        assert abs(share - chance) < 4.5 * math.sqrt(chance * (1 - chance) / trials)


def test_a_decision_takes_its_number_against_the_chance_worked_out_by_hand():
    """Three equal units, two wanted: the first is taken with chance 2/3, then one of two."""
    chances = np.full(3, 2 / 3)
    assert decide(chances, iter([0.66, 0.49])) == [0, 1]
    assert decide(chances, iter([0.66, 0.51, 0.99])) == [0, 2]
    assert decide(chances, iter([0.67, 0.99, 0.99])) == [1, 2]


@given(size=sizes_, data=st.data())
def test_the_exact_design_has_its_size_whatever_the_numbers(size, data):
    n = data.draw(st.integers(0, len(size)))
    numbers = data.draw(st.lists(st.floats(0, 1, exclude_max=True), min_size=30, max_size=30))
    chosen = decide(inclusion_probabilities(np.array(size, float), n), iter(numbers))
    assert len(set(chosen)) == len(chosen) == n


def test_a_large_stratum_keeps_its_size_too():
    size = np.random.default_rng(3).uniform(1, 4, 3000)
    chosen = decide(
        inclusion_probabilities(size, 900), iter(np.random.default_rng(4).uniform(size=3000))
    )
    assert len(chosen) == 900


def test_units_that_are_larger_than_a_step_are_taken_for_certain():
    frame = make_frame(
        _keys(12), columns={"size": np.array(CASES["pps12_pik_n5"]["inputs"]["size"], float)}
    )
    for seed in map(str, range(20)):
        for drawn in (
            pps_systematic(frame, {"toàn bộ": 5}, seed, ("size", ())),
            pps_exact(frame, {"toàn bộ": 5}, seed, "size"),
        ):
            main = dict(zip(drawn[0].main, drawn[0].main_probability, strict=True))
            assert {main["u006"], main["u007"], main["u011"]} == {1.0}


@pytest.mark.parametrize("method", ["systematic", "pps", "pps-exact"])
def test_every_method_is_drawn_by_plan_and_verified(method):
    needs = {"size": "size"} if method != "systematic" else {}
    plan = Plan(
        stratum=("g",), method=method, allocation="equal", total=12,
        reserve_share=Fraction(1, 2), **needs,
    )  # fmt: skip
    size = np.arange(1.0, 61) / 10
    keys = [f"g{i % 3}" for i in range(60)]
    frame = make_frame(_keys(60), keys, {"size": size} if needs else {})
    stored = json.loads(
        json.dumps(protocol(opening(frame, plan, Act("s")), draw(frame, plan, Act("s"))))
    )
    assert stored["counts"] == {"pop_size": 60, "main": 12, "reserve": 6, "recheck": 0}
    assert verify(frame, plan, stored) is None
    stored["seed"] = "t"
    assert verify(frame, plan, stored).path.startswith("lists.main")


def test_a_size_that_is_not_above_zero_is_named_by_row():
    frame = make_frame(["a", "b", "c"], columns={"size": np.array([1.0, 0, -2])})
    with pytest.raises(FrameError) as caught:
        pps_exact(frame, {"toàn bộ": 1}, "s", "size")
    assert [(p.code, p.row) for p in caught.value.problems] == [
        ("SAMPLE-106", 1),
        ("SAMPLE-106", 2),
    ]


def test_more_units_than_there_are_is_refused():
    with pytest.raises(ArgumentError, match="n=4"):
        inclusion_probabilities(np.ones(3), 4)


def test_a_long_list_with_fractional_sizes_keeps_its_sample_size():
    size = np.random.default_rng(7).uniform(0.001, 3, 20_000)
    assert len(pps_places(size, 1234, 0.999999999)) == 1234
    assert math.isclose(float(inclusion_probabilities(size, 1234).sum()), 1234, rel_tol=1e-12)
