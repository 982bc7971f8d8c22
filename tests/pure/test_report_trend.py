"""An index over the years: what its content refuses, and what may be joined."""

import math

import pytest

from analysis.report import Interval, Missing, ReportError
from analysis.trend import TrendFigure, TrendPoint, TrendSeries, TrendTarget, differences

HIDDEN = Missing("dưới 10")


def series(method="sipas 2", publisher="Bộ", population="hộ", points=None, targets=()):
    shown = (TrendPoint(2023, 82.66, "document"),) if points is None else points
    return TrendSeries(publisher, population, method, shown, targets)


def figure(*held) -> TrendFigure:
    return TrendFigure("xu-huong", "Chỉ số", "%", "Đọc.", held)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: TrendPoint(2023, 82.0, "document", Interval(80, 84)),  # none was published
        lambda: TrendPoint(2023, HIDDEN, "run", Interval(80, 84)),
        lambda: TrendPoint(2023, 90.0, "run", Interval(80, 84)),
        lambda: TrendPoint(2023, math.nan, "run"),
        lambda: TrendPoint(2023, 82.0, "rumour"),
        lambda: TrendPoint(2023, 82.0, "run", flag="weak"),
        lambda: series(points=()),
        lambda: series(points=(TrendPoint(2024, 1.0, "run"), TrendPoint(2023, 1.0, "run"))),
        lambda: series(targets=(TrendTarget(2025, math.inf),)),
        lambda: figure(),
        lambda: figure(series(), series()),
        lambda: figure(series(), series(publisher="Tỉnh"), series("sipas 1")),
    ],
)
def test_content_that_contradicts_itself_is_refused(wrong) -> None:
    with pytest.raises(ReportError):
        wrong()


def test_a_line_never_bridges_a_gap() -> None:
    years = {2020: 80.0, 2021: 81.0, 2022: HIDDEN, 2023: 83.0, 2024: 84.0}
    held = series(points=tuple(TrendPoint(y, v, "run") for y, v in years.items()))

    assert [(a.year, b.year) for a, b in held.joined()] == [(2020, 2021), (2023, 2024)]
    assert held.extent() == (80.0, 81.0, 83.0, 84.0)


def test_figures_of_one_year_are_never_joined_and_the_run_speaks_for_its_year() -> None:
    known = [
        (2022, "document"),
        (2023, "document"),
        (2023, "run"),
        (2023, "document"),
        (2024, "run"),
    ]
    points = tuple(
        TrendPoint(year, 80.0 + place, source) for place, (year, source) in enumerate(known)
    )
    first, early, own, late, last = points
    held = series(points=points)

    assert list(held.joined()) == [(first, own), (own, last)]
    assert held.before(last) is own
    assert [held.before(each) for each in (early, own, late)] == [first] * 3
    assert held.before(first) is None


def test_series_share_an_axis_only_inside_one_publisher_and_population() -> None:
    old, new, other = series("sipas 1"), series("sipas 2"), series(publisher="Tỉnh")

    assert figure(old, new, other).panels() == ((old, new), (other,))
    assert differences(old, new) == ("method_version",)
    assert differences(new, other) == ("publisher",)
    assert differences(old, series(population="hồ sơ")) == ("population", "method_version")


def test_a_target_alone_is_a_series_with_its_year() -> None:
    held = series(points=(), targets=(TrendTarget(2025, 85.25),))

    assert held.years == (2025, 2025)
    assert held.extent() == (85.25,)
