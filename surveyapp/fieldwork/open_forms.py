"""The forms that somebody may answer, each with who gets it."""

import random
from dataclasses import dataclass
from typing import TypeVarTuple

from sqlalchemy import Select, func, select
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

_Columns = TypeVarTuple("_Columns")
_shuffle = random.SystemRandom().shuffle


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A form that somebody may answer, with who gets it."""

    unit: str
    cell: int
    group_title: str
    contact: Contact
    is_organisation: bool


def with_persons(forms: Select[*_Columns]) -> Select[*_Columns]:
    """Join forms with their cell, group and person, each by the list of its own draw."""
    return (
        forms.join(FormCell, FormCell.id == Assignment.cell_id)
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
    )


def forms_of(db: Session, draw: SampleDraw) -> list[OpenForm]:
    """Return the forms of a draw with their persons, in an order that is stored nowhere.

    Forms that the field has reported as nobody's are not among them.
    """
    reported = select(Disposition.unit_code).where(Disposition.draw_id == draw.id)
    open_forms = (Assignment.draw_id == draw.id, Assignment.unit_code.not_in(reported))
    respondent = FrameRow.attributes["respondent"].as_string()
    listed = select(Assignment.unit_code, FormCell.id, SurveyGroup.title, Contact, respondent)
    query = with_persons(listed).where(*open_forms)
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
