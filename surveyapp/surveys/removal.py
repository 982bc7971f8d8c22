"""Removal of a practice survey with everything that hangs on it."""

from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select
from sqlalchemy.orm import Session

from surveyapp import audit
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import (
    Account,
    Assignment,
    Batch,
    Device,
    Exchange,
    FormCell,
    Frame,
    Invitation,
    RatedAgency,
    RecheckCount,
    RecheckInterview,
    RecheckLink,
    RecheckPair,
    Response,
    ResultRun,
    SampleDraw,
    SizeDecision,
    Survey,
    Unit,
    UnitList,
    UnitSuccession,
)
from surveyapp.surveys.keys import Removed


def remove_practice(db: Session, actor: Actor, survey: Survey) -> Removed:
    """Remove a practice survey; a real one is refused, whatever its state.

    After the commit the caller destroys its keys with `keys.remove`.
    """
    if not survey.is_practice:
        raise AppError(
            "SURVEY-030",
            f"«{survey.code}» không phải cuộc khảo sát tập dượt: không xóa được.",
            "Chỉ cuộc khảo sát có dấu SỐ LIỆU MÔ PHỎNG mới xóa được.",
            status=409,
        )
    if survey.second is not None:
        raise AppError(
            "SURVEY-066",
            f"Cuộc khảo sát «{survey.second.code}» nối tiếp «{survey.code}».",
            "Xóa cuộc khảo sát nối tiếp trước.",
            status=409,
        )
    code, units = survey.code, _units(db, survey)
    batches = tuple(db.scalars(select(Batch.id).where(Batch.survey_id == survey.id)))
    # In this order no row loses its parent on either engine; cascades take the rest.
    codes = select(Invitation.code_sha256).where(Invitation.survey_id == survey.id)
    draws = select(SampleDraw.id).where(SampleDraw.survey_id == survey.id)
    db.execute(delete(RecheckInterview).where(RecheckInterview.code_sha256.in_(codes)))
    db.execute(delete(RecheckLink).where(RecheckLink.code_sha256.in_(codes)))
    db.execute(delete(Assignment).where(Assignment.draw_id.in_(draws)))
    for table in (
        Invitation,
        Response,
        RecheckCount,
        RecheckPair,
        Exchange,
        Batch,
        Device,
        FormCell,
        SampleDraw,
        SizeDecision,
        Frame,
        ResultRun,
    ):
        db.execute(delete(table).where(table.survey_id == survey.id))
    db.execute(delete(Survey).where(Survey.id == survey.id))
    db.execute(delete(Unit).where(Unit.id.in_(units), *_unused()))
    db.expire_all()
    audit.record(db, actor, "survey.remove_practice", code)
    return Removed(code, batches)


def _units(db: Session, survey: Survey) -> list[int]:
    of_agencies = select(RatedAgency.unit_id).where(RatedAgency.survey_id == survey.id)
    units = set(db.scalars(of_agencies))
    if survey.lead_unit_id is not None:
        units.add(survey.lead_unit_id)
    return sorted(units)


def _unused() -> list[ColumnElement[bool]]:
    """Return the conditions that nothing else names the unit."""
    child = Unit.__table__.alias("child")
    others: list[Select[Any]] = [
        select(RatedAgency.id).where(RatedAgency.unit_id == Unit.id),
        select(Survey.id).where(Survey.lead_unit_id == Unit.id),
        select(Account.id).where(Account.unit_id == Unit.id),
        select(UnitList.id).where(UnitList.unit_id == Unit.id),
        select(child.c.id).where(child.c.parent_id == Unit.id),
        select(UnitSuccession.predecessor_id).where(
            or_(UnitSuccession.predecessor_id == Unit.id, UnitSuccession.successor_id == Unit.id)
        ),
    ]
    return [~exists(query.correlate(Unit)) for query in others]
