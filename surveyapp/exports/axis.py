"""Round axes: the marks of a common scale that holds every value."""

import math
from decimal import Decimal

from analysis.report import Axis, IntervalFigure

_MOST_STEPS = 7
_NOTHING = 1e-6  # all values are equal, and 0
_PERCENT = (0.0, 100.0)


def axis_of(figure: IntervalFigure) -> Axis:
    """Return the axis that the figure asks for, or a round one that holds all its values."""
    if figure.axis is not None:
        return figure.axis
    values = figure.extent()
    percent = figure.unit == "%"
    if not values:
        return Axis(*_PERCENT, 20) if percent else Axis(0, 1, 0.2)
    return round_axis(min(values), max(values), _PERCENT if percent else (-math.inf, math.inf))


def round_axis(low: float, high: float, bounds: tuple[float, float]) -> Axis:
    """Widen `low` to `high` to multiples of 1, 2 or 5 times a power of ten, inside `bounds`.

    Values outside `bounds` (a share above 100) lift the bound: nothing is cut off.
    """
    floor, ceiling = min(bounds[0], low), max(bounds[1], high)
    span = max(high - low, abs(high) / 20)
    step = _round_step((span if span > _NOTHING else 1.0) / _MOST_STEPS)
    start = max(math.floor(_steps(low, step)) * step, floor)
    end = min(math.ceil(_steps(high, step)) * step, ceiling)
    if end - start < step:
        start, end = (start, start + step) if start + step <= ceiling else (end - step, end)
    return Axis(_exact(start), _exact(end), _exact(step))


def marks(axis: Axis) -> tuple[float, ...]:
    """Positions of the marks: every multiple of the step on the axis."""
    first = math.ceil(_steps(axis.low, axis.step))
    last = math.floor(_steps(axis.high, axis.step))
    return tuple(_exact(position * axis.step) for position in range(first, last + 1))


def mark_decimals(axis: Axis) -> int:
    """Places after the comma that the marks need: 0.25 needs two."""
    exponent = Decimal(repr(axis.step)).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def _steps(value: float, step: float) -> float:
    """Return value / step, free of the last bits that would add an empty step."""
    return round(value / step, 9)


def _exact(value: float) -> float:
    """Drop the last bits that a multiple of 0.1 carries."""
    return float(f"{value:.12g}")
