"""Differences, groups and places against csranks, published closed forms and simulation."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.contrasts import against_target, all_pairs, differences, groups, holm, mover
from analysis.design import survey_design
from analysis.errors import AnalysisError, NegativeVarianceError
from analysis.estimate import Estimate, Options, estimates, whole
from analysis.intervals import t_quantile
from analysis.measures import Composite, Measure, plan
from analysis.ranking import closed_form_sets, marginal_sets, places, ranking, simultaneous_sets
from analysis.raters import PointItem, PointsMethod, Ratings, rater_points
from analysis.reduction import moments_of
from analysis.scores import Scores, rater_scores, scores

CASES = json.loads(
    (Path(__file__).parents[1] / "reference" / "ranking.json").read_text(encoding="utf-8")
)["cases"]
by_id = pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])


def survey(shares: dict[str, tuple[int, int]]):
    """Agencies with (satisfied, asked); each is a stratum of its own."""
    agency = np.concatenate([[name] * n for name, (_, n) in shares.items()])
    answer = np.concatenate([np.r_[np.ones(y), np.zeros(n - y)] for y, n in shares.values()])
    design = survey_design(np.ones(agency.size), strata=agency, lonely_psu="adjust")
    layout = plan([Measure("q")])
    return moments_of(design, layout, {"q": answer}, agency), layout


@by_id
def test_sets_of_places_equal_csranks(case: dict) -> None:
    x, covariance = np.array(case["estimate"]), np.diag(np.array(case["se"]) ** 2)
    rng = np.random.default_rng(20241120)
    got = {
        "csranks_simultaneous": simultaneous_sets(x, covariance, 0.95, rng, 20_000),
        "csranks_marginal": marginal_sets(x, covariance, 0.95, rng, 20_000),
    }
    for name, (best, worst) in got.items():
        expected = case[name]
        stable = np.array(expected["stable"])
        slack = np.where(stable, 0, 1)  # where the bootstrap itself wavers
        assert np.all(best >= np.array(expected["L_min"]) - slack)
        assert np.all(best <= np.array(expected["L_max"]) + slack)
        assert np.all(worst >= np.array(expected["U_min"]) - slack)
        assert np.all(worst <= np.array(expected["U_max"]) + slack)


@by_id
@pytest.mark.parametrize(("name", "level"), [("independence_95", 0.95), ("independence_90", 0.90)])
def test_closed_form_equals_klein_wright_wieczorek(case: dict, name: str, level: float) -> None:
    expected = case["klein_wright_wieczorek"][name]
    best, worst = closed_form_sets(np.array(case["estimate"]), np.array(case["se"]), level)
    assert best.tolist() == expected["lower_rank"]
    assert worst.tolist() == expected["upper_rank"]


@by_id
def test_places_by_score_equal_irank(case: dict) -> None:
    assert places(np.array(case["estimate"]), decimals=12).tolist() == case["point_rank"]


def test_places_are_shared_at_the_published_rounding() -> None:
    assert places(np.array([0.90004, 0.89996, 0.85, 0.91]), decimals=2, factor=100).tolist() == [
        2,
        2,
        4,
        1,
    ]


def test_places_round_as_what_is_published_half_away_from_zero() -> None:
    assert places(np.array([82.125, 82.128]), decimals=2).tolist() == [1, 1]  # both 82.13
    assert places(np.array([85.245, 85.25]), decimals=2).tolist() == [1, 1]  # in binary 85.2449...


def test_holm_equals_r_p_adjust() -> None:
    small = next(case for case in CASES if case["id"] == "eight")["pairwise"]
    assert holm(np.array(small["p"])) == pytest.approx(small["p_holm"], rel=1e-12)


def test_mover_equals_newcombe_for_two_independent_proportions() -> None:
    """Newcombe (1998, Statistics in Medicine 17:873), method 10: 56/70 against 48/80."""
    low, high = mover((56 / 70, 0.6918460, 0.8767402), (48 / 80, 0.4904338, 0.7002862))
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-4)


def test_a_difference_is_decided_exactly_when_zero_lies_outside() -> None:
    moments, layout = survey({"A": (28, 30), "B": (15, 30), "C": (24, 40), "D": (40, 40)})
    got = scores(moments, layout, "q")
    for one in differences(got, all_pairs(got)):
        assert (one.ci[0] > 0 or one.ci[1] < 0) == (one.p < 0.05)
        at_p = next(iter(differences(got, [(one.first, one.second)], 1 - one.p)))
        assert min(abs(at_p.ci[0]), abs(at_p.ci[1])) < 1e-6
        assert one.p <= one.p_holm
    first = differences(got, [("A", "B")])[0]
    assert first.value == pytest.approx(28 / 30 - 0.5)
    assert first.df == 58
    assert first.se == pytest.approx(np.sqrt(28 * 2 / 900 / 29 + 0.25 / 29), rel=1e-9)
    assert differences(got, [("B", "A")])[0].ci == pytest.approx((-first.ci[1], -first.ci[0]))


def test_an_agency_without_a_value_changes_no_limits_of_the_others() -> None:
    """Nobody at C answered item b: C has no index; A and B are compared as without C."""
    rng = np.random.default_rng(21)
    agency = np.repeat(["A", "B", "C"], 40)
    items = {c: (rng.random(120) < 0.9).astype(float) for c in "ab"}
    items["b"][agency == "C"] = np.nan
    layout = plan([Measure("a"), Measure("b")], [Composite("i", ("a", "b"))])
    found = []
    for rows in (agency != "", agency != "C"):
        design = survey_design(np.ones(rows.sum()), strata=agency[rows])
        values = {code: x[rows] for code, x in items.items()}
        moments = moments_of(design, layout, values, agency[rows])
        got = scores(moments, layout, "i")
        assert not got.covariance[np.isnan(got.value)].any()
        found.append(differences(got, [("A", "B")])[0])
        one = estimates(moments, layout, Options(fpc=False)).at("A", "i")
        t = t_quantile(got.df[:1], 0.95)
        assert np.ravel(got.limits(np.array([0]), t)) == pytest.approx(one.ci)
    assert found[0].ci == pytest.approx(found[1].ci)
    assert np.isnan(got.value).sum() == 0


def test_agency_against_the_whole_uses_their_covariance() -> None:
    moments, layout = survey({"A": (90, 100), "B": (60, 100)})
    got = scores(moments, layout, "q")
    names = dict(zip(got.names, range(3), strict=True))
    a, b, every = names["A"], names["B"], names[""]
    v = np.diag(got.covariance)
    assert v[every] == pytest.approx((v[a] + v[b]) / 4)
    assert got.covariance[a, every] == pytest.approx(v[a] / 2)
    one = differences(got, [("A", "")])[0]
    half = differences(got, [("A", "B")])[0]  # A - (A + B)/2 = (A - B)/2
    assert one.value == pytest.approx(half.value / 2)
    assert one.se == pytest.approx(half.se / 2)
    assert one.df == 198
    assert groups(got) == {"A": "above", "B": "below"}


def test_ranking_holds_unanimous_and_apart_agencies() -> None:
    moments, layout = survey(
        {"all": (30, 30), "good": (27, 30), "poor": (12, 30), "few": (9, 9), "mid": (24, 30)}
    )
    ranks = {
        r.name: r for r in ranking(scores(moments, layout, "q"), decimals=2, factor=100, seed=7)
    }
    assert ranks["few"].place is None
    assert ranks["few"].value == 1.0
    assert [ranks[n].place for n in ("all", "good", "mid", "poor")] == [1, 2, 3, 4]
    assert ranks["all"].simultaneous[1] > 1  # unanimity of 30 is no certainty
    assert ranks["poor"].simultaneous == (4, 4)
    assert ranks["poor"].group == "below"
    for rank in ranks.values():
        if rank.place:
            assert (
                rank.simultaneous[0] <= rank.marginal[0] <= rank.marginal[1] <= rank.simultaneous[1]
            )
    again = ranking(scores(moments, layout, "q"), decimals=2, factor=100, seed=7)
    assert again == tuple(ranks.values())


def test_the_practice_data_have_72_decided_pairs() -> None:
    """Counted with normal quantiles on the file's estimates and errors (method, section 4)."""
    from scipy import stats

    case = CASES[0]
    x, se = np.array(case["estimate"]), np.array(case["se"])
    i, j = np.triu_indices(35, 1)
    p = 2 * stats.norm.sf(np.abs(x[i] - x[j]) / np.hypot(se[i], se[j]))
    assert (holm(p) < 0.05).sum() == case["pairwise"]["n_sig_holm"] == 72


