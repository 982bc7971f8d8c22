"""Every output of results of all three kinds: no free text, a reading on every number, no design."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.report import Report
from surveyapp.actor import Actor
from surveyapp.collect.keys import Keyring
from surveyapp.config import Settings
from surveyapp.models import Response, ResultRun, Survey
from surveyapp.results import document, service
from surveyapp.surveys import service as surveys
from tests.app import test_counter_survey as counter
from tests.app.test_demo_flow import pdf_text
from tests.app.test_results import actor, rated, served  # noqa: F401  fixtures

MARKER = "lờiriêngcủangườidân"
KINDS = pytest.mark.parametrize("kind", ["served", "rated", "heard"])
SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def heard(db: Session, actor: Actor, settings: Settings) -> Survey:  # noqa: F811
    """Give a locked survey of opinions at the counter."""
    survey = surveys.create_from_plan(db, actor, counter.PLAN)
    counter.locked(db, actor, survey, Keyring(settings.keys))
    return survey


@pytest.fixture
def survey(request: pytest.FixtureRequest, kind: str) -> Survey:
    """Give the survey of the kind asked for."""
    found: Survey = request.getfixturevalue(kind)
    return found


@pytest.fixture
def report(db: Session, actor: Actor, survey: Survey) -> Report:  # noqa: F811
    """Give the report of its first run."""
    return document.build(db, survey, service.run(db, actor, survey))


def marked(db: Session, survey: Survey) -> int:
    """Put a marker into every free text of every form; return their number."""
    groups = {group.questionnaire_code: group for group in survey.groups}
    forms = db.scalars(select(Response).where(Response.survey_id == survey.id)).all()
    for form in forms:
        questionnaire = service.questionnaire_of(db, groups[form.questionnaire_code])
        texts = [item for item in questionnaire.items if item.kind == "text"]
        assert texts
        own = {item.code: MARKER for item in texts if not item.per_agency}
        rating = {item.code: MARKER for item in texts if item.per_agency}
        form.answers = {**form.answers, **own}
        form.ratings = {agency: {**each, **rating} for agency, each in form.ratings.items()}
    db.flush()
    return len(forms)


@SQLITE
@KINDS
def test_no_free_text_reaches_an_output(
    db: Session,
    actor: Actor,  # noqa: F811
    survey: Survey,
    signed_in: Callable[..., FlaskClient],
    tmp_path: Path,
) -> None:
    assert marked(db, survey) > 10
    made = service.run(db, actor, survey)
    content = document.build(db, survey, made)
    db.commit()
    assert MARKER not in json.dumps(made.content, ensure_ascii=False)
    home = f"/surveys/{survey.code}/"
    client = signed_in("manager", "analyst", "council", "approver")
    told = {}
    pages = ["", "results/", "results/quality", "results/review", "results/report.pdf"]
    pages += ["results/report.xlsx", *(f"results/tables/{t.code}.csv" for t in content.tables())]
    pages += [f"results/figures/{figure.code}.svg" for figure in content.figures()]
    for page in pages:
        answer = client.get(f"{home}{page}")
        assert answer.status_code == 200, page
        told[page] = answer.data
    path = tmp_path / "report.pdf"
    path.write_bytes(told.pop("results/report.pdf"))
    book = load_workbook(io.BytesIO(told.pop("results/report.xlsx")))
    texts = [data.decode() for data in told.values()]
    texts += [pdf_text(path), *(str(c.value) for sheet in book for row in sheet.rows for c in row)]
    assert "Cơ quan" in texts[1]
    assert [text for text in texts if MARKER in text] == []


@KINDS
def test_every_number_of_every_kind_of_report_has_a_reading(report: Report) -> None:
    numbers = [
        (table.code, column)
        for table in report.tables()
        for column in table.columns
        if column.kind not in ("text", "code")
    ]
    assert len(numbers) > 5
    for code, column in numbers:
        assert column.reading.endswith("."), (code, column)
        assert column.reading.count(". ") == 0, (code, column)
    figures = [column for figure in report.figures() for column in getattr(figure, "columns", ())]
    assert all(column.reading for column in figures if column.kind not in ("text", "code"))


@SQLITE
@pytest.mark.parametrize("kind", ["heard"])
def test_without_a_design_no_file_has_an_interval_or_a_place(
    db: Session, report: Report, survey: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    stored = json.dumps(db.scalars(select(ResultRun)).one().content)
    db.commit()
    for word in ('"ci"', '"se"', '"ranks"', '"place"', '"sensitivity"', '"flag"'):
        assert word not in stored
    client = signed_in("manager")
    assert len(report.tables()) > 5
    for table in report.tables():
        data = client.get(f"/surveys/{survey.code}/results/tables/{table.code}.csv").data
        header, *_ = csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")
        assert len(header) >= len(table.columns)
        for title in header:
            assert not any(w in title.lower() for w in ("cận", "khoảng", "hạng", "tin cậy")), title
    assert report.figures() == ()
    for path in ("figures/provincial-figure.svg", "figures/provincial-funnel.svg"):
        assert client.get(f"/surveys/{survey.code}/results/{path}").status_code == 404
