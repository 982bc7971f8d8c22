"""An index over the years as shapes: a panel per publisher and population, broken lines between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.report import Axis, Missing, TrendFigure
from analysis.trend import TrendPoint, TrendSeries
from surveyapp.exports.axis import mark_decimals, marks, round_axis
from surveyapp.exports.figure import (
    BRAND,
    GRID,
    HOLLOW,
    INK,
    MUTED,
    TONES,
    WATERMARK,
    Line,
    Look,
    Mark,
    MarkShape,
    Picture,
    Shape,
    Word,
)
from surveyapp.exports.legend import Key, legend, stacked
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.wording import STAMP, break_reason, clean

_HEIGHT_SHARE = 0.3
#: Room of a year at most, as a share of the width: one year is no wide picture.
_WIDEST_SHARE = 0.22
#: Text sizes between two series, for the words that say why no line joins them.
_BREAK = 7.5
_LEAST_YEARS = 2
_COLOUR = TONES["neutral"]
_PERCENT = (0.0, 100.0)
_ANY = (float("-inf"), float("inf"))


@dataclass(frozen=True, slots=True)
class _Placed:
    """A series with its room: from `left`, `year` wide for each of its years."""

    series: TrendSeries
    left: float
    year: float
    years: int

    @property
    def right(self) -> float:
        return self.left + self.year * self.years

    def middle(self, year: int) -> float:
        """Return the middle of a year's room."""
        first, last = self.series.years
        free = (self.years - (last - first + 1)) / 2
        return self.left + self.year * (year - first + free + 0.5)

    def points(self) -> Iterator[tuple[TrendPoint, float]]:
        """Place the figures; several of one year stand beside each other in its room."""
        for point in self.series.points:
            same = [each for each in self.series.points if each.year == point.year]
            place = next(n for n, each in enumerate(same) if each is point)
            shift = (place + 0.5) / len(same) - 0.5
            yield point, self.middle(point.year) + shift * self.year


@dataclass(frozen=True, slots=True)
class _Panel:
    """Series that share an axis, and where values lie on the paper."""

    placed: tuple[_Placed, ...]
    axis: Axis
    top: float
    bottom: float

    def y(self, value: float) -> float:
        share = (value - self.axis.low) / (self.axis.high - self.axis.low)
        return self.bottom - (self.bottom - self.top) * share


def trend_picture(
    figure: TrendFigure, look: Look, style: NumberStyle, *, simulated: bool
) -> Picture:
    """Draw figures and targets over the years; what may not be compared is never joined."""
    panels = _panels(figure, look, style)
    shapes: list[Shape] = []
    for panel in panels:
        shapes += _ground(figure, look, style, panel)
    if simulated:
        shapes.append(_stamp(look, panels))
    for panel in panels:
        for placed in panel.placed:
            shapes += _series(figure, look, style, panel, placed)
    shapes += _breaks(look, panels)
    captions, y = _captions(look, panels)
    upper = Picture(look.width, y, (*shapes, *captions), (0, len(figure.series)))
    return stacked(upper, legend(look, _keys(look, figure, panels), _notes(figure), upper.rows[1]))


def _panels(figure: TrendFigure, look: Look, style: NumberStyle) -> list[_Panel]:
    """Divide the width among axes, years and breaks."""
    held = figure.panels()
    bounds = _PERCENT if figure.unit == "%" else _ANY
    axes = [_axis([x for each in panel for x in each.extent()], bounds) for panel in held]
    rooms = [_axis_room(figure, look, style, axis) for axis in axes]
    years = [[max(_LEAST_YEARS, s.years[1] - s.years[0] + 1) for s in panel] for panel in held]
    gap = _BREAK * look.size
    free = look.width - sum(rooms) - gap * (len(figure.series) - 1) - look.size
    year = min(free / sum(map(sum, years)), _WIDEST_SHARE * look.width)
    top = _head_height(figure, look, style, year)
    bottom = top + look.width * _HEIGHT_SHARE
    panels, x = [], 0.0
    for series, axis, room, counts in zip(held, axes, rooms, years, strict=True):
        x += room
        placed = []
        for each, count in zip(series, counts, strict=True):
            placed.append(_Placed(each, x, year, count))
            x += year * count + gap
        panels.append(_Panel(tuple(placed), axis, top, bottom))
    return panels


def _axis(values: Sequence[float], bounds: tuple[float, float]) -> Axis:
    """Hold all values; without any, the whole scale."""
    if values:
        return round_axis(min(values), max(values), bounds)
    return Axis(0.0, 100.0, 20.0)


def _axis_room(figure: TrendFigure, look: Look, style: NumberStyle, axis: Axis) -> float:
    texts = [style.quantity(x, figure.unit, mark_decimals(axis)) for x in marks(axis)]
    return max(look.measure(text) for text in texts) * 0.9 + look.size * 0.8


