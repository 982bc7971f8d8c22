"""The pages and commands of samples: announce, draw, verify, take the papers along."""

import csv
import io
import json
import tomllib
from dataclasses import replace

import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from sampling.errors import InfeasibleAllocationError
from surveyapp import clock
from surveyapp.cli import cli
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import AuditEntry, Frame, RecheckUnit, SampleDraw, SampleUnit, Survey
from surveyapp.samples import service, size_decisions, supplement
from surveyapp.samples.proposal import Choices
from surveyapp.samples.sizes import plan_request
from surveyapp.surveys import service as surveys
from tests.app import sample_factory as make
from tests.app.sample_factory import RATERS_PLAN, SECRET

SAMPLE = "/surveys/par-test/sample"
SEED = {"seed": "2024-10-01"}


@pytest.fixture
def survey(database: Database) -> str:
    """Store a survey with a frozen list."""
    with database.session() as db:
        make.survey_with(db, make.official(db, "goc"), RATERS_PLAN, make.raters())
        db.commit()
    return "par-test"


@pytest.fixture
def draw_id(database: Database, survey: str) -> int:
    """Carry out the draw of that survey."""
    with database.session() as db:
        actor = make.official(db)
        frame = surveys.latest_frame(db, surveys.find(db, survey))
        drawn = make.drawn(db, actor, frame, few_reason="thử")
        db.commit()
        return drawn.id


@pytest.fixture
def sized(database: Database, survey: str) -> str:
    """Adopt the sizes of the plan."""
    with database.session() as db:
        found, frame = db.scalars(select(Survey)).one(), db.scalars(select(Frame)).one()
        request = replace(plan_request(found), few_reason="thử")
        size_decisions.adopt(db, make.official(db, "co-mau"), found, frame, request)
        db.commit()
    return survey


@pytest.mark.usefixtures("sized")
def test_an_official_announces_draws_and_verifies(signed_in, database) -> None:
    client = signed_in("manager")

    assert "Lưu hạt giống, rồi chọn mẫu" in client.get(f"{SAMPLE}/").text
    page = client.get(f"{SAMPLE}/announce").text
    assert "64 phiếu" in page and "40 phiếu từ danh sách 60" in page
    announced = client.post(f"{SAMPLE}/announce", data={**SEED, "submit": "1"})
    assert announced.status_code == 302
    page = client.get(f"{SAMPLE}/").text
    assert "Đã công bố, chưa chọn" in page and "hạt giống tự chọn" in page
    with database.read_session() as db:
        number = db.scalars(select(SampleDraw.id)).one()
        assert db.scalar(select(func.count()).select_from(SampleUnit)) == 0
    assert client.post(f"{SAMPLE}/{number}/draw").status_code == 302
    assert "64 phiếu từ 90 dòng" in client.get(f"{SAMPLE}/").text
    assert "Khớp" in client.get(f"{SAMPLE}/{number}/verify").text


@pytest.mark.usefixtures("survey")
def test_sizes_come_before_the_announcement(signed_in, database) -> None:
    client = signed_in("manager")

    for answered in (
        client.get(f"{SAMPLE}/announce"),
        client.post(f"{SAMPLE}/announce", data={**SEED, "submit": "1"}),
    ):
        assert answered.location == f"{SAMPLE}/size"

    page = client.get(f"{SAMPLE}/").text
    assert "Chọn cỡ mẫu trước" in page and f'href="{SAMPLE}/size"' in page
    assert f'href="{SAMPLE}/announce"' not in page

    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(SampleDraw)) == 0


def test_the_announcement_says_who_would_be_added(signed_in, draw_id, database) -> None:
    with database.session() as db:
        survey, frame = db.scalars(select(Survey)).one(), db.scalars(select(Frame)).one()
        more = {"quotas": {"district": 26}, "reason": "thêm hai", "few_reason": "thử"}
        size_decisions.adopt(
            db, make.official(db, "co-mau"), survey, frame, replace(plan_request(survey), **more)
        )
        db.commit()
    client = signed_in("manager")

    page = client.get(f"{SAMPLE}/announce").text
    with database.read_session() as db:
        assert db.scalars(select(SampleDraw.id)).all() == [draw_id]
    done = client.post(f"{SAMPLE}/announce", data={"submit": "1"}).location
    with database.session() as db:
        survey = db.scalars(select(Survey)).one()
        later = service.draw(db, make.official(db, "lan"), service.draws(db, survey)[-1])
        changed = supplement.changes(service.draws(db, survey))[later.id]

    assert done == f"{SAMPLE}/"
    assert "Sẽ thêm 2, thôi 0" in page
    assert len(changed.added) == 2 and all(unit in page for unit in changed.added)


@pytest.mark.usefixtures("draw_id")
def test_a_draw_that_refuses_leaves_the_announcement_readable(
    signed_in, database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.session() as db:
        survey, frame = db.scalars(select(Survey)).one(), db.scalars(select(Frame)).one()
        request = replace(plan_request(survey), reason="thêm", few_reason="thử")
        size_decisions.adopt(db, make.official(db, "co-mau"), survey, frame, request)
        db.commit()

    def refuse(*_: object) -> None:
        raise InfeasibleAllocationError([])

    monkeypatch.setattr(supplement, "draw", refuse)
    answer = signed_in("manager").get(f"{SAMPLE}/announce")

    assert answer.status_code == 200
    assert "Chưa tính được</span> Chỉ tiêu vượt quá danh sách" in answer.text
    assert "<h2>Hạt giống</h2>" in answer.text


@pytest.mark.usefixtures("sized")
def test_an_empty_seed_is_refused_and_nothing_is_stored(signed_in, database) -> None:
    answered = signed_in("approver").post(f"{SAMPLE}/announce", data={"seed": "  ", "submit": "1"})

    assert answered.status_code == 422
    assert "Hạt giống phải có" in answered.text
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(SampleDraw)) == 0


