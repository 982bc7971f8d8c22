"""Workbooks as they must not come: programs, bombs, formulas without values, hidden sheets."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from surveyapp.errors import AppError
from surveyapp.importers import workbooks
from surveyapp.importers.table import Wanted
from surveyapp.importers.tables import read_table

WANTED = Wanted(("Mã", "Tên"))


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook of some rows; `change` sees it before it is saved."""

    def make(*rows: list, change: Callable[[openpyxl.Workbook], None] | None = None) -> Path:
        made = openpyxl.Workbook()
        made.active.title = "Trang1"
        for row in (["Mã", "Tên"], *rows):
            made.active.append(row)
        if change:
            change(made)
        made.save(tmp_path / "list.xlsx")
        return tmp_path / "list.xlsx"

    return make


def rewritten(path: Path, parts: dict[str, bytes]) -> Path:
    """Put other parts into a workbook."""
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()} | parts
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, raw in content.items():
            new.writestr(name, raw)
    return path


def refused(path: Path) -> str:
    with pytest.raises(AppError) as caught:
        read_table(path, WANTED)
    return caught.value.code


def test_a_workbook_with_a_program_is_refused(book) -> None:
    path = rewritten(book(["1", "A"]), {"xl/vbaProject.bin": b"program"})
    assert refused(path) == "IMPORT-032"


def test_a_bomb_is_refused_before_it_is_unpacked(book) -> None:
    path = rewritten(book(["1", "A"]), {"xl/worksheets/sheet1.xml": b" " * (64 << 20)})
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    assert refused(path) == "IMPORT-003"
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_texts_that_would_fill_the_memory_are_refused(book, monkeypatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_TEXT_BYTES", 10)
    assert refused(rewritten(book(), {"xl/sharedStrings.xml": b"<sst></sst>"})) == "IMPORT-003"


def test_entities_that_grow_are_refused(book) -> None:
    names = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    text = f'<!DOCTYPE x [<!ENTITY e0 "lol">{names}]><worksheet>&e9;</worksheet>'
    assert refused(rewritten(book(), {"xl/worksheets/sheet1.xml": text.encode()})) == "IMPORT-002"


def test_a_workbook_that_breaks_off_in_the_middle_is_refused(book) -> None:
    sheet = b"<worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>M"
    assert refused(rewritten(book(), {"xl/worksheets/sheet1.xml": sheet})) == "IMPORT-002"
    whole = book(["1", "A"]).read_bytes()
    path = book()
    path.write_bytes(whole[: len(whole) // 2])
    assert refused(path) == "IMPORT-002"


def test_a_formula_without_a_value_is_named_by_row_and_column(book) -> None:
    table = read_table(book(["1", "A"], ["2", '=A1&"x"'], ["=1+2", "=A3"]), WANTED)
    assert [(p.code, p.sheet, p.row, p.column) for p in table.problems] == [
        ("IMPORT-035", "Trang1", 3, "Tên"),
        ("IMPORT-035", "Trang1", 4, "Mã"),
        ("IMPORT-035", "Trang1", 4, "Tên"),
    ]


def test_a_formula_that_was_worked_out_is_taken_and_said(book) -> None:
    path = book(["1", "A"])
    with zipfile.ZipFile(path) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    row = '<row r="3"><c r="A3"><f>1+1</f><v>2</v></c><c r="B3" t="str"><f>A2</f><v>B</v></c></row>'
    rewritten(
        path,
        {"xl/worksheets/sheet1.xml": sheet.replace("</sheetData>", f"{row}</sheetData>").encode()},
    )
    table = read_table(path, WANTED)
    assert table.problems == ()
    assert table.columns == {"Mã": ["1", "2"], "Tên": ["A", "B"]}
    assert [(w.code, w.message[:4]) for w in table.warnings] == [("IMPORT-036", "2 ô ")]


def test_a_hidden_sheet_is_not_read_but_said(book) -> None:
    def hide_first(made: openpyxl.Workbook) -> None:
        secret = made.create_sheet("Bí mật", 0)
        secret.append(["Mã", "Tên"])
        secret.append(["9", "Ẩn"])
        secret.sheet_state = "hidden"
        made.active = 1

    table = read_table(book(["1", "A"], change=hide_first), WANTED)
    assert (table.sheet, list(table.columns["Mã"])) == ("Trang1", ["1"])
    assert "«Bí mật»" in table.warnings[0].message


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_five_thousand_columns_are_refused(tmp_path: Path, ending: str) -> None:
    head = [f"Cột {i}" for i in range(5000)]
    if ending == "csv":
        raw = (",".join(head) + "\n" + "1," * 4999 + "1\n").encode()
    else:
        made, out = openpyxl.Workbook(), io.BytesIO()
        made.active.append(head)
        made.active.append([1] * 5000)
        made.save(out)
        raw = out.getvalue()
    path = tmp_path / f"wide.{ending}"
    path.write_bytes(raw)
    assert [p.code for p in read_table(path, Wanted()).problems] == ["IMPORT-033"]
