"""The sheets of a workbook: the one to read first, and one per table."""

from collections.abc import Mapping, Sequence

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem
from openpyxl.worksheet.header_footer import (
    _HeaderFooterPart as HeaderFooterPart,
)  # it has no public name
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from analysis.report import (
    Block,
    Box,
    Column,
    FunnelFigure,
    IntervalFigure,
    Paragraph,
    Report,
    ReportTable,
    TrendFigure,
)
from surveyapp.exports.csv import column_titles, plain_values
from surveyapp.exports.numbers import day
from surveyapp.exports.wording import NO_ROWS, STAMP, clean

FACE = "Times New Roman"
_THIN = Side(style="thin", color="FF808080")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_HEAD_FILL = PatternFill("solid", fgColor="FFE8F1EE")
_STAMP_FONT = Font(name=FACE, size=14, bold=True, color="FFA8201A")
_FRONT_WIDTH = 110
_NARROWEST, _WIDEST = 9, 46
_TITLE_WIDTH = 60
_DEFAULT_SIZE = 11.0


def set_up_page(sheet: Worksheet, report: Report) -> None:
    """Print on A4 across, as wide as the page, with the sheet's name and the stamp."""
    sheet.page_setup.paperSize = "9"  # A4
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = 0.6
    sheet.oddFooter = HeaderFooterItem(
        left=HeaderFooterPart("&A"), center=HeaderFooterPart("&P/&N")
    )
    if report.simulated:
        sheet.oddHeader = HeaderFooterItem(center=HeaderFooterPart(STAMP))


def front_sheet(sheet: Worksheet, report: Report, names: Mapping[str, str]) -> None:
    """Write what the report is and says, with a link to the sheet of every table."""
    sheet.column_dimensions["A"].width = _FRONT_WIDTH
    row = _stamp(sheet, report)
    lines = [
        (clean(f"{report.kind.upper()}: {report.title}"), Font(name=FACE, size=15, bold=True)),
        (", ".join(clean(line) for line in reversed(report.agency)), Font(name=FACE, size=12)),
    ]
    if report.number or report.issued_on:
        dated = f"ngày {day(report.issued_on)}" if report.issued_on else ""
        number = f"Số {report.number}" if report.number else ""
        lines.append((", ".join(filter(None, (number, dated))), Font(name=FACE, size=12)))
    lines.append(
        (
            "Số trong các bảng giữ đủ chữ số, trừ nhóm có ô không công bố thì làm tròn; ô không có "
            "số thì ghi lý do, không phải là 0.",
            Font(name=FACE, size=12, italic=True),
        )
    )
    for text, font in lines:
        row = _line(sheet, row, text, font)
    for section in (*report.sections, *report.annexes):
        row = _line(sheet, row + 1, section.heading, Font(name=FACE, size=13, bold=True))
        for block in section.blocks:
            row = _told(sheet, row, block, names)


def table_sheet(sheet: Worksheet, report: Report, table: ReportTable) -> None:
    """Write title, header, (1)(2)(3) row, rows and notes; the header stays in sight."""
    across = _set_widths(sheet, table)
    top = _stamp(sheet, report, across)
    top = _line(sheet, top, table.title, Font(name=FACE, size=14, bold=True), across)
    for text in (_caveat(report, table), table.subtitle):
        if text:
            top = _line(sheet, top, text, Font(name=FACE, size=12, italic=True), across)
    first = _header(sheet, top + 1, table.columns)
    for position, cells in enumerate(table.rows):
        values = [
            (column, value)
            for column, cell in zip(table.columns, cells, strict=True)
            for value in plain_values(column, cell)
        ]
        bold = position in table.summary_rows
        for place, (column, value) in enumerate(values, start=1):
            _put(sheet, first + position, place, value, _format(column, report), bold=bold)
    below = first + len(table.rows)
    if not table.rows:
        below = _line(sheet, below, NO_ROWS, Font(name=FACE, italic=True), across)
    for note in (*table.notes, f"Nguồn: {table.source}" if table.source else ""):
        if note:
            below = _line(sheet, below, note, Font(name=FACE, size=11, italic=True), across)
    frozen = 1 + _leading_texts(table.columns)
    sheet.freeze_panes = f"{get_column_letter(frozen)}{first}"
    sheet.print_title_rows = f"{top + 1}:{first - 1}"


def _header(sheet: Worksheet, top: int, columns: Sequence[Column]) -> int:
    """Write groups, titles and numbers of the columns; return the row below."""
    spread = [(column, title) for column in columns for title in column_titles(column)]
    grouped = any(column.group for column in columns)
    for place, (column, title) in enumerate(spread, start=1):
        if grouped:
            _head_cell(sheet, top, place, clean(column.group or ""))
        _head_cell(sheet, top + grouped, place, title)
        _head_cell(sheet, top + grouped + 1, place, f"({place})")
    if grouped:
        _merge_groups(sheet, top, [column.group for column, _ in spread])
    return top + grouped + 2


def _merge_groups(sheet: Worksheet, top: int, groups: Sequence[str | None]) -> None:
    """Join the cells of neighbours that share a heading."""
    start = 0
    for place in range(1, len(groups) + 1):
        if place == len(groups) or groups[place] != groups[start]:
            if groups[start] and place - start > 1:
                sheet.merge_cells(
                    start_row=top, end_row=top, start_column=start + 1, end_column=place
                )
            start = place


