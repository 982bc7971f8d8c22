"""Replacing drawn persons who will not answer by the reserve, in its order, with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from surveyapp import audit, clock, codes
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.fieldwork.assignment import cells_of, fitting_cell, frame_rows
from surveyapp.fieldwork.service import Letter, forms_of, letter, locked
from surveyapp.fieldwork.spare_codes import next_spare
from surveyapp.models import (
    Assignment,
    Disposition,
    FormCell,
    FrameRow,
    Invitation,
    SampleDraw,
    SampleUnit,
    Survey,
)
from surveyapp.samples.rating import Candidate

#: Reasons on screens, with the disposition codes of AAPOR.
REASON_TITLES: Mapping[str, str] = {
    "refused": "Từ chối trả lời (2.10)",
    "not_reached": "Không liên hệ được (2.20)",
    "died": "Đã mất (2.31)",
    "unable": "Ốm đau, không trả lời được (2.32)",
    "no_address": "Không rõ nơi nhận, thư trả lại (3.20)",
    "left": "Đã chuyển đi, thôi giữ chức vụ (4.10)",
}


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a report did.

    Attributes
    ----------
    is_new : False where the same had been reported before.
    released : the reserve unit that takes the place; None where the reserve is used up.
    letter : her letter, only at the release itself and once the codes of the draw are out.
    left : reserve units of the stratum that can still be released.
    """

    is_new: bool
    released: str | None
    letter: Letter | None
    left: int


def replace(
    db: Session, actor: Actor, draw: SampleDraw, unit: str, reason: str, keys: Path
) -> Replaced:
    """Report that a form stays empty, and release the next reserve unit of its stratum.

    The reserve is used in its order; only a unit for whose own agencies no shared form is left is
    passed over. Nothing here tells who has answered: the field says it, a code leads to nobody.
    """
    survey = locked(db, draw)
    cell = _checked(db, draw, unit, reason)
    stratum = db.get_one(SampleUnit, (draw.id, unit)).stratum
    known = db.get(Disposition, (draw.id, unit))
    if known is not None:
        _check_same(known, reason)
        return Replaced(False, known.released_unit, None, len(_waiting(db, survey, draw, stratum)))
    waiting = _waiting(db, survey, draw, stratum)
    released, place, passed = _next(db, survey, draw, (waiting, cell))
    db.add(
        Disposition(
            draw_id=draw.id,
            unit_code=unit,
            reason=reason,
            reported_on=clock.today(),
            released_unit=released,
        )
    )
    db.flush()
    made = None
    if released is not None and place is not None:
        made = _give(db, survey, draw, (released, place), keys)
    audit.record(
        db,
        actor,
        "fieldwork.replace",
        survey.code,
        draw=draw.id,
        unit=unit,
        reason=reason,
        released=released,
        passed_over="; ".join(passed),
    )
    used = len(passed) + (released is not None)
    return Replaced(True, released, made, len(waiting) - used)


def _checked(db: Session, draw: SampleDraw, unit: str, reason: str) -> FormCell:
    """Return the cell of a form that may be reported."""
    if reason not in REASON_TITLES:
        raise AppError(
            "FIELD-019",
            f"Không có lý do «{reason}».",
            f"Chọn một trong: {', '.join(REASON_TITLES)}.",
            status=422,
        )
    given = db.get(Assignment, (draw.id, unit))
    if given is None:
        raise AppError(
            "FIELD-020",
            f"Lần chọn mẫu này không giao phiếu nào cho «{unit}».",
            "Mở lại danh sách người được chọn; giao phiếu trước nếu chưa giao.",
            status=404,
        )
    return db.get_one(FormCell, given.cell_id)


def _check_same(known: Disposition, reason: str) -> None:
    if known.reason != reason:
        raise AppError(
            "FIELD-021",
            f"Người này đã được báo với lý do khác: {REASON_TITLES[known.reason]}.",
            "Giữ lý do đã ghi; nhật ký nêu ai ghi và khi nào.",
            status=409,
        )


