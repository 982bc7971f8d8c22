"""Chances of every design by simulation, and the properties of style for every method.

Design -> where its chances are simulated (names without `test_`):

- simple random, units and pairs: selection, inclusion_probabilities_and_pairs_are_those_of_…;
  reserve: here
- systematic: unequal, chances_of_a_systematic_sample_and_its_reserve_…; sorted (implicit
  stratification): here
- PPS systematic: unequal, chances_of_systematic_pps_and_its_reserve_…, and all pairs by running
  through every start against R; sorted: here
- exact PPS (Sampford): unequal, the_draw_has_the_chances_of_the_design (every sample); pairs
  of a draw beside a certain unit, and reserve: here
- several stages: stages, simulated_inclusion_is_the_stated_chance (four mixes of methods)
- intercept: intercept, weighted_answers_estimate_…; the chance of every person: here
- blocks of items: intercept, every_unit_has_every_block_with_the_same_chance
- two waves, nobody again and a kept share: waves, the_second_wave_is_simple_random_…
- raters and agencies: assignment, the_chance_of_every_pair_is_exact_…; portions,
  chances_are_equal_over_many_seeds
- re-check: here

Properties: allocations add up within their bounds (allocation; power, Neyman and cost here), no
unit twice, same seed same draw, weights add to the list, no effect of the order of rows (simple
random: selection; several stages: stages; every method with one stage: here).
"""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling import recheck
from sampling.draw import draw
from sampling.frame_checks import make_frame
from sampling.intercept import half_day
from sampling.optimal_allocation import Bounds, optimal, power
from sampling.sampford import joint_probabilities
from sampling.systematic import inclusion_probabilities, pps_systematic
from sampling.types import Act, Frame, Plan

TRIALS = 2500
UNITS = "abcdefghij"
#: the largest is certain where three or more are drawn
SIZE = np.array([3.0, 5, 2, 8, 4, 1, 7, 6, 2, 30])
KINDS = list("xyzxyzxyzx")
METHODS = ["srs", "systematic", "pps", "pps-exact"]


def _frame(order: list[int] | None = None) -> Frame:
    rows = list(range(10)) if order is None else order
    columns = {"size": SIZE[rows], "kind": [KINDS[i] for i in rows]}
    return make_frame([UNITS[i] for i in rows], columns=columns)


def _plan(method: str, reserve: Fraction = Fraction(0)) -> Plan:
    size = "size" if method.startswith("pps") else None
    order = ("kind",) if method in ("systematic", "pps") else ()
    return Plan("ma", method=method, total=4, size=size, order=order, reserve_share=reserve)


def _near(count: int, chance: float, trials: int = TRIALS) -> bool:
    return abs(count / trials - chance) <= 4.5 * math.sqrt(chance * (1 - chance) / trials) + 1e-12


@pytest.mark.parametrize("method", METHODS)
def test_main_sample_and_reserve_have_the_chances_that_are_stated(method):
    """Also where the list is sorted by kind: chances stay those of the unsorted design."""
    frame, plan = _frame(), _plan(method, Fraction(1, 2))
    chances = inclusion_probabilities(SIZE if plan.size else np.ones(10), 4)
    main, both, stated = Counter(), Counter(), {}
    for seed in range(TRIALS):
        (part,) = draw(frame, plan, Act(f"hạt {seed}")).strata
        main.update(part.main)
        both.update([*part.main, *part.reserve])
        stated |= dict(zip(part.reserve, part.reserve_probability, strict=True))
    for unit, chance in zip(UNITS, chances.tolist(), strict=True):
        assert _near(main[unit], chance)
        assert _near(both[unit], stated.get(unit, 1.0))


def test_a_sorted_systematic_sample_holds_every_kind_in_its_share_whatever_the_seed():
    """4 of 10, sorted: of kinds with 4, 3 and 3 units come floor or ceiling of 0.4 times that."""
    for seed in range(300):
        (part,) = draw(_frame(), _plan("systematic"), Act(str(seed))).strata
        found = Counter(KINDS[UNITS.index(unit)] for unit in part.main)
        assert all(
            math.floor(0.4 * n) <= found[k] <= math.ceil(0.4 * n) for k, n in Counter(KINDS).items()
        )


def test_pairs_of_a_drawn_exact_pps_sample_have_their_joint_chances():
    frame, plan = _frame(), _plan("pps-exact")
    expected = joint_probabilities(SIZE, 4, range(10))
    pairs: Counter = Counter()
    for seed in range(TRIALS):
        (part,) = draw(frame, plan, Act(f"hạt {seed}")).strata
        pairs.update(itertools.combinations(sorted(part.main), 2))
    for (i, one), (j, other) in itertools.combinations(enumerate(UNITS), 2):
        assert _near(pairs[one, other], expected[i, j])


