"""The content types of a report refuse what would print as nonsense."""

import math

import pytest

from analysis.report import (
    Axis,
    Box,
    Column,
    Interval,
    IntervalFigure,
    IntervalRow,
    Missing,
    Paragraph,
    Reference,
    Report,
    ReportError,
    ReportTable,
    Section,
)

NAME = Column("agency", "Cơ quan", "text")
SHARE = Column("share", "Tỷ lệ hài lòng", "percent")
COUNT = Column("n", "Số phiếu", "count")


def report(*blocks, annexes=()):
    return Report(
        code="bao-cao",
        title="Kết quả khảo sát",
        agency=("Sở Nội vụ",),
        place="Bình Định",
        sections=(Section("Kết quả", blocks),),
        annexes=annexes,
        simulated=True,
    )


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", "Sở Y tế", 3),
        ("code", "007", 7),
        ("count", 1148, 11.5),
        ("count", 0, True),
        ("percent", 82.7, "82,7%"),
        ("percent", 82, math.nan),
        ("points", -0.5, math.inf),
        ("interval", Interval(79.1, 85.3), 82.0),
        ("flag", "low", "weak"),
    ],
)
def test_a_cell_must_be_of_the_kind_of_its_column(kind, good, bad) -> None:
    column = Column("x", "Cột", kind)

    ReportTable("bang", "Bảng", (column,), ((good,), (Missing("ít phiếu"),)))

    with pytest.raises(ReportError, match=r"table bang, row 1, column x"):
        ReportTable("bang", "Bảng", (column,), ((good,), (bad,)))


def test_a_cell_without_a_value_needs_its_reason() -> None:
    with pytest.raises(ReportError, match="reason"):
        Missing("  ")
    with pytest.raises(ReportError, match="None is not a value"):
        ReportTable("bang", "Bảng", (SHARE,), ((None,),))


def test_a_row_has_one_cell_per_column() -> None:
    with pytest.raises(ReportError, match="1 cells for 2 columns"):
        ReportTable("bang", "Bảng", (NAME, SHARE), (("Sở Y tế",),))


@pytest.mark.parametrize("columns", [(), (NAME, NAME)])
def test_columns_are_there_and_differ(columns) -> None:
    with pytest.raises(ReportError, match="columns must be there and differ"):
        ReportTable("bang", "Bảng", columns, ())


def test_summary_rows_are_rows_of_the_table() -> None:
    with pytest.raises(ReportError, match=r"no such rows \[1\]"):
        ReportTable("bang", "Bảng", (NAME,), (("Toàn tỉnh",),), summary_rows=frozenset({1}))


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (math.nan, 1.0), (0.0, math.inf)])
def test_an_interval_has_finite_limits_in_order(low, high) -> None:
    with pytest.raises(ReportError, match="not an interval"):
        Interval(low, high)


def test_a_value_lies_in_its_interval() -> None:
    with pytest.raises(ReportError, match="outside"):
        IntervalRow("Sở Y tế", 90.0, Interval(70, 80))


def test_a_missing_value_has_no_interval() -> None:
    with pytest.raises(ReportError, match="interval without a value"):
        IntervalRow("Sở Y tế", Missing("dưới 10 phiếu"), Interval(70, 80))


def test_nothing_is_drawn_outside_a_given_axis() -> None:
    row = IntervalRow("Sở Y tế", 75.0, Interval(70, 80))
    IntervalFigure("hinh", "Hình", "%", "", (row,), axis=Axis(70, 80, 5))
    with pytest.raises(ReportError, match=r"figure hinh, axis: 70 is outside 75 to 100"):
        IntervalFigure("hinh", "Hình", "%", "", (row,), axis=Axis(75, 100, 5))


def test_the_extent_holds_the_reference_and_passes_over_missing_values() -> None:
    rows = (IntervalRow("A", 75.0, Interval(70, 80)), IntervalRow("B", Missing("ít phiếu")))
    figure = IntervalFigure(
        "hinh", "Hình", "%", "", rows, reference=Reference("Toàn tỉnh", 82.0, Interval(60, 85))
    )

    assert (min(figure.extent()), max(figure.extent())) == (60, 85)


def test_a_report_numbers_tables_and_pictures_in_the_order_of_reading() -> None:
    first, boxed, last = (ReportTable(code, code, (COUNT,), ()) for code in ("a", "b", "c"))
    figure = IntervalFigure("d", "Hình", "%", "", ())
    whole = report(
        Paragraph("Mở đầu"),
        first,
        figure,
        Box("Bộ Nội vụ", table=boxed),
        annexes=(Section("Phụ lục", (last,)),),
    )

    assert whole.tables() == (first, boxed, last)
    assert whole.figures() == (figure,)


def test_a_code_is_used_once() -> None:
    table = ReportTable("a", "Bảng", (COUNT,), ())
    with pytest.raises(ReportError, match=r"used twice: \['a'\]"):
        report(table, IntervalFigure("a", "Hình", "%", "", ()))


def test_a_code_is_fit_for_file_names() -> None:
    with pytest.raises(ReportError, match="is not made of"):
        ReportTable("../a", "Bảng", (COUNT,), ())
