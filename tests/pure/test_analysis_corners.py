"""Corner cases of intervals and flags, and what a design refuses."""

import numpy as np
import pytest

from analysis.design import survey_design
from analysis.errors import AnalysisError, DesignError, LonelyPsuError, MeasureError
from analysis.estimate import Estimate, Options, estimates, whole
from analysis.intervals import METHODS, t_quantile
from analysis.labels import as_labels
from analysis.measures import Composite, Measure, plan
from analysis.presentation import ALL_EQUAL, NO_DF, NOBODY
from analysis.reduction import chunk_moments, merged, moments_of


def share_of(yes: int, n: int, pop_size: int | None = None, **options) -> Estimate:
    answers = np.r_[np.ones(yes), np.zeros(n - yes)]
    sizes = [] if pop_size is None else [np.full(n, pop_size)]
    design = survey_design(np.ones(n), pop_size=sizes, lonely_psu="adjust")
    layout = plan([Measure("q")])
    return whole(moments_of(design, layout, {"q": answers}), layout, Options(**options)).at("", "q")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [12, 40])
def test_unanimity_without_a_census_has_wilsons_limits_whatever_the_method(
    method: str, n: int
) -> None:
    t = float(t_quantile(np.array([n - 1.0]), 0.95)[0])
    one = share_of(n, n, pop_size=1000, method=method)
    assert one.ci == pytest.approx((n / (n + t**2), 1.0), rel=1e-12)
    assert (one.se, one.method, one.flag) == (0.0, "wilson", "degenerate")
    none = share_of(0, n, pop_size=1000, method=method)
    assert none.ci == pytest.approx((0.0, t**2 / (n + t**2)), rel=1e-12)


def test_a_census_is_its_own_interval_and_never_flagged() -> None:
    one = share_of(7, 9, pop_size=9)
    assert (one.se, one.ci, one.flag, one.method) == (0.0, (7 / 9, 7 / 9), "census", "census")
    single = share_of(1, 1, pop_size=1)
    assert (single.ci, single.flag) == ((1.0, 1.0), "census")
    agency = share_of(7, 9, pop_size=9, fpc=False)  # about the way it works, not these people
    assert agency.se > 0
    assert agency.flag == "small"


def test_all_asked_but_one_who_did_not_answer_is_no_census() -> None:
    answers = np.r_[np.ones(7), np.zeros(2), np.nan]
    design = survey_design(np.ones(10), pop_size=[np.full(10, 10)])
    layout = plan([Measure("q")])
    one = whole(moments_of(design, layout, {"q": answers}), layout).at("", "q")
    assert one.ci[0] < one.value < one.ci[1]
    assert one.flag == "small"


def test_all_villages_but_not_all_households_are_no_census() -> None:
    """The households of a village are unknown in number: their sampling error is, too."""
    village, household = np.repeat(np.arange(6), 8), np.tile(np.arange(8), 6)
    answers = {"q": (np.arange(48) % 5 > 0).astype(float)}
    layout = plan([Measure("q")])
    both = survey_design(np.ones(48), psu=[village, household], pop_size=[np.full(48, 6)])
    one = whole(moments_of(both, layout, answers), layout).at("", "q")
    assert one.flag == "degenerate"
    assert one.ci[0] < one.value < one.ci[1]
    halves = [
        chunk_moments(both.rows(part), layout, {"q": answers["q"][part]}, as_labels(np.zeros(n)))
        for part, n in ((slice(0, 20), 20), (slice(20, None), 28))
    ]
    assert whole(merged(*halves), layout).at("", "q").ci == pytest.approx(one.ci)
    everybody = survey_design(np.ones(48), psu=[village], pop_size=[np.full(48, 6)])
    assert whole(moments_of(everybody, layout, answers), layout).at("", "q").flag == "census"


def test_without_degrees_of_freedom_there_is_no_interval() -> None:
    one = share_of(1, 1, pop_size=5)
    assert (one.value, one.se, one.ci, one.df, one.reason) == (1.0, None, None, 0, NO_DF)


