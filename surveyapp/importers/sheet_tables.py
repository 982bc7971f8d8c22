"""Read .xlsx workbooks row by row, with the place of every fault."""

import datetime as dt
import difflib
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl

from surveyapp.errors import AppError
from surveyapp.importers.headers import LOOK_AT, find_header
from surveyapp.importers.table import Problems, Progress, Read, TableProblem, Wanted

#: A workbook that unpacks to more than this is not read.
MOST_BYTES = 4 << 30
_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"}


def read_xlsx(path: Path, wanted: Wanted, problems: Problems, progress: Progress) -> Read:
    """Read the wanted columns, the row numbers and the name of the sheet."""
    book = _open(path)
    try:
        name = _sheet_name(book.sheetnames, wanted.sheet)
        sheet = book[name]
        sheet.reset_dimensions()
        rows = (tuple(map(cell_text, row)) for row in sheet.iter_rows(values_only=True))
        columns, numbers = _read(rows, wanted, problems, (name, progress))
        return columns, numbers, name
    finally:
        book.close()


def cell_text(value: object) -> str:
    """Write a cell as people read it: 12 not 12.0, a day as 2024-11-15."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value)


def _open(path: Path) -> openpyxl.Workbook:
    """Open a workbook to be read once."""
    try:
        with zipfile.ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
        if size <= MOST_BYTES:
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise AppError(
            "IMPORT-002",
            f"Tệp «{path.name}» không phải bảng tính .xlsx đọc được (hỏng hoặc có mật khẩu).",
            "Mở bằng Excel, bỏ mật khẩu, lưu lại dạng «Excel Workbook (.xlsx)».",
        ) from error
    raise AppError(
        "IMPORT-003",
        f"Tệp «{path.name}» bung ra quá lớn ({size >> 20} MB).",
        "Chia nhỏ tệp, hoặc lưu dạng .csv.",
        status=413,
    )


def _sheet_name(names: list[str], asked: str | None) -> str:
    """Return the sheet to read: the one asked for, else the first."""
    if asked is None:
        return names[0]
    if asked in names:
        return asked
    near = difflib.get_close_matches(asked, names, n=1, cutoff=0.5)
    fix = f"Có phải là «{near[0]}»?" if near else "Các trang có: " + ", ".join(names) + "."
    raise AppError("IMPORT-004", f"Không có trang tính «{asked}».", fix)


def _read(
    rows: Iterator[tuple[str, ...]],
    wanted: Wanted,
    problems: Problems,
    place: tuple[str, Progress],
) -> tuple[dict[str, list[str]], list[int]]:
    """Find the header and take the columns below it."""
    sheet, progress = place
    top = list(itertools.islice(rows, LOOK_AT))
    header = find_header(top, wanted, problems, sheet)
    if header is None or problems.total:
        return {}, []
    columns: dict[str, list[str]] = {name: [] for name in header.places}
    numbers: list[int] = []
    below = itertools.chain(top[header.row + 1 :], rows)
    for number, row in enumerate(below, header.row + 2):
        if progress is not None:
            progress(1)
        if not any(cell and not cell.isspace() for cell in row):
            continue
        numbers.append(number)
        for name, index in header.places.items():
            text = row[index] if index < len(row) else ""
            if text in _ERRORS:
                problems.add(_formula_error(text, (sheet, number, name)))
            columns[name].append(text)
    return columns, numbers


def _formula_error(text: str, place: tuple[str, int, str]) -> TableProblem:
    """Say that a formula has failed."""
    message = f"Ô báo lỗi công thức {text}."
    return TableProblem("IMPORT-023", message, "Sửa công thức hoặc điền giá trị.", *place)
