"""The workbook of one unit: groups and codes filled in, a row for each expected person."""

import io

import openpyxl

from surveyapp.frames.headings import KINDS
from surveyapp.frames.lists import kind_of
from surveyapp.frames.template import keep_as_text, template
from surveyapp.models import Survey, Unit, UnitList

#: More rows than this are not filled in beforehand.
_MOST_ROWS = 5_000


def unit_template(survey: Survey, unit: Unit, unit_list: UnitList) -> bytes:
    """Return the .xlsx template of a unit, with what is known of its rows filled in.

    Rows in which nobody puts a person are left out when the list is sent.
    """
    kind = kind_of(survey)
    book = openpyxl.load_workbook(io.BytesIO(template(kind, survey)))
    place = {heading.field: n for n, heading in enumerate(KINDS[kind], 1)}
    sheet, guide = book["Danh sách"], book["Hướng dẫn"]
    guide.append(["Đơn vị", unit.name])
    if kind == "raters":
        for number, cells in enumerate(_rows(survey, unit, unit_list), 2):
            for field, value in cells.items():
                sheet.cell(number, place[field], value)
    titles = {r.code: r.title for group in survey.groups for r in group.rater_groups}
    for group, count in unit_list.expected.items():
        guide.append([titles.get(group, "Số hồ sơ đã công bố"), f"Dự kiến {count}"])
    if unit_list.due_on:
        guide.append(["Hạn gửi", f"{unit_list.due_on:%d/%m/%Y}"])
    keep_as_text(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _rows(survey: Survey, unit: Unit, unit_list: UnitList) -> list[dict[str, str]]:
    raters = {r.code: r for group in survey.groups for r in group.rater_groups}
    own = next((a.title for a in survey.agencies if a.unit_id == unit.id), "")
    rows: list[dict[str, str]] = []
    for group, count in unit_list.expected.items():
        for _ in range(min(count, _MOST_ROWS)):
            row = {
                "code": f"{unit_list.id:03d}-{len(rows) + 1:03d}",
                "group": raters[group].title,
                "office": unit.name,
            }
            if raters[group].rates == "own_unit" and own:
                row["area"] = own
            rows.append(row)
    return rows
