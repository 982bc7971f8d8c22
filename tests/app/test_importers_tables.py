"""Tables as people send them: read all the same, or every fault named with its place."""

import datetime as dt
import tracemalloc
import unicodedata
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from surveyapp.errors import AppError
from surveyapp.importers import csv_tables
from surveyapp.importers.table import Table, Wanted
from surveyapp.importers.tables import lost_zeros, number, numbers, read_table

WANTED = Wanted(("mã hồ sơ", "đơn vị"))
TEXT = "mã hồ sơ,đơn vị,ghi chú\nHS01,Sở Nội vụ,x\nHS02,Sở Y tế,\n"
EXPECTED = {"mã hồ sơ": ["HS01", "HS02"], "đơn vị": ["Sở Nội vụ", "Sở Y tế"]}


def _csv(folder: Path, content: str | bytes, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _read(path: Path, wanted: Wanted = WANTED) -> Table:
    return read_table(path, wanted)


def _codes(table: Table) -> list:
    return [(problem.code, problem.row) for problem in table.problems]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.replace(",", ";").encode("utf-8-sig"),
        TEXT.replace(",", "\t").encode(),
        TEXT.replace("\n", "\r\n").encode(),
        unicodedata.normalize("NFD", TEXT).encode(),
        TEXT.replace("Sở Nội vụ", '"Sở Nội vụ"').replace("HS01", "  HS01 ").encode(),
        TEXT.replace("mã hồ sơ", " Mã  Hồ sơ ").encode(),
        ("SỞ NỘI VỤ,,\nDanh sách hồ sơ năm 2024,,\n,,\n" + TEXT).encode(),
        (TEXT + ",,\n\n , ,\n").encode(),
    ],
    ids=[
        *("utf8", "bom", "utf16", "utf16-no-bom", "semicolon", "tab", "crlf", "nfd"),
        *("quotes-spaces", "header-case", "titles", "blanks"),
    ],
)
def test_a_csv_is_read_however_it_was_written(tmp_path, content):
    table = _read(_csv(tmp_path, content))
    assert table.problems == ()
    assert dict(table.columns) == EXPECTED


def test_rows_are_numbered_as_in_the_file(tmp_path):
    table = _read(_csv(tmp_path, "Tiêu đề,,\n\n" + TEXT.replace("HS02", "\nHS02")))
    assert list(table.rows) == [4, 6]


def test_a_record_with_line_breaks_keeps_the_numbers_right(tmp_path):
    table = _read(_csv(tmp_path, 'mã hồ sơ,đơn vị,x\nHS01,A,"hai\ndòng"\nHS02,B,\n'))
    assert list(table.rows) == [2, 4]


def test_the_quick_reader_gives_what_the_careful_one_gives(tmp_path, monkeypatch):
    rows = [f"HS{i:05d},Sở số {i % 35},ghi chú {i}" for i in range(5000)]
    path = _csv(tmp_path, "Danh sách,,\n" + "\n".join(["mã hồ sơ,đơn vị,ghi chú", *rows, ",,", ""]))
    careful = _read(path)
    monkeypatch.setattr(csv_tables, "QUICK_FROM", 0)
    quick = _read(path)
    assert quick.columns == careful.columns
    assert list(quick.rows) == list(careful.rows)
    assert len(careful.rows) == 5000


def test_one_bad_line_in_a_large_file_is_named_and_memory_stays_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_tables, "QUICK_FROM", 0)
    rows = [f"HS{i:06d},Sở số {i % 35},{'x' * 80}" for i in range(60_000)]
    rows[41_234] = "HS041234"
    path = _csv(tmp_path, "mã hồ sơ,đơn vị,ghi chú\n" + "\n".join(rows) + "\n")
    tracemalloc.start()
    table = _read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert _codes(table) == [("IMPORT-020", 41_236)]
    assert peak < 25_000_000  # the ids and a chunk; the notes are never kept


def test_every_fault_is_collected_and_shown_together(tmp_path):
    path = _csv(tmp_path, "mã hồ sơ,đơn vị,g\nHS1\nHS2,A,x\nHS3,B,x,y\n")
    table = _read(path)
    assert _codes(table) == [("IMPORT-020", 2), ("IMPORT-020", 4)]
    with pytest.raises(AppError) as caught:
        table.refuse_problems()
    assert caught.value.problems[0].startswith("[IMPORT-020] Dòng 2: Dòng có 1 ô")
    assert "2 lỗi" in caught.value.message


def test_a_missing_column_is_named_with_the_nearest(tmp_path):
    table = _read(_csv(tmp_path, "ma ho so,Đơn vị\n1,A\n"))
    assert [p.code for p in table.problems] == ["IMPORT-011"]
    assert "«ma ho so»" in str(table.problems[0])
    table = _read(_csv(tmp_path, "x,y\n1,A\n"))
    assert len(table.problems) == 2
    assert "«x», «y»" in table.problems[0].fix


