"""The practice surveys of a new installation: made once, made again after an interruption."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from surveyapp import codes
from surveyapp.actor import Actor
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Account, FrameRow, Invitation, Response, Survey
from surveyapp.practice import service
from surveyapp.practice.service import Wanted
from surveyapp.surveys import service as surveys
from tests.app import demo_plans

WANTED = Wanted(demo_plans.RATERS, demo_plans.FILES, demo_plans.SCALE, 0.1)
SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])


def states(database: Database) -> dict[str, str]:
    with database.read_session() as db:
        return {survey.code: survey.state for survey in surveys.surveys(db) if survey.is_practice}


def test_a_first_start_makes_both_surveys_and_a_second_one_nothing(
    settings: Settings, database: Database, official: Callable[..., Actor]
) -> None:
    official("admin")
    work = []

    ready = service.create(settings, WANTED, work.append)
    before = states(database)

    assert ready is not None
    assert before == {"par-nho-practice": "analysed", "service-nho-practice": "collecting"}
    assert sum(work) == WANTED.work
    assert service.create(settings, WANTED) is None
    assert states(database) == before
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(Account)) == 1


@SQLITE
def test_the_codes_that_are_shown_open_a_form_and_are_not_spent(
    settings: Settings, client: FlaskClient, database: Database, official: Callable[..., Actor]
) -> None:
    official("admin")

    ready = service.create(settings, WANTED)

    assert ready is not None
    assert len(ready.codes) == service.SHOWN
    with database.read_session() as db:
        for code in ready.codes:
            invitation = db.get_one(Invitation, codes.sha256(code))
            assert not invitation.is_spent
        survey = surveys.find(db, ready.collecting)
        spent = db.scalar(
            select(func.count()).where(Invitation.survey_id == survey.id, Invitation.is_spent)
        )
    assert 5 < (spent or 0) < 40
    assert client.get(f"/s/{ready.collecting}/code").status_code == 200
    shown = client.post(
        f"/s/{ready.collecting}/code", data={"invitation": ready.codes[0]}, follow_redirects=True
    )
    assert "hồ sơ" in shown.text
    assert "SỐ LIỆU MÔ PHỎNG" in shown.text


@SQLITE
def test_an_interrupted_start_is_made_again(
    settings: Settings,
    database: Database,
    official: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    official("admin")

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(service.field_steps, "lock", power_cut)
        with pytest.raises(KeyboardInterrupt):
            service.create(settings, WANTED)
    assert states(database) == {"par-nho-practice": "collecting"}

    assert service.create(settings, WANTED) is not None
    assert list(states(database).values()) == ["analysed", "collecting"]


@SQLITE
def test_practice_surveys_are_removed_without_a_trace_of_persons(
    settings: Settings, database: Database, official: Callable[..., Actor]
) -> None:
    manager = official("admin", "manager")
    service.create(settings, WANTED)

    with database.session() as db:
        for survey in surveys.surveys(db):
            surveys.remove_practice(db, manager, survey)
        db.commit()
        for table in (Survey, FrameRow, Invitation, Response):
            assert db.scalar(select(func.count()).select_from(table)) == 0


@SQLITE
def test_without_an_administrator_nothing_is_made(settings: Settings, database: Database) -> None:
    with pytest.raises(AppError, match="PRACTICE-010"):
        service.create(settings, WANTED)
    assert states(database) == {}
