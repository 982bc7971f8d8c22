"""The drawn persons by office, with what the field has reported: names, never a code."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import audit
from surveyapp.actor import Actor
from surveyapp.exports.collation import name_key
from surveyapp.fieldwork.assignment import strata_with_reserve
from surveyapp.fieldwork.open_forms import with_persons
from surveyapp.fieldwork.reserve import REASON_TITLES, unnamed
from surveyapp.fieldwork.service import first_given
from surveyapp.models import (
    Assignment,
    Contact,
    Disposition,
    FormCell,
    SampleDraw,
    SampleUnit,
    Survey,
    SurveyGroup,
)
from surveyapp.samples.papers import NO_OFFICE


@dataclass(frozen=True, slots=True)
class Listed:
    """A form with its person; `reason` is empty unless the field reports it as nobody's.

    `is_hidden` says that a report would be counted without the name.
    """

    unit: str
    office: str
    name: str
    group_title: str
    is_reserve: bool
    reason: str
    replaced_by: str
    is_hidden: bool
    #: Whether somebody of her stratum can still take her place.
    has_reserve: bool
    #: Of a draw whose forms were given after those of another.
    is_supplement: bool

    @property
    def state(self) -> str:
        """What the field has reported, in words; else how a person came in after the others."""
        if not self.reason:
            return "Người thay" if self.is_reserve else "Chọn bổ sung" if self.is_supplement else ""
        taken = f"thay bằng {self.replaced_by}" if self.replaced_by else "hết dự phòng"
        return f"{self.reason}; {taken}"


def listed(
    db: Session, actor: Actor, draw: SampleDraw, keys: Path, words: str = ""
) -> list[Listed]:
    """Return the forms of a survey by office and name; those only that hold all `words`.

    `draw` is the one whose reserve takes places; the forms of all draws are listed.
    """
    survey = db.get_one(Survey, draw.survey_id)
    waiting = strata_with_reserve(db, survey, draw)
    hidden = set() if survey.is_locked else unnamed(db, draw, keys)
    forms = with_persons(
        select(
            Assignment.unit_code,
            Contact.office,
            Contact.name,
            SurveyGroup.title,
            SampleUnit.role,
            Disposition.reason,
            Disposition.released_unit,
            FormCell.id,
            SampleUnit.stratum,
            Assignment.after_answers,
            Assignment.draw_id,
        )
    )
    rows = db.execute(
        forms.join(
            SampleUnit,
            (SampleUnit.draw_id == Assignment.draw_id)
            & (SampleUnit.unit_code == Assignment.unit_code),
        )
        .outerjoin(
            Disposition,
            (Disposition.draw_id == Assignment.draw_id)
            & (Disposition.unit_code == Assignment.unit_code),
        )
        .where(SampleDraw.survey_id == survey.id)
    ).all()
    first = first_given(db, survey)
    names = {unit: name for unit, _, name, *_ in rows}
    found = [
        Listed(
            unit,
            office or NO_OFFICE,
            name,
            group,
            role == "reserve",
            REASON_TITLES.get(reason, ""),
            names.get(released or "", ""),
            not reason and (cell, stratum, is_late) in hidden,
            stratum in waiting,
            drawn != first,
        )
        for unit, office, name, group, role, reason, released, cell, stratum, is_late, drawn in rows
    ]
    audit.record(db, actor, "fieldwork.people", survey.code, forms=len(found))
    wanted = words.casefold().split()
    kept = [one for one in found if _holds(one, wanted)]
    return sorted(kept, key=lambda one: (name_key(one.office), name_key(one.name), one.unit))


def _holds(one: Listed, words: list[str]) -> bool:
    text = f"{one.office} {one.name}".casefold()
    return all(word in text for word in words)
