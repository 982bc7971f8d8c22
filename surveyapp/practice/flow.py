"""A whole simulated survey on its simulated days, from the plan to the results."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.models import SampleDraw, Survey
from surveyapp.practice import field_steps, sampling_steps
from surveyapp.practice.field_steps import Slip
from surveyapp.practice.world import (
    ANALYSED,
    ANNOUNCED,
    ASKED_AGAIN,
    DRAWN,
    ISSUED,
    LISTED,
    LOCKED,
    PLANNED,
    Calendar,
    Step,
    World,
)
from surveyapp.surveys import service as surveys
from surveyapp.surveys.plan import load_plan

#: Units of work of a survey beside its forms, for a bar of progress.
WORK_BEFORE, WORK_AFTER = 150, 150


def work(plan_text: str) -> int:
    """Return the units of work of a whole survey."""
    return WORK_BEFORE + load_plan(plan_text).quota + WORK_AFTER


def whole_survey(world: World, plan_text: str, key: bytes) -> tuple[str, list[Step]]:
    """Run a survey from its plan to its results; return its code and what was done."""
    calendar = Calendar(deadline(plan_text))
    code, drawn, steps = until_drawn(world, plan_text, key, calendar)
    with clock.set_to(calendar.at(ISSUED)):
        slips, step = hand_out(world, drawn, calendar.deadline)
    world.tick(load_plan(plan_text).quota - len(slips))
    steps.append(step)
    sendings = field_steps.answer(world, code, slips)
    sent = field_steps.send_by_days(world, calendar, sendings)
    steps.append(field_steps.collected(slips, sent))
    steps += finish(world, code, calendar)
    return code, steps


def until_drawn(
    world: World, plan_text: str, key: bytes, calendar: Calendar
) -> tuple[str, int, list[Step]]:
    """Plan, import, freeze, announce, draw and assign; return the survey's code and the draw."""
    steps = []
    with clock.set_to(calendar.at(PLANNED)), world.database.session() as db:
        survey, step = sampling_steps.create(db, world, plan_text)
        code = survey.code
        steps.append(step)
        db.commit()
    with clock.set_to(calendar.at(LISTED)), _writing(world, code) as (db, survey):
        steps.append(sampling_steps.import_list(db, world, survey, plan_text, key))
    with clock.set_to(calendar.at(ANNOUNCED)), _writing(world, code) as (db, survey):
        frame, step = sampling_steps.freeze(db, world, survey)
        steps.append(step)
        announced = sampling_steps.announce(db, world, survey, frame).id
    with clock.set_to(calendar.at(DRAWN)), _writing(world, code) as (db, _):
        draw = db.get_one(SampleDraw, announced)
        steps.append(sampling_steps.draw(db, world, draw))
        steps.append(sampling_steps.assign(db, world, draw))
    world.tick(WORK_BEFORE)
    return code, announced, steps


def hand_out(world: World, draw_id: int, expires_on: date) -> tuple[list[Slip], Step]:
    """Make the codes."""
    with world.database.session() as db:
        slips, step = field_steps.issue(db, world, db.get_one(SampleDraw, draw_id), expires_on)
        db.commit()
    return slips, step


def finish(world: World, code: str, calendar: Calendar) -> list[Step]:
    """Re-check, lock and compute."""
    steps = []
    with clock.set_to(calendar.at(ASKED_AGAIN)), _writing(world, code) as (db, survey):
        steps.append(field_steps.ask_again(db, world, survey))
    with clock.set_to(calendar.at(LOCKED, hour=17)), _writing(world, code) as (db, survey):
        steps.append(field_steps.lock(db, world, survey))
    field_steps.destroy_keys(world)
    with clock.set_to(calendar.at(ANALYSED)), _writing(world, code) as (db, survey):
        steps.append(field_steps.run(db, world, survey))
    world.tick(WORK_AFTER)
    return steps


def deadline(plan_text: str) -> date:
    """Return the last day of a plan."""
    plan = load_plan(plan_text)
    return plan.deadline or date(plan.year, 12, 31)


@contextmanager
def _writing(world: World, code: str) -> Iterator[tuple[Session, Survey]]:
    """Lend a session and the survey, and commit at the end."""
    with world.database.session() as db:
        yield db, surveys.find(db, code)
        db.commit()
