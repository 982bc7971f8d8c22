"""The values that a report is made of: cells, intervals, columns, and what they refuse."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["text", "count", "percent", "points", "interval", "flag", "code"]
Flag = Literal["ok", "low", "small", "degenerate", "census", "none"]
Tone = Literal["neutral", "above", "below"]

#: How far a value may lie outside its interval or axis by floating-point error alone.
TOLERANCE = 1e-9

_CODE = re.compile(r"[a-z][a-z0-9_-]*")


class ReportError(ValueError):
    """The content of a report contradicts itself; names the part and the value."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A cell without a value. Its `reason` (Vietnamese) is shown in its place, never 0."""

    reason: str

    def __post_init__(self) -> None:
        """Refuse an empty reason."""
        if not self.reason.strip():
            raise ReportError("a missing value needs a reason")


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval, in the unit of the value that it belongs to."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse limits that are not finite or are the wrong way round."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise ReportError(f"not an interval: {self.low!r} to {self.high!r}")


Cell = str | int | float | Interval | Missing


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    key : name of the column for programs, unique in its table.
    title : heading (Vietnamese).
    kind : what the cells hold. `text` and `code`: str · `count`: int · `percent`: number on the
        scale 0 to 100 · `points`: number in `unit` · `interval`: `Interval` in `unit` ·
        `flag`: one of `Flag`. Any cell may be `Missing`.
    group : heading shared with neighbouring columns, or None.
    unit : printed after each number of kind `points` or `interval`, for example "%"; may be "".
    decimals : places shown for this column, or None for those of the report.
    reading : one sentence that says how a number of this column is read; "" before it is told.
    """

    key: str
    title: str
    kind: Kind
    group: str | None = None
    unit: str = ""
    decimals: int | None = None
    reading: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown kind."""
        if self.kind not in get_args(Kind):
            raise ReportError(f"column {self.key}: unknown kind {self.kind!r}")

    def check(self, cell: Cell, where: str) -> None:
        """Raise `ReportError` if `cell` does not fit this column."""
        if isinstance(cell, Missing):
            return
        if not self._fits(cell):
            raise ReportError(f"{where}, column {self.key}: {cell!r} is not a value of {self.kind}")

    def _fits(self, cell: Cell) -> bool:
        if isinstance(cell, bool):
            return False
        match self.kind:
            case "text" | "code":
                return isinstance(cell, str)
            case "flag":
                return cell in get_args(Flag)
            case "count":
                return isinstance(cell, int)
            case "interval":
                return isinstance(cell, Interval)
            case _:
                return isinstance(cell, int | float) and math.isfinite(cell)


def check_code(code: str) -> None:
    """Refuse a code that a file name could not hold."""
    if not _CODE.fullmatch(code):
        raise ReportError(f"code {code!r} is not made of a-z, 0-9, _ and -")


def check_row(columns: Sequence[Column], cells: Sequence[Cell], where: str) -> None:
    """Refuse a row that does not fit its columns."""
    if len(cells) != len(columns):
        raise ReportError(f"{where}: {len(cells)} cells for {len(columns)} columns")
    for column, cell in zip(columns, cells, strict=True):
        column.check(cell, where)


def check_inside(value: float, span: Interval | None, where: str) -> None:
    """Refuse a value that is no number or lies outside its interval."""
    if not math.isfinite(value):
        raise ReportError(f"{where}: {value!r} is not a number")
    if span and not span.low - TOLERANCE <= value <= span.high + TOLERANCE:
        raise ReportError(f"{where}: {value!r} is outside {span.low!r} to {span.high!r}")