@pytest.mark.parametrize("second", ["đơn vị,đơn vị", "ĐƠN VỊ,Đơn vị"])
def test_a_column_that_stands_twice_is_refused(tmp_path, second):
    table = _read(_csv(tmp_path, f"mã hồ sơ,{second}\n1,A,B\n"))
    assert [p.code for p in table.problems] == ["IMPORT-012"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_names_that_differ_in_capitals_are_two_names_where_one_is_exact(tmp_path, kind):
    path = tmp_path / f"list.{kind}"
    if kind == "csv":
        _csv(tmp_path, "n_agency,N_agency,q\n3,40,5\n")
    else:
        pq.write_table(pa.table({"n_agency": ["3"], "N_agency": ["40"], "q": ["5"]}), path)
    table = _read(path, Wanted(("N_agency", "n_agency", "Q")))
    assert table.problems == ()
    assert table.columns == {"N_agency": ["40"], "n_agency": ["3"], "Q": ["5"]}
    alone = _read(_csv(tmp_path, "N_agency\n40\n", "one.csv"), Wanted(("N_agency", "n_agency")))
    assert [p.code for p in alone.problems] == ["IMPORT-011"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "IMPORT-007"), (b"PK\x03\x04rest", "IMPORT-008")],
)
def test_a_file_that_is_nothing_to_read_is_refused(tmp_path, content, code):
    with pytest.raises(AppError) as caught:
        _read(_csv(tmp_path, content))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("content", "code"), [(" \n\n", "IMPORT-010"), ("mã hồ sơ,đơn vị\n", "IMPORT-013")]
)
def test_a_table_without_rows_is_a_fault(tmp_path, content, code):
    assert [p.code for p in _read(_csv(tmp_path, content)).problems] == [code]


def test_a_missing_file_or_another_kind_is_refused(tmp_path):
    for name, code in (("không có.csv", "IMPORT-006"), ("a.xls", "IMPORT-009")):
        if name == "a.xls":
            _csv(tmp_path, b"\xd0\xcf\x11\xe0", name)
        with pytest.raises(AppError) as caught:
            _read(tmp_path / name)
        assert caught.value.code == code


def test_a_quotation_mark_that_is_not_closed_loses_nothing_silently(tmp_path):
    table = _read(_csv(tmp_path, 'mã hồ sơ,đơn vị\nHS1,A\nHS2,"B\nHS3,C\n'))
    assert _codes(table) == [("IMPORT-021", 3)]


def test_bytes_that_are_no_utf8_are_named_with_line_and_suspected_encoding(tmp_path):
    tcvn3 = "mã hồ sơ,đơn vị\n".encode() + b"HS1,S\xeb N\xe9i v\xf4\n"
    table = _read(_csv(tmp_path, tcvn3))
    assert _codes(table) == [("IMPORT-022", 2)]
    assert "TCVN3" in table.problems[0].message
    late = "mã hồ sơ,đơn vị\n".encode() + b"HS1,ok\n" * 60_000 + b"HS1,S\xf4\xfb Noa\xe4i vu\xef\n"
    table = _read(_csv(tmp_path, late))
    assert _codes(table) == [("IMPORT-022", 60_002)]
    assert "VNI" in table.problems[0].message


@pytest.mark.parametrize(
    ("name", "suspect"),
    [("Së Néi vô", "TCVN3"), ("Sôû Noäi vuï", "VNI"), ("Uûy ban nhaân daân", "VNI")],
)
def test_letters_of_an_old_font_are_named(tmp_path, name, suspect):
    table = _read(_csv(tmp_path, f"mã hồ sơ,đơn vị\nHS1,{name}\nHS2,{name}\n"))
    assert _codes(table) == [("IMPORT-026", 2), ("IMPORT-026", 3)]
    assert suspect in table.problems[0].message


def test_real_vietnamese_and_foreign_names_raise_no_suspicion(tmp_path):
    table = _read(
        _csv(tmp_path, "mã hồ sơ,đơn vị\nHS1,Sở Tài chính\nHS2,Công ty Nestlé\nHS3,Hà Đô\n")
    )
    assert table.problems == ()


@pytest.mark.parametrize(
    "name", ["Kiên", "Hoàng Toàn", "Tuân", "Hoà", "Cù Huy Võ", "Quý", "Zoë", "Kiều"]
)
def test_a_column_with_one_real_name_raises_no_suspicion(tmp_path, name):
    table = _read(
        _csv(tmp_path, f"mã hồ sơ,đơn vị\nHS1,{name}\nHS2,Nam\nHS3,Liên\nHS4,Xuân\nHS5,Huân\n")
    )
    assert table.problems == ()


