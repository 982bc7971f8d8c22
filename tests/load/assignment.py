"""Seconds to give the forms of the 2024 plan with lists of the size that the province has."""

import time
from pathlib import Path

from surveyapp import clock, db
from surveyapp.db import Database
from surveyapp.fieldwork import outlook, service
from surveyapp.models import Survey
from tests.app import sample_factory as make
from tests.app.field_world import drawn_2024, par_plan
from tests.load.figure import Figure

#: Agencies on a form of the province's agencies; None: all that a rater may rate.
LIMITS = (None, 6)


def measure(place: Path) -> list[Figure]:
    """Give all forms of one draw, once with every agency and once with a part of them."""
    return [_one(place / f"limit-{most or 'none'}", most) for most in LIMITS]


def _one(place: Path, most: int | None) -> Figure:
    place.mkdir()
    url = f"sqlite:///{place / 'assignment.sqlite3'}"
    db.upgrade(url)
    with Database(url) as database, database.session() as session, clock.set_to(make.NOW):
        actor = make.official(session)
        draw = drawn_2024(session, actor, place, par_plan(most))
        session.commit()
        started = time.monotonic()
        assigned = service.assign(session, actor, draw)
        session.commit()
        seconds = time.monotonic() - started
        found = outlook.given(session, session.get_one(Survey, draw.survey_id), draw)
    return Figure(
        f"give forms, {'all agencies' if most is None else f'at most {most} agencies'}",
        seconds,
        "s",
        f"{assigned.forms} forms, {assigned.cells} sets, smallest {found.smallest}",
    )
