"""`sipas results estimate`: a data file and a design file give a file of estimates."""

import hashlib
import json
import os
import tempfile
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from analysis.design import survey_design
from analysis.errors import AnalysisError
from analysis.estimate import Estimate, Moments, estimates, whole
from analysis.labels import Floats, Labels, as_labels
from analysis.measures import Plan, plan
from analysis.reduction import merged, moments_of
from surveyapp.errors import AppError
from surveyapp.importers.columns import TableColumns
from surveyapp.importers.parquet_columns import RowGroups, row_groups
from surveyapp.importers.table import SHOWN, TableProblem, Wanted, refusal
from surveyapp.importers.tables import read_table
from surveyapp.results.design_file import DesignFile, read_design

#: What the rules of `analysis.design` say, for people.
RULES = {
    "must be a column with at least one row": "cần ít nhất một dòng",
    "must be a number of at least 0 in every row": "phải là số không âm ở mọi dòng",
    "a stratum has one sampling unit; choose another lonely_psu": (
        "nhóm chỉ có một đơn vị chọn mẫu; chọn lonely_psu khác hoặc gộp nhóm"
    ),
    "must be a number in every row": "phải là số ở mọi dòng",
    "must not vary within a stratum": "phải như nhau trong một nhóm",
    "must be the same in every part": "phải như nhau trong một nhóm",
    "must not be smaller than the units in the data": (
        "không được nhỏ hơn số đơn vị có trong số liệu"
    ),
    "must not be negative": "âm, thiết kế mẫu mâu thuẫn",
}


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
        self, name: str, codes: Collection[str], missing: Collection[str]
    ) -> tuple[Floats, list[TableProblem]]:
        """Read 1 for a satisfied code, 0 for another, nan where empty or a missing code."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is kept of a part of the rows.

    `moments` holds one breakdown per domain, or the whole alone; `outside` counts the rows without
    a label of each domain; `psu` the sampling units, where the part is the whole file.
    """

    moments: tuple[Moments, ...]
    n: int
    psu: int
    weight: float
    outside: tuple[int, ...]
    notes: tuple[str, ...]

    def joined(self, other: "Part") -> "Part":
        """Add the rows of another part."""
        both = zip(self.moments, other.moments, strict=True)
        outside = zip(self.outside, other.outside, strict=True)
        return Part(
            tuple(merged(left, right) for left, right in both),
            self.n + other.n,
            self.psu + other.psu,
            self.weight + other.weight,
            tuple(left + right for left, right in outside),
            self.notes,
        )


def estimate_file(data: Path, design_path: Path, out: Path, workers: int = 1) -> int:
    """Estimate every measure for the whole and by every domain; return the number of estimates.

    A .parquet file of an element design is read row group by row group, on `workers` threads; its
    moments are merged, so it may be larger than the memory.

    Raises
    ------
    AppError : faults of either file, all of them at once; nothing is written then.
    """
    asked = read_design(design_path)
    layout = plan([item.measure for item in asked.measures], asked.composites)
    try:
        part = reduced(data, asked, layout, workers)
        found = _estimates(asked, layout, part)
    except AnalysisError as error:
        raise refused(error) from error
    write_json(out, {"design": _described(asked, part, data), "estimates": found})
    return len(found)


def reduced(data: Path, asked: DesignFile, layout: Plan, workers: int) -> Part:
    """Reduce a data file to moments, checked as a whole."""
    wanted = Wanted(required=asked.columns)
    if data.suffix.lower() == ".parquet" and not asked.psu and data.is_file():
        part = _streamed(row_groups(data, wanted), asked, layout, workers)
    else:
        table = read_table(data, wanted)
        table.refuse_problems()
        part, problems = _part(asked, layout, TableColumns(table), workers)
        _refuse(table.name, problems)
    for moments in part.moments:
        moments.check()
    return part


def refused(error: AnalysisError) -> AppError:
    """Say in Vietnamese which rule of the design is broken, where, and what was found."""
    rule = RULES.get(error.rule, error.rule)
    return AppError(
        "RESULTS-003",
        f"Thiết kế mẫu không dùng được: {error.argument} {rule} (đang là {error.value}).",
        "Sửa cột này trong số liệu hoặc khóa tương ứng trong tệp thiết kế.",
    )


def write_json(out: Path, content: dict[str, Any]) -> None:
    """Write a JSON file all at once: a reader sees the old file or the whole new one."""
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(out)
    except OSError as error:
        raise AppError(
            "RESULTS-004",
            f"Không ghi được tệp «{out}»: {error.strerror}.",
            "Chọn thư mục đã có và được phép ghi.",
        ) from error


def _streamed(groups: RowGroups, asked: DesignFile, layout: Plan, workers: int) -> Part:
    def read(group: int) -> tuple[Part, list[TableProblem]]:
        return _part(asked, layout, groups.read(group), None)

    joined: Part | None = None
    problems: list[TableProblem] = []
    with ThreadPoolExecutor(workers) as pool:
        for part, found in pool.map(read, range(groups.count)):
            problems += found
            joined = part if joined is None or problems else joined.joined(part)
    _refuse(groups.path.name, problems)
    if joined is None:
        raise AssertionError("a file without row groups is refused before")
    return joined


