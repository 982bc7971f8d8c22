"""Codes anew: all letters of a draw were lost before anybody answered."""

from datetime import date
from pathlib import Path

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from surveyapp import audit
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.fieldwork.service import Letter, check_day, locked, make_codes
from surveyapp.models import Assignment, Invitation, RecheckLink, SampleDraw


def reissue(
    db: Session,
    actor: Actor,
    draw: SampleDraw,
    *,
    expires_on: date,
    reason: str,
    keys: Path | None = None,
) -> list[Letter]:
    """Revoke the codes of a draw, whose letters were lost, and make new ones for everybody.

    Only while none of them has been used: a code leads to no person, so that later nobody could
    say who has answered already and must not answer twice.
    """
    survey = locked(db, draw)  # an answer that is coming in holds the survey, too
    _check_reissue(db, draw, reason)
    check_day(expires_on)
    db.execute(delete(RecheckLink).where(RecheckLink.draw_id == draw.id))
    db.execute(
        update(Invitation)
        .where(Invitation.cell_id.in_(_cells(draw)), Invitation.is_revoked.is_(False))
        .values(is_revoked=True)
    )
    letters = make_codes(db, survey, draw, expires_on, keys)
    db.flush()
    audit.record(
        db,
        actor,
        "fieldwork.reissue",
        survey.code,
        draw=draw.id,
        codes=len(letters),
        expires_on=expires_on.isoformat(),
        reason=reason.strip(),
    )
    return letters


def revoked(db: Session, draw: SampleDraw) -> int:
    """Count the codes of a draw that were revoked: it grows with every reissue."""
    codes = select(func.count()).where(Invitation.cell_id.in_(_cells(draw)), Invitation.is_revoked)
    return db.scalar(codes) or 0


def check_unchanged(db: Session, draw: SampleDraw, seen: int | None) -> None:
    """Refuse a page that was opened before the last reissue: its button was pressed twice.

    Holds the draw, so that of two requests at once the second is refused.
    """
    locked(db, draw)
    if seen != revoked(db, draw):
        raise AppError(
            "FIELD-026",
            "Mã đã được phát hành lại sau khi mở trang này; tệp thư mời tải về lúc đó đang dùng "
            "được, không mã nào bị thu hồi thêm.",
            "Mở lại trang này nếu tệp ấy cũng mất.",
            status=409,
        )


def _cells(draw: SampleDraw) -> Select[int]:
    return select(Assignment.cell_id).where(Assignment.draw_id == draw.id)


def _check_reissue(db: Session, draw: SampleDraw, reason: str) -> None:
    if draw.issued_at is None:
        raise AppError(
            "FIELD-014", "Chưa phát hành mã phiếu nào.", "Phát hành mã phiếu trước.", status=409
        )
    if not reason.strip():
        raise AppError(
            "FIELD-017", "Chưa ghi lý do phát hành lại.", "Ghi lý do; nhật ký sẽ nêu.", status=422
        )
    used = select(func.count()).where(Invitation.cell_id.in_(_cells(draw)), Invitation.is_spent)
    if spent := db.scalar(used):
        raise AppError(
            "FIELD-015",
            f"Đã nhận {spent} phiếu bằng các mã này. Không ai biết mã nào của ai, nên phát hành "
            "lại thì người đã trả lời có thể trả lời lần nữa.",
            "In lại từ tệp thư mời đã tải về; người không nhận được thư tính là không trả lời, "
            "có thể chọn bổ sung.",
            status=409,
        )
    others = (
        select(Assignment.draw_id)
        .join(SampleDraw, SampleDraw.id == Assignment.draw_id)
        .where(
            Assignment.cell_id.in_(_cells(draw)),
            SampleDraw.id != draw.id,
            SampleDraw.issued_at.is_not(None),
        )
    )
    if db.scalar(others.limit(1)) is not None:
        raise AppError(
            "FIELD-016",
            "Mã của lần chọn bổ sung dùng chung nhóm phiếu với lần chọn trước; không biết mã nào "
            "thuộc lần nào nên không thu hồi riêng được.",
            "In lại từ tệp thư mời đã tải về; người không nhận được thư tính là không trả lời.",
            status=409,
        )
