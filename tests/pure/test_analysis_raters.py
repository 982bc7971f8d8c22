"""Scores of agencies by raters: each agency as a sample of its own, covariance from shared raters."""

import numpy as np
import pytest

from analysis.design import survey_design
from analysis.errors import DesignError, LonelyPsuError, MeasureError
from analysis.estimate import Options, estimates, joint_covariance
from analysis.measures import Composite, Measure, plan
from analysis.raters import PointItem, PointsMethod, Ratings, rater_points
from analysis.reduction import moments_of

ITEMS = (
    PointItem("lead", 2.0, "leadership"),
    PointItem("change", 1.0, "leadership"),
    PointItem("law", 3.0, "documents"),
)
PERCENTS = np.array([0.0, 20.0, 60.0, 100.0])


def ratings(seed: int = 1, *, share_given: float = 1.0, missing: float = 0.1) -> Ratings:
    rng = np.random.default_rng(seed)
    groups = np.repeat(["deputy", "leader"], [25, 40])
    raters = np.array([f"R{i:03d}" for i in range(65)])
    rows = [(r, a) for r in range(65) for a in range(4) if rng.random() < share_given]
    who = np.array([r for r, _ in rows])
    mood = rng.normal(size=65)[who]
    agency = np.array([a for _, a in rows])
    percent = {}
    for item in ITEMS:
        level = np.clip(np.round(2 + 0.7 * mood + 0.2 * agency + rng.normal(size=who.size)), 0, 3)
        percent[item.code] = np.where(
            rng.random(who.size) < missing, np.nan, PERCENTS[level.astype(int)]
        )
    names = np.array([f"S{a}" for a in range(4)])[agency]
    eligible = {
        (g, f"S{a}"): size for g, size in (("deputy", 30), ("leader", 90)) for a in range(4)
    }
    return Ratings(raters[who], names, groups[who], percent, eligible)


@pytest.mark.parametrize("fpc", [True, False])
@pytest.mark.parametrize("share_given", [1.0, 0.6])
def test_an_agency_is_a_stratified_sample_of_its_eligible_raters(
    fpc: bool, share_given: float
) -> None:
    """Each agency's own rows under the ordinary design give the same value, error and limits."""
    given = ratings(share_given=share_given)
    got = rater_points(given, PointsMethod(ITEMS), Options(fpc=fpc))
    layout = plan(
        [Measure(i.code, "mean", bounds=(0.0, 100.0)) for i in ITEMS],
        [Composite("total", tuple(i.code for i in ITEMS), tuple(i.max_points for i in ITEMS))],
    )
    for agency in got.table.cells:
        mine = given.agency == agency
        stratum = given.stratum[mine]
        size = np.array([given.eligible[(g, agency)] for g in stratum], float)
        count = np.array([(stratum == g).sum() for g in stratum])
        design = survey_design(size / count, strata=stratum, pop_size=[size])
        columns = {i.code: given.percent[i.code][mine] for i in ITEMS}
        alone = estimates(moments_of(design, layout, columns), layout, Options(fpc=fpc))
        for item in ITEMS:
            expected, one = alone.at("", item.code), got.table.at(agency, item.code)
            assert one.value == pytest.approx(expected.value * item.max_points / 100, rel=1e-12)
            assert one.se == pytest.approx(expected.se * item.max_points / 100, rel=1e-10)
            assert one.deff == pytest.approx(expected.deff, rel=1e-9)
        expected, one = alone.at("", "total"), got.table.at(agency, "total")
        assert one.value == pytest.approx(expected.value * 6 / 100, rel=1e-12)
        assert one.se == pytest.approx(expected.se * 6 / 100, rel=1e-10)
        assert (one.n, one.df) == (expected.n, expected.df)
        assert 0 < one.ci[0] < one.value < one.ci[1] < 6
        topic = got.table.at(agency, "leadership")
        parts = [got.table.at(agency, code).value for code in ("lead", "change")]
        assert topic.value == pytest.approx(sum(parts), rel=1e-12)


