"""Computing time of 1,332 estimates: 36 shares, the whole and 36 agencies, with intervals.

From columns in memory to the finished tables: checking the design, the pass over the rows, the
intervals and flags. Interpreter start and reading files are not part of it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from analysis.design import survey_design
from analysis.estimate import estimates, whole
from analysis.labels import Floats, Ints, Labels
from analysis.measures import Measure, plan
from analysis.reduction import moments_of
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


def measure(place: Path) -> list[Figure]:  # noqa: ARG001  needs no files
    """Measure each number of rows, and a bare pass of numpy over the larger one."""
    figures = []
    for rows, runs in ROWS.items():
        answers = _answers(rows)
        scale, unit = (1000, "ms") if rows < 10_000 else (1, "s")
        name = f"{ITEMS * (AGENCIES + 1):,} estimates on {rows:,} rows"
        found = [scale * value for value in _timed(partial(_estimate, answers), runs)]
        figures.append(middle(name, found, unit, f"{THREADS} threads"))
        bare = [scale * value for value in _timed(partial(_bare, answers), runs)]
        notes = "weighted sums by agency only"
        figures.append(middle(f"bare numpy pass over {rows:,} rows", bare, unit, notes))
    return figures


def _timed(work: Callable[[], object], runs: int) -> list[float]:
    seconds = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


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
