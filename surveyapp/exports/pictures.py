"""Whole pictures: the rows of a figure on as many parts as they need, each with its legend."""

import math
from bisect import bisect
from itertools import accumulate, pairwise

from analysis.report import Figure, FunnelFigure, TrendFigure
from surveyapp.exports.figure import (
    BAND,
    BRAND,
    HOLLOW,
    TONES,
    Band,
    Line,
    Look,
    Mark,
    Picture,
    Plan,
    Shape,
    draw,
    plan,
)
from surveyapp.exports.funnel import funnel_picture
from surveyapp.exports.legend import Key, legend, stacked
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.trend import trend_picture


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
    if isinstance(figure, TrendFigure):
        return (trend_picture(figure, look, style, simulated=simulated),)
    laid = plan(figure, look, style)
    below = legend(look, _keys(laid), figure.notes, len(laid.rows))
    fixed = laid.head_height + laid.foot_height + below.height + look.size
    parts = _divide([row.height for row in laid.rows], max_height - fixed)
    drawn = (draw(laid, first, last, simulated=simulated) for first, last in parts)
    return tuple(stacked(upper, below) for upper in drawn)


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


def _keys(laid: Plan) -> list[Key]:
    size, rows = laid.look.size, [row.row for row in laid.rows]
    shown = [row for row in rows if isinstance(row.value, float | int)]
    middle, radius = size * 0.9, size * 0.4
    reference = laid.figure.reference
    against = f"“{reference.label}”" if reference else "mức chung"
    keys: list[Key] = []
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
