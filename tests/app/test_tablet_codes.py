"""A tablet asks about a code before the first question: refused like on the code page, nothing spent."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from structlog.testing import capture_logs

from surveyapp import clock, codes
from surveyapp.collect import rate_limits, rights, showing
from surveyapp.db import Database
from surveyapp.models import Device, Exchange, Invitation, Survey, WaitingAnswer
from tests.app.collect_world import NOW, World, as_bytes, made

TODAY = datetime(2024, 11, 4, 5, tzinfo=UTC)


@pytest.fixture
def world(database: Database) -> World:
    return made(database)


@pytest.fixture
def token(database: Database, world: World) -> str:
    with database.session() as db:
        token = world.device(db)[1]
        db.commit()
    return token


def code_of(database: Database, world: World, **more: Any) -> str:
    with database.session() as db:
        code = world.invite(db, **more)
        db.commit()
    return code


def ask(client: FlaskClient, token: str, code: str) -> Any:
    body = {"code_sha256": codes.sha256(code)}
    headers = {"Authorization": f"Bearer {token}"}
    with clock.set_to(TODAY):
        return client.post("/api/device/code", json=body, headers=headers)


def state_of(database: Database) -> list[Any]:
    """Return everything that a form with a code would change."""
    with database.read_session() as db:
        invitations = select(Invitation.code_sha256, Invitation.is_spent, Invitation.is_revoked)
        counts = [db.scalar(select(func.count()).select_from(t)) for t in (Exchange, WaitingAnswer)]
        return [
            sorted(map(tuple, db.execute(invitations))),
            *counts,
            db.scalar(select(Device.seen_on)),
        ]


@pytest.mark.parametrize(
    ("more", "refused", "words"),
    [
        ({"is_spent": True}, (409, "COLLECT-016"), "đã được dùng để nộp phiếu"),
        ({"is_revoked": True}, (403, "COLLECT-014"), "đã được thu hồi"),
        ({"expires_on": date(2024, 11, 3)}, (403, "COLLECT-015"), "hết hạn ngày 03/11/2024"),
    ],
)
def test_a_code_that_cannot_be_used_is_refused_before_the_first_question(
    client: FlaskClient,
    database: Database,
    world: World,
    token: str,
    more: dict[str, Any],
    refused: tuple[int, str],
    words: str,
) -> None:
    code = code_of(database, world, **more)
    before = state_of(database)
    with capture_logs() as logged:
        reply = ask(client, token, code)

    assert (reply.status_code, reply.json["code"]) == refused
    assert words in reply.json["message"]
    assert reply.json["fix"]
    assert reply.headers["Sipas"] == "1"
    assert state_of(database) == before
    assert logged == [{"event": "submission refused", "log_level": "info", "code": refused[1]}]


def test_a_code_of_another_survey_is_as_unknown_as_one_that_nobody_was_given(
    client: FlaskClient, database: Database, world: World, token: str
) -> None:
    code = codes.make()
    with database.session() as db:
        other = Survey(code="ks-khac", title="Khảo sát khác", kind="service", year=2024, plan={})
        other.state, other.plan_sha256, other.created_at = "collecting", "0" * 64, NOW
        db.add(other)
        db.flush()
        db.add(
            Invitation(
                code_sha256=codes.sha256(code), survey_id=other.id, cell_id=world.cells[0].id
            )
        )
        db.commit()

    for one in (code, codes.make()):
        reply = ask(client, token, one)
        assert (reply.status_code, reply.json["code"]) == (403, "COLLECT-013")


def test_asking_about_a_usable_code_spends_nothing(
    client: FlaskClient, database: Database, world: World, token: str
) -> None:
    code = code_of(database, world)
    before = state_of(database)
    for typed in (code, codes.readable(code).lower()):
        assert ask(client, token, typed).json == {"ok": True, "statement": "usable"}
    assert state_of(database) == before

    body = as_bytes(world.body(code, mode="tablet", agency="A1"))
    headers = {"Authorization": f"Bearer {token}"}
    assert client.put(f"/api/submissions/{uuid4()}", data=body, headers=headers).status_code == 201
    assert ask(client, token, code).json["code"] == "COLLECT-016"


def test_a_code_about_another_agency_is_refused_before_the_form_is_answered_in_vain(
    client: FlaskClient, database: Database, world: World, token: str
) -> None:
    code = code_of(database, world, cell=1)
    reply = ask(client, token, code)

    assert (reply.status_code, reply.json["code"]) == (409, "COLLECT-079")
    assert "cơ quan khác" in reply.json["message"]
    body = as_bytes(world.body(code, mode="tablet", agency="A1"))
    headers = {"Authorization": f"Bearer {token}"}
    assert client.put(f"/api/submissions/{uuid4()}", data=body, headers=headers).status_code == 422


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_guessing_codes_at_a_tablet_is_stopped_and_mistakes_with_real_ones_cost_nothing(
    client: FlaskClient, database: Database, world: World, token: str
) -> None:
    right, spent = code_of(database, world), code_of(database, world, is_spent=True)
    for _ in range(rate_limits.CODES.burst + 5):
        assert ask(client, token, spent).status_code == 409
    for _ in range(rate_limits.CODES.burst):
        assert ask(client, token, codes.make()).status_code == 403

    stopped = ask(client, token, right)
    assert (stopped.status_code, stopped.json["code"]) == (429, "COLLECT-005")
    assert int(stopped.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("body", [None, [], {}, {"code_sha256": 1}, {"code_sha256": "A" * 64}])
def test_a_question_of_another_shape_and_a_stranger_are_refused(
    client: FlaskClient, token: str, body: object
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    refused = client.post("/api/device/code", json=body, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (422, "COLLECT-078")
    stranger = client.post("/api/device/code", json=body)
    assert (stranger.status_code, stranger.json["code"]) == (401, "COLLECT-050")


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_tablet_says_refusals_in_english_as_the_code_page_does(
    client: FlaskClient, token: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    languages = client.get("/api/device/configuration", headers=headers).json["form"]["languages"]
    words = {one["code"]: one["words"] for one in languages}

    spent = rights.spent(rights.OpenSurvey(1, "service", "ks-2024", "Khảo sát thử", False))

    assert words["en"]["refused_COLLECT-016"] == showing.refusal_line(spent, "en")
    for number in (13, 14, 15, 79):
        assert words["en"][f"refused_COLLECT-0{number}"].startswith("This code ")
    assert not any(key.startswith("refused_") for key in words["vi"])
