"""Pages that only show read: they come while somebody else has SQLite's turn to write."""

import io
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from surveyapp import clock, writers
from surveyapp.db import Database
from surveyapp.models import SampleDraw
from surveyapp.results import service as results
from tests.app import results_world
from tests.app import sample_factory as make
from tests.app.frames_world import AN_LAO, ASKED, DEPUTIES, OFFICE, csv_file
from tests.app.sample_factory import RATERS_PLAN

NEW, DRAWN, TOLD = "/surveys/par-2024", "/surveys/par-test", "/surveys/service-2024-practice"
PAGES = (
    *(f"{NEW}/frame/", f"{NEW}/lists/", f"{NEW}/lists/pairs", f"{NEW}/lists/{OFFICE}/"),
    *(f"{NEW}/wave/", f"{NEW}/agencies/{AN_LAO}/exclude", f"{NEW}/advance/sampled"),
    *(f"{DRAWN}/sample/", f"{DRAWN}/sample/size", f"{DRAWN}/sample/forget"),
    *(f"{DRAWN}/sample/announce", f"{DRAWN}/sample/witness"),
    *(f"{DRAWN}/sample/{{draw}}/verify", f"{DRAWN}/sample/{{draw}}/abandon"),
    *(f"{DRAWN}/sample/{{draw}}/witness", f"{DRAWN}/sample/{{draw}}/paper/frame.csv"),
    *(
        f"{TOLD}/results/",
        f"{TOLD}/results/report.xlsx",
        f"{TOLD}/results/tables/provincial-agencies.csv",
    ),
    *(f"{TOLD}/results/figures/provincial-figure.svg", f"{TOLD}/results/quality"),
    *("/accounts/", "/surveys/", "/accounts/me/password"),
)


@contextmanager
def somebody_writes(database: Database):
    """Hold the turn to write, as a long import does."""
    with database.session() as db:
        db.execute(text("DELETE FROM account WHERE id < 0"))
        yield
        db.rollback()


@pytest.fixture
def client(database: Database, signed_in: Callable[..., FlaskClient]) -> FlaskClient:
    """Give a manager with a preview, lists asked for, a survey that is drawn, and results."""
    with clock.set_to(datetime(2024, 10, 9, 5, tzinfo=UTC)):
        client = signed_in("manager", "admin", "approver")
        client.post("/surveys/new", data={"plan": "binh-dinh-par-2024"})
        client.post(f"{NEW}/lists/", data={"units": ASKED})
        with database.session() as db:
            actor = make.official(db)
            _, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
            make.drawn(db, actor, frame, few_reason="thử")
            told = results_world.served_survey(db, actor)
            results.run(db, actor, told)
            told.state = "published"
            db.commit()
        yield client


def test_no_page_that_shows_waits_for_a_writer(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ["Nguyễn Văn An", DEPUTIES, "Sở Y tế", "1970", "091"]
    file = {"file": (io.BytesIO(csv_file(row)), "ds.csv")}
    draft = client.post(f"{NEW}/frame/", data=file, content_type="multipart/form-data").location
    with database.read_session() as db:
        number = db.scalars(select(func.min(SampleDraw.id))).one()
    monkeypatch.setattr(writers, "WAIT_SECONDS", 0.05)

    waiting = {}
    with somebody_writes(database):
        for page in (draft, f"{draft}problems.xlsx", *PAGES):
            answer = client.get(page.format(draw=number))
            if answer.status_code not in (200, 302, 409):  # 409: nothing to put together yet
                waiting[page] = answer.status_code

    assert waiting == {}
