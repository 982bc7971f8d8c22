"""The folder of a draw: sample.csv, protocol.json, the secret; all there or nothing."""

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sampling.listing import COLUMNS, SampleRow
from surveyapp.errors import AppError

SAMPLE, PROTOCOL, SECRET = "sample.csv", "protocol.json", "recheck.secret"
#: A seed that a second wave uses again: for its owner only, until that wave is closed.
SEED = "seed.secret"
#: Written for a plan with several stages: what was drawn at each, for the design of the analysis.
STAGES = "stages.csv"
_STAGE_COLUMNS = ("stage", "parent", "pop_size", "order", "unit", "probability")


def write_folder(
    out: Path, rows: Iterable[SampleRow], stored: Mapping[str, Any], secrets: Mapping[str, str]
) -> None:
    """Write the files of a draw beside `out` and move them there when they are complete.

    `secrets` are texts by the name of their file, which only its owner may read.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        _write_all(folder, rows, stored, secrets)
        _move(folder, out)
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a file that does not exist yet."""
    if path.exists():
        raise _exists(path)
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise _unwritable(path.parent, error) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet, in a folder that is made where needed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise _unwritable(path.parent, error) from error


def _exists(path: Path) -> AppError:
    """Say that nothing is written over a file."""
    return AppError(
        "SAMPLE-168", f"Đã có tệp «{path}»; không ghi đè.", "Chọn tên khác.", status=409
    )


def _write_all(
    folder: Path, rows: Iterable[SampleRow], stored: Mapping[str, Any], secrets: Mapping[str, str]
) -> None:
    """Write every file completely and durably."""
    with (folder / SAMPLE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            weight = "" if row.design_weight is None else repr(row.design_weight)
            pi = repr(row.inclusion_probability)
            writer.writerow([row.unit_id, row.stratum, row.role, row.order, pi, weight])
        _sync(file.fileno())
    if stages := stored["lists"].get("stages"):
        _write_stages(folder / STAGES, stages)
    with (folder / PROTOCOL).open("w", encoding="utf-8") as file:
        json.dump(stored, file, ensure_ascii=False, indent=1)
        file.write("\n")
        _sync(file.fileno())
    for name, secret in secrets.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(secret + "\n", encoding="utf-8")


def _write_stages(path: Path, stages: Iterable[Iterable[Mapping[str, Any]]]) -> None:
    """Write what was drawn at every stage, with the chance of each unit given its parent."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_STAGE_COLUMNS)
        for number, stage in enumerate(stages, 1):
            for part in stage:
                chances = part["probabilities"]
                for order, unit in enumerate(part["ids"], 1):
                    chance = chances[0] if len(chances) == 1 else chances[order - 1]
                    row = [number, part["parent"], part["pop_size"], order, unit, repr(chance)]
                    writer.writerow(row)
        _sync(file.fileno())


def _sync(fileno: int) -> None:
    """Ask for durability where the file system offers it."""
    with suppress(OSError):
        os.fsync(fileno)


def _move(folder: Path, out: Path) -> None:
    """Put the finished folder in its place; into a folder that is in use, the protocol last."""
    if not out.exists() or not any(out.iterdir()):
        folder.chmod(0o755)
        folder.replace(out)
        return
    for name in (SECRET, SAMPLE, STAGES, PROTOCOL):
        if (folder / name).exists():
            (folder / name).replace(out / name)


def _unwritable(out: Path, error: OSError) -> AppError:
    """Say that a folder cannot be written."""
    return AppError(
        "SAMPLE-144",
        f"Không ghi được vào thư mục «{out}»: {error.strerror}.",
        "Chọn thư mục khác, hoặc kiểm tra quyền ghi và chỗ trống trên đĩa.",
    )