@pytest.mark.parametrize("fpc", [True, False])
def test_joint_covariance_equals_that_of_raters_as_units_when_all_rate_all(fpc: bool) -> None:
    given = ratings()
    got = rater_points(given, PointsMethod(ITEMS), Options(fpc=fpc))
    size = np.array([given.eligible[(g, "S0")] for g in given.stratum], float)
    count = np.where(given.stratum == "deputy", 25, 40)
    design = survey_design(size / count, strata=given.stratum, psu=[given.rater], pop_size=[size])
    layout = plan(
        [Measure(i.code, "mean") for i in ITEMS],
        [Composite("total", tuple(i.code for i in ITEMS), tuple(i.max_points for i in ITEMS))],
    )
    moments = moments_of(design, layout, given.percent, given.agency)
    names, _, expected = joint_covariance(moments, layout, "total", fpc=fpc)
    assert names[:-1] == got.table.cells
    assert got.covariance == pytest.approx(expected[:-1, :-1] * (6 / 100) ** 2, rel=1e-9)
    assert np.all(got.covariance > 0)  # the same raters, the same moods


def test_covariance_of_two_agencies_matches_the_simulated_draw() -> None:
    """Raters drawn and given agencies at random: the mean estimated covariance is the true one."""
    rng = np.random.default_rng(5)
    population = np.clip(
        np.round(rng.normal(2, 0.8, 80)[:, None] + rng.normal(0, 0.5, (80, 2))), 0, 3
    )
    values, estimated = [], []
    item = (PointItem("q", 100.0),)
    for _ in range(400):
        drawn = rng.permutation(80)[:40]
        given = [rng.permutation(drawn)[:30] for _ in range(2)]
        who, agency = np.concatenate(given), np.repeat(["A", "B"], 30)
        percent = {"q": PERCENTS[population[who, (agency == "B").astype(int)].astype(int)]}
        data = Ratings(who, agency, np.full(60, "g"), percent, {("g", "A"): 80, ("g", "B"): 80})
        got = rater_points(data, PointsMethod(item))
        values.append(got.table.value[:, -1])
        estimated.append(got.covariance[0, 1])
    simulated = np.cov(np.array(values).T)[0, 1]
    assert np.mean(estimated) == pytest.approx(simulated, rel=0.25)
    assert simulated > 0


def test_group_weights_mix_the_groups_and_name_the_silent_ones() -> None:
    given = ratings(missing=0.0)
    percent = {code: np.where((given.stratum == "deputy") & (given.agency == "S1"), np.nan, x)
               for code, x in given.percent.items()}  # fmt: skip
    given = Ratings(given.rater, given.agency, given.stratum, percent, given.eligible)
    got = rater_points(given, PointsMethod(ITEMS, {"deputy": 3.0, "leader": 1.0}))
    mine = given.agency == "S0"
    by_group = {
        g: given.percent["law"][mine & (given.stratum == g)].mean() for g in ("deputy", "leader")
    }
    expected = 3.0 * (3 * by_group["deputy"] + by_group["leader"]) / 4 / 100
    assert got.table.at("S0", "law").value == pytest.approx(expected, rel=1e-12)
    only = given.percent["law"][(given.agency == "S1") & (given.stratum == "leader")].mean()
    assert got.table.at("S1", "law").value == pytest.approx(3.0 * only / 100, rel=1e-12)
    assert got.notes == ("S1: không có câu trả lời của nhóm deputy.",)


def test_a_question_that_nobody_answered_is_null_or_scaled_up() -> None:
    given = ratings()
    given.percent["law"][given.agency == "S2"] = np.nan
    got = rater_points(given, PointsMethod(ITEMS)).table
    assert got.at("S2", "law").value is None
    total = got.at("S2", "total")
    assert (total.value, total.flag, total.reason) == (None, "none", "Không ai trả lời câu law.")
    assert got.at("S1", "total").value is not None
    scaled = rater_points(given, PointsMethod(ITEMS, unanswered="renormalise"))
    assert scaled.table.at("S2", "total").value == pytest.approx(
        2 * scaled.table.at("S2", "leadership").value
    )
    assert rater_points(given, PointsMethod(ITEMS)).covariance[2].tolist() == [0.0] * 4


