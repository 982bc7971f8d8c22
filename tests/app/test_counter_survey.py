"""Opinions at the counter from the plan to the results: no draw, no quota, no interval, no place."""

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.report import Missing, Paragraph
from surveyapp import clock
from surveyapp.actor import Actor
from surveyapp.collect import devices, pairing, release
from surveyapp.collect.keys import Keyring
from surveyapp.collect.service import accept
from surveyapp.collect.submission import parse
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Batch, Device, Response, Survey, WaitingAnswer
from surveyapp.results import checking, document, opinions
from surveyapp.results import service as results
from surveyapp.surveys import definitions, service
from surveyapp.surveys.plan import load_plan
from surveyapp.surveys.plan_reading import PlanError

Browser = Callable[..., FlaskClient]
PLAN = definitions.plan_text("binh-dinh-counter-2024")
HOME = "/surveys/counter-2024/"
AFTER = datetime(2025, 1, 10, 5, tzinfo=UTC)


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
    assert lacking.value.problems == ("Chưa ghép máy nào tại quầy.",)

    agency = survey.agencies[0]
    pairing.pair(db, actor, survey.code, agency.code, "Quầy 1")
    service.advance(db, actor, survey, "collecting")

    assert survey.state == "collecting"
    assert service.next_state(survey) == "locked"


def test_a_revoked_tablet_opens_no_collection(db: Session, actor: Actor, survey: Survey) -> None:
    pairing.pair(db, actor, survey.code, survey.agencies[0].code, "Quầy 1")
    devices.revoke(db, actor, db.scalars(select(Device.id)).one())

    assert service.missing(db, survey, "collecting")


def test_an_agency_with_a_tablet_cannot_be_left_out(
    db: Session, actor: Actor, survey: Survey
) -> None:
    agency = survey.agencies[0]
    pairing.pair(db, actor, survey.code, agency.code, "Quầy 1")
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
    assert "Việc cần làm tiếp: ghép máy tại quầy" in first
    assert f'href="{HOME}devices/"' in first
    assert "Danh sách chọn mẫu" not in first

    paired = client.post(f"{HOME}devices/pair", data={"agency": "so-noi-vu", "counter": "Quầy 9"})
    assert "Mã ghép máy" in paired.text
    assert "http://localhost/device" in paired.text
    assert "Quầy 9" in client.get(f"{HOME}devices/").text
    assert "Việc cần làm tiếp: bắt đầu thu phiếu" in client.get(HOME).text
    assert client.post(f"{HOME}advance/collecting").location == HOME
    assert "Việc cần làm tiếp: theo dõi ý kiến tại quầy" in client.get(HOME).text
    assert "Chọn mẫu trước" not in client.get(f"{HOME}fieldwork/").text


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
    revoke = f"{HOME}devices/{number}/revoke"
    assert looking.get(revoke).status_code == 403
    assert client.post(f"{HOME}devices/{number + 1}/revoke").status_code == 404
    assert f'href="{revoke}"' in client.get(f"{HOME}devices/").text
    assert "Thu hồi máy số" in client.get(revoke).text
    assert "Đã thu hồi" not in client.get(f"{HOME}devices/").text
    assert client.post(revoke).location == f"{HOME}devices/"
    assert "Đã thu hồi" in client.get(f"{HOME}devices/").text


ANSWERS = {
    "purpose_of_visit": "file",
    "holder": "self",
    "waiting_place": "4",
    "papers": "3",
    "guidance_manner": "5",
    "got_result": "no",
    "visits": "1",
    "overall": "4",
}


def opened(
    db: Session, actor: Actor, survey: Survey, agencies: list[str]
) -> dict[str, devices.Tablet]:
    """Pair one tablet for each agency and begin to collect."""
    tokens = {agency: pairing.pair(db, actor, survey.code, agency, "Quầy 1") for agency in agencies}
    service.advance(db, actor, survey, "collecting")
    db.commit()
    return {agency: devices.recognise(db, token) for agency, token in tokens.items()}


def send(
    db: Session, keyring: Keyring, survey: Survey, device: devices.Tablet, **answers: str
) -> None:
    given = ANSWERS | answers
    body = {
        "survey": survey.code,
        "questionnaire": "counter",
        "version": survey.groups[0].questionnaire_version,
        "language": "vi",
        "mode": "tablet",
        "assisted": given["holder"],
        "nonce": "n" * 32,
        "answers": given,
    }
    accept(db, keyring, parse(uuid4(), json.dumps(body).encode()), device)


