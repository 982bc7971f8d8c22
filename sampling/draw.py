"""One draw from a frame by a plan: allocation, selection, re-check, in one act."""

import difflib
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from sampling import allocation, recheck, sampford, selection, systematic
from sampling.canonical import canonical, share
from sampling.errors import (
    ArgumentError,
    FrameError,
    InfeasibleAllocationError,
    PlanError,
    Problem,
    Shortfall,
    UnsupportedMethodError,
)
from sampling.optimal_allocation import Bounds, optimal, power
from sampling.selection import Progress
from sampling.stages import multistage
from sampling.types import WHOLE, Act, CellRecheck, Draw, Frame, Plan, StratumDraw
from sampling.waves import OTHERS, dropped, has_seed, second_wave


def allocate(plan: Plan, frame: Frame, shortfall: str | None = None) -> dict[str, int]:
    """Split the plan's total among the strata of the frame.

    Parameters
    ----------
    plan, frame : the frame holds the columns that the plan names.
    shortfall : "lower" or "census" where a request is above what the frame can give.

    Returns
    -------
    dict of n_h in the order of the strata.

    Raises
    ------
    InfeasibleAllocationError
        With the binding constraints, unless `shortfall` says what to do.
    """
    pop_size = frame.pop_size
    if plan.allocation == "fixed":
        check_quotas(plan, frame)
        return allocation.fixed(pop_size, _quotas(plan, frame), shortfall)
    total = _total(plan)
    methods = {"proportional": allocation.proportional, "equal": allocation.equal}
    if plan.allocation in methods:
        return methods[plan.allocation](pop_size, total, plan.minimum, plan.maximum, shortfall)
    bounds = Bounds(plan.minimum, plan.maximum, shortfall)
    sd = stratum_values(frame, plan.sd) if plan.sd else None
    if plan.allocation == "power" and plan.power is not None:
        size = _size_totals(frame, plan.size) if plan.size else None
        return power(pop_size, total, plan.power, size, sd, bounds)
    if plan.allocation in ("neyman", "cost") and sd is not None:
        cost = stratum_values(frame, plan.cost) if plan.cost else None
        return optimal(pop_size, total, sd, cost, bounds)
    raise UnsupportedMethodError("allocation", plan.allocation)


def stratum_values(frame: Frame, name: str) -> dict[str, Fraction]:
    """Return the one number that a column holds in every stratum; refuse strata with several."""
    column = np.asarray(frame.columns[name], dtype=np.float64)
    values: dict[str, Fraction] = {}
    problems = []
    for key, members in selection.members_by_stratum(frame):
        own = column[members]
        values[key] = share(float(own[0]))
        for row in members[own != own[0]][:1].tolist():
            message = f"Nhóm «{key}»: cột «{name}» có {own[0]:g} và {column[row]:g}."
            fix = "Mỗi nhóm ghi một số như nhau ở mọi dòng."
            problems.append(Problem("SAMPLE-107", message, fix, row, name))
    if problems:
        raise FrameError(problems)
    return values


def _size_totals(frame: Frame, name: str) -> dict[str, float]:
    """Return the total of a column of sizes in every stratum."""
    size = systematic.sizes(frame, name)
    totals = np.bincount(frame.stratum, weights=size, minlength=len(frame.strata))
    return dict(zip(frame.strata, totals.tolist(), strict=True))


def draw(
    frame: Frame,
    plan: Plan,
    act: Act,
    progress: Progress = None,
) -> Draw:
    """Draw main sample, reserve and, where the act says so, the re-check.

    Parameters
    ----------
    frame, plan : what is drawn from, and how.
    act : seed, secret and decisions.
    progress : called with the number of units done since the last call.
    """
    if not canonical(act.seed):
        raise ArgumentError("seed", act.seed, "must not be empty")
    if plan.stages:
        if plan.quotas:
            check_quotas(plan, frame)
        staged = multistage(frame, plan, act.seed, act.shortfall)
        strata, decisions = staged.strata, staged.decisions
        if progress is not None:
            progress(len(frame.ids))
    else:
        staged = None
        n = allocate(plan, frame, act.shortfall)
        strata = _select(frame, plan, n, act, progress)
        decisions = _decisions(plan, frame, act.shortfall)
    cells: tuple[CellRecheck, ...] = ()
    if act.secret is not None and act.recheck_lists != "later":
        fresh = {p.stratum: tuple(u for u in p.main if u not in act.known) for p in strata}
        cells = recheck.select(fresh, act.secret, plan.recheck_share)
    return Draw(strata, cells, decisions, staged.stages if staged else ())


def check_quotas(plan: Plan, frame: Frame) -> None:
    """Refuse quotas that name other strata than the frame: all of them, with the nearest name."""
    quotas = set(_quotas(plan, frame))
    problems = []
    for key in sorted(quotas ^ set(frame.strata)):
        here, there = ("[quotas]", "danh sách") if key in quotas else ("danh sách", "[quotas]")
        near = difflib.get_close_matches(key, set(frame.strata) - quotas, n=1)
        fix = "Sửa tên nhóm cho khớp; nhóm không chọn ai thì ghi 0."
        if near and key in quotas:
            fix = f"Có phải là «{near[0]}»?"
        message = f"Nhóm «{key}» có trong {here} mà không có trong {there}."
        problems.append(Problem("SAMPLE-119", message, fix, column=key))
    if problems:
        raise PlanError(problems)


def _select(
    frame: Frame, plan: Plan, n: Mapping[str, int], act: Act, progress: Progress
) -> tuple[StratumDraw, ...]:
    """Draw by the plan's method."""
    seed = act.seed
    if plan.keep is not None:
        if act.first is None or not has_seed(act.first, seed):
            raise ArgumentError("first", seed, "a second wave uses the seed of the first")
        leaving = {**dropped(act.first, plan.keep), OTHERS: tuple(act.also)}
        return second_wave(frame, n, seed, leaving, plan.reserve_share, progress)
    if plan.method == "srs":
        return selection.simple_random(frame, n, seed, plan.reserve_share, progress)
    if plan.method == "systematic":
        return systematic.systematic(frame, n, seed, plan.order, plan.reserve_share, progress)
    if plan.method == "pps" and plan.size:
        columns = plan.size, plan.order
        return systematic.pps_systematic(frame, n, seed, columns, plan.reserve_share, progress)
    if plan.method == "pps-exact" and plan.size:
        return sampford.pps_exact(frame, n, seed, plan.size, plan.reserve_share, progress)
    raise UnsupportedMethodError("method", plan.method)


def _quotas(plan: Plan, frame: Frame) -> dict[str, int]:
    """Return the fixed quotas; without strata the total is the only one.

    A quota of 0 for a group of which nobody is listed asks for nothing and is left out.
    """
    given = plan.quotas if plan.stratum else {WHOLE: _total(plan)}
    quotas = {canonical(key): n for key, n in given.items()}
    return {key: n for key, n in quotas.items() if n or key in frame.strata}


def _total(plan: Plan) -> int:
    """Return the plan's total."""
    if plan.total is None:
        raise ArgumentError("total", None, "the plan names no total")
    return plan.total


def _decisions(plan: Plan, frame: Frame, shortfall: str | None) -> tuple[Shortfall, ...]:
    """Return what the choice about a shortfall has changed."""
    if shortfall is None:
        return ()
    try:
        allocate(plan, frame)
    except InfeasibleAllocationError as error:
        return error.shortfalls
    return ()
