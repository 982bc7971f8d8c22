"""Allocations by spread and cost against R, Wright's published answer and brute force."""

import itertools
import json
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.allocation import Limits, bounded_shares, equal, proportional
from sampling.draw import allocate
from sampling.errors import ArgumentError, FrameError, InfeasibleAllocationError, PlanError
from sampling.frame_checks import make_frame
from sampling.optimal_allocation import Bounds, optimal, power
from sampling.plan import load_plan

CASES = {
    case["id"]: case
    for case in json.loads(
        (Path(__file__).parents[1] / "reference" / "sampling.json").read_text(encoding="utf-8")
    )["cases"]
}
NAMES = ["valliant_dever_kreuter_hospitals", "wright2017", "sipas35"]


def _keys(values: list) -> dict:
    return {f"{i:02d}": value for i, value in enumerate(values)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("method", "minimum"), [("WrightI", None), ("WrightII", 2)])
def test_neyman_in_whole_numbers_matches_r_optimall(name, method, minimum):
    case = CASES[f"{name}_{method}"]
    pop_size, sd = _keys(case["inputs"]["Nh"]), _keys(case["inputs"]["Sh"])
    got = optimal(pop_size, case["inputs"]["n"], sd, bounds=Bounds(minimum))
    assert list(got.values()) == case["output"]["stratum_size"]


def test_neyman_with_bounds_matches_wrights_published_answer():
    case = CASES["wright2017_published"]
    inputs = case["inputs"]
    pop_size, sd = _keys(inputs["Nh"]), _keys(inputs["Sh"])
    got = optimal(
        pop_size, inputs["n"], sd, bounds=Bounds(_keys(inputs["lo"]), _keys(inputs["hi"]))
    )
    assert list(got.values()) == case["output"]["nh"]
    assert _variance(pop_size, sd, got) == pytest.approx(
        case["output"]["variance_of_total"], rel=1e-8
    )


def _variance(pop_size: dict, sd: dict, n: dict) -> float:
    return sum(
        pop_size[h] ** 2 * sd[h] ** 2 * (1 / n[h] - 1 / pop_size[h])
        for h in pop_size
        if pop_size[h]
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_real_neyman_parts_match_r_practools(name):
    case = CASES[f"{name}_neyman"]
    nh, sh, n = (case["inputs"][key] for key in ("Nh", "Sh", "n"))
    weight = _keys([size * Fraction(str(s)) for size, s in zip(nh, sh, strict=True)])
    free = Limits(dict.fromkeys(weight, 0), dict.fromkeys(weight, n))
    got = [float(part) for part in bounded_shares(weight, n, free).values()]
    assert got == pytest.approx(case["output"]["nh"], rel=1e-9)


def test_cost_optimal_parts_are_those_of_r_practools_for_the_same_total():
    """The budget of strAlloc(alloc='totcost') only fixes the total; the parts are N S/√c."""
    case = CASES["valliant_dever_kreuter_hospitals_totcost"]
    real = case["output"]["nh"]
    pop_size, sd, cost = (_keys(case["inputs"][key]) for key in ("Nh", "Sh", "ch"))
    n = round(sum(real))
    root = {h: Fraction(pop_size[h] * sd[h] / math.sqrt(cost[h])) for h in pop_size}
    free = Limits(dict.fromkeys(root, 0), dict.fromkeys(root, n))
    parts = bounded_shares(root, Fraction(sum(real)), free)
    assert [float(part) for part in parts.values()] == pytest.approx(real, rel=1e-9)
    # Σ c n is the budget of the case, which strAlloc spends
    budget = sum(c * part for c, part in zip(case["inputs"]["ch"], real, strict=True))
    assert budget == pytest.approx(case["inputs"]["cost"], rel=1e-9)
    got = optimal(pop_size, n, sd, cost)
    assert sum(got.values()) == n
    assert all(
        abs(part - x * n / sum(real)) < 1 for part, x in zip(got.values(), real, strict=True)
    )


@given(
    pop=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    sd=st.lists(st.integers(0, 9), min_size=4, max_size=4),
    cost=st.lists(st.integers(1, 9), min_size=4, max_size=4),
    data=st.data(),
)
def test_no_other_whole_numbers_do_better(pop, sd, cost, data):
    n = data.draw(st.integers(len(pop), sum(pop)))
    keys = _keys(pop)
    got = optimal(keys, n, _keys(sd), _keys(cost))

    def objective(parts) -> Fraction:
        return sum(
            Fraction((p * s) ** 2, c * m) for p, s, c, m in zip(pop, sd, cost, parts, strict=False)
        )

    every = itertools.product(*(range(1, size + 1) for size in pop))
    assert sum(got.values()) == n
    assert objective(got.values()) == min(objective(parts) for parts in every if sum(parts) == n)


def test_equal_spread_makes_neyman_proportional():
    pop_size = {"a": 100, "b": 300, "c": 600}
    assert optimal(pop_size, 100, dict.fromkeys(pop_size, "0.4")) == proportional(pop_size, 100)


def test_a_power_of_zero_is_equal_and_of_one_proportional():
    pop_size = {"a": 100, "b": 300, "c": 605}
    assert power(pop_size, 90, 0) == equal(pop_size, 90)
    assert power(pop_size, 90, 1) == proportional(pop_size, 90)


def test_power_allocation_follows_its_formula():
    """Bankier (1988): n_h in proportion to X^q CV; here q = 0.5 and roots are whole."""
    pop_size = {"a": 400, "b": 900, "c": 2500}
    assert power(pop_size, 50, "0.5") == {"a": 10, "b": 15, "c": 25}
    got = power(
        pop_size, 70, 0.5, importance={"a": 16, "b": 4, "c": 1}, cv={"a": 1, "b": 1, "c": 1}
    )
    assert got == {"a": 40, "b": 20, "c": 10}
    assert power(pop_size, 20, 0.5, cv={"a": 2, "b": 0, "c": 0}) == {"a": 20, "b": 0, "c": 0}


def test_bounds_hold_for_every_allocation():
    pop_size = {"a": 10, "b": 300, "c": 600}
    got = power(pop_size, 100, "0.3", bounds=Bounds(20, 60, "lower"))
    assert sum(got.values()) == 100
    assert got["a"] == 10
    assert max(got.values()) <= 60
    with pytest.raises(InfeasibleAllocationError):
        optimal(pop_size, 2, dict.fromkeys(pop_size, 1))


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: optimal({"a": 5}, 2, {}), "sd"),
        (lambda: optimal({"a": 5}, 2, {"a": -1}), "sd"),
        (lambda: optimal({"a": 5}, 2, {"a": 1}, {"a": 0}), "cost"),
        (lambda: optimal({"a": 5}, 2, {"a": 1}, bounds=Bounds({"b": 1})), "minimum"),
        (lambda: power({"a": 5}, 2, 2), "power"),
        (lambda: power({"a": 5}, 2, 1, {"b": 2}), "importance"),
    ],
)
def test_wrong_arguments_are_named(call, argument):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert caught.value.argument == argument


