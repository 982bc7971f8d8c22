"""Opening a list that an office sends, of either kind."""

from pathlib import Path

from surveyapp.frames import headings
from surveyapp.importers.table import Progress, Table, Wanted
from surveyapp.importers.tables import read_table
from surveyapp.models import Survey


def kind_of(survey: Survey) -> str:
    """Return which kind of list a survey is drawn from."""
    return "raters" if survey.kind == "sociological" else "files"


def read_list(path: Path, kind: str, progress: Progress = None) -> Table:
    """Read a list: by the headings that are known, or all columns when one is missing.

    Reading all lets the import name the heading that is nearest to the missing one.
    """
    columns = headings.KINDS[kind]
    table = read_table(path, headings.wanted(columns), progress)
    if table.problems or not headings.lacks_columns(table, columns):
        return table
    return read_all(path, kind, progress)


def read_all(path: Path, kind: str, progress: Progress = None) -> Table:
    """Read every column of a list, below the row that holds most of the known headings."""
    hints = headings.wanted(headings.KINDS[kind]).names
    return read_table(path, Wanted(hints=hints, repairs=True), progress)
