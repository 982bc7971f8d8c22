"""Read .xlsx workbooks row by row, with the place of every fault."""

import datetime as dt
import difflib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl

from surveyapp.errors import AppError
from surveyapp.importers.headers import LOOK_AT, Header, find_header
from surveyapp.importers.table import Problems, Progress, Read, TableProblem, Wanted
from surveyapp.importers.workbooks import (
    BROKEN,
    check_workbook,
    has_formulas,
    is_formula,
    unreadable,
)

_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"}


def read_xlsx(path: Path, wanted: Wanted, problems: Problems, progress: Progress) -> Read:
    """Read the wanted columns, the row numbers and the name of the sheet."""
    check_workbook(path)
    with _opened(path) as book:
        name = _sheet_name(book, wanted.sheet, problems)
        sheet = book[name]
        sheet.reset_dimensions()
        rows = (tuple(map(cell_text, row)) for row in sheet.iter_rows(values_only=True))
        columns, numbers, header = _read(rows, wanted, problems, (name, progress))
    if header is not None and has_formulas(path):
        _check_formulas(path, (name, header), (columns, numbers), problems)
    return columns, numbers, name


def cell_text(value: object) -> str:
    """Write a cell as people read it: 12 not 12.0, a day as 2024-11-15."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value)


@contextmanager
def _opened(path: Path, *, formulas: bool = False) -> Iterator[openpyxl.Workbook]:
    """Open a workbook to be read once; what turns out to be broken on the way is refused."""
    with path.open("rb") as file:  # openpyxl forgets to close what it cannot read
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=not formulas)
            yield book
            book.close()
        except BROKEN as error:
            raise unreadable(path) from error


def _sheet_name(book: openpyxl.Workbook, asked: str | None, problems: Problems) -> str:
    """Return the sheet to read: the one asked for, else the first that is not hidden."""
    names = book.sheetnames
    hidden = [name for name in names if book[name].sheet_state != "visible"]
    if asked is None:
        if hidden:
            problems.notes.append(_hidden_sheets(hidden))
        return next((name for name in names if name not in hidden), names[0])
    if asked in names:
        return asked
    near = difflib.get_close_matches(asked, names, n=1, cutoff=0.5)
    fix = f"Có phải là «{near[0]}»?" if near else "Các trang có: " + ", ".join(names) + "."
    raise AppError("IMPORT-004", f"Không có trang tính «{asked}».", fix)


def _hidden_sheets(names: list[str]) -> TableProblem:
    """Say which sheets nobody sees, and that they were not read."""
    return TableProblem(
        "IMPORT-034",
        "Tệp có trang ẩn, không đọc: " + ", ".join(f"«{name}»" for name in names[:5]) + ".",
        "Nếu dữ liệu nằm ở đó thì bỏ ẩn và đưa lên trang đầu.",
    )


def _read(
    rows: Iterator[tuple[str, ...]],
    wanted: Wanted,
    problems: Problems,
    place: tuple[str, Progress],
) -> tuple[dict[str, list[str]], list[int], Header | None]:
    """Find the header and take the columns below it."""
    sheet, progress = place
    top = list(itertools.islice(rows, LOOK_AT))
    header = find_header(top, wanted, problems, sheet)
    if header is None or problems.total:
        return {}, [], None
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
    return columns, numbers, header


def _formula_error(text: str, place: tuple[str, int, str]) -> TableProblem:
    """Say that a formula has failed."""
    message = f"Ô báo lỗi công thức {text}."
    return TableProblem("IMPORT-023", message, "Sửa công thức hoặc điền giá trị.", *place)


def _check_formulas(
    path: Path,
    place: tuple[str, Header],
    taken: tuple[dict[str, list[str]], list[int]],
    problems: Problems,
) -> None:
    """Collect formulas that no program has worked out: their cells would look empty."""
    sheet_name, header = place
    columns, numbers = taken
    at = {number: i for i, number in enumerate(numbers)}
    worked_out = 0
    with _opened(path, formulas=True) as book:
        sheet = book[sheet_name]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(min_row=header.row + 2, values_only=True)
        for number, row in enumerate(rows, header.row + 2):
            for name, index in header.places.items():
                if index >= len(row) or not is_formula(row[index]):
                    continue
                if number in at and columns[name][at[number]]:
                    worked_out += 1
                else:
                    problems.add(_no_value((sheet_name, number, name)))
    if worked_out:
        problems.notes.append(_formulas(worked_out, sheet_name))


def _no_value(place: tuple[str, int, str]) -> TableProblem:
    """Say that a formula has no stored value."""
    message = "Ô là công thức chưa có giá trị."
    fix = "Mở bằng Excel, lưu lại; hoặc chép rồi dán giá trị (Paste Values)."
    return TableProblem("IMPORT-035", message, fix, *place)


def _formulas(count: int, sheet: str) -> TableProblem:
    """Say that the stored values of formulas were taken."""
    message = f"{count} ô là công thức, lấy giá trị đã tính sẵn trong tệp."
    return TableProblem(
        "IMPORT-036", message, "Kiểm tra lại nếu công thức tham chiếu nơi khác.", sheet
    )
