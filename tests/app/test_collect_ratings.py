"""One rater, many agencies: tables that save as they go, and go on with the code another day."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from surveyapp import clock, codes
from surveyapp.actor import Actor
from surveyapp.collect import draft, kept_drafts, release, rights
from surveyapp.collect.keys import Keyring
from surveyapp.collect.rights import Agency, Form
from surveyapp.collect.screens import Answered, rows_shown, screens_of, shown
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import FormDraft, Invitation, Response, Survey
from surveyapp.surveys.removal import remove_practice
from tests.app.collect_world import World, codes_for, made

HOME = "/s/ks-2024"
FIRST = f"{HOME}/q/1to3-leadership"


@pytest.fixture
def world(database: Database) -> World:
    return made(database, "sociological", "par_district")


@pytest.fixture
def code(database: Database, world: World) -> str:
    return codes_for(database, world, [3])[0]


def opened(client: FlaskClient, code: str) -> str:
    """Enter a code and return the page where it goes on."""
    client.post(f"{HOME}/code", data={"invitation": code})
    return client.post(f"{HOME}/about", data={"go": "next"}).location


def fields(page: str) -> dict[str, str]:
    """Choose the third answer of every row."""
    return dict.fromkeys(re.findall(r'type="radio" id="[^"]+" name="([^"]+)"', page), "3")


def form_of(world: World, n_agencies: int) -> Form:
    agencies = tuple(Agency(f"co-quan-so-{n}", f"Cơ quan {n}") for n in range(1, n_agencies + 1))
    return Form(1, world.questionnaire(), agencies, 1, None)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_page_is_one_question_about_all_agencies(client: FlaskClient, code: str) -> None:
    assert opened(client, code) == FIRST

    page = client.get(FIRST).text

    assert 'scope="row"' in page and 'scope="col"' in page
    assert [one for one in ("A1", "A2", "A3") if f"Sở {one}</span>" in page] == ["A1", "A2", "A3"]
    assert len(fields(page)) == 3
    assert "Câu 1/25" in page


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_first_table_says_once_that_each_page_is_kept(client: FlaskClient, code: str) -> None:
    opened(client, code)

    first = client.get(FIRST).text
    second = client.get(f"{HOME}/q/1to3-leadership-2").text

    assert first.count("Mỗi trang được lưu khi bấm «Tiếp tục».") == 1
    assert "Mỗi trang được lưu" not in second and 'class="matrix"' in second


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_rows_without_an_answer_are_named_and_the_others_are_kept(
    client: FlaskClient, code: str
) -> None:
    opened(client, code)

    page = client.post(FIRST, data={"go": "next", "leadership_1--2": "4"})

    assert page.status_code == 422
    assert page.text.count('class="error"') == 2
    assert "Sở A1</a>" in unescape(page.text) and "Sở A2</a>" not in unescape(page.text)
    assert 'value="4" aria-labelledby="agency-2 column-4" checked' in client.get(FIRST).text


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_lacks_at_the_end_is_said_once_above_all_rows_without_an_answer(
    client: FlaskClient, code: str
) -> None:
    opened(client, code)
    client.post(FIRST, data={"go": "next", "leadership_1--2": "4"})

    page = client.post(f"{HOME}/check", data={"go": "next"})

    summary = unescape(page.text.split('role="alert"')[1].split("<h1>")[0])
    assert page.status_code == 422
    assert summary.count("<p>") == 1 and summary.count("<li>") == 3 * 24 - 1
    assert "Chủ động, sáng tạo khi điều hành, Sở A1</a>" in summary
    assert "Chủ động, sáng tạo khi điều hành, Sở A2</a>" not in summary


def test_the_code_goes_on_in_another_browser_where_it_stopped(
    app: Flask, database: Database, code: str
) -> None:
    office, home = app.test_client(), app.test_client()
    location = opened(office, code)
    for _ in range(2):
        page = office.get(location).text
        location = office.post(location, data={"go": "next", **fields(page)}).location

    home.post(f"{HOME}/code", data={"invitation": code})
    assert "Bấm «Làm tiếp» để trả lời từ câu 3/25." in unescape(home.get(f"{HOME}/about").text)
    assert opened(home, codes.readable(code).lower()) == location
    assert 'value="3" aria-labelledby="agency-1 column-3" checked' in home.get(FIRST).text

    while "/q/" in location:
        page = home.get(location).text
        location = home.post(location, data={"go": "next", **fields(page)}).location
    assert home.post(f"{HOME}/check", data={"go": "next"}).location == f"{HOME}/thanks"
    with database.read_session() as db:
        assert db.scalars(select(FormDraft)).all() == []
        assert db.scalars(select(Invitation.is_spent)).all() == [True]


def test_a_form_goes_to_the_results_as_it_was_answered(
    client: FlaskClient, database: Database, world: World, code: str, settings: Settings
) -> None:
    location = opened(client, code)
    while "/q/" in location:
        page = client.get(location).text
        location = client.post(location, data={"go": "next", **fields(page)}).location
    client.post(f"{HOME}/check", data={"go": "next"})

    with database.session() as db:
        release.release_all(db, Keyring(settings.keys), world.survey.id)
        db.commit()
    with database.read_session() as db:
        [row] = db.scalars(select(Response)).all()
    about_one = {item.code: "3" for item in world.questionnaire().items if item.per_agency}
    assert row.ratings == dict.fromkeys(("A1", "A2", "A3"), about_one)


def test_what_is_kept_cannot_be_found_or_opened_without_the_code(
    client: FlaskClient, database: Database, world: World, code: str, settings: Settings
) -> None:
    client.post(opened(client, code), data={"go": "next", "leadership_1--2": "4"})
    key = Keyring(settings.keys).draft_key

    with database.read_session() as db:
        kept = db.scalars(select(FormDraft)).one()
        survey = world.survey
        assert kept_drafts.find(db.connection(), key, survey, code) is not None
        assert kept_drafts.find(db.connection(), key, survey, codes.make()) is None
        assert kept_drafts.find(db.connection(), b"0" * 32, survey, code) is None
        assert kept.id != codes.sha256(code)
        assert b"leadership" not in kept.sealed and code.encode() not in kept.sealed


def test_what_is_kept_ends_after_thirty_days_and_is_removed(
    app: Flask, database: Database, world: World
) -> None:
    first, second = codes_for(database, world, [3, 3])
    client = app.test_client()
    client.post(opened(client, first), data={"go": "next", "leadership_1--2": "4"})
    with clock.set_to(clock.now() + kept_drafts.LIFETIME + timedelta(days=1)):
        later = app.test_client()
        opened(later, first)
        assert "checked" not in later.get(FIRST).text
        other = app.test_client()
        other.post(opened(other, second), data={"go": "next", "leadership_1--2": "4"})

        with database.read_session() as db:
            assert len(db.scalars(select(FormDraft)).all()) == 1


def begun_form(app: Flask, code: str) -> FlaskClient:
    """Answer a page of the form and leave it."""
    client = app.test_client()
    client.post(opened(client, code), data={"go": "next", "leadership_1--2": "4"})
    return client


def drafts(database: Database) -> int:
    with database.read_session() as db:
        return len(db.scalars(select(FormDraft)).all())


def test_the_lock_drops_unfinished_forms_and_none_comes_after_it(
    app: Flask,
    database: Database,
    world: World,
    code: str,
    settings: Settings,
) -> None:
    begun_form(app, code)
    keyring = Keyring(settings.keys)
    with database.session() as db:
        release.release_all(db, keyring, world.survey.id, leave_behind=True)
        db.commit()
    assert drafts(database) == 1  # people still answer after such a release
    with database.session() as db:
        survey = db.get_one(Survey, world.survey.id)
        release.release_all(db, keyring, survey.id)  # as the lock does
        survey.state = "locked"
        db.commit()
    assert drafts(database) == 0

    with database.session() as db:  # a page that was on its way when the lock came
        was_open = rights.OpenSurvey(survey.id, survey.kind, survey.code, survey.title, False)
        kept_drafts.keep(db.connection(), keyring.draft_key, was_open, draft.begin(code))
        db.commit()
    assert drafts(database) == 0


def test_the_removal_of_a_practice_survey_takes_its_unfinished_forms(
    app: Flask, database: Database, world: World, code: str, official: Callable[..., Actor]
) -> None:
    begun_form(app, code)
    manager = official("manager")
    with database.session() as db:
        survey = db.get_one(Survey, world.survey.id)
        survey.is_practice = True
        remove_practice(db, manager, survey)
        db.commit()

    assert drafts(database) == 0


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_whole_form_of_thirty_agencies_fits_the_cookies(world: World) -> None:
    form = form_of(world, 30)
    asked = [item for item in form.questionnaire.items if item.per_agency]
    ratings = {
        agency: {
            item.code: ("1", "2", "3", "4", "dk")[(n * 7 + m * m) % 5]
            for m, item in enumerate(asked)
        }
        for n, agency in enumerate(form.agency_codes)
    }
    begun = draft.begin(codes.make())
    full = draft.Draft(
        begun.exchange_id, begun.nonce, begun.code, Answered({"proposal": "ý " * 500}, ratings)
    )

    cookies = draft.to_cookies(full, b"0" * 32, "xhh-2024")

    assert draft.from_cookies(cookies, b"0" * 32, "xhh-2024") == full


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_many_agencies_make_even_tables_and_few_make_none(world: World) -> None:
    tables = [len(one.rows) for one in screens_of(form_of(world, 30)) if one.rows]
    assert set(tables) == {15}
    assert len(tables) == 48
    assert all(not one.rows for one in screens_of(form_of(world, 2)))
    keys = [one.key for one in screens_of(form_of(world, 30))]
    assert len(set(keys)) == len(keys)


ROUTED = """
[[pages]]
code = "more"
title.vi = "Thêm"
per_agency = true
show_if = [{item = "leadership_1", any_of = ["1"]}]
[[pages.items]]
code = "why"
kind = "choice"
scale = "performance"
text.vi = "Còn việc này?"
"""


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_row_stands_only_where_the_question_concerns_the_agency(world: World) -> None:
    from questionnaires.loader import load_questionnaire
    from tests.app.collect_world import source_of

    asked = load_questionnaire(source_of("par_district") + ROUTED, "routed")
    form = Form(1, asked, form_of(world, 3).agencies, 1, None)
    screen = next(one for one in screens_of(form) if one.page.code == "more")
    second = form.agency_codes[1]

    assert shown(form, screen, Answered({}, {})) == ()
    given = Answered({}, {second: {"leadership_1": "1"}})
    assert [number for number, _ in rows_shown(form, screen, given)] == [2]
