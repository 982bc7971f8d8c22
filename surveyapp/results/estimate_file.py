"""`sipas results estimate`: a data file and a design file give a file of estimates."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from analysis.design import SurveyDesign, survey_design
from analysis.errors import AnalysisError
from analysis.estimate import Estimate, Moments, estimates, whole
from analysis.labels import Floats, Labels, as_labels
from analysis.measures import Plan, plan
from analysis.reduction import moments_of
from surveyapp.errors import AppError
from surveyapp.importers import columns
from surveyapp.importers.table import SHOWN, Table, TableProblem, Wanted, refusal
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
    "must not be smaller than the units in the data": (
        "không được nhỏ hơn số đơn vị có trong số liệu"
    ),
    "must not be negative": "âm, thiết kế mẫu mâu thuẫn",
}


def estimate_file(data: Path, design_path: Path, out: Path, workers: int = 1) -> int:
    """Estimate every measure for the whole and by every domain; return the number of estimates.

    Raises
    ------
    AppError : faults of either file, all of them at once; nothing is written then.
    """
    asked = read_design(design_path)
    table = read_table(data, Wanted(required=asked.columns))
    table.refuse_problems()
    values, problems = _values(asked, table)
    design = _design(asked, table, problems)
    layout = plan([item.measure for item in asked.measures], asked.composites)
    try:
        found = _estimates(asked, table, design, (layout, values), workers)
    except AnalysisError as error:
        raise refused(error) from error
    write_json(out, {"design": _described(asked, table, design, data), "estimates": found})
    return len(found)


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


def _values(asked: DesignFile, table: Table) -> tuple[dict[str, Floats], list[TableProblem]]:
    values: dict[str, Floats] = {}
    problems: list[TableProblem] = []
    for item in asked.measures:
        if item.measure.kind == "share":
            found = columns.satisfied(table, item.column, item.satisfied, item.missing)
        else:
            found = columns.numbers(table, item.column, item.missing)
        values[item.measure.code] = found[0]
        problems += [problem for problem in found[1] if problem not in problems]
    return values, problems


def _design(asked: DesignFile, table: Table, problems: list[TableProblem]) -> SurveyDesign:
    """Build the design; faults of its cells come together with those of the answers."""
    weight, found = columns.numbers(table, asked.weight)
    problems += found
    sizes = []
    for name in asked.pop_size:
        size, found = columns.numbers(table, name)
        problems += found
        sizes.append(size)
    for name in dict.fromkeys((*asked.strata, *asked.psu)):
        problems += columns.label_problems(table, name)
    if problems:
        raise refusal(table.name, problems[:SHOWN], len(problems))
    try:
        return survey_design(
            weight,
            strata=_joined(table, asked.strata),
            psu=[columns.labels(table, name) for name in asked.psu],
            pop_size=sizes,
            lonely_psu=asked.lonely_psu,
        )
    except AnalysisError as error:
        raise refused(error) from error


def _joined(table: Table, names: tuple[str, ...]) -> Labels | None:
    """Strata of one column, or of several joined by " | " as in a sample."""
    if not names:
        return None
    parts = [columns.labels(table, name) for name in names]
    if len(parts) == 1:
        return parts[0]
    rows = zip(*([part.names[i] for i in part.code] for part in parts), strict=True)
    return as_labels(np.array([" | ".join(row) for row in rows], dtype=object))


def _estimates(
    asked: DesignFile,
    table: Table,
    design: SurveyDesign,
    measured: tuple[Plan, dict[str, Floats]],
    workers: int,
) -> list[dict[str, Any]]:
    layout, values = measured
    rows: list[dict[str, Any]] = []
    by_domain: list[tuple[str, Moments]] = [
        (name, moments_of(design, layout, values, columns.labels(table, name), workers))
        for name in asked.domains
    ]
    total = by_domain[0][1] if by_domain else moments_of(design, layout, values, None, workers)
    rows += [_row(code, {}, one) for _, code, one in whole(total, layout, asked.options)]
    for name, moments in by_domain:
        for level, code, one in estimates(moments, layout, asked.options):
            rows.append(_row(code, {name: level}, one))
    return rows


def _row(code: str, domain: dict[str, str], one: Estimate) -> dict[str, Any]:
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


def _described(asked: DesignFile, table: Table, design: SurveyDesign, data: Path) -> dict[str, Any]:
    keys = design.unit_keys()
    units = int(np.unique(keys[1]).size) if design.stages else design.n
    notes = list(design.notes)
    for name in asked.domains:
        outside = sum(1 for cell in table.columns[name] if not cell)
        if outside:
            notes.append(f"{outside} dòng không ghi «{name}»: chỉ tính vào kết quả chung.")
    return {
        "data": data.name,
        "data_sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
        "n": design.n,
        "sum_of_weights": float(design.weight.sum()),
        "strata": len(design.strata.names),
        "psu": units,
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
