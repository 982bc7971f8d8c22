"""An index over the years in SVG, PDF and workbook: known places, breaks, gaps, targets."""

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import openpyxl
import pytest

from analysis.report import Interval, Missing
from analysis.trend import TrendFigure, TrendPoint, TrendSeries, TrendTarget
from surveyapp.exports.figure import Line, Look, Mark, Word
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pdf import write_pdf
from surveyapp.exports.pictures import pictures
from surveyapp.exports.svg import figure_svg
from surveyapp.exports.xlsx import write_xlsx

SVG = "{http://www.w3.org/2000/svg}"
LOOKS = pytest.mark.parametrize("look", [Look(460, 9.5), Look(1028, 14, 1.24)], ids=["pdf", "page"])
STYLE = NumberStyle(decimals=2)
#: Published national figures, whose method changed after 2021 (domain facts), and a made-up run.
OLD = TrendSeries("Bộ Nội vụ", "Hộ gia đình", "cũ 2021", (TrendPoint(2021, 87.16, "document"),))
NEW = TrendSeries(
    "Bộ Nội vụ",
    "Hộ gia đình",
    "mới 2022",
    tuple(
        TrendPoint(year, value, "document")
        for year, value in ((2022, 80.08), (2023, 82.66), (2024, 83.94), (2025, 83.11))
    ),
    (TrendTarget(2025, 85.25),),
)
OWN = TrendSeries(
    "Ủy ban nhân dân tỉnh",
    "Người có hồ sơ đã giải quyết",
    "service 1",
    (
        TrendPoint(2022, 80.0, "run", Interval(76, 84)),
        TrendPoint(2023, Missing("dưới 10"), "run"),
        TrendPoint(2024, 84.0, "run", Interval(82, 86), "low"),
    ),
)


def trend(*series: TrendSeries) -> TrendFigure:
    return TrendFigure("xu-huong", "Chỉ số hài lòng qua các năm", "%", "Đọc như sau.", series)


def shapes(figure, kind, role=None, look=LOOKS.args[1][0]):
    (picture,) = pictures(figure, look, STYLE, simulated=False)
    found = [shape for shape in picture.shapes if isinstance(shape, kind)]
    return [shape for shape in found if role is None or shape.role == role]


def words(figure, role) -> str:
    return " ".join(word.text for word in shapes(figure, Word, role))


def test_points_stand_at_their_years_and_values() -> None:
    marks = shapes(trend(NEW), Mark, "mark")
    years = {word.text: word.x for word in shapes(trend(NEW), Word, "year")}
    grid = [line.y1 for line in shapes(trend(NEW), Line, "grid")]

    assert [mark.x for mark in marks[:4]] == [years[str(y)] for y in range(2022, 2026)]
    steps = [marks[k + 1].x - marks[k].x for k in range(3)]
    assert steps == pytest.approx([steps[0]] * 3)
    per_point = (grid[0] - grid[-1]) / (86 - 80)  # the axis 80 to 86 holds 80.08 and 85.25
    assert len(grid) == 7
    assert [grid[0] - mark.y for mark in marks[:4]] == pytest.approx(
        [per_point * (value - 80) for value in (80.08, 82.66, 83.94, 83.11)]
    )
    (target,) = shapes(trend(NEW), Line, "target")
    assert grid[0] - target.y1 == pytest.approx(per_point * 5.25)
    assert target.dash
    assert words(trend(NEW), "target") == "Chỉ tiêu 2025: 85,25%"


def test_only_runs_have_intervals_and_shapes_tell_the_source() -> None:
    assert shapes(trend(NEW), Line, "interval") == []
    assert {mark.shape for mark in shapes(trend(NEW), Mark, "mark")} == {"square"}
    first, last = shapes(trend(OWN), Line, "interval")
    marks = shapes(trend(OWN), Mark, "mark")
    assert [mark.shape for mark in marks[:2]] == ["dot", "dot"]
    assert [mark.hollow for mark in marks[:2]] == [False, True]
    assert (first.x1, last.x1) == (marks[0].x, marks[1].x)
    assert first.y1 - marks[0].y == pytest.approx(marks[0].y - first.y2)  # 76 to 84 around 80
    assert last.dash
    assert not first.dash


def test_no_line_goes_through_a_change_of_method() -> None:
    lines = shapes(trend(OLD, NEW), Line, "trend")
    marks = shapes(trend(OLD, NEW), Mark, "mark")[:5]

    ends = {(line.x1, line.x2) for line in lines}
    assert ends == {(marks[k].x, marks[k + 1].x) for k in (1, 2, 3)}
    assert words(trend(OLD, NEW), "break") == "khác phương pháp: không nối, không so sánh"
    (divide,) = shapes(trend(OLD, NEW), Line, "break")
    assert marks[0].x < divide.x1 < marks[1].x


def test_another_publisher_has_an_axis_of_its_own() -> None:
    both = trend(NEW, OWN)
    grids = {(line.x1, line.x2) for line in shapes(both, Line, "grid")}

    assert len(grids) == 2
    told = words(both, "break")
    assert told == "khác nơi công bố, khác đối tượng, khác phương pháp: không nối, không so sánh"
    assert "trục riêng" in " ".join(word.text for word in shapes(both, Word))
    captions = words(both, "caption")
    assert "Bộ Nội vụ. Đối tượng: Hộ gia đình" in captions
    assert "Phương pháp service 1" in captions