def test_lost_leading_zeros_are_warned_of_with_the_row(tmp_path):
    table = _read(_csv(tmp_path, "mã hồ sơ,đơn vị\n100234,A\n9234,A\n"))
    warning = lost_zeros(table, "mã hồ sơ")
    assert warning.code == "IMPORT-025"
    assert warning.row == 3
    kept = _read(_csv(tmp_path, "mã hồ sơ,đơn vị\n100234,A\n009234,A\n"))
    assert lost_zeros(kept, "mã hồ sơ") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0,05", 0.05),
        ("0.05", 0.05),
        ("12", 12),
        ("-3", -3),
        ("1.500.000", 1_500_000),
        ("1 500", 1500),
    ],
)
def test_a_number_is_read_as_people_write_it(text, value):
    assert number(text) == value


def test_cells_that_are_no_numbers_are_named(tmp_path):
    table = read_table(_csv(tmp_path, "id,size\na,5\nb,nhiều\nc,\n"), Wanted(("id", "size")))
    values, problems = numbers(table, "size")
    assert values[0] == 5
    assert [(p.code, p.row, p.column) for p in problems] == [
        ("IMPORT-024", 3, "size"),
        ("IMPORT-024", 4, "size"),
    ]


def _book(folder: Path, rows: list, merged: str | None = None) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Danh sách"
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    book.create_sheet("Ghi chú")
    book.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def test_a_workbook_with_merged_titles_and_numbers_is_read(tmp_path):
    rows = [
        ["SỞ NỘI VỤ TỈNH BÌNH ĐỊNH", None, None],
        [None, None, None],
        ["Mã hồ sơ", "Đơn vị", "Ngày"],
        [101, "Sở Nội vụ ", dt.datetime(2024, 11, 15)],  # noqa: DTZ001  a day of a workbook
        [None, None, None],
        [102.0, unicodedata.normalize("NFD", "Sở Y tế"), None],
    ]
    path = _book(tmp_path, rows, "A1:C1")
    table = read_table(path, Wanted(("mã hồ sơ", "đơn vị", "ngày")))
    assert table.problems == ()
    assert table.columns["mã hồ sơ"] == ["101", "102"]
    assert table.columns["đơn vị"] == ["Sở Nội vụ", "Sở Y tế"]
    assert table.columns["ngày"] == ["2024-11-15", ""]
    assert list(table.rows) == [4, 6]
    assert table.sheet == "Danh sách"


def test_a_wrong_sheet_is_named_with_the_nearest(tmp_path):
    path = _book(tmp_path, [["a"]])
    with pytest.raises(AppError) as caught:
        read_table(path, Wanted(("a",), sheet="Danh sach"))
    assert caught.value.code == "IMPORT-004"
    assert "Danh sách" in caught.value.fix
    assert _codes(read_table(path, Wanted(("a",), sheet="Ghi chú"))) == [("IMPORT-010", None)]


def test_a_failed_formula_is_named_with_sheet_row_and_column(tmp_path):
    table = _read(_book(tmp_path, [["mã hồ sơ", "đơn vị"], ["HS1", "#N/A"]]))
    problem = table.problems[0]
    assert (problem.code, problem.sheet, problem.row, problem.column) == (
        "IMPORT-023",
        "Danh sách",
        2,
        "đơn vị",
    )


@pytest.mark.parametrize(("name", "code"), [("x.xlsx", "IMPORT-002"), ("x.parquet", "IMPORT-005")])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, name, code):
    with pytest.raises(AppError) as caught:
        _read(_csv(tmp_path, b"not a workbook", name))
    assert caught.value.code == code


def test_a_parquet_file_is_read_as_texts(tmp_path):
    path = tmp_path / "list.parquet"
    columns = {"Mã hồ sơ": pa.array([1, 2]), "đơn vị": ["Sở Nội vụ", None], "x": [1.5, 2.0]}
    pq.write_table(pa.table(columns), path)
    table = read_table(path, Wanted(("mã hồ sơ", "đơn vị", "x")))
    assert table.columns == {"mã hồ sơ": ["1", "2"], "đơn vị": ["Sở Nội vụ", ""], "x": ["1.5", "2"]}
    assert list(table.rows) == [1, 2]


def test_without_wanted_names_every_column_is_read(tmp_path):
    table = _read(_csv(tmp_path, "Danh sách hồ sơ\n" + TEXT), Wanted())
    assert list(table.columns) == ["mã hồ sơ", "đơn vị", "ghi chú"]
    assert table.columns["ghi chú"] == ["x", ""]


def test_an_optional_column_may_be_absent(tmp_path):
    wanted = Wanted(("mã hồ sơ",), ("ghi chú", "điện thoại"))
    table = _read(_csv(tmp_path, TEXT), wanted)
    assert table.problems == ()
    assert list(table.columns) == ["mã hồ sơ", "ghi chú"]
