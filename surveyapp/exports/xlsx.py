"""Write a `Report` as a workbook: the sheet "Đọc trước", then a sheet for every table.

The same report always gives the same bytes. Numbers are numbers in full precision, shown with the
places of the report; no text is ever run as a formula.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from datetime import datetime, time
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.packaging.core import DocumentProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import tostring

from analysis.report import Report, ReportTable
from surveyapp.exports.sheets import front_sheet, set_up_page, table_sheet
from surveyapp.exports.wording import clean

FRONT = "Đọc trước"
_LONGEST_NAME = 31
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001  a workbook's properties carry no time zone
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_CORE = "docProps/core.xml"


def write_xlsx(report: Report, file: BinaryIO) -> None:
    """Write `report` to `file`, which stays open."""
    book = Workbook()
    front = book.active
    if not isinstance(front, Worksheet):  # a new workbook has one worksheet; said for the types
        raise TypeError(f"not a worksheet: {front!r}")
    front.title = FRONT
    names = sheet_names(report.tables())
    front_sheet(front, report, names)
    set_up_page(front, report)
    for table in report.tables():
        sheet = book.create_sheet(names[table.code])
        table_sheet(sheet, report, table)
        set_up_page(sheet, report)
    book.properties = _properties(report)
    raw = io.BytesIO()
    book.save(raw)
    file.write(_settle(raw, tostring(_properties(report).to_tree())))


def sheet_names(tables: Iterable[ReportTable]) -> dict[str, str]:
    """Name the sheet of each table code "n. title": valid, unique, at most 31 characters."""
    return {table.code: _sheet_name(n, table.title) for n, table in enumerate(tables, start=1)}


def _sheet_name(number: int, title: str) -> str:
    """Name a sheet: Excel counts UTF-16 units, refuses some signs and an apostrophe at the end."""
    name = f"{number}. " + " ".join(_FORBIDDEN.sub(" ", clean(title)).split())
    if len(name) > _LONGEST_NAME:
        name = name[: _LONGEST_NAME - 1].rstrip() + "…"
    while len(name.encode("utf-16-le")) > 2 * _LONGEST_NAME:
        name = name[:-1]
    return name.strip("' ")


def _properties(report: Report) -> DocumentProperties:
    issued = datetime.combine(report.issued_on, time()) if report.issued_on else _EPOCH
    return DocumentProperties(
        title=clean(f"{report.kind}: {report.title}"),
        creator=clean(report.agency[-1]),
        language="vi",
        created=issued,
        modified=issued,
    )


def _settle(raw: io.BytesIO, core: str) -> bytes:
    """Replace the times that openpyxl writes, in the zip and in the properties, by fixed ones."""
    settled = io.BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, core if name == _CORE else old.read(name))
    return settled.getvalue()
