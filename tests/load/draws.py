"""Seconds and memory of a large stratified draw with its protocol, and of its verification."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from tests.load.figure import Figure, middle

ROWS = 1_500_000
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
        middle("sample draw", [seconds for seconds, _ in draws], "s", how),
        Figure("sample draw: memory", max(peak for _, peak in draws), "MB", "peak RSS"),
        middle("sample verify", [seconds for seconds, _ in checks], "s", how),
        Figure("sample verify: memory", max(peak for _, peak in checks), "MB", "peak RSS"),
    ]


def _write_frame(path: Path) -> None:
    """Write a list of transactions of agencies of unequal size."""
    chance = random.Random(2024)  # noqa: S311  a made-up list
    sizes = [1 / (place + 3) for place in range(STRATA)]
    agencies = chance.choices([f"Cơ quan {place:02}" for place in range(STRATA)], sizes, k=ROWS)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(
            f"000.{place % 97:02}.{place:07},{agency},2024-{place % 12 + 1:02}-15,trực tuyến\n"
            for place, agency in enumerate(agencies)
        )


def _run(command: str, *words: str) -> tuple[float, float]:
    """Run `sipas sample COMMAND`; return seconds and peak memory in MB of 1,000,000 bytes.

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
        said = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if process.returncode != 0:
        raise RuntimeError(f"sipas sample {command}: {said.decode()[-500:]}")
    return seconds, used.ru_maxrss * 1024 / 1e6
