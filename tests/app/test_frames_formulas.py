"""Workbooks that offices fill in or correct: names that begin like a formula stay text."""

import io

import openpyxl
import pytest

from surveyapp.frames.problem_files import problem_file
from surveyapp.frames.template import template
from surveyapp.importers.table import TableProblem
from surveyapp.models import RatedAgency, Survey

HOSTILE = ["=1+1", '=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


def cells_of(content: bytes) -> list[tuple[object, str]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [
        (cell.value, cell.data_type)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_template_keeps_the_names_of_agencies_as_text(text: str) -> None:
    survey = Survey(agencies=[RatedAgency(code="A1", title=text)])

    cells = cells_of(template("raters", survey))

    assert [kind for value, kind in cells if str(value).strip() == text.strip()] == ["s"]
    assert "f" not in {kind for _, kind in cells}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_file_of_faults_runs_nothing_that_stood_in_a_list(text: str) -> None:
    problem = TableProblem("FRAME-001", text, text, text, 2, text)

    cells = cells_of(problem_file([problem]))

    assert "f" not in {kind for _, kind in cells}
    assert sum(str(value).strip() == text.strip() for value, _ in cells) == 4