def test_every_person_at_the_counter_is_asked_with_the_chance_of_her_half_day_over_k():
    frame, every, came = make_frame(["B1", "B2", "B3"]), 4, 11
    asked: Counter = Counter()
    for seed in range(TRIALS):
        (part,) = draw(frame, Plan("b", total=2), Act(f"hạt {seed}")).strata
        for code, chance in zip(part.main, part.main_probability, strict=True):
            day = half_day(code, "A", chance, every, f"hạt {seed}")
            asked.update((code, person) for person in range(day.start, came + 1, every))
    for person in itertools.product(frame.ids, range(1, came + 1)):
        assert _near(asked[person], 2 / 3 / every)


def test_everybody_of_a_cell_is_rechecked_with_the_same_chance():
    main = {"A": list("abcdef"), "B": list("ghij")}
    hits: Counter = Counter()
    for seed in range(TRIALS):
        secret = recheck.secret_from_text(f"bí mật {seed}")
        for cell in recheck.select(main, secret, "0.5"):
            hits.update(cell.chosen)
    assert all(_near(hits[unit], 1 / 2) for unit in UNITS)


@pytest.mark.parametrize("method", METHODS)
@given(
    order=st.permutations(range(10)),
    seed=st.text(min_size=1, max_size=6).filter(str.strip),
    n=st.integers(1, 10),
)
def test_the_same_seed_draws_the_same_from_any_order_and_weights_add_up(method, order, seed, n):
    plan = Plan(**{**_fields(_plan(method, Fraction(1, 3))), "total": n})
    drawn = draw(_frame(), plan, Act(seed))
    assert draw(_frame(order), plan, Act(seed)) == drawn
    (part,) = drawn.strata
    asked = [*part.main, *part.reserve]
    assert len(part.main) == n and len(set(asked)) == len(asked)
    # Horvitz-Thompson brings back exactly what the chances are in proportion to
    free = [(u, pi) for u, pi in zip(part.main, part.main_probability, strict=True) if pi < 1]
    x = dict(zip(UNITS, SIZE.tolist() if plan.size else [1.0] * 10, strict=True))
    chances = inclusion_probabilities(np.array(list(x.values())), n)
    random = sum(v for v, pi in zip(x.values(), chances.tolist(), strict=True) if pi < 1)
    assert sum(x[unit] / pi for unit, pi in free) == pytest.approx(random, rel=1e-9)


def _fields(plan: Plan) -> dict:
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}


def test_a_sorted_pps_sample_spreads_over_the_kinds_in_proportion_to_their_size():
    """Cumulated by kind, every kind comes floor or ceiling of the sum of its chances."""
    chances = inclusion_probabilities(SIZE, 3)
    expected: Counter = Counter()
    for kind, chance in zip(KINDS, chances.tolist(), strict=True):
        expected[kind] += chance
    for seed in range(300):
        (part,) = pps_systematic(_frame(), {"toàn bộ": 3}, str(seed), ("size", ("kind",)))
        found = Counter(KINDS[UNITS.index(unit)] for unit in part.main)
        assert all(
            math.floor(e + 1e-9) <= found[k] <= math.ceil(e - 1e-9) for k, e in expected.items()
        )


@given(
    pop=st.lists(st.integers(0, 400), min_size=1, max_size=12),
    sd=st.lists(st.integers(0, 9), min_size=12, max_size=12),
    low=st.integers(1, 5),
    high=st.integers(5, 90),
    data=st.data(),
)
def test_power_neyman_and_cost_allocations_add_up_within_their_bounds(pop, sd, low, high, data):
    size = {f"{i:02d}": n for i, n in enumerate(pop)}
    spread = dict(zip(size, sd, strict=False))
    cost = {key: 1 + s for key, s in spread.items()}
    minimum = {key: min(low, n) for key, n in size.items()}
    n = data.draw(st.integers(sum(minimum.values()), sum(min(high, n) for n in pop)))
    bounds = Bounds(minimum, high)
    turned = dict(reversed(size.items()))
    for got, other in (
        (power(size, n, "0.5", bounds=bounds), power(turned, n, "0.5", bounds=bounds)),
        (optimal(size, n, spread, bounds=bounds), optimal(turned, n, spread, bounds=bounds)),
        (optimal(size, n, spread, cost, bounds), optimal(turned, n, spread, cost, bounds)),
    ):
        assert sum(got.values()) == n
        assert all(minimum[key] <= got[key] <= min(high, size[key]) for key in size)
        assert got == other
