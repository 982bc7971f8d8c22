"""Following an earlier survey on pages and by command: seal, follow, draw, publish the seed."""

import json
import sys

import pytest
from sqlalchemy import select

from surveyapp import cli as root
from surveyapp.db import Database
from surveyapp.models import SampleDraw, Survey
from surveyapp.samples import service, size_decisions
from surveyapp.samples.proposal import Choices
from surveyapp.samples.sizes import SizeRequest
from surveyapp.surveys import service as surveys
from surveyapp.surveys import waves
from tests.app import sample_factory as make
from tests.app.test_samples_waves import LATER, PLAN, SIZES

BASE = "/surveys/service-test/sample/"
WAVE = "/surveys/service-later/wave/"


@pytest.fixture(autouse=True)
def two_surveys(database: Database) -> None:
    """Store a first wave whose sizes are decided, and a second one without a list."""
    with database.session() as db:
        actor = make.official(db)
        make.survey_with(db, actor, PLAN, make.files(SIZES))
        surveys.create_from_plan(db, actor, LATER)
        db.commit()


@pytest.fixture
def sipas(settings, monkeypatch, capsys):
    """Run `sipas ARGS` on the test's database; gives (exit code, stdout, stderr)."""
    monkeypatch.setenv("SURVEY_HOME", str(settings.home))
    monkeypatch.setenv("SURVEY_DATABASE_URL", settings.database_url)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["sipas", *args])
        with pytest.raises(SystemExit) as ended:
            root.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run


def test_by_commands_a_second_wave_follows_and_its_seed_is_published(
    sipas, database: Database
) -> None:
    draw = ("sample", "draw", "--as", "lan.anh", "--json", "--reserve-share", "0.2")
    why = ("--reason", "thử", "--few-reason", "thử")
    assert (
        "SAMPLE-265" in sipas(*draw, *why, "--survey", "service-test", "--seal", "--seed", "s")[2]
    )
    code, said, _ = sipas(*draw, *why, "--survey", "service-test", "--seal")
    assert code == 0 and json.loads(said)["seed"].startswith("niêm phong")
    follow = ("survey", "follow", "service-later", "--first", "service-test", "--as", "lan.anh")
    assert sipas(*follow)[0] == 0
    with database.session() as db:
        make.frame_of(db, surveys.find(db, "service-later"), make.files(SIZES))
        db.commit()
    assert sipas(*draw, *why, "--survey", "service-later")[0] == 0
    for name in ("service-test", "service-later"):
        assert sipas("sample", "verify", "--survey", name)[:2] == (0, "khớp\n")
    assert "SURVEY-068" in sipas("survey", "open-seed", "service-test", "--as", "lan.anh")[2]


def test_on_pages_a_seed_is_sealed_and_a_survey_follows(signed_in, database: Database) -> None:
    client = signed_in("manager", "approver")
    assert "Chưa có cuộc khảo sát nào cùng loại" in client.get(WAVE).text
    with database.session() as db:
        survey = surveys.find(db, "service-test")
        asked = SizeRequest("quota", few_reason="thử", reason="thử")
        frame = surveys.latest_frame(db, survey)
        size_decisions.adopt(db, make.official(db, "hoa"), survey, frame, asked)
        db.commit()
    answer = client.post(f"{BASE}announce", data={"seed": "", "seal": "y", "reason": "thử"})
    assert answer.status_code == 302, answer.text
    with database.session() as db:
        drawn = db.scalar(select(SampleDraw))
        seed, number = drawn.sealed_seed, drawn.id
    client.post(f"{BASE}{number}/draw")
    page = client.get(BASE).text
    assert ("niêm phong, SHA-256" in page, seed in page) == (True, False)
    assert "khớp" in client.get(f"{BASE}{number}/verify").text.lower()
    assert client.get(f"{BASE}{number}/paper/seed.txt").status_code == 403
    assert "từ 0 đến 1" in client.post(WAVE, data={"first": "service-test", "keep": "3"}).text
    assert client.post(WAVE, data={"first": "service-test", "keep": "0"}).status_code == 302
    with database.session() as db:
        assert surveys.find(db, "service-later").first.code == "service-test"
        for survey in db.scalars(select(Survey)):
            survey.state = "locked"
        db.commit()
    assert seed in client.get(f"{BASE}{number}/paper/seed.txt").text


def test_a_supplementary_draw_says_before_it_whom_it_will_change(
    signed_in, sipas, database: Database
) -> None:
    with database.session() as db:
        actor = make.official(db, "minh")
        frame = surveys.latest_frame(db, surveys.find(db, "service-test"))
        make.drawn(db, actor, frame, few_reason="thử")
        db.commit()
    more = ("--quota", "provincial=36", "--reason", "thêm", "--few-reason", "thử")
    draw = ("sample", "draw", "--survey", "service-test", "--as", "minh", *more)
    told = json.loads(sipas(*draw, "--preview")[1])
    assert told["supplementary"] and sum(a for a, _ in told["added_and_released"].values()) == 6
    with database.session() as db:
        assert len(db.scalars(select(SampleDraw)).all()) == 1  # nothing was stored
        choices = Choices(quotas={"provincial": 36}, reason="thêm", few_reason="thử")
        service.announce(db, make.official(db, "an"), frame, "2024-10-01", choices)
        db.commit()
    assert "Thêm 6, thôi 0" in signed_in("manager").get(BASE).text


def test_pages_of_sealed_waves_tell_numbers_only_and_offer_no_witnesses(
    signed_in, database: Database
) -> None:
    sizes = {"few_reason": "thử", "reason": "thử"}
    with database.session() as db:
        actor = make.official(db, "minh")
        first, later = (surveys.find(db, one) for one in ("service-test", "service-later"))
        frame = surveys.latest_frame(db, first)
        service.draw(db, actor, service.announce(db, actor, frame, None, Choices(**sizes)))
        more = SizeRequest(quotas={"provincial": 36}, minimum=10, **sizes)
        size_decisions.adopt(db, actor, first, frame, more)
        waves.follow(db, actor, later, first)
        listed = make.frame_of(db, later, make.files(SIZES))
        size_decisions.adopt(db, actor, later, listed, SizeRequest(minimum=10, **sizes))
        db.commit()
    client = signed_in("manager")

    foretold = client.get(f"{BASE}announce").text
    offered = client.get("/surveys/service-later/sample/").text

    assert "Sẽ thêm 6, thôi 0" in foretold and "Xem mã từng người" not in foretold
    assert "dùng lại hạt giống niêm phong" in offered and "/sample/announce" in offered
    assert "/sample/witness" not in offered