def test_an_auditor_reads_and_verifies_but_changes_nothing(signed_in, draw_id) -> None:
    client = signed_in("auditor")

    assert "Khớp" in client.get(f"{SAMPLE}/{draw_id}/verify").text
    assert client.get(f"{SAMPLE}/{draw_id}/paper/protocol.json").status_code == 200
    for path in ("announce", f"{draw_id}/draw", f"{draw_id}/offices.csv"):
        assert client.post(f"{SAMPLE}/{path}").status_code == 403


def test_a_draw_sent_twice_is_refused_and_changes_nothing(signed_in, draw_id) -> None:
    answered = signed_in("manager").post(f"{SAMPLE}/{draw_id}/draw")

    assert answered.status_code == 409
    assert "đã thực hiện" in answered.text


def test_a_draw_of_another_survey_is_not_found(signed_in, draw_id, database) -> None:
    with database.session() as db:
        survey = db.scalars(select(Survey)).one()
        other = RATERS_PLAN.replace("par-test", "par-other")
        make.survey_with(db, make.official(db, "khac"), other, make.raters())
        db.commit()
        assert survey.code == "par-test"

    assert (
        signed_in("manager").get(f"/surveys/par-other/sample/{draw_id}/verify").status_code == 404
    )


def test_the_papers_let_anybody_draw_the_same_from_files(signed_in, draw_id, tmp_path) -> None:
    client = signed_in("auditor")
    for name in ("protocol.json", "frame.csv", "plan.toml"):
        content = client.get(f"{SAMPLE}/{draw_id}/paper/{name}").data
        (tmp_path / name).write_bytes(content)
    assert client.get(f"{SAMPLE}/{draw_id}/paper/secret").status_code == 404

    rows = list(csv.DictReader((tmp_path / "frame.csv").read_text().splitlines()))
    assert set(rows[0]) == {"unit_code", "stratum"} and len(rows) == 90
    assert (
        tomllib.loads((tmp_path / "plan.toml").read_text())["quotas"]["provincial | council"] == 20
    )
    arguments = [
        f"--{n}={tmp_path / f}" for n, f in (("frame", "frame.csv"), ("plan", "plan.toml"))
    ]
    verified = CliRunner().invoke(
        cli, ["sample", "verify", *arguments, f"--protocol={tmp_path / 'protocol.json'}"]
    )
    assert verified.exit_code == 0, verified.output
    assert "khớp" in verified.output


def test_the_list_per_office_names_everybody_and_marks_nobody(signed_in, draw_id, database) -> None:
    client = signed_in("manager")

    listed = client.post(f"{SAMPLE}/{draw_id}/offices.csv").data.decode("utf-8-sig")
    book = openpyxl.load_workbook(io.BytesIO(client.post(f"{SAMPLE}/{draw_id}/offices.xlsx").data))

    rows = list(csv.reader(io.StringIO(listed), delimiter=";"))
    assert rows[0] == ["Nơi nhận", "Số thứ tự", "Họ và tên", "Số phiếu"]
    assert len(rows) == 65
    with database.read_session() as db:
        names = {f"Nguyễn Thị {unit.upper()}" for unit in db.scalars(select(SampleUnit.unit_code))}
        looks = select(func.count()).where(AuditEntry.action == "sample.office_list")
        assert db.scalar(looks) == 2
        assert db.scalar(select(func.count()).select_from(RecheckUnit)) == 6
    assert {row[2] for row in rows[1:]} == names
    assert sum(sheet.max_row for sheet in book) > 65


def test_a_whole_draw_by_command(survey, database, monkeypatch, official) -> None:
    official("manager", login="thu-nga")
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))
    draw = ["sample", "draw", "--survey", survey, "--seed", "2024-10-01", "--as", "thu-nga"]

    refused = CliRunner().invoke(cli, draw)
    done = CliRunner().invoke(cli, [*draw, "--few-reason", "thử", "--json"])
    verified = CliRunner().invoke(cli, ["sample", "verify", f"--survey={survey}"])
    both = CliRunner().invoke(cli, [*draw, "--frame", "x.csv"])

    assert isinstance(refused.exception, AppError) and refused.exception.code == "SAMPLE-210"
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["main"] == 64
    assert verified.output == "khớp\n"
    assert isinstance(both.exception, AppError) and both.exception.code == "SAMPLE-222"


def test_a_quota_above_its_list_stops_the_command_and_names_both_ways(
    survey, database, monkeypatch, official
) -> None:
    official("manager", login="thu-nga")
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))
    draw = ["sample", "draw", "--survey", survey, "--seed", "x", "--as", "thu-nga"]
    more = ["--quota", "district=40", "--few-reason", "thử", "--reason", "thử"]

    stopped = CliRunner().invoke(cli, [*draw, *more])
    taken = CliRunner().invoke(cli, [*draw, *more, "--shortfall", "census", "--json"])

    assert isinstance(stopped.exception, AppError) and stopped.exception.code == "SAMPLE-207"
    assert json.loads(taken.stdout)["main"] == 70


@pytest.mark.usefixtures("survey")
def test_the_same_seed_and_secret_give_the_same_protocol(database: Database) -> None:
    protocols = []
    for _ in range(2):
        with database.session() as db, clock.set_to(make.NOW):
            actor = make.official(db, "thu")
            frame = db.scalars(select(Frame)).one()
            announced = service.announce(db, actor, frame, "a", Choices(few_reason="x"), SECRET)
            protocols.append(json.dumps(service.draw(db, actor, announced).protocol))
            db.rollback()

    assert protocols[0] == protocols[1]
