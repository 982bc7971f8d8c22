"""Results at the corners: one agency, a hidden mean, joined strata, silent agencies, other figures."""

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from analysis.report import Box, Missing
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Assignment, FormCell, PublishedFigure, Response, SampleUnit, Survey
from surveyapp.results import document, gate, service
from surveyapp.surveys import definitions
from tests.app.results_world import add_forms, manager, survey_of
from tests.app.test_results import SERVICE_ITEMS


@pytest.fixture
def actor(db: Session) -> Actor:
    return manager(db)


@pytest.fixture
def survey(db: Session, actor: Actor) -> Survey:
    return survey_of(db, actor, "binh-dinh-service-2024")


def served(db: Session, survey: Survey, number: int, forms: int, pop_size: int, level: str) -> str:
    """Add forms of one agency in which every answer is `level`."""
    group = survey.groups[0]
    code = group.agencies[number].code
    answers = [(dict.fromkeys(SERVICE_ITEMS, level), {})] * forms
    add_forms(db, survey, group, (code, [code], {"agency": code}), answers, pop_size)
    return code


def rows_of(db: Session, actor: Actor, survey: Survey, table: str) -> dict[object, tuple]:
    survey.state = "locked"
    db.flush()
    report = document.build(db, survey, service.run(db, actor, survey))
    return {row[0]: row for row in next(t for t in report.tables() if t.code == table).rows}


def test_the_whole_is_hidden_where_it_stands_for_one_hidden_agency(
    db: Session, actor: Actor, survey: Survey
) -> None:
    served(db, survey, 0, 8, 80, "4")
    rows = rows_of(db, actor, survey, "provincial-agencies")
    assert rows["Cả nhóm"][1] == Missing(gate.TOO_FEW)


def test_a_silent_agency_is_said_beside_the_whole(
    db: Session, actor: Actor, survey: Survey
) -> None:
    served(db, survey, 0, 20, 200, "4")
    silent = served(db, survey, 3, 20, 900, "5")
    cell = db.scalars(select(FormCell).where(FormCell.stratum == silent)).one()
    db.execute(delete(Response).where(Response.cell_id == cell.id))
    survey.state = "locked"
    db.flush()
    content = service.run(db, actor, survey).content["groups"][0]
    assert "không gồm 900 trong 1.100 giao dịch" in " ".join(content["notes"])


def test_strata_stored_in_two_ways_are_one_stratum_of_the_analysis(
    db: Session, survey: Survey
) -> None:
    code = served(db, survey, 0, 12, 40, "4")
    cell = db.scalars(select(FormCell).where(FormCell.stratum == code)).one()
    other = FormCell(
        survey_id=survey.id,
        code="merged",
        group_id=cell.group_id,
        stratum=f"{code} + other",
        agencies=[code],
        persons=6,
    )
    db.add(other)
    db.flush()
    units = db.scalars(select(SampleUnit).where(SampleUnit.stratum == code).limit(6)).all()
    for unit in units:
        db.get_one(Assignment, (unit.draw_id, unit.unit_code)).cell_id = other.id
    survey.state = "locked"
    db.flush()

    data = service.group_answers(db, survey.groups[0])

    assert {form.stratum for form in data.forms} == {f"{code} + {code} + other"}
    assert data.pop_size == {f"{code} + {code} + other": 40}


def test_an_index_without_a_value_names_the_question_as_people_know_it(
    db: Session, actor: Actor, survey: Survey
) -> None:
    group = survey.groups[0]
    for agency, items in zip(group.agencies, (SERVICE_ITEMS, SERVICE_ITEMS[:-1]), strict=False):
        answers = [(dict.fromkeys(items, "4"), {})] * 20
        add_forms(db, survey, group, (agency.code, [agency.code], {}), answers, 200)
    told = "hông ai trả lời câu «Được báo kết quả xử lý kịp thời»"
    rows = rows_of(db, actor, survey, "provincial-agencies")
    title = group.agencies[1].title
    assert next(row for name, row in rows.items() if title in str(name))[1] == Missing(f"K{told}.")
    card, *_ = document.cards(db, survey, service.latest(db, survey))
    assert title in dict(card.facts)[f"Không tính được (k{told})"]


def test_figures_of_two_publishers_stand_in_two_boxes(
    db: Session, actor: Actor, survey: Survey
) -> None:
    served(db, survey, 0, 20, 200, "4")
    for publisher, year, value in (
        ("Bộ A", 2023, 85.24),
        ("Bộ A", 2022, 80.0),
        ("Viện B", 2024, 9),
    ):
        db.add(
            PublishedFigure(
                publisher=publisher,
                population="hộ gia đình",
                method_version="1",
                year=year,
                code="I",
                title="Lĩnh vực I",
                kind="value",
                value=value,
                source=f"Nguồn {publisher}",
            )
        )
    survey.state = "locked"
    db.flush()
    report = document.build(db, survey, service.run(db, actor, survey))
    boxes = [block for block in report.blocks() if isinstance(block, Box)]
    assert [(box.title, box.table.rows[0][1:]) for box in boxes] == [
        ("Số liệu do Bộ A công bố", (80.0, 85.24, pytest.approx(5.24))),
        ("Số liệu do Viện B công bố", (9.0,)),
    ]


def test_a_method_that_the_questionnaire_cannot_serve_is_refused_with_its_faults(
    db: Session, actor: Actor
) -> None:
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    add_forms(db, survey, group, ("A", [group.agencies[0].code], {}), [({}, {})], 1)
    other = definitions.store_method(db, "counter")
    group.method_code, group.method_version = other.code, other.version
    survey.state = "locked"
    db.flush()
    with pytest.raises(AppError, match=r"RESULTS-126.*«counter».*«service»") as refused:
        service.run(db, actor, survey)
    assert any("không phải «service»" in problem for problem in refused.value.problems)
