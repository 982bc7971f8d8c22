"""The workbook, opened again and compared with the tables it was made from."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from analysis.report import Column, Interval, Missing, Paragraph, ReportTable
from surveyapp.exports.xlsx import sheet_names, write_xlsx

BAD_TEXTS = ("=1+1", "+84 256", "-1", "@SUM(A1)", '=HYPERLINK("http://x")')


def opened(report):
    file = io.BytesIO()
    write_xlsx(report, file)
    return openpyxl.load_workbook(io.BytesIO(file.getvalue()))


def rows_below_header(sheet, count: int):
    """Return the cells below the row (1)(2)(3)."""
    top = next(row[0].row for row in sheet.iter_rows() if row[0].value == "(1)")
    return [list(row) for row in sheet.iter_rows(min_row=top + 1, max_row=top + count)]


def expected(cell):
    if isinstance(cell, Missing):
        return [cell.reason]
    return [cell.low, cell.high] if isinstance(cell, Interval) else [cell]


def test_a_sheet_holds_the_values_of_its_table(make_report, make_table) -> None:
    table = make_table(60)
    book = opened(make_report(table))

    assert book.sheetnames == ["Đọc trước", "1. Kết quả theo cơ quan"]
    rows = rows_below_header(book.worksheets[1], 60)
    for row, cells in zip(table.rows, rows, strict=True):
        wanted = [value for cell in row[:4] for value in expected(cell)]
        assert [cell.value for cell in cells[:4]] == wanted
        low_high = [row[4].reason] * 2 if isinstance(row[4], Missing) else expected(row[4])
        assert [cell.value for cell in cells[4:6]] == low_high


def test_numbers_are_numbers_and_look_as_the_report_says(make_report, make_table) -> None:
    book = opened(make_report(make_table(1), decimals=2))
    order, name, n, share, low, _, _ = rows_below_header(book.worksheets[1], 1)[0]

    assert [cell.data_type for cell in (order, name, n, share, low)] == ["n", "s", "n", "n", "n"]
    assert n.number_format == "#,##0"
    assert share.number_format == low.number_format == '0.00"%"'


def test_the_header_names_groups_and_both_limits_and_stays_in_sight(
    make_report, make_table
) -> None:
    sheet = opened(make_report(make_table(3))).worksheets[1]
    texts = [[cell.value for cell in row] for row in sheet.iter_rows()]
    titles = next(row for row in texts if row[0] == "STT" and row[3] != "Kết quả")
    numbers = next(row for row in texts if row[0] == "(1)")

    assert titles[4:6] == ["Khoảng tin cậy 95% - cận dưới", "Khoảng tin cậy 95% - cận trên"]
    assert numbers == [f"({n})" for n in range(1, 8)]
    assert any("D" in str(area) and "F" in str(area) for area in sheet.merged_cells.ranges)
    first_row = texts.index(numbers) + 2
    assert sheet.freeze_panes == f"C{first_row}"
    assert sheet.print_title_rows.endswith(f"${first_row - 1}")


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_no_text_runs_as_a_formula(text, make_report) -> None:
    column = Column("a", text, "text", group=text)
    table = ReportTable(
        "b", text, (column, replace(column, key="c")), ((text, Missing(text)),) * 2, notes=(text,)
    )
    book = opened(make_report(Paragraph(text), table, title=text))

    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    found = [cell for cell in cells if cell.value == text]
    assert len(found) >= 7
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in found)


def test_the_first_sheet_tells_the_whole_text_and_leads_to_every_table(report) -> None:
    book = opened(report)
    front = book["Đọc trước"]
    texts = [cell.value for cell in front["A"] if cell.value]

    assert texts[0] == "SỐ LIỆU MÔ PHỎNG"
    assert texts[1] == "BÁO CÁO: Kết quả điều tra xã hội học năm 2024"
    assert "Số 12/BC-SNV, ngày 05/02/2024" in texts
    assert "Kính báo cáo Ủy ban nhân dân tỉnh." in texts
    assert any("không so sánh trực tiếp" in text for text in texts)
    links = [cell.hyperlink.location for cell in front["A"] if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in book.sheetnames[1:]]
    assert len(links) == len(report.tables()) == 3


def test_a_table_of_another_publisher_carries_its_caveat(report) -> None:
    sheet = opened(report)["2. Chỉ số do Bộ công bố"]
    first = [row[0].value or "" for row in sheet.iter_rows(max_row=4)]
    assert any("khác đối tượng và phương pháp" in text for text in first)


def test_every_sheet_of_practice_data_is_stamped_and_no_other(report) -> None:
    for sheet in opened(report):
        assert sheet["A1"].value == "SỐ LIỆU MÔ PHỎNG"
        assert sheet.oddHeader.center.text == "SỐ LIỆU MÔ PHỎNG"
    for sheet in opened(replace(report, simulated=False)):
        assert "MÔ PHỎNG" not in str([[cell.value for cell in row] for row in sheet.iter_rows()])
        assert sheet.oddHeader.center.text is None


def test_sheets_print_on_a4_across_in_one_page_width(report) -> None:
    for sheet in opened(report):
        setup = sheet.page_setup
        assert (setup.paperSize, setup.orientation) == (9, "landscape")
        assert (setup.fitToWidth, setup.fitToHeight) == (1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_a_table_without_rows_says_so(make_report, make_table) -> None:
    sheet = opened(make_report(make_table(0))).worksheets[1]
    assert "Không có dòng nào." in [row[0].value for row in sheet.iter_rows()]


@pytest.mark.parametrize(
    "title",
    [
        "Tỷ lệ [%]: a/b\\c*?",
        "Kết quả của " + "các cơ quan chuyên môn " * 9,
        "'",
        "\U0001f600" * 40,
        "",
    ],
)
def test_names_of_sheets_are_valid_and_differ(title) -> None:
    tables = [ReportTable(f"t{n}", title, (Column("a", "A", "text"),), ()) for n in range(12)]

    names = list(sheet_names(tables).values())

    assert len({name.casefold() for name in names}) == 12
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) <= 62
        assert not set("[]:*?/\\") & set(name)
        assert not name.endswith("'")


def test_control_characters_do_not_break_the_file(make_report) -> None:
    table = ReportTable("b", "Bảng\x00", (Column("a", "A\x0b", "text"),), (("x\x1by",),))
    assert rows_below_header(opened(make_report(table)).worksheets[1], 1)[0][0].value == "xy"


def test_the_same_report_gives_the_same_bytes_at_any_time(report, monkeypatch) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_xlsx(report, first)
    clock = zipfile.time
    monkeypatch.setattr(
        zipfile, "time", type("Later", (), {"time": lambda: 2e9, "localtime": clock.localtime})
    )
    write_xlsx(report, second)

    assert first.getvalue() == second.getvalue()
    with zipfile.ZipFile(first) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert b"2024-02-05T00:00:00Z" in archive.read("docProps/core.xml")


def test_a_workbook_can_be_written_to_a_file(report, tmp_path: Path) -> None:
    path = tmp_path / "bao-cao.xlsx"
    with path.open("wb") as file:
        write_xlsx(report, file)
    assert openpyxl.load_workbook(path).sheetnames[0] == "Đọc trước"


def test_a_row_that_sums_up_others_is_bold(make_report, make_table) -> None:
    table = make_table(3, summary_rows=frozenset({2}))
    rows = rows_below_header(opened(make_report(table)).worksheets[1], 3)
    assert [row[1].font.bold for row in rows] == [False, False, True]