def test_scores_of_raters_compare_with_their_mean() -> None:
    rng = np.random.default_rng(9)
    mood = rng.normal(size=60)
    level = np.clip(
        np.round(1.6 + mood[:, None] + [1.0, 0.3, 0.3] + rng.normal(0, 0.4, (60, 3))), 0, 3
    )
    percent = np.array([0.0, 20.0, 60.0, 100.0])[level.astype(int)].ravel()
    data = Ratings(
        np.repeat(np.arange(60), 3), np.tile(["A", "B", "C"], 60), np.full(180, "g"), {"q": percent}
    )
    points = rater_points(data, PointsMethod((PointItem("q", 5.0),)), Options(fpc=False))
    got = rater_scores(points)
    assert got.value[3] == pytest.approx(points.table.value[:, -1].mean())
    assert got.covariance[3, 3] == pytest.approx(points.covariance.mean())
    pair = differences(got, [("A", "B")])[0]
    alone = np.sqrt(points.covariance[0, 0] + points.covariance[1, 1])
    assert pair.se < 0.7 * alone  # the same raters: their moods cancel
    assert pair.df == 59
    assert groups(got)["A"] == "above"
    assert len(ranking(got, decimals=2, seed=1)) == 3


def test_pairwise_covariances_of_raters_become_those_of_one_draw() -> None:
    """Twelve raters with six of eight agencies each: their covariances contradict one another."""
    rng = np.random.default_rng(0)
    rows = [(r, a) for r in range(12) for a in rng.permutation(8)[:6]]
    who, agency = np.array(rows).T
    mood = rng.normal(size=12)[who]
    level = np.clip(np.round(1.5 + mood + rng.normal(0, 0.3, who.size)), 0, 3).astype(int)
    percent = {"q": np.array([0.0, 20.0, 60.0, 100.0])[level]}
    data = Ratings(who, agency, np.full(who.size, "g"), percent)
    points = rater_points(data, PointsMethod((PointItem("q", 5.0),)), Options(fpc=False))
    assert np.linalg.eigvalsh(points.covariance)[0] < -0.01 * points.covariance.trace()
    got = rater_scores(points)
    assert np.linalg.eigvalsh(got.covariance)[0] > -1e-12
    assert np.diag(got.covariance)[:-1] == pytest.approx(np.diag(points.covariance))
    share = np.full(8, 1 / 8)
    assert got.covariance[8, 8] == pytest.approx(share @ got.covariance[:8, :8] @ share)


