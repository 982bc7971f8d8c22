"""The CSV, read again as a spreadsheet in Vietnam reads it."""

import csv
import io

import pytest

from analysis.report import Column, Interval, Missing, ReportTable
from surveyapp.exports.csv import write_csv


def read(table, **settings) -> tuple[bytes, list[list[str]]]:
    file = io.BytesIO()
    write_csv(table, file, **{"simulated": False, **settings})
    text = file.getvalue().decode("utf-8-sig")
    return file.getvalue(), list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def test_excel_in_vietnam_reads_it(make_table) -> None:
    table = make_table(6)
    raw, rows = read(table)

    assert raw.startswith(b"\xef\xbb\xbf")
    assert rows[0][:4] == ["STT", "Cơ quan được đánh giá", "Số phiếu", "Mức độ hài lòng"]
    assert len(rows) == 7
    for row, texts in zip(table.rows, rows[1:], strict=True):
        assert texts[1] == row[1]
        if not isinstance(row[3], Missing):
            numbers = [float(text.replace(",", ".")) for text in texts[3:6]]
            assert numbers == [row[3], row[4].low, row[4].high]


def test_a_reason_stands_where_a_value_lacks(make_table) -> None:
    _, rows = read(make_table(6))
    assert rows[5][2:6] == ["4", *["không đo lường: 4 hồ sơ, dưới ngưỡng 10"] * 3]


def test_a_decimal_point_is_a_setting() -> None:
    columns = (Column("a", "A", "points"), Column("b", "B", "interval"))
    table = ReportTable("t", "T", columns, ((-0.5, Interval(-1.25, 3.0)),))

    assert read(table)[1][1] == ["-0,5", "-1,25", "3,0"]
    assert read(table, decimal_comma=False)[1][1] == ["-0.5", "-1.25", "3.0"]


@pytest.mark.parametrize("text", ["=1+1", "+84", "-1", "@SUM(A1)", '=A1&"x;y"', "-", "\n=1"])
def test_no_text_runs_as_a_formula(text) -> None:
    table = ReportTable(
        "t", "T", (Column("a", text, "text"), Column("b", "B", "code")), ((text, Missing(text)),)
    )
    _, rows = read(table)
    assert all(field == "B" or field == f"'{text}" for row in rows for field in row)


def test_practice_data_says_so_in_every_row(make_table) -> None:
    _, rows = read(make_table(3), simulated=True)
    assert [row[-1] for row in rows] == ["SỐ LIỆU MÔ PHỎNG"] * 4
