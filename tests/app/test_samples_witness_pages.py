"""The pages and commands of a witnessed draw, and what every role can see of the re-check."""

import json
import re
import sys

import pytest
from sqlalchemy import func, select

from surveyapp import cli as root
from surveyapp import clock, roles
from surveyapp.db import Database
from surveyapp.models import (
    Account,
    AccountRole,
    Contact,
    RecheckUnit,
    SampleDraw,
    SampleParty,
    SampleUnit,
    Survey,
    account,
)
from surveyapp.samples import contacts, service, size_decisions
from surveyapp.samples.proposal import Choices
from surveyapp.samples.sizes import plan_request
from surveyapp.surveys import service as surveys
from tests.app import sample_factory as make
from tests.app.sample_factory import RATERS_PLAN
from tests.app.test_samples_witness import LATER, TODAY

SAMPLE = "/surveys/par-test/sample"
FEW = Choices(few_reason="thử")


@pytest.fixture
def survey(database: Database) -> str:
    """Store a survey with a frozen list and decided sizes."""
    with database.session() as db:
        actor = make.official(db, "goc")
        survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
        request = size_decisions.replace(plan_request(survey), few_reason="thử")
        size_decisions.adopt(db, actor, survey, frame, request)
        db.commit()
    return "par-test"


@pytest.fixture
def listed(database: Database) -> str:
    """Store a survey with a frozen list and no decision on sizes."""
    with database.session() as db:
        make.survey_with(db, make.official(db, "goc"), RATERS_PLAN, make.raters())
        db.commit()
    return "par-test"


@pytest.fixture
def drawn(database: Database, survey: str) -> int:
    """Carry out a self-chosen draw."""
    with database.session() as db:
        actor = make.official(db, "chon")
        frame = surveys.latest_frame(db, surveys.find(db, survey))
        announced = service.announce(db, actor, frame, "hạt", FEW)
        service.draw(db, actor, announced)
        db.commit()
        return announced.id


def _code(page: str, label: str) -> str:
    return re.search(rf"<dt>{label}</dt><dd><code>(\w+)</code>", page)[1]


@pytest.mark.usefixtures("survey")
def test_two_officials_and_an_auditor_go_the_whole_way_on_pages(signed_in) -> None:
    with clock.set_to(TODAY):
        manager, auditor = signed_in("manager"), signed_in("auditor")
        opened = manager.post(f"{SAMPLE}/witness", data={"submit": "1"})
        assert opened.status_code == 302
        number = int(opened.location.split("/")[-2])
        here = f"{SAMPLE}/{number}"
        page = auditor.get(f"{here}/witness").text
        assert "Nói gì với các bên chứng kiến" in page and "Bỏ lần chọn này" not in page
        secrets = {}
        for client, party in ((manager, "Sở Nội vụ"), (auditor, "MTTQ tỉnh")):
            page = client.post(f"{here}/commit", data={"party": party, "make": "1"}).text
            secrets[party] = (_code(page, "Phần bí mật"), _code(page, "Chuỗi che"))
        early = dict(zip(("part", "nonce"), secrets["Sở Nội vụ"], strict=True))
        refused = manager.post(f"{here}/reveal", data=early)
        assert (refused.status_code, "Chưa chốt cam kết" in refused.text) == (409, True)
        assert auditor.post(f"{here}/close").status_code == 403
        assert manager.post(f"{here}/close").status_code == 302
        for client, party in ((manager, "Sở Nội vụ"), (auditor, "MTTQ tỉnh")):
            shown = dict(zip(("part", "nonce"), secrets[party], strict=True))
            wrong = client.post(f"{here}/reveal", data={**shown, "part": "khác"})
            assert (wrong.status_code, "không khớp với cam kết" in wrong.text) == (409, True)
            assert client.post(f"{here}/reveal", data=shown).status_code == 302
        assert "Đã đủ mọi phần" in manager.get(f"{here}/witness").text
        assert auditor.post(f"{here}/draw").status_code == 403
        assert manager.post(f"{here}/draw").status_code == 302
        page = auditor.get(f"{here}/verify").text
        assert "có chứng kiến" in page and "Khớp" in page and "niêm phong" in page
        assert auditor.get(f"{here}/paper/protocol.pdf").data.startswith(b"%PDF")
        assert json.loads(auditor.get(f"{here}/paper/announcement.json").text)["commitments"]


