"""A `ReportTable` as a printed table: grouped header, (1)(2)(3) row, reasons, notes."""

from itertools import groupby

from reportlab.lib.colors import black
from reportlab.platypus import CondPageBreak, Flowable, Spacer, Table

from analysis.report import Cell, Column, Missing, ReportTable
from surveyapp.exports.face import BOLD, REGULAR
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pdf_styles import (
    BODY_SIZE,
    LANDSCAPE_WIDTH,
    LAST_TABLE_SIZES,
    PORTRAIT_WIDTH,
    SMALL_SIZE,
    TABLE_SIZES,
    centred,
    left,
    paragraph,
)
from surveyapp.exports.table_layout import WRAPPED, TableLayout, lay_out, padding
from surveyapp.exports.wording import NO_ROWS

Command = tuple[object, ...]

_LINE = 0.5
_KEPT_ROWS = 3
_TALLEST_ROW = 300.0  # points; with the header it fits on a page of either format
_NOTES_INSIDE = 1200  # characters; longer notes may go on to another page


def layout_of(table: ReportTable, style: NumberStyle) -> TableLayout:
    """Choose size and page of `table`."""
    portrait = [(PORTRAIT_WIDTH, size) for size in TABLE_SIZES]
    landscape = [(LANDSCAPE_WIDTH, size) for size in (*TABLE_SIZES, *LAST_TABLE_SIZES)]
    return lay_out(table, style, portrait, landscape)


def table_flowables(
    table: ReportTable,
    number: int,
    style: NumberStyle,
    *,
    above: list[Flowable],
    banner: str = "",
) -> list[Flowable]:
    """Title, table and notes; the title stays with the first rows, the notes with the last.

    `above` (a heading) stays with the title. `banner` is repeated above the header on every page
    (the caveat of a box).
    """
    layout = layout_of(table, style)
    title = paragraph(f"Bảng {number}. {table.title}", centred(BODY_SIZE, bold=True))
    start: list[Flowable] = [*above, Spacer(0, 6), title]
    if table.subtitle:
        start.append(paragraph(table.subtitle, centred(SMALL_SIZE, italic=True)))
    start.append(Spacer(0, 4))
    notes = _notes(table)
    inside = sum(len(text) for text in (*table.notes, table.source)) <= _NOTES_INSIDE
    grid = _Grid(table, style, layout, banner, notes if inside else [])
    made = grid.flowable()
    return [
        CondPageBreak(_height_of_start(start, made, grid.header, sum(layout.widths))),
        *start,
        made,
        *([] if inside else notes),
        Spacer(0, 8),
    ]


def _notes(table: ReportTable) -> list[Flowable]:
    texts = [f"Ghi chú: {table.notes[0]}", *table.notes[1:]] if table.notes else []
    if table.source:
        texts.append(f"Nguồn: {table.source}")
    return [paragraph(text, left(SMALL_SIZE, italic=True)) for text in texts]


def _height_of_start(start: list[Flowable], made: Table, header: int, total: float) -> float:
    """Height of the title, the header and the first rows, which must not be parted."""
    made.wrap(total, 10_000)
    heights = made._rowHeights  # known only after wrap; reportlab has no getter
    # only a row that no page holds is parted: else a header stands alone at the foot of a page
    made.splitInRow = int(max(heights) > _TALLEST_ROW)
    rows = heights[: header + _KEPT_ROWS]
    titles = sum(flowable.wrap(total, 10_000)[1] for flowable in start)
    return min(float(titles + sum(rows)), 400.0)


