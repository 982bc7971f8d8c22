"""Whole pictures: the rows of a figure on as many parts as they need, each with its legend."""

import math
from bisect import bisect
from dataclasses import replace
from itertools import accumulate, pairwise

from analysis.report import Figure, FunnelFigure
from surveyapp.exports.figure import (
    BAND,
    BRAND,
    HOLLOW,
    MUTED,
    TONES,
    Band,
    Line,
    Look,
    Mark,
    Picture,
    Plan,
    Shape,
    Word,
    draw,
    plan,
)
from surveyapp.exports.funnel import funnel_picture
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.wording import clean


def pictures(
    figure: Figure,
    look: Look,
    style: NumberStyle,
    *,
    simulated: bool,
    max_height: float = math.inf,
) -> tuple[Picture, ...]:
    """Draw `figure`, in parts of similar length where it is higher than `max_height`.

    All parts share axis, columns and legend. A part holds at least one row, so only a single row
    that is higher than `max_height` can exceed it.
    """
    if isinstance(figure, FunnelFigure):
        return (funnel_picture(figure, look, style, simulated=simulated),)
    laid = plan(figure, look, style)
    legend = _legend(laid)
    fixed = laid.head_height + laid.foot_height + legend.height + look.size
    parts = _divide([row.height for row in laid.rows], max_height - fixed)
    drawn = (draw(laid, first, last, simulated=simulated) for first, last in parts)
    return tuple(_join(upper, legend) for upper in drawn)


def _divide(heights: list[float], room: float) -> list[tuple[int, int]]:
    """Split rows into as few parts as `room` allows, of nearly equal height."""
    fewest = _fill(heights, room)
    parts = _share(heights, len(fewest))
    fits = all(0 < sum(heights[first:last]) <= room for first, last in parts)
    return parts if fits else fewest


def _fill(heights: list[float], room: float) -> list[tuple[int, int]]:
    """Fill parts one after another up to `room`."""
    starts, filled = [0], 0.0
    for position, height in enumerate(heights):
        if filled and filled + height > room:
            starts.append(position)
            filled = 0.0
        filled += height
    return list(pairwise([*starts, len(heights)]))


def _share(heights: list[float], count: int) -> list[tuple[int, int]]:
    """Cut the rows where every `count`-th of the whole height is passed."""
    middles = [
        below - height / 2 for below, height in zip(accumulate(heights), heights, strict=True)
    ]
    cuts = [sum(heights) * part / count for part in range(1, count)]
    return list(pairwise([0, *(bisect(middles, cut) for cut in cuts), len(heights)]))


def _join(upper: Picture, legend: Picture) -> Picture:
    moved = tuple(_down(shape, upper.height) for shape in legend.shapes)
    height = upper.height + legend.height
    return Picture(upper.width, height, upper.shapes + moved, upper.rows)


def _down(shape: Shape, by: float) -> Shape:
    if isinstance(shape, Line):
        return replace(shape, y1=shape.y1 + by, y2=shape.y2 + by)
    return replace(shape, y=shape.y + by)


def _legend(laid: Plan) -> Picture:
    """Explain the marks that occur, then write the notes."""
    look, shapes, y = laid.look, list[Shape](), laid.look.line
    indent = look.size * 2.2
    for key, text in _keys(laid):
        shapes += [_down(shape, y - look.size * 0.34) for shape in key]
        y = _write(shapes, look, text, (indent, y))
    for note in laid.figure.notes:
        y = _write(shapes, look, note, (0.0, y))
    height = y - look.line * 0.6 if shapes else 0.0
    return Picture(look.width, height, tuple(shapes), (0, len(laid.rows)))


def _write(shapes: list[Shape], look: Look, text: str, at: tuple[float, float]) -> float:
    """Write `text` from the point `at` on; return the base line of the next line."""
    x, y = at
    for line in look.wrap(clean(text), look.width - x):
        shapes.append(Word(x, y, line, look.size * 0.95, MUTED))
        y += look.line
    return y


def _keys(laid: Plan) -> list[tuple[list[Shape], str]]:
    size, rows = laid.look.size, [row.row for row in laid.rows]
    shown = [row for row in rows if isinstance(row.value, float | int)]
    middle, radius = size * 0.9, size * 0.4
    reference = laid.figure.reference
    against = f"“{reference.label}”" if reference else "mức chung"
    keys: list[tuple[list[Shape], str]] = []
    if any(row.flag in HOLLOW for row in shown):
        dash = (size * 0.22, size * 0.28)
        line = Line(0, 0, middle * 2, 0, TONES["neutral"], size / 6, dash)
        dot = Mark(middle, 0, radius, TONES["neutral"], "dot", hollow=True)
        keys.append(([line, dot], "Chấm rỗng, nét đứt: chưa đủ tin cậy"))
    if any(row.tone == "above" for row in shown):
        up = Mark(middle, 0, radius, TONES["above"], "up")
        keys.append(([up], f"Tam giác hướng lên: cao hơn {against} một cách rõ rệt"))
    if any(row.tone == "below" for row in shown):
        down = Mark(middle, 0, radius, TONES["below"], "down")
        keys.append(([down], f"Tam giác hướng xuống: thấp hơn {against} một cách rõ rệt"))
    if reference is not None:
        band = Band(0, -size * 0.45, middle * 2, size * 0.9, BAND)
        dash = (size * 0.2, size * 0.2)
        line = Line(middle, -size * 0.45, middle, size * 0.45, BRAND, size / 12, dash)
        words = "Vạch đứt và dải màu" if reference.interval else "Vạch đứt"
        tail = " và khoảng tin cậy" if reference.interval else ""
        key: list[Shape] = [band, line] if reference.interval else [line]
        keys.append((key, f"{words}: {against}{tail}"))
    return keys
