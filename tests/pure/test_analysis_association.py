"""Rao-Scott and design-based t tests against R survey."""

import csv
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analysis.association import mean_difference, rao_scott
from analysis.design import SurveyDesign, survey_design
from analysis.errors import AnalysisError
from analysis.measures import Composite, Measure, plan
from analysis.reduction import moments_of

REFERENCE = Path(__file__).parents[1] / "reference"
FILES = {
    "dsrs": "apisrs",
    "dstrat": "apistrat",
    "dclus1": "apiclus1",
    "dclus2": "apiclus2",
    "dsx": "sipas",
}


def cases(name: str, pattern: str) -> list[dict]:
    found = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    return [case for case in found if re.match(pattern, case["id"])]


@cache
def design_of(name: str) -> tuple[SurveyDesign, dict[str, np.ndarray]]:
    base = (
        name.removesuffix("_wr").removesuffix("1")
        if name.startswith("dsx")
        else name.removesuffix("_wr")
    )
    with (REFERENCE / f"{FILES[base]}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    x = {key: np.array([row[key] for row in rows], dtype=object) for key in rows[0]}

    def numbers(key: str) -> np.ndarray:
        return np.array([float(v) if v else np.nan for v in x[key]])

    if base == "dsx":
        scores = np.stack([numbers(f"q{i:02d}") for i in range(1, 21)])
        x |= {f"q{i:02d}": scores[i - 1] for i in range(1, 21)}
        x["s1"] = np.array(
            ["" if np.isnan(v) else str(int(v >= 4)) for v in scores[0]], dtype=object
        )
        return survey_design(numbers("w"), strata=x["agency"], pop_size=[numbers("N_agency")]), x
    weight = numbers("pw")
    if name == "dclus2":
        _, place = np.unique(x["dnum"].astype(str), return_inverse=True)
        weight = numbers("fpc1") / 40 * numbers("fpc2") / np.bincount(place)[place]
    sizes = [numbers("fpc1"), numbers("fpc2")] if base == "dclus2" else [numbers("fpc")]
    psu = {"dclus1": [x["dnum"]], "dclus2": [x["dnum"], x["snum"]]}.get(base, [])
    x["api00"], x["api99"] = numbers("api00"), numbers("api99")
    strata = x["stype"] if base == "dstrat" else None
    return survey_design(weight, strata=strata, psu=psu, pop_size=sizes if base == name else []), x


CHI = [
    *cases("tests_regression", r"chisq3?_(F|Chisq)_"),
    *cases("sipas_tests", r"chisq_\w+_(F|Chisq)$"),
]


@pytest.mark.parametrize("case", CHI, ids=lambda c: c["id"])
def test_association_equals_svychisq(case: dict) -> None:
    design, x = design_of(case["design"])
    rows, columns = re.search(r"~([\w.]+)\+([\w.]+)", case["call"]).groups()
    got = rao_scott(design, x[rows], x[columns], fpc=True)
    if "F" in case["statistic"]:
        assert got.f == pytest.approx(case["statistic"]["F"], rel=1e-8)
        assert got.f_df == pytest.approx(tuple(case["parameter"].values()), rel=1e-8)
        assert got.p_value == pytest.approx(case["p.value"], rel=1e-6)
    else:
        assert got.statistic == pytest.approx(case["statistic"]["X-squared"], rel=1e-8)
        assert got.df == case["parameter"]["df"]
        assert got.p_first_order == pytest.approx(case["p.value"], rel=1e-6)


@pytest.mark.parametrize("case", cases("tests_regression", "ttest_"), ids=lambda c: c["id"])
def test_mean_difference_equals_svyttest(case: dict) -> None:
    design, x = design_of(case["design"])
    layout = plan([Measure("api00", "mean")])
    moments = moments_of(design, layout, {"api00": x["api00"]}, x["comp.imp"])
    got = mean_difference(moments, layout, "api00", ("Yes", "No"), fpc=True)
    assert got.difference == pytest.approx(case["estimate"]["difference in mean"], rel=1e-8)
    assert got.t == pytest.approx(case["statistic"]["t"], rel=1e-7)
    assert got.df == case["parameter"]["df"]
    assert got.p_value == pytest.approx(case["p.value"], rel=1e-6)
    assert got.ci == pytest.approx(case["conf.int"], rel=1e-7)


def test_a_composite_compares_channels_as_r() -> None:
    case = cases("sipas_tests", "ttest_channel")[0]
    design, x = design_of("dsx")
    items = [f"q{i:02d}" for i in range(1, 21)]
    layout = plan(
        [Measure(q) for q in items], [Composite("share", tuple(items), pooling="respondents")]
    )
    values = {q: np.where(np.isnan(x[q]), np.nan, x[q] >= 4) for q in items}
    moments = moments_of(design, layout, values, x["channel"])
    got = mean_difference(moments, layout, "share", ("online", "counter"), fpc=True)
    assert got.difference == pytest.approx(case["estimate"]["difference in mean"], rel=1e-8)
    assert got.t == pytest.approx(case["statistic"]["t"], rel=1e-7)
    assert (got.df, got.p_value) == (
        case["parameter"]["df"],
        pytest.approx(case["p.value"], rel=1e-6),
    )


def test_tests_leave_out_the_correction_unless_asked() -> None:
    """Without it the design with population sizes tests as R's design without them."""
    design, x = design_of("dsrs")
    without, _ = design_of("dsrs_wr")
    layout = plan([Measure("api00", "mean")])
    means = [
        mean_difference(
            moments_of(one, layout, {"api00": x["api00"]}, x["comp.imp"]),
            layout, "api00", ("Yes", "No"),
        )
        for one in (design, without)
    ]  # fmt: skip
    assert means[0] == means[1]
    assert rao_scott(design, x["stype"], x["awards"]) == rao_scott(without, x["stype"], x["awards"])


def test_what_cannot_be_tested_is_refused() -> None:
    design, x = design_of("dsrs")
    with pytest.raises(AnalysisError, match="two categories"):
        rao_scott(design, np.full(200, "a"), x["stype"])
    layout = plan([Measure("api00", "mean")])
    moments = moments_of(design, layout, {"api00": x["api00"]}, x["comp.imp"])
    with pytest.raises(AnalysisError, match="cells of the breakdown"):
        mean_difference(moments, layout, "api00", ("Yes", "Maybe"))
