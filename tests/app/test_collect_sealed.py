"""Sealed submissions: what a tablet encrypts to this server's key, and what does not open."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from surveyapp.collect import intake_key
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import Exchange, WaitingAnswer
from tests.app.collect_world import World, as_bytes, codes_for, made
from tests.app.sealed_body import sealed


@pytest.fixture
def world(database: Database) -> World:
    return made(database)


@pytest.fixture
def key(settings: Settings) -> intake_key.IntakeKey:
    return intake_key.public(settings.keys)


def put(client: FlaskClient, at: UUID, body: bytes) -> Any:
    return client.put(f"/api/submissions/{at}", data=body, content_type="application/json")


def stored(database: Database) -> int:
    with database.read_session() as db:
        return sum(
            db.scalar(select(func.count()).select_from(table)) or 0
            for table in (Exchange, WaitingAnswer)
        )


def test_a_sealed_submission_is_stored_and_its_receipt_is_over_the_sealed_bytes(
    client: FlaskClient, database: Database, world: World, key: intake_key.IntakeKey
) -> None:
    [code] = codes_for(database, world, [0])
    at = uuid4()
    body = as_bytes(sealed(key, at, as_bytes(world.body(code, answers={"q1": "5"}))))

    first, again = put(client, at, body), put(client, at, body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert first.json["receipt"] == hashlib.sha256(body).hexdigest()
    assert stored(database) == 2


def test_the_same_form_sealed_again_under_its_id_is_other_content(
    client: FlaskClient, database: Database, world: World, key: intake_key.IntakeKey
) -> None:
    [code] = codes_for(database, world, [0])
    at, plain = uuid4(), as_bytes(world.body(code))
    assert put(client, at, as_bytes(sealed(key, at, plain))).status_code == 201

    refused = put(client, at, as_bytes(sealed(key, at, plain)))

    assert (refused.status_code, refused.json["code"]) == (409, "COLLECT-020")
    assert stored(database) == 2


def test_a_sealed_form_replayed_under_another_id_opens_nowhere(
    client: FlaskClient, database: Database, world: World, key: intake_key.IntakeKey
) -> None:
    [code] = codes_for(database, world, [0])
    body = as_bytes(sealed(key, uuid4(), as_bytes(world.body(code))))

    refused = put(client, uuid4(), body)

    assert (refused.status_code, refused.json["code"]) == (422, "COLLECT-004")
    assert refused.json["receipt"] == hashlib.sha256(body).hexdigest()
    assert stored(database) == 0


def flipped(text: str) -> str:
    return ("B" if text[0] == "A" else "A") + text[1:]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: {**body, "ct": flipped(body["ct"])},
        lambda body: {**body, "iv": flipped(body["iv"])},
        lambda body: {**body, "ct": body["ct"][:-4]},
        lambda body: {**body, "ct": "AAAA"},
        lambda body: {**body, "key": "0" * 16},
        lambda body: {**body, "epk": "BAAA" + body["epk"][4:]},
    ],
    ids=["ciphertext", "nonce", "truncated", "nothing in it", "unknown key", "no point"],
)
def test_what_does_not_open_is_refused_with_its_own_code(
    client: FlaskClient,
    database: Database,
    world: World,
    key: intake_key.IntakeKey,
    spoil: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    [code] = codes_for(database, world, [0])
    at = uuid4()
    body = spoil(sealed(key, at, as_bytes(world.body(code))))

    refused = put(client, at, as_bytes(body))

    assert (refused.status_code, refused.json["code"]) == (422, "COLLECT-004")
    assert "niêm phong" in refused.json["message"]
    assert stored(database) == 0


@pytest.mark.parametrize(
    ("spoil", "item"),
    [
        ({"sealed": 2}, "sealed"),
        ({"sealed": True}, "sealed"),
        ({"key": 7}, "key"),
        ({"epk": "AAAA"}, "epk"),
        ({"iv": None}, "iv"),
        ({"iv": "AAAA AAAAAAAAAAAA"}, "iv"),
        ({"ct": ""}, "ct"),
        ({"ct": "a+b/"}, "ct"),
        ({"survey": "ks-2024"}, ""),
    ],
)
def test_a_seal_of_the_wrong_shape_names_its_member(
    client: FlaskClient, key: intake_key.IntakeKey, spoil: dict[str, Any], item: str
) -> None:
    at = uuid4()

    refused = put(client, at, as_bytes({**sealed(key, at, b"{}"), **spoil}))

    assert (refused.status_code, refused.json["code"]) == (422, "COLLECT-002")
    assert [problem["item"] for problem in refused.json["problems"]] == [item]


@pytest.mark.parametrize("plain", [b"", b"\xff\xfe", b"[]", b"{"])
def test_what_is_sealed_must_be_a_submission(
    client: FlaskClient, database: Database, key: intake_key.IntakeKey, plain: bytes
) -> None:
    at = uuid4()

    refused = put(client, at, as_bytes(sealed(key, at, plain)))

    assert (refused.status_code, refused.json["code"]) == (422, "COLLECT-001")
    assert stored(database) == 0


def test_a_seal_inside_a_seal_is_no_submission(
    client: FlaskClient, database: Database, world: World, key: intake_key.IntakeKey
) -> None:
    [code] = codes_for(database, world, [0])
    at = uuid4()
    inner = as_bytes(sealed(key, at, as_bytes(world.body(code))))

    refused = put(client, at, as_bytes(sealed(key, at, inner)))

    assert (refused.status_code, refused.json["code"]) == (422, "COLLECT-002")
    assert stored(database) == 0


def test_five_sealed_megabytes_are_refused_unopened(
    client: FlaskClient, database: Database, key: intake_key.IntakeKey
) -> None:
    at = uuid4()

    refused = put(client, at, as_bytes(sealed(key, at, b" " * 5_000_000)))

    assert (refused.status_code, refused.json["code"]) == (413, "COLLECT-003")
    assert stored(database) == 0


def test_a_replaced_key_still_opens_what_tablets_hold(
    client: FlaskClient,
    database: Database,
    settings: Settings,
    world: World,
    key: intake_key.IntakeKey,
) -> None:
    [one, two] = codes_for(database, world, [0, 0])
    before, after = uuid4(), uuid4()
    held = as_bytes(sealed(key, before, as_bytes(world.body(one))))
    (settings.keys / intake_key.CURRENT).rename(settings.keys / "intake-2024.key")

    new = intake_key.public(settings.keys)
    fresh = as_bytes(sealed(new, after, as_bytes(world.body(two))))

    assert new.id != key.id
    assert put(client, before, held).status_code == 201
    assert put(client, after, fresh).status_code == 201
    assert stored(database) == 4


def test_the_public_key_is_made_once_and_lies_in_a_private_file(settings: Settings) -> None:
    first, second = intake_key.public(settings.keys), intake_key.public(settings.keys)

    point = base64.urlsafe_b64decode(first.point_base64url + "=")
    assert first == second
    assert (len(point), point[0]) == (65, 4)
    assert first.id == hashlib.sha256(point).hexdigest()[:16]
    assert (settings.keys / intake_key.CURRENT).stat().st_mode & 0o777 == 0o600
