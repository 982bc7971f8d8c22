"""The dot-and-interval picture: where every line, mark and word stands.

One geometry serves the SVG of the pages and the drawing in the PDF. The origin is the upper left
corner; lengths are in the unit of the text size (px or pt).
"""

import math
from dataclasses import dataclass
from typing import Literal

from analysis.report import Axis, Cell, Column, IntervalFigure, IntervalRow, Missing, Tone
from surveyapp.exports.axis import axis_of, mark_decimals, marks
from surveyapp.exports.face import width, wrap
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.wording import CONDUCTING, STAMP, clean

INK, MUTED, GRID = "#16202e", "#52606d", "#dcd8ce"
BRAND, BAND, WATERMARK = "#0b5a4c", "#dff0ea", "#ebe8e0"
TONES: dict[Tone, str] = {"neutral": "#3d4853", "above": "#0b6b3f", "below": "#a8201a"}
HOLLOW = frozenset({"low", "small"})

Anchor = Literal["start", "middle", "end"]
MarkShape = Literal["dot", "up", "down", "square"]
MARKS: dict[Tone, MarkShape] = {"neutral": "dot", "above": "up", "below": "down"}

_LABEL_SHARE = 0.34
_CELL_SHARE = 0.14
_PLOT_SHARE = 0.34
_STAMP_EVERY = 22  # text sizes between two watermarks, so that a cut-out still shows one


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; `dash` holds the lengths of stroke and gap."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    thickness: float
    dash: tuple[float, ...] = ()
    role: str = "line"


@dataclass(frozen=True, slots=True)
class Band:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    role: str = "band"


@dataclass(frozen=True, slots=True)
class Mark:
    """The point of a value, drawn around its centre."""

    x: float
    y: float
    radius: float
    colour: str
    shape: MarkShape = "dot"
    hollow: bool = False
    role: str = "mark"


@dataclass(frozen=True, slots=True)
class Word:
    """One line of text; `y` is its base line."""

    x: float
    y: float
    text: str
    size: float
    colour: str = INK
    anchor: Anchor = "start"
    bold: bool = False
    role: str = "text"


Shape = Line | Band | Mark | Word


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn part of a figure and the rows (from, to) that it shows."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    rows: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """What the medium decides.

    Parameters
    ----------
    width, size : width of the picture and size of its text.
    scale : how much wider the medium's face may run than Liberation Serif (system faces: 1.24).
    """

    width: float
    size: float
    scale: float = 1.0

    @property
    def line(self) -> float:
        """Height of one line of text."""
        return self.size * 1.3

    def measure(self, text: str, *, bold: bool = False) -> float:
        """Width of one line of `text`, on the safe side."""
        return width(text, self.size, bold=bold) * self.scale

    def wrap(self, text: str, limit: float) -> list[str]:
        """Break `text` into lines no wider than `limit`."""
        return wrap(clean(text), limit, self.size, scale=self.scale)


@dataclass(frozen=True, slots=True)
class LaidRow:
    """One row with its texts broken into lines."""

    row: IntervalRow
    label: list[str]
    reason: list[str]
    cells: list[list[str]]
    height: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of a figure, common to all its parts, and its rows."""

    figure: IntervalFigure
    look: Look
    style: NumberStyle
    axis: Axis
    label_width: float
    plot: tuple[float, float]
    cell_ends: tuple[float, ...]
    heads: list[list[str]]
    reference: list[str]
    rows: list[LaidRow]

    def x(self, value: float) -> float:
        """Place `value` on the axis."""
        left, right = self.plot
        share = (value - self.axis.low) / (self.axis.high - self.axis.low)
        return left + share * (right - left)

    @property
    def head_height(self) -> float:
        """Height of the titles above the plot."""
        lines = max([len(self.reference), *(len(head) for head in self.heads)])
        return lines * self.look.line + self.look.size * 0.5

    @property
    def foot_height(self) -> float:
        """Height of the numbers below the axis."""
        return self.look.line * 1.7


