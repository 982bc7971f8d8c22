"""A funnel plot as shapes: every agency at its size, between the limits of chance."""

from itertools import pairwise

from analysis.report import FunnelFigure, Interval, Tone
from surveyapp.exports.figure import (
    BRAND,
    GRID,
    INK,
    MARKS,
    MUTED,
    TONES,
    WATERMARK,
    Line,
    Look,
    Mark,
    Picture,
    Shape,
    Word,
)
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.wording import STAMP, clean

_HEIGHT_SHARE = 0.45
_MARKS = 5


class _Frame:
    """Where values and sizes lie on the paper."""

    def __init__(self, figure: FunnelFigure, look: Look) -> None:
        values = [x for mark in figure.marks for x in (mark.value, *_ends(mark.outer))]
        values.append(figure.reference.value)
        room = (max(values) - min(values)) * 0.05 or 1.0
        self.low, self.high = min(values) - room, max(values) + room
        self.most = max(mark.size for mark in figure.marks) * 1.05
        self.left, self.right = look.size * 5, look.width - look.size
        self.top = look.size
        self.bottom = self.top + look.width * _HEIGHT_SHARE

    def x(self, size: float) -> float:
        return self.left + (self.right - self.left) * size / self.most

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - (self.bottom - self.top) * share


def funnel_picture(
    figure: FunnelFigure, look: Look, style: NumberStyle, *, simulated: bool
) -> Picture:
    """Draw scores over precision; agencies outside are named where names do not touch."""
    frame = _Frame(figure, look)
    shapes: list[Shape] = _ground(figure, look, style, frame)
    if simulated:
        middle = ((frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2)
        shapes.append(
            Word(*middle, STAMP, look.size * 2.4, WATERMARK, "middle", bold=True, role="stamp")
        )
    shapes += _limits(figure, look, frame)
    shapes += _points(figure, look, frame)
    y = frame.bottom + look.line * 3.4
    texts = (
        "Đường liền: ngoài đó khó do ngẫu nhiên (99,8%). Đường đứt: 95%. "
        f"Vạch ngang: {figure.reference.label} "
        f"{style.quantity(figure.reference.value, figure.unit)}.",
        *figure.notes,
    )
    for text in texts:
        for line in look.wrap(clean(text), look.width):
            shapes.append(Word(0.0, y, line, look.size * 0.95, MUTED))
            y += look.line
    return Picture(look.width, y, tuple(shapes), (0, len(figure.marks)))


def _ground(figure: FunnelFigure, look: Look, style: NumberStyle, frame: _Frame) -> list[Shape]:
    shapes: list[Shape] = []
    thin = look.size / 14
    for step in range(_MARKS + 1):
        value = frame.low + (frame.high - frame.low) * step / _MARKS
        y = frame.y(value)
        shapes.append(Line(frame.left, y, frame.right, y, GRID, thin, role="grid"))
        text = style.quantity(value, figure.unit, 1)
        at = (frame.left - look.size * 0.4, y + look.size * 0.34)
        shapes.append(Word(*at, text, look.size * 0.9, MUTED, "end"))
        size = frame.most * step / _MARKS
        x, base = frame.x(size), frame.bottom + look.line
        shapes.append(Word(x, base, style.count(round(size)), look.size * 0.9, MUTED, "middle"))
    middle, base = (frame.left + frame.right) / 2, frame.bottom + look.line * 2.2
    shapes.append(
        Word(
            middle, base, "Số câu trả lời quy đổi (độ chính xác)", look.size * 0.9, MUTED, "middle"
        )
    )
    y = frame.y(figure.reference.value)
    shapes.append(Line(frame.left, y, frame.right, y, BRAND, look.size / 10, role="reference"))
    return shapes


def _limits(figure: FunnelFigure, look: Look, frame: _Frame) -> list[Shape]:
    """Join the limits of the agencies from the smallest size to the largest."""
    ordered = sorted(figure.marks, key=lambda mark: mark.size)
    shapes: list[Shape] = []
    dash = (look.size * 0.3, look.size * 0.3)
    for before, after in pairwise(ordered):
        for spans, pattern in (
            ((before.inner, after.inner), dash),
            ((before.outer, after.outer), ()),
        ):
            for one, other in zip(_ends(spans[0]), _ends(spans[1]), strict=True):
                ends = (frame.x(before.size), frame.y(one), frame.x(after.size), frame.y(other))
                shapes.append(Line(*ends, MUTED, look.size / 10, pattern))
    return shapes


def _points(figure: FunnelFigure, look: Look, frame: _Frame) -> list[Shape]:
    """Draw the agencies; name those outside the outer limits where their names do not touch."""
    shapes: list[Shape] = []
    named: list[tuple[float, float, float]] = []
    centre = figure.reference.value
    for mark in sorted(figure.marks, key=lambda each: -abs(each.value - centre)):
        above, below = mark.value > mark.inner.high, mark.value < mark.inner.low
        tone: Tone = "above" if above else "below" if below else "neutral"
        x, y = frame.x(mark.size), frame.y(mark.value)
        shapes.append(Mark(x, y, look.size * 0.4, TONES[tone], MARKS[tone]))
        if mark.outer.low <= mark.value <= mark.outer.high:
            continue
        half = look.measure(mark.label) / 2
        middle = min(max(x, frame.left + half), frame.right - half)
        base = y + (look.size * 1.3 if below else -look.size * 0.8)
        if all(
            abs(middle - other[0]) > half + other[1] or abs(base - other[2]) > look.line
            for other in named
        ):
            named.append((middle, half, base))
            shapes.append(Word(middle, base, mark.label, look.size * 0.85, INK, "middle"))
    return shapes


def _ends(span: Interval) -> tuple[float, float]:
    return span.low, span.high
