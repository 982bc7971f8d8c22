"""The practice surveys of a new installation: made once, made again after an interruption."""

import shlex
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import func, select

from surveyapp import codes, serving
from surveyapp.actor import Actor
from surveyapp.cli import cli
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Account, Device, FrameRow, Invitation, Response, Survey
from surveyapp.practice import service
from surveyapp.practice.service import Wanted
from surveyapp.surveys import keys
from surveyapp.surveys import service as surveys
from tests.app import demo_plans

WANTED = Wanted(
    demo_plans.RATERS, demo_plans.FILES, demo_plans.SCALE, 0.1, counter=demo_plans.COUNTER
)
SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])


def states(database: Database) -> dict[str, str]:
    with database.read_session() as db:
        return {survey.code: survey.state for survey in surveys.surveys(db) if survey.is_practice}


def test_a_first_start_makes_the_surveys_and_a_second_one_nothing(
    settings: Settings, database: Database, official: Callable[..., Actor]
) -> None:
    official("admin")
    work = []

    ready = service.create(settings, WANTED, work.append)
    before = states(database)

    assert ready is not None
    assert before == {
        "par-nho-practice": "analysed",
        "service-nho-practice": "collecting",
        "counter-nho-practice": "collecting",
    }
    assert sum(work) == WANTED.work
    assert service.are_there(settings)
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
def test_a_second_start_says_where_to_answer_and_a_command_that_gives_a_new_token(
    settings: Settings,
    client: FlaskClient,
    official: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    login = official("admin", "manager").login
    ready = service.create(settings, WANTED)
    with monkeypatch.context() as patch:  # the last step turns this process into the server
        patch.setattr(serving, "_run", lambda *_: None)
        patch.setattr(serving, "_refuse_taken", lambda _: None)
        patch.setenv("SURVEY_HOME", str(settings.home))
        patch.setenv("SURVEY_DATABASE_URL", settings.database_url)
        runner = CliRunner()
        told = runner.invoke(serving.start, ["--practice"]).output.splitlines()
        command = next(line for line in told if line.startswith("Mã ghép máy mới: sipas "))
        words = shlex.split(command.partition("sipas ")[2].replace("TÊN-ĐĂNG-NHẬP", login))
        token = runner.invoke(cli, words).output.rpartition(": ")[2].strip()

    assert ready is not None
    assert not any(code in line for line in told for code in ready.codes)
    for path in (f"/s/{ready.collecting}", "/device", "/tablet/"):
        [line] = [line for line in told if line.endswith(f"http://{serving.ADDRESS}{path}")]
        assert client.get(path).status_code == 200, line
    assert client.post("/device", data={"token": token}).location == "/s/counter-nho-practice"


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
    assert not service.are_there(settings)

    assert service.create(settings, WANTED) is not None
    assert sorted(states(database).values()) == ["analysed", "collecting", "collecting"]


@SQLITE
def test_practice_surveys_are_removed_without_a_trace_of_persons(
    settings: Settings, database: Database, official: Callable[..., Actor]
) -> None:
    manager = official("admin", "manager")
    service.create(settings, WANTED)

    with database.session() as db:
        removed = [surveys.remove_practice(db, manager, each) for each in surveys.surveys(db)]
        db.commit()
        for table in (Survey, FrameRow, Invitation, Response, Device):
            assert db.scalar(select(func.count()).select_from(table)) == 0
    assert any(settings.keys.glob("*.batch"))
    for each in removed:
        keys.remove(settings.keys, each)
    assert not [*settings.keys.glob("*.batch"), *settings.keys.glob("*.pseudonym")]


@SQLITE
def test_the_token_that_is_shown_pairs_a_tablet_with_the_counter_survey(
    settings: Settings, client: FlaskClient, database: Database, official: Callable[..., Actor]
) -> None:
    official("admin")

    ready = service.create(settings, WANTED)

    assert ready is not None
    assert ready.tablet is not None
    paired = client.post("/device", data={"token": ready.tablet.token}, follow_redirects=True)
    assert paired.request.path == f"/s/{ready.tablet.survey}"
    assert "SỐ LIỆU MÔ PHỎNG" in paired.text
    with database.read_session() as db:
        counted = surveys.progress(db, surveys.find(db, ready.tablet.survey))
    assert {line.title: line.received for line in counted} == {"Sở Tư pháp": 45}


@SQLITE
def test_without_an_administrator_nothing_is_made(settings: Settings, database: Database) -> None:
    with pytest.raises(AppError, match="PRACTICE-010"):
        service.create(settings, WANTED)
    assert states(database) == {}
