"""Each check points at what it names, with its number, and at nothing else."""

import numpy as np
import pytest
from scipy import stats

from analysis.errors import AnalysisError
from analysis.quality import (
    bursts,
    duplicates,
    error_rates,
    exact_upper_limit,
    interviewer_effect,
    item_nonresponse,
    lot_size,
    speeders,
    straight_lines,
)


def test_speeders_are_faster_than_a_third_of_the_median() -> None:
    flags = speeders([90, 100, 110, 30, np.nan, 95])
    assert [(f.where, f.number, f.limit) for f in flags] == [(3, 30.0, pytest.approx(95 / 3))]
    assert speeders([np.nan]) == ()


def test_straight_lines_are_runs_that_a_missing_answer_ends() -> None:
    rng = np.random.default_rng(1)
    normal = rng.permutation(np.tile([1, 2, 3, 4, 5], 3)).astype(float)
    same, broken = np.full(15, 4.0), np.r_[np.full(7, 4.0), np.nan, np.full(7, 4.0)]
    flags = straight_lines(np.stack([normal, same, broken]))
    assert [(f.where, f.number) for f in flags] == [(1, 15.0)]
    assert [f.number for f in straight_lines(broken[None], length=7)] == [7.0]


def test_missing_answers_and_repeated_forms() -> None:
    rng = np.random.default_rng(2)
    forms = rng.integers(1, 6, (4, 12)).astype(float)
    forms[2] = forms[0]
    forms[3, :8] = np.nan
    assert [(f.where, f.number) for f in item_nonresponse(forms)] == [(3, pytest.approx(8 / 12))]
    assert [(f.where, f.number) for f in duplicates(forms)] == [(2, 2.0)]
    assert duplicates(np.full((3, 12), 4.0)) == ()  # all the same value is a straight line


def test_bursts_count_forms_of_a_counter_within_minutes() -> None:
    counter = ["A"] * 8 + ["B"] * 8
    minute = [0, 1, 2, 3, 4, 5, 30, 60, *range(0, 80, 10)]
    flags = bursts(counter, minute)
    assert [(f.where, f.number) for f in flags] == [("A", 6.0)]


def test_interviewer_effect_equals_analysis_of_variance() -> None:
    rng = np.random.default_rng(3)
    who = np.repeat(["i1", "i2", "i3", "i4"], [10, 12, 14, 20])
    score = rng.normal(size=56) + np.repeat([0.0, 0.5, 1.0, 1.5], [10, 12, 14, 20])
    who, score = np.r_[who, ["few"] * 3], np.r_[score, [9.0, 9.0, 9.0]]
    got = interviewer_effect(who, score)
    expected = stats.f_oneway(*(score[who == i] for i in ("i1", "i2", "i3", "i4")))
    assert got.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (got.interviewers, got.n) == (4, 56)
    typical = (56 - (100 + 144 + 196 + 400) / 56) / 3
    assert got.icc == pytest.approx((expected.statistic - 1) / (expected.statistic + typical - 1))
    assert interviewer_effect(["a"] * 6, np.arange(6.0)) is None


def test_only_gross_error_rates_are_flagged() -> None:
    names = [f"i{k}" for k in range(10)]
    flags = error_rates(names, [2, 1, 0, 9, 2, 1, 0, 1, 3, 2], [12] * 10)
    assert [(f.where, f.number) for f in flags] == [("i3", 0.75)]
    p = stats.binomtest(4, 12, 0.10, alternative="greater").pvalue
    assert bool(error_rates(["x"], [4], [12], level=1 - 1.01 * p))
    assert not error_rates(["x"], [4], [12], level=1 - 0.99 * p)
    with pytest.raises(AnalysisError, match="not above checked"):
        error_rates(["x"], [5], [4])


def test_numbers_of_the_method_about_fakes() -> None:
    """14 re-checks find one of 20 % fakes with 95 %, 29 find one of 10 %."""
    assert (lot_size(0.20), lot_size(0.10)) == (14, 29)
    assert exact_upper_limit(0, 29) == pytest.approx(1 - 0.05 ** (1 / 29))
    assert exact_upper_limit(3, 3) == 1.0
    with pytest.raises(AnalysisError, match="errors"):
        exact_upper_limit(4, 3)
    with pytest.raises(AnalysisError, match="rate"):
        lot_size(0)
