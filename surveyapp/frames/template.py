"""The workbook that offices fill in: headings, what each column wants, the allowed words."""

import io
from collections.abc import Sequence

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from surveyapp.frames import cells
from surveyapp.frames.headings import KINDS, Heading
from surveyapp.models import Survey

#: Columns that Excel must take as text, or it cuts leading zeros.
_TEXTS = frozenset({"code", "phone"})
_LAST_ROW = 5_000
_WORDS = {
    "respondent": cells.Words(cells.RESPONDENTS).allowed,
    "outcome": cells.Words(cells.OUTCOMES).allowed,
    "channel": cells.Words(cells.CHANNELS).allowed,
}


def template(kind: str, survey: Survey | None = None) -> bytes:
    """Return the .xlsx template of a kind of list; with a survey, its names to choose from."""
    book = openpyxl.Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("a new workbook has no sheet")
    sheet.title = "Danh sách"
    headings = KINDS[kind]
    _write_headings(sheet, headings)
    _write_guide(book.create_sheet("Hướng dẫn"), headings)
    if survey is not None:
        _write_names(book.create_sheet("Danh mục"), sheet, headings, survey)
    keep_as_text(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def keep_as_text(book: openpyxl.Workbook) -> None:
    """Keep names as text even where they begin like a formula: a template computes nothing."""
    for sheet in book.worksheets:
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            if cell.data_type == "f":
                cell.data_type = "s"


def _write_headings(sheet: Worksheet, headings: Sequence[Heading]) -> None:
    for place, heading in enumerate(headings, 1):
        cell = sheet.cell(1, place, heading.title)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="FFE3F0EA" if heading.required else "FFF4F2EC")
        column = sheet.column_dimensions[get_column_letter(place)]
        column.width = max(14, len(heading.title) + 8)
        if heading.field in _TEXTS:
            column.number_format = "@"
        if heading.field in _WORDS:
            _choose(sheet, place, f'"{_WORDS[heading.field].replace(", ", ",")}"')
    sheet.freeze_panes = "A2"


def _write_guide(sheet: Worksheet, headings: Sequence[Heading]) -> None:
    sheet.append(["Cột", "Cách điền"])
    for heading in headings:
        sheet.append([heading.title, heading.hint])
    sheet.append(
        ["", "Cột nền xanh là bắt buộc. Giữ nguyên dòng tiêu đề; mỗi người (hồ sơ) một dòng."]
    )
    sheet.column_dimensions["A"].width = 26
    sheet.column_dimensions["B"].width = 90
    for cell in sheet["B"]:
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _write_names(
    sheet: Worksheet, form: Worksheet, headings: Sequence[Heading], survey: Survey
) -> None:
    groups = list(dict.fromkeys(r.title for group in survey.groups for r in group.rater_groups))
    agencies = [agency.title for agency in survey.agencies if agency.exclusion is None]
    sheet.append(["Nhóm người đánh giá", "Cơ quan"])
    for i in range(max(len(groups), len(agencies))):
        sheet.append(
            [groups[i] if i < len(groups) else None, agencies[i] if i < len(agencies) else None]
        )
    sheet.column_dimensions["A"].width = sheet.column_dimensions["B"].width = 60
    for place, heading in enumerate(headings, 1):
        if heading.field == "group" and groups:
            _choose(form, place, f"'Danh mục'!$A$2:$A${len(groups) + 1}")
        if heading.field == "agency" and agencies:
            _choose(form, place, f"'Danh mục'!$B$2:$B${len(agencies) + 1}")


def _choose(sheet: Worksheet, place: int, formula: str) -> None:
    rule = DataValidation(type="list", formula1=formula, allow_blank=True, showErrorMessage=False)
    letter = get_column_letter(place)
    rule.add(f"{letter}2:{letter}{_LAST_ROW}")
    sheet.add_data_validation(rule)