def test_zero_variance_between_zero_and_one_is_not_certainty() -> None:
    """Every village half satisfied: no variance between villages, and yet no certainty."""
    villages = np.repeat(np.arange(12), 4)
    answers = np.tile([1.0, 1.0, 0.0, 0.0], 12)
    design = survey_design(np.ones(48), psu=[villages])
    layout = plan(
        [Measure("q"), Measure("m", "mean"), Measure("b", "mean", bounds=(1.0, 5.0))],
        [Composite("c", ("q",))],
    )
    got = whole(
        moments_of(design, layout, {"q": answers, "m": answers, "b": 1 + 4 * answers}), layout
    )
    one = got.at("", "q")
    t = float(t_quantile(np.array([11.0]), 0.95)[0])
    half = t / (1 + t**2 / 48) * np.sqrt(0.25 / 48 + t**2 / (4 * 48**2))
    assert one.ci == pytest.approx((0.5 - half, 0.5 + half), rel=1e-12)
    assert (one.flag, one.n_eff) == ("degenerate", 48)
    assert got.at("", "c").ci == pytest.approx(one.ci)
    mean = got.at("", "m")
    assert (mean.se, mean.ci, mean.reason) == (0.0, None, ALL_EQUAL)
    assert got.at("", "b").ci == pytest.approx((1 + 4 * one.ci[0], 1 + 4 * one.ci[1]))


def test_a_composite_is_capped_by_what_a_respondent_is_worth_elsewhere() -> None:
    """Ten answers per person that all agree are worth one, also where all happen to agree."""
    rng = np.random.default_rng(3)
    agency = np.repeat([f"A{i:02d}" for i in range(20)], 15)
    happy = rng.random(300) < 0.9
    happy[agency == "A00"] = True
    happy[0] = False
    person = np.where(happy, 1.0, 0.0)
    items = {f"q{i}": person.copy() for i in range(10)}
    items["q0"][agency == "A00"] = 1.0  # one answer differs: the variance is tiny, not zero
    items = {code: np.where(agency == "A00", 1.0, x) for code, x in items.items()}
    items["q9"][0] = 0.0
    design = survey_design(np.ones(300), strata=agency)
    layout = plan([Measure(code) for code in items], [Composite("index", tuple(items))])
    moments = moments_of(design, layout, items, agency)
    one = estimates(moments, layout).at("A00", "index")
    t = float(t_quantile(np.array([14.0]), 0.95)[0])
    assert one.value == pytest.approx(1 - 1 / 150)
    naive = one.value * (1 - one.value) / one.se**2
    assert naive > 100
    limit = 15 * 1.2  # c is about 1 here: answers of a person all agree
    centre = (one.value + t**2 / (2 * limit)) / (1 + t**2 / limit)
    assert one.ci[0] < centre - 0.05


@pytest.mark.parametrize(
    ("yes", "n", "flag"),
    [(180, 200, "ok"), (25, 29, "low"), (8, 9, "small"), (15, 40, "low"), (100, 200, "ok"), (4, 60, "low")],
)  # fmt: skip
def test_flags_follow_the_nchs_standards(yes: int, n: int, flag: str) -> None:
    """15 of 40: interval 0.31 wide; 4 of 60: interval wider than 130 % of the share."""
    assert share_of(yes, n).flag == flag


def test_very_unequal_strata_are_flagged() -> None:
    rng = np.random.default_rng(4)
    strata = np.repeat(["big", "small"], [6, 394])
    weight = np.where(strata == "big", 1000.0, 1.0)
    design = survey_design(weight, strata=strata)
    layout = plan([Measure("q")])
    one = whole(
        moments_of(design, layout, {"q": (rng.random(400) < 0.7).astype(float)}), layout
    ).at("", "q")
    assert one.df == 398
    assert one.flag == "low"


def test_a_domain_with_nobody_and_an_item_without_answers_are_null() -> None:
    design = survey_design(np.ones(4), lonely_psu="adjust")
    layout = plan(
        [Measure("a"), Measure("b")],
        [Composite("c", ("a", "b")), Composite("r", ("a", "b"), unanswered="renormalise")],
    )
    values = {"a": [1, 0, 1, 1], "b": [np.nan, np.nan, 1, 0]}
    got = estimates(moments_of(design, layout, values, ["x", "x", "y", "y"]), layout)
    assert (got.at("x", "b").value, got.at("x", "b").reason, got.at("x", "b").flag) == (
        None,
        NOBODY,
        "none",
    )
    assert got.at("x", "c").reason == "Không ai trả lời câu b."
    assert got.at("x", "r").value == 0.5
    assert got.at("y", "c").value == 0.75
    assert (got.at("z", "a").value, got.at("z", "a").reason) == (None, NOBODY)


