"""The device API: statuses, receipts, refusals with every fault, nothing reflected or logged."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from surveyapp import clock, web
from surveyapp.app import create_app
from surveyapp.collect import release
from surveyapp.collect.keys import Keyring
from surveyapp.collect.submission import MEMBERS
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import Device, Exchange, Invitation, Response, Survey, WaitingAnswer
from tests.app.collect_world import World, as_bytes, codes_for, made


@pytest.fixture
def world(database: Database) -> World:
    return made(database)


def put(client: FlaskClient, body: bytes, at: object = None, **headers: str) -> Any:
    return client.put(
        f"/api/submissions/{at or uuid4()}",
        data=body,
        content_type="application/json",
        headers=headers,
    )


def stored(database: Database) -> int:
    with database.read_session() as db:
        return sum(
            db.scalar(select(func.count()).select_from(table)) or 0
            for table in (Exchange, WaitingAnswer, Response)
        )


def test_a_submission_is_answered_with_a_receipt_over_its_bytes(
    client: FlaskClient, database: Database, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    body, at = as_bytes(world.body(code)), uuid4()

    first, again = put(client, body, at), put(client, body, at)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert first.json["receipt"] == hashlib.sha256(body).hexdigest()
    assert first.headers["Sipas"] == again.headers["Sipas"] == "1"


def test_the_same_in_other_bytes_is_other_content(
    client: FlaskClient, database: Database, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    at = uuid4()
    put(client, as_bytes(world.body(code)), at)

    refused = put(client, as_bytes(world.body(code, nonce="m" * 32)), at)

    assert (refused.status_code, refused.json["code"]) == (409, "COLLECT-020")


@pytest.mark.parametrize(("state", "code"), [("sampled", "COLLECT-012"), ("locked", "COLLECT-011")])
def test_a_survey_that_does_not_collect_takes_nothing(
    client: FlaskClient, database: Database, world: World, state: str, code: str
) -> None:
    [invitation] = codes_for(database, world, [0])
    with database.session() as db:
        db.execute(update(Survey).values(state=state))
        db.commit()

    refused = put(client, as_bytes(world.body(invitation)))

    assert (refused.status_code, refused.json["code"]) == (409, code)
    assert stored(database) == 0


def counter_with_tablet(database: Database) -> tuple[World, str]:
    world = made(database, "counter")
    with database.session() as db:
        _, token = world.device(db, "A2")
        db.commit()
    return world, token


def test_a_tablet_sends_walk_in_answers_until_it_is_revoked(
    client: FlaskClient, database: Database
) -> None:
    world, token = counter_with_tablet(database)
    body = as_bytes(world.body(None, mode="tablet"))
    bearer = {"Authorization": f"Bearer {token}"}

    assert put(client, body, **bearer).status_code == 201
    with database.session() as db:
        assert db.scalars(select(Device.seen_on)).one() is not None
        db.execute(update(Device).values(revoked_at=world.survey.created_at))
        db.commit()
    refused = put(client, body, **bearer)
    assert (refused.status_code, refused.json["code"]) == (403, "COLLECT-045")
    assert stored(database) == 2


@pytest.mark.parametrize(
    ("authorization", "code"),
    [(None, "COLLECT-021"), ("Bearer ABC", "COLLECT-044"), ("Basic x", "COLLECT-050")],
)
def test_a_stranger_sends_no_walk_in_answers(
    client: FlaskClient, database: Database, authorization: str | None, code: str
) -> None:
    world, _ = counter_with_tablet(database)
    headers = {"Authorization": authorization} if authorization else {}

    refused = put(client, as_bytes(world.body(None, mode="tablet")), **headers)

    assert refused.status_code in {401, 403}
    assert refused.json["code"] == code
    assert stored(database) == 0


def test_a_form_that_rates_many_agencies_needs_all_of_them(
    client: FlaskClient, database: Database
) -> None:
    world = made(database, "sociological", "par_district")
    [code] = codes_for(database, world, [3])
    asked = world.questionnaire()
    about_one = {item.code: "3" for item in asked.items if item.per_agency}
    common = {item.code: "dk" for item in asked.items if not item.per_agency and item.required}
    whole = {"answers": common, "ratings": dict.fromkeys(("A1", "A2", "A3"), about_one)}
    missing = {"answers": common, "ratings": {"A1": about_one, "A9": about_one}}

    refused = put(client, as_bytes(world.body(code, **missing)))
    accepted = put(client, as_bytes(world.body(code, **whole)))

    assert {problem["item"] for problem in refused.json["problems"]} == {"A2/", "A3/", "A9/"}
    assert accepted.status_code == 201


def test_a_raters_code_is_refused_from_a_tablet_and_stays_usable(
    client: FlaskClient, database: Database
) -> None:
    world = made(database, "sociological", "par_district")
    [code] = codes_for(database, world, [3])
    with database.session() as db:
        token = world.device(db)[1]
        db.commit()
    asked = world.questionnaire()
    about_one = {item.code: "3" for item in asked.items if item.per_agency}
    common = {item.code: "dk" for item in asked.items if not item.per_agency and item.required}
    ratings = dict.fromkeys(("A1", "A2", "A3"), about_one)

    for mode in ("tablet", "interviewer", "web"):
        body = as_bytes(world.body(code, mode=mode, answers=common, ratings=ratings))
        refused = put(client, body, Authorization=f"Bearer {token}")
        assert (refused.status_code, refused.json["code"]) == (403, "COLLECT-071")
    assert stored(database) == 0
    body = as_bytes(world.body(code, answers=common, ratings=ratings))
    assert put(client, body).status_code == 201


def test_enough_answers_are_released_by_the_last_request(
    client: FlaskClient, database: Database, world: World, settings: Settings
) -> None:
    *codes, last = codes_for(database, world, [0] * 10)
    for code in codes:
        assert put(client, as_bytes(world.body(code))).status_code == 201
    with clock.set_to(clock.now() + release.RELEASE_EVERY):
        assert put(client, as_bytes(world.body(last))).status_code == 201

    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(Response)) == 5
    assert len(Keyring(settings.keys).batches()) == 1


def test_devices_need_no_form_token_and_refusals_are_signed_too(
    settings: Settings, database: Database, world: World
) -> None:
    app = create_app(settings)  # with the protection of forms switched on
    client = app.test_client()
    [code] = codes_for(database, world, [0])

    assert put(client, as_bytes(world.body(code))).status_code == 201
    for answer in (client.put("/api/submissions/no-id"), client.get(f"/api/submissions/{uuid4()}")):
        assert answer.status_code in {404, 405}
        assert answer.headers["Sipas"] == "1"
        assert answer.json["code"]
    web.database_of(app).dispose()


def test_no_log_line_holds_id_code_or_answer(
    client: FlaskClient, database: Database, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    [code] = codes_for(database, world, [0])
    at = uuid4()
    put(client, as_bytes(world.body(code, answers={"q1": "4", "q4": "bí mật"})), at)
    put(client, as_bytes(world.body(code, answers={"q1": "9", "q4": "bí mật"})))
    put(client, b"{", at)

    log = "".join(capfd.readouterr())
    assert "COLLECT-" in log
    assert not any(text in log for text in (str(at), at.hex, code, "bí mật", "127.0.0.1"))


def test_the_description_names_the_statuses_that_the_server_gives(
    app: Flask, client: FlaskClient
) -> None:
    description = client.get("/api/openapi.json").json
    operation = description["paths"]["/api/submissions/{id}"]["put"]
    members = description["components"]["schemas"]["Submission"]["properties"]
    source = "".join(
        path.read_text("utf-8") for path in Path(app.root_path, "collect").glob("*.py")
    )
    given = {"200", "201"} | {
        status
        for status in ("401", "403", "404", "409", "413", "422", "429", "507")
        if f"status={status}" in source
    }

    assert set(operation["responses"]) == given
    assert set(members) == MEMBERS
    assert {"/healthz", "/readyz", "/metrics"} <= set(description["paths"])


def test_the_server_says_whether_it_is_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/healthz").json == {"ok": True}
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr("surveyapp.collect.api_views.LEAST_FREE_BYTES", 2**62)
    assert client.get("/readyz").json == {"ok": False, "failing": ["disk"]}


def test_an_unknown_survey_is_not_found(client: FlaskClient, world: World) -> None:
    refused = put(client, as_bytes(world.body("CODE", survey="none")))

    assert (refused.status_code, refused.json["code"]) == (404, "COLLECT-010")


def test_the_figures_for_monitoring_count_whole_days_and_name_nobody(
    client: FlaskClient, database: Database
) -> None:
    world, token = counter_with_tablet(database)
    bearer = {"Authorization": f"Bearer {token}"}
    body = as_bytes(world.body(None, mode="tablet"))
    noon = datetime(2024, 11, 4, 5, tzinfo=UTC)
    with clock.set_to(noon):
        before = client.get("/metrics").text.partition("sipas_disk_free_bytes ")[0]
        for _ in range(9):
            assert put(client, body, **bearer).status_code == 201
    with clock.set_to(noon + release.RELEASE_EVERY):
        assert put(client, body, **bearer).status_code == 201
        assert client.get("/metrics").text.startswith(before)
    with clock.set_to(noon + timedelta(days=1)):
        after = client.get("/metrics")

    assert after.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert 'sipas_surveys{state="collecting"} 1\n' in after.text
    assert 'sipas_responses_before_today{survey="ks-2024"} 5\n' in after.text
    assert "sipas_devices 1\n" in after.text


def test_looking_at_a_page_or_fetching_it_ahead_spends_no_code(
    client: FlaskClient, database: Database, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    for method in (client.get, client.head, client.options):
        for address in (f"/s/ks-2024#{code}", f"/s/ks-2024/code?invitation={code}", "/s/ks-2024"):
            method(address, headers={"Sec-Purpose": "prefetch"})
    with database.read_session() as db:
        assert not db.scalars(select(Invitation.is_spent)).one()
    assert put(client, as_bytes(world.body(code))).status_code == 201


@pytest.mark.usefixtures("world")
def test_a_token_that_nobody_was_given_waits_for_no_writer(
    client: FlaskClient, database: Database
) -> None:
    with database.session() as db:
        db.execute(update(Survey).values(title="đang ghi"))  # a writer that is not done yet
        refused = put(client, b"{", Authorization="Bearer ABCD-EFGH")
        db.rollback()

    assert (refused.status_code, refused.json["code"]) == (401, "COLLECT-044")
    assert refused.json["receipt"] == hashlib.sha256(b"{").hexdigest()


def test_a_tablet_that_was_right_before_is_refused_once_it_is_revoked(
    client: FlaskClient, database: Database, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    with database.session() as db:
        token = world.device(db)[1]
        db.commit()
    body, bearer = as_bytes(world.body(code)), {"Authorization": f"Bearer {token}"}
    assert put(client, body, **bearer).status_code == 201
    with database.session() as db:
        db.execute(update(Device).values(revoked_at=world.survey.created_at))
        db.commit()

    assert put(client, body, **bearer).json["code"] == "COLLECT-045"
