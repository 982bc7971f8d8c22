"""A code from a counter's tablet, answered at home: single use, a limit a day, counted apart."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from surveyapp import clock, codes
from surveyapp.collect import later, release
from surveyapp.collect.keys import Keyring
from surveyapp.collect.metrics import text
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import DeviceDay, Invitation, Response, Survey
from tests.app.collect_world import NOW, World, as_bytes, codes_for, made

HOME = "/s/ks-2024"


@pytest.fixture
def world(database: Database) -> World:
    return made(database, "counter", "counter")


@pytest.fixture
def tablet(app: Flask, database: Database, world: World) -> FlaskClient:
    with database.session() as db:
        token = world.device(db, "A2")[1]
        db.commit()
    client = app.test_client()
    client.post("/device", data={"token": token})
    return client


def code_on(page: str) -> str:
    return codes.normalise(re.search(r'class="printed">([^<]+)<', page)[1])


def answered_at_home(app: Flask, code: str) -> str:
    """Answer the whole form with a code and return where that ends."""
    home = app.test_client()
    location = home.post(f"{HOME}/code", data={"invitation": code}).location
    location = home.post(location, data={"go": "next"}).location
    while "/q/" in location:
        page = home.get(location).text
        fields = dict(re.findall(r'type="radio" id="[^"]+" name="([^"]+)" value="([^"]+)"', page))
        location = home.post(location, data={"go": "next", **fields}).location
    return home.post(f"{HOME}/check", data={"go": "next"}).location


def test_an_answer_from_home_is_an_opinion_at_that_counter(
    app: Flask, database: Database, world: World, tablet: FlaskClient, settings: Settings
) -> None:
    assert "Trả lời sau" in unescape(tablet.get(HOME).text)
    page = tablet.post(f"{HOME}/later")
    code = code_on(page.text)
    assert codes.is_whole(code)
    assert "data:image/svg+xml" in page.text

    assert answered_at_home(app, code) == f"{HOME}/thanks"

    with database.session() as db:
        release.release_all(db, Keyring(settings.keys), world.survey.id)
        db.commit()
    with database.read_session() as db:
        [row] = db.scalars(select(Response)).all()
        assert (row.device_agency, row.mode, row.cell_id) == ("A2", "web", None)
        day = db.scalars(select(DeviceDay)).one()
        assert (day.later, day.accepted) == (1, 0)


def test_the_code_works_once_and_for_two_weeks(
    app: Flask, database: Database, tablet: FlaskClient
) -> None:
    first, second = (code_on(tablet.post(f"{HOME}/later").text) for _ in range(2))
    answered_at_home(app, first)

    again = app.test_client().post(f"{HOME}/code", data={"invitation": first})
    assert "đã được dùng" in unescape(again.text)
    with clock.set_to(clock.now() + later.VALID + timedelta(days=1)):
        late = app.test_client().post(f"{HOME}/code", data={"invitation": second})
    assert "đã hết hạn" in unescape(late.text)
    with database.read_session() as db:
        assert sorted(db.scalars(select(Invitation.is_spent))) == [False, True]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    ("more", "status"),
    [
        (None, 403),
        ({"is_spent": True}, 409),
        ({"expires_on": NOW.date()}, 403),
        ({"is_revoked": True}, 403),
    ],
    ids=["unknown", "spent", "expired", "revoked"],
)
def test_at_home_no_page_of_a_code_speaks_of_an_invitation(
    client: FlaskClient,
    database: Database,
    world: World,
    language: str,
    more: dict[str, Any] | None,
    status: int,
) -> None:
    client.set_cookie("sipas_look", f"{language}.100.0", path="/")
    code = codes.make() if more is None else codes_for(database, world, [1], **more)[0]

    pages = [
        client.get(f"{HOME}/code"),
        *(client.post(f"{HOME}/code", data={"invitation": typed}) for typed in ("", "ABC", code)),
    ]

    assert [page.status_code for page in pages] == [200, 422, 422, status]
    source = {"vi": "máy tại quầy", "en": "tablet at the counter"}[language]
    for page in pages:
        text = unescape(page.text)
        assert source in text
        assert not re.search("giấy mời|phong bì|your invitation|envelope", text)
    whom = {"vi": "quầy đã cho mã", "en": "whoever gave you the code"}[language]
    assert (whom in unescape(pages[-1].text)) == (more is not None)


def test_the_intake_says_whom_to_ask_about_a_spent_code_of_a_counter(
    client: FlaskClient, database: Database, world: World
) -> None:
    [code] = codes_for(database, world, [1], is_spent=True)

    refused = client.put(f"/api/submissions/{uuid4()}", data=as_bytes(world.body(code)))

    assert refused.json["code"] == "COLLECT-016"
    assert "xin liên hệ quầy đã cho mã" in refused.json["fix"]


def test_a_tablet_gives_out_so_many_a_day_and_no_more(
    database: Database, tablet: FlaskClient
) -> None:
    pages = [tablet.post(f"{HOME}/later") for _ in range(later.MOST_A_DAY + 1)]

    assert [page.status_code for page in pages] == [200] * later.MOST_A_DAY + [429]
    with database.read_session() as db:
        assert len(db.scalars(select(Invitation)).all()) == later.MOST_A_DAY
    with clock.set_to(clock.now() + timedelta(days=1)):
        assert tablet.post(f"{HOME}/later").status_code == 200


def test_only_a_counter_tablet_gives_codes_and_no_link_does(
    client: FlaskClient, tablet: FlaskClient, database: Database
) -> None:
    assert client.post(f"{HOME}/later").status_code == 403
    assert tablet.get(f"{HOME}/later").status_code == 405
    assert "Trả lời sau" not in unescape(client.get(HOME).text)
    with database.read_session() as db:
        assert db.scalars(select(Invitation)).all() == []


def test_the_application_gets_the_same_code_and_officials_see_how_many(
    app: Flask,
    database: Database,
    world: World,
    signed_in: Callable[..., FlaskClient],
) -> None:
    with database.session() as db:
        token = world.device(db, "A2")[1]
        db.commit()
    bearer = {"Authorization": f"Bearer {token}"}
    client = app.test_client()

    given = [client.post("/api/device/later", headers=bearer) for _ in range(later.MOST_A_DAY + 1)]

    assert [one.status_code for one in given] == [200] * later.MOST_A_DAY + [429]
    assert (given[-1].json["code"], given[0].headers["Sipas"]) == ("COLLECT-076", "1")
    slip = given[0].json
    assert slip["address"].endswith(HOME)
    assert slip["picture"].startswith("data:image/svg+xml")
    assert answered_at_home(app, slip["code"]) == f"{HOME}/thanks"
    assert client.post("/api/device/later").status_code == 401
    page = signed_in("manager").get("/surveys/ks-2024/devices/").text
    ledger = page.partition("Sổ phiếu máy số")[2]
    assert "Mã trả lời sau" in ledger
    assert re.findall(r'<td class="n">(\d+)', ledger) == [*"0000000", str(later.MOST_A_DAY)]


def test_the_application_gets_no_code_in_a_survey_with_slips_or_after_the_end(
    app: Flask, database: Database, world: World
) -> None:
    with database.session() as db:
        token = world.device(db)[1]
        db.get_one(Survey, world.survey.id).kind = "service"
        db.commit()
    bearer = {"Authorization": f"Bearer {token}"}
    slips = app.test_client().post("/api/device/later", headers=bearer)
    with database.session() as db:
        db.get_one(Survey, world.survey.id).state = "locked"
        db.commit()
    over = app.test_client().post("/api/device/later", headers=bearer)

    assert (slips.status_code, slips.json["code"]) == (403, "COLLECT-017")
    assert (over.status_code, over.json["code"]) == (409, "COLLECT-011")
    with database.read_session() as db:
        assert db.scalars(select(Invitation)).all() == []


def test_a_survey_with_slips_gives_none(app: Flask, database: Database) -> None:
    world = made(database, "service", "small")
    codes_for(database, world, [0])
    with database.session() as db:
        token = world.device(db, "A1")[1]
        db.commit()
    client = app.test_client()
    client.post("/device", data={"token": token})

    assert client.post(f"{HOME}/later").status_code == 403
    assert "Trả lời sau" not in unescape(client.get(HOME).text)


def test_the_figures_for_monitoring_tell_a_code_from_a_counter_a_day_later(
    database: Database, world: World, tablet: FlaskClient, tmp_path: Path
) -> None:
    tablet.post(f"{HOME}/later")

    def figure() -> str:
        with database.read_engine.connect() as connection:
            return text(connection, tmp_path, clock.today())

    assert "sipas_invitations{" not in figure()
    with clock.set_to(clock.now() + timedelta(days=1)):
        assert f'sipas_invitations{{survey="{world.survey.code}"}} 1\n' in figure()
