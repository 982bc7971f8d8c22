"""`sipas results estimate`: a data file and a design file give a file of estimates."""

import hashlib
import json
import os
import re
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError
from analysis.estimate import Estimate, estimates, whole
from analysis.measures import Plan, plan
from analysis.presentation import NOBODY
from surveyapp.errors import AppError
from surveyapp.results.design_file import DesignFile, read_design
from surveyapp.results.file_comparisons import compared, tested
from surveyapp.results.file_rows import FileRows, everything, file_rows
from surveyapp.results.mapping import Workers
from surveyapp.results.parts import Part, reduced
from surveyapp.rules import in_vietnamese

NO_WEIGHT = "Không có câu trả lời hợp lệ nào có quyền số lớn hơn 0 trong phân tổ này."


def estimate_file(data: Path, design_path: Path, out: Path, workers: Workers | None = None) -> int:
    """Estimate every measure for the whole and by every domain; return the number of estimates.

    Raises
    ------
    AppError : faults of either file, all of them at once; nothing is written then.
    """
    asked, chosen = read_design(design_path), workers or Workers()
    layout = plan([item.measure for item in asked.measures], asked.composites)
    alone = bool(asked.needs_rows) and chosen == Workers()
    rows = file_rows(data, asked) if alone else None
    try:
        part = reduced(data, asked, layout, chosen) if rows is None else rows.part(asked, layout)
        found = _estimates(asked, layout, part, rows)
        made = [
            estimate_row(code, domain, label, _reasoned(one, part))
            for (code, domain, label), one in found.items()
        ]
        if asked.more.replicates is not None:
            _add_replicates(made, asked, layout, everything(rows))
    except AnalysisError as error:
        raise refused(error, asked) from error
    out_of = {"design": _described(asked, part, data, rows), "estimates": made}
    if asked.more.contrasts:
        out_of["contrasts"] = compared(asked, layout, part.moments, found)
    if asked.more.means or asked.more.associations or asked.more.interviewers:
        out_of["tests"] = tested(asked, layout, part.moments, rows)
    write_json(out, out_of)
    return len(made)


def refused(error: AnalysisError, asked: DesignFile) -> AppError:
    """Say in Vietnamese which column breaks which rule of the design, where, and what was found."""
    found = re.sub(r"(: \S+) and (\S+)$", r"\1 và \2", str(error.value))
    if error.argument == "lonely_psu":
        found = f"nhóm {found}"
    return AppError(
        "RESULTS-003",
        f"Thiết kế mẫu không dùng được: {_column(error.argument, asked)} "
        f"{in_vietnamese(error.rule)} (đang là {found}).",
        "Sửa cột này trong số liệu hoặc khóa tương ứng trong tệp thiết kế.",
    )


def _reasoned(one: Estimate, part: Part) -> Estimate:
    """Say what is so where rows have weight 0: answers are perhaps there, but count for nothing."""
    is_weightless = part.weightless and one.reason == NOBODY
    return replace(one, reason=NO_WEIGHT) if is_weightless else one


def _column(argument: str, asked: DesignFile) -> str:
    """Name the column that an argument of the design was read from, or the argument itself."""
    columns = {
        "weight": (asked.weight,),
        "strata": asked.strata,
        "psu": asked.psu,
        "pop_size": asked.pop_size,
    }
    name, _, stage = argument.removesuffix("]").partition("[")
    held = columns.get(name, ())
    if stage.isdecimal():
        held = held[int(stage) : int(stage) + 1]
    return f"{name} «{' | '.join(held)}»" if held else argument


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


def _estimates(
    asked: DesignFile, layout: Plan, part: Part, rows: FileRows | None
) -> dict[tuple[str, str, str], Estimate]:
    """Estimate by measure, column of the domain and label; "" twice is the whole."""
    found: dict[tuple[str, str, str], Estimate] = {}
    for _, code, one in whole(part.moments[0], layout, asked.options):
        found[code, "", ""] = one
    for name, moments in zip(asked.domains, part.moments, strict=False):
        for level, code, one in estimates(moments, layout, asked.options):
            found[code, name, level] = one
    for key in found:
        if key[0] in asked.quantiles:
            p = asked.quantiles[key[0]]
            found[key] = everything(rows).quantile(key[0], p, asked.options, key[1:])
    return found


def _add_replicates(
    made: list[dict[str, Any]], asked: DesignFile, layout: Plan, rows: FileRows
) -> None:
    """Write the errors from replicate weights beside the linearised ones; none for quantiles."""
    if asked.more.replicates is None:
        return
    errors: dict[tuple[str, str, str], float] = {}
    for domain in (None, *asked.domains):
        cells, table = rows.replicate_errors(asked.more.replicates, layout, domain)
        for label, line in zip(cells, table.tolist(), strict=True):
            for code, se in zip(layout.codes, line, strict=True):
                errors[code, domain or "", label] = se
    for row in made:
        domain, label = next(iter(row["domain"].items()), ("", ""))
        se = errors[row["measure"], domain, label]
        known = row["measure"] not in asked.quantiles and row["se"] is not None
        row["se_replicates"] = se if known else None


def estimate_row(code: str, domain: str, label: str, one: Estimate) -> dict[str, Any]:
    """Return an estimate as a row of OUT.json; without a domain, of the whole."""
    row: dict[str, Any] = {
        "measure": code,
        "domain": {domain: label} if domain else {},
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


def _described(asked: DesignFile, part: Part, data: Path, rows: FileRows | None) -> dict[str, Any]:
    notes = list(part.notes)
    if part.weightless:
        notes.append(f"{part.weightless} dòng có quyền số 0: không tính vào ước lượng nào.")
    for name, outside in zip(asked.domains, part.outside, strict=True):
        if outside:
            notes.append(f"{outside} dòng không ghi «{name}»: chỉ tính vào kết quả chung.")
    described = {
        "data": data.name,
        "data_sha256": file_digest(data),
        "n": part.n,
        "sum_of_weights": part.weight,
        "strata": len(part.moments[0].strata),
        "psu": int(part.moments[0].n_psu.sum()),
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
    if rows is not None and rows.told:
        described["weights"] = dict(rows.told)
    if asked.more.replicates is not None:
        described["replicates"] = asdict(asked.more.replicates)
    return described
