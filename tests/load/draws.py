"""Seconds and memory of a large stratified draw, of its verification, and of a refusal."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.load.figure import Figure, middle

ROWS = 1_500_000
#: A longer list of which one of the last lines repeats the id of the first.
FAULTY_ROWS = 2_000_000
REFUSED = "Dòng 2000001: Mã «000.00.0000000» bị trùng"
STRATA = 35
TOTAL = 20_000
RUNS = 2
#: Of a list of this size as officials export it: file code, agency, day, way of handing in.
HEADER = "ma_ho_so,co_quan,ngay_tra,hinh_thuc\n"
PLAN = f"""
[sample]
unit_id = "ma_ho_so"
stratum = ["co_quan"]
method = "srs"
allocation = "proportional"
total = {TOTAL}
reserve_share = "0,2"
recheck_share = "0,1"
"""


def measure(place: Path) -> list[Figure]:
    """Draw and verify with the commands; interpreter start and reading are part of the time."""
    frame, plan = place / "frame.csv", place / "plan.toml"
    _write_frame(frame)
    plan.write_text(PLAN, encoding="utf-8")
    files = ["--frame", str(frame), "--plan", str(plan)]
    draws, checks = [], []
    for run in range(RUNS):
        out = place / f"run-{run}"
        draws.append(_run("draw", *files, "--seed", "hạt giống", "--out", str(out)))
        checks.append(_run("verify", *files, "--protocol", str(out / "protocol.json")))
    how = f"{ROWS:,} rows of CSV ({frame.stat().st_size / 1e6:.0f} MB), {STRATA} strata"
    return [
        *_figures("sample draw", draws, how),
        *_figures("sample verify", checks, how),
        *_refusal(frame, plan, place / "refused"),
    ]


def _figures(name: str, runs: Sequence["Used"], how: str) -> list[Figure]:
    """Return the seconds by the clock and of the processors, and the largest memory."""
    return [
        middle(name, [used.seconds for used in runs], "s", how),
        middle(f"{name}: processor", [used.processor for used in runs], "s", "user and system"),
        Figure(f"{name}: memory", max(used.memory for used in runs), "MB", "peak RSS"),
    ]


def _refusal(frame: Path, plan: Path, out: Path) -> list[Figure]:
    """Hand in a list with one bad line, which must be named, and nothing written."""
    _write_frame(frame, FAULTY_ROWS - 1)
    with frame.open("a", encoding="utf-8") as file:
        file.write("000.00.0000000,Cơ quan 00,2024-01-15,trực tuyến\n")
    files = ["--frame", str(frame), "--plan", str(plan)]
    used = _run("draw", *files, "--seed", "hạt giống", "--out", str(out), refused=REFUSED)
    if out.exists():
        raise RuntimeError(f"a refused draw has written {out}")
    how = f"{FAULTY_ROWS:,} rows of CSV, the last repeats an id: named, nothing written"
    return [
        Figure("sample draw, refused", used.seconds, "s", how),
        Figure("sample draw, refused: memory", used.memory, "MB", "peak RSS"),
    ]


def _write_frame(path: Path, rows: int = ROWS) -> None:
    """Write a list of transactions of agencies of unequal size."""
    chance = random.Random(2024)  # noqa: S311  a made-up list
    sizes = [1 / (place + 3) for place in range(STRATA)]
    agencies = chance.choices([f"Cơ quan {place:02}" for place in range(STRATA)], sizes, k=rows)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(
            f"000.{place % 97:02}.{place:07},{agency},2024-{place % 12 + 1:02}-15,trực tuyến\n"
            for place, agency in enumerate(agencies)
        )


@dataclass(frozen=True, slots=True)
class Used:
    """What a command used: seconds by the clock, of the processors, MB of 1,000,000 bytes."""

    seconds: float
    processor: float
    memory: float


def _run(command: str, *words: str, refused: str = "") -> Used:
    """Run `sipas sample COMMAND`; with `refused` it must end with 1 and say this.

    The kernel counts the memory of this small process into its children's peak, so it must stay
    below theirs: nothing large is imported here.
    """
    sipas = Path(sys.executable).with_name("sipas")
    started = time.monotonic()
    with subprocess.Popen(  # noqa: S603  our own command
        [sipas, "sample", command, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        said = (process.stderr.read() if process.stderr else b"").decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if process.returncode != (1 if refused else 0) or refused not in said:
        raise RuntimeError(f"sipas sample {command}: {said[-500:]}")
    return Used(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)
