"""`make bench`: measure the parts of the program, print a table, write the figures as JSON.

Nothing is asserted: a figure depends on the machine and on what else runs there, so each part is
reported with the load before it and the share of the processors that others used meanwhile.
"""

import importlib
import json
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[2]
#: part -> module with `measure(place)`, in the order of running.
PARTS = {
    "demo": "tests.load.demo",
    "submissions": "tests.load.submissions",
    "questionnaires": "tests.load.questionnaires",
    "pages": "tests.load.pages",
    "paint": "tests.load.paint",
    "draw": "tests.load.draws",
    "assignment": "tests.load.assignment",
    "estimates": "tests.load.estimates",
}
#: /var/tmp lies on a disk; /tmp may be memory, where being durable costs nothing.
DISK = Path("/var/tmp")  # noqa: S108  a new folder of its own is made in it
ROW = "{:<58} {:>10}  {:<14} {}"


@dataclass(slots=True)
class PartReport:
    """What one part found, and how busy the machine was with other work."""

    part: str
    load_before: float
    seconds: float = 0.0
    #: Processors that programs outside the bench kept busy, 0 to the number of processors.
    others_busy: float = 0.0
    figures: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""


def measure(part: str, place: str) -> list[dict[str, Any]]:
    """Run one part; called in a process of its own, so that no part carries another's memory."""
    with tempfile.TemporaryDirectory(prefix="sipas-bench-", dir=place) as folder:
        found = importlib.import_module(PARTS[part]).measure(Path(folder))
    return [asdict(figure) for figure in found]


def run(part: str, place: Path) -> PartReport:
    """Run one part and weigh the machine meanwhile; a failure is reported, not raised."""
    report = PartReport(part, os.getloadavg()[0])
    started, busy, own = time.monotonic(), _busy_seconds(), _own_seconds()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        error = (work := pool.submit(measure, part, str(place))).exception()
    if error is None:
        report.figures = work.result()
    else:
        report.failure = f"{type(error).__name__}: {error}".strip()
    report.seconds = time.monotonic() - started
    others = (_busy_seconds() - busy) - (_own_seconds() - own)
    report.others_busy = max(0.0, others / report.seconds)
    return report


def _busy_seconds() -> float:
    """Return the processor time that the whole machine has used since it started."""
    ticks = list(
        map(int, Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:])
    )
    idle, waiting = ticks[3], ticks[4]
    guests = sum(ticks[8:])  # contained in user and nice
    return (sum(ticks) - idle - waiting - guests) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def show(report: PartReport) -> None:
    """Print the lines of one part."""
    for figure in report.figures:
        value = f"{figure['value']:.4g}" if figure["value"] < 1e4 else f"{figure['value']:,.0f}"
        click.echo(ROW.format(figure["name"], value, figure["unit"], figure["notes"]))
    if report.failure:
        click.echo(f"{report.part}: not measured: {report.failure}")
    click.echo(
        f"  [{report.part}: {report.seconds:.0f} s; load before {report.load_before:.1f}; "
        f"others kept {report.others_busy:.1f} of {os.cpu_count()} processors busy]"
    )


@click.command()
@click.option("--only", type=click.Choice(list(PARTS)), multiple=True, help="Run this part.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the figures here.")
@click.option("--place", type=click.Path(path_type=Path, exists=True), default=DISK)
def bench(only: tuple[str, ...], out: Path | None, place: Path) -> None:
    """Measure the program; nothing is left behind in PLACE."""
    sys.path[0] = str(ROOT)  # this folder was there; the parts are found from the root
    reports = []
    click.echo(ROW.format("name", "figure", "unit", "notes"))
    for part in only or PARTS:
        reports.append(run(part, place))
        show(reports[-1])
    if out is not None:
        machine = {"processors": os.cpu_count(), "python": platform.python_version()}
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        content = {"at": at, "machine": machine, "parts": [asdict(one) for one in reports]}
        out.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if any(report.failure for report in reports):
        sys.exit(1)


if __name__ == "__main__":
    bench()
