"""How wide the columns of a printed table are, at which size, and whether the page is turned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.report import Cell, Column, Missing, ReportTable
from surveyapp.exports.face import width
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.wording import clean

WRAPPED = frozenset({"text", "flag", "code"})

_PADDING_SHARE = 0.36
_LONGEST_WORD_SHARE = 0.3
#: Two words in a line; so the eight columns of agencies need no turned page.
_TEXT_LEAST_SHARE = 0.15
_TEXT_MOST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class TableLayout:
    """Size of the text and widths of the columns, in points."""

    size: float
    widths: tuple[float, ...]
    landscape: bool


@dataclass(frozen=True, slots=True)
class _Need:
    """What one column needs: `least` breaks no word and no number, `best` breaks nothing."""

    least: float
    best: float
    stretches: bool


def padding(size: float) -> float:
    """Space between a text of this size and the line beside it."""
    return size * _PADDING_SHARE


def lay_out(
    table: ReportTable,
    style: NumberStyle,
    portrait: Sequence[tuple[float, float]],
    landscape: Sequence[tuple[float, float]],
) -> TableLayout:
    """Take the first (width, size) in which no word is broken, upright pages first.

    A table that fits nowhere takes the last one, and its longest words are broken.
    """
    trials = [(*trial, False) for trial in portrait] + [(*trial, True) for trial in landscape]
    for total, size, turned in trials:
        needs = _needs(table, style, total, size)
        if sum(need.least for need in needs) <= total:
            return TableLayout(size, _share_out(needs, total), turned)
    total, size, turned = trials[-1]
    return TableLayout(size, _share_out(_needs(table, style, total, size), total), turned)


def _needs(table: ReportTable, style: NumberStyle, total: float, size: float) -> list[_Need]:
    return [
        _need(column, [row[position] for row in table.rows], style, (total, size))
        for position, column in enumerate(table.columns)
    ]


def _need(
    column: Column, cells: Iterable[Cell], style: NumberStyle, room: tuple[float, float]
) -> _Need:
    total, size = room
    values, reasons = [], []
    for cell in cells:
        if isinstance(cell, Missing):
            reasons.append(clean(cell.reason))
        else:
            values.append(style.cell(column, cell))
    title = clean(column.title)
    words = _widest([word for text in (title, *reasons) for word in text.split()], size, bold=True)
    words = max(words, _widest(["(10)"], size))
    full = _widest(values, size, bold=True)
    if column.kind not in WRAPPED:
        least = max(words, full) + 2 * padding(size)
        return _Need(least, max(least, width(title, size, bold=True) * 0.6), stretches=False)
    longest = max(
        words, _widest([word for text in values for word in text.split()], size, bold=True)
    )
    least = max(min(longest, _LONGEST_WORD_SHARE * total), min(full, _TEXT_LEAST_SHARE * total))
    best = max(least, min(full, _TEXT_MOST_SHARE * total))
    if not values:  # nothing but reasons: they are read in lines of several words
        best = max(best, min(_widest(reasons, size), _TEXT_LEAST_SHARE * total))
    return _Need(
        least + 2 * padding(size), best + 2 * padding(size), stretches=column.kind == "text"
    )


def _widest(texts: Iterable[str], size: float, *, bold: bool = False) -> float:
    return max((width(text, size, bold=bold) for text in texts), default=0.0) + 1.0


def _share_out(needs: Sequence[_Need], total: float) -> tuple[float, ...]:
    """Give each column what it needs; the rest goes to the columns of text."""
    least, best = sum(n.least for n in needs), sum(n.best for n in needs)
    if least >= total:
        return tuple(need.least * total / least for need in needs)
    if best > total:
        part = (total - least) / (best - least)
        return tuple(need.least + part * (need.best - need.least) for need in needs)
    takers = [need.best if need.stretches else 0.0 for need in needs]
    if not any(takers):
        takers = [need.best for need in needs]
    spare = total - best
    return tuple(n.best + spare * t / sum(takers) for n, t in zip(needs, takers, strict=True))
