"""Recompute a stored draw: from the list, the plan, the seed and, at home, the sealed secret."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling import recheck
from sampling.differences import Difference, first_difference
from sampling.protocol import verify as verify_protocol
from sampling.types import Act, CellRecheck, Plan
from sampling.waves import unsealed
from surveyapp.errors import AppError
from surveyapp.models import RecheckUnit, SampleDraw, SampleUnit, Survey
from surveyapp.samples import acts
from surveyapp.samples.refusals import translated


def verify(db: Session, drawn: SampleDraw) -> Difference | None:
    """Recompute a draw from the frame's rows; the first difference, or None where all agrees."""
    if drawn.protocol is None:
        raise AppError(
            "SAMPLE-215",
            "Lần chọn mẫu này chưa thực hiện, chưa có gì để kiểm tra.",
            "Thực hiện chọn mẫu trước.",
            status=409,
        )
    survey = db.get_one(Survey, drawn.survey_id)
    frame, plan, act = acts.unseeded(db, survey, drawn)
    act = acts.seeded(db, survey, drawn, act)
    with translated():
        stored = unsealed(drawn.protocol, act.seed)
        found = verify_protocol(frame, plan, stored, act.secret, first=act.first)
    if found is None and acts.rows_differ(db, drawn, drawn.protocol["notes"]):
        stored_rows = drawn.protocol["notes"]["frame_rows_sha256"]
        found = Difference("frame.rows", stored_rows, "dòng của danh sách đã bị sửa")
    return (
        found
        or _announced_differences(drawn, drawn.protocol, act)
        or _stored_differences(db, drawn, (plan, act), drawn.protocol["lists"])
    )


def _announced_differences(
    drawn: SampleDraw, stored: Mapping[str, Any], act: Act
) -> Difference | None:
    """Hold the protocol against what was announced, committed and revealed before."""
    said = {"frame": stored["frame"]["sha256"], "seed": stored["seed"] or act.seed}
    announced = {"frame": drawn.frame_sha256, "seed": act.seed}
    left_out = {"also": (stored.get("wave") or {}).get("also") or []}
    if found := first_difference(left_out, {"also": sorted(act.also)}, "wave"):
        return found
    return first_difference(said, announced, "announced") or first_difference(
        stored.get("witness"), act.witness, "witness"
    )


def _stored_differences(
    db: Session, drawn: SampleDraw, fixed: tuple[Plan, Act], lists: Mapping[str, Any]
) -> Difference | None:
    """Hold the stored sample against the protocol, and the re-check against its secret."""
    stored: dict[str, dict[str, list[str]]] = {"main": {}, "reserve": {}}
    rows = select(SampleUnit).where(SampleUnit.draw_id == drawn.id)
    for unit in db.scalars(rows.order_by(SampleUnit.stratum, SampleUnit.order)):
        stored[unit.role].setdefault(unit.stratum, []).append(unit.unit_code)
    listed = {
        role: {part["stratum"]: part["ids"] for part in lists[role] if part["ids"]}
        for role in stored
    }
    if found := first_difference(stored, listed, "sample"):
        return found
    cells = recheck_cells(listed["main"], *fixed)
    computed = sorted(unit for cell in cells for unit in cell.chosen)
    rechecked = db.scalars(select(RecheckUnit.unit_code).where(RecheckUnit.draw_id == drawn.id))
    same = sorted(rechecked) == computed
    return None if same else Difference("recheck", "đã lưu", "khác với bí mật phúc tra")


def recheck_cells(
    main: Mapping[str, Sequence[str]], plan: Plan, act: Act
) -> tuple[CellRecheck, ...]:
    """Choose the re-check among the main units that no earlier draw has taken, by stratum."""
    fresh = {key: [unit for unit in units if unit not in act.known] for key, units in main.items()}
    with translated():
        return recheck.select(fresh, act.secret or b"", plan.recheck_share)
