"""The persons with forms as a list to print or to send to offices: names, never a code."""

import io
from collections.abc import Sequence
from itertools import groupby

from analysis.report import Cell, Column, Report, ReportTable, Section
from surveyapp.exports.csv import write_csv
from surveyapp.exports.pdf import write_pdf
from surveyapp.exports.xlsx import write_xlsx
from surveyapp.fieldwork.people import Listed
from surveyapp.models import Survey

#: kind of file -> content type
KINDS = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_NAME = Column("name", "Họ và tên", "text")
_FORM = Column("form", "Phiếu", "text")
_STATE = Column("state", "Tình trạng", "text")


def office_file(survey: Survey, found: Sequence[Listed], kind: str) -> bytes:
    """Return the list as one of `KINDS`; the PDF has a table for every office."""
    file = io.BytesIO()
    if kind == "csv":
        write_csv(_whole(survey, found), file, simulated=survey.is_practice)
    elif kind == "xlsx":
        write_xlsx(_report(survey, (_whole(survey, found),)), file)
    else:
        write_pdf(_report(survey, _by_office(found)), file)
    return file.getvalue()


def _whole(survey: Survey, found: Sequence[Listed]) -> ReportTable:
    rows: list[tuple[Cell, ...]] = [
        (one.office, one.name, one.group_title, one.state) for one in found
    ]
    return ReportTable(
        code="people",
        title=f"Người được giao phiếu: {survey.title}",
        columns=(Column("office", "Nơi nhận", "text"), _NAME, _FORM, _STATE),
        rows=tuple(rows),
    )


def _by_office(found: Sequence[Listed]) -> tuple[ReportTable, ...]:
    return tuple(
        ReportTable(
            code=f"office-{number}",
            title=office,
            columns=(Column("number", "Số thứ tự", "count"), _NAME, _FORM, _STATE),
            rows=tuple((n, one.name, one.group_title, one.state) for n, one in enumerate(rows, 1)),
        )
        for number, (office, rows) in enumerate(groupby(found, key=lambda one: one.office), 1)
    )


def _report(survey: Survey, tables: tuple[ReportTable, ...]) -> Report:
    return Report(
        code="people",
        title=survey.title,
        agency=(survey.title,),
        place="",
        sections=(Section("Người được giao phiếu theo nơi nhận", tables),),
        simulated=survey.is_practice,
        kind="Danh sách",
    )
