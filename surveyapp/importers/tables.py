"""Read a table from a file that somebody sends: .csv, .xlsx or .parquet, checked, as columns."""

import importlib
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sampling.canonical import canonical_column
from surveyapp.errors import AppError
from surveyapp.importers.repairs import Column
from surveyapp.importers.table import Problems, Progress, Read, Table, TableProblem, Wanted

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
#: Thousands marked as people mark them here: 1.500.000 or 1 500 000.
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[. ]\d{3}){2,}(?:,\d+)?|[+-]?\d{1,3}(?: \d{3})+(?:,\d+)?")


_READERS = {
    ".csv": ("csv_tables", "read_csv"),
    ".tsv": ("csv_tables", "read_csv"),
    ".txt": ("csv_tables", "read_csv"),
    ".xlsx": ("sheet_tables", "read_xlsx"),
    ".parquet": ("parquet_tables", "read_parquet"),
}


def read_table(path: Path, wanted: Wanted, progress: Progress = None) -> Table:
    """Read the wanted columns of a file; faults are in the table, not raised.

    Raises
    ------
    AppError
        When the file cannot be opened as what its name says.
    """
    problems = Problems()
    module, function = _READERS[_kind(path)]
    columns, rows, sheet = _late(module, function)(path, wanted, problems, progress)
    for name in columns:
        columns[name] = canonical_column(columns[name])
        if not all(map(str.isascii, columns[name])):
            column = Column(sheet, name, columns[name], rows)
            columns[name], note = column.repaired(problems, allowed=wanted.repairs)
            problems.notes += [note] if note else []
    columns, rows = _without_blank_rows(columns, rows)
    if columns and not rows and not problems.total:
        problems.add(_only_header(sheet))
    listed = tuple(problems.listed)
    return Table(path.name, sheet, columns, rows, listed, problems.total, tuple(problems.notes))


def numbers(table: Table, name: str) -> tuple[NDArray[np.float64], tuple[TableProblem, ...]]:
    """Read a column of numbers: "0,05" and "0.05" are one; "1.500.000" has thousands.

    Returns
    -------
    (n,) floats (nan where there is no number) and the faults.
    """
    column = table.columns[name]
    known = {text: number(text) for text in set(column)}
    values = np.array([known[text] for text in column], dtype=np.float64)
    problems = [
        TableProblem(
            "IMPORT-024",
            f"«{column[i]}» không phải số." if column[i] else "Ô trống, cần một số.",
            "Ghi số, ví dụ 12 hoặc 0,05.",
            table.sheet,
            table.rows[i],
            name,
        )
        for i in np.flatnonzero(np.isnan(values)).tolist()
    ]
    return values, tuple(problems)


def number(text: str) -> float:
    """Read one number; nan when it is none, or when its reading is not certain."""
    bare = text.strip().replace("\u00a0", " ")
    if _GROUPED.fullmatch(bare):
        bare = bare.replace(".", "").replace(" ", "")
    if not _NUMBER.fullmatch(bare):
        return math.nan
    return float(bare.replace(",", "."))


def lost_zeros(table: Table, name: str) -> TableProblem | None:
    """Warn when ids look as if Excel had cut their leading zeros: digits only, mixed lengths."""
    ids = table.columns[name]
    filled = [i for i, unit in enumerate(ids) if unit]
    if not all(ids[i].isdigit() for i in filled):
        return None
    lengths = {len(ids[i]) for i in filled}
    if len(lengths) < 2:
        return None
    short = min(filled, key=lambda i: (len(ids[i]), i))
    return TableProblem(
        "IMPORT-025",
        f"Mã «{ids[short]}» ngắn hơn các mã khác ({min(lengths)} và {max(lengths)} chữ số): "
        "có thể Excel đã bỏ số 0 ở đầu.",
        "Nếu đúng vậy, định dạng cột là Text và nhập lại mã trước khi chọn mẫu.",
        table.sheet,
        table.rows[short],
        name,
    )


def _kind(path: Path) -> str:
    """Return what the file is by its name, after looking that it is there at all."""
    if not path.is_file():
        raise AppError("IMPORT-006", f"Không có tệp «{path}».", "Kiểm tra đường dẫn và tên tệp.")
    if not path.stat().st_size:
        raise AppError("IMPORT-007", f"Tệp «{path.name}» rỗng.", "Chọn tệp có dữ liệu.")
    kind = path.suffix.lower()
    with path.open("rb") as file:
        begins = file.read(4)
    if kind in (".csv", ".txt", ".tsv") and begins == b"PK\x03\x04":
        raise AppError(
            "IMPORT-008",
            f"Tệp «{path.name}» thực ra là bảng tính Excel.",
            "Đổi đuôi tệp thành .xlsx, hoặc lưu lại dạng «CSV UTF-8».",
        )
    if kind not in _READERS:
        raise AppError(
            "IMPORT-009",
            f"Chưa đọc được tệp «{path.name}»: chỉ nhận .csv, .xlsx, .parquet.",
            "Mở bằng Excel và lưu lại dạng .xlsx.",
        )
    return kind


def _late(module: str, name: str) -> Callable[..., Read]:
    """Load a reader when it is needed: its library may take longer than the file."""
    reader: Callable[..., Read] = getattr(
        importlib.import_module(f"surveyapp.importers.{module}"), name
    )
    return reader


def _without_blank_rows(
    columns: dict[str, list[str]], rows: Sequence[int]
) -> tuple[dict[str, list[str]], Sequence[int]]:
    """Leave out the rows in which no wanted column holds anything."""
    if not columns or not all("" in column for column in columns.values()):
        return columns, rows
    kept = [i for i in range(len(rows)) if any(column[i] for column in columns.values())]
    if len(kept) == len(rows):
        return columns, rows
    return {n: [c[i] for i in kept] for n, c in columns.items()}, [rows[i] for i in kept]


def _only_header(sheet: str) -> TableProblem:
    """Say that nothing stands below the header."""
    return TableProblem(
        "IMPORT-013", "Chỉ có dòng tiêu đề, không có dữ liệu.", "Điền danh sách.", sheet
    )
