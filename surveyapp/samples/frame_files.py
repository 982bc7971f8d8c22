"""Frames, plans and protocols in files, for the commands that need no database."""

import codecs
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sampling.canonical import canonical, json_digest
from sampling.frame_checks import join_keys, make_frame
from sampling.plan import load_plan
from sampling.protocol import protocol_digest
from sampling.types import Column, Frame, Plan
from sampling.witness import FORMAT as ANNOUNCEMENT
from surveyapp.errors import AppError
from surveyapp.importers.table import Progress, Table, TableProblem, Wanted, refusal
from surveyapp.importers.tables import lost_zeros, numbers, read_table
from surveyapp.samples.refusals import translated


@dataclass(frozen=True, slots=True)
class FrameFile:
    """A frame from a file and what should be looked at before it is used.

    `rows` holds the row in the file of every unit, `sheet` the sheet: faults that only the
    draw finds (sizes, stages) are named by them too.
    """

    frame: Frame
    warnings: tuple[str, ...]
    rows: Sequence[int]
    sheet: str


def read_plan(path: Path) -> Plan:
    """Read PLAN.toml."""
    with translated():
        return load_plan(_read_text(path))


def read_frame(
    path: Path, plan: Plan, sheet: str | None = None, progress: Progress = None
) -> FrameFile:
    """Read the columns that the plan names from .csv, .xlsx or .parquet, and check them all."""
    sizes = [stage.size for stage in plan.stages]
    figures = [name for name in (plan.size, plan.sd, plan.cost, *sizes) if name]
    texts = [*plan.order, *(stage.unit for stage in plan.stages[:-1])]
    names = dict.fromkeys([plan.unit_id, *plan.stratum, *texts, *figures])
    table = read_table(path, Wanted(tuple(names), sheet=sheet), progress)
    table.refuse_problems()
    columns: dict[str, Column] = {name: table.columns[name] for name in texts}
    columns |= _figures(table, figures)
    keys = join_keys([table.columns[name] for name in plan.stratum]) if plan.stratum else None
    with translated(table.rows, table.sheet):
        frame = make_frame(table.columns[plan.unit_id], keys, columns)
    doubt = lost_zeros(table, plan.unit_id)
    return FrameFile(frame, (str(doubt),) if doubt else (), table.rows, table.sheet)


def read_protocol(path: Path) -> Mapping[str, Any]:
    """Read protocol.json."""
    return read_object(path)


def read_object(path: Path) -> Mapping[str, Any]:
    """Read one of the JSON files of a draw: protocol, announcement, commitment."""
    try:
        stored = json.loads(_read_text(path))
    except ValueError as error:
        raise AppError(
            "SAMPLE-140",
            f"Tệp «{path.name}» không phải JSON đọc được.",
            "Dùng đúng tệp mà chương trình đã tạo.",
        ) from error
    if not isinstance(stored, dict):
        raise AppError(
            "SAMPLE-141",
            f"Tệp «{path.name}» không phải tệp của một lần chọn mẫu.",
            "Dùng đúng tệp mà chương trình đã tạo.",
        )
    return stored


def earlier_draws(path: Path | None, reason: str) -> tuple[Mapping[str, str], ...]:
    """List the earlier draws: those that the last protocol lists, and it.

    An announcement that came to nothing (a party did not reveal) is listed too.
    """
    if path is None:
        return ()
    if not canonical(reason):
        raise AppError(
            "SAMPLE-156", "Chọn lại phải có lý do.", "Ghi lý do sau --reason; biên bản sẽ nêu."
        )
    last = read_object(path)
    if last.get("format") == ANNOUNCEMENT:
        entry = {"announcement_sha256": json_digest(last), "reason": canonical(reason)}
    else:
        told = "seed_sha256" if "seed_sha256" in last else "seed"
        entry = {
            "protocol_sha256": protocol_digest(last),
            told: str(last.get(told)),
            "reason": canonical(reason),
        }
    earlier = last.get("previous")
    return *(earlier if isinstance(earlier, list) else ()), entry


def _figures(table: Table, names: list[str]) -> dict[str, Column]:
    """Read the columns of numbers; refuse all cells that are none, together."""
    columns: dict[str, Column] = {}
    problems: list[TableProblem] = []
    for name in names:
        columns[name], found = numbers(table, name)
        problems += found
    if problems:
        raise refusal(table.name, problems[:200], len(problems))
    return columns


def _read_text(path: Path) -> str:
    """Read a text file in UTF-8, or UTF-16 with its mark."""
    if not path.is_file():
        raise AppError("SAMPLE-142", f"Không có tệp «{path}».", "Kiểm tra đường dẫn và tên tệp.")
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise AppError(
            "SAMPLE-143",
            f"Tệp «{path.name}», dòng {line}: chữ không phải UTF-8.",
            "Lưu lại tệp dạng UTF-8.",
        ) from error
