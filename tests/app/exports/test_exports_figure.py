"""The picture: what it shows, that nothing is cut, and its SVG."""

import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.graphics.shapes import Polygon

from analysis.report import Axis, Column, Interval, IntervalFigure, IntervalRow, Missing, Reference
from surveyapp.exports.axis import mark_decimals, marks, round_axis
from surveyapp.exports.drawing import drawing
from surveyapp.exports.face import width
from surveyapp.exports.figure import Band, Line, Look, Mark, Word
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pictures import pictures
from surveyapp.exports.svg import figure_svg

SVG = "{http://www.w3.org/2000/svg}"
LOOK = Look(460, 9.5)
LONG = "Ban Quản lý Dự án đầu tư xây dựng các công trình dân dụng và phát triển hạ tầng " * 2


def drawn(figure, look=LOOK, **more):
    return pictures(figure, look, NumberStyle(), simulated=False, **more)


def shapes(figure, kind, role=None):
    found = [shape for part in drawn(figure) for shape in part.shapes if isinstance(shape, kind)]
    return [shape for shape in found if role is None or shape.role == role]


def texts(figure) -> str:
    return " ".join(word.text for word in shapes(figure, Word))


def single(row: IntervalRow, **more) -> IntervalFigure:
    return IntervalFigure("h", "Hình", "%", "Đọc.", (row,), **more)


def test_dot_and_interval_stand_at_their_values() -> None:
    figure = single(IntervalRow("A", 75.0, Interval(60, 85)), axis=Axis(50, 100, 10))
    grid = [line.x1 for line in shapes(figure, Line, "grid")]
    (interval,), (mark,) = shapes(figure, Line, "interval"), shapes(figure, Mark, "mark")

    assert len(grid) == 6
    per_point = (grid[-1] - grid[0]) / 50
    assert mark.x == pytest.approx(grid[0] + 25 * per_point)
    assert interval.x1 == pytest.approx(grid[0] + 10 * per_point)
    assert interval.x2 == pytest.approx(grid[0] + 35 * per_point)


@pytest.mark.parametrize(
    ("flag", "hollow"), [("ok", False), ("low", True), ("small", True), ("census", False)]
)
def test_an_unsure_value_is_hollow_and_dotted(flag, hollow) -> None:
    figure = single(IntervalRow("A", 75.0, Interval(60, 85), flag=flag))
    (interval,) = shapes(figure, Line, "interval")

    assert shapes(figure, Mark)[0].hollow is hollow
    assert bool(interval.dash) is hollow
    assert ("chưa đủ tin cậy" in texts(figure)) is hollow


@pytest.mark.parametrize(
    ("tone", "shape", "words"),
    [("neutral", "dot", None), ("above", "up", "cao hơn"), ("below", "down", "thấp hơn")],
)
def test_a_clear_difference_is_told_by_shape_and_words_too(tone, shape, words) -> None:
    figure = single(IntervalRow("A", 75.0, Interval(60, 85), tone=tone))

    assert shapes(figure, Mark)[0].shape == shape
    assert ("rõ rệt" in texts(figure)) is (words is not None)
    assert words is None or words in texts(figure)


def test_the_reference_has_a_name_a_line_and_a_band() -> None:
    row = IntervalRow("A", 75.0, Interval(60, 95))
    figure = single(row, reference=Reference("Toàn tỉnh", 82.7, Interval(80, 85)))
    band, line = shapes(figure, Band)[0], shapes(figure, Line, "reference")[0]

    assert "Toàn tỉnh 82,7%" in texts(figure)
    assert band.x < line.x1 < band.x + band.width


def test_an_agency_without_a_value_is_listed_with_its_reason() -> None:
    reason = Missing("không đo lường vì có bí mật nhà nước")
    row = IntervalRow("Sở X", reason, cells=(reason, 4))
    columns = (Column("a", "Hạng", "count"), Column("n", "Số phiếu", "count"))
    figure = single(row, columns=columns)

    assert "Sở X" in texts(figure)
    assert texts(figure).count("bí mật nhà nước") == 1
    assert not shapes(figure, Mark)


def test_the_conducting_agency_is_marked() -> None:
    assert "Sở Nội vụ (thực hiện khảo sát)" in texts(
        single(IntervalRow("Sở Nội vụ", 80.0, conducting=True))
    )


@pytest.mark.parametrize("look", [LOOK, Look(1068, 14, 1.24), Look(640, 14, 1.24)])
@pytest.mark.parametrize("name", ["Sở Y tế", LONG, "Z" * 120])
@pytest.mark.parametrize("cells", [(), (LONG,), ("12" * 20, "1-5", "Rất dài dòng", "9")])
def test_nothing_is_cut_and_no_texts_overlap(look, name, cells) -> None:
    columns = tuple(Column(f"c{n}", "Khoảng thứ hạng", "text") for n in range(len(cells)))
    rows = tuple(IntervalRow(name, 70.0 + n, Interval(60, 99.5), cells=cells) for n in range(3))
    figure = IntervalFigure(
        "h", "H", "%", "Đọc.", rows, columns=columns, reference=Reference(LONG, 98)
    )
    (part,) = drawn(figure, look)

    boxes = []
    for word in (shape for shape in part.shapes if isinstance(shape, Word)):
        wide = width(word.text, word.size, bold=word.bold) * look.scale
        left = word.x - {"start": 0, "middle": wide / 2, "end": wide}[word.anchor]
        assert left >= -0.01
        assert left + wide <= look.width + 0.01
        assert word.size <= word.y <= part.height
        boxes.append((left, word.y - word.size * 0.7, left + wide, word.y))
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart = (
                one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            )
            assert apart, (one, other)