def test_a_negative_variance_is_an_error_and_not_a_zero() -> None:
    moments, layout = survey({"A": (20, 30), "B": (25, 30), "C": (15, 30)})
    got = scores(moments, layout, "q")
    wrong = got.covariance.copy()
    wrong[0, 1] = wrong[1, 0] = wrong[0, 0] + wrong[1, 1]
    with pytest.raises(NegativeVarianceError, match="variance: must not be negative"):
        differences(replace(got, covariance=wrong), [("A", "B")])
    with pytest.raises(NegativeVarianceError, match="no negative eigenvalue"):
        simultaneous_sets(got.value[:3], wrong[:3, :3], 0.95, np.random.default_rng(1), 100)


def test_the_mean_of_agencies_is_capped_by_what_a_rating_is_worth() -> None:
    """Raters who are generous to one agency and strict to the other cancel in the mean."""
    strict = np.arange(20) % 2 * 40.0
    percent = {"q": np.r_[60.0 + strict, 100.0 - strict]}
    percent["q"][0] = 20.0
    agency = np.repeat(["A", "B"], 20)
    data = Ratings(np.tile(np.arange(20), 2), agency, np.full(40, "g"), percent)
    points = rater_points(data, PointsMethod((PointItem("q", 5.0),)), Options(fpc=False))
    got = rater_scores(points)
    p, variance = got.value[2] / 5, got.covariance[2, 2] / 25
    assert p * (1 - p) / variance > 4 * 40
    table = points.table
    shares, spread = table.value[:, -1] / 5, np.diag(points.covariance) / 25
    c = np.sum(20 * shares * (1 - shares)) / np.sum(400 * spread)
    assert got.size[2] == pytest.approx(c * 40)


