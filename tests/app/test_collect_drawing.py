"""Pages that are drawn once for everybody: never with what one person said, always a new token."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import meta
from sqlalchemy import update

from surveyapp.collect import drawing
from surveyapp.db import Database
from surveyapp.models import Survey
from tests.app.collect_world import codes_for, made

HOME = "/s/ks-2024"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
#: What belongs to one request: a page that is kept for others must not name it.
OF_A_REQUEST = {"request", "session", "g", "current_user", "csrf_token", "get_flashed_messages"}


@pytest.fixture
def engine_name() -> str:
    """Use one engine: drawing asks no database."""
    return "sqlite"


@pytest.fixture
def people(app: Flask, database: Database) -> list[FlaskClient]:
    """Give two browsers that have opened the form of one cell with different codes."""
    drawing._kept.cache_clear()
    opened = []
    for code in codes_for(database, made(database), [0, 0]):
        client = app.test_client()
        client.post(f"{HOME}/code", data={"invitation": code})
        opened.append(client)
    return opened


def test_people_get_the_same_page_and_a_token_each(people: list[FlaskClient]) -> None:
    first, second = (one.get(f"{HOME}/q/one").text for one in people)
    tokens = [TOKEN.findall(page) for page in (first, second)]

    assert drawing._kept.cache_info().hits == 1
    assert [len(found) for found in tokens] == [1, 1]
    assert tokens[0] != tokens[1]
    assert TOKEN.sub("", first) == TOKEN.sub("", second)
    assert drawing.MARK not in first


def test_the_tokens_of_drawn_pages_open_their_forms(app: Flask, people: list[FlaskClient]) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    mine, other = (TOKEN.findall(one.get(f"{HOME}/q/one").text)[0] for one in people)

    right = people[0].post(f"{HOME}/q/one", data={"q1": "4", "csrf_token": mine})
    foreign = people[0].post(f"{HOME}/q/one", data={"q1": "4", "csrf_token": other})

    assert right.location == f"{HOME}/q/three"
    assert foreign.location == f"{HOME}/q/one"  # stale: shown again


def test_an_answer_is_on_no_page_of_somebody_else(people: list[FlaskClient]) -> None:
    mine, other = people
    untouched = other.get(f"{HOME}/q/one").text
    mine.post(f"{HOME}/q/one", data={"q1": "4", "go": "next"})
    kept = drawing._kept.cache_info().currsize

    assert " checked" in mine.get(f"{HOME}/q/one").text
    assert TOKEN.sub("", other.get(f"{HOME}/q/one").text) == TOKEN.sub("", untouched)
    assert " checked" not in untouched
    assert drawing._kept.cache_info().currsize == kept  # what somebody chose is not kept


def test_words_that_somebody_typed_are_not_kept(people: list[FlaskClient]) -> None:
    mine, other = people
    for key, fields in {
        "one": {"q1": "4"},
        "three": {"q3": "2"},
        "four": {"q4": "Rất riêng"},
    }.items():
        mine.post(f"{HOME}/q/{key}", data={"go": "next", **fields})

    assert "Rất riêng" in mine.get(f"{HOME}/q/four").text
    assert "Rất riêng" in mine.get(f"{HOME}/check").text
    assert "Rất riêng" not in other.get(f"{HOME}/q/four").text
    other.post(f"{HOME}/code", data={"invitation": "SAI-MÃ"})
    assert "SAI-MÃ" not in mine.get(f"{HOME}/code").text


def test_another_look_is_another_page(people: list[FlaskClient]) -> None:
    mine, other = people
    mine.get(f"{HOME}/q/one")
    other.post(f"{HOME}/q/one", data={"look": "size:150"})

    assert 'class="t150"' in other.get(f"{HOME}/q/one").text
    assert 'class="t100"' in mine.get(f"{HOME}/q/one").text


def test_a_changed_title_shows_at_once(people: list[FlaskClient], database: Database) -> None:
    people[0].get(HOME)
    with database.session() as db:
        db.execute(update(Survey).values(title="Tên mới"))
        db.commit()

    assert ">Tên mới</h1>" in people[1].get(HOME).text


def test_the_templates_of_drawn_pages_read_nothing_of_the_request(app: Flask) -> None:
    shown = {"base", "macros", "start", "code", "about", "question", "table", "faces", "thanks"}
    read = set()
    for name in shown:
        source, _, _ = app.jinja_env.loader.get_source(app.jinja_env, f"collect/{name}.html")
        read |= meta.find_undeclared_variables(app.jinja_env.parse(source))

    assert read & {"visit", "look"}  # the test looks at something
    assert read & OF_A_REQUEST == set()