def _head_height(figure: TrendFigure, look: Look, style: NumberStyle, year: float) -> float:
    lines = max((len(_aim(each, look, style, figure, year)) for each in figure.series), default=0)
    return lines * look.line + look.size * 2


def _aim(
    series: TrendSeries, look: Look, style: NumberStyle, figure: TrendFigure, year: float
) -> list[str]:
    """Name the latest target, in lines as wide as the room of the series."""
    if not series.targets:
        return []
    last = series.targets[-1]
    words = f"Chỉ tiêu {last.year}: {style.quantity(last.value, figure.unit)}"
    return look.wrap(words, max(year * _LEAST_YEARS, _BREAK * look.size))


def _ground(figure: TrendFigure, look: Look, style: NumberStyle, panel: _Panel) -> list[Shape]:
    """Draw the grid, the numbers of the axis and the years."""
    shapes: list[Shape] = []
    left, thin = panel.placed[0].left, look.size / 14
    is_known = figure.unit == "%" or any(placed.series.extent() for placed in panel.placed)
    for value in marks(panel.axis) if is_known else ():  # of points without one no scale is known
        y = panel.y(value)
        shapes += [Line(p.left, y, p.right, y, GRID, thin, role="grid") for p in panel.placed]
        text = style.quantity(value, figure.unit, mark_decimals(panel.axis))
        at = (left - look.size * 0.4, y + look.size * 0.3)
        shapes.append(Word(*at, text, look.size * 0.9, MUTED, "end"))
    for placed in panel.placed:
        first, last = placed.series.years
        every = max(1, -int(-look.measure("2024 ") // placed.year))
        for year in range(first, last + 1, every):
            at = (placed.middle(year), panel.bottom + look.line)
            shapes.append(Word(*at, str(year), look.size * 0.9, MUTED, "middle", role="year"))
    return shapes


def _stamp(look: Look, panels: Sequence[_Panel]) -> Word:
    left, right = panels[0].placed[0].left, panels[-1].placed[-1].right
    middle = (panels[0].top + panels[0].bottom) / 2
    size = min(look.size * 2.4, look.size * (right - left) / look.measure(STAMP, bold=True))
    return Word((left + right) / 2, middle, STAMP, size, WATERMARK, "middle", True, "stamp")


def _series(
    figure: TrendFigure, look: Look, style: NumberStyle, panel: _Panel, placed: _Placed
) -> list[Shape]:
    """Draw the target, the line, the intervals and the points of one series."""
    shapes = _target(figure, look, style, panel, placed)
    at = {id(point): x for point, x in placed.points()}
    for before, after in placed.series.joined():
        one, other = _number(before), _number(after)
        ends = (at[id(before)], panel.y(one), at[id(after)], panel.y(other))
        shapes.append(Line(*ends, _COLOUR, look.size / 9, role="trend"))
    for point, x in placed.points():
        shapes += _point(figure, look, style, panel, (point, x, placed.year))
    return shapes


def _number(point: TrendPoint) -> float:
    """Return the value of a point that has one."""
    if isinstance(point.value, Missing):
        raise TypeError(f"no value in {point.year}: {point.value.reason}")
    return point.value


def _target(
    figure: TrendFigure, look: Look, style: NumberStyle, panel: _Panel, placed: _Placed
) -> list[Shape]:
    if not placed.series.targets:
        return []
    y = panel.y(placed.series.targets[-1].value)
    dash = (look.size * 0.5, look.size * 0.35)
    line = Line(placed.left, y, placed.right, y, BRAND, look.size / 9, dash, "target")
    middle, base = (placed.left + placed.right) / 2, panel.top - look.size * 1.5
    lines = _aim(placed.series, look, style, figure, placed.year)
    return [
        line,
        *(
            Word(middle, base - up * look.line, text, look.size, BRAND, "middle", True, "target")
            for up, text in enumerate(reversed(lines))
        ),
    ]


def _point(
    figure: TrendFigure,
    look: Look,
    style: NumberStyle,
    panel: _Panel,
    at: tuple[TrendPoint, float, float],
) -> list[Shape]:
    """Draw one figure with its interval and its number; a gap is a cross on the axis."""
    point, x, room = at
    size = look.size
    if isinstance(point.value, Missing):
        return [Word(x, panel.bottom - size * 0.4, "×", size * 1.2, MUTED, "middle", role="gap")]
    y, shapes, high = panel.y(point.value), list[Shape](), point.value
    hollow = point.flag in HOLLOW
    if point.interval is not None:
        dash = (size * 0.22, size * 0.28) if hollow else ()
        ends = (x, panel.y(point.interval.low), x, panel.y(point.interval.high))
        shapes.append(Line(*ends, _COLOUR, size / 6, dash, "interval"))
        high = point.interval.high
    shape: MarkShape = "dot" if point.source == "run" else "square"
    shapes.append(Mark(x, y, size * 0.42, _COLOUR, shape, hollow))
    text = style.quantity(point.value, figure.unit)
    if look.measure(text) <= room:
        above = panel.y(high) - size * 0.7
        shapes.append(Word(x, above, text, size * 0.9, INK, "middle", role="value"))
    return shapes


def _breaks(look: Look, panels: Sequence[_Panel]) -> list[Shape]:
    """Say between two series why they are not joined."""
    every = [placed for panel in panels for placed in panel.placed]
    top, bottom = panels[0].top, panels[0].bottom
    dash = (look.size * 0.2, look.size * 0.3)
    shapes: list[Shape] = []
    for before, after in pairwise(every):
        x = before.right + _BREAK * look.size / 2
        lines = look.wrap(break_reason(before.series, after.series), _BREAK * look.size * 0.92)
        for down, text in enumerate(lines):
            at = (x, top + look.size * 0.7 + down * look.line)
            shapes.append(Word(*at, text, look.size * 0.9, MUTED, "middle", role="break"))
        start = top + len(lines) * look.line + look.size * 0.4
        if start < bottom:
            shapes.append(Line(x, start, x, bottom, MUTED, look.size / 10, dash, "break"))
    return shapes


def _captions(look: Look, panels: Sequence[_Panel]) -> tuple[list[Shape], float]:
    """Name method versions below the years, publisher and population below them."""
    shapes: list[Shape] = []
    lowest = y = panels[0].bottom + look.line * 2.3
    for panel in panels:
        for placed in panel.placed:
            words = f"Phương pháp {placed.series.method}"
            lowest = max(lowest, _caption(shapes, look, words, (placed.left, placed.right, y)))
    y = end = lowest
    for panel in panels:
        first = panel.placed[0].series
        words = f"{first.publisher}. Đối tượng: {first.population}"
        ends = (panel.placed[0].left, panel.placed[-1].right, y)
        end = max(end, _caption(shapes, look, words, ends))
    return shapes, end - look.line * 0.5


def _caption(
    shapes: list[Shape], look: Look, words: str, place: tuple[float, float, float]
) -> float:
    """Write words in the middle of a room, a little over its ends; return the next base line."""
    left, right, y = place
    over = _BREAK * look.size * 0.4
    for text in look.wrap(clean(words), right - left + 2 * over):
        half = look.measure(text) / 2
        x = min(max((left + right) / 2, half), look.width - half)
        shapes.append(Word(x, y, text, look.size * 0.9, MUTED, "middle", role="caption"))
        y += look.line
    return y


def _keys(look: Look, figure: TrendFigure, panels: Sequence[_Panel]) -> list[Key]:
    """Explain the marks that occur."""
    size = look.size
    middle, radius = size * 0.9, size * 0.4
    points = [point for series in figure.series for point in series.points]
    shown = [point for point in points if not isinstance(point.value, Missing)]
    line = Line(middle, -size * 0.5, middle, size * 0.5, _COLOUR, size / 6)
    target = Line(0, 0, middle * 2, 0, BRAND, size / 9, (size * 0.5, size * 0.35))
    keys: list[Key] = []
    if any(point.source == "run" for point in shown):
        dot = Mark(middle, 0, radius, _COLOUR)
        if any(point.interval for point in shown):
            words = "Chấm tròn, vạch đứng: kết quả khảo sát và khoảng tin cậy 95%"
            keys.append(([line, dot], words))
        else:
            keys.append(([dot], "Chấm tròn: kết quả khảo sát"))
    if any(point.flag in HOLLOW for point in shown):
        hollow = Mark(middle, 0, radius, _COLOUR, "dot", hollow=True)
        keys.append(([hollow], "Chấm rỗng, nét đứt: chưa đủ tin cậy"))
    if any(point.source == "document" for point in shown):
        square = Mark(middle, 0, radius, _COLOUR, "square")
        keys.append(([square], "Ô vuông: số đã công bố trong văn bản, không kèm khoảng tin cậy"))
    if any(series.targets for series in figure.series):
        keys.append(([target], "Vạch đứt ngang: chỉ tiêu của kế hoạch"))
    if gaps := [p for p in points if isinstance(p.value, Missing)]:
        told = "; ".join(f"{p.year} {p.value.reason}" for p in gaps if isinstance(p.value, Missing))
        cross = Word(middle, size * 0.4, "×", size * 1.2, MUTED, "middle")
        keys.append(([cross], f"Không nêu số (không phải là 0): {told}"))
    if any(panel.axis.low != 0 for panel in panels):
        keys.append(([], "Trục đứng không bắt đầu từ 0"))
    return keys


def _notes(figure: TrendFigure) -> tuple[str, ...]:
    own = "Mỗi nơi công bố và đối tượng có trục riêng: không đọc ngang từ khung này sang khung kia."
    return (*([own] if len(figure.panels()) > 1 else []), *figure.notes)
