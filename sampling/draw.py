"""One draw from a frame by a plan: allocation, selection, re-check, in one act."""

import difflib
from collections.abc import Mapping

from sampling import allocation, recheck, selection
from sampling.canonical import canonical
from sampling.errors import (
    ArgumentError,
    InfeasibleAllocationError,
    PlanError,
    Problem,
    Shortfall,
    UnsupportedMethodError,
)
from sampling.selection import Progress
from sampling.types import WHOLE, Act, CellRecheck, Draw, Frame, Plan, StratumDraw


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
        return allocation.fixed(pop_size, _quotas(plan), shortfall)
    methods = {"proportional": allocation.proportional, "equal": allocation.equal}
    if plan.allocation not in methods:
        raise UnsupportedMethodError("allocation", plan.allocation)
    total = _total(plan)
    return methods[plan.allocation](pop_size, total, plan.minimum, plan.maximum, shortfall)


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
    n = allocate(plan, frame, act.shortfall)
    strata = _select(frame, plan, n, act.seed, progress)
    cells: tuple[CellRecheck, ...] = ()
    if act.secret is not None and act.recheck_now:
        main = {part.stratum: part.main for part in strata}
        cells = recheck.select(main, act.secret, plan.recheck_share)
    return Draw(strata, cells, _decisions(plan, frame, act.shortfall))


def check_quotas(plan: Plan, frame: Frame) -> None:
    """Refuse quotas that name other strata than the frame: all of them, with the nearest name."""
    quotas = {canonical(key) for key in _quotas(plan)}
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


def requested(plan: Plan) -> int:
    """Return the size that the plan asks for, before any shortfall."""
    return sum(_quotas(plan).values()) if plan.allocation == "fixed" else _total(plan)


def _select(
    frame: Frame, plan: Plan, n: Mapping[str, int], seed: str, progress: Progress
) -> tuple[StratumDraw, ...]:
    """Draw by the plan's method."""
    if plan.method != "srs":
        raise UnsupportedMethodError("method", plan.method)
    return selection.simple_random(frame, n, seed, plan.reserve_share, progress)


def _quotas(plan: Plan) -> Mapping[str, int]:
    """Return the fixed quotas; without strata the total is the only one."""
    return plan.quotas if plan.stratum else {WHOLE: _total(plan)}


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