@pytest.mark.usefixtures("survey")
def test_a_number_of_a_later_day_is_named_and_taken_on_pages(signed_in) -> None:
    with clock.set_to(TODAY):
        client = signed_in("manager")
        half = client.post(f"{SAMPLE}/witness", data={"source": "Xổ số"})
        assert (half.status_code, "đủ nguồn, ngày" in half.text) == (422, True)
        past = {"source": "Xổ số", "on": "30/09/2024", "digits": "5"}
        refused = client.post(f"{SAMPLE}/witness", data=past)
        assert (refused.status_code, "Hẹn một ngày chưa đến" in refused.text) == (422, True)
        opened = client.post(
            f"{SAMPLE}/witness", data={**past, "on": "2024-10-05"}
        )  # as a browser sends
        here = opened.location.removesuffix("/witness")
        client.post(f"{here}/close")
        early = client.post(f"{here}/number", data={"value": "01234"})
        assert (early.status_code, "chưa đến ngày đó" in early.text) == (409, True)
    with clock.set_to(LATER):
        later = signed_in("approver")
        assert later.post(f"{here}/number", data={"value": "01234"}).status_code == 302
        assert later.post(f"{here}/draw").status_code == 302
        assert "64 phiếu từ 90 dòng" in later.get(f"{SAMPLE}/").text


@pytest.mark.usefixtures("survey")
def test_a_draw_is_given_up_only_with_a_reason_and_stays_on_the_page(signed_in) -> None:
    client = signed_in("manager")
    opened = client.post(f"{SAMPLE}/witness", data={"submit": "1"})
    here = opened.location.removesuffix("/witness")
    assert client.post(f"{here}/abandon", data={"reason": ""}).status_code == 422
    assert client.post(f"{here}/abandon", data={"reason": "MTTQ vắng"}).status_code == 302
    page = client.get(f"{SAMPLE}/").text
    assert "MTTQ vắng" in page and "Chọn có chứng kiến" in page


def test_a_supplementary_draw_shows_who_is_added(signed_in, database, survey, drawn) -> None:
    client = signed_in("manager")
    with database.session() as db:
        actor = make.official(db, "them")
        frame = surveys.latest_frame(db, surveys.find(db, survey))
        more = Choices(quotas={"district": 26}, few_reason="thử", reason="tăng")
        service.draw(db, actor, service.announce(db, actor, frame, "hạt", more))
        db.commit()
        before, after = (
            set(db.scalars(select(SampleUnit.unit_code).where(SampleUnit.draw_id == number)))
            for number in (drawn, drawn + 1)
        )
    page = client.get(f"{SAMPLE}/").text
    assert "Thêm 2, thôi 0" in page
    assert len(after - before) == 2
    for unit in after - before:
        assert unit in page


def test_no_role_sees_the_recheck_or_its_secret_before_the_lock(signed_in, database, drawn) -> None:
    client = signed_in("admin")
    with database.session() as db:
        secret = db.get_one(SampleDraw, drawn).recheck_secret
        assert len(db.scalars(select(RecheckUnit.unit_code)).all()) == 6
        changing = db.scalars(select(Account).order_by(Account.id.desc()).limit(1)).one()
        for role in account.ROLES:
            changing.roles = [AccountRole(role=role)]
            db.commit()
            _sees_nothing(client, drawn, secret, allowed=role in roles.STAFF)


def _sees_nothing(client, drawn: int, secret: str, *, allowed: bool) -> None:
    """Ask for every paper of a draw; the re-check is counted in the protocol, and no more."""
    names = ("protocol.json", "protocol.pdf", "frame.csv", "plan.toml", "recheck.secret")
    answers = {name: client.get(f"{SAMPLE}/{drawn}/paper/{name}") for name in names}
    expected = dict.fromkeys(names, 200 if allowed else 403) | {"recheck.secret": 403}
    assert {name: answer.status_code for name, answer in answers.items()} == expected
    for answer in (client.get(f"{SAMPLE}/"), *answers.values()):
        assert secret.encode() not in answer.data
    if allowed:
        stored = answers["protocol.json"].get_json()
        assert stored["counts"]["recheck"] == 6
        assert stored["lists"]["recheck"] == stored["lists"]["recheck_replacements"] == []
        assert set(stored["recheck"]) == {"share", "secret_sha256", "secret", "rule", "by"}


def test_the_secret_is_given_to_staff_once_the_survey_is_locked(signed_in, database, drawn) -> None:
    with database.session() as db:
        found = db.get_one(SampleDraw, drawn)
        survey = db.get_one(Survey, found.survey_id)
        survey.state, survey.locked_at = "locked", TODAY
        secret = found.recheck_secret
        db.commit()
    assert signed_in("auditor").get(f"{SAMPLE}/{drawn}/paper/recheck.secret").text == f"{secret}\n"
    assert signed_in("interviewer").get(f"{SAMPLE}/{drawn}/paper/recheck.secret").status_code == 403


