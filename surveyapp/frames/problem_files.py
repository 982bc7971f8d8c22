"""All faults of a list as a workbook, for whoever has to correct it."""

import io
from collections.abc import Sequence

import openpyxl
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from surveyapp.importers.table import TableProblem

_HEAD = ("Trang", "Dòng", "Cột", "Lỗi", "Cách sửa", "Mã lỗi")
_WIDTHS = (24, 8, 24, 60, 60, 14)


def problem_file(problems: Sequence[TableProblem]) -> bytes:
    """Return an .xlsx with one line for each fault; no text in it is ever run as a formula."""
    book = openpyxl.Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("a new workbook has no sheet")
    sheet.title = "Lỗi"
    sheet.append(_HEAD)
    for letter, width in zip("ABCDEF", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
        sheet[f"{letter}1"].font = Font(bold=True)
    for number, p in enumerate(problems, 2):
        texts = (p.sheet, p.row, p.column, p.message, p.fix, str(p.code))
        for place, value in enumerate(texts, 1):
            cell = sheet.cell(number, place, value)
            cell.alignment = Alignment(wrap_text=place in (4, 5), vertical="top")
            if isinstance(value, str):
                cell.data_type = "s"
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
