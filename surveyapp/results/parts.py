"""Rows of a data file to moments: the whole in memory, or part by part for any number of rows."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from analysis.calibrated import CalibratedMoments
from analysis.design import SurveyDesign, survey_design
from analysis.estimate import Moments
from analysis.labels import Floats, Labels, as_labels
from analysis.measures import Plan
from analysis.reduction import in_pairs, merged, moments_of
from analysis.unit_totals import UnitTotals
from surveyapp.errors import AppError
from surveyapp.importers.columns import Codes, TableColumns
from surveyapp.importers.parquet_columns import RowGroups, row_groups
from surveyapp.importers.table import SHOWN, TableProblem, Wanted, refusal
from surveyapp.importers.tables import read_table
from surveyapp.results.design_file import DesignFile
from surveyapp.results.mapping import Workers


class Columns(Protocol):
    """Columns of a file, or of a part of it, as arrays."""

    def labels(self, name: str) -> Labels:
        """Read labels."""

    def label_problems(self, name: str) -> list[TableProblem]:
        """Collect empty labels."""

    def numbers(
        self, name: str, missing: Collection[str] = ()
    ) -> tuple[Floats, list[TableProblem]]:
        """Read numbers, nan where empty or a missing code."""

    def satisfied(
        self, name: str, codes: Codes, missing: Collection[str]
    ) -> tuple[Floats, list[TableProblem], frozenset[str]]:
        """Read 1 for a satisfied code, 0 for another, nan for none; and the codes that occur."""

    def row(self, place: int) -> tuple[str, int]:
        """Sheet and number, as in the file, of the row at a place."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is kept of a part of the rows.

    `moments` holds one breakdown per domain, or the whole alone; `outside` counts the rows without
    a label of each domain, `weightless` those of weight 0; `seen` names the codes that occur, per
    measure. A part with `problems` (the first ones of `faults`) holds no moments.
    """

    moments: tuple[Moments, ...] = ()
    n: int = 0
    weight: float = 0.0
    weightless: int = 0
    outside: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    seen: tuple[frozenset[str], ...] = ()
    problems: tuple[TableProblem, ...] = ()
    faults: int = 0

    def joined(self, other: "Part") -> "Part":
        """Add the rows of another part; with problems only those are kept."""
        if self.faults or other.faults:
            problems = (*self.problems, *other.problems)[:SHOWN]
            return Part(problems=problems, faults=self.faults + other.faults)
        both = zip(self.moments, other.moments, strict=True)
        outside = zip(self.outside, other.outside, strict=True)
        return replace(
            self,
            moments=tuple(merged(left, right) for left, right in both),
            n=self.n + other.n,
            weight=self.weight + other.weight,
            weightless=self.weightless + other.weightless,
            outside=tuple(left + right for left, right in outside),
            seen=tuple(left | right for left, right in zip(self.seen, other.seen, strict=True)),
        )


def faulty(problems: list[TableProblem]) -> Part:
    """Return a part that only says what is wrong."""
    return Part(problems=tuple(problems[:SHOWN]), faults=len(problems))


def reduced(data: Path, asked: DesignFile, layout: Plan, workers: Workers) -> Part:
    """Reduce a data file to moments, checked as a whole.

    A .parquet file is read row group by row group, on `workers`; the moments are merged, so it may
    be larger than the memory. Other files are read whole.
    """
    if asked.needs_rows:
        raise AppError(
            "RESULTS-033",
            f"{', '.join(asked.needs_rows)}: cần mọi dòng cùng lúc trong bộ nhớ.",
            "Bỏ --workers, --processes, --cluster (và không dùng với moments), hoặc bỏ phần này "
            "khỏi tệp thiết kế.",
        )
    if data.suffix.lower() == ".parquet" and data.is_file():
        groups = row_groups(data.resolve(), Wanted(required=asked.columns))
        work = partial(_group, groups, asked, layout)
        part = workers.join(work, groups.count, Part.joined)
    else:
        part = part_of(asked, layout, all_columns(data, asked), workers.n)
    if part.faults:
        raise refusal(data.name, part.problems, part.faults)
    return checked(part, asked)


def checked(part: Part, asked: DesignFile) -> Part:
    """Refuse what only shows when all rows are there, and add the notes on the whole."""
    for moments in part.moments:
        moments.check()
    if not part.weight:
        raise AppError(
            "RESULTS-041",
            f"Mọi quyền số trong cột «{asked.weight}» bằng 0.",
            "Ghi quyền số của mỗi phiếu, hoặc nêu cột khác trong weight.",
        )
    total = part.moments[0]
    inner = total.inner if isinstance(total, CalibratedMoments) else total
    repeated = inner.notes if isinstance(inner, UnitTotals) else ()
    return replace(part, notes=(*repeated, *part.notes, *_code_notes(part, asked)))


def _code_notes(part: Part, asked: DesignFile) -> list[str]:
    """Say which codes count as not satisfied without being named, and which never occur."""
    notes = []
    for item, seen in zip(asked.measures, part.seen, strict=True):
        if item.measure.kind != "share" or item.category is not None:
            continue
        code = item.measure.code
        if never := sorted(item.satisfied - seen):
            notes.append(f"«{code}»: mã hài lòng {', '.join(never)} không có trong số liệu.")
        other = sorted(seen - item.satisfied)
        if other and not item.answers and not all(name.isdigit() for name in item.satisfied):
            listed = ", ".join(other[:SHOWN]) + (" ..." if len(other) > SHOWN else "")
            notes.append(
                f"«{code}»: không nêu answers, nên mọi chữ khác được tính là không hài lòng: "
                f"{listed}."
            )
    return notes


def all_columns(data: Path, asked: DesignFile) -> Columns:
    """Read the columns of a whole file into the memory."""
    wanted = Wanted(required=asked.columns)
    if data.suffix.lower() == ".parquet" and data.is_file():
        return row_groups(data, wanted).everything()
    table = read_table(data, wanted)
    table.refuse_problems()
    return TableColumns(table)


def _group(groups: RowGroups, asked: DesignFile, layout: Plan, group: int) -> Part:
    """Reduce one row group; a function of the module, so that it goes to other processes."""
    return in_pairs(
        (part_of(asked, layout, columns) for columns in groups.batches(group)), Part.joined
    )


def part_of(asked: DesignFile, layout: Plan, columns: Columns, workers: int = 1) -> Part:
    """Reduce some rows."""
    values, problems, seen = values_of(asked, columns)
    design, found = design_of(asked, columns)
    problems += found
    if problems or design is None:
        return faulty(problems)
    cells: list[Labels | None] = [columns.labels(name) for name in asked.domains] or [None]
    moments = tuple(moments_of(design, layout, values, cell, workers) for cell in cells)
    outside = tuple(int((cell.code < 0).sum()) for cell in cells if cell is not None)
    weight, weightless = float(design.weight.sum()), int((design.weight == 0).sum())
    return Part(moments, design.n, weight, weightless, outside, design.notes, seen)


def values_of(
    asked: DesignFile, columns: Columns
) -> tuple[dict[str, Floats], list[TableProblem], tuple[frozenset[str], ...]]:
    """Read the values of every measure, the cells that are no answer, the codes that occur."""
    values: dict[str, Floats] = {}
    problems: list[TableProblem] = []
    seen: list[frozenset[str]] = []
    for item in asked.measures:
        if item.measure.kind == "share":
            codes = (item.satisfied, item.answers)
            value, found, occur = columns.satisfied(item.column, codes, item.missing)
        else:
            (value, found), occur = columns.numbers(item.column, item.missing), frozenset()
        values[item.measure.code] = value
        seen.append(occur)
        problems += [problem for problem in found if problem not in problems]
        if item.denominator is not None and item.measure.denominator is not None:
            below, faults = columns.numbers(item.denominator, item.missing)
            values[item.measure.denominator] = below
            problems += [problem for problem in faults if problem not in problems]
    return values, problems, (*seen,)


def design_of(
    asked: DesignFile, columns: Columns
) -> tuple[SurveyDesign | None, list[TableProblem]]:
    """Read the design of some rows; faults of all cells come together.

    Units that stand alone are looked for when all parts are there.
    """
    weight = columns.numbers(asked.weight)[0]
    problems = _without(
        columns,
        asked.weight,
        ~(np.isfinite(weight) & (weight >= 0)),
        "Quyền số phải là số không âm.",
    )
    sizes = []
    for name in asked.pop_size:
        size = columns.numbers(name)[0]
        problems += _without(
            columns, name, ~np.isfinite(size), "Tổng số đơn vị phải là số ở mọi dòng."
        )
        sizes.append(size)
    for name in dict.fromkeys((*asked.strata, *asked.psu)):
        problems += columns.label_problems(name)
    if problems:
        return None, problems
    design = survey_design(
        weight,
        strata=joined_labels(columns, asked.strata),
        psu=[columns.labels(name) for name in asked.psu],
        pop_size=sizes,
        lonely_psu=asked.lonely_psu,
        complete=False,
    )
    return design, problems


def _without(
    columns: Columns, name: str, wrong: np.ndarray[tuple[int], np.dtype[np.bool_]], rule: str
) -> list[TableProblem]:
    problems = []
    for place in np.flatnonzero(wrong).tolist():
        sheet, row = columns.row(place)
        problems.append(TableProblem("RESULTS-032", rule, "Sửa ô này.", sheet, row, name))
    return problems


def joined_labels(columns: Columns, names: tuple[str, ...]) -> Labels | None:
    """Strata of one column, or of several joined by " | " as in a sample."""
    if not names:
        return None
    parts = [columns.labels(name) for name in names]
    if len(parts) == 1:
        return parts[0]
    rows = zip(*([part.names[i] for i in part.code] for part in parts), strict=True)
    return as_labels(np.array([" | ".join(row) for row in rows], dtype=object))
