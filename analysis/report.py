"""What a report says: tables, pictures and text as plain frozen values, without any formatting."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import get_args

from analysis.cells import (
    TOLERANCE,
    Cell,
    Column,
    Flag,
    Interval,
    Kind,
    Missing,
    ReportError,
    Tone,
    check_code,
    check_inside,
    check_row,
)
from analysis.trend import TrendFigure

#: The content of reports has one face; its values are kept in a module of their own.
__all__ = [
    "NOT_COMPARABLE",
    "TOLERANCE",
    "Axis",
    "Block",
    "Box",
    "Cell",
    "Column",
    "Figure",
    "Flag",
    "FunnelFigure",
    "FunnelMark",
    "Interval",
    "IntervalFigure",
    "IntervalRow",
    "Kind",
    "Missing",
    "Paragraph",
    "Reference",
    "Report",
    "ReportError",
    "ReportTable",
    "Section",
    "Signature",
    "Tone",
    "TrendFigure",
]

NOT_COMPARABLE = "khác đối tượng và phương pháp, không so sánh trực tiếp"

_MAX_FIGURE_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table: what it shows and its exact values.

    Parameters
    ----------
    code : unique in the report, `[a-z][a-z0-9_-]*`.
    columns, rows : every row has one cell per column; there may be no rows.
    notes : sentences below the table.
    source : where the numbers come from: survey, method version, day.
    summary_rows : positions (from 0) of rows that sum up others, such as "Toàn tỉnh".
    """

    code: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    subtitle: str = ""
    notes: tuple[str, ...] = ()
    source: str = ""
    summary_rows: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Refuse rows that do not fit the columns."""
        check_code(self.code)
        keys = [column.key for column in self.columns]
        if not keys or len(set(keys)) != len(keys):
            raise ReportError(f"table {self.code}: columns must be there and differ, not {keys}")
        for position, row in enumerate(self.rows):
            check_row(self.columns, row, f"table {self.code}, row {position}")
        if not self.summary_rows <= set(range(len(self.rows))):
            raise ReportError(f"table {self.code}: no such rows {sorted(self.summary_rows)}")


@dataclass(frozen=True, slots=True)
class Axis:
    """A common axis from `low` to `high` with a mark every `step`, in the unit of the figure."""

    low: float
    high: float
    step: float

    def __post_init__(self) -> None:
        """Refuse an axis that has no length or no marks."""
        room = (self.high - self.low) * (1 + TOLERANCE)
        if not (0 < self.step <= room and math.isfinite(room)):
            raise ReportError(f"not an axis: {self.low!r} to {self.high!r} by {self.step!r}")


@dataclass(frozen=True, slots=True)
class Reference:
    """The value that the rows are read against, such as "Toàn tỉnh", with its own interval."""

    label: str
    value: float
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One agency of a picture: a value with its interval, or the reason why there is none.

    Parameters
    ----------
    flag : `low` and `small` are drawn hollow and dotted.
    tone : result of the test against the reference; never worked out from the picture.
    conducting : the agency that carries out the survey is rated by it, which is said beside it.
    cells : one per column of the figure, written to the right.
    """

    label: str
    value: float | Missing
    interval: Interval | None = None
    flag: Flag = "ok"
    tone: Tone = "neutral"
    conducting: bool = False
    cells: tuple[Cell, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an interval without a value, or one that does not hold the value."""
        if self.flag not in get_args(Flag) or self.tone not in get_args(Tone):
            raise ReportError(f"row {self.label!r}: flag {self.flag!r} or tone {self.tone!r}")
        if isinstance(self.value, Missing):
            if self.interval is not None:
                raise ReportError(f"row {self.label!r}: an interval without a value")
        else:
            check_inside(self.value, self.interval, f"row {self.label!r}")


@dataclass(frozen=True, slots=True)
class IntervalFigure:
    """A dot-and-interval picture: rows from top to bottom on one common axis.

    Parameters
    ----------
    unit : "%" or a word such as "điểm".
    how_to_read : one sentence that stands above the picture.
    columns : what is written to the right of the picture, at most four.
    axis : None leaves the round limits to the exporter.
    notes : sentences below the picture.
    """

    code: str
    title: str
    unit: str
    how_to_read: str
    rows: tuple[IntervalRow, ...]
    columns: tuple[Column, ...] = ()
    axis: Axis | None = None
    reference: Reference | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse cells that fit no column and values outside a given axis."""
        check_code(self.code)
        if len(self.columns) > _MAX_FIGURE_COLUMNS:
            raise ReportError(f"figure {self.code}: more than {_MAX_FIGURE_COLUMNS} columns")
        for row in self.rows:
            check_row(self.columns, row.cells, f"figure {self.code}, row {row.label!r}")
        if self.reference is not None:
            where = f"figure {self.code}, {self.reference.label!r}"
            check_inside(self.reference.value, self.reference.interval, where)
        if self.axis is not None:
            span = Interval(self.axis.low, self.axis.high)
            for value in self.extent():
                check_inside(value, span, f"figure {self.code}, axis")

    def extent(self) -> tuple[float, ...]:
        """All values and limits that the axis must hold."""
        drawn = [(row.value, row.interval) for row in self.rows]
        if self.reference is not None:
            drawn.append((self.reference.value, self.reference.interval))
        values = [value for value, _ in drawn if not isinstance(value, Missing)]
        limits = [limit for _, span in drawn if span for limit in (span.low, span.high)]
        return (*values, *limits)


@dataclass(frozen=True, slots=True)
class FunnelMark:
    """One agency of a funnel plot: effective number of answers, score, limits of chance."""

    label: str
    size: float
    value: float
    inner: Interval
    outer: Interval


@dataclass(frozen=True, slots=True)
class FunnelFigure:
    """Scores against their sizes, with the limits within which chance alone would keep them."""

    code: str
    title: str
    unit: str
    how_to_read: str
    marks: tuple[FunnelMark, ...]
    reference: Reference
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a picture of nothing, and sizes that are not positive."""
        check_code(self.code)
        if not self.marks or any(not mark.size > 0 for mark in self.marks):
            raise ReportError(f"figure {self.code}: needs marks of positive size")


Figure = IntervalFigure | FunnelFigure | TrendFigure


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of plain text; `strong` marks the sentence that must not be missed."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """Figures of another publisher, kept apart from the survey's own and never compared."""

    title: str
    paragraphs: tuple[Paragraph, ...] = ()
    table: ReportTable | None = None
    caveat: str = NOT_COMPARABLE


Block = Paragraph | ReportTable | Figure | Box


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (without its number) and what stands under it."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs: lines of authority such as ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"), then the name."""

    authority: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report in the order of reading.

    Parameters
    ----------
    code : for file names and programs, `[a-z][a-z0-9_-]*`.
    kind : type of document, "Báo cáo".
    title : what it is about (trích yếu).
    agency : the superior agency first, the issuing agency last.
    number : number and sign such as "12/BC-SNV"; "" before it has one.
    place, issued_on : place and day of issue; None before it is dated.
    recipients : lines under "Nơi nhận", without dash and stop.
    sections : the body; `annexes` follow the signature, each with its own page numbers.
    simulated : True prints the stamp of practice data on every page, sheet and picture.
    decimals, decimal_comma : how numbers are shown; the values keep full precision.
    """

    code: str
    title: str
    agency: tuple[str, ...]
    place: str
    sections: tuple[Section, ...]
    simulated: bool
    kind: str = "Báo cáo"
    number: str = ""
    issued_on: date | None = None
    recipients: tuple[str, ...] = ()
    signature: Signature | None = None
    annexes: tuple[Section, ...] = ()
    decimals: int = 1
    decimal_comma: bool = True

    def __post_init__(self) -> None:
        """Refuse codes used twice and a report without an issuing agency."""
        check_code(self.code)
        if not self.agency:
            raise ReportError(f"report {self.code}: no issuing agency")
        codes = sorted([*(t.code for t in self.tables()), *(f.code for f in self.figures())])
        twice = {a for a, b in pairwise(codes) if a == b}
        if twice:
            raise ReportError(f"report {self.code}: codes used twice: {sorted(twice)}")

    def blocks(self) -> Iterator[Block]:
        """Every block in the order of reading, annexes last."""
        for section in (*self.sections, *self.annexes):
            yield from section.blocks

    def tables(self) -> tuple[ReportTable, ...]:
        """Tables in the order of reading, those in boxes included; their order numbers them."""
        held = (block.table if isinstance(block, Box) else block for block in self.blocks())
        return tuple(block for block in held if isinstance(block, ReportTable))

    def figures(self) -> tuple[Figure, ...]:
        """Pictures in the order of reading; their order numbers them."""
        return tuple(block for block in self.blocks() if isinstance(block, Figure))