class _Grid:
    """The rows and the commands of one printed table."""

    def __init__(
        self,
        table: ReportTable,
        style: NumberStyle,
        layout: TableLayout,
        banner: str,
        notes: list[Flowable],
    ) -> None:
        """Set the header and the rows."""
        self.table, self.style, self.layout = table, style, layout
        self.rows: list[list[object]] = []
        self.commands: list[Command] = []
        self._head(banner)
        self.header = len(self.rows)
        for position, row in enumerate(table.rows):
            self._row(row, summary=position in table.summary_rows)
        if not table.rows:
            self._across(paragraph(NO_ROWS, centred(layout.size, italic=True)))
        last = len(self.rows) - 1
        self.commands.append(("GRID", (0, 0), (-1, last), _LINE, black))
        if notes:
            self._across(notes)
        first_kept = max(self.header, len(self.rows) - _KEPT_ROWS)
        self.commands.append(("NOSPLIT", (0, first_kept), (-1, -1)))

    def flowable(self) -> Table:
        """Return the table, whose header is repeated on every page."""
        size = self.layout.size
        plain: list[Command] = [
            ("FONT", (0, 0), (-1, -1), REGULAR, size, size * 1.2),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (-1, -1), padding(size)),
            ("RIGHTPADDING", (0, 0), (-1, -1), padding(size)),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]
        for position, column in enumerate(self.table.columns):
            side = "RIGHT" if column.kind in {"count", "percent", "points"} else "CENTER"
            plain.append(("ALIGN", (position, self.header), (position, -1), side))
        return Table(
            self.rows,
            colWidths=self.layout.widths,
            repeatRows=self.header,
            style=[*plain, *self.commands],
        )

    def _across(self, content: object) -> None:
        """Add a row that goes over all columns."""
        position = len(self.rows)
        self.rows.append([content, *[""] * (len(self.table.columns) - 1)])
        self.commands.append(("SPAN", (0, position), (-1, position)))

    def _head(self, banner: str) -> None:
        style = centred(self.layout.size, bold=True)
        if banner:
            self._across(paragraph(banner, style))
        titles: list[object] = [paragraph(column.title, style) for column in self.table.columns]
        if any(column.group for column in self.table.columns):
            self._groups(titles)
        else:
            self.rows.append(titles)
        numbers = [f"({n})" for n in range(1, len(titles) + 1)]
        position = len(self.rows)
        self.rows.append([*numbers])
        self.commands.append(("ALIGN", (0, position), (-1, position), "CENTER"))

    def _groups(self, titles: list[object]) -> None:
        """Add two rows: headings shared by neighbours above, single columns over both."""
        upper, top = list[object](), len(self.rows)
        columns = enumerate(self.table.columns)
        for group, held in groupby(columns, key=lambda pair: pair[1].group):
            positions = [position for position, _ in held]
            if group is None:
                upper.extend(titles[position] for position in positions)
                self.commands += [("SPAN", (p, top), (p, top + 1)) for p in positions]
                for position in positions:
                    titles[position] = ""
            else:
                heading = paragraph(group, centred(self.layout.size, bold=True))
                upper.extend([heading, *[""] * (len(positions) - 1)])
                self.commands.append(("SPAN", (positions[0], top), (positions[-1], top)))
        self.rows += [upper, titles]

    def _row(self, cells: tuple[Cell, ...], *, summary: bool) -> None:
        position = len(self.rows)
        printed: list[object] = []
        for reason, held in groupby(cells, key=_reason):
            same, start = list(held), len(printed)
            if reason is None:
                columns = self.table.columns[start : start + len(same)]
                pairs = zip(columns, same, strict=True)
                printed.extend(self._cell(column, one, summary=summary) for column, one in pairs)
            else:
                text = paragraph(reason, centred(self.layout.size, italic=True))
                printed.extend([text, *[""] * (len(same) - 1)])
                end = start + len(same) - 1
                self.commands.append(("SPAN", (start, position), (end, position)))
        self.rows.append(printed)
        if summary:
            self.commands.append(("FONTNAME", (0, position), (-1, position), BOLD))

    def _cell(self, column: Column, cell: Cell, *, summary: bool) -> object:
        text = self.style.cell(column, cell)
        if column.kind not in WRAPPED:
            return text
        kind = centred if column.kind == "code" else left
        return paragraph(text, kind(self.layout.size, bold=summary))


def _reason(cell: Cell) -> str | None:
    """Return why a cell has no value, or None where it has one."""
    return cell.reason if isinstance(cell, Missing) else None
