"""Bodies that are refused: each fault is named, nothing is stored, nothing is repeated."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from surveyapp.db import Database
from surveyapp.models import Exchange, WaitingAnswer
from tests.app.collect_world import World, as_bytes, codes_for, made

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def engine_name() -> str:
    """Use one engine: what is refused here never comes to a query that engines answer apart."""
    return "sqlite"


@pytest.fixture
def world(database: Database) -> World:
    return made(database)


def put(client: FlaskClient, body: bytes) -> Any:
    return client.put(f"/api/submissions/{uuid4()}", data=body, content_type="application/json")


def stored(database: Database) -> int:
    with database.read_session() as db:
        return sum(
            db.scalar(select(func.count()).select_from(table)) or 0
            for table in (Exchange, WaitingAnswer)
        )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe{}",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"survey": NaN}',
        b'{"survey": "a", "survey": "b"}',
        b'"' + SCRIPT.encode() + b'"',
        as_bytes({"survey": "ks-2024"}),
        as_bytes({SCRIPT: SCRIPT, "answers": []}),
    ],
    ids=["empty", "not utf-8", "cut", "list", "deep", "nan", "twice", "script", "few", "names"],
)
def test_a_body_that_is_no_submission_is_refused_and_not_repeated(
    client: FlaskClient, database: Database, body: bytes
) -> None:
    refused = put(client, body)

    assert refused.status_code == 422
    assert refused.json["problems"]
    assert refused.json["fix"]
    assert "script" not in refused.text
    assert refused.headers["Sipas"] == "1"
    assert stored(database) == 0


def test_a_program_that_sends_another_encoding_is_told_which_one_and_where_it_stands(
    client: FlaskClient,
) -> None:
    refused = put(client, '{"survey": "khảo-sát"}'.encode("utf-16"))

    assert refused.json["problems"][0]["message"] == "Nội dung không phải UTF-8."
    address = re.search(r"gửi JSON mã hóa UTF-8 đúng như mô tả ở (/\S+json)", refused.json["fix"])
    assert address is not None
    assert client.get(address[1]).json["openapi"]


@pytest.mark.parametrize(
    ("more", "item"),
    [
        ({"answers": {"q1": "9"}}, "q1"),
        ({"answers": {"q1": "4", SCRIPT: "1"}}, SCRIPT),
        ({"answers": {"q1": "4", "q4": "a\x00b"}}, "q4"),
        ({"answers": {"q1": "4", "q4": "a" * 501}}, "q4"),
        ({"answers": {"q1": "4", "q3": 21}}, "q3"),
        ({"answers": {"q1": "4", "q2": ["wait"]}}, "q2"),
        ({"answers": {}}, "q1"),
        ({"ratings": {"A1": {}}}, ""),
        ({"version": 2}, "questionnaire"),
        ({"version": "1"}, "version"),
        ({"questionnaire": "other"}, "questionnaire"),
        ({"language": "fr"}, "language"),
        ({"agency": "A2"}, "agency"),
        ({"mode": "fax"}, "mode"),
        ({"assisted": "neighbour"}, "assisted"),
        ({"nonce": "short"}, "nonce"),
    ],
)
def test_answers_that_break_the_definition_name_item_and_rule(
    client: FlaskClient, database: Database, world: World, more: dict[str, Any], item: str
) -> None:
    [code] = codes_for(database, world, [0])

    refused = put(client, as_bytes(world.body(code, **more)))

    assert refused.status_code == 422
    assert item in [problem["item"] for problem in refused.json["problems"]]
    assert all(problem["rule"] and problem["message"] for problem in refused.json["problems"])
    assert refused.content_type == "application/json"
    assert stored(database) == 0


ANSWERS = "Xem lại các câu được nêu rồi gửi lại."
FORM = "ghi đúng bản phiếu, ngôn ngữ, cơ quan rồi gửi lại."
SHAPE = "đúng như mô tả ở /api/openapi.json."


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"answers": {"q1": "9"}}, {ANSWERS}),
        ({"version": 2}, {FORM}),
        ({"questionnaire": "other"}, {FORM}),
        ({"language": "fr"}, {FORM}),
        ({"agency": "A2"}, {FORM}),
        ({"agency": "A2", "answers": {"q1": "9"}}, {ANSWERS, FORM}),
        ({"mode": "fax"}, {SHAPE}),
        ({"survey": "Khảo sát"}, {SHAPE}),
        ({"version": "1", "language": 1}, {SHAPE}),
    ],
)
def test_what_to_do_fits_what_is_wrong(
    client: FlaskClient, database: Database, world: World, more: dict[str, Any], wanted: set[str]
) -> None:
    [code] = codes_for(database, world, [0])

    fix = put(client, as_bytes(world.body(code, **more))).json["fix"]

    assert {text for text in (ANSWERS, FORM, SHAPE) if text in fix} == wanted
    assert all(fix.count(text) == 1 for text in wanted)


def test_a_rating_of_another_agency_is_not_mended_by_other_answers(
    client: FlaskClient, database: Database
) -> None:
    world = made(database, "sociological", "par_district")
    [code] = codes_for(database, world, [3])
    sent = world.body(code, ratings={name: {} for name in ("A1", "A2", "A3", "A9")})

    fix = put(client, as_bytes(sent)).json["fix"]

    assert FORM in fix
    assert ANSWERS in fix  # the questions about the right agencies are open, too


def test_replies_are_read_in_vietnamese_letters_whatever_was_sent(
    client: FlaskClient, database: Database, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    half = world.body(code, answers={"q1": "4", "câu\ud800": "1"})

    refused = put(client, json.dumps(half).encode())

    assert "Phiếu trả lời không đúng với phiếu khảo sát." in refused.text
    assert refused.json["problems"][0]["item"] == "câu\\ud800"  # half a letter is written out


def test_five_megabytes_are_refused_unread(client: FlaskClient, database: Database) -> None:
    refused = put(client, b"x" * 5_000_000)

    assert (refused.status_code, refused.json["code"]) == (413, "COLLECT-003")
    assert stored(database) == 0