def _refuse(name: str, problems: list[TableProblem]) -> None:
    if problems:
        raise refusal(name, problems[:SHOWN], len(problems))


def _part(
    asked: DesignFile, layout: Plan, columns: Columns, workers: int | None
) -> tuple[Part, list[TableProblem]]:
    """Reduce rows; without `workers` they are a part of a file, with it the whole.

    With problems the part holds no moments.
    """
    values, problems = _values(asked, columns)
    weight, sizes = _design_columns(asked, columns, problems)
    if problems:
        return Part((), 0, 0, 0.0, (), ()), problems
    design = survey_design(
        weight,
        strata=_joined(columns, asked.strata),
        psu=[columns.labels(name) for name in asked.psu],
        pop_size=sizes,
        lonely_psu=asked.lonely_psu,
        complete=workers is not None,
    )
    cells: list[Labels | None] = [columns.labels(name) for name in asked.domains] or [None]
    moments = tuple(moments_of(design, layout, values, cell, workers or 1) for cell in cells)
    outside = tuple(int((cell.code < 0).sum()) for cell in cells if cell is not None)
    psu = int(np.unique(design.unit_keys()[1]).size) if design.stages else design.n
    total = float(design.weight.sum())
    return Part(moments, design.n, psu, total, outside, design.notes), []


def _values(asked: DesignFile, columns: Columns) -> tuple[dict[str, Floats], list[TableProblem]]:
    values: dict[str, Floats] = {}
    problems: list[TableProblem] = []
    for item in asked.measures:
        if item.measure.kind == "share":
            found = columns.satisfied(item.column, item.satisfied, item.missing)
        else:
            found = columns.numbers(item.column, item.missing)
        values[item.measure.code] = found[0]
        problems += [problem for problem in found[1] if problem not in problems]
    return values, problems


def _design_columns(
    asked: DesignFile, columns: Columns, problems: list[TableProblem]
) -> tuple[Floats, list[Floats]]:
    """Read weights and population sizes; faults of all cells come together."""
    weight, found = columns.numbers(asked.weight)
    problems += found
    sizes = []
    for name in asked.pop_size:
        size, found = columns.numbers(name)
        problems += found
        sizes.append(size)
    for name in dict.fromkeys((*asked.strata, *asked.psu)):
        problems += columns.label_problems(name)
    return weight, sizes


def _joined(columns: Columns, names: tuple[str, ...]) -> Labels | None:
    """Strata of one column, or of several joined by " | " as in a sample."""
    if not names:
        return None
    parts = [columns.labels(name) for name in names]
    if len(parts) == 1:
        return parts[0]
    rows = zip(*([part.names[i] for i in part.code] for part in parts), strict=True)
    return as_labels(np.array([" | ".join(row) for row in rows], dtype=object))


def _estimates(asked: DesignFile, layout: Plan, part: Part) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    total = part.moments[0]
    rows += [estimate_row(code, {}, one) for _, code, one in whole(total, layout, asked.options)]
    for name, moments in zip(asked.domains, part.moments, strict=False):
        for level, code, one in estimates(moments, layout, asked.options):
            rows.append(estimate_row(code, {name: level}, one))
    return rows


def estimate_row(code: str, domain: dict[str, str], one: Estimate) -> dict[str, Any]:
    """Return an estimate as a row of OUT.json."""
    row: dict[str, Any] = {
        "measure": code,
        "domain": domain,
        "estimate": one.value,
        "se": one.se,
        "ci": None if one.ci is None else list(one.ci),
        "level": one.level,
        "df": one.df,
        "n": one.n,
        "n_eff": one.n_eff,
        "deff": one.deff,
        "method": one.method,
        "flag": one.flag,
    }
    return row if one.reason is None else {**row, "reason": one.reason}


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _described(asked: DesignFile, part: Part, data: Path) -> dict[str, Any]:
    notes = list(part.notes)
    for name, outside in zip(asked.domains, part.outside, strict=True):
        if outside:
            notes.append(f"{outside} dòng không ghi «{name}»: chỉ tính vào kết quả chung.")
    return {
        "data": data.name,
        "data_sha256": file_digest(data),
        "n": part.n,
        "sum_of_weights": part.weight,
        "strata": len(part.moments[0].strata),
        "psu": part.psu,
        "weight": asked.weight,
        "strata_columns": list(asked.strata),
        "psu_columns": list(asked.psu),
        "pop_size_columns": list(asked.pop_size),
        "finite_population_correction": bool(asked.pop_size),
        "lonely_psu": asked.lonely_psu,
        "domains": list(asked.domains),
        "interval": {"method": asked.options.method or "wilson", "level": asked.options.level},
        "notes": notes,
    }