def locked(db: Session, actor: Actor, survey: Survey, keyring: Keyring) -> None:
    """Give opinions on three agencies: 40 (half of them 4), 12 and 9; two more of an official."""
    tablets = opened(db, actor, survey, ["so-tu-phap", "so-noi-vu", "so-y-te"])
    for agency, n in (("so-tu-phap", 40), ("so-noi-vu", 12), ("so-y-te", 9)):
        for i in range(n):
            send(db, keyring, survey, tablets[agency], overall="4" if i % 2 else "2")
    for _ in range(2):
        send(db, keyring, survey, tablets["so-tu-phap"], overall="5", holder="official")
    results.lock(db, actor, survey, keyring)
    db.commit()


def test_progress_counts_what_waits_with_what_is_released(
    db: Session, actor: Actor, survey: Survey, settings: Settings, database: Database
) -> None:
    keyring = Keyring(settings.keys)
    tablets = opened(db, actor, survey, ["so-tu-phap", "so-y-te"])
    for agency, n in (("so-tu-phap", 13), ("so-y-te", 2)):
        for _ in range(n):
            send(db, keyring, survey, tablets[agency])
    db.commit()
    release.settle(database, keyring, survey.id, release_size=5)

    counted = {line.title: line.received for line in service.progress(db, survey)}

    assert db.scalar(select(func.count()).select_from(Response)) == 8
    assert counted["Sở Tư pháp"] == 13
    assert counted["Sở Y tế"] == 2
    assert sum(counted.values()) == 15
    assert len(counted) == 2  # the other 28 agencies have neither a tablet nor an answer
    assert [step.facts for step in service.path(db, survey)][1] == "2 máy đang dùng"
    assert "đã nhận 15 phiếu" in service.path(db, survey)[2].facts


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_first_page_shows_tablets_and_answers_of_the_agencies_that_have_some(
    signed_in: Browser, db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    tablets = opened(db, actor, survey, ["so-tu-phap", "so-y-te"])
    send(db, Keyring(settings.keys), survey, tablets["so-y-te"])
    devices.revoke(db, actor, tablets["so-y-te"].id)
    db.commit()

    page = " ".join(signed_in("manager").get(HOME).text.split())

    rows = re.findall(
        r'<th scope="row">([^<]+)</th> <td class="n">(\d+)</td><td class="n">(\d+)<', page
    )
    assert rows == [("Sở Tư pháp", "0", "1"), ("Sở Y tế", "1", "0")]
    assert "28 cơ quan khác chưa có máy, chưa có phiếu." in page
    assert "Kế hoạch</th>" not in page


def test_the_lock_is_proposed_after_the_deadline_when_no_tablet_goes_on(
    db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    def proposed() -> str:
        return service.next_step(db, survey).endpoint

    tablets = opened(db, actor, survey, ["so-y-te"])
    with clock.set_to(AFTER):
        assert proposed() == "devices.index"  # nothing to lock
    send(db, Keyring(settings.keys), survey, tablets["so-y-te"])
    assert proposed() == "devices.index"
    with clock.set_to(AFTER):
        assert proposed() == "results.confirm_lock"
        send(db, Keyring(settings.keys), survey, tablets["so-y-te"])
        assert proposed() == "devices.index"
        assert "Đã quá hạn 31/12/2024" in service.next_step(db, survey).sentence
        devices.revoke(db, actor, tablets["so-y-te"].id)
        assert proposed() == "results.confirm_lock"  # every tablet has gone back
        pairing.pair(db, actor, survey.code, "so-noi-vu", "Quầy 1")
        assert proposed() == "devices.index"  # a collection that begins late has just begun


def test_shares_stand_without_interval_and_place_and_small_bases_stay_hidden(
    db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    locked(db, actor, survey, Keyring(settings.keys))
    report = document.build(db, survey, results.run(db, actor, survey))

    tables = {table.code: table for table in report.tables()}
    shares = {row[0]: row[1:] for row in tables["provincial-opinions"].rows}
    columns = [column.key for column in tables["provincial-opinions"].columns][1:]
    assert shares["Sở Tư pháp"][:2] == (40, 2)
    overall = {
        name: dict(zip(columns, row, strict=True))["overall"] for name, row in shares.items()
    }
    assert overall["Sở Tư pháp"] == 50.0
    assert overall["Sở Y tế"].reason == "dưới 10"
    assert overall["Sở Nội vụ (thực hiện khảo sát)"].reason == "không nêu"  # the whole is shown
    assert overall["Cả nhóm"] == pytest.approx(100 * (20 + 6 + 4) / 61)
    assert "Sở Xây dựng" not in overall
    told = [block.text for block in report.sections[1].blocks if isinstance(block, Paragraph)]
    assert "Không có phiếu nào: " in told[1]
    assert "Sở Xây dựng" in told[1]
    assert dict(zip(columns, shares["Cả nhóm"], strict=True))["on_time_correct"].reason == (
        "không có phiếu"
    )

    levels = {row[0]: row[1:] for row in tables["provincial-opinions-overall"].rows}
    whole = levels["Cả nhóm"]
    assert whole[0] == 61
    assert whole[1].reason == "không nêu"  # nobody chose it, which would tell hidden counts
    assert levels["Sở Tư pháp"][1].reason == "không nêu"  # 21 hidden answers would follow
    kinds = {column.kind for table in report.tables() for column in table.columns}
    assert kinds == {"text", "count", "percent"}
    assert report.figures() == ()


def test_the_other_questions_are_counted_without_forms_of_officials(
    db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    locked(db, actor, survey, Keyring(settings.keys))
    content = results.run(db, actor, survey).content["groups"]
    others = next(each for each in content if each["code"] == "provincial")["others"]

    assert set(others) == {"purpose_of_visit", "holder", "got_result", "visits"}
    rows = others["holder"]
    assert (rows[""]["asked"], rows[""]["n"]) == (61, 61)  # two more were an official's
    shares = rows[""]["shares"]
    assert shares["self"] == {"value": 100.0}  # no interval, no flag
    assert {code for code, share in shares.items() if share["value"] == 0.0} == {*shares} - {"self"}
    assert rows["so-y-te"] == {"hidden": "base"}
    assert rows["so-tu-phap"] == {"hidden": "complementary"}  # the whole less it are 21


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_page_pdf_and_workbook_say_that_these_are_opinions(
    db: Session, actor: Actor, survey: Survey, settings: Settings, signed_in: Browser
) -> None:
    locked(db, actor, survey, Keyring(settings.keys))
    client = signed_in("manager")
    assert client.post(f"{HOME}results/run").location == f"{HOME}results/"
    page = client.get(f"{HOME}results/").text
    assert "Số đếm của từng cơ quan</a>" in page
    assert "thứ hạng và khoảng thứ hạng" not in page
    workbook = load_workbook(io.BytesIO(client.get(f"{HOME}results/report.xlsx").data))
    pdf = client.get(f"{HOME}results/report.pdf").data

    assert pdf.startswith(b"%PDF")
    assert opinions.CAVEAT in page
    cells = {str(cell.value) for sheet in workbook for row in sheet.iter_rows() for cell in row}
    assert {opinions.CAVEAT, "Cán bộ bấm giúp"} <= cells
    for text in (page, " ".join(cells)):
        assert "Khoảng tin cậy 95%" not in text
        assert "Thứ hạng" not in text
        assert "Bộ Nội vụ" not in text


def test_quality_shows_no_plan_where_there_is_none(db: Session, survey: Survey) -> None:
    ways = checking.quality_tables(db, survey)[1]
    quota = [column.key for column in ways.columns].index("quota")
    assert {row[quota] for row in ways.rows} == {Missing("không định trước số phiếu")}


def test_the_lock_refuses_nothing_that_counters_do_not_have(
    db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    locked(db, actor, survey, Keyring(settings.keys))

    assert survey.state == "locked"
    assert db.scalar(select(func.count()).select_from(WaitingAnswer)) == 0
    assert not db.scalar(select(func.count()).where(Batch.is_open))


@pytest.mark.parametrize(("more", "shown"), [(3, False), (12, True)])
def test_a_later_run_tells_no_few_opinions_apart(
    db: Session, actor: Actor, survey: Survey, settings: Settings, more: int, *, shown: bool
) -> None:
    locked(db, actor, survey, Keyring(settings.keys))
    first = results.run(db, actor, survey).content["groups"]
    own = (Response.device_agency == "so-tu-phap", Response.assisted == "self")
    last = db.scalars(select(Response).where(*own)).first()
    assert last is not None
    columns = {c.name: getattr(last, c.name) for c in Response.__table__.columns}
    for k in range(more):
        db.add(Response(**columns | {"id": f"{k:032x}", "answers": ANSWERS | {"overall": "5"}}))
    db.flush()
    later = results.run(db, actor, survey).content["groups"]

    def told(groups: list, row: str) -> object:
        found = next(group for group in groups if group["code"] == "provincial")
        return found["items"]["overall"][row]["counts"]["satisfied"]

    assert told(first, "so-tu-phap") == 20
    assert told(later, "so-tu-phap") == (20 + more if shown else "complementary")
    assert told(later, "") == (30 + more if shown else "complementary")
