"""A table read from a file: columns of texts, the row of each in the file, what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from surveyapp.errors import AppError

#: More faults of one file than this are not shown at once.
SHOWN = 200
#: More than this are counted only, so that a file of faults cannot fill the memory.
LISTED = 20_000

#: Called with the bytes (csv) or rows (others) read since the last call.
Progress = Callable[[int], None] | None
#: What a reader gives: columns of texts, row numbers in the file, name of the sheet.
Read = tuple[dict[str, list[str]], Sequence[int], str]


@dataclass(frozen=True, slots=True)
class TableProblem:
    """One fault: where it is, which rule, what to do; `row` counts from 1 as in the file."""

    code: str
    message: str
    fix: str = ""
    sheet: str = ""
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        """Put the place first, as people look for it."""
        parts = [
            f"Trang «{self.sheet}»" if self.sheet else "",
            f"Dòng {self.row}" if self.row is not None else "",
            f"Cột «{self.column}»" if self.column else "",
        ]
        place = ", ".join(part for part in parts if part)
        text = f"[{self.code}] {place + ': ' if place else ''}{self.message}"
        return f"{text} {self.fix}" if self.fix else text


@dataclass(slots=True)
class Problems:
    """Collects faults: the first ones as values, all of them as a count.

    `is_legacy` says that the file's bytes are no Unicode: every cell has to be read as old text;
    `notes` are no faults, but have to be shown.
    """

    listed: list[TableProblem] = field(default_factory=list)
    total: int = 0
    is_legacy: bool = False
    notes: list[TableProblem] = field(default_factory=list)

    def add(self, problem: TableProblem) -> None:
        """Collect one."""
        self.total += 1
        if len(self.listed) < LISTED:
            self.listed.append(problem)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for in a file.

    `required` and `optional` are names of columns, as in the header (spaces and Unicode form
    do not matter, nor capitals where no column is exact); with both empty every column
    is read, below the row that holds most of `hints`. `sheet` names a sheet of a workbook.
    `repairs` reads texts of old encodings where that is certain; a file that is drawn from or
    analysed as it stands, so that anybody can recompute it, is refused instead.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    sheet: str | None = None
    repairs: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All names that are looked for."""
        return *self.required, *self.optional


@dataclass(frozen=True, slots=True)
class Table:
    """What was read.

    `columns` holds NFC, trimmed texts by wanted name (or by header); `rows` the number of each
    record in the file. With `problems` the columns must not be used; `warnings` do not forbid it.
    """

    name: str
    sheet: str
    columns: Mapping[str, Sequence[str]]
    rows: Sequence[int]
    problems: tuple[TableProblem, ...] = ()
    problem_count: int = 0
    warnings: tuple[TableProblem, ...] = ()

    def refuse_problems(self) -> None:
        """Raise one error that shows every fault together."""
        if self.problems:
            raise refusal(self.name, self.problems, self.problem_count)


def refusal(name: str, problems: Sequence[TableProblem], total: int) -> AppError:
    """Make the error that lists the faults of a file."""
    problems = problems[:SHOWN]
    more = "" if total <= len(problems) else f" (nêu {len(problems)} lỗi đầu)"
    return AppError(
        "IMPORT-001",
        f"Tệp «{name}» có {total} lỗi{more}; không nhận dòng nào.",
        "Sửa các lỗi nêu trên trong tệp rồi làm lại.",
        status=422,
        problems=tuple(str(problem) for problem in problems),
    )