def plan(figure: IntervalFigure, look: Look, style: NumberStyle) -> Plan:
    """Measure all texts and divide the width among names, plot and columns."""
    gap = look.size
    texts = [
        [_cell_text(style, column, row, row.cells[position]) for row in figure.rows]
        for position, column in enumerate(figure.columns)
    ]
    heads = [clean(column.title) for column in figure.columns]
    widths = [
        min(
            max(_widest(look, [*cells, *head.split()]), _half(look, head)), _CELL_SHARE * look.width
        )
        for cells, head in zip(texts, heads, strict=True)
    ]
    right = look.width - sum(widths) - gap * len(widths)
    labels = [_label(row) for row in figure.rows]
    free = max(right - gap - _PLOT_SHARE * look.width, look.width * 0.15)
    label_width = min(_widest(look, labels), _LABEL_SHARE * look.width, free)
    plot = (label_width + gap, right - (gap if widths else look.size * 2))
    ends, end = [], right
    for column_width in widths:
        end += column_width + gap
        ends.append(end)
    rows = [
        _lay(row, look, label_width, plot, [(t[i], w) for t, w in zip(texts, widths, strict=True)])
        for i, row in enumerate(figure.rows)
    ]
    return Plan(
        figure,
        look,
        style,
        axis_of(figure),
        label_width,
        plot,
        tuple(ends),
        [look.wrap(head, limit) for head, limit in zip(heads, widths, strict=True)],
        _reference_lines(figure, look, style, plot),
        rows,
    )


def draw(laid: Plan, first: int, last: int, *, simulated: bool) -> Picture:
    """Draw rows `first` to `last` (exclusive) with titles and axis."""
    top = laid.head_height
    bottom = top + sum(row.height for row in laid.rows[first:last]) + laid.look.size * 0.4
    shapes: list[Shape] = _ground(laid, top, bottom)
    if simulated:
        shapes += _watermarks(laid, top, bottom)
    shapes += _heads(laid)
    y = top + laid.look.size * 0.2
    for row in laid.rows[first:last]:
        shapes += _row(laid, row, y + row.height / 2)
        y += row.height
    return Picture(laid.look.width, bottom + laid.foot_height, tuple(shapes), (first, last))


def corners(mark: Mark) -> tuple[tuple[float, float], ...]:
    """Return the corners of a triangle or square as large as the dot of the same radius."""
    if mark.shape == "square":
        half = mark.radius * 0.9
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return tuple((mark.x + right * half, mark.y + down * half) for right, down in signs)
    reach = mark.radius * 1.25
    tip = -reach if mark.shape == "up" else reach
    return (
        (mark.x, mark.y + tip),
        (mark.x + reach, mark.y - tip * 0.8),
        (mark.x - reach, mark.y - tip * 0.8),
    )


def _label(row: IntervalRow) -> str:
    return clean(f"{row.label} {CONDUCTING}" if row.conducting else row.label)


def _cell_text(style: NumberStyle, column: Column, row: IntervalRow, cell: Cell) -> str:
    """Write a cell; a reason that stands in place of the value already is not repeated."""
    return "" if isinstance(cell, Missing) and cell == row.value else style.cell(column, cell)


def _half(look: Look, head: str) -> float:
    """Width that lets a title stand on two lines."""
    return look.measure(head) * 0.6


def _widest(look: Look, texts: list[str]) -> float:
    return max((look.measure(text) for text in texts), default=0.0) + look.size * 0.1


def _lay(
    row: IntervalRow,
    look: Look,
    label_width: float,
    plot: tuple[float, float],
    cells: list[tuple[str, float]],
) -> LaidRow:
    label = look.wrap(_label(row), label_width)
    space = plot[1] - plot[0] - look.size
    reason = look.wrap(row.value.reason, space) if isinstance(row.value, Missing) else []
    broken = [look.wrap(text, limit) for text, limit in cells]
    lines = max(len(label), len(reason), 1, *(len(cell) for cell in broken), 1)
    return LaidRow(row, label, reason, broken, lines * look.line + look.size * 0.9)


def _reference_lines(
    figure: IntervalFigure, look: Look, style: NumberStyle, plot: tuple[float, float]
) -> list[str]:
    if figure.reference is None:
        return []
    value = style.quantity(figure.reference.value, figure.unit)
    return look.wrap(f"{figure.reference.label} {value}", (plot[1] - plot[0]) / 1.1)


