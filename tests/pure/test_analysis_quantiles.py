"""Quantiles and replicate weights against R survey."""

import csv
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analysis.design import SurveyDesign, survey_design
from analysis.errors import AnalysisError, DesignError
from analysis.estimate import Options, whole
from analysis.measures import Composite, Measure, plan
from analysis.quantiles import quantiles, weighted_quantile
from analysis.reduction import moments_of
from analysis.replicates import Replicates, bootstrap, jackknife, replicate_covariance

REFERENCE = Path(__file__).parents[1] / "reference"


def cases(name: str) -> list[dict]:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))["cases"]


@cache
def table(name: str) -> dict[str, np.ndarray]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    for key, column in columns.items():
        try:
            columns[key] = np.array([float(v) if v else np.nan for v in column])
        except ValueError:
            continue
    return columns


@cache
def design_of(name: str) -> tuple[SurveyDesign, dict[str, np.ndarray]]:
    base = name.removesuffix("_wr")
    x = table(
        {"dsrs": "apisrs", "dstrat": "apistrat", "dclus1": "apiclus1", "dclus2": "apiclus2"}[base]
        + ".csv"
    )
    weight = x["pw"]
    if name == "dclus2":
        _, place = np.unique(x["dnum"], return_inverse=True)
        weight = x["fpc1"] / 40 * x["fpc2"] / np.bincount(place)[place]
    sizes = [] if base != name else [x["fpc1"], x["fpc2"]] if base == "dclus2" else [x["fpc"]]
    psu = {"dclus1": [x["dnum"]], "dclus2": [x["dnum"], x["snum"]]}.get(base, [])
    return survey_design(
        weight, strata=x["stype"] if base == "dstrat" else None, psu=psu, pop_size=sizes
    ), x


METHODS = {"math": "wald", "beta": "beta", "xlogit": "logit"}


@pytest.mark.parametrize(
    "case",
    [c for c in cases("quantile") if re.search(r"_(math|beta|xlogit)$", c["id"])],
    ids=lambda c: c["id"],
)
def test_quantiles_and_woodruff_limits_equal_r(case: dict) -> None:
    design, x = design_of(case["design"])
    method = METHODS[case["id"].rpartition("_")[2]]
    rows = case["quantiles"]["api00"]
    got = quantiles(design, x["api00"], [row["p"] for row in rows], Options(method=method))
    for one, row in zip(got, rows, strict=True):
        if case["id"] == "q_dsrs_math" and row["p"] in (0.1, 0.9):
            # 20 of 200 equal weights are exactly a tenth: 479 by the rule; rounding of the
            # accumulated weights takes R to the next value, 482 (and from 818 to 827)
            assert (one.value, row["quantile"]) in ((479, 482), (818, 827))
            continue
        assert one.value == row["quantile"]
        assert one.ci == (row["ci.2.5"], row["ci.97.5"])
        assert one.se == pytest.approx(row["se"], rel=1e-8)
        assert one.df == case["df"]


def test_a_level_alone_does_not_change_the_kind_of_limits() -> None:
    design, x = design_of("dsrs")
    plain = quantiles(design, x["api00"], [0.25, 0.5])
    assert quantiles(design, x["api00"], [0.25, 0.5], Options(level=0.95)) == plain
    assert {one.method for one in plain} == {"woodruff-wald"}


def test_weighted_quantiles_follow_the_rule() -> None:
    x, w = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    assert [weighted_quantile(x, w, p) for p in (0.25, 0.26, 0.75, 0.76)] == [1.0, 2.0, 2.0, 3.0]


def test_quantiles_of_nobody_are_null_and_wrong_arguments_refused() -> None:
    design, x = design_of("dsrs")
    empty = quantiles(design, x["api00"], [0.5], inside=np.zeros(200, bool))[0]
    assert (empty.value, empty.flag) == (None, "none")
    only = quantiles(design, x["api00"], [0.5], inside=x["stype"] == "E")[0]
    assert only.n == 142
    with pytest.raises(AnalysisError, match="probabilities"):
        quantiles(design, x["api00"], [1.0])


def replicates_of(name: str) -> tuple[Replicates, dict[str, np.ndarray]]:
    if name.startswith("r_boot"):
        x = table(f"{name.removeprefix('r_').removesuffix('_mse')}_weights.csv")
        each = np.column_stack([x[f"r{i}"] for i in range(1, 41)])
        return Replicates(
            x["w0"], each, np.full(40, 1 / 39), about_estimate=name.endswith("_mse")
        ), x
    source = {"r_jkn": "dstrat", "r_jkn_wr": "dstrat_wr", "r_jkn_mse": "dstrat_wr", "r_jk1": "dclus1",
              "r_jk1_wr": "dclus1_wr", "r_jk1_clus2": "dclus2_wr"}[name]  # fmt: skip
    design, x = design_of(source)
    return jackknife(design, about_estimate=name.endswith("_mse")), x


@pytest.mark.parametrize(
    "case",
    [
        c
        for c in cases("replicates")
        if re.match(r"(mean|total|ratio|meanE|prop_mean)_r_(jk|boot)", c["id"])
    ],
    ids=lambda c: c["id"],
)
def test_replicate_errors_equal_r(case: dict) -> None:
    replicates, x = replicates_of(case["design"])
    measures = {
        "mean": [Measure("api00", "mean"), Measure("api99", "mean")],
        "meanE": [Measure("api00", "mean")],
        "total": [Measure("enroll", "total")],
        "ratio": [Measure("api.stu", "ratio", denominator="enroll")],
        "prop": [Measure("awards")],
    }[case["id"].partition("_")[0]]
    layout = plan(measures)
    values = {**x, "awards": (x["awards"] == "Yes").astype(float)}
    cells = np.where(x["stype"] == "E", "E", "") if case["id"].startswith("meanE") else None
    value, covariance = replicate_covariance(replicates, layout, values, cells)
    expected = case["estimate"]
    expected = list(expected.values()) if isinstance(expected, dict) else [expected]
    assert value.ravel() == pytest.approx(expected, rel=1e-8)
    se = np.atleast_1d(
        np.array(list(case["se"].values()) if isinstance(case["se"], dict) else case["se"], float)
    )
    assert np.sqrt(np.diag(covariance)) == pytest.approx(se, rel=1e-8)


def test_replicates_agree_with_linearised_errors() -> None:
    design, x = design_of("dstrat_wr")
    items = {"a": (x["awards"] == "Yes").astype(float), "b": (x["sch.wide"] == "Yes").astype(float)}
    items["a"][::7] = np.nan
    layout = plan(
        [Measure("a"), Measure("b")],
        [Composite("i", ("a", "b")), Composite("r", ("a", "b"), pooling="respondents")],
    )
    linear = whole(moments_of(design, layout, items), layout).se[0]
    jack = np.sqrt(np.diag(replicate_covariance(jackknife(design), layout, items)[1]))
    drawn = bootstrap(design, np.random.default_rng(3), 800)
    boot = np.sqrt(np.diag(replicate_covariance(drawn, layout, items)[1]))
    assert jack == pytest.approx(linear, rel=5e-3)
    assert boot == pytest.approx(linear, rel=0.12)
    assert drawn.replicate.mean(axis=1) == pytest.approx(design.weight, rel=0.25)
    with pytest.raises(DesignError, match="two units per stratum"):
        jackknife(survey_design([1.0, 1.0, 1.0], strata=["a", "a", "b"], lonely_psu="adjust"))
