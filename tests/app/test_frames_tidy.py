"""Lists that nobody needs go by themselves; two posts in one file are decided on its page."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import clock, serving
from surveyapp.db import Database
from surveyapp.frames import service as frames
from surveyapp.importers.table import Table
from surveyapp.models import FormCell, FrameRow, ListDraft, PostDecision, Survey, UnitList
from surveyapp.surveys import definitions, keys
from surveyapp.surveys import service as surveys
from tests.app import sample_factory as make
from tests.app.frames_world import DEPUTIES, LEADERS, Seen, csv_file
from tests.app.test_surveys_service import answer

SIZES = {"so-noi-vu": 40, "so-tu-phap": 60, "so-y-te": 50}
NOW = datetime(2024, 11, 20, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_november():
    """Set the clock, as days of lists are held against it."""
    with clock.set_to(NOW):
        yield


def _kept(db: Session, survey, actor, age: timedelta) -> None:
    draft = ListDraft(
        id="a" * 32,
        survey_id=survey.id,
        account_id=actor.account_id,
        created_at=NOW - age,
        file_name="a.csv",
        mapping={},
        sealed=b"sealed",
    )
    unit = UnitList(
        survey_id=survey.id,
        unit_id=survey.agencies[0].unit_id,
        expected={},
        asked_at=NOW,
        counts={},
        sealed=b"sealed",
    )
    db.add_all([draft, unit])
    db.flush()


def test_a_draw_leaves_no_draft_and_no_sealed_list(db: Session) -> None:
    actor = make.official(db)
    survey, frame = make.survey_with(db, actor, make.RATERS_PLAN, make.raters())
    _kept(db, survey, actor, timedelta(hours=1))
    make.drawn(db, actor, frame, few_reason="thử")
    assert db.scalars(select(ListDraft.id)).all() == []
    assert db.scalars(select(UnitList.sealed)).all() == [None]


@pytest.mark.parametrize(("hours", "left"), [(23, 1), (25, 0)])
def test_a_start_of_the_server_removes_a_draft_older_than_a_day(
    database: Database, settings, hours: int, left: int
) -> None:
    with database.session() as db:
        actor = make.official(db)
        survey, _ = make.survey_with(db, actor, make.RATERS_PLAN, make.raters())
        _kept(db, survey, actor, timedelta(hours=hours))
        db.commit()
    serving.tidy(settings)
    with database.read_session() as db:
        assert len(db.scalars(select(ListDraft.id)).all()) == left
        assert db.scalars(select(UnitList.sealed)).all() == [b"sealed"]


def test_two_posts_in_one_uploaded_file_are_decided_on_its_page(
    signed_in: Callable[..., FlaskClient], database: Database
) -> None:
    client, seen = signed_in("manager"), Seen(database)
    with database.session() as db:
        actor = make.official(db)
        surveys.create_from_plan(db, actor, definitions.plan_text("binh-dinh-par-2024"))
        db.commit()
    an = ["Nguyễn Văn An", DEPUTIES, "Sở Y tế", "1970", ""]
    file = csv_file(an, [an[0], LEADERS, "Huyện An Lão", "1970", ""])
    data = {"file": (io.BytesIO(file), "a.csv")}
    draft = client.post("/surveys/par-2024/frame/", data=data).location
    page = client.get(draft).text
    pair = page.split('name="pair" value="')[1].split('"')[0]
    refused = client.post(f"{draft}pairs", data={"pair": pair, "verdict": "different"})
    assert (refused.status_code, "Chưa ghi lý do" in refused.text) == (422, True)
    assert client.post(f"{draft}pairs", data={"pair": pair, "verdict": "same"}).status_code == 302
    assert seen.one(select(PostDecision.verdict)) == "same"
    client.post(f"{draft}store")
    assert len(set(seen.every(select(FrameRow.person_code)))) == 1


def test_a_file_that_came_late_says_so_where_the_list_has_the_day(db: Session) -> None:
    actor = make.official(db)
    survey = surveys.create_from_plan(db, actor, make.SERVICE_PLAN)
    columns = {
        "Mã hồ sơ": ["H1", "H2", "H3"],
        "Cơ quan": ["Sở Y tế"] * 3,
        "Đối tượng": ["Cá nhân"] * 3,
        "Kết quả": ["Đã cấp"] * 3,
        "Hình thức nộp": ["Trực tuyến"] * 3,
        "Ngày trả kết quả": ["15/10/2024"] * 3,
        "Ngày hẹn trả": ["14/10/2024", "15/10/2024", ""],
        "Họ tên": ["An", "Bình", "Cường"],
        "Điện thoại": [""] * 3,
    }
    frames.import_rows(db, actor, survey, Table("a.csv", "", columns, range(2, 5)), key=bytes(32))
    found = db.scalars(select(FrameRow.attributes)).all()
    assert sorted(str(row.get("late")) for row in found) == ["None", "no", "yes"]
    assert all({"outcome", "channel"} <= set(row) for row in found)


def test_the_lock_destroys_the_key_of_spare_codes_and_no_other(
    signed_in: Callable[..., FlaskClient], database: Database, settings
) -> None:
    with database.session() as db:
        actor = make.official(db)
        survey, frame = make.survey_with(db, actor, make.SERVICE_PLAN, make.files(SIZES))
        make.drawn(db, actor, frame, few_reason="thử")
        survey.state = "collecting"
        group = survey.groups[0].id
        cell = FormCell(
            survey_id=survey.id, code="c", group_id=group, stratum="x", agencies=[], persons=5
        )
        db.add(cell)
        db.flush()
        answer(db, survey, cell)
        db.commit()
        keys.pseudonym_key(settings.keys, survey)
    keys.spare_key(settings.keys, "service-test")
    client = signed_in("approver")
    assert client.post("/surveys/service-test/advance/locked").status_code == 302
    assert Seen(database).one(select(Survey.state)) == "locked"
    assert [path.name for path in settings.keys.glob("service-test.*")] == [
        "service-test.pseudonym"
    ]
