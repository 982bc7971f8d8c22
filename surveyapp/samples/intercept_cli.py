"""Commands after a draw: whom to ask at the counter and with which weight, who gets which block."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sampling import intercept
from sampling.errors import ArgumentError
from surveyapp.errors import AppError
from surveyapp.importers.table import Wanted, refusal
from surveyapp.importers.tables import numbers, read_table
from surveyapp.samples.frame_files import read_protocol
from surveyapp.samples.refusals import translated
from surveyapp.samples.sample_files import write_text

_FILE = click.Path(path_type=Path)
_protocol = click.option(
    "--protocol", "protocol_path", type=_FILE, required=True, help="Biên bản chọn mẫu."
)
_out = click.option("--out", type=_FILE, required=True, help="Tệp .csv kết quả.")
_FIGURES = ("arrivals", "answered", "refused", "ineligible")
_DAY_COLUMNS = ("half_day", "stratum", "probability", "start", "every")
_WEIGHT_COLUMNS = (
    *("half_day", "stratum", "asked", "inclusion_probability", "design_weight"),
    *("response_share", "analysis_weight"),
)


@click.command("intercept")
@_protocol
@click.option("--every", type=click.IntRange(min=1), required=True, help="Cứ mấy người mời một.")
@click.option("--counts", type=_FILE, help="Số đếm từng buổi; có thì tính quyền số.")
@_out
def intercept_command(protocol_path: Path, every: int, counts: Path | None, out: Path) -> None:
    """Mời người tại quầy: người bắt đầu của mỗi buổi đã chọn; sau đó quyền số từ số đếm."""
    stored = read_protocol(protocol_path)
    days = [
        intercept.half_day(code, stratum, pi, every, str(stored.get("seed")))
        for code, stratum, pi in _main(stored)
    ]
    if counts is None:
        rows: Iterable[Sequence[object]] = (
            (d.code, d.stratum, repr(d.probability), d.start, d.every) for d in days
        )
        write_text(out, _csv(_DAY_COLUMNS, rows))
        click.echo(f"{len(days)} buổi; trong mỗi buổi mời người thứ start, rồi cứ {every} người.")
        return
    found, lines = _counts(counts)
    with translated(lines):
        weighted = intercept.weights(days, found)
    rows = [
        (
            *(w.code, w.stratum, w.asked, repr(w.inclusion_probability), repr(w.design_weight)),
            *("" if v is None else repr(v) for v in (w.response_share, w.analysis_weight)),
        )
        for w in weighted
    ]
    write_text(out, _csv(_WEIGHT_COLUMNS, rows))
    people = sum(w.asked for w in weighted)
    answers = sum(one.answered for one in found)
    click.echo(f"{len(days)} buổi, mời {people} người, {answers} trả lời.")
    if silent := [w.code for w in weighted if w.response_share == 0]:
        names = ", ".join(silent)
        click.echo(
            f"Lưu ý: không ai trả lời ở {names}; kết quả không đại diện cho các buổi này.", err=True
        )


@click.command("blocks")
@_protocol
@click.option("--block", "names", multiple=True, required=True, help="Tên khối; ghi từng khối.")
@_out
def blocks_command(protocol_path: Path, names: tuple[str, ...], out: Path) -> None:
    """Chia khối câu hỏi cho mẫu chính: ngẫu nhiên và đều trong từng nhóm."""
    stored = read_protocol(protocol_path)
    groups: dict[str, list[str]] = {}
    for unit, stratum, _ in _main(stored):
        groups.setdefault(stratum, []).append(unit)
    rows = []
    with translated():
        for stratum, units in groups.items():
            given = intercept.blocks(units, names, str(stored.get("seed")))
            rows += [(unit, stratum, block) for unit, block in given.items()]
    write_text(out, _csv(("unit_id", "stratum", "block"), rows))
    click.echo(f"Đã chia {len(names)} khối cho {len(rows)} phiếu.")


def _main(stored: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """Read the main sample with its probabilities."""
    try:
        result = []
        for part in stored["lists"]["main"]:
            ids, chances = part["ids"], part["probabilities"]
            chances = chances * len(ids) if len(chances) == 1 else chances
            pairs = zip(ids, chances, strict=True)
            result += [(str(unit), str(part["stratum"]), _chance(pi)) for unit, pi in pairs]
    except (KeyError, TypeError, ValueError) as error:
        raise AppError(
            "SAMPLE-166",
            "Không đọc được mẫu chính trong biên bản.",
            "Dùng đúng tệp protocol.json của lần chọn.",
        ) from error
    return result


def _chance(value: object) -> float:
    """Read a probability."""
    chance = float(str(value))
    if not 0 < chance <= 1:
        raise ArgumentError("probability", value, "must be above 0 and at most 1")
    return chance


def _counts(path: Path) -> tuple[list[intercept.Count], Sequence[int]]:
    """Read half_day, arrivals, answered, refused, ineligible; whole numbers only."""
    table = read_table(path, Wanted(("half_day", *_FIGURES)))
    table.refuse_problems()
    columns = []
    for name in _FIGURES:
        values, problems = numbers(table, name)
        if problems:
            raise refusal(table.name, problems, len(problems))
        columns.append(values.tolist())
    found = []
    for i, code in enumerate(table.columns["half_day"]):
        figures = [column[i] for column in columns]
        if any(value != int(value) for value in figures):
            raise AppError(
                "SAMPLE-167",
                f"Dòng {table.rows[i]}: số đếm phải là số nguyên.",
                "Đối chiếu phiếu đếm của buổi đó.",
            )
        found.append(intercept.Count(code.strip(), *map(int, figures)))
    return found, table.rows


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
