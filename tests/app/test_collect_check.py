"""The last look: who changes one answer comes back to the row of that answer."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from surveyapp.db import Database
from tests.app.collect_world import codes_for, made

HOME = "/s/ks-2024"
CHECK = f"{HOME}/check"
LINK = re.compile(r'<dd class="change"><a href="([^"]+)"')


@pytest.fixture
def engine_name() -> str:
    """Use one engine: the way between pages asks no database."""
    return "sqlite"


def choices(page: str, place: int) -> dict[str, str]:
    """Choose in each group of a page the option at a place."""
    found = re.findall(r'type="radio" id="[^"]+" name="([^"]+)" value="([^"]+)"', page)
    options = {name: [value for other, value in found if other == name] for name, _ in found}
    return {name: values[place] for name, values in options.items()}


def filled(
    client: FlaskClient, database: Database, kind: str, form: str, cell: int = 0, place: int = 1
) -> str:
    """Answer everything and return the last look."""
    [code] = codes_for(database, made(database, kind, form), [cell])
    client.post(f"{HOME}/code", data={"invitation": code})
    location = client.post(f"{HOME}/about", data={"go": "next"}).location
    while "/q/" in location:
        given = choices(client.get(location).text, place)
        location = client.post(location, data={"go": "next", **given, "q3": "2"}).location
    assert location == CHECK
    return client.get(CHECK).text


@pytest.mark.parametrize(
    ("kind", "form", "cell"),
    [
        ("service", "small", 0),
        ("sociological", "par_district", 0),
        ("sociological", "par_district", 3),
    ],
    ids=["one agency", "a rater of one", "a rater of three"],
)
def test_who_changes_an_answer_comes_back_to_its_row(
    client: FlaskClient, database: Database, kind: str, form: str, cell: int
) -> None:
    page = filled(client, database, kind, form, cell)
    links = [unescape(link) for link in LINK.findall(page)]
    rows = re.findall(r'<div class="answer" id="([^"]+)"', page)

    assert len(rows) == len(links) == len(set(rows)) > 2
    for row, link in zip(rows[::5], links[::5], strict=True):
        address = link.partition("#")[0]  # browsers send nothing behind it
        shown = client.get(address).text
        assert "Xong, xem lại" in shown
        given = choices(shown, 0) | {"q3": "5"}
        assert client.post(address, data={"go": "next", **given}).location == f"{CHECK}#{row}"


def test_another_look_on_the_way_does_not_lose_the_row(
    client: FlaskClient, database: Database
) -> None:
    page = filled(client, database, "sociological", "par_district", 3)
    address = unescape(LINK.findall(page)[1]).partition("#")[0]

    larger = client.post(address, data={"look": "size:150"}).location

    assert client.post(larger, data=choices(client.get(larger).text, 0)).location == (
        f"{CHECK}#row-2-leadership_1"
    )


def test_a_question_that_a_change_opens_is_answered_before_the_last_look(
    client: FlaskClient, database: Database
) -> None:
    filled(client, database, "counter", "counter")  # the result has not come yet
    change = f"{HOME}/q/result?from=check&row=row-got_result"

    opened = client.post(change, data={"got_result": "yes"}).location

    assert opened == f"{HOME}/q/result-2?from=check"
    assert client.post(opened, data={"on_time_correct": "4"}).location == (
        f"{CHECK}#row-on_time_correct"
    )


@pytest.mark.parametrize("row", ["", "row-q3", "//example.org", "row-q1%0d%0aX:%20y"])
def test_an_address_that_names_no_row_of_the_screen_leads_to_its_first(
    client: FlaskClient, database: Database, row: str
) -> None:
    filled(client, database, "service", "small")

    sent = client.post(f"{HOME}/q/one?from=check&row={row}", data={"q1": "4"})

    assert sent.location == f"{CHECK}#row-q1"
