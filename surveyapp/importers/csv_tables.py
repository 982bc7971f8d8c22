"""Read .csv files as they really come: BOM, UTF-16, semicolons or tabs, titles above the header."""

import codecs
import csv
import importlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surveyapp.importers.headers import LOOK_AT, Header, find_header
from surveyapp.importers.legacy_encodings import suspected_bytes
from surveyapp.importers.table import Problems, Progress, Read, TableProblem, Wanted

#: Files above this size go through the quick reader first.
QUICK_FROM = 2_000_000
_DELIMITERS = (",", ";", "\t", "|")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a csv file is written: encoding, bytes before the text, delimiter, header."""

    encoding: str
    skip_bytes: int
    delimiter: str
    header: Header
    header_line: int


def read_csv(path: Path, wanted: Wanted, problems: Problems, progress: Progress) -> Read:
    """Read the wanted columns and the row numbers; faults are collected in `problems`."""
    layout = _layout(path, wanted, problems)
    if layout is None or problems.total:
        return {}, [], ""
    if path.stat().st_size >= QUICK_FROM and layout.encoding == "utf-8":
        quick = importlib.import_module("surveyapp.importers.quick_csv")
        found: Read | None = quick.read(path, layout, progress)
        if found is not None:
            return found
    return _read_carefully(path, layout, problems, progress)


def _layout(path: Path, wanted: Wanted, problems: Problems) -> Layout | None:
    """Find out how the file is written from its beginning."""
    with path.open("rb") as file:
        sample = file.read(262_144)
    encoding, skip = _encoding(sample)
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        text = decoder.decode(sample[skip:], final=len(sample) < 262_144)
    except UnicodeDecodeError:
        if encoding != "utf-8" or not _is_legacy(path):
            _report_bytes(path, encoding, problems)
            return None
        encoding, problems.is_legacy = "latin-1", True
        text = sample.decode(encoding)
    best: tuple[int, Layout, Problems] | None = None
    for delimiter in _DELIMITERS:
        rows, lines = _first_rows(text, delimiter)
        found = Problems()
        header = find_header(rows, wanted, found)
        if header is None:
            problems.listed += found.listed
            problems.total += found.total
            return None
        score = len(header.names) if not wanted.names else len(header.places) * 1000
        if best is None or score > best[0]:
            best = score, Layout(encoding, skip, delimiter, header, lines[header.row]), found
    if best is None:
        return None
    problems.listed += best[2].listed
    problems.total += best[2].total
    return best[1]


def _encoding(sample: bytes) -> tuple[str, int]:
    """Return encoding and length of the byte order mark."""
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name, len(mark)
    if sample[1:200:2].count(0) > len(sample[:200]) // 4:
        return "utf-16-le", 0
    if sample[0:200:2].count(0) > len(sample[:200]) // 4:
        return "utf-16-be", 0
    return "utf-8", 0


def _first_rows(text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Return the first records and the line on which each ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
            if len(rows) == LOOK_AT:
                break
    except csv.Error:
        pass  # the careful reader names the line
    return rows, lines


def _read_carefully(path: Path, layout: Layout, problems: Problems, progress: Progress) -> Read:
    """Read record by record, with the exact line of every fault."""
    columns: dict[str, list[str]] = {name: [] for name in layout.header.places}
    takers = [(columns[name].append, place) for name, place in layout.header.places.items()]
    needed = max(layout.header.places.values(), default=0) + 1
    width = len(layout.header.names)
    rows: list[int] = []
    share: dict[str, str] = {}
    for line, row in _records(path, layout, problems, progress):
        if not any(cell and not cell.isspace() for cell in row):
            continue
        if len(row) < needed or (len(row) > width and any(c.strip() for c in row[width:])):
            problems.add(_wrong_width(line, len(row), width))
            rows.clear()
            for column in columns.values():
                column.clear()  # nothing of a faulty file is stored: do not fill the memory with it
        if problems.total:
            continue
        rows.append(line)
        for take, place in takers:
            cell = row[place]
            take(share.setdefault(cell, cell) if len(share) < 10_000 else share.get(cell, cell))
    return columns, rows, ""


def _records(
    path: Path, layout: Layout, problems: Problems, progress: Progress
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) below the header; stop at what makes the rest unreadable."""
    with path.open("rb") as raw:
        raw.seek(layout.skip_bytes)
        text: Any = io.TextIOWrapper(raw, encoding=layout.encoding, newline="")
        reader = csv.reader(text, delimiter=layout.delimiter, strict=True)
        last, done = 0, 0
        try:
            for row in reader:
                if reader.line_num > layout.header_line:
                    yield last + 1, row
                last = reader.line_num
                if progress is not None and last % 8192 == 0:
                    progress(raw.tell() - done)
                    done = raw.tell()
        except UnicodeDecodeError:
            _report_bytes(path, layout.encoding, problems)
        except csv.Error:
            problems.add(_broken_quotes(last + 1))


def _wrong_width(line: int, found: int, width: int) -> TableProblem:
    """Say that a record has too few or too many cells."""
    return TableProblem(
        "IMPORT-020",
        f"Dòng có {found} ô, tiêu đề có {width} cột.",
        "Kiểm tra dấu phân cách, hoặc đặt ô có dấu phân cách trong ngoặc kép.",
        row=line,
    )


def _broken_quotes(line: int) -> TableProblem:
    """Say that a quotation mark is not closed."""
    return TableProblem(
        "IMPORT-021",
        "Từ dòng này không đọc được: dấu ngoặc kép không khép đúng.",
        "Sửa dấu ngoặc kép ở dòng này.",
        row=line,
    )


def _is_legacy(path: Path) -> bool:
    """Whether all lines beyond ASCII are no UTF-8: a whole file in an old encoding."""
    with path.open("rb") as file:
        return not any(not line.isascii() and _is_utf8(line) for line in file)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _report_bytes(path: Path, encoding: str, problems: Problems) -> None:
    """Name every line that cannot be decoded."""
    if encoding != "utf-8":
        problems.add(_not_utf8(None, encoding.upper() + " bị hỏng"))
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not _is_utf8(line):
                problems.add(_not_utf8(number, suspected_bytes(line)))


def _not_utf8(line: int | None, suspect: str) -> TableProblem:
    """Say that bytes are not UTF-8."""
    return TableProblem(
        "IMPORT-022",
        f"Chữ không phải UTF-8, nghi là {suspect}.",
        "Chuyển sang Unicode (UniKey → Công cụ), rồi lưu lại dạng «CSV UTF-8».",
        row=line,
    )
