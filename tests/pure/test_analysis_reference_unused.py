"""Every reference case is compared by some test, or named here with the reason why not."""

import json
import re
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[1] / "reference"

API = r"d(srs|strat|clus1|clus2)(_wr)?"
GLM = "regression models are not offered"
NO_INTERVAL = "an interval that is not offered"

#: per file the ids that tests compare; where and how is said in test_analysis_*.
USED = {
    "mean_total_ratio_deff": rf"(mean_api00|mean_multi|mean_deff_replace|mean_enroll_narm"
    rf"|total_enroll|total_stype|ratio)_{API}",
    "domains": rf"(mean|total|ratio)_{API}_(stype|awards|sch\.wide)_\w+|svyby(2|_cov)_{API}",
    "ciprop": rf"{API}_(aw|isH|hi|sat|top)(_[EHM])?|level_[\d.]+_(mean|xlogit|beta|wilson)",
    "quantile": rf"q_{API}_math|qci_{API}_(beta|xlogit)",
    "tests_regression": r"ttest_.+|chisq_(F|Chisq)_.+|chisq3_F_.+",
    "calibration": rf"(mean|meanE|total|ratio|weights)_{API}_(ps|rk|rk3|lin|rak|linb)|weights_trim",
    "lonely_psu": r".+_nodomadj_(wr|fpc)",
    "replicates": r"(mean|total|ratio|meanE|prop_mean)_r_(jk|boot).+",
    "sipas": r"overall_dsip(_wr)?|dsip(_wr)?_(agency|agency_group|sex|channel)_\w+"
    r"|item_q\d\d_overall_dsip(_wr)?",
    "sipas_item_by_agency": r"item_q\d\d_agency_A\d\d_dsip",
    "sipas_item_by_agency_svy": r"item_q\d\d_agency_A\d\d_dsip",
    "sipas_tests": r"ttest_channel|chisq_(channel|group)_(F|Chisq)",
    "agreement": r".+",
    "ranking": r".+",
}

#: per file the ids that no test compares, and why.
NOT_USED = {
    "mean_total_ratio_deff": {
        r"var_.+": "a variance of the population is not estimated",
        r"contrast_.+": "differences are taken between cells, not between measures",
    },
    "ciprop": {
        r"level_[\d.]+_(logit|asin|likelihood)": NO_INTERVAL,
        r"dfInf_.+": "intervals always use the design's degrees of freedom",
    },
    "quantile": {
        r"q_.+_(school|shahvaish|hf4|hf7)": "one rule is offered, R's math",
        r"qci_.+_(asin|score)": NO_INTERVAL,
    },
    "tests_regression": {
        r"ttest1_.+": "a mean against a target is judged by its interval",
        r"chisq_(Wald|adjWald|saddlepoint)_.+": "Rao and Scott's F and first order are offered",
        r"rank_.+": "rank tests are not offered",
        r"(lm|logit|regterm)_.+": GLM,
        r"tab_.+": "counts of a table are totals, compared in domains",
    },
    "calibration": {
        r"(mean|meanE|total|ratio|weights)_.+_logit": "logit calibration is not offered",
        r"trim_mean": "its weights are compared as weights_trim; the mean is svymean under them",
    },
    "lonely_psu": {
        r".+_domadj_(wr|fpc)": "R's adjust.domain.lonely: a domain keeps the whole design here",
    },
    "replicates": {
        r"median_.+": "medians have Woodruff's interval only",
        r"prop_(xlogit|beta|wilson|logit)_.+": "replicates give errors, not intervals",
        r"(ratio|total)_r_(brr|fay)|brr_repweights": "half samples are not offered",
        r"(ratio|total)_scd_d": "the linearised peer of the half samples",
        r"jkn_scale": "R's scale is part of every jackknife error that is compared",
    },
    "sipas_tests": {
        r"chisq_(channel|group)_(Wald|adjWald)": "Rao and Scott's F and first order are offered",
        r"alpha": "Cronbach's alpha is not offered",
        r"(logit|lm)_model": GLM,
        r"group_differences": "the covariance of domains is compared in domains, svyby_cov",
    },
}


@pytest.mark.parametrize("name", USED)
def test_every_reference_case_is_compared_or_left_out_for_a_reason(name: str) -> None:
    cases = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    left_out = NOT_USED.get(name, {})
    unclear, met = [], set()
    for case in cases:
        found = [p for p in (USED[name], *left_out) if re.fullmatch(p, case["id"])]
        met.update(found)
        if len(found) != 1:
            unclear.append(case["id"])
    assert not unclear
    assert met == {USED[name], *left_out}  # no pattern outlives its cases
