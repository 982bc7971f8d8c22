"""Delete the contacts of whoever was not drawn: the vault keeps only those to be reached."""

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Contact, Frame, FrameRow, SampleDraw, SampleUnit, Survey


def undrawn(db: Session, survey: Survey) -> int:
    """Count the contacts that `forget_undrawn` would delete."""
    query = select(func.count()).select_from(Contact).where(*_undrawn(survey))
    return db.scalar(query) or 0


def forget_undrawn(db: Session, actor: Actor, survey: Survey) -> int:
    """Delete the contacts of all who stand in no sample and in no reserve; return how many.

    The pseudonymous list stays, so that every draw can be recomputed. Nobody can be drawn from
    this list any more, as there would be no way to reach her.
    """
    survey = db.get_one(Survey, survey.id, with_for_update=True, populate_existing=True)
    listed = select(SampleDraw).where(SampleDraw.survey_id == survey.id).order_by(SampleDraw.id)
    draws = list(db.scalars(listed))
    drawn = [one for one in draws if one.drawn_at is not None]
    if not drawn or any(one.is_pending for one in draws):
        raise AppError(
            "SAMPLE-255",
            "Chưa chọn mẫu xong: chưa biết ai không được chọn."
            if not drawn
            else "Có lần chọn mẫu đã công bố mà chưa thực hiện.",
            "Thực hiện (hoặc bỏ) lần chọn mẫu trước, rồi xóa.",
            status=409,
        )
    n = undrawn(db, survey)
    db.execute(delete(Contact).where(*_undrawn(survey)), execution_options=_IN_SQL)
    if drawn[-1].forgot_undrawn_at is None:
        drawn[-1].forgot_undrawn_at = clock.now()
    db.flush()
    if n:
        audit.record(db, actor, "sample.forget_undrawn", survey.code, contacts=n)
    return n


_IN_SQL = {"synchronize_session": False}


def _undrawn(survey: Survey) -> tuple:  # type: ignore[type-arg]  # conditions of a query
    frames = select(Frame.id).where(Frame.survey_id == survey.id)
    kept = (
        select(SampleUnit.unit_code)
        .join(SampleDraw, SampleDraw.id == SampleUnit.draw_id)
        .join(
            FrameRow,
            (FrameRow.frame_id == SampleDraw.frame_id)
            & (FrameRow.unit_code == SampleUnit.unit_code),
        )
        .where(
            SampleDraw.frame_id == Contact.frame_id,
            FrameRow.person_code == Contact.person_code,
        )
        .correlate(Contact)
    )
    return Contact.frame_id.in_(frames), ~exists(kept)
