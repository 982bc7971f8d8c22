"""Agreement against R (vcd, irrCAC, irr) and the published definitions in tests/reference."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.agreement import NO_VARIATION, Agreement, Options, agreement, pooled_inconsistency
from analysis.answer_pairs import FirstAnswers
from analysis.errors import AnalysisError

REFERENCE = Path(__file__).parents[1] / "reference"
CASES = json.loads((REFERENCE / "agreement.json").read_text(encoding="utf-8"))["cases"]


def measured(table: list[list[int]], weight: float | None = None) -> Agreement:
    counts = np.array(table)
    first, second = np.nonzero(counts)
    repeat = counts[first, second]
    original, recheck = np.repeat(first + 1, repeat), np.repeat(second + 1, repeat)
    weights = None if weight is None else np.full(original.size, weight)
    return agreement(original, recheck, range(1, counts.shape[0] + 1), weights)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_kappa_and_gwet_equal_r(case: dict) -> None:
    got = measured(case["table"])
    names = {"kappa": "kappa", "kappa_linear": "kappa_linear", "kappa_quadratic": "kappa_quadratic",
             "AC1": "ac1", "AC2_quadratic": "ac2"}  # fmt: skip
    for theirs, ours in names.items():
        expected, one = case["irrCAC"][theirs], getattr(got, ours)
        if expected["coef"] is None:
            assert (one.value, one.ci, one.reason) == (None, None, NO_VARIATION)
            continue
        assert one.value == pytest.approx(expected["coef"], rel=1e-8, abs=1e-12)
        if not expected["se"]:  # nothing varies: no interval of width 0
            assert (one.se, one.ci) == (0.0, None)
            continue
        assert one.se == pytest.approx(expected["se"], rel=1e-8)
        assert one.ci == pytest.approx(expected["ci_t"], rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_standard_errors_of_kappa_equal_vcd(case: dict) -> None:
    got = measured(case["table"])
    for spacing, ours in (
        ("Equal_Spacing", got.kappa_linear),
        ("Fleiss_Cohen", got.kappa_quadratic),
    ):
        for kind, one in (("unweighted", got.kappa), ("weighted", ours)):
            expected = case["vcd_Kappa"][spacing][kind]
            if expected["value"] is not None:
                assert one.value == pytest.approx(expected["value"], rel=1e-8, abs=1e-12)
                assert one.se == pytest.approx(expected["ASE"], rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_difference_rates_equal_their_definitions(case: dict) -> None:
    got, expected = measured(case["table"]), case["census_reinterview"]
    assert got.agreement.value == pytest.approx(case["percent_agreement_irr"] / 100, rel=1e-9)
    assert got.gdr.value == pytest.approx(expected["GDR"], abs=1e-12)
    assert [shift.net.value for shift in got.ndr] == pytest.approx(expected["NDR"], abs=1e-12)
    for shift, se in zip(got.ndr, expected["NDR_se_wald"], strict=True):
        assert shift.net.se == pytest.approx(se, rel=1e-8, abs=1e-12)
    if expected["aggregate_IOI"] is None:
        assert got.ioi.value is None
    else:
        assert got.ioi.value == pytest.approx(expected["aggregate_IOI"], rel=1e-8, abs=1e-12)
    low, high = got.gdr.ci
    assert 0 <= low <= got.gdr.value <= high <= 1
    assert high > low
    assert low <= expected["GDR_exact_ci"][1]
    assert high >= expected["GDR_exact_ci"][0]


@pytest.mark.parametrize("case", [c for c in CASES if len(c["table"]) == 2], ids=lambda c: c["id"])
def test_prevalence_bias_and_mcnemar_of_two_categories_equal_epir(case: dict) -> None:
    got = measured(case["table"])
    epi = case["epiR_kappa"]
    if isinstance(epi.get("pindex"), dict):
        assert got.prevalence == pytest.approx(abs(epi["pindex"]["est"]), rel=1e-9, abs=1e-12)
        assert got.bias == pytest.approx(abs(epi["bindex"]["est"]), rel=1e-9, abs=1e-12)
    if case["mcnemar"]["X2"] is not None:
        assert got.symmetry.statistic == pytest.approx(case["mcnemar"]["X2"], rel=1e-9)
        assert got.symmetry.p_value == pytest.approx(case["mcnemar"]["p"], rel=1e-9)


def test_high_agreement_with_kappa_below_zero_shows_its_prevalence() -> None:
    got = measured([[94, 3], [3, 0]])
    assert got.agreement.value == pytest.approx(0.94)
    assert got.kappa.value < 0
    assert got.ac1.value > 0.9
    assert got.prevalence == pytest.approx(0.94)


def test_equal_weights_change_nothing_and_unequal_ones_count() -> None:
    table = [[30, 4], [6, 10]]
    plain, scaled = measured(table), measured(table, weight=7.5)
    assert scaled.kappa.value == pytest.approx(plain.kappa.value, rel=1e-12)
    assert scaled.kappa.ci == pytest.approx(plain.kappa.ci, rel=1e-12)
    got = agreement([1, 1, 2, 2], [1, 2, 2, 2], [1, 2], [3.0, 1.0, 1.0, 1.0])
    assert got.agreement.value == pytest.approx(5 / 6)


def test_the_questionnaire_gives_the_categories_not_the_data() -> None:
    first, second = [4, 5, 4, 5, 5], [4, 5, 5, 5, 4]
    five, two = agreement(first, second, range(1, 6)), agreement(first, second, [4, 5])
    assert five.ac1.value > two.ac1.value
    assert five.kappa.value == pytest.approx(two.kappa.value)
    assert [shift.category for shift in five.ndr] == ["1", "2", "3", "4", "5"]


def test_missing_pairs_are_left_out_and_numbers_equal_texts() -> None:
    got = agreement(["1", "2", "", "2"], np.array([1, 2, 2, np.nan]), [1, 2])
    assert (got.n, got.agreement.value) == (2, 1.0)
    assert got.agreement.ci[0] < 1
    one = agreement(["1"], ["1"], [1, 2])
    assert (one.agreement.value, one.agreement.ci, one.kappa.value) == (1.0, None, None)


def conditional(cell: list[str], **count: int) -> Options:
    return Options(first_answers=FirstAnswers(cell, count))


def test_conditional_on_the_first_answers_is_a_simple_random_sample_of_them() -> None:
    first, second = [1] * 20, [1] * 17 + [2] * 3
    got = agreement(first, second, [1, 2], None, conditional(["a"] * 20, a=80))
    assert got.variance == "conditional"
    # Cochran (1977), Sampling Techniques, eq. 3.8: (1 - f) p q/(m - 1)
    assert got.gdr.se**2 == pytest.approx((1 - 20 / 80) * 0.15 * 0.85 / 19, rel=1e-12)
    assert got.agreement.ci[0] < 0.85 < got.agreement.ci[1]


def test_cells_count_as_strata() -> None:
    cell = ["a"] * 10 + ["b"] * 8
    first, second = [1] * 18, [1] * 9 + [2] + [1] * 4 + [2] * 4
    got = agreement(first, second, [1, 2], [3.0] * 10 + [2.0] * 8, conditional(cell, a=30, b=16))
    # ibid. eq. 5.14, W = 30/46 and 16/46
    expected = (30 / 46) ** 2 * (1 - 1 / 3) * 0.09 / 9 + (16 / 46) ** 2 * (1 - 1 / 2) * 0.25 / 7
    assert got.gdr.value == pytest.approx((30 * 0.1 + 16 * 0.5) / 46, rel=1e-12)
    assert got.gdr.se**2 == pytest.approx(expected, rel=1e-12)


def test_a_single_pair_has_a_value_and_no_interval() -> None:
    got = agreement([1], [2], [1, 2], None, conditional(["a"], a=9))
    assert (got.agreement.value, got.agreement.ci, got.gdr.ci) == (0.0, None, None)
    assert all(shift.net.ci is None for shift in got.ndr)


def test_asking_everybody_again_leaves_no_sampling_error() -> None:
    got = agreement([1, 1, 2], [1, 2, 2], [1, 2], None, conditional(["a"] * 3, a=3))
    assert got.agreement.ci == (got.agreement.value, got.agreement.value)
    assert got.kappa.se == 0.0


def test_cells_with_one_pair_are_joined_until_they_have_two() -> None:
    cell = ["a"] * 6 + ["b"]
    got = agreement([1] * 7, [1] * 5 + [2, 2], [1, 2], None, conditional(cell, a=12, b=2))
    alone = agreement([1] * 7, [1] * 5 + [2, 2], [1, 2], None, conditional(["a"] * 7, a=14))
    assert got.gdr.se == pytest.approx(alone.gdr.se, rel=1e-12)


@pytest.mark.slow
def test_the_conditional_error_is_that_of_drawing_again() -> None:
    rng = np.random.default_rng(7)
    first = rng.integers(1, 6, 120)
    second = np.where(rng.random(120) < 0.7, first, rng.integers(1, 6, 120))
    cell = np.where(np.arange(120) < 80, "a", "b")
    weight = np.where(cell == "a", 80 / 40, 40 / 10)
    kappas, variances = [], []
    for _ in range(1500):
        drawn = np.r_[rng.choice(80, 40, replace=False), 80 + rng.choice(40, 10, replace=False)]
        got = agreement(first[drawn], second[drawn], range(1, 6), weight[drawn],
                        conditional(cell[drawn].tolist(), a=80, b=40))  # fmt: skip
        kappas.append(got.kappa.value)
        variances.append(got.kappa.se**2)
    assert np.mean(variances) == pytest.approx(np.var(kappas), rel=0.12)


def test_an_index_pools_the_differences_of_its_items() -> None:
    one = measured([[30, 4], [6, 10]])
    other = measured([[8, 2], [1, 9]])
    assert pooled_inconsistency([one]) == pytest.approx(one.ioi.value, rel=1e-12)
    # by hand: 10 and 3 differ; by chance 50 - (36*34 + 14*16)/50, 20 - (9*10 + 11*10)/20
    expected = (10 + 3) / (50 - (36 * 34 + 14 * 16) / 50 + 20 - (9 * 10 + 11 * 10) / 20)
    assert pooled_inconsistency([one, other]) == pytest.approx(expected, rel=1e-12)
    assert pooled_inconsistency([measured([[9, 0], [0, 0]])]) is None


def test_a_tolerance_lets_neighbours_agree_and_leaves_kappa_alone() -> None:
    first, second = [1, 2, 3, 5], [2, 2, 5, 4]
    exact, near = (
        agreement(first, second, range(1, 6), None, Options(tolerance=t)) for t in (0, 1)
    )
    assert (exact.agreement.value, near.agreement.value) == (0.25, 0.75)
    assert near.kappa == exact.kappa


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([1, 7], [1, 2], [1, 2]), r"original: must be one of the categories \(found 7\)"),
        (([1], [1, 2], [1, 2]), "recheck: must hold 1"),
        (([1], [1], [1]), "at least two"),
        (([""], [1], [1, 2]), "at least one complete pair"),
        (([1, 2], [1, 2], [1, 2], [1, 0]), "weight: must be above 0"),
        (([1], [1], [1, 2], None, Options(tolerance=-1)), "tolerance: must be at least 0"),
        (([1, 2], [1, 2], [1, 2], None, conditional(["a", "a"], a=1)), "at least its 2 pairs"),
        (([1, 2], [1, 2], [1, 2], None, conditional(["a"], a=9)), "a cell for each of 2"),
        (([1, 2], [1, 2], [1, 2], None, Options(95)), "level: must be above 0 and below 1"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple, match: str) -> None:
    with pytest.raises(AnalysisError, match=match):
        agreement(*arguments)