def test_a_hidden_point_is_a_gap_with_its_reason() -> None:
    assert shapes(trend(OWN), Line, "trend") == []
    (gap,) = shapes(trend(OWN), Word, "gap")
    years = {word.text: word.x for word in shapes(trend(OWN), Word, "year")}
    assert gap.x == years["2023"]
    every = " ".join(word.text for word in shapes(trend(OWN), Word))
    assert "Không nêu số (không phải là 0): 2023 dưới 10" in every


def test_one_point_and_no_point_are_drawn_without_a_line() -> None:
    single = trend(TrendSeries("a", "b", "c", (TrendPoint(2024, 84.0, "run", Interval(82, 86)),)))
    none = trend(TrendSeries("a", "b", "c", (TrendPoint(2024, Missing("không nêu"), "run"),)))

    assert shapes(single, Line, "trend") == shapes(none, Line, "trend") == []
    assert len(shapes(single, Line, "interval")) == 1
    assert shapes(none, Mark) == []
    assert len(shapes(none, Word, "gap")) == 1


def test_the_legend_promises_an_interval_only_where_a_point_has_one() -> None:
    def legend(point: TrendPoint) -> str:
        return " ".join(
            word.text for word in shapes(trend(TrendSeries("a", "b", "c", (point,))), Word)
        )

    assert "khoảng tin cậy" in legend(TrendPoint(2024, 80.0, "run", Interval(78, 82)))
    assert "khoảng tin cậy" not in legend(TrendPoint(2024, 80.0, "run"))


def test_points_without_any_value_have_no_scale() -> None:
    series = TrendSeries("a", "b", "c", (TrendPoint(2024, Missing("không nêu"), "run"),))
    figure = TrendFigure("trend", "Điểm", "điểm", "Đọc.", (series,))
    (picture,) = pictures(figure, Look(460, 9.5), STYLE, simulated=False)
    assert not [
        shape for shape in picture.shapes if isinstance(shape, Line) and shape.role == "grid"
    ]
    assert not [s for s in picture.shapes if isinstance(s, Word) and s.text.endswith("điểm")]


def test_two_figures_of_one_year_stand_beside_each_other() -> None:
    points = (TrendPoint(2024, 80.0, "run"), TrendPoint(2024, 82.0, "document"))
    first, second, *_ = shapes(trend(TrendSeries("a", "b", "c", points)), Mark, "mark")

    assert first.x < second.x


@LOOKS
def test_nothing_is_cut_and_no_caption_meets_another(look: Look) -> None:
    every = trend(OLD, NEW, OWN)
    (picture,) = pictures(every, look, STYLE, simulated=True)
    for word in (shape for shape in picture.shapes if isinstance(shape, Word)):
        wide = look.measure(word.text, bold=word.bold) * word.size / look.size
        left = {"start": 0.0, "middle": wide / 2, "end": wide}[word.anchor]
        assert word.x - left >= -1, word
        assert word.x - left + wide <= picture.width + 1, word
        assert 0 < word.y <= picture.height, word
    for role in ("caption", "year", "value"):
        found = shapes(every, Word, role, look)
        for n, one in enumerate(found):
            for other in found[n + 1 :]:
                room = sum(look.measure(w.text) * w.size / look.size for w in (one, other)) / 2
                beside = abs(one.x - other.x) >= room - 1
                assert beside or abs(one.y - other.y) >= one.size * 0.9, (one, other)


def test_the_svg_says_all_of_it_in_words() -> None:
    svg = figure_svg(trend(NEW, OWN), STYLE, simulated=True)
    root = ET.fromstring(svg)  # noqa: S314  our own SVG
    told = root.findtext(f"{SVG}desc")

    assert told.startswith("SỐ LIỆU MÔ PHỎNG. Đọc như sau.")
    assert "2022: 80,08%." in told
    assert "2022: 80,00% (76,00–84,00%)." in told  # noqa: RUF001  a range has an en dash
    assert "2023: dưới 10." in told
    assert "Chỉ tiêu 2025: 85,25%." in told
    assert "Ngắt: khác nơi công bố, khác đối tượng, khác phương pháp" in told
    assert root.findtext(f"{SVG}title") == "Chỉ số hài lòng qua các năm"


def test_the_pdf_holds_it_as_lines_and_letters(make_report, tmp_path: Path, poppler) -> None:
    path = tmp_path / "bao-cao.pdf"
    with path.open("wb") as file:
        write_pdf(make_report(trend(OLD, NEW, OWN), decimals=2), file)

    text = " ".join(poppler("pdftotext", "-layout", path, "-").split())
    assert "Hình 1. Chỉ số hài lòng qua các năm" in text
    assert "82,66%" in text
    assert "Chỉ tiêu 2025: 85,25%" in text
    assert poppler("pdfimages", "-list", path).count("\n") <= 2  # a heading, no picture of pixels


def test_the_workbook_names_the_figure(make_report) -> None:
    file = io.BytesIO()
    write_xlsx(make_report(trend(NEW)), file)
    front = openpyxl.load_workbook(io.BytesIO(file.getvalue())).worksheets[0]

    told = [str(row[0].value) for row in front.iter_rows()]
    assert "Hình (trong báo cáo PDF): Chỉ số hài lòng qua các năm" in told
