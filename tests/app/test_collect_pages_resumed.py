"""The same code again on the same device, and what is said of a form that is not there any more."""

import pytest
from flask.testing import FlaskClient

from surveyapp import codes
from surveyapp.db import Database
from tests.app.collect_world import World, codes_for, made
from tests.app.test_collect_pages import HOME, answered, opened


@pytest.fixture
def engine_name() -> str:
    """Use one engine: the pages hold no queries of their own; intake is tested on both."""
    return "sqlite"


@pytest.fixture
def world(database: Database) -> World:
    return made(database)


def onward(client: FlaskClient) -> str:
    """Leave the page before the questions and return where that leads."""
    return client.post(f"{HOME}/about", data={"go": "next"}).location or ""


def test_the_same_code_goes_on_where_this_device_stopped(
    client: FlaskClient, database: Database, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    opened(client, code)
    answered(client, "one", q1="4")

    opened(client, codes.readable(code).lower())

    assert onward(client) == f"{HOME}/q/three"
    assert 'value="4" checked' in client.get(f"{HOME}/q/one").text


def test_another_code_shows_nothing_of_the_form_before(
    client: FlaskClient, database: Database, world: World
) -> None:
    first, second = codes_for(database, world, [0, 0])
    opened(client, first)
    answered(client, "one", q1="4")

    for code in (second, first):  # what the second began over is gone for the first as well
        opened(client, code)
        assert onward(client) == f"{HOME}/q/one"
        assert "checked" not in client.get(f"{HOME}/q/one").text


def test_a_question_left_out_on_the_way_comes_first(
    client: FlaskClient, database: Database, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    opened(client, code)
    answered(client, "three", q3="2")  # asked for by its address: the first has no answer yet

    opened(client, code)

    assert onward(client) == f"{HOME}/q/one"