def _head_cell(sheet: Worksheet, row: int, place: int, text: str) -> None:
    cell = sheet.cell(row, place)
    _set_text(sheet, row, place, text)
    cell.font, cell.fill, cell.border = Font(name=FACE, size=11, bold=True), _HEAD_FILL, _BORDER
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)


def _put(
    sheet: Worksheet, row: int, place: int, value: str | int | float, shown: str, *, bold: bool
) -> None:
    cell = sheet.cell(row, place)
    cell.font, cell.border = Font(name=FACE, size=11, bold=bold), _BORDER
    if isinstance(value, str):
        _set_text(sheet, row, place, value)
        cell.alignment = Alignment(vertical="center", wrap_text=True)
    else:
        cell.value = value
        cell.number_format = shown
        cell.alignment = Alignment(vertical="center")


def _set_text(sheet: Worksheet, row: int, place: int, text: str) -> None:
    """Store `text` as text, even when it begins like a formula, and when it is edited later."""
    cell = sheet.cell(row, place)
    cell.value = text
    if text.startswith(("=", "+", "-", "@")):
        cell.data_type = "s"
        cell.quotePrefix = True


def _format(column: Column, report: Report) -> str:
    """Return the number format; Excel writes the comma of the reader's own settings."""
    if column.kind == "count":
        return "#,##0"
    decimals = report.decimals if column.decimals is None else column.decimals
    digits = "0." + "0" * decimals if decimals else "0"
    unit = "%" if column.kind == "percent" else column.unit
    return f'{digits}"{unit}"' if unit == "%" else digits


def _stamp(sheet: Worksheet, report: Report, columns: int = 1) -> int:
    """Write the stamp of practice data into the first row; return the row below."""
    return _line(sheet, 1, STAMP, _STAMP_FONT, columns) if report.simulated else 1


def _line(sheet: Worksheet, row: int, text: str, font: Font, columns: int = 1) -> int:
    """Write a text over `columns` columns, as high as it needs; return the row below."""
    _set_text(sheet, row, 1, clean(text))
    cell = sheet.cell(row, 1)
    cell.font, cell.alignment = font, Alignment(vertical="top", wrap_text=True)
    if columns > 1:
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=columns)
    room = sum(_width(sheet, place) for place in range(1, columns + 1))
    size = float(font.size or _DEFAULT_SIZE)
    wide = sum(len(part) // int(room * _DEFAULT_SIZE / size) + 1 for part in text.split("\n"))
    sheet.row_dimensions[row].height = wide * size * 1.4
    return row + 1


def _width(sheet: Worksheet, place: int) -> float:
    return float(sheet.column_dimensions[get_column_letter(place)].width)


def _told(
    sheet: Worksheet,
    row: int,
    block: Block,
    names: Mapping[str, str],
) -> int:
    """Write a block of text, or a link to the sheet of a table."""
    plain, small = Font(name=FACE, size=12), Font(name=FACE, size=12, italic=True)
    match block:
        case Paragraph():
            return _line(sheet, row, block.text, Font(name=FACE, size=12, bold=block.strong))
        case ReportTable():
            return _link(sheet, row, block, names[block.code])
        case IntervalFigure() | FunnelFigure() | TrendFigure():
            row = _line(sheet, row, f"Hình (trong báo cáo PDF): {block.title}", plain)
            return _line(sheet, row, block.how_to_read, small)
        case Box():
            row = _line(sheet, row, f"{block.title} ({block.caveat})", plain)
            for paragraph in block.paragraphs:
                row = _line(sheet, row, paragraph.text, plain)
            return _link(sheet, row, block.table, names[block.table.code]) if block.table else row


def _link(sheet: Worksheet, row: int, table: ReportTable, name: str) -> int:
    below = _line(sheet, row, f"Bảng: {table.title}", Font(name=FACE))
    quoted = name.replace("'", "''")
    sheet.cell(row, 1).hyperlink = Hyperlink(ref=f"A{row}", location=f"'{quoted}'!A1")
    sheet.cell(row, 1).font = Font(name=FACE, size=12, underline="single", color="FF0B5A4C")
    return below


def _caveat(report: Report, table: ReportTable) -> str:
    """Return the caveat of the box that holds `table`, or ""."""
    held = (block for block in report.blocks() if isinstance(block, Box))
    return next((f"{box.title} ({box.caveat})" for box in held if box.table is table), "")


def _leading_texts(columns: Sequence[Column]) -> int:
    """Count the first columns up to the first text (number, name), which stay in sight."""
    kinds = [column.kind for column in columns]
    return kinds.index("text") + 1 if "text" in kinds[:3] else 0


def _set_widths(sheet: Worksheet, table: ReportTable) -> int:
    """Set the widths of the columns; return how many of them a title may go over."""
    widths: list[float] = []
    for position, column in enumerate(table.columns):
        texts = [row[position] for row in table.rows]
        longest = max((len(cell) for cell in texts if isinstance(cell, str)), default=0)
        for title in column_titles(column):
            words = max((len(word) for word in title.split()), default=0)
            wanted = max(longest, words, len(title) // 2) + 3
            widths.append(min(max(wanted, _NARROWEST), _WIDEST))
    while sum(widths) < _TITLE_WIDTH:
        widths.append(_WIDEST)
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    return len(widths)
