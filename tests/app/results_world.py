"""A locked survey with known answers, put into the tables directly, for the tests of results."""

import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from surveyapp.accounts import service as accounts
from surveyapp.actor import Actor
from surveyapp.models import (
    Assignment,
    FormCell,
    Frame,
    FrameRow,
    RecheckPair,
    Response,
    SampleDraw,
    SampleUnit,
    Survey,
    SurveyGroup,
)
from surveyapp.surveys import definitions, service

SERVICE_ITEMS = (
    *("access_signs", "access_seats", "access_equipment"),
    *("procedure_posted", "procedure_papers", "procedure_fees", "procedure_time"),
    *("staff_polite", "staff_guidance", "staff_rules"),
    *("result_on_time", "result_correct", "result_fair"),
    *("complaint_ways", "complaint_handled", "complaint_told"),
)
#: Forms and population of four agencies; the third has too few, the second protects it.
SIZES = ((40, 400), (12, 60), (9, 90), (30, 300))
NOW = datetime(2024, 12, 1, tzinfo=UTC)
#: Two questions of a design file whose columns q1 and q2 hold 1 to 5, or 9 for no answer.
TWO_SHARES = """
[[measures]]
code = "q1"
column = "q1"
kind = "share"
satisfied = [4, 5]
missing = [9]
[[measures]]
code = "q2"
column = "q2"
kind = "share"
satisfied = [4, 5]
missing = [9]
"""


def manager(db: Session) -> Actor:
    """Make an official who may do everything that the tests need."""
    made = accounts.add(db, None, "quan-ly", "Quản lý", ["manager", "approver", "analyst"])
    return accounts.as_actor(accounts.find(db, made.login))


def survey_of(db: Session, actor: Actor, plan: str) -> Survey:
    """Make a survey of a shipped plan, drawn and collecting, without forms."""
    survey = service.create_from_plan(db, actor, definitions.plan_text(plan), is_practice=True)
    frame = Frame(
        survey_id=survey.id, version=1, pop_size=1, sha256="f" * 64, imported_at=NOW, frozen_at=NOW
    )
    db.add(frame)
    db.flush()
    db.add(
        SampleDraw(
            survey_id=survey.id,
            frame_id=frame.id,
            seed="hạt giống thử",
            frame_sha256="f" * 64,
            plan_sha256=survey.plan_sha256,
            plan={},
            recheck_secret_sha256="0" * 64,
            recheck_secret="1" * 64,
            announced_at=NOW,
            announced_by=actor.account_id,
            drawn_at=NOW,
            protocol={"label": "hạt giống tự chọn"},
        )
    )
    survey.state = "collecting"
    db.flush()
    return survey


def served_survey(
    db: Session, actor: Actor, sizes: Iterable[tuple[int, int]] = SIZES, **more: str
) -> Survey:
    """Make a locked service survey with so many forms and files, and more answers in each form."""
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    for n, (agency, (forms, pop_size)) in enumerate(zip(group.agencies, sizes, strict=False)):
        answers = [
            dict(zip(SERVICE_ITEMS, levels(1000 * n + k, 16), strict=True)) | more
            for k in range(forms)
        ]
        place = (agency.code, [agency.code], {"agency": agency.code})
        add_forms(db, survey, group, place, [(each, {}) for each in answers], pop_size)
    survey.state = "locked"
    db.flush()
    return survey


def add_forms(
    db: Session,
    survey: Survey,
    group: SurveyGroup,
    place: tuple[str, list[str], dict[str, Any]],
    forms: list[tuple[dict[str, Any], dict[str, Any]]],
    pop_size: int,
) -> FormCell:
    """Add a cell (stratum, agencies, attributes of its frame rows) with its released forms."""
    stratum, agencies, attributes = place
    draw = db.query(SampleDraw).filter_by(survey_id=survey.id).one()
    cell = FormCell(
        survey_id=survey.id,
        code=f"{stratum} / {','.join(agencies)}",
        group_id=group.id,
        stratum=stratum,
        agencies=agencies,
        persons=len(forms),
    )
    db.add(cell)
    db.flush()
    units = [secrets.token_hex(5) for _ in range(pop_size)]
    listed = {
        "frame_id": draw.frame_id,
        "stratum": stratum,
        "group_code": group.code,
        "attributes": attributes,
    }
    db.execute(
        insert(FrameRow), [{"unit_code": unit, "person_code": unit, **listed} for unit in units]
    )
    drawn = {
        "draw_id": draw.id,
        "stratum": stratum,
        "role": "main",
        "inclusion_probability": len(forms) / pop_size,
        "design_weight": pop_size / max(1, len(forms)),
    }
    asked = [{"unit_code": unit, "order": n} for n, unit in enumerate(units[: len(forms)], 1)]
    if asked:
        db.execute(insert(SampleUnit), [drawn | each for each in asked])
        given = {"draw_id": draw.id, "cell_id": cell.id}
        db.execute(insert(Assignment), [given | {"unit_code": each["unit_code"]} for each in asked])
    for answers, ratings in forms:
        add_response(db, survey, cell, answers, ratings)
    db.flush()
    return cell


def add_response(db: Session, survey: Survey, cell: FormCell, answers: Any, ratings: Any) -> None:
    """Add one released form."""
    group = db.get_one(SurveyGroup, cell.group_id)
    db.add(
        Response(
            id=secrets.token_hex(16),
            survey_id=survey.id,
            cell_id=cell.id,
            questionnaire_code=group.questionnaire_code,
            questionnaire_version=group.questionnaire_version,
            language="vi",
            mode="web",
            answers=answers,
            ratings=ratings,
            received_on=date(2024, 11, 5),
        )
    )


def add_pairs(db: Session, survey: Survey, group: SurveyGroup, item: str, pairs: Any) -> None:
    """Add re-check pairs of one item."""
    for first, second in pairs:
        db.add(
            RecheckPair(
                id=secrets.token_hex(16),
                survey_id=survey.id,
                group_code=group.code,
                item=item,
                first=first,
                second=second,
            )
        )
    db.flush()


def levels(seed: int, n: int) -> list[str]:
    """Draw n answers 1 to 5, mostly satisfied."""
    rng = np.random.default_rng(seed)
    return [str(level) for level in rng.choice([1, 2, 3, 4, 5], n, p=[0.03, 0.07, 0.2, 0.4, 0.3])]