def _waiting(db: Session, survey: Survey, draw: SampleDraw, stratum: str) -> list[str]:
    """Return the reserve units of a stratum in order, without those that have a form by now."""
    return list(
        db.scalars(
            select(SampleUnit.unit_code)
            .where(
                SampleUnit.draw_id == draw.id,
                SampleUnit.stratum == stratum,
                SampleUnit.role == "reserve",
                ~exists().where(
                    Assignment.unit_code == SampleUnit.unit_code,
                    Assignment.draw_id == SampleDraw.id,
                    SampleDraw.survey_id == survey.id,
                ),
            )
            .order_by(SampleUnit.order)
        )
    )


def _next(
    db: Session, survey: Survey, draw: SampleDraw, places: tuple[list[str], FormCell]
) -> tuple[str | None, FormCell | None, list[str]]:
    """Find the next reserve unit with her cell: rather that of the unit whose place she takes."""
    waiting, cell = places
    rows = {row.unit: row for row in frame_rows(db, survey, draw)} if waiting else {}
    cells = cells_of(db, survey)
    passed: list[str] = []
    for unit in waiting:
        row = rows[unit]
        found = cell if _fits(cell, row) else fitting_cell(cells, survey, row, {})
        if found is not None:
            return unit, found, passed
        passed.append(unit)
    return None, None, passed


def _fits(cell: FormCell, row: Candidate) -> bool:
    return set(cell.agencies) <= set(row.rated)


def _give(
    db: Session, survey: Survey, draw: SampleDraw, place: tuple[str, FormCell], keys: Path
) -> Letter | None:
    """Give a released unit its form and, where the codes of the draw are out, a code."""
    unit, cell = place
    before = _released_in(db, draw, cell)
    cell.persons += _is_new_there(db, draw, place)
    db.execute(insert(Assignment), [{"draw_id": draw.id, "unit_code": unit, "cell_id": cell.id}])
    if draw.issued_at is None:
        return None
    code = next_spare(db, keys, draw, cell.id, before)
    sha256 = codes.sha256(code)
    last = select(func.max(Invitation.expires_on)).where(
        Invitation.cell_id == cell.id, Invitation.is_revoked.is_(False)
    )
    expires_on = db.scalar(last) or clock.today()
    if expires_on < clock.today():
        raise AppError(
            "FIELD-022",
            "Mã phiếu của cuộc khảo sát đã hết hạn nên người thay không trả lời được nữa.",
            "Chọn bổ sung và phát hành mã mới nếu còn thời gian.",
            status=409,
        )
    if db.get(Invitation, sha256) is None:  # no hash was kept for this one
        kept = {"survey_id": survey.id, "cell_id": cell.id, "expires_on": expires_on}
        db.execute(insert(Invitation), [{"code_sha256": sha256, **kept}])
    _, _, group, contact = next(form for form in forms_of(db, draw) if form[0] == unit)
    return letter(survey, group, contact, (code, expires_on))


def _released_in(db: Session, draw: SampleDraw, cell: FormCell) -> int:
    """Count the reserve units of a draw that have a form of this cell."""
    released = (
        select(func.count())
        .select_from(Assignment)
        .join(
            SampleUnit,
            (SampleUnit.draw_id == Assignment.draw_id)
            & (SampleUnit.unit_code == Assignment.unit_code),
        )
        .where(
            Assignment.draw_id == draw.id,
            Assignment.cell_id == cell.id,
            SampleUnit.role == "reserve",
        )
    )
    return db.scalar(released) or 0


def _is_new_there(db: Session, draw: SampleDraw, place: tuple[str, FormCell]) -> bool:
    """Whether no other form of the cell is the same person's: several files may be."""
    unit, cell = place
    person = select(FrameRow.person_code).where(
        FrameRow.frame_id == draw.frame_id, FrameRow.unit_code == unit
    )
    others = (
        select(Assignment.unit_code)
        .join(FrameRow, FrameRow.unit_code == Assignment.unit_code)
        .where(
            Assignment.cell_id == cell.id,
            FrameRow.frame_id == draw.frame_id,
            FrameRow.person_code == person.scalar_subquery(),
        )
    )
    return db.scalar(others.limit(1)) is None