@settings(derandomize=True, max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000))
def test_mover_covers_the_difference_of_two_composites(seed: int) -> None:
    """Correlated composites of one design: the interval holds the estimate and shrinks with n."""
    rng = np.random.default_rng(seed)
    sizes = []
    for n in (40, 400):
        person = rng.random(n)
        items = {c: (rng.random(n) < 0.5 + 0.4 * person).astype(float) for c in "abc"}
        layout = plan([Measure(c) for c in items], [Composite("i", tuple(items))])
        design = survey_design(np.ones(n), lonely_psu="adjust")
        got = scores(
            moments_of(design, layout, items, np.array(["x", "y"])[np.arange(n) % 2]), layout, "i"
        )
        one = differences(got, [("x", "y")])[0]
        assert one.ci[0] < one.value < one.ci[1]
        sizes.append(one.ci[1] - one.ci[0])
    assert sizes[1] < sizes[0]


def test_targets_are_reached_missed_or_open() -> None:
    one = Estimate(0.85, 0.01, (0.83, 0.87), 0.95, 99, 100, 100.0, 1.0, "wilson", "ok")
    assert [against_target(one, t) for t in (0.83, 0.85, 0.88)] == [
        "reached",
        "undecided",
        "missed",
    ]
    assert (
        against_target(Estimate(1.0, None, None, 0.95, 0, 1, None, None, "none", "small"), 0.9)
        is None
    )


def test_what_cannot_be_compared_is_refused() -> None:
    moments, layout = survey({"A": (20, 30), "B": (5, 9)})
    got = scores(moments, layout, "q")
    with pytest.raises(AnalysisError, match="too few answers"):
        differences(got, [("A", "B")])
    with pytest.raises(AnalysisError, match="level: must be above 0 and below 1"):
        differences(got, [("A", "")], level=95)
    with pytest.raises(AnalysisError, match="not among"):
        differences(got, [("A", "Z")])
    with pytest.raises(AnalysisError, match="at least two"):
        ranking(got, decimals=2, seed=1)
    assert isinstance(got, Scores)
    table = estimates(moments, layout, Options(fpc=False))
    assert whole(moments, layout).at("", "q").n == table.n.sum()


@pytest.mark.slow
def test_simultaneous_sets_cover_all_true_places_jointly() -> None:
    rng = np.random.default_rng(11)
    truth = np.array([0.0, 0.0, 0.5, 1.0, 2.0])
    best = np.array([1 + (truth > t).sum() for t in truth])
    worst = np.array([(truth >= t).sum() for t in truth])
    hits = 0
    for _ in range(300):
        x = truth + rng.normal(0, 0.4, 5)
        low, high = simultaneous_sets(x, np.eye(5) * 0.16, 0.95, rng, 1000)
        hits += bool(np.all((low <= best) & (high >= worst)))
    assert hits / 300 >= 0.93
