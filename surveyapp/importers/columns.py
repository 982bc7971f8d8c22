"""Columns of a table as arrays for the analysis: labels, numbers, answers with missing codes."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np

from analysis.labels import Floats, Labels, as_labels, canonical
from surveyapp.importers.table import Table, TableProblem
from surveyapp.importers.tables import number


def labels(table: Table, name: str) -> Labels:
    """Read a column of labels; an empty cell is missing, the number 7 and the text "7" are one."""
    return as_labels(np.array(table.columns[name], dtype=object))


def label_problems(table: Table, name: str) -> list[TableProblem]:
    """Collect the empty cells of a column in which every row needs a label."""
    return [
        no_label(table.rows[i], name, table.sheet)
        for i, cell in enumerate(table.columns[name])
        if not cell
    ]


def answers(
    table: Table, name: str, missing: Collection[str], read: Callable[[str], float]
) -> tuple[Floats, list[TableProblem]]:
    """Read a column of answers as numbers, nan where the cell is empty or a missing code.

    Parameters
    ----------
    missing : codes that mean no valid answer, as `analysis.labels.canonical` spells them.
    read : number of one cell, nan for what is no answer.

    Returns
    -------
    (n,) floats and the cells that are neither missing nor an answer.
    """
    column = table.columns[name]
    known, faulty = known_answers(set(column), missing, read)
    problems = [
        no_answer(text, read, table.rows[i], name, table.sheet)
        for i, text in enumerate(column if faulty else ())
        if text in faulty
    ]
    return np.array([known[text] for text in column], dtype=np.float64), problems


def known_answers(
    texts: Iterable[str], missing: Collection[str], read: Callable[[str], float]
) -> tuple[dict[str, float], set[str]]:
    """Read distinct cells: their numbers, and those that are neither missing nor an answer."""
    known, faulty = {"": np.nan}, set()
    for text in texts:
        known[text] = np.nan if not text or canonical(text) in missing else read(text)
        if text and np.isnan(known[text]) and canonical(text) not in missing:
            faulty.add(text)
    return known, faulty


def no_answer(
    text: str, read: Callable[[str], float], row: int, column: str, sheet: str = ""
) -> TableProblem:
    """Say that a cell is neither what `read` takes nor a missing code."""
    what = "số" if read is number else "mã trả lời đã biết"
    return TableProblem(
        "IMPORT-028",
        f"«{text}» không phải {what} và không phải mã bỏ trống.",
        "Sửa ô này, hoặc khai báo mã trong answers hoặc missing.",
        sheet,
        row,
        column,
    )


def no_label(row: int, column: str, sheet: str = "") -> TableProblem:
    """Say that a cell is empty where every row needs a label."""
    return TableProblem(
        "IMPORT-027", "Ô trống, mỗi dòng cần một giá trị.", "Điền ô này.", sheet, row, column
    )


def numbers(
    table: Table, name: str, missing: Collection[str] = ()
) -> tuple[Floats, list[TableProblem]]:
    """Read a column of numbers, missing where the cell is empty or a missing code."""
    return answers(table, name, missing, number)


#: Codes of an answer that is satisfied, and all codes that an answer may have (none = see `scale`).
Codes = tuple[Collection[str], Collection[str]]

#: Highest code of the questionnaires' scale: a higher one, as 8 or 99, is seldom an answer.
TOP_CODE = 5


def scale(codes: Codes) -> Callable[[str], bool]:
    """Tell which codes, as `canonical` spells them, are answers.

    Those that were declared; else, with numbers for satisfied, whole numbers up to the highest of
    them or `TOP_CODE`; else every text.
    """
    satisfied, declared = codes
    if declared:
        return {*declared, *satisfied}.__contains__
    if not all(code.isdigit() for code in satisfied):
        return lambda _: True
    top = max([TOP_CODE, *map(int, satisfied)])
    return lambda text: text.isdigit() and int(text) <= top


def satisfaction(codes: Codes) -> Callable[[str], float]:
    """Make the reader of one answer: 1 for a satisfied code, 0 for another, nan for no answer.

    A code that is no answer must not count as dissatisfied without a word.
    """
    is_answer = scale(codes)

    def read(text: str) -> float:
        spelled = canonical(text)
        if spelled not in codes[0]:
            spelled = _as_number(spelled)
        return float(spelled in codes[0]) if is_answer(spelled) else np.nan

    return read


def given_codes(texts: Iterable[str], missing: Collection[str]) -> frozenset[str]:
    """Spell the codes among distinct cells that are neither empty nor missing codes."""
    spelled = {canonical(text) for text in texts} - {"", *missing}
    return frozenset(map(_as_number, spelled)) | spelled


def _as_number(text: str) -> str:
    """Spell a code that is a number: "4,0" is 4."""
    value = number(text)
    return text if np.isnan(value) else canonical(value)


@dataclass(frozen=True, slots=True)
class TableColumns:
    """The columns of a table that was read as texts."""

    table: Table

    def labels(self, name: str) -> Labels:
        """Read labels."""
        return labels(self.table, name)

    def label_problems(self, name: str) -> list[TableProblem]:
        """Collect empty labels."""
        return label_problems(self.table, name)

    def numbers(
        self, name: str, missing: Collection[str] = ()
    ) -> tuple[Floats, list[TableProblem]]:
        """Read numbers."""
        return numbers(self.table, name, missing)

    def satisfied(
        self, name: str, codes: Codes, missing: Collection[str]
    ) -> tuple[Floats, list[TableProblem], frozenset[str]]:
        """Read satisfied or not, and which codes occur."""
        found, problems = answers(self.table, name, missing, satisfaction(codes))
        return found, problems, given_codes(set(self.table.columns[name]), missing)

    def row(self, place: int) -> tuple[str, int]:
        """Sheet and number of a row."""
        return self.table.sheet, self.table.rows[place]
