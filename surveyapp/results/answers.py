"""The released answers of one group, with their design, in an order that is always the same."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.models import (
    Assignment,
    EligibleCount,
    FormCell,
    FormReview,
    FrameRow,
    RatedAgency,
    Response,
    SampleDraw,
    SampleUnit,
    SurveyGroup,
)

#: State of a form that does not count in the results.
LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Form:
    """One released form: its stratum, the agencies on it, common answers and ratings.

    `batches` says which way (mode) it came and who helped, `number` is the random id that it is
    stored under; neither is part of the digest.
    """

    stratum: str
    agencies: tuple[str, ...]
    answers: Mapping[str, Any]
    ratings: Mapping[str, Mapping[str, Any]]
    batches: Mapping[str, str] = field(default_factory=dict)
    number: str = ""


@dataclass(frozen=True, slots=True)
class GroupAnswers:
    """What came back from one group, and what was asked.

    Attributes
    ----------
    forms : in canonical order, so that the same answers give the same digits.
    pop_size : per stratum, the frame rows of the strata that it stands for.
    issued : forms sent out. sha256 : digest of the forms.
    left_out : forms that came back and are not among `forms`, by the analyst's decision.
    """

    forms: tuple[Form, ...]
    pop_size: Mapping[str, int]
    issued: int
    sha256: str
    left_out: int = 0

    @property
    def received(self) -> int:
        """Forms that came back, those left out with them."""
        return len(self.forms) + self.left_out


def group_answers(db: Session, group: SurveyGroup) -> GroupAnswers:
    """Read the released forms of a group, without those that were left out with a reason."""
    forms = db.execute(
        select(
            FormReview.state,
            FormCell.stratum,
            FormCell.agencies,
            Response.answers,
            Response.ratings,
            Response.mode,
            Response.assisted,
            Response.id,
        )
        .join(FormCell, FormCell.id == Response.cell_id)
        .outerjoin(FormReview, FormReview.response_id == Response.id)
        .where(FormCell.group_id == group.id)
    ).all()
    rows = [form for state, *form in forms if state != LEFT_OUT]
    keyed = sorted(
        (_canonical(*form), *by, *form)
        for *form, mode, assisted, number in rows
        for by in [(mode, assisted, number)]
    )
    stored = _stored_strata(db, group)
    return GroupAnswers(
        tuple(
            Form(
                stored[stratum],
                tuple(agencies),
                answers,
                ratings,
                {"mode": mode, "assisted": assisted},
                number,
            )
            for _, mode, assisted, number, stratum, agencies, answers, ratings in keyed
        ),
        _pop_size(db, group),
        _issued(db, group),
        hashlib.sha256("\n".join(row[0] for row in keyed).encode()).hexdigest(),
        left_out=len(forms) - len(rows),
    )


def drawn_frame(db: Session, survey_id: int) -> int | None:
    """Return the frame of the latest draw: a supplementary draw may have a new list."""
    drawn = select(SampleDraw.frame_id).where(
        SampleDraw.survey_id == survey_id, SampleDraw.drawn_at.is_not(None)
    )
    return db.scalar(drawn.order_by(SampleDraw.id.desc()).limit(1))


def eligible_raters(
    db: Session, group: SurveyGroup, eligible: Mapping[str, Iterable[str]]
) -> dict[tuple[str, str], int]:
    """Count the raters of the frame who may rate each agency, by stratum as stored with answers.

    The numbers kept when the forms were given hold; where none were (forms of an earlier version
    of the program), `eligible` gives the agencies of each frame row, by its pseudonymous id.
    """
    stored = _stored_strata(db, group)
    counts: Counter[tuple[str, str]] = Counter()
    kept = select(EligibleCount.stratum, EligibleCount.agency_code, EligibleCount.eligible).where(
        EligibleCount.draw_id == _counted_draw(db, group.survey_id),
        EligibleCount.stratum.in_(stored),
    )
    for stratum, agency, n in db.execute(kept):
        counts[stored[stratum], agency] += n
    if counts:
        return dict(counts)
    rows = db.execute(
        select(FrameRow.unit_code, FrameRow.stratum).where(
            FrameRow.frame_id == drawn_frame(db, group.survey_id),
            FrameRow.group_code == group.code,
        )
    )
    for unit_code, stratum in rows:
        if stratum in stored:
            counts.update((stored[stratum], agency) for agency in eligible[unit_code])
    return dict(counts)


def _counted_draw(db: Session, survey_id: int) -> int | None:
    """Return the latest draw of which the eligible raters were counted."""
    counted = (
        select(EligibleCount.draw_id)
        .join(SampleDraw, SampleDraw.id == EligibleCount.draw_id)
        .where(SampleDraw.survey_id == survey_id)
    )
    return db.scalar(counted.order_by(EligibleCount.draw_id.desc()).limit(1))


def excluded(agencies: Iterable[RatedAgency]) -> list[RatedAgency]:
    """Return the agencies that are left out of the measurement."""
    return [agency for agency in agencies if agency.exclusion is not None]


def _canonical(*parts: object) -> str:
    return json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _stored_strata(db: Session, group: SurveyGroup) -> dict[str, str]:
    """Return the stratum of the analysis for each stratum of the frame and each stored one.

    Small strata are coarsened in the answer, so one stored stratum may stand for several of the
    frame; after a supplementary draw one of the frame may be stored in several ways. Strata that
    are linked so are one stratum of the analysis, named after the stored ones.
    """
    rows = db.execute(
        select(SampleUnit.stratum, FormCell.stratum)
        .join(
            Assignment,
            (Assignment.draw_id == SampleUnit.draw_id)
            & (Assignment.unit_code == SampleUnit.unit_code),
        )
        .join(FormCell, FormCell.id == Assignment.cell_id)
        .where(FormCell.group_id == group.id)
        .distinct()
    ).all()
    linked: list[tuple[set[str], set[str]]] = []
    for frame_stratum, stored in sorted(rows):
        joined = ({frame_stratum}, {stored})
        for other in [each for each in linked if frame_stratum in each[0] or stored in each[1]]:
            linked.remove(other)
            joined[0].update(other[0])
            joined[1].update(other[1])
        linked.append(joined)
    return {
        name: " + ".join(sorted(stored)) for framed, stored in linked for name in (*framed, *stored)
    }


def _pop_size(db: Session, group: SurveyGroup) -> dict[str, int]:
    stored = _stored_strata(db, group)
    rows = db.execute(
        select(FrameRow.stratum, func.count())
        .where(
            FrameRow.frame_id == drawn_frame(db, group.survey_id),
            FrameRow.group_code == group.code,
        )
        .group_by(FrameRow.stratum)
    )
    sizes: Counter[str] = Counter()
    for stratum, n in rows:
        if stratum in stored:
            sizes[stored[stratum]] += n
    return dict(sizes)


def _issued(db: Session, group: SurveyGroup) -> int:
    return (
        db.scalar(
            select(func.count())
            .select_from(Assignment)
            .join(FormCell, FormCell.id == Assignment.cell_id)
            .where(FormCell.group_id == group.id)
        )
        or 0
    )
