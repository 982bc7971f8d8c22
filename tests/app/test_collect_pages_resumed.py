"""The same code again on the same device, and what is said of a form that is not there any more."""

import pytest
from flask.testing import FlaskClient

from surveyapp import codes
from surveyapp.db import Database
from tests.app.collect_world import World, codes_for, made
from tests.app.test_collect_pages import HOME, answered, finished, opened, text_of


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


@pytest.mark.parametrize(
    ("language", "sentence", "advice"),
    [
        ("vi", "đã gửi phiếu thì phiếu đã được nhận, không cần làm lại", "bắt đầu lại"),
        ("en", "have sent your form, it has been received", "start again"),
    ],
)
def test_the_way_back_after_the_thanks_says_that_a_sent_form_has_been_received(
    client: FlaskClient, database: Database, world: World, language: str, sentence: str, advice: str
) -> None:
    [code] = codes_for(database, world, [0])
    finished(client, code)
    client.post(f"{HOME}/check", data={"go": "next"})
    client.get(f"{HOME}/thanks")
    client.set_cookie("sipas_look", f"{language}.100.0", path="/")

    back = client.get(f"{HOME}/check")

    assert back.status_code == 410
    assert sentence in text_of(back)
    assert advice in text_of(back)


def test_who_comes_back_is_told_where_the_form_goes_on(
    client: FlaskClient, database: Database, world: World
) -> None:
    first, second = codes_for(database, world, [0, 0])
    opened(client, first)
    assert "Làm tiếp" not in text_of(client.get(f"{HOME}/about"))
    answered(client, "one", q1="4")

    opened(client, first)
    told = text_of(client.get(f"{HOME}/about"))
    assert "đã trả lời vẫn còn. Bấm «Làm tiếp» để trả lời từ câu 2/3." in told
    assert "Câu 2/3" in text_of(client.get(onward(client)))

    answered(client, "three", q3="2")
    answered(client, "four", q4="Cảm ơn")
    opened(client, first)
    assert "Ông/Bà đã trả lời hết." in text_of(client.get(f"{HOME}/about"))
    assert onward(client) == f"{HOME}/check"

    opened(client, second)
    assert "Làm tiếp" not in text_of(client.get(f"{HOME}/about"))
