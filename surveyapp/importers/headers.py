"""Where a table begins: the row of names under titles and merged cells."""

import difflib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from surveyapp.importers.legacy_encodings import heading, readings
from surveyapp.importers.table import Problems, TableProblem, Wanted

#: Titles above the header take fewer rows than this.
LOOK_AT = 40
#: A table of which every column is read has at most so many.
MOST_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class Header:
    """The row of names: `row` counts the looked-at rows from 0, `places` is column -> index."""

    row: int
    names: tuple[str, ...]
    places: dict[str, int]


def tidy(text: str) -> str:
    """Bring a name to one spelling of its letters, capitals kept."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def plain(text: str) -> str:
    """Bring a name to the form in which names are compared."""
    return tidy(text).casefold()


def find_header(
    rows: Sequence[Sequence[str]], wanted: Wanted, problems: Problems, sheet: str = ""
) -> Header | None:
    """Find the row that holds most of the wanted names; None when the table is empty.

    With nothing wanted it is the row with most hints, else the first of the fullest rows. Names
    that are missing or stand twice are collected as problems.
    """
    names = {plain(name) for name in (*wanted.names, *wanted.hints)}
    rows = [[_heading(cell, names) for cell in row] for row in rows]
    filled = [i for i, row in enumerate(rows) if any(cell.strip() for cell in row)]
    if not filled:
        problems.add(
            TableProblem("IMPORT-010", "Tệp không có dữ liệu.", "Kiểm tra lại tệp đã chọn.", sheet)
        )
        return None
    best = max(filled, key=lambda i: (_hits(rows[i], names), _width(rows[i]), -i))
    header = tuple(tidy(cell) for cell in rows[best])
    if not wanted.names:
        _check_width(header, problems, sheet)
        return Header(best, header, _all_places(header))
    return Header(best, header, _places(header, wanted, problems, sheet))


def _heading(cell: str, names: set[str]) -> str:
    """Return a heading that was written in an old encoding as it was meant."""
    if cell.isascii() or plain(cell) in names:
        return cell
    known = [reading for reading in readings(cell) if plain(reading) in names]
    return known[0] if known else heading(cell)


def _hits(row: Sequence[str], names: set[str]) -> int:
    """Count the wanted names in a row."""
    return len({plain(cell) for cell in row} & names)


def _width(row: Sequence[str]) -> int:
    """Count the cells that hold something."""
    return sum(1 for cell in row if cell.strip())


def _check_width(header: tuple[str, ...], problems: Problems, sheet: str) -> None:
    """Refuse a table that is far wider than any list: its columns would fill the memory."""
    if len(header) > MOST_COLUMNS:
        problems.add(
            TableProblem(
                "IMPORT-033",
                f"Bảng có {len(header)} cột, nhiều nhất {MOST_COLUMNS} cột.",
                "Xóa các cột không dùng (kể cả cột trống có định dạng) rồi lưu lại.",
                sheet,
            )
        )


def _all_places(header: tuple[str, ...]) -> dict[str, int]:
    """Take every named column; of two with one name, the first."""
    places: dict[str, int] = {}
    for index, name in enumerate(header):
        if name:
            places.setdefault(name, index)
    return places


def _places(
    header: tuple[str, ...], wanted: Wanted, problems: Problems, sheet: str
) -> dict[str, int]:
    """Find the wanted columns; collect those that are missing or stand twice.

    A column of exactly that name goes before those that differ in capitals.
    """
    exact = {tidy(name) for name in wanted.names} & set(header)
    # a column that another wanted name matches to the letter is not this one
    compared = ["" if name in exact else plain(name) for name in header]
    places: dict[str, int] = {}
    for name in wanted.names:
        letters, columns = (
            (tidy(name), list(header)) if tidy(name) in exact else (plain(name), compared)
        )
        count = columns.count(letters)
        if count:
            places[name] = columns.index(letters)
        elif name in wanted.required:
            problems.add(
                TableProblem("IMPORT-011", f"Không có cột «{name}».", _nearest(name, header), sheet)
            )
        if count > 1:
            problems.add(
                TableProblem(
                    "IMPORT-012",
                    f"Có {count} cột cùng tên «{name}».",
                    "Giữ một cột, đổi tên cột kia.",
                    sheet,
                    column=name,
                )
            )
    return places


def _nearest(name: str, header: tuple[str, ...]) -> str:
    """Name the nearest column, or all there are."""
    by_form = {plain(other): other for other in header if other}
    near = difflib.get_close_matches(plain(name), by_form, n=1, cutoff=0.5)
    if near:
        return f"Có phải là cột «{by_form[near[0]]}»?"
    return "Tệp có các cột: " + ", ".join(f"«{other}»" for other in by_form.values()) + "."
