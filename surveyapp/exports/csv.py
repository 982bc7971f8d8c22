"""A table as CSV, written so that Excel in Vietnam opens it with a double click.

UTF-8 with byte order mark, ";" between fields and a decimal comma (a point where the report asks
for it), because "," would split every number there. Values have full precision and no unit.
"""

import csv
import io
from typing import BinaryIO, cast

from analysis.report import Cell, Column, Flag, Interval, Missing, ReportTable
from surveyapp.exports.wording import FLAG_WORDS, STAMP, clean

DELIMITER = ";"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(
    table: ReportTable, file: BinaryIO, *, simulated: bool, decimal_comma: bool = True
) -> None:
    """Write header and rows of `table` to `file`, which stays open.

    An interval takes two columns (cận dưới, cận trên). Practice data has a last column that says
    so in every row. A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=DELIMITER, lineterminator="\r\n")
    stamp = [STAMP] if simulated else []
    titles = [title for column in table.columns for title in column_titles(column)]
    writer.writerow([*(guard(title) for title in titles), *stamp])
    for row in table.rows:
        cells = zip(table.columns, row, strict=True)
        values = [value for column, cell in cells for value in plain_values(column, cell)]
        writer.writerow([*(_field(value, decimal_comma=decimal_comma) for value in values), *stamp])
    file.write(text.getvalue().encode("utf-8-sig"))


def column_titles(column: Column) -> tuple[str, ...]:
    """Titles of the columns of a spreadsheet that hold `column`: two for an interval."""
    title = clean(column.title)
    if column.kind == "interval":
        return f"{title} - cận dưới", f"{title} - cận trên"
    return (title,)


def plain_values(column: Column, cell: Cell) -> tuple[str | int | float, ...]:
    """Return the values of a spreadsheet that hold `cell`; a reason stands where a value lacks."""
    if isinstance(cell, Missing):
        return (clean(cell.reason),) * len(column_titles(column))
    if isinstance(cell, Interval):
        return cell.low, cell.high
    if column.kind == "flag":
        return (FLAG_WORDS[cast(Flag, cell)],)
    return (clean(cell) if isinstance(cell, str) else cell,)


def guard(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _field(value: str | int | float, *, decimal_comma: bool) -> str:
    if isinstance(value, str):
        return guard(value)
    digits = str(value) if isinstance(value, int) else repr(float(value))
    return digits.replace(".", ",") if decimal_comma else digits
