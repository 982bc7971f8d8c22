"""Results: refused before the lock, computed from the locked answers, shown behind the gate."""

import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.report import Missing
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.exports.xlsx import write_xlsx
from surveyapp.models import AuditEntry, FormCell, Survey
from surveyapp.models.account import ROLES
from surveyapp.results import document, gate, service
from tests.app.results_world import (
    SERVICE_ITEMS,
    add_forms,
    add_pairs,
    add_response,
    manager,
    served_survey,
    survey_of,
)


@pytest.fixture
def actor(db: Session) -> Actor:
    return manager(db)


@pytest.fixture
def served(db: Session, actor: Actor) -> Survey:
    """Give a locked service survey: two agencies with 40 and 12 forms, one with 9."""
    return served_survey(db, actor)


@pytest.fixture
def rated(db: Session, actor: Actor) -> Survey:
    """Give a locked sociological survey: twelve deputies rate the two central agencies."""
    survey = survey_of(db, actor, "binh-dinh-par-2024")
    group = survey.groups[2]
    codes = [agency.code for agency in group.agencies]
    items = [item.code for item in service.questionnaire_of(db, group).items if item.per_agency]
    forms = []
    for k in range(12):
        rating = {
            code: dict.fromkeys(items, str(1 + (k + place) % 4)) for place, code in enumerate(codes)
        }
        forms.append(({}, rating))
    raters = group.rater_groups[0].code
    place = (f"{group.code} | {raters}", codes, {"rater_group": raters, "own_agencies": []})
    add_forms(db, survey, group, place, forms, 14)
    survey.state = "locked"
    db.flush()
    return survey