def test_height_grows_with_the_rows(make_figure) -> None:
    heights = [drawn(make_figure(size))[0].height for size in (0, 1, 10, 60)]
    assert heights == sorted(set(heights))


def test_parts_hold_every_row_once_on_one_axis(make_figure) -> None:
    parts = drawn(make_figure(60), max_height=500)

    assert len(parts) > 1
    assert all(part.height <= 500 for part in parts)
    assert [row for part in parts for row in range(*part.rows)] == list(range(60))
    counts = [part.rows[1] - part.rows[0] for part in parts]
    assert max(counts) - min(counts) <= 3
    axes = [
        [w.text for w in part.shapes if isinstance(w, Word) and w.text.endswith("0%")]
        for part in parts
    ]
    assert all(axis == axes[0] for axis in axes)


@given(st.floats(-1e4, 1e4), st.floats(0, 1e4))
def test_a_round_axis_holds_its_values_and_has_few_marks(low, span) -> None:
    axis = round_axis(low, low + span, (-float("inf"), float("inf")))
    slack = 1e-6 * max(1.0, abs(low) + span)

    assert axis.low - slack <= low
    assert low + span <= axis.high + slack
    assert 2 <= len(marks(axis)) <= 10


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (57.2, 95.8, Axis(50, 100, 10)),
        (81.0, 83.5, Axis(81, 84, 1)),
        (2.0, 99.5, Axis(0, 100, 20)),
        (100, 100, Axis(99, 100, 1)),
        (0, 0, Axis(0, 0.2, 0.2)),
    ],
)
def test_an_axis_of_shares_is_round_and_stays_between_0_and_100(low, high, wanted) -> None:
    assert round_axis(low, high, (0, 100)) == wanted


def test_marks_show_the_places_they_need() -> None:
    assert [mark_decimals(Axis(0, 1, step)) for step in (1, 0.5, 0.25, 0.2)] == [0, 1, 2, 1]
    assert mark_decimals(Axis(0, 100, 20)) == 0


def test_the_svg_is_a_complete_picture_for_eyes_and_ears(make_figure) -> None:
    text = figure_svg(make_figure(13), NumberStyle(), simulated=True)
    root = ET.fromstring(text)  # noqa: S314  our own output

    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    named = root.get("aria-labelledby").split()
    assert [root.find(f"{SVG}title").get("id"), root.find(f"{SVG}desc").get("id")] == named
    told = root.find(f"{SVG}desc").text
    assert "Sở Nông nghiệp và Phát triển nông thôn số 1: 92,0%" in told
    assert "không đo lường" in told
    assert "SỐ LIỆU MÔ PHỎNG" in told
    assert "style" not in {name for element in root.iter() for name in element.attrib}
    assert not {element.tag for element in root.iter()} & {
        f"{SVG}style",
        f"{SVG}script",
        f"{SVG}image",
    }
    assert "href" not in text
    assert text.count("http") == 1  # the name space


def test_the_stamp_is_in_pictures_of_practice_data_only(make_figure) -> None:
    real = figure_svg(make_figure(5), NumberStyle(), simulated=False)
    assert "MÔ PHỎNG" not in real
    assert "MÔ PHỎNG" in figure_svg(make_figure(5), NumberStyle(), simulated=True)


def test_names_cannot_break_out_of_the_svg() -> None:
    figure = single(IntervalRow('<script>"&\x00', 80.0))
    root = ET.fromstring(figure_svg(figure, NumberStyle(), simulated=False))  # noqa: S314  our own output
    assert '<script>"&' in [element.text for element in root.iter(f"{SVG}text")]


def test_the_same_figure_gives_the_same_svg(make_figure) -> None:
    figure = make_figure(60)
    one = io.StringIO(figure_svg(figure, NumberStyle(), simulated=True)).getvalue()
    assert one == figure_svg(replace(figure), NumberStyle(), simulated=True)


@pytest.mark.parametrize(("tone", "up"), [("above", True), ("below", False)])
def test_triangles_point_the_right_way_in_the_svg_and_in_the_pdf(tone, up) -> None:
    figure = single(IntervalRow("A", 75.0, tone=tone))
    root = ET.fromstring(figure_svg(figure, NumberStyle(), simulated=False))  # noqa: S314  our own output
    path = root.find(f".//{SVG}path[@class='fig-mark']").get("d")
    tip, *base = [float(pair.split()[1]) for pair in path.strip("MZ").split("L")]
    (part,) = drawn(figure)
    polygons = [shape for shape in drawing(part).contents if isinstance(shape, Polygon)]

    assert (tip < min(base)) is up  # SVG counts from above
    points = polygons[0].points
    assert (points[1] > points[3] == points[5]) is up  # PDF counts from below