def test_scores_move_to_another_scale() -> None:
    one = share_of(30, 40)
    scaled = one.scaled(25, -25)
    assert scaled.value == pytest.approx(25 * one.value - 25)
    assert scaled.se == pytest.approx(25 * one.se)
    assert scaled.ci == pytest.approx((25 * one.ci[0] - 25, 25 * one.ci[1] - 25))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"weight": [1, -1]}, DesignError, r"weight.*row 2: -1"),
        ({"weight": [1, np.nan]}, DesignError, r"weight.*row 2: nan"),
        ({"weight": []}, DesignError, "weight"),
        ({"weight": [1, 1], "strata": ["a", ""]}, DesignError, "strata.*row 2 is empty"),
        ({"weight": [1, 1], "strata": ["a"]}, DesignError, "strata.*must hold 2 labels"),
        ({"weight": [1, 1], "pop_size": [[5, np.nan]]}, DesignError, r"pop_size\[0\].*row 2: nan"),
        ({"weight": [1, 1], "pop_size": [[5, 6]]}, DesignError, "must not vary"),
        ({"weight": [1, 1], "pop_size": [[1, 1]]}, DesignError, "must not be smaller"),
        ({"weight": [1, 1], "pop_size": [[5, 5], [5, 5]]}, DesignError, "one column per stage"),
        ({"weight": [1, 1], "strata": ["a", "b"]}, LonelyPsuError, "found a, b"),
        ({"weight": [1, 1], "lonely_psu": "ignore"}, DesignError, "must be one of"),
        ({"weight": [1, 1, 1], "psu": [[1, 1, 2], [1, 2, 3]], "pop_size": [[9] * 3, [4, 4, 4]]}, LonelyPsuError, "/ 2"),
    ],
)  # fmt: skip
def test_a_wrong_design_is_refused_with_argument_and_value(
    arguments: dict, error: type, match: str
) -> None:
    with pytest.raises(error, match=match):
        survey_design(**arguments)


def test_notes_name_repeated_units_and_a_missing_correction() -> None:
    design = survey_design([1, 1, 1, 1], strata=["a", "a", "b", "b"], psu=[[1, 2, 1, 3]])
    assert "trùng tên giữa các nhóm (1)" in design.notes[0]
    assert "không hiệu chỉnh tổng thể hữu hạn" in design.notes[1]
    two = survey_design([1, 1, 1, 1], psu=[[1, 1, 2, 2], [1, 2, 1, 2]], pop_size=[[9] * 4])
    assert two.notes[-1] == "Chỉ tính phương sai của 1 cấp chọn mẫu đầu tiên."


@pytest.mark.parametrize(
    ("measures", "composites", "match"),
    [
        ([], [], "at least one"),
        ([Measure("a"), Measure("a")], [], "used once"),
        ([Measure("a")], [Composite("c", ("b",))], "items must be measures"),
        (
            [Measure("a"), Measure("b", "mean")],
            [Composite("c", ("a", "b"))],
            "all shares or all means",
        ),
        ([Measure("a")], [Composite("c", ("a",), (1.0, 2.0))], "one weight per item"),
        ([Measure("a")], [Composite("c", ("a",), (-1.0,))], "at least 0"),
        ([Measure("a", "ratio")], [], "denominator"),
    ],
)
def test_wrong_measures_are_refused(measures: list, composites: list, match: str) -> None:
    with pytest.raises(MeasureError, match=match):
        plan(measures, composites)


@pytest.mark.parametrize("psu", [[], [[1, 2, 3]]])
def test_a_share_of_scores_is_refused(psu: list) -> None:
    """Scores 1 to 5 given as a share would come out as a share of 400 %."""
    design = survey_design(np.ones(3), psu=psu)
    layout = plan([Measure("q")])
    with pytest.raises(MeasureError, match=r"q: values of a share are 0 or 1.*found 4"):
        moments_of(design, layout, {"q": [1, 4, np.nan]})


def test_wrong_options_are_refused() -> None:
    with pytest.raises(AnalysisError, match="level"):
        Options(level=95)
    with pytest.raises(AnalysisError, match="method"):
        Options(method="clopper")
