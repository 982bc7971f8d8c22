"""Sample sizes and margins against published numbers and R."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.errors import ArgumentError
from sampling.size import (
    Precision,
    cochran,
    expected_answers,
    inflated,
    margin,
    margins,
    sample_size,
    stratified_margin,
    yamane,
)

CASES = json.loads(
    (Path(__file__).parents[1] / "reference" / "sampling.json").read_text(encoding="utf-8")
)["cases"]


def _cases(prefix: str) -> list:
    found = [
        pytest.param(c["inputs"], c["output"], id=c["id"])
        for c in CASES
        if c["id"].startswith(prefix)
    ]
    assert found
    return found


@pytest.mark.parametrize(("given_", "expected"), _cases("yamane_"))
def test_yamane_is_the_published_formula_rounded_up(given_, expected):
    assert float(yamane(given_["N"], given_["e"])) == pytest.approx(expected["n"], rel=1e-12)
    got = sample_size(given_["N"], Precision(margin=given_["e"]))
    assert got == min(given_["N"], expected["ceiling"])


@pytest.mark.parametrize(("given_", "expected"), _cases("nPropMoe_"))
def test_cochran_with_finite_population_matches_r_practools(given_, expected):
    pop_size = given_["N"] if isinstance(given_["N"], int) else None
    got = cochran(pop_size, Precision(margin=given_["e"], p=given_["p"]))
    assert float(got) == pytest.approx(expected["n"], rel=1e-9)


@pytest.mark.parametrize(("given_", "expected"), _cases("samplesizeprop_"))
def test_samplingbook_puts_n_for_n_minus_1_and_so_differs_by_one_at_most(given_, expected):
    """Its size is met exactly with its convention: n0/(1 + n0/N), where ours has n0 - 1."""
    precision = Precision(margin=given_["e"], p=given_["p"])
    n0 = cochran(None, precision)
    finite = isinstance(given_["N"], int)
    assert math.ceil(n0 / (1 + n0 / given_["N"]) if finite else n0) == expected["n"]
    if finite:
        assert 0 <= sample_size(given_["N"], precision, "cochran") - expected["n"] <= 1


@pytest.mark.parametrize(("given_", "expected"), _cases("israel_table"))
def test_israels_table_of_yamane_sizes_for_five_per_cent(given_, expected):
    """Israel (1992), Determining Sample Size, table 1: rounded to the nearest there."""
    assert [round(float(yamane(n, given_["e"]))) for n in given_["N"]] == expected["n"]


def test_cochrans_textbook_example_of_a_share():
    """Cochran (1977), 3rd ed., sect. 4.4: p = 0.5, d = 0.05, t = 2: n0 = 400; N = 3200: 356."""
    level = 2 * 0.5 * (1 + math.erf(2 / math.sqrt(2))) - 1
    assert float(cochran(None, Precision(level=level))) == pytest.approx(400, rel=1e-9)
    assert sample_size(3200, Precision(level=level), "cochran") == 356


def test_rounding_happens_once_after_design_effect_and_response():
    precision = Precision(margin="0.05", deff="1.5", response="0.46")
    exact = cochran(10_000, precision) / precision_response(precision)
    assert sample_size(10_000, precision, "cochran") == math.ceil(exact)
    # rounding up before the division would ask for one more
    assert math.ceil(math.ceil(cochran(10_000, precision)) / 0.46) >= math.ceil(exact)


def precision_response(precision: Precision) -> float:
    return float(precision.response)


def test_a_size_never_exceeds_the_list():
    assert sample_size(90, Precision(margin="0.03", response="0.5")) == 90
    assert sample_size(1, Precision()) == 1


def test_a_margin_is_the_textbook_standard_error_times_z():
    """Cochran (1977), theorem 3.2: V(p) = pq/n · (N-n)/(N-1)."""
    assert margin(100, None, 0.5) == pytest.approx(1.959963984540054 * 0.05, rel=1e-12)
    expected = 1.959963984540054 * math.sqrt(0.8 * 0.2 / 100 * 900 / 999)
    assert margin(100, 1000, 0.8) == pytest.approx(expected, rel=1e-12)
    assert margins(500, 500, 0.95) == {0.5: 0.0, 0.8: 0.0, 0.9: 0.0}


@given(pop_size=st.integers(2, 10**6), e=st.sampled_from(["0.01", "0.03", "0.05", "0.1"]))
def test_the_size_reaches_the_margin_that_was_asked(pop_size, e):
    n = sample_size(pop_size, Precision(margin=e), "cochran")
    assert margin(n, pop_size, 0.5) <= float(e) * (1 + 1e-9)
    if n > 1:
        assert margin(n - 1, pop_size, 0.5) > float(e) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [("margin", "0"), ("p", "1"), ("level", "1.2"), ("deff", "0"), ("response", "0")],
)
def test_a_value_outside_its_range_is_named(name, value):
    with pytest.raises(ArgumentError, match=name) as caught:
        Precision(**{name: value})
    assert caught.value.value == value


def test_an_empty_population_and_an_unknown_formula_are_refused():
    with pytest.raises(ArgumentError, match="pop_size=0"):
        sample_size(0, Precision())
    with pytest.raises(ArgumentError, match="formula"):
        sample_size(10, Precision(), "slovin")
    with pytest.raises(ArgumentError, match="n=0"):
        margin(0, 10, 0.5)


def test_the_margin_of_a_whole_follows_cochrans_weighted_variance():
    """Cochran (1977), equation (5.52), written out with S² = N pq/(N - 1)."""
    n, pop = {"a": 50, "b": 200}, {"a": 500, "b": 4500}
    variance = sum(
        (pop[h] / 5000) ** 2 * (1 - n[h] / pop[h]) * pop[h] / (pop[h] - 1) * 0.25 / n[h] for h in n
    )

    got = stratified_margin(n, pop, 0.5)

    assert got == pytest.approx(1.959963984540054 * math.sqrt(variance), rel=1e-12)
    assert stratified_margin({"a": 50}, {"a": 500}, 0.8) == margin(50, 500, 0.8)
    assert stratified_margin({"a": 50, "b": 0}, pop, 0.5) is None
    # without the corrections: 0.25 · (0.6²/60 + 0.4²/40) of two lists taken whole, by hand
    census = stratified_margin({"a": 60, "b": 40}, {"a": 60, "b": 40}, 0.5, fpc=False)
    assert census == pytest.approx(1.959964 * math.sqrt(0.25 * (0.36 / 60 + 0.16 / 40)), rel=1e-6)


@given(n=st.integers(1, 10**5), response=st.sampled_from(["0.46", "0.7", "1"]))
def test_questionnaires_raised_for_non_response_bring_the_answers_and_not_one_less_would(
    n, response
):
    sent = inflated(n, response)

    assert expected_answers(sent, response) >= n
    assert expected_answers(sent - 1, response) < n
