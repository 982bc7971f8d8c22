"""Files of several authorities add up to the pooled data and hold no microdata."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.design import survey_design
from analysis.errors import AnalysisError, MergeError
from analysis.estimate import EstimateTable, Moments, whole
from analysis.federated import FederatedTotals, as_plain, federated_totals, from_plain
from analysis.measures import Composite, Measure, Plan, plan
from analysis.reduction import moments_of

ITEMS = ("a", "b", "c")


def layout() -> Plan:
    measures = [*map(Measure, ITEMS), Measure("m", "mean", bounds=(1.0, 5.0))]
    composites = [Composite("i", ITEMS), Composite("r", ITEMS, pooling="respondents")]
    return plan(measures, composites, joint=True)


def province(seed: int, n: int = 300) -> dict:
    rng = np.random.default_rng(seed)
    stratum = np.r_[np.arange(40) % 20, rng.integers(0, 20, n - 40)]
    count = np.bincount(stratum)[stratum]
    size = np.array([90.0, 200.0, 1000.0, 4000.0])[stratum % 4] + count
    happy = rng.random(n)
    values = {
        q: np.where(rng.random(n) < 0.05, np.nan, rng.random(n) < 0.5 + 0.4 * happy) for q in ITEMS
    }
    values["m"] = rng.integers(1, 6, n).astype(float)
    return {
        "stratum": np.char.add(f"P{seed}-", stratum.astype(str)),
        "weight": size / count,
        "size": size,
        "values": values,
    }


def moments(*parts: dict, policy: str = "fail") -> Moments:
    both = {k: np.concatenate([p[k] for p in parts]) for k in ("stratum", "weight", "size")}
    values = {q: np.concatenate([p["values"][q] for p in parts]) for q in (*ITEMS, "m")}
    design = survey_design(
        both["weight"], strata=both["stratum"], pop_size=[both["size"]], lonely_psu=policy
    )
    return moments_of(design, layout(), values)


def file_of(seed: int, **changes) -> FederatedTotals:
    where = {"method": "sipas_a 2023", "survey": f"S{seed}", "digest": f"d{seed}", **changes}
    return federated_totals(moments(province(seed)), layout(), **where)


def agree(got: EstimateTable, pooled: EstimateTable) -> None:
    """Everything that a file can give; effective sizes only of shares."""
    assert got.codes == pooled.codes
    assert got.df.tolist() == pooled.df.tolist()
    assert got.n.tolist() == pooled.n.tolist()
    assert got.judged.flag.tolist() == pooled.judged.flag.tolist()
    assert got.judged.method.tolist() == pooled.judged.method.tolist()
    for left, right in (
        (got.value, pooled.value),
        (got.se, pooled.se),
        (got.judged.lower, pooled.judged.lower),
        (got.judged.upper, pooled.judged.upper),
        (got.corner.strata_df, pooled.corner.strata_df),
        (got.judged.n_eff[0, :3], pooled.judged.n_eff[0, :3]),
        (got.deff[0, :3], pooled.deff[0, :3]),
    ):
        assert left == pytest.approx(right, rel=1e-12, abs=0, nan_ok=True)


def test_merged_files_equal_the_pooled_data() -> None:
    """Through JSON, in any order: values, errors, limits, degrees of freedom."""
    files = [from_plain(json.loads(json.dumps(as_plain(file_of(seed))))) for seed in (1, 2, 3)]
    pooled = whole(moments(*map(province, (1, 2, 3))), layout())
    for order in ((0, 1, 2), (2, 0, 1)):
        a, b, c = (files[k] for k in order)
        agree(a.merge(b).merge(c).estimates(), pooled)


def name_is_number(values: list) -> bool:
    return bool(values) and isinstance(np.ravel(np.array(values, dtype=object))[0], float)


def test_a_file_holds_sums_only_and_too_little_to_solve_for_answers() -> None:
    """No count of numbers depends on strata or rows; unknowns far outnumber it."""
    totals = file_of(1)
    plain = as_plain(totals)
    f, e = layout().n_features, len(layout().codes)
    held = sum(
        np.size(value)
        for value in plain.values()
        if isinstance(value, list) and name_is_number(value)
    )
    assert held == f + f * f + 7 * e
    free = f + f * (f + 1) // 2 + 7 * e
    assert free < 300 * len(ITEMS)  # fewer equations than unknown answers
    assert np.all(totals.total[np.abs(totals.covariance).sum(axis=0) == 0] == 0)


def test_small_counts_are_left_out_by_name_with_what_needs_them() -> None:
    part = province(4)
    part["values"]["b"] = np.where(np.arange(300) < 6, 0.0, 1.0)  # 6 dissatisfied
    totals = federated_totals(moments(part), layout(), method="m", survey="s", digest="d")
    assert totals.left_out == ("b", "i", "r")
    assert [m.code for m in totals.measures] == ["a", "c", "m"]
    text = json.dumps(as_plain(totals))
    assert json.loads(text)["composites"] == []
    with pytest.raises(MergeError, match="measures"):
        file_of(1, method="m").merge(totals)
    common = tuple(m.code for m in totals.measures)
    merged = file_of(1, method="m").only(common).merge(totals.only(common))
    pooled = whole(moments(province(1), part), layout())
    assert merged.estimates().at("", "a").se == pytest.approx(pooled.at("", "a").se, rel=1e-9)


def test_what_is_not_safe_or_not_exact_is_refused() -> None:
    with pytest.raises(AnalysisError, match="two rounds"):
        federated_totals(moments(province(5, n=60)), layout(), method="m", survey="s", digest="d")
    with pytest.raises(AnalysisError, match="lonely_psu"):
        federated_totals(
            moments(province(1), policy="adjust"), layout(), method="m", survey="s", digest="d"
        )
    one = file_of(1)
    for other, match in (
        (file_of(2, method="sipas_b"), "method"),
        (file_of(2, survey="S1"), "surveys"),
        (file_of(2, digest="d1"), "digests"),
    ):
        with pytest.raises(MergeError, match=match):
            one.merge(other)
    strata = replace(file_of(2), strata=("P2-0", "P1-3"))
    with pytest.raises(MergeError, match="strata: must not be inside twice"):
        one.merge(strata)
    plain = as_plain(one)
    for name, wrong in (
        ("total", [float("nan"), *plain["total"][1:]]),
        ("total", [None, *plain["total"][1:]]),
        ("df", [-1.0, *plain["df"][1:]]),
        ("n", ["12", *plain["n"][1:]]),
        ("covariance", [[-x for x in row] for row in plain["covariance"]]),
        ("covariance", [[*row[:-1], row[-1] + 9e9] for row in plain["covariance"]]),
        ("stage", "third"),
        ("stage", ["covariance"]),
        ("fpc", 1),
        ("strata", "P1-0"),
        ("surveys", [1]),
        ("measures", 3),
    ):
        with pytest.raises(AnalysisError, match=r"no file of totals|does not fit"):
            from_plain({**plain, name: wrong})
    broken = {**as_plain(one), "n": [1.0]}
    with pytest.raises(AnalysisError, match="does not fit"):
        from_plain(broken)
    with pytest.raises(AnalysisError, match="no file of totals"):
        from_plain({"method": "m"})
    alone = plan([Measure("a"), Measure("b")])
    separate = moments_of(survey_design(np.ones(300)), alone, province(1)["values"])
    with pytest.raises(AnalysisError, match="does not keep"):
        federated_totals(separate, alone, method="m", survey="s", digest="d")


@pytest.mark.parametrize("policy", ["certainty", "remove"])
def test_a_stratum_with_one_unit_adds_nothing_and_keeps_its_flag(policy: str) -> None:
    alone = province(6)
    alone["stratum"][0], alone["weight"][0], alone["size"][0] = "P6-alone", 5000.0, 5000.0
    pooled = whole(moments(alone, province(7), policy=policy), layout())
    parts = [
        federated_totals(
            moments(part, policy=policy), layout(), method="m", survey=name, digest=name
        )
        for part, name in ((alone, "x"), (province(7), "y"))
    ]
    first, second = (from_plain(json.loads(json.dumps(as_plain(part)))) for part in parts)
    assert pooled.at("", "a").flag == "low"  # an endless share of the variance rests on one unit
    agree(first.merge(second).estimates(), pooled)


def test_complete_counts_stay_complete_and_a_design_without_strata_merges_by_survey() -> None:
    def survey(seed: int, n: int, size: float) -> FederatedTotals:
        rng = np.random.default_rng(seed)
        values = {q: (rng.random(n) < 0.7).astype(float) for q in ITEMS}
        values["m"] = rng.integers(1, 6, n).astype(float)
        design = survey_design(np.full(n, size / n), pop_size=[np.full(n, size)])
        part = moments_of(design, layout(), values)
        return federated_totals(part, layout(), method="m", survey=f"S{seed}", digest=str(seed))

    both = survey(1, 200, 200.0).merge(survey(2, 300, 300.0))
    assert both.strata == ("S1", "S2")
    got = both.estimates().at("", "a")
    assert (got.se, got.ci, got.flag) == (0.0, (got.value, got.value), "census")
    assert both.merge(survey(3, 150, 900.0)).estimates().at("", "a").flag == "ok"


def test_a_mean_of_zeros_and_ones_counts_as_answers_of_two_kinds() -> None:
    part = province(8)
    part["values"]["m"] = (np.arange(300) < 4).astype(float)
    totals = federated_totals(moments(part), layout(), method="m", survey="s", digest="d")
    assert totals.left_out == ("m",)


def test_an_attack_by_subtracting_merged_files_gives_one_survey_at_most() -> None:
    """Who holds one file and a merged one learns the other file, and nothing below it."""
    first, second = file_of(1), file_of(2)
    both = first.merge(second)
    assert both.total - first.total == pytest.approx(second.total)
    part = province(1)
    values = {q: x[1:] for q, x in part.pop("values").items()}
    less = {**{k: v[1:] for k, v in part.items()}, "values": values}
    again = federated_totals(
        moments(less), layout(), method="sipas_a 2023", survey="S1", digest="new"
    )
    with pytest.raises(MergeError, match="surveys"):  # the same survey with a row less
        both.merge(again)