def test_a_census_of_raters_has_no_error_and_unanimity_is_no_census() -> None:
    rater = np.arange(12)
    full = {"q": np.where(rater % 3 > 0, 100.0, 60.0)}
    data = Ratings(rater, np.full(12, "A"), np.full(12, "g"), full, {("g", "A"): 12})
    item = PointsMethod((PointItem("q", 5.0),))
    census = rater_points(data, item).table.at("A", "total")
    assert (census.se, census.flag, census.ci) == (0.0, "census", (census.value, census.value))
    again = rater_points(data, item, Options(fpc=False)).table.at("A", "total")
    assert again.se > 0
    agreed = Ratings(
        rater, np.full(12, "A"), np.full(12, "g"), {"q": np.full(12, 100.0)}, {("g", "A"): 40}
    )
    one = rater_points(agreed, item).table.at("A", "total")
    assert (one.value, one.se, one.flag) == (5.0, 0.0, "degenerate")
    assert 3 < one.ci[0] < one.ci[1] == 5.0


@pytest.mark.parametrize("group_weights", [None, {"deputy": 0.3, "leader": 0.7}])
def test_agreement_with_blank_items_is_seen_as_unanimity(group_weights: dict | None) -> None:
    """The linearised values are then rounding noise, not 0, and must not pass for a variance."""
    given = ratings(share_given=0.9, missing=0.3)
    percent = {code: np.where(np.isnan(x), np.nan, 60.0) for code, x in given.percent.items()}
    given = Ratings(given.rater, given.agency, given.stratum, percent, given.eligible)
    got = rater_points(given, PointsMethod(ITEMS, group_weights), Options(fpc=False))
    for _, code, one in got.table:
        assert (one.se, one.flag) == (0.0, "degenerate"), code
        assert one.ci[0] < one.value < one.ci[1]
    assert not got.covariance.any()


def test_what_cannot_be_is_refused() -> None:
    given = ratings()
    method = PointsMethod(ITEMS)
    few = dict.fromkeys(given.eligible, 5)
    with pytest.raises(DesignError, match=r"eligible: must not be smaller.*deputy / S0: 5 < 25"):
        rater_points(Ratings(given.rater, given.agency, given.stratum, given.percent, few), method)
    with pytest.raises(DesignError, match="at most once"):
        rater_points(
            Ratings(np.zeros(given.rater.size), given.agency, given.stratum, given.percent), method
        )
    group = given.stratum.astype(object)
    group[3] = ""
    unnamed = Ratings(given.rater, given.agency, given.stratum, given.percent, group=group)
    with pytest.raises(DesignError, match="group: needs a label in every row"):
        rater_points(unnamed, PointsMethod(ITEMS, {"deputy": 1.0, "leader": 1.0}))
    short = Ratings(given.rater[1:], given.agency, given.stratum, given.percent)
    with pytest.raises(DesignError, match="rater: must hold 260 rows"):
        rater_points(short, method)
    bad = {**given.percent, "law": np.full(given.rater.size, 101.0)}
    with pytest.raises(MeasureError, match="between 0 and 100"):
        rater_points(Ratings(given.rater, given.agency, given.stratum, bad), method)
    alone = np.append(given.stratum[:-1], "guest")
    lonely = Ratings(given.rater, given.agency, alone, given.percent)
    with pytest.raises(LonelyPsuError, match="guest / S3"):
        rater_points(lonely, method, lonely_psu="fail")
    noted = rater_points(lonely, method)
    assert "guest / S3" in noted.notes[0]
    assert noted.covariance[3, 3] == pytest.approx(noted.table.at("S3", "total").se ** 2)