HEAD = '[sample]\nunit_id = "id"\nstratum = "g"\ntotal = 12\n'
KEYS = ["a"] * 10 + ["b"] * 30
IDS = [f"u{i}" for i in range(40)]


def _frame(**columns):
    import numpy as np

    return make_frame(
        IDS, KEYS, {name: np.array(values, float) for name, values in columns.items()}
    )


def test_a_plan_takes_spread_and_cost_from_columns_of_the_frame():
    sd, cost = [6.0] * 10 + [1.0] * 30, [9.0] * 10 + [1.0] * 30
    neyman = load_plan(HEAD + 'allocation = "neyman"\nsd = "s"\n')
    assert allocate(neyman, _frame(s=sd)) == {"a": 8, "b": 4}  # 60 : 30
    by_cost = load_plan(HEAD + 'allocation = "cost"\nsd = "s"\ncost = "c"\n')
    assert allocate(by_cost, _frame(s=sd, c=cost)) == {"a": 5, "b": 7}  # 20 : 30, rounded
    root = load_plan(HEAD + 'allocation = "power"\npower = "0,5"\nsize = "x"\n')
    assert allocate(root, _frame(x=[0.1] * 10 + [0.3] * 30)) == {"a": 3, "b": 9}  # √1 : √9


def test_a_spread_that_varies_within_its_stratum_is_named_by_row():
    plan = load_plan(HEAD + 'allocation = "neyman"\nsd = "s"\n')
    with pytest.raises(FrameError) as caught:
        allocate(plan, _frame(s=[1.0] * 39 + [2.0]))
    assert [(p.code, p.row) for p in caught.value.problems] == [("SAMPLE-107", 39)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + 'allocation = "neyman"\n', "«neyman» cần khóa «sd»"),
        (HEAD + 'allocation = "cost"\nsd = "s"\n', "«cost» cần khóa «cost»"),
        (HEAD + 'allocation = "power"\n', "«power» cần khóa «power»"),
        (HEAD + 'allocation = "power"\npower = 2\n', "số từ 0 đến 1"),
        (HEAD + 'allocation = "equal"\nmethod = "pps"\n', "«pps» cần khóa «size»"),
        (HEAD + 'allocation = "equal"\nsize = "x"\n', "«size» chỉ dùng với"),
        (HEAD + 'allocation = "equal"\norder = ["x"]\n', "«order» chỉ dùng với"),
        (HEAD + "[[stages]]\nsize = 3\n", "ít nhất hai giai đoạn"),
    ],
)
def test_a_choice_says_which_keys_it_needs(text, said):
    with pytest.raises(PlanError) as caught:
        load_plan(text)
    assert any(said in problem.message for problem in caught.value.problems)


def test_large_totals_are_allocated_exactly_too():
    pop_size = {f"{i:03d}": 1000 + i for i in range(200)}
    sd = {key: Fraction(str(round(0.3 + 0.1 * math.sin(i), 6))) for i, key in enumerate(pop_size)}
    got = optimal(pop_size, 30_000, sd)
    assert sum(got.values()) == 30_000
    assert all(0 < got[key] <= size for key, size in pop_size.items())
