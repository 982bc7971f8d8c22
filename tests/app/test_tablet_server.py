"""What a tablet gets from the server and tells it: configuration, ledger, files, recordings."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from surveyapp import clock
from surveyapp.actor import Actor
from surveyapp.collect import (
    devices,
    intake_key,
    pairing,
    release,
    tablet_ledger,
    tablet_rescue,
)
from surveyapp.collect.keys import Keyring
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Device, DeviceDay, Response, Survey, WaitingAnswer
from tests.app.collect_world import World, as_bytes, made

DAY = {
    "day": "2024-11-04",
    "revision": 3,
    "started": 5,
    "completed": 3,
    "broken_off": 1,
    "unsent": 1,
    "received": 2,
    "attention": 0,
}


@pytest.fixture
def world(database: Database) -> World:
    return made(database, "counter", "counter")


@pytest.fixture
def token(database: Database, world: World) -> str:
    with database.session() as db:
        token = world.device(db)[1]
        db.commit()
    return token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def report(client: FlaskClient, token: str, *days: dict[str, Any]) -> Any:
    return client.post("/api/device/ledger", json={"days": days}, headers=bearer(token))


def days(database: Database) -> list[DeviceDay]:
    with database.read_session() as db:
        return list(db.scalars(select(DeviceDay).order_by(DeviceDay.day)))


def test_the_configuration_says_all_that_the_tablet_needs_and_no_official(
    client: FlaskClient, settings: Settings, token: str
) -> None:
    reply = client.get("/api/device/configuration", headers=bearer(token))

    assert reply.headers["Sipas"] == "1"
    assert reply.json["key"]["id"] == intake_key.public(settings.keys).id
    assert reply.json["agency"] == {"code": "A1", "title": "Sở A1"}
    assert reply.json["survey"]["is_open"] is True
    assert [one["code"] for one in reply.json["form"]["languages"]] == ["vi", "en"]
    assert reply.json["form"]["helper_item"] == "holder"
    assert reply.json["form"]["screens"][-1]["number"] == 8
    first = reply.json["form"]["languages"][0]["items"]["overall"]
    assert [option["value"] for option in first["options"]] == ["1", "2", "3", "4", "5"]
    described = client.get("/api/openapi.json").json["components"]["schemas"]["Configuration"]
    assert set(reply.json) == set(described["properties"])


def test_an_unchanged_configuration_is_not_sent_again(
    client: FlaskClient, database: Database, world: World, token: str
) -> None:
    mark = client.get("/api/device/configuration", headers=bearer(token)).headers["ETag"]
    again = {**bearer(token), "If-None-Match": mark}
    assert client.get("/api/device/configuration", headers=again).status_code == 304
    with database.session() as db:
        db.get_one(Survey, world.survey.id).state = "locked"
        db.commit()

    changed = client.get("/api/device/configuration", headers=again)
    assert changed.status_code == 200
    assert changed.json["survey"]["is_open"] is False


def test_nobody_else_gets_a_configuration_or_reports(
    client: FlaskClient, database: Database, token: str
) -> None:
    assert client.get("/api/device/configuration").status_code == 401
    assert report(client, "ABCDE", DAY).json["code"] == "COLLECT-044"
    with database.session() as db:
        device = db.scalars(select(Device)).one()
        device.revoked_at = device.paired_at
        db.commit()
    refused = client.get("/api/device/configuration", headers=bearer(token))
    assert (refused.status_code, refused.json["code"]) == (403, "COLLECT-045")
    assert report(client, token, DAY).status_code == 403
    assert days(database) == []


def test_a_form_about_many_agencies_is_not_asked_on_a_tablet(
    client: FlaskClient, database: Database, official: Callable[..., Actor]
) -> None:
    world = made(database, "sociological", "par_district")
    actor = official("manager")
    with database.session() as db, pytest.raises(AppError, match="COLLECT-071") as refusal:
        pairing.pair(db, actor, world.survey.code, "A1", "Quầy 1")
    assert refusal.value.status == 409
    with database.session() as db:
        token = world.device(db)[1]
        db.commit()

    refused = client.get("/api/device/configuration", headers=bearer(token))
    assert (refused.status_code, refused.json["code"]) == (409, "COLLECT-071")


def test_a_ledger_sent_twice_late_or_changed_keeps_the_newest_counts(
    client: FlaskClient, database: Database, token: str
) -> None:
    newer = {**DAY, "revision": 4, "started": 6, "completed": 4, "received": 3}
    assert report(client, token, DAY, {**DAY, "day": "2024-11-05"}).json["ok"] is True
    for sent in (DAY, newer, DAY, newer):
        assert report(client, token, sent).status_code == 200

    first, second = days(database)
    assert (first.revision, first.started, first.completed, first.received) == (4, 6, 4, 3)
    assert (second.revision, second.started) == (3, 5)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"days": {}},
        {"days": [DAY], "more": 1},
        {"days": [{**DAY, "day": "04/11/2024"}]},
        {"days": [{**DAY, "day": 3}]},
        {"days": [{**DAY, "started": -1}]},
        {"days": [{**DAY, "started": 1.5}]},
        {"days": [{**DAY, "started": True}]},
        {"days": [{**DAY, "at": "08:15"}]},
        {"days": [DAY, DAY]},
        {"days": [DAY] * 63},
    ],
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_ledger_of_another_shape_is_refused_whole(
    client: FlaskClient, database: Database, token: str, body: object
) -> None:
    refused = client.post("/api/device/ledger", json=body, headers=bearer(token))

    assert (refused.status_code, refused.json["code"]) == (422, "COLLECT-070")
    assert days(database) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_ledger_that_is_too_large_is_refused(client: FlaskClient, token: str) -> None:
    refused = client.post("/api/device/ledger", data=b" " * 70_000, headers=bearer(token))

    assert (refused.status_code, refused.json["code"]) == (413, "COLLECT-072")


def answers_of(world: World) -> dict[str, str]:
    """Return the last choice of every question that everybody is asked."""
    return {
        item.code: item.option_codes[-1]
        for item in world.questionnaire().items
        if item.kind == "choice" and not item.show_if
    }


def send(client: FlaskClient, world: World, token: str, at: Any = None) -> Any:
    body = as_bytes(world.body(None, mode="tablet", answers=answers_of(world)))
    return client.put(f"/api/submissions/{at or uuid4()}", data=body, headers=bearer(token))


def test_the_server_counts_what_is_new_and_names_the_difference(
    client: FlaskClient,
    signed_in: Callable[..., FlaskClient],
    database: Database,
    world: World,
    token: str,
) -> None:
    at = uuid4()
    assert [send(client, world, token, at).status_code for _ in range(2)] == [201, 200]
    assert send(client, world, token).status_code == 201
    assert [day.accepted for day in days(database)] == [2]
    report(client, token, {**DAY, "completed": 4, "received": 1})

    page = signed_in("manager").get("/surveys/ks-2024/devices/").text
    assert "Máy chủ đã nhận 1 phiếu mà máy chưa báo" in page
    assert "Máy hoàn thành 4 phiếu nhưng chỉ kể được 2 phiếu" in page
    assert "1 phiếu chưa gửi, còn trên máy" in page
    report(client, token, {**DAY, "revision": 9, "completed": 2, "received": 2, "unsent": 0})
    page = signed_in("auditor").get("/surveys/ks-2024/devices/").text
    assert "Khớp, theo lần máy báo gần nhất" in page
    assert "có thể còn trên máy" not in page
    with database.session() as db:
        db.scalars(select(Device)).one().revoked_at = clock.now()
        db.commit()
    page = signed_in("auditor").get("/surveys/ks-2024/devices/").text
    assert "phiếu làm xong mà máy chưa kịp báo có thể còn trên máy" in page


def test_no_table_leads_from_an_answer_to_a_tablet() -> None:
    columns = {column.name for column in DeviceDay.__table__.columns}

    assert columns == {"device_id", "day", "revision", "accepted", "later", *tablet_ledger.COUNTS}


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_file_of_the_application_is_signed_and_strict(client: FlaskClient) -> None:
    for name in ("", "app.js", "style.css", "worker.js", "manifest.webmanifest", "icon.svg"):
        reply = client.get(f"/tablet/{name}", headers={"Accept-Encoding": "gzip"})
        assert reply.status_code == 200, name
        assert reply.headers["Sipas"] == "1"
        assert reply.headers["Content-Encoding"] == "gzip"
        assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert client.get("/tablet/none.js").status_code == 404
    assert "Sipas" not in client.get("/tablet/none.js").headers
    assert json.loads(client.get("/tablet/manifest.webmanifest").data)["scope"] == "/tablet/"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_recordings_beside_the_database_are_listed_and_given(
    client: FlaskClient, settings: Settings, world: World, token: str
) -> None:
    version = f"counter/{world.version}"
    folder = settings.home / "audio" / version / "vi"
    folder.mkdir(parents=True)
    for name in ("overall.mp3", "overall-5.mp3", "other.mp3", "overall.txt"):
        (folder / name).write_bytes(b"ID3")

    listed = client.get("/api/device/configuration", headers=bearer(token)).json["recordings"]
    assert listed["vi"] == {
        "overall": f"{version}/vi/overall.mp3",
        "overall-5": f"{version}/vi/overall-5.mp3",
    }
    assert listed["en"] == {}
    with client.get(f"/tablet/audio/{version}/vi/overall.mp3") as given:
        assert (given.data, given.mimetype, given.headers["Sipas"]) == (b"ID3", "audio/mpeg", "1")
    for path in (f"{version}/vi/overall.txt", f"{version}/vi/none.mp3", "../1/vi/overall.mp3"):
        assert client.get(f"/tablet/audio/{path}").status_code in {308, 404}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"sipas_rescue": 2, "device": 1, "records": []}', '{"sipas_rescue": 1}']
    + [f'{{"sipas_rescue": 1, "device": 1, "records": {one}}}' for one in ("[1]", '[{"id": "x"}]')],
)
def test_a_file_that_is_no_rescue_file_is_refused_whole(tmp_path: Path, text: str) -> None:
    file = tmp_path / "phieu.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(AppError, match="COLLECT-073"):
        tablet_rescue.read(file)


def test_a_rescue_file_of_an_unknown_tablet_is_refused(
    database: Database, official: Callable[..., Actor]
) -> None:
    actor = official("admin")
    with database.session() as db, pytest.raises(AppError, match="COLLECT-074"):
        tablet_rescue.device_of(db, actor, tablet_rescue.RescueFile(99, ()))


def test_a_rescued_form_counts_once_and_a_refused_one_disturbs_no_other(
    database: Database, settings: Settings, world: World, token: str
) -> None:
    with database.read_session() as db:
        tablet = devices.recognise(db, token)
    right = as_bytes(world.body(None, mode="tablet", answers=answers_of(world)))
    wrong = as_bytes(world.body(None, mode="tablet", answers={"overall": "9"}))
    file = tablet_rescue.RescueFile(tablet.id, ((uuid4(), wrong), (uuid4(), right)))
    keyring = Keyring(settings.keys)

    first = tablet_rescue.feed(database, keyring, 5, tablet, file)
    second = tablet_rescue.feed(database, keyring, 5, tablet, file)

    assert (first.stored, first.repeated, [place for place, _ in first.refused]) == (1, 0, [1])
    assert (second.stored, second.repeated) == (0, 1)
    assert [day.accepted for day in days(database)] == [1]


def test_the_forms_of_a_rescue_file_are_released_like_others(
    database: Database, settings: Settings, world: World, token: str
) -> None:
    with database.read_session() as db:
        tablet = devices.recognise(db, token)
    records = tuple(
        (uuid4(), as_bytes(world.body(None, mode="tablet", answers=answers_of(world))))
        for _ in range(10)
    )
    file = tablet_rescue.RescueFile(tablet.id, records)
    for stored, repeated in ((10, 0), (0, 10)):
        done = tablet_rescue.feed(database, Keyring(settings.keys), 5, tablet, file)
        assert (done.stored, done.repeated) == (stored, repeated)
        with database.read_session() as db:
            counts = [
                db.scalar(select(func.count()).select_from(table))
                for table in (Response, WaitingAnswer)
            ]
        assert counts == [5, 5]


def test_what_was_accepted_is_shown_by_agency_and_day(
    client: FlaskClient,
    signed_in: Callable[..., FlaskClient],
    database: Database,
    world: World,
    token: str,
) -> None:
    with database.session() as db:
        [other, revoked] = [world.device(db, agency)[1] for agency in ("A1", "A2")]
        db.commit()
    with clock.set_to(datetime(2024, 11, 4, 5, tzinfo=UTC)):
        assert send(client, world, token).status_code == 201
    with clock.set_to(datetime(2024, 11, 5, 5, tzinfo=UTC)):
        sent = [send(client, world, one).status_code for one in (token, other, revoked)]
        assert sent == [201] * 3
    with database.session() as db:
        tablet = devices.recognise(db.connection(), revoked)
        db.get_one(Device, tablet.id).revoked_at = clock.now()
        db.commit()

    with database.read_session() as db:
        accepted = tablet_ledger.accepted(db, world.survey.id)
    assert accepted.days == (date(2024, 11, 5), date(2024, 11, 4))
    assert accepted.by_agency == {"A1": (2, 1), "A2": (1, 0)}
    assert accepted.total == {"A1": 3, "A2": 1}
    page = signed_in("auditor").get("/surveys/ks-2024/devices/").text
    table = page.partition("Phiếu đã nhận theo cơ quan")[2].partition("</table>")[0]
    assert re.findall(r"<th[^>]*>(Sở A\d)", table) == ["Sở A1", "Sở A2"]
    assert re.findall(r'<td class="n">(\d+)', table) == ["3", "2", "1", "1", "1", "0"]


def test_a_tablet_whose_clock_is_a_year_ahead_loses_nothing_and_dates_nothing(
    client: FlaskClient,
    signed_in: Callable[..., FlaskClient],
    database: Database,
    settings: Settings,
    world: World,
    token: str,
) -> None:
    now = datetime(2024, 11, 4, 5, tzinfo=UTC)
    with clock.set_to(now):
        client.environ_base["HTTP_DATE"] = format_datetime(now.replace(year=2025), usegmt=True)
        assert send(client, world, token).status_code == 201
        assert report(client, token, {**DAY, "day": "2025-11-04"}).status_code == 200
        with database.session() as db:
            release.release_all(db, Keyring(settings.keys), world.survey.id)
            db.commit()
        page = signed_in("manager").get("/surveys/ks-2024/devices/").text

    with database.read_session() as db:
        assert list(db.scalars(select(Response.received_on))) == [date(2024, 11, 4)]
    assert "đồng hồ của máy đã sai" in page
    assert [day.accepted for day in days(database)] == [1, 0]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_tablets_are_sent_to_their_application_and_officials_to_the_page_of_codes(
    client: FlaskClient,
) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "https.md").read_text(encoding="utf-8")
    paths = re.findall(r"https://may-chu\.noibo:8443(/[a-z/]+)", guide)
    assert set(paths) == {"/tablet/"}
    assert "trang «Máy tại quầy»" in client.get("/device").text
