"""Before a code: only languages that some form of the survey has; the survey is asked once."""

import hashlib
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from surveyapp import web
from surveyapp.db import Database
from surveyapp.models import StoredQuestionnaire, SurveyGroup
from tests.app.collect_world import NOW, codes_for, made, source_of

HOME = "/s/ks-2024"
BEFORE = ("", "/code")
BUTTON = 'value="language:'


def two_groups(database: Database, other: str) -> str:
    """Make a survey of raters with a second group that is asked another form; return a code."""
    world = made(database, "sociological", "par_district")
    source = source_of(other)
    with database.session() as db:
        version = 1 if other == "small" else world.version
        sha256 = hashlib.sha256(source.encode()).hexdigest()
        db.add(
            StoredQuestionnaire(
                code=other, version=version, sha256=sha256, source=source, published_at=NOW
            )
        )
        db.flush()
        first = db.scalars(select(SurveyGroup)).one()
        db.add(
            SurveyGroup(
                survey_id=first.survey_id,
                position=2,
                code="h",
                title="Các huyện",
                quota=100,
                questionnaire_code=other,
                questionnaire_version=version,
                method_code="m",
                method_version="1",
            )
        )
        db.commit()
    return codes_for(database, world, [3])[0]


def test_a_survey_in_vietnamese_offers_no_english_before_the_code(
    client: FlaskClient, database: Database
) -> None:
    two_groups(database, "par_provincial")

    for path in BEFORE:
        page = client.get(f"{HOME}{path}").text
        assert "Cỡ chữ" in page and BUTTON not in page and "English" not in page


def test_an_english_look_from_elsewhere_falls_back_to_vietnamese(
    client: FlaskClient, database: Database
) -> None:
    two_groups(database, "par_provincial")
    client.set_cookie("sipas_look", "en.150.0", path="/")

    for path in (*BEFORE, "/thanks"):
        assert '<html lang="vi" class="t150">' in client.get(f"{HOME}{path}").text
    refused = client.post(f"{HOME}/code", data={"invitation": "ABC"})
    assert "Mã này gõ chưa đúng" in unescape(refused.text)
    client.post(HOME, data={"look": "size:100"})
    assert '<html lang="vi" class="t100">' in client.get(HOME).text


def test_a_language_of_one_form_is_offered_until_another_form_is_opened(
    client: FlaskClient, database: Database
) -> None:
    code = two_groups(database, "small")
    client.set_cookie("sipas_look", "en.100.0", path="/")

    for path in BEFORE:
        page = client.get(f"{HOME}{path}").text
        assert '<html lang="en"' in page and f'{BUTTON}vi"' in page
    client.post(f"{HOME}/code", data={"invitation": code})
    page = client.get(f"{HOME}/about").text
    assert '<html lang="vi"' in page and BUTTON not in page


@pytest.mark.parametrize("has_code", [False, True], ids=["before", "after"])
def test_the_forms_of_a_survey_are_looked_up_before_the_code_only(
    client: FlaskClient, database: Database, has_code: bool
) -> None:
    code = two_groups(database, "par_provincial")
    path = HOME + ("/q/1to3-leadership" if has_code else "/code")
    if has_code:
        client.post(f"{HOME}/code", data={"invitation": code})
    assert client.get(path).status_code == 200  # the texts of the forms are read once
    said: dict[object, str] = {}  # by execution: one engine may hear for both
    served = web.database_of(client.application)
    for engine in (served.engine, served.read_engine):
        event.listen(engine, "before_cursor_execute", lambda *call: said.update({call[4]: call[2]}))

    client.get(path)

    looks = [one for one in said.values() if one.startswith("SELECT DISTINCT survey_group")]
    assert said
    assert len(looks) == (0 if has_code else 1)
