"""Multi-stage selection: drawn units within drawn units, chances multiplied down the stages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from sampling.allocation import fixed
from sampling.canonical import canonical
from sampling.errors import ArgumentError, FrameError, InfeasibleAllocationError, Problem, Shortfall
from sampling.frame_checks import SHOWN
from sampling.random_numbers import permanent_number, uniform
from sampling.sampford import MOST_CELLS, decide
from sampling.systematic import inclusion_probabilities, pps_places, sizes
from sampling.types import KEY_SEPARATOR, Frame, Plan, Stage, StageDraw, StratumDraw


@dataclass(frozen=True, slots=True)
class _Level:
    """The units of one stage: names (path from the first stage), parents, sizes."""

    stage: Stage
    label: str
    names: Sequence[str]
    parents: Sequence[str]
    size: NDArray[np.float64]
    members: Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Staged:
    """What was drawn: the last stage by stratum, all stages, requests not met in full."""

    strata: tuple[StratumDraw, ...]
    stages: tuple[tuple[StageDraw, ...], ...]
    decisions: tuple[Shortfall, ...]


def label(stage: int) -> str:
    """Return the label of the permanent random numbers of a stage, counted from 1."""
    return f"stage-{stage}"


def multistage(frame: Frame, plan: Plan, seed: str, shortfall: str | None = None) -> Staged:
    """Draw within every stratum the first-stage units, within each of these the next, and so on.

    Every stage has its own permanent random numbers: those of a unit under the label "stage-1",
    "stage-2", ...; the id of a unit is the names from the first stage down to it, joined by
    " | " (at the last stage the unit's own id). Simple random: the n smallest within the
    parent. With chances in proportion to size: ordered by the numbers, the start (label
    "stage-k-start") that of the parent; exact: Sampford's design, label "stage-k-decide".

    Parameters
    ----------
    frame : one row per unit of the last stage, with the columns that the stages name.
    plan : its `stages`; n units per parent, at the first stage per stratum or by the quotas.
    seed : trimmed and in NFC here.
    shortfall : "lower" or "census" takes all units of a parent that has fewer than asked for.

    Returns
    -------
    `Staged`; the probability of a unit is the product of the conditional ones over the stages.

    Raises
    ------
    FrameError
        For a row without a unit of some stage, and a unit that lies in two others.
    InfeasibleAllocationError
        Naming every parent of the whole frame with too few units, drawn or not.

    References
    ----------
    Särndal, Swensson & Wretman (1992), *Model Assisted Survey Sampling*, sect. 4.3-4.4.
    """
    levels = _levels(frame, plan)
    wanted, decisions = _numbers(frame, plan, levels, shortfall)
    chance = dict.fromkeys(frame.strata, 1.0)
    origin = {key: key for key in frame.strata}
    stages = []
    for level, n in zip(levels, wanted, strict=True):
        drawn = [_draw_in(level, parent, n[parent], seed) for parent in chance]
        stages.append(tuple(drawn))
        chance, origin = (
            {
                unit: chance[part.parent] * pi
                for part in drawn
                for unit, pi in zip(part.chosen, part.probability, strict=True)
            },
            {unit: origin[part.parent] for part in drawn for unit in part.chosen},
        )
    pop_size = frame.pop_size
    strata = []
    for key in frame.strata:
        units = tuple(unit for unit, stratum in origin.items() if stratum == key)
        strata.append(StratumDraw(key, pop_size[key], units, tuple(chance[u] for u in units)))
    return Staged(tuple(strata), tuple(stages), decisions)


def _levels(frame: Frame, plan: Plan) -> list[_Level]:
    """Read the units of every stage out of the rows."""
    parents: Sequence[str] = [frame.strata[code] for code in frame.stratum.tolist()]
    paths: Sequence[str] | None = None
    levels = []
    for number, stage in enumerate(plan.stages[:-1], 1):
        paths = _paths(frame, stage.unit, paths)
        levels.append(_level(frame, stage, label(number), paths, parents))
        parents = paths
    last = plan.stages[-1]
    levels.append(_level(frame, last, label(len(plan.stages)), frame.ids, parents))
    return levels


def _paths(frame: Frame, column: str, above: Sequence[str] | None) -> list[str]:
    """Name the unit of every row by the names from the first stage down; refuse empty ones."""
    own = [str(name) for name in frame.columns[column]]
    if "" in own:
        empty = [row for row, name in enumerate(own) if not name]
        fix = "Điền cho dòng này."
        problems = [
            Problem("SAMPLE-108", f"Mã «{frame.ids[r]}»: cột «{column}» trống.", fix, r, column)
            for r in empty[:SHOWN]
        ]
        raise FrameError(problems, total=len(empty))
    if above is None:
        return own
    joined = {pair: KEY_SEPARATOR.join(pair) for pair in set(zip(above, own, strict=True))}
    return [joined[pair] for pair in zip(above, own, strict=True)]


def _level(
    frame: Frame, stage: Stage, name: str, units: Sequence[str], parents: Sequence[str]
) -> _Level:
    """Collect the distinct units of a stage with their parents and sizes."""
    first: dict[str, int] = {}
    rows: dict[str, int] = {}
    for row, unit in enumerate(units):
        first.setdefault(unit, row)
        rows[unit] = rows.get(unit, 0) + 1
    problems = []
    size = sizes(frame, stage.size) if stage.size else None
    for row, (unit, parent) in enumerate(zip(units, parents, strict=True)):
        known = first[unit]
        if parents[known] != parent:
            message = f"«{unit}» nằm ở cả «{parents[known]}» và «{parent}»."
            fix = "Mỗi đơn vị thuộc một đơn vị cấp trên; dùng mã thay cho tên nếu trùng tên."
            problems.append(Problem("SAMPLE-109", message, fix, row, stage.unit))
        if size is not None and size[known] != size[row]:
            message = f"«{unit}»: cột «{stage.size}» có {size[known]:g} và {size[row]:g}."
            fix = "Mỗi đơn vị ghi một số như nhau ở mọi dòng."
            problems.append(Problem("SAMPLE-121", message, fix, row, stage.size or ""))
    if problems:
        raise FrameError(problems[:SHOWN], total=len(problems))
    members: dict[str, list[int]] = {}
    for place, row in enumerate(first.values()):
        members.setdefault(parents[row], []).append(place)
    counted = np.array(list(rows.values()), float) if size is None else size[[*first.values()]]
    return _Level(stage, name, list(first), [parents[r] for r in first.values()], counted, members)


def _numbers(
    frame: Frame, plan: Plan, levels: Sequence[_Level], shortfall: str | None
) -> tuple[list[dict[str, int]], tuple[Shortfall, ...]]:
    """Return how many are drawn in every parent of the frame, and what could not be met."""
    result: list[dict[str, int]] = []
    short: list[Shortfall] = []
    for level in levels:
        found = {parent: len(places) for parent, places in level.members.items()}
        if level.stage.n is None:
            asked = {key: plan.quotas.get(key, 0) for key in frame.strata}
        else:
            asked = dict.fromkeys(found, level.stage.n)
        try:
            fixed(found, asked)
        except InfeasibleAllocationError as error:
            short += error.shortfalls
        result.append(fixed(found, asked, shortfall or "lower"))
    if short and shortfall is None:
        raise InfeasibleAllocationError(short)
    return result, tuple(short)


def _draw_in(level: _Level, parent: str, n: int, seed: str) -> StageDraw:
    """Draw `n` units of one parent."""
    number = {i: permanent_number(seed, level.label, level.names[i]) for i in level.members[parent]}
    places = sorted(number, key=lambda i: (number[i], level.names[i]))
    if level.stage.method == "srs":
        chosen, chances = list(range(n)), np.full(len(places), n / len(places))
    else:
        if level.stage.method == "pps-exact" and len(places) * n > MOST_CELLS:
            rule = f"pps-exact takes at most {MOST_CELLS} units * sample in {parent!r}"
            raise ArgumentError("n", n, rule)
        size = level.size[places]
        chances = inclusion_probabilities(size, n)
        if level.stage.method == "pps":
            start = uniform(permanent_number(seed, f"{level.label}-start", canonical(parent)))
            chosen = pps_places(size, n, start)
        else:
            chosen = decide(chances, _decisions(seed, level.label, parent))
    return StageDraw(
        parent,
        len(places),
        tuple(level.names[places[i]] for i in chosen),
        tuple(float(chances[i]) for i in chosen),
    )


def _decisions(seed: str, name: str, parent: str) -> Iterator[float]:
    """Yield the numbers that decide unit by unit within a parent."""
    return (uniform(permanent_number(seed, f"{name}-decide", f"{parent}\n{i}")) for i in count())