def test_contacts_of_the_undrawn_are_deleted_and_the_draw_still_verifies(
    signed_in, database, survey, drawn
) -> None:
    client = signed_in("manager")
    assert "<strong>26 người</strong>" in client.get(f"{SAMPLE}/forget").text
    assert client.post(f"{SAMPLE}/forget").status_code == 302
    assert client.post(f"{SAMPLE}/forget").status_code == 302  # again: nothing left
    with database.session() as db:
        found = surveys.find(db, survey)
        kept = set(db.scalars(select(Contact.person_code)))
        assert kept == {f"p{unit}" for unit in db.scalars(select(SampleUnit.unit_code))}
        assert contacts.undrawn(db, found) == 0
        assert service.verify(db, db.get_one(SampleDraw, drawn)) is None
    page = client.get(f"{SAMPLE}/").text
    assert "Đã xóa họ tên" in page and "Chọn bổ sung" not in page


@pytest.mark.usefixtures("survey")
def test_nobody_is_deleted_before_the_draw(signed_in, database) -> None:
    assert signed_in("manager").post(f"{SAMPLE}/forget").status_code == 409
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(Contact)) == 90


@pytest.fixture
def sipas(capsys, monkeypatch, database_url, tmp_path):
    """Run `sipas sample ARGS` on a day; gives (exit code, stdout, stderr)."""
    monkeypatch.setenv("SURVEY_DATABASE_URL", database_url)
    monkeypatch.setenv("SURVEY_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*args, on=TODAY):
        monkeypatch.setattr(sys, "argv", ["sipas", "sample", *args])
        with clock.set_to(on), pytest.raises(SystemExit) as ended:
            root.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run


def test_a_witnessed_draw_is_scripted_from_opening_to_the_signed_page(
    sipas, listed, official, database, tmp_path
) -> None:
    official("manager", login="quan-ly")
    official("auditor", login="mttq")
    of, here = ("--survey", listed), ("--survey", listed, "--as", "quan-ly")
    assert sipas("open", *here, "--few-reason", "thử")[0] == 0
    for folder, name, login in (("a", "Sở Nội vụ", "quan-ly"), ("b", "MTTQ tỉnh", "mttq")):
        assert sipas("commit", "--party", name, "--out", folder)[0] == 0
        given = ("--commitment", f"{folder}/commitment.json")
        assert sipas("commit", *of, "--as", login, *given)[0] == 0
    code, _, problem = sipas("reveal", *of, "--as", "mttq", "--secret", "b/secret.json")
    assert (code, "SAMPLE-247" in problem) == (1, True)
    assert sipas("announce", *here)[0] == 0
    code, _, problem = sipas("draw", *here)
    assert (code, "Chưa có phần đã mở của" in problem) == (1, True)
    for folder, login in (("a", "quan-ly"), ("b", "mttq")):
        assert sipas("reveal", *of, "--as", login, "--secret", f"{folder}/secret.json")[0] == 0
    code, _, problem = sipas("draw", *here, "--seed", "hạt của tôi")
    assert (code, "SAMPLE-254" in problem) == (1, True)
    code, told, problem = sipas("draw", *here)
    assert (code, "(có chứng kiến)" in told, "6 phúc tra (niêm phong)" in told) == (0, True, True)
    assert sipas("verify", *of)[:2] == (0, "khớp\n")
    more = ("--quota", "district=26", "--reason", "tăng", "--few-reason", "thử", "--json")
    code, told, problem = sipas("draw", *here, *more)
    assert code == 0, problem
    assert json.loads(told)["label"] == "có chứng kiến"
    assert len(json.loads(told)["changes"]["added"]) == 2
    assert sipas("protocol", *of, "--out", "bb/bienban.pdf")[0] == 0
    assert (tmp_path / "bb" / "bienban.pdf").read_bytes().startswith(b"%PDF")
    assert "SAMPLE-168" in sipas("protocol", *of, "--out", "bb/bienban.pdf")[2]
    code, told, _ = sipas("forget", *here, "--json")
    assert (code, json.loads(told)) == (0, {"deleted": 24})
    assert "SAMPLE-243" in sipas("draw", *here, *more[:1], "district=28", *more[2:])[2]
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(SampleParty)) == 2


@pytest.mark.usefixtures("survey")
def test_an_announced_draw_is_given_up_by_command(sipas, official) -> None:
    official("manager", login="quan-ly")
    here = ("--survey", "par-test", "--as", "quan-ly")
    assert "SAMPLE-253" in sipas("abandon", *here, "--reason", "x")[2]
    lottery = ("--public", "Xổ số, 5/10/2024", "--public-digits", "5")
    assert sipas("open", *here, "--few-reason", "thử", *lottery)[0] == 0
    assert "SAMPLE-205" in sipas("open", *here, "--few-reason", "thử")[2]
    assert sipas("abandon", *here, "--reason", "hẹn nhầm ngày")[0] == 0
    again = ("--few-reason", "thử", "--reason", "hẹn lại", *lottery)
    assert sipas("open", *here, *again)[0] == 0
    assert sipas("announce", *here)[0] == 0
    code, told, problem = sipas("draw", *here, "--public-value", "00123", "--json", on=LATER)
    assert code == 0, problem
    assert [one["reason"] for one in json.loads(told)["previous"]] == ["hẹn nhầm ngày"]
