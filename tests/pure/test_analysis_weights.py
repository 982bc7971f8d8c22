"""Weights after the field against R survey, and variances that know the margins."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.calibrated import calibrated_moments
from analysis.design import survey_design
from analysis.errors import AnalysisError
from analysis.estimate import estimates, joint_covariance, whole
from analysis.measures import Measure, plan
from analysis.reduction import moments_of
from analysis.weights import (
    ConvergenceError,
    Margins,
    calibrated,
    margins,
    nonresponse_adjusted,
    poststratified,
    response_rates,
    trimmed,
    unequal_weighting_effect,
)

REFERENCE = Path(__file__).parents[1] / "reference"
CASES = {
    c["id"]: c
    for c in json.loads((REFERENCE / "calibration.json").read_text(encoding="utf-8"))["cases"]
}
TOTALS = {
    "stype": {"E": 4421.0, "H": 755.0, "M": 1018.0},
    "sch.wide": {"No": 1072.0, "Yes": 5122.0},
    "comp.imp": {"No": 1688.0, "Yes": 4506.0},
}
API99 = 3914069.0
FILES = {
    "dsrs": "apisrs",
    "dstrat": "apistrat",
    "dclus1": "apiclus1",
    "dclus1_wr": "apiclus1",
    "dclus2": "apiclus2",
}


@cache
def table(design: str) -> dict[str, np.ndarray]:
    import csv

    with (REFERENCE / f"{FILES[design]}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    x = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    for key in ("pw", "api00", "api99", "enroll", "api.stu", "fpc", "fpc1", "fpc2"):
        if key in x:
            x[key] = np.array([float(v) if v else np.nan for v in x[key]])
    if design == "dclus2":
        _, place = np.unique(x["dnum"], return_inverse=True)
        x["pw"] = x["fpc1"] / 40 * x["fpc2"] / np.bincount(place)[place]
    return x


def known(design: str, method: str) -> Margins:
    x = table(design)
    names = {"ps": ["stype"], "rk": ["stype", "sch.wide"], "linb": ["stype", "sch.wide"],
             "rk3": ["stype", "sch.wide", "comp.imp"]}.get(method, ["stype"])  # fmt: skip
    found = margins({n: x[n] for n in names}, {n: TOTALS[n] for n in names})
    if method in ("lin", "rak"):
        aux = np.column_stack([found.aux, x["api99"]])
        return Margins(aux, np.r_[found.totals, API99], (*found.names, "api99"))
    return found


def final_weights(design: str, method: str) -> np.ndarray:
    w = table(design)["pw"]
    if method == "ps":
        return poststratified(w, table(design)["stype"], TOTALS["stype"])
    distance = "linear" if method.startswith("lin") else "raking"
    return calibrated(w, known(design, method), distance, (0.4, 2.5) if method == "linb" else None)


METHODS = ["ps", "rk", "rk3", "lin", "rak", "linb"]


@pytest.mark.parametrize("design", FILES)
@pytest.mark.parametrize("method", METHODS)
def test_final_weights_equal_r(design: str, method: str) -> None:
    case = CASES[f"weights_{design}_{method}"]
    assert final_weights(design, method) == pytest.approx(case["weights"], rel=1e-6)


@pytest.mark.parametrize(
    "case", [c for c in CASES.values() if re.match(r"(mean|meanE|total|ratio)_.*_(ps|rk|rk3|lin|rak|linb)$", c["id"])],
    ids=lambda c: c["id"],
)  # fmt: skip
def test_estimates_under_calibration_equal_r(case: dict) -> None:
    kind, name, method = re.fullmatch(
        r"(mean|meanE|total|ratio)_(\w+?)_(ps|rk|rk3|lin|rak|linb)", case["id"]
    ).groups()
    x = table(name)
    strata = x["stype"] if name == "dstrat" else None
    psu = {"dclus1": [x["dnum"]], "dclus1_wr": [x["dnum"]], "dclus2": [x["dnum"], x["snum"]]}.get(
        name, []
    )
    sizes = {"dclus1_wr": [], "dclus2": [x.get("fpc1"), x.get("fpc2")]}.get(name, [x.get("fpc")])
    design = survey_design(final_weights(name, method), strata=strata, psu=psu, pop_size=sizes)
    measure = {"total": Measure("enroll", "total"), "ratio": Measure("api.stu", "ratio", denominator="enroll")}.get(
        kind, Measure("api00", "mean"))  # fmt: skip
    layout = plan([measure])
    # rake() of R projects with equal weights, calibrate() with those before calibration
    base = np.ones(design.n) if method in ("rk", "rk3") else x["pw"]
    cells = x["stype"] if kind == "meanE" else None
    aux = known(name, method).aux
    moments = calibrated_moments(
        design, layout, {c: x[c] for c in layout.columns()}, aux, base, cells
    )
    got = (
        estimates(moments, layout).at("E", "api00")
        if kind == "meanE"
        else whole(moments, layout).at("", measure.code)
    )
    value = case["estimate"]
    value = next(iter(value.values())) if isinstance(value, dict) else value
    iterated = method != "ps"
    assert got.value == pytest.approx(value, rel=1e-7 if iterated else 1e-8)
    # rake() of R stops its projection after ten sweeps; with those ten the errors of dclus2 agree
    # to 4e-13, carried to the end they differ by up to 4e-4
    swept = name == "dclus2" and method in ("rk", "rk3")
    rel = 5e-4 if swept else 1e-6 if iterated else 1e-8
    assert got.se == pytest.approx(case["se"], rel=rel, abs=1e-7)


def test_trimmed_weights_equal_r() -> None:
    got = trimmed(table("dclus2")["pw"], 10, 40)
    assert got == pytest.approx(CASES["weights_trim"]["weights"], rel=1e-9)
    assert got.sum() == pytest.approx(table("dclus2")["pw"].sum())


def test_a_share_of_a_margin_is_known_and_a_domain_keeps_its_error() -> None:
    x = table("dclus1")
    design = survey_design(final_weights("dclus1", "ps"), psu=[x["dnum"]], pop_size=[x["fpc"]])
    layout = plan([Measure("e"), Measure("api00", "mean")])
    values = {"e": (x["stype"] == "E").astype(float), "api00": x["api00"]}
    moments = calibrated_moments(
        design, layout, values, known("dclus1", "ps").aux, x["pw"], x["sch.wide"]
    )
    one = whole(moments, layout).at("", "e")
    assert one.value == pytest.approx(4421 / 6194)
    assert one.se == 0.0
    plain = moments_of(design, layout, values, x["sch.wide"])
    assert whole(moments, layout).at("", "api00").se != whole(plain, layout).at("", "api00").se
    _, values_, covariance = joint_covariance(moments, layout, "api00", fpc=True)
    for k, cell in enumerate(("No", "Yes")):
        assert np.sqrt(covariance[k, k]) == pytest.approx(
            estimates(moments, layout).at(cell, "api00").se
        )
    assert values_.size == 3


@settings(derandomize=True, max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), distance=st.sampled_from(["raking", "linear"]))
def test_calibrated_weights_meet_every_margin(seed: int, distance: str) -> None:
    rng = np.random.default_rng(seed)
    sex, age = (
        np.r_[["F", "M", "F"], rng.choice(["F", "M"], 77)],
        np.r_[["1", "2", "3"], rng.choice(["1", "2", "3"], 77)],
    )
    w = rng.uniform(1, 5, 80)
    share = rng.uniform(0.35, 0.65)
    totals = {
        "sex": {"F": 1000 * share, "M": 1000 * (1 - share)},
        "age": {"1": 300.0, "2": 350.0, "3": 350.0},
    }
    found = margins({"sex": sex, "age": age}, totals)
    final = calibrated(w, found, distance)
    assert final @ found.aux == pytest.approx(found.totals, rel=1e-9)
    assert (
        calibrated(3 * w, found, distance) == pytest.approx(final, rel=1e-6) or distance == "linear"
    )


@settings(derandomize=True, max_examples=100, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_bounds_that_the_solution_keeps_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = {
        "sex": np.r_[["F", "M", "F"], rng.choice(["F", "M"], 37)],
        "age": np.r_[["1", "2", "3"], rng.choice(["1", "2", "3"], 37)],
    }
    w = rng.uniform(1, 5, 40)
    sex, age = rng.uniform(-0.75, 0.75, 2), rng.uniform(-0.75, 0.75, 3)
    moved = w * np.exp(
        sex[(labels["sex"] == "M").astype(int)] + age[labels["age"].astype(int) - 1]
    )  # factors between exp(-1.5) and exp(1.5), inside the bounds
    totals = {
        margin: {str(code): float(moved[label == code].sum()) for code in np.unique(label)}
        for margin, label in labels.items()
    }
    final = calibrated(w, margins(labels, totals), "raking", (0.2, 5.0))
    assert final == pytest.approx(moved, rel=1e-8)


def test_margins_that_cannot_be_met_are_refused_by_name() -> None:
    found = margins({"g": ["a", "a", "b"]}, {"g": {"a": 10.0, "b": 90.0}})
    with pytest.raises(ConvergenceError, match="g = "):
        calibrated([10.0, 10.0, 10.0], found, bounds=(0.5, 2.0))
    for totals, match in (
        ({"g": {"a": 10.0}}, "every label needs"),
        ({"g": {"a": 1.0, "b": 1.0, "c": 5.0}}, "no respondent"),
    ):
        with pytest.raises(AnalysisError, match=match):
            margins({"g": ["a", "b"]}, totals)
    with pytest.raises(AnalysisError, match="must agree"):
        margins({"g": ["a", "b"], "h": ["c", "c"]}, {"g": {"a": 5.0, "b": 5.0}, "h": {"c": 11.0}})
    with pytest.raises(AnalysisError, match="needs a label"):
        margins({"g": ["a", ""]}, {"g": {"a": 5.0}})
    with pytest.raises(AnalysisError, match=r"totals: every margin needs .*found age"):
        margins({"g": ["a", "b"]}, {"g": {"a": 5.0, "b": 5.0}, "age": {"1": 10.0}})


def test_nonresponse_moves_weight_to_those_who_came() -> None:
    final, rates = nonresponse_adjusted(
        [2.0, 2.0, 4.0, 4.0], [True, False, True, True], ["a", "a", "b", "b"]
    )
    assert final.tolist() == [4.0, 0.0, 4.0, 4.0]
    assert rates == {"a": 0.5, "b": 1.0}
    with pytest.raises(AnalysisError, match="nobody responded"):
        nonresponse_adjusted([1.0, 1.0], [True, False], ["a", "b"])
    with pytest.raises(AnalysisError, match="category: needs a label"):
        nonresponse_adjusted([1.0, 1.0], [True, False], ["a", ""])


def test_rates_and_effects_follow_their_definitions() -> None:
    got = response_rates(complete=460, partial=20, nonresponse=320, unknown=150, ineligible=200)
    assert (got.rr1, got.e) == (pytest.approx(460 / 950), pytest.approx(0.8))
    assert got.rr3 == pytest.approx(460 / (800 + 0.8 * 150))
    assert unequal_weighting_effect([1.0, 1.0, 4.0]) == pytest.approx(1 + np.var([1, 1, 4]) / 4)
    with pytest.raises(AnalysisError, match="no weight lies"):
        trimmed([1.0, 2.0], 5, 6)
