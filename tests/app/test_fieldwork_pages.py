"""Letters and the pages and commands of field work: one code for everybody, shown once."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select

from surveyapp import clock, codes, config
from surveyapp.cli import cli
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.fieldwork import service
from surveyapp.fieldwork.letters import FIRST, PURPOSE, REPLACEMENT, file_name, letters_pdf
from surveyapp.fieldwork.views import is_this_machine
from surveyapp.models import Assignment, FormCell, Frame, Invitation, SampleUnit, Survey
from tests.app import sample_factory as make
from tests.app.sample_factory import RATERS_PLAN
from tests.missing import give_up

FIELD = "/surveys/par-test/fieldwork"
CODE = re.compile(r"^\s*.*?((?:[0-9A-Z]{4}-){6}[0-9A-Z]{4})\s*$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _october():
    with clock.set_to(make.NOW):
        yield


@pytest.fixture
def survey(database: Database) -> str:
    """Store a survey whose sample is drawn."""
    with database.session() as db:
        actor = make.official(db)
        _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
        make.drawn(db, actor, frame, few_reason="thử")
        db.commit()
    return "par-test"


def text_of(pdf: bytes, layout: str = "-layout") -> str:
    if shutil.which("pdftotext") is None:
        give_up("pdftotext", "poppler-utils")
    command = ["pdftotext", layout, "-", "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)  # noqa: S603  fixed command
    return done.stdout.decode()


def codes_in(text: str) -> list[str]:
    return [codes.normalise(found) for found in CODE.findall(text)]


@pytest.mark.usefixtures("survey")
def test_an_official_gives_forms_issues_codes_and_sees_what_comes_in(signed_in, database) -> None:
    client = signed_in("manager")
    assert "Giao phiếu" in client.get(f"{FIELD}/").text

    assert client.post(f"{FIELD}/assign").status_code == 302
    assert "chỉ tải được một lần" in client.get(f"{FIELD}/").text
    issued = client.post(f"{FIELD}/issue", data={"expires_on": "10/11/2024"})

    assert issued.content_type == "application/pdf"
    assert '"par-test-thu-moi.pdf"' in issued.headers["Content-Disposition"]
    printed = codes_in(text_of(issued.data))
    assert len(printed) == len(set(printed)) == 64
    with database.session() as db:
        stored = set(db.scalars(select(Invitation.code_sha256)))
        assert stored == {codes.sha256(code) for code in printed}
        found = db.scalars(select(Survey)).one()
        for code in printed:  # every code opens its form, once
            make.spend(db, found, code)
            with pytest.raises(AppError):
                make.spend(db, found, code)
        db.commit()
    assert "Đã nhận 64 trên 64 phiếu" in client.get(f"{FIELD}/").text


@pytest.mark.usefixtures("survey")
def test_no_replacement_is_offered_where_there_is_no_reserve(signed_in, database) -> None:
    client = signed_in("manager")
    client.post(f"{FIELD}/assign")
    without = client.get(f"{FIELD}/people").text
    with database.session() as db:
        main = db.scalars(select(SampleUnit).where(SampleUnit.stratum.like("%divisions"))).all()
        for one in main[:3]:  # three of one rater group wait in the reserve instead
            db.execute(delete(Assignment).where(Assignment.unit_code == one.unit_code))
            one.role, one.design_weight = "reserve", None
        db.commit()
    some = client.get(f"{FIELD}/people").text

    assert "không có ai trong danh sách dự phòng" in without
    assert 'value="Ghi nhận"' in without and "thay bằng người dự phòng" not in without
    assert "thay bằng người dự phòng" in some
    assert some.count("nhóm không còn dự phòng") == 64 - 20  # all but her own group


@pytest.mark.usefixtures("survey")
@pytest.mark.parametrize(("is_given", "name"), [(True, "thu-moi-bo-sung"), (False, "thu-moi")])
def test_a_draw_is_supplementary_where_another_has_been_given(
    signed_in, database: Database, is_given: bool, name: str
) -> None:
    client = signed_in("manager")
    if is_given:
        client.post(f"{FIELD}/assign")
    with database.session() as db:
        [frame], choices = db.scalars(select(Frame)).all(), {"reason": "thiếu", "few_reason": "thử"}
        make.drawn(db, make.official(db, "tuan"), frame, quotas={"provincial": 45}, **choices)
        db.commit()

    assert ("Người được giao phiếu, thay người" in client.get(f"{FIELD}/").text) == is_given
    client.post(f"{FIELD}/assign")
    issued = client.post(f"{FIELD}/issue", data={"expires_on": "10/11/2024"})
    assert f'"par-test-{name}.pdf"' in issued.headers["Content-Disposition"]
    assert client.get(f"{FIELD}/people").text.count("Chọn bổ sung") == 5 * is_given


@pytest.mark.usefixtures("survey")
def test_the_letters_are_given_once(signed_in) -> None:
    client = signed_in("manager")
    client.post(f"{FIELD}/assign")
    client.post(f"{FIELD}/issue", data={"expires_on": "10/11/2024"})

    again = client.post(f"{FIELD}/issue", data={"expires_on": "10/11/2024"})

    assert again.status_code == 409
    assert "không lưu" in again.text


@pytest.mark.usefixtures("survey")
def test_a_day_that_is_none_issues_no_code(signed_in, database) -> None:
    client = signed_in("manager")
    client.post(f"{FIELD}/assign")

    for day, said in [
        ("", "Cần điền mục này"),
        ("32/13/2024", "Cần nhập ngày theo dạng"),
        ("01/09/2024", "đã qua"),
    ]:
        refused = client.post(f"{FIELD}/issue", data={"expires_on": day})
        assert refused.status_code == 422
        assert said in refused.text

    with database.read_session() as db:
        assert db.scalars(select(Invitation)).all() == []


@pytest.mark.usefixtures("survey")
def test_others_see_the_progress_and_change_nothing(signed_in) -> None:
    client = signed_in("auditor")

    assert client.get(f"{FIELD}/").status_code == 200
    assert client.post(f"{FIELD}/assign").status_code == 403
    assert client.post(f"{FIELD}/issue").status_code == 403
    assert signed_in("agency").get(f"{FIELD}/").status_code == 403


def test_codes_and_letters_by_command(survey, database, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))
    monkeypatch.delenv("SURVEY_ADDRESS", raising=False)
    issue = ["invitation", "issue", "--survey", survey, "--as", "lan.anh", "--out", str(tmp_path)]

    unknown = CliRunner().invoke(cli, [*issue, "--expires", "2024-11-10"])
    done = CliRunner().invoke(
        cli, [*issue, "--expires", "2024-11-10", "--address", "https://khaosat.vn/", "--json"]
    )
    monkeypatch.setenv("SURVEY_ADDRESS", "https://moi.vn")
    again = CliRunner().invoke(cli, [*issue, "--expires", "2024-11-10"])
    anew = CliRunner().invoke(
        cli, [*issue, "--expires", "2024-11-10", "--again", "--reason", "mất tệp"]
    )
    progress = CliRunner().invoke(cli, ["invitation", "progress", "--survey", survey, "--json"])

    assert isinstance(unknown.exception, AppError) and unknown.exception.code == "FIELD-025"
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["letters"] == 64
    letters, second = sorted(tmp_path.glob("*.pdf"), key=lambda path: len(path.name))
    assert letters.stat().st_mode & 0o077 == 0
    assert text_of(letters.read_bytes()).count("https://khaosat.vn/s/par-test") == 64
    assert isinstance(again.exception, AppError) and again.exception.code == "FIELD-006"
    assert anew.exit_code == 0, anew.output
    assert "https://moi.vn/s/par-test" in anew.stdout
    assert text_of(second.read_bytes()).count("https://moi.vn/s/par-test") == 64
    assert sum(row["issued"] for row in json.loads(progress.stdout)) == 64


@pytest.mark.usefixtures("survey")
def test_an_official_who_lost_the_letters_gets_new_ones(signed_in, database) -> None:
    client = signed_in("manager")
    client.post(f"{FIELD}/assign")
    lost = client.post(f"{FIELD}/issue", data={"expires_on": "10/11/2024"})
    assert "Mất tệp thư mời?" in client.get(f"{FIELD}/").text
    assert 'name="revoked" type="hidden" value="0"' in client.get(f"{FIELD}/").text
    data = {"expires_on": "10/11/2024", "reason": "mất mạng khi tải", "revoked": "0"}

    empty = client.post(f"{FIELD}/reissue", data={**data, "reason": "", "expires_on": "01/09/2024"})
    assert empty.status_code == 422
    assert "Cần điền mục này" in empty.text and "Ngày này đã qua" in empty.text
    assert 'name="revoked" type="hidden" value="0"' in empty.text
    issued = client.post(f"{FIELD}/reissue", data=data)

    printed = codes_in(text_of(issued.data))
    assert len(printed) == 64 and not set(printed) & set(codes_in(text_of(lost.data)))
    pressed_again = client.post(f"{FIELD}/reissue", data=data)  # the page is still there
    assert pressed_again.status_code == 409
    assert "FIELD-026" in pressed_again.text
    assert client.post(f"{FIELD}/reissue", data={**data, "revoked": ""}).status_code in {409, 422}
    assert 'name="revoked" type="hidden" value="64"' in client.get(f"{FIELD}/").text
    with database.session() as db:
        found = db.scalars(select(Survey)).one()
        make.spend(db, found, printed[0])
        db.commit()
    assert client.post(f"{FIELD}/reissue", data={**data, "revoked": "64"}).status_code == 409
    assert "Mất tệp thư mời?" not in client.get(f"{FIELD}/").text
    assert signed_in("auditor").post(f"{FIELD}/reissue", data=data).status_code == 403


@pytest.mark.usefixtures("survey")
def test_no_letters_lead_to_the_servers_own_machine(app, signed_in, database) -> None:
    known = replace(app.extensions["sipas_settings"], public_address="")
    app.extensions["sipas_settings"] = known
    client = signed_in("manager")
    client.post(f"{FIELD}/assign")

    assert "chỉ mở được trên chính máy chủ" in client.get(f"{FIELD}/").text
    refused = client.post(f"{FIELD}/issue", data={"expires_on": "10/11/2024"})

    assert refused.status_code == 409
    assert "FIELD-027" in refused.text
    with database.read_session() as db:
        assert db.scalars(select(Invitation)).all() == []


@pytest.mark.parametrize(
    ("host", "is_own"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("10.0.0.5", False), ("a.vn", False)],
)
def test_an_office_network_is_not_the_servers_own_machine(host: str, is_own: bool) -> None:
    assert is_this_machine(host) == is_own


@pytest.mark.usefixtures("survey")
def test_letters_name_the_public_address_whatever_the_browser_asked_for(app, signed_in) -> None:
    known = replace(app.extensions["sipas_settings"], public_address="https://khaosat.vn/sipas")
    app.extensions["sipas_settings"] = known
    client = signed_in("manager")
    client.post(f"{FIELD}/assign")

    page = client.get(f"{FIELD}/").text
    issued = client.post(f"{FIELD}/issue", data={"expires_on": "10/11/2024"})

    assert "https://khaosat.vn/sipas/s/par-test" in page
    text = text_of(issued.data)
    assert text.count("https://khaosat.vn/sipas/s/par-test") == 64
    assert "localhost" not in text


@pytest.mark.parametrize("address", ["khaosat.vn", "https://", "https://a.vn/?x=1", "ftp://a.vn"])
def test_a_public_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(AppError, match="APP-009"):
        config.load({"SURVEY_ADDRESS": address})


def letter(name: str = "Nguyễn Thị Hồng Nhung") -> service.Letter:
    return service.Letter(
        name,
        "Văn phòng Hội đồng nhân dân tỉnh",
        "Số 1 Trần Phú",
        "Điều tra xã hội học năm 2024",
        "Các cơ quan thuộc Ủy ban nhân dân tỉnh",
        codes.make(),
        date(2024, 11, 10),
    )


def test_a_letter_says_who_why_until_when_and_that_some_are_asked_again() -> None:
    one, other = letter(), letter("Trần Văn Bình")

    text = text_of(letters_pdf([one, other], "https://khaosat.vn/s/x", simulated=True))

    assert codes_in(text) == [one.code, other.code]
    flat = " ".join(text.split())
    assert "Kính gửi: Ông/Bà Nguyễn Thị Hồng Nhung" in flat and "Ông/Bà Trần Văn Bình" in flat
    assert "đến hết ngày 10/11/2024" in flat
    assert "tối đa một phần mười" in PURPOSE and "tối đa một phần mười" in flat
    assert flat.count("SỐ LIỆU MÔ PHỎNG") == 2
    assert text.count("\f") == 1  # two slips share a page


def test_a_letter_names_one_place_once_and_an_organisation_without_a_pronoun() -> None:
    company = replace(letter("Công ty TNHH Phú Mỹ"), is_organisation=True)
    one = replace(company, office="Sở Nội vụ", address="SỞ NỘI VỤ, 139 Nguyễn Huệ")
    other = replace(letter(), office="UBND huyện Phù Mỹ", address="Ủy ban nhân dân huyện Phù Mỹ")

    text = text_of(letters_pdf([one, other], "https://khaosat.vn/s/x"))

    assert "Kính gửi: Công ty TNHH Phú Mỹ" in text
    assert ("Sở Nội vụ\n" in text) and ("SỞ NỘI VỤ, 139 Nguyễn Huệ" in text)  # it says more
    assert "Ủy ban nhân dân huyện Phù Mỹ\n" in text and "UBND huyện Phù Mỹ" not in text


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("", "Sở Nội vụ"),
        ('province = "Bình Định"', "Sở Nội vụ, Bình Định"),
        (
            'province = "Nội vụ"\ncontact = "Phòng Cải cách hành chính, điện thoại 0256 3822 000"',
            "Sở Nội vụ; liên hệ: Phòng Cải cách hành chính, điện thoại 0256 3822 000",
        ),
    ],
)
def test_a_letter_says_who_sends_it_and_whom_to_ask(db, keys: str, told: str) -> None:
    actor = make.official(db)
    plan = RATERS_PLAN.replace('lead_agency = "Sở Nội vụ"', f'lead_agency = "Sở Nội vụ"\n{keys}')
    _survey, frame = make.survey_with(db, actor, plan, make.raters())
    draw = make.drawn(db, actor, frame, few_reason="thử")
    service.assign(db, actor, draw)
    letters = service.issue(db, actor, draw, expires_on=date(2024, 11, 10))

    text = " ".join(text_of(letters_pdf(letters[:2], "https://khaosat.vn/s/x")).split())

    assert text.count(f"Nơi gửi: {told}.") == 2


def test_a_letter_without_a_sender_leaves_no_empty_words() -> None:
    assert "Nơi gửi" not in text_of(letters_pdf([letter()], "https://khaosat.vn/s/x"))


@pytest.mark.parametrize("code", ["W" * 28, "1" * 28, "0123456789ABCDEFGHJKMNPQRSTV"])
def test_the_code_of_a_letter_stands_on_one_line_inside_the_paper(code: str) -> None:
    text = text_of(letters_pdf([replace(letter(), code=code)], "https://khaosat.vn/s/x"))
    page = text_of(letters_pdf([replace(letter(), code=code)], "https://khaosat.vn/s/x"), "-bbox")

    assert codes.readable(code) in text
    [right] = re.findall(rf'xMax="([0-9.]+)" yMax="[0-9.]+">{codes.readable(code)}<', page)
    assert float(right) <= 595 - 18 / 25.4 * 72


def test_a_file_of_letters_is_called_by_what_it_holds() -> None:
    one = letter()
    other = replace(one, office="Sở Nội vụ")

    assert file_name("xhh-2024", FIRST, [one, other]) == "xhh-2024-thu-moi"
    assert file_name("xhh-2024", REPLACEMENT, [other]) == "xhh-2024-thu-moi-nguoi-thay-so-noi-vu"
    assert file_name("ks-2024", FIRST, [replace(one, office="")]) == "ks-2024-thu-moi"


def test_all_faces_of_the_letters_are_embedded() -> None:
    content = letters_pdf([letter()], "https://khaosat.vn/s/x")

    fonts = set(re.findall(rb"/BaseFont /(\S+)", content))
    assert fonts
    assert all(b"+LiberationSerif" in font for font in fonts), fonts


@pytest.mark.usefixtures("survey")
def test_a_merged_stratum_is_shown_in_words(signed_in, database) -> None:
    client = signed_in("manager")
    client.post(f"{FIELD}/assign")

    page = client.get(f"{FIELD}/").text

    assert "Lãnh đạo Ủy ban nhân dân cấp xã · Huyện Hoài Ân; Đại biểu" in page
    with database.session() as db:
        assert db.scalars(select(FormCell)).all()
