"""Who holds a tablet in a survey with slips; and a form that no tablet asks."""

from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from surveyapp.collect import release
from surveyapp.collect.keys import Keyring
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import Invitation, Response
from tests.app.collect_world import World, codes_for, made

HOME = "/s/ks-2024"


def paired(app: Flask, database: Database, world: World) -> FlaskClient:
    with database.session() as db:
        token = world.device(db)[1]
        db.commit()
    client = app.test_client()
    assert client.post("/device", data={"token": token}).location == HOME
    return client


def finished(client: FlaskClient) -> None:
    """Answer the small form from its first question on."""
    for key, fields in (("one", {"q1": "4"}), ("three", {"q3": "2"}), ("four", {})):
        assert client.post(f"{HOME}/q/{key}", data={"go": "next", **fields}).status_code == 303
    assert client.post(f"{HOME}/check", data={"go": "next"}).location == f"{HOME}/thanks"


def released(database: Database, world: World, settings: Settings) -> Response:
    with database.session() as db:
        release.release_all(db, Keyring(settings.keys), world.survey.id)
        db.commit()
    with database.read_session() as db:
        return db.scalars(select(Response)).one()


def test_a_tablet_asks_who_holds_it_after_the_code_and_keeps_it_with_the_answer(
    app: Flask, database: Database, settings: Settings
) -> None:
    world = made(database)
    [code] = codes_for(database, world, [0])
    tablet = paired(app, database, world)
    tablet.post(f"{HOME}/code", data={"invitation": code})
    assert "Ai đang bấm máy này?" in unescape(tablet.get(f"{HOME}/about").text)

    for wrong in ({}, {"helper": ""}, {"helper": "cousin"}):
        refused = tablet.post(f"{HOME}/about", data={"go": "next", **wrong})
        assert refused.status_code == 422
        assert "Mời Ông/Bà chọn ai đang bấm máy." in unescape(refused.text)
    relooked = tablet.post(f"{HOME}/about", data={"look": "size:150", "helper": "family"})
    assert relooked.location == f"{HOME}/about"
    assert 'value="family" checked' in tablet.get(f"{HOME}/about").text
    assert tablet.post(f"{HOME}/about", data={"go": "next"}).location == f"{HOME}/q/one"
    finished(tablet)

    row = released(database, world, settings)
    assert (row.assisted, row.mode) == ("family", "tablet")


def test_a_walk_in_is_asked_too_where_the_form_does_not_ask(
    app: Flask, database: Database, settings: Settings
) -> None:
    world = made(database, "counter", "small")
    tablet = paired(app, database, world)

    assert tablet.post(HOME, data={"go": "next"}).location == f"{HOME}/about"
    tablet.post(f"{HOME}/about", data={"go": "next", "helper": "official"})
    finished(tablet)

    assert released(database, world, settings).assisted == "official"


@pytest.mark.parametrize("kind", ["service", "counter"])
def test_a_browser_that_jumps_to_a_question_is_sent_to_say_who_holds_the_tablet(
    app: Flask, database: Database, settings: Settings, kind: str
) -> None:
    world = made(database, kind, "small")
    tablet = paired(app, database, world)
    if kind == "counter":
        tablet.post(HOME, data={"go": "next"})
    else:
        [code] = codes_for(database, world, [0])
        tablet.post(f"{HOME}/code", data={"invitation": code})

    for address in (f"{HOME}/q/one", f"{HOME}/q/four", f"{HOME}/check"):
        for jump in (tablet.get(address), tablet.post(address, data={"go": "next", "q1": "1"})):
            assert (jump.status_code, jump.location) == (303, f"{HOME}/about")
    tablet.post(f"{HOME}/about", data={"go": "next", "helper": "volunteer"})
    assert "checked" not in tablet.get(f"{HOME}/q/one").text  # the jump has answered nothing
    finished(tablet)

    assert released(database, world, settings).assisted == "volunteer"


def test_a_form_that_was_begun_before_the_tablet_was_paired_is_asked_it_too(
    app: Flask, database: Database
) -> None:
    world = made(database)
    [code] = codes_for(database, world, [0])
    with database.session() as db:
        token = world.device(db)[1]
        db.commit()
    browser = app.test_client()
    browser.post(f"{HOME}/code", data={"invitation": code})
    browser.post(f"{HOME}/q/one", data={"go": "next", "q1": "4"})
    browser.post("/device", data={"token": token})

    assert browser.get(f"{HOME}/q/three").location == f"{HOME}/about"


def test_a_phone_is_not_asked_and_cannot_say_it(
    app: Flask, database: Database, settings: Settings
) -> None:
    world = made(database)
    [code] = codes_for(database, world, [0])
    phone = app.test_client()
    phone.post(f"{HOME}/code", data={"invitation": code})
    assert "Ai đang bấm máy này?" not in unescape(phone.get(f"{HOME}/about").text)

    phone.post(f"{HOME}/about", data={"go": "next", "helper": "official"})
    finished(phone)

    assert released(database, world, settings).assisted == ""


def test_the_code_of_a_rater_of_many_agencies_is_refused_on_a_tablet(
    app: Flask, database: Database
) -> None:
    world = made(database, "sociological", "par_district")
    [code] = codes_for(database, world, [3])
    tablet = paired(app, database, world)

    refused = tablet.post(f"{HOME}/code", data={"invitation": code})

    assert refused.status_code == 409
    assert "không hỏi trên máy tại quầy" in unescape(refused.text)
    assert tablet.get(f"{HOME}/about").status_code == 410
    phone = app.test_client()
    assert phone.post(f"{HOME}/code", data={"invitation": code}).location == f"{HOME}/about"
    with database.read_session() as db:
        assert not db.scalars(select(Invitation.is_spent)).one()
