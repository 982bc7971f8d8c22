"""Intercept at the counter and blocks of items: chances by simulation, weights, refusals."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.draw import draw
from sampling.errors import ArgumentError
from sampling.frame_checks import make_frame
from sampling.intercept import Count, CountsError, asked, blocks, half_day, weights
from sampling.types import Act, Plan


@given(arrivals=st.integers(0, 60), every=st.integers(1, 9), code=st.text(max_size=4))
def test_the_rule_asks_every_kth_from_a_start_within_the_first_k(arrivals, every, code):
    day = half_day(code, "A", 0.5, every, "s")
    assert 1 <= day.start <= every
    assert asked(day, arrivals) == len(range(day.start, arrivals + 1, every))


def test_weighted_answers_estimate_the_number_who_came_without_bias():
    """Half-days and starts drawn 3,000 times; nobody refuses: the estimate is right on average."""
    came = {f"B{i}": 3 + 7 * i % 31 for i in range(12)}
    frame = make_frame(list(came))
    estimates = []
    for i in range(3000):
        (part,) = draw(frame, Plan("b", total=4), Act(f"hạt {i}")).strata
        days = [
            half_day(c, "A", p, 5, f"hạt {i}")
            for c, p in zip(part.main, part.main_probability, strict=True)
        ]
        counts = [Count(d.code, came[d.code], asked(d, came[d.code]), 0) for d in days]
        done = weights(days, counts)
        assert all(w.design_weight == pytest.approx(12 / 4 * 5) for w in done)
        estimates.append(sum(w.asked * w.design_weight for w in done))
    error = np.std(estimates) / len(estimates) ** 0.5
    assert abs(np.mean(estimates) - sum(came.values())) < 4 * error


def test_refusals_raise_the_weight_of_the_answers_and_those_outside_do_not():
    day = half_day("B1", "Quầy 1", 0.25, 4, "s")
    arrivals = day.start + 4 * 9  # ten are asked
    (weight,) = weights([day], [Count("B1", arrivals, 6, 3, 1)])
    assert (weight.asked, weight.design_weight) == (10, 16.0)
    assert weight.response_share == pytest.approx(6 / 9)
    assert weight.analysis_weight == pytest.approx(16 * 9 / 6)
    (nobody,) = weights([day], [Count("B1", arrivals, 0, 10)])
    assert nobody.analysis_weight is None
    (empty,) = weights([day], [Count("B1", 0, 0, 0)])
    assert (empty.asked, empty.response_share, empty.analysis_weight) == (0, None, None)


def test_counts_that_contradict_the_rule_are_all_named():
    days = [half_day(code, "A", 0.5, 1, "s") for code in ("B1", "B2", "B3", "B4")]
    counts = [
        Count("B1", 10, 9, 0),
        Count("B2", 3, 4, -1),
        Count("B2", 3, 3, 0),
        Count("lạ", 1, 1, 0),
        Count("B3", 2, 1, 1),
    ]
    with pytest.raises(CountsError) as caught:
        weights(days, counts)
    assert [(p.code, p.row) for p in caught.value.problems] == [
        ("SAMPLE-123", 0), ("SAMPLE-123", 1), ("SAMPLE-122", 2), ("SAMPLE-122", 3), ("SAMPLE-124", None),
    ]  # fmt: skip


@given(n=st.integers(0, 40), k=st.integers(1, 6), seed=st.text(max_size=4))
def test_blocks_are_balanced_and_do_not_depend_on_the_order(n, k, seed):
    units, names = [f"U{i}" for i in range(n)], "ABCDEF"[:k]
    given_ = blocks(units, names, seed)
    sizes = Counter(dict.fromkeys(names, 0)) + Counter(given_.values())
    counts = [sizes[name] for name in names]
    assert max(counts) - min(counts) <= 1
    assert blocks(units[::-1], names, seed) == given_


def test_every_unit_has_every_block_with_the_same_chance():
    units, runs = [f"U{i}" for i in range(7)], 3000
    hits = Counter(pair for i in range(runs) for pair in blocks(units, "ABC", f"hạt {i}").items())
    spread = (runs * (1 / 3) * (2 / 3)) ** 0.5
    assert all(abs(hits[unit, name] - runs / 3) < 4.5 * spread for unit in units for name in "ABC")


@pytest.mark.parametrize("names", ["", "AA"])
def test_blocks_that_are_none_are_refused(names):
    with pytest.raises(ArgumentError, match="names"):
        blocks(["U"], list(names), "s")


@pytest.mark.parametrize(("probability", "every"), [(0.0, 2), (1.5, 2), (0.5, 0)])
def test_a_half_day_that_is_none_is_refused(probability, every):
    with pytest.raises(ArgumentError):
        half_day("B", "A", probability, every, "s")
