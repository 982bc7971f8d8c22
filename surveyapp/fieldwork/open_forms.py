"""The forms that somebody may answer, each with who gets it."""

import random
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.errors import AppError
from surveyapp.models import (
    Assignment,
    Contact,
    Disposition,
    FormCell,
    FrameRow,
    SampleDraw,
    SurveyGroup,
)

_shuffle = random.SystemRandom().shuffle


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A form that somebody may answer, with who gets it."""

    unit: str
    cell: int
    group_title: str
    contact: Contact
    is_organisation: bool


def forms_of(db: Session, draw: SampleDraw) -> list[OpenForm]:
    """Return the forms of a draw with their persons, in an order that is stored nowhere.

    Forms that the field has reported as nobody's are not among them.
    """
    reported = select(Disposition.unit_code).where(Disposition.draw_id == draw.id)
    open_forms = (Assignment.draw_id == draw.id, Assignment.unit_code.not_in(reported))
    query = (
        select(
            Assignment.unit_code,
            FormCell.id,
            SurveyGroup.title,
            Contact,
            FrameRow.attributes["respondent"].as_string(),
        )
        .join(FormCell, FormCell.id == Assignment.cell_id)
        .join(SurveyGroup, SurveyGroup.id == FormCell.group_id)
        .join(SampleDraw, SampleDraw.id == Assignment.draw_id)
        .join(
            FrameRow,
            (FrameRow.frame_id == SampleDraw.frame_id)
            & (FrameRow.unit_code == Assignment.unit_code),
        )
        .join(
            Contact,
            (Contact.frame_id == FrameRow.frame_id) & (Contact.person_code == FrameRow.person_code),
        )
        .where(*open_forms)
    )
    forms = [
        OpenForm(unit, cell, group, contact, kind == "organisation")
        for unit, cell, group, contact, kind in db.execute(query)
    ]
    _shuffle(forms)
    given = select(func.count()).where(*open_forms)
    if len(forms) != db.scalar(given):
        raise AppError(
            "FIELD-009",
            "Có người được chọn không còn trong kho liên hệ; chưa phát hành mã nào.",
            "Báo quản trị hệ thống khôi phục danh sách liên hệ.",
            status=409,
        )
    return forms
