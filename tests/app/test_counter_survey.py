"""Opinions at the counter from the plan to the results: no draw, no quota, no interval, no place."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.actor import Actor
from surveyapp.collect import devices
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Device, Survey
from surveyapp.surveys import definitions, service
from surveyapp.surveys.plan import load_plan
from surveyapp.surveys.plan_reading import PlanError

Browser = Callable[..., FlaskClient]
PLAN = definitions.plan_text("binh-dinh-counter-2024")
HOME = "/surveys/counter-2024/"


@pytest.fixture(autouse=True)
def before_the_deadline():
    with clock.set_to(datetime(2024, 11, 9, 5, tzinfo=UTC)):
        yield


@pytest.fixture
def actor(official: Callable[..., Actor]) -> Actor:
    return official("manager", "approver", "analyst", login="quan-ly")


@pytest.fixture
def survey(db: Session, actor: Actor) -> Survey:
    made = service.create_from_plan(db, actor, PLAN)
    db.commit()
    return made


def test_the_shipped_plan_has_no_quotas_and_no_recheck() -> None:
    plan = load_plan(PLAN)

    assert (plan.kind, plan.quota, plan.recheck_max_share, plan.notes) == ("counter", 0, 0.0, ())
    assert sum(len(group.agencies) for group in plan.groups) == 30


def test_a_quota_and_a_recheck_are_refused_together() -> None:
    wrong = PLAN.replace('code = "central"', 'code = "central"\nquestionnaires = 40')
    wrong += "\n[recheck]\nmax_share = 0.10\n"

    with pytest.raises(PlanError) as refused:
        load_plan(wrong)

    assert {problem.code for problem in refused.value.problems} == {"SURVEY-108", "SURVEY-120"}


def test_collecting_needs_a_tablet_and_no_draw(db: Session, actor: Actor, survey: Survey) -> None:
    assert service.next_state(survey) == "collecting"
    with pytest.raises(AppError, match="SURVEY-020"):
        service.advance(db, actor, survey, "sampled")
    with pytest.raises(AppError) as lacking:
        service.advance(db, actor, survey, "collecting")
    assert lacking.value.problems == ("Chưa ghép máy tính bảng nào tại quầy.",)

    agency = survey.agencies[0]
    devices.pair(db, actor, survey.code, agency.code, "Quầy 1")
    service.advance(db, actor, survey, "collecting")

    assert survey.state == "collecting"
    assert service.next_state(survey) == "locked"


def test_a_revoked_tablet_opens_no_collection(db: Session, actor: Actor, survey: Survey) -> None:
    devices.pair(db, actor, survey.code, survey.agencies[0].code, "Quầy 1")
    devices.revoke(db, actor, db.scalars(select(Device.id)).one())

    assert service.missing(db, survey, "collecting")


def test_an_agency_with_a_tablet_cannot_be_left_out(
    db: Session, actor: Actor, survey: Survey
) -> None:
    agency = survey.agencies[0]
    devices.pair(db, actor, survey.code, agency.code, "Quầy 1")
    no_procedures = service.Exclusion("no_procedures")

    with pytest.raises(AppError, match="SURVEY-013"):
        service.exclude_agency(db, actor, survey, agency.code, no_procedures)
    devices.revoke(db, actor, db.scalars(select(Device.id)).one())

    assert service.exclude_agency(db, actor, survey, agency.code, no_procedures).exclusion


@pytest.mark.usefixtures("survey")
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_pages_lead_from_pairing_to_collecting(signed_in: Browser) -> None:
    client = signed_in("manager")
    first = client.get(HOME).text
    assert "Việc cần làm tiếp: ghép máy tính bảng" in first
    assert f'href="{HOME}devices/"' in first
    assert "Danh sách chọn mẫu" not in first

    paired = client.post(f"{HOME}devices/pair", data={"agency": "so-noi-vu", "counter": "Quầy 9"})
    assert "Mã ghép máy" in paired.text
    assert "http://localhost/device" in paired.text
    assert "Quầy 9" in client.get(f"{HOME}devices/").text
    assert "Việc cần làm tiếp: bắt đầu thu phiếu" in client.get(HOME).text
    assert client.post(f"{HOME}advance/collecting").location == HOME
    assert "Việc cần làm tiếp: theo dõi ý kiến tại quầy" in client.get(HOME).text


@pytest.mark.usefixtures("survey")
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_only_managers_and_administrators_pair_and_revoke(
    signed_in: Browser, database: Database
) -> None:
    looking = signed_in("auditor")
    assert "Ghép thêm một máy" not in looking.get(f"{HOME}devices/").text
    assert looking.post(f"{HOME}devices/pair").status_code == 403

    client = signed_in("admin")
    assert client.post(f"{HOME}devices/pair", data={"counter": ""}).status_code == 422
    client.post(f"{HOME}devices/pair", data={"agency": "so-noi-vu", "counter": "Quầy 9"})
    with database.read_session() as db:
        number = db.scalars(select(Device.id)).one()
    assert client.post(f"{HOME}devices/{number + 1}/revoke").status_code == 404
    assert client.post(f"{HOME}devices/{number}/revoke").location == f"{HOME}devices/"
    assert "Đã thu hồi" in client.get(f"{HOME}devices/").text