def test_nobody_sees_a_score_before_the_lock(
    db: Session, served: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    served.state = "collecting"
    db.commit()
    paths = ("", "report.pdf", "report.xlsx", "tables/provincial-agencies.csv", "figures/x.svg")
    for role in ROLES:
        client = signed_in(role)
        for path in paths:
            answer = client.get(f"/surveys/{served.code}/results/{path}")
            assert answer.status_code == 403, (role, path)
            assert "RESULTS-101" in answer.text or "APP-403" in answer.text
        assert client.post(f"/surveys/{served.code}/results/run").status_code == 403
    with pytest.raises(AppError, match="RESULTS-101"):
        service.latest(db, served)


def test_the_index_is_the_weighted_mean_of_the_answers(
    db: Session, actor: Actor, served: Survey
) -> None:
    content = service.run(db, actor, served).content["groups"][0]
    found = content["estimates"]["mean_of_5"]
    data = service.group_answers(db, served.groups[0])

    means = {}
    for agency in served.groups[0].agencies[:4]:
        own = [form.answers for form in data.forms if form.agencies == (agency.code,)]
        items = [sum(int(form[item]) for form in own) / len(own) for item in SERVICE_ITEMS]
        means[agency.code] = 20 * sum(items) / 16
        assert found[agency.code]["index"]["n"] == len(own)
        if "hidden" not in found[agency.code]["index"]:  # then rounded as published
            shown = found[agency.code]["index"]["value"]
            assert shown == pytest.approx(means[agency.code], abs=0.005)
    assert [code for code in means if "hidden" in found[code]["index"]] == list(means)[1:3]
    weights = dict(zip(means, (400, 60, 90, 300), strict=True))
    expected = sum(weights[code] * means[code] for code in weights) / 850
    assert found[""]["index"]["value"] == pytest.approx(expected, abs=0.005)


def test_points_are_the_mean_percent_of_the_raters(
    db: Session, actor: Actor, rated: Survey
) -> None:
    content = service.run(db, actor, rated).content["groups"][2]
    for agency in rated.groups[2].agencies:
        total = content["estimates"][agency.code]["total"]
        assert total["value"] == pytest.approx(30 * (0 + 20 + 60 + 100) / 400, rel=1e-12)
        assert total["n"] == 12
    assert content["mean"] == pytest.approx(30 * 180 / 400, rel=1e-12)


def test_the_order_of_arrival_changes_no_digit(db: Session, actor: Actor, served: Survey) -> None:
    first = service.run(db, actor, served)
    second = service.run(db, actor, served)
    assert first.content == second.content
    assert first.answers_sha256 == second.answers_sha256


def test_another_answer_changes_the_digest_of_the_answers(
    db: Session, actor: Actor, served: Survey
) -> None:
    first = service.run(db, actor, served)
    data = service.group_answers(db, served.groups[0])
    cell = db.scalars(select(FormCell).where(FormCell.survey_id == served.id)).first()
    assert cell is not None
    add_response(db, served, cell, dict(data.forms[0].answers), {})
    db.flush()
    assert service.run(db, actor, served).answers_sha256 != first.answers_sha256


def test_fewer_than_ten_answers_are_not_published(
    db: Session, actor: Actor, served: Survey
) -> None:
    report = document.build(db, served, service.run(db, actor, served))
    table = next(each for each in report.tables() if each.code == "provincial-agencies")
    shown = {row[0].removesuffix(" (thực hiện khảo sát)"): row for row in table.rows}
    small = served.groups[0].agencies[2].title
    assert shown[small][1] == Missing(gate.TOO_FEW)
    protecting = [row for row in table.rows if row[1] == Missing(gate.PROTECTING)]
    assert [row[3] for row in protecting] == [12]
    assert "Cả nhóm" in shown


def test_report_workbook_and_page_say_the_same(
    db: Session, actor: Actor, served: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    run = service.run(db, actor, served)
    report = document.build(db, served, run)
    file = io.BytesIO()
    write_xlsx(report, file)
    db.commit()

    page = signed_in("analyst").get(f"/surveys/{served.code}/results/").text
    index = run.content["groups"][0]["estimates"]["mean_of_5"][""]["index"]["value"]
    text = str(round(Decimal(repr(index)), 2)).replace(".", ",") + "%"
    assert text in page
    assert "SỐ LIỆU MÔ PHỎNG" in page
    for table in report.tables():
        assert f'href="/surveys/{served.code}/results/tables/{table.code}.csv"' in page
    file.seek(0)
    values = [cell.value for sheet in load_workbook(file) for row in sheet for cell in row]
    assert index in values


def test_every_look_before_publication_is_in_the_audit_trail(
    db: Session, actor: Actor, rated: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    service.run(db, actor, rated)
    db.commit()
    client = signed_in("council")
    for path in ("", "report.pdf", "report.xlsx", "tables/central-agencies.csv"):
        assert client.get(f"/surveys/{rated.code}/results/{path}").status_code == 200
    db.expire_all()
    looks = db.scalars(select(AuditEntry).where(AuditEntry.action == "results.look")).all()
    assert len(looks) == 4


def test_approved_results_are_not_computed_again(db: Session, actor: Actor, served: Survey) -> None:
    service.run(db, actor, served)
    served.state = "approved"
    with pytest.raises(AppError, match="RESULTS-102"):
        service.run(db, actor, served)


def test_excluded_agencies_are_listed_with_their_reason(
    db: Session, actor: Actor, served: Survey
) -> None:
    agency = served.agencies[-1]
    agency.exclusion, agency.exclusion_count = "too_few_transactions", 7
    agency.exclusion_threshold = 30
    report = document.build(db, served, service.run(db, actor, served))
    table = next(each for each in report.tables() if each.code == "excluded")
    assert table.rows == (
        (agency.title, "Có quá ít giao dịch để chọn mẫu: 7 giao dịch, ngưỡng 30"),
    )


def test_the_recheck_table_hides_items_with_few_pairs(
    db: Session, actor: Actor, served: Survey
) -> None:
    group = served.groups[0]
    add_pairs(db, served, group, "access_signs", [("4", "4")] * 11 + [("5", "4")])
    add_pairs(db, served, group, "access_seats", [("4", "4")] * 9)
    report = document.build(db, served, service.run(db, actor, served))
    table = next(each for each in report.tables() if each.code == "recheck")
    by_n = {row[3]: row for row in table.rows}
    assert by_n[12][4] == pytest.approx(100 * 11 / 12)
    assert isinstance(by_n[9][4], Missing)


def test_a_group_without_forms_says_so(db: Session, actor: Actor, served: Survey) -> None:
    report = document.build(db, served, service.run(db, actor, served))
    empty = next(
        section for section in report.sections if section.heading == served.groups[1].title
    )
    assert empty.blocks[0].text == "Chưa nhận được phiếu nào."
