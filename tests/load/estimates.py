"""Computing time of 1,332 estimates: 36 shares, the whole and 36 agencies, with intervals.

From columns in memory to the finished tables: checking the design, the pass over the rows, the
intervals and flags. Interpreter start and reading files are not part of it. The Python package
svy makes the same estimates in the same run; a million rows take it minutes, so that only
`make bench-long` (BENCH_LONG=1) waits for them. Ten million rows come from a Parquet file, with what
it takes to read them.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import svy

from analysis.design import survey_design
from analysis.estimate import estimates, whole
from analysis.labels import Floats, Ints, Labels
from analysis.measures import Measure, plan
from analysis.reduction import moments_of
from surveyapp.results.estimate_file import estimate_file
from surveyapp.results.mapping import Workers
from tests.load.figure import Figure, middle

ITEMS = 36
AGENCIES = 36
#: rows -> runs, after one that is not counted.
ROWS = {1_200: 25, 1_000_000: 3}
THREADS = 2
MISSING_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Answers:
    """A stratified sample of simulated answers: 1 satisfied, 0 not, nan no answer."""

    agency: Ints
    weight: Floats
    pop_size: Floats
    values: dict[str, Floats]


#: rows -> runs of svy.
PEER_RUNS = {1_200: 3, 1_000_000: 1 if os.environ.get("BENCH_LONG") else 0}
LARGE = 10_000_000
ROW_GROUP = 1_000_000


def measure(place: Path) -> list[Figure]:
    """Measure each number of rows beside svy and a bare pass of numpy; then the large file."""
    figures = [*_large(place, "element"), *_large(place, "cluster")]
    for rows, runs in ROWS.items():
        answers = _answers(rows)
        unit, scale = ("ms", 1000) if rows < 10_000 else ("s", 1)
        name = f"{ITEMS * (AGENCIES + 1):,} estimates on {rows:,} rows"
        own = _timed(name, (unit, scale), partial(_estimate, answers), runs)
        figures.append(own)
        if PEER_RUNS[rows]:
            peer_name = f"svy {svy.__version__} on {rows:,} rows"
            peer = _timed(
                peer_name, (unit, scale), partial(_peer, answers), PEER_RUNS[rows], warm=0
            )
            ratio = f"svy / this program on {rows:,} rows"
            figures += [peer, Figure(ratio, peer.value / own.value, "times")]
        bare = f"bare numpy pass over {rows:,} rows, weighted sums by agency only"
        figures.append(_timed(bare, (unit, scale), partial(_bare, answers), runs))
    return figures


def _timed(
    name: str, unit: tuple[str, float], work: Callable[[], object], runs: int, warm: int = 1
) -> Figure:
    """Time some runs; the notes say what processor time they took, beside other programs."""
    seconds, busy = [], []
    for _ in range(runs + warm):
        started, used = time.perf_counter(), time.process_time()
        work()
        seconds.append(unit[1] * (time.perf_counter() - started))
        busy.append(unit[1] * (time.process_time() - used))
    notes = f"processor time {median(busy[warm:]):.3g}"
    return middle(name, seconds[warm:], unit[0], notes)


def _answers(rows: int) -> Answers:
    chance = np.random.default_rng(2024)
    agency = np.r_[np.repeat(np.arange(AGENCIES), 2), chance.integers(0, AGENCIES, rows)][:rows]
    n = np.bincount(agency, minlength=AGENCIES)
    pop_size = n * chance.integers(3, 200, AGENCIES)
    values = {}
    for item in range(ITEMS):
        column = (chance.random(rows) < 0.6 + 0.01 * item).astype(np.float64)
        column[chance.random(rows) < MISSING_SHARE] = np.nan
        values[f"i{item:02}"] = column
    return Answers(agency, (pop_size / n)[agency], pop_size[agency].astype(np.float64), values)


def _estimate(answers: Answers) -> None:
    """Estimate everything; a rate counts only if every number came out."""
    agencies = Labels(answers.agency, tuple(f"a{place:02}" for place in range(AGENCIES)))
    design = survey_design(answers.weight, strata=agencies, pop_size=[answers.pop_size])
    layout = plan([Measure(code) for code in answers.values])
    moments = moments_of(design, layout, answers.values, agencies, workers=THREADS)
    made = [whole(moments, layout), estimates(moments, layout)]
    found = sum(int(np.isfinite(table.se).sum()) for table in made)
    if found != ITEMS * (AGENCIES + 1):
        raise RuntimeError(f"{found} estimates have a standard error")


def _peer(answers: Answers) -> None:
    """Make the same estimates with svy."""
    table = pl.DataFrame(
        {"agency": answers.agency, "w": answers.weight, "N": answers.pop_size, **answers.values}
    ).fill_nan(None)
    sample = svy.Sample(table, svy.Design(stratum="agency", wgt="w", pop_size="N"))
    codes = list(answers.values)
    made = [
        sample.estimation.prop(codes, ci_method="wilson", drop_nulls=True),
        sample.estimation.prop(codes, by="agency", ci_method="wilson", drop_nulls=True),
    ]
    found = sum(len(one.estimates) for table in made for one in table)
    if found < 2 * ITEMS * (AGENCIES + 1):  # of both answers
        raise RuntimeError(f"svy made {found} estimates")


def _large(place: Path, design: str) -> list[Figure]:
    """Estimate from a Parquet file in a process of its own; its seconds and peak of memory."""
    data, asked = place / "large.parquet", place / "design.toml"
    if not data.exists():
        _write_large(data)
    units = 'pop_size = "N"' if design == "element" else 'psu = "village"\npop_size = "villages"'
    head = f'weight = "w"\nstrata = "agency"\ndomains = ["agency"]\n{units}\n'
    items = (
        f'[[measures]]\ncode = "i{i:02}"\ncolumn = "i{i:02}"\nkind = "share"\n'
        "satisfied = [4, 5]\nmissing = [9]\n"
        for i in range(ITEMS)
    )
    asked.write_text(head + "".join(items), encoding="utf-8")
    command = [sys.executable, "-m", "tests.load.estimates", str(data), str(asked)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  our own
    seconds, busy, peak, count = map(float, ended.stdout.split())
    if count != ITEMS * (AGENCIES + 1):
        raise RuntimeError(f"{count:.0f} estimates")
    name = f"{count:,.0f} estimates on {LARGE:,} Parquet rows, {design}"
    notes = f"{THREADS} threads; {busy:.1f} s of processor time; {data.stat().st_size / 1e6:.0f} MB"
    return [Figure(name, seconds, "s", notes), Figure("  peak of memory", peak, "GB")]


def _write_large(data: Path) -> None:
    chance = np.random.default_rng(2025)
    names = pa.array([f"Cơ quan {place:02}" for place in range(AGENCIES)])
    codes = np.array([1, 2, 3, 4, 4, 4, 5, 5, 5, 9], np.int8)
    writer = None
    for _ in range(LARGE // ROW_GROUP):
        agency = chance.integers(0, AGENCIES, ROW_GROUP).astype(np.int32)
        columns = {
            "agency": pa.DictionaryArray.from_arrays(pa.array(agency), names),
            "village": chance.integers(0, 300, ROW_GROUP).astype(np.int32),
            "w": 1.5 + agency % 7,
            "N": 5_000_000 + 1000 * agency,
            "villages": np.full(ROW_GROUP, 900),
            **{f"i{i:02}": chance.choice(codes, ROW_GROUP) for i in range(ITEMS)},
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(data, table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP)
    if writer is not None:
        writer.close()


def _estimate_large(data: Path, asked: Path) -> str:
    """Return seconds, processor seconds, peak of memory in GB and the number of estimates."""
    started, busy = time.perf_counter(), time.process_time()
    count = estimate_file(data, asked, asked.with_suffix(".json"), Workers(THREADS))
    took = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return f"{took[0]} {took[1]} {peak} {count}\n"


def _bare(answers: Answers) -> list[Floats]:
    """Sum weights and weighted answers by agency, column by column."""
    sums: list[Floats] = []
    for column in answers.values.values():
        weight = np.where(np.isnan(column), 0.0, answers.weight)
        sums.append(_sums(answers.agency, weight))
        sums.append(_sums(answers.agency, weight * np.nan_to_num(column)))
    return sums


def _sums(agency: Ints, weight: Floats) -> Floats:
    return np.bincount(agency, weight, AGENCIES).astype(np.float64, copy=False)


if __name__ == "__main__":
    sys.stdout.write(_estimate_large(Path(sys.argv[1]), Path(sys.argv[2])))