def _ground(laid: Plan, top: float, bottom: float) -> list[Shape]:
    """Draw the reference band, the grid and the numbers of the axis."""
    shapes: list[Shape] = []
    reference, size = laid.figure.reference, laid.look.size
    if reference is not None and reference.interval is not None:
        left, right = laid.x(reference.interval.low), laid.x(reference.interval.high)
        shapes.append(Band(left, top, right - left, bottom - top, BAND))
    for x, text in _scale(laid):
        shapes.append(Line(x, top, x, bottom, GRID, size / 14, role="grid"))
        if text:
            shapes.append(Word(x, bottom + laid.look.line, text, size * 0.9, MUTED, "middle"))
    if reference is not None:
        x = laid.x(reference.value)
        dash = (size * 0.3, size * 0.3)
        shapes.append(Line(x, top, x, bottom, BRAND, size / 12, dash, "reference"))
    return shapes


def _scale(laid: Plan) -> list[tuple[float, str]]:
    """Place the marks of the axis; where numbers would touch, only every k-th is written."""
    values, decimals = marks(laid.axis), mark_decimals(laid.axis)
    texts = [laid.style.quantity(value, laid.figure.unit, decimals) for value in values]
    room = laid.x(laid.axis.low + laid.axis.step) - laid.plot[0]
    every = max(1, math.ceil(_widest(laid.look, texts) * 1.1 / room))
    return [
        (laid.x(value), "" if i % every else text)
        for i, (value, text) in enumerate(zip(values, texts, strict=True))
    ]


def _watermarks(laid: Plan, top: float, bottom: float) -> list[Shape]:
    left, right = laid.plot
    size = min(laid.look.size * 2.6, (right - left) / width(STAMP, 1, bold=True) / laid.look.scale)
    count = max(1, int((bottom - top) / (laid.look.size * _STAMP_EVERY)))
    x = (left + right) / 2
    step = (bottom - top) / count
    return [
        Word(x, top + (i + 0.5) * step, STAMP, size, WATERMARK, "middle", bold=True, role="stamp")
        for i in range(count)
    ]


def _heads(laid: Plan) -> list[Shape]:
    """Write the titles of the columns and the name of the reference, standing on one line."""
    look, shapes = laid.look, list[Shape]()
    base = laid.head_height - look.size * 0.7
    for end, head in zip(laid.cell_ends, laid.heads, strict=True):
        for up, text in enumerate(reversed(head)):
            shapes.append(Word(end, base - up * look.line, text, look.size, MUTED, "end"))
    if laid.figure.reference is None:
        return shapes
    half = max(look.measure(text, bold=True) for text in laid.reference) / 2
    x = max(laid.x(laid.figure.reference.value), laid.plot[0] + half)
    x = min(x, laid.plot[1] - half)
    for up, text in enumerate(reversed(laid.reference)):
        y = base - up * look.line
        shapes.append(Word(x, y, text, look.size, BRAND, "middle", bold=True, role="reference"))
    return shapes


def _row(laid: Plan, laid_row: LaidRow, y: float) -> list[Shape]:
    look, row = laid.look, laid_row.row
    shapes: list[Shape] = _words(look, laid_row.label, laid.label_width, y, INK)
    for end, cell in zip(laid.cell_ends, laid_row.cells, strict=True):
        shapes += _words(look, cell, end, y, MUTED)
    if isinstance(row.value, Missing):
        start = laid.plot[0] + look.size * 0.5
        return shapes + _words(look, laid_row.reason, start, y, MUTED, "start")
    colour, hollow = TONES[row.tone], row.flag in HOLLOW
    if row.interval is not None:
        dash = (look.size * 0.22, look.size * 0.28) if hollow else ()
        low, high = laid.x(row.interval.low), laid.x(row.interval.high)
        shapes.append(Line(low, y, high, y, colour, look.size / 6, dash, "interval"))
    radius = look.size * 0.45
    shapes.append(Mark(laid.x(row.value), y, radius, colour, MARKS[row.tone], hollow))
    return shapes


def _words(
    look: Look, lines: list[str], x: float, y: float, colour: str, anchor: Anchor = "end"
) -> list[Shape]:
    """Write `lines` centred on the height `y`."""
    base = y - (len(lines) - 1) * look.line / 2 + look.size * 0.34
    return [
        Word(x, base + down * look.line, text, look.size, colour, anchor)
        for down, text in enumerate(lines)
    ]
