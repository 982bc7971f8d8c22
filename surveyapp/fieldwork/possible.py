"""Who may still have written an answer: a report that would leave too few names nobody.

Answers keep their cell. Whoever is reported has not answered; whoever got her form after answers
had come has not written those; and whoever stands behind a re-check link is known. The others of
a cell could each have written an answer, and must stay enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from sampling.agency_sets import LEAST
from surveyapp.models import (
    Assignment,
    Disposition,
    FrameRow,
    Invitation,
    RecheckLink,
    SampleDraw,
    Survey,
)


@dataclass(frozen=True, slots=True)
class Room:
    """The forms of a cell that any of its answers may be on.

    `most` are those of one person: with several forms she is the likelier guess.
    """

    forms: int = 0
    most: int = 1

    @property
    def spare(self) -> int:
        """How many forms fewer still hide an answer among five; below 0 it is not hidden."""
        return self.forms - LEAST * self.most


def rooms(db: Session, survey: Survey) -> Mapping[int, Room]:
    """Return the room of every cell with forms, in one query."""
    reported = exists().where(
        Disposition.draw_id == Assignment.draw_id, Disposition.unit_code == Assignment.unit_code
    )
    linked = exists().where(
        RecheckLink.draw_id == Assignment.draw_id, RecheckLink.unit_code == Assignment.unit_code
    )
    of_person = _by_person(survey).where(~Assignment.after_answers, ~reported, ~linked).subquery()
    sums = select(
        of_person.c.cell_id, func.sum(of_person.c.forms), func.max(of_person.c.forms)
    ).group_by(of_person.c.cell_id)
    return {cell: Room(int(forms), int(most)) for cell, forms, most in db.execute(sums)}


def persons_in_cells(db: Session, survey: Survey) -> set[tuple[int, str]]:
    """Return who has a form of which cell, by persons: several files may be one person's."""
    return {(cell, person) for cell, person, _ in db.execute(_by_person(survey))}


def _by_person(survey: Survey) -> Select[int, str, int]:
    """Count the forms of every person by cell; each draw has its own list of persons."""
    return (
        select(Assignment.cell_id, FrameRow.person_code, func.count().label("forms"))
        .join(SampleDraw, SampleDraw.id == Assignment.draw_id)
        .join(
            FrameRow,
            (FrameRow.frame_id == SampleDraw.frame_id)
            & (FrameRow.unit_code == Assignment.unit_code),
        )
        .where(SampleDraw.survey_id == survey.id)
        .group_by(Assignment.cell_id, FrameRow.person_code)
    )


def answered(db: Session, survey_id: int) -> set[int]:
    """Return the cells that answers have come in for, whether these still wait or not."""
    spent = select(Invitation.cell_id).where(Invitation.survey_id == survey_id, Invitation.is_spent)
    return set(db.scalars(spent.distinct()))
