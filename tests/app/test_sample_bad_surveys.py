"""Bad input of a draw of a stored survey: named by stratum (agency) and rule, no row stored.

- duplicates, a row without group, agency or area, an unknown one: test_frames_import (rows and
  rules), test_surveys_command (by command), test_frames_preview (by page); in the tables a
  second row of a unit breaks the primary key, a row that lost its stratum is named here
- a stratum of the plan without rows (N_h = 0): here, on page and by command
- sizes in PPS: surveys are drawn by simple random sampling, sizes stand in files only
- two seeds for one draw: here (by command), test_samples_service (another seed later, two
  requests at once), test_samples_witness (two numbers for one draw), test_samples_waves
- a list changed after freezing, after the announcement and after the draw: here, on page and by
  command; test_samples_witness (before a witnessed draw), test_frames_import (a new list)
- one bad line among very many: here; test_frames_preview (a hundred thousand rows by page)
"""

from collections.abc import Callable

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from surveyapp.cli import cli
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Frame, FrameRow, RecheckUnit, SampleDraw, SampleUnit
from surveyapp.samples import service
from surveyapp.samples.proposal import Choices
from tests.app import sample_factory as make
from tests.app.frames_world import DEPUTIES, csv_file
from tests.app.sample_factory import RATERS_PLAN, SERVICE_PLAN

SAMPLE = "/surveys/par-test/sample"
FEW = Choices(few_reason="thử")


def rows_of(db: Session) -> list[int]:
    """Count what a draw stores."""
    tables = (SampleDraw, SampleUnit, RecheckUnit)
    return [db.scalar(select(func.count()).select_from(one)) for one in tables]


@pytest.fixture
def sipas(
    database: Database, official: Callable, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AppError | None]:
    """Run `sipas sample draw ARGS` on the survey; gives its refusal, or None where it was done."""
    official("manager", login="thu-nga")
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))

    def run(*args: str, command: str = "draw") -> AppError | None:
        named = ("--as", "thu-nga") if command == "draw" else ()
        done = CliRunner().invoke(cli, ["sample", command, "--survey", "par-test", *args, *named])
        assert done.exit_code == 0 or isinstance(done.exception, AppError), done.exception
        return done.exception

    return run


def a_survey(database: Database, rows: list | None = None) -> int:
    """Store a survey with a frozen list; gives the list's number."""
    with database.session() as db:
        listed = make.raters() if rows is None else rows
        _, frame = make.survey_with(db, make.official(db, "goc"), RATERS_PLAN, listed)
        db.commit()
        return frame.id


def test_a_group_of_the_plan_without_rows_is_named_on_page_and_by_command(
    database, signed_in, sipas
) -> None:
    a_survey(database, [row for row in make.raters() if row["stratum"].startswith("provincial")])
    page = signed_in("manager").get(f"{SAMPLE}/size").text
    refused = sipas("--seed", "s", "--few-reason", "thử")

    said = "Nhóm «Ủy ban nhân dân các huyện, thị xã, thành phố»: cần 24 phiếu, danh sách chỉ có 0."
    assert said in page
    assert (refused.code, refused.problems) == ("SAMPLE-207", (said,))
    with database.read_session() as db:
        assert rows_of(db) == [0, 0, 0]


def test_a_rater_group_without_anybody_is_named_and_needs_a_reason(
    database, signed_in, sipas
) -> None:
    a_survey(database, [row for row in make.raters(2) if "deputies" not in row["stratum"]])
    page = signed_in("manager").get(f"{SAMPLE}/size").text
    refused = sipas("--seed", "s", "--few-reason", "thử")
    done = sipas("--seed", "s", "--few-reason", "thử", "--reason", "Hội đồng đang khuyết")

    named = ("Đại biểu Hội đồng nhân dân cấp huyện (Ủy ban nhân dân các huyện, thị xã, thành phố)",)
    assert (refused.code, refused.problems, done) == ("SAMPLE-268", named, None)
    assert "Không có ai để chọn" in page and named[0] in page
    with database.read_session() as db:
        notes = db.scalars(select(SampleDraw)).one().protocol["notes"]
    assert (notes["nobody_listed"], notes["reason"]) == (named[0], "Hội đồng đang khuyết")


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("draw", ("--seed", "s", "--quota", "district=20", "--quota", "district=21")),
        ("size", ("--quota", "district=20", "--quota", " district=21")),
    ],
)
def test_a_quota_given_twice_is_refused_and_both_are_named(database, sipas, command, more) -> None:
    a_survey(database)

    refused = sipas(*more, command=command)

    assert refused.code == "APP-015"
    assert refused.message == "--quota ghi «district» hai lần: 20 và 21."
    with database.read_session() as db:
        assert rows_of(db) == [0, 0, 0]


def test_a_reason_longer_than_what_is_kept_is_refused_not_cut(database, sipas) -> None:
    a_survey(database)

    refused = sipas("--seed", "s", "--few-reason", "thử", "--reason", "x" * 301)

    assert refused.code == "SAMPLE-267" and "301" in refused.message
    with database.read_session() as db:
        assert rows_of(db) == [0, 0, 0]


def test_an_agency_without_files_is_named_and_no_reason_is_enough(db: Session) -> None:
    actor = make.official(db)
    files = make.files({"so-noi-vu": 300, "so-tu-phap": 300})
    _survey, frame = make.survey_with(db, actor, SERVICE_PLAN, files)

    with pytest.raises(AppError, match="SAMPLE-209") as refused:
        service.announce(db, actor, frame, "s", FEW)

    assert refused.value.problems == ("Sở Y tế: 0 phiếu",)
    assert rows_of(db) == [0, 0, 0]


def test_a_row_that_lost_its_stratum_is_named_and_nobody_is_drawn(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    announced = service.announce(db, actor, frame, "s", FEW)
    db.execute(update(FrameRow).where(FrameRow.unit_code == "c007").values(stratum=" "))

    with pytest.raises(AppError, match="SAMPLE-130") as refused:
        service.draw(db, actor, announced)

    (problem,) = refused.value.problems
    assert "[SAMPLE-104]" in problem and "«c007» chưa ghi nhóm" in problem
    assert rows_of(db) == [1, 0, 0]


def _removed(db: Session) -> None:
    db.execute(delete(FrameRow).where(FrameRow.unit_code == "c007"))


def _moved(db: Session) -> None:
    moved = {"stratum": "provincial | divisions"}
    db.execute(update(FrameRow).where(FrameRow.unit_code == "c007").values(moved))


def _renamed(db: Session) -> None:
    db.execute(update(FrameRow).where(FrameRow.unit_code == "c007").values(unit_code="ban-toi"))


def _rerated(db: Session) -> None:
    """Let a rater rate her own agency: nothing that the published list shows is changed."""
    own = {"attributes": {"rater_group": "council", "own_agencies": []}}
    db.execute(update(FrameRow).where(FrameRow.unit_code == "c001").values(own))


def _swapped(db: Session) -> None:
    db.execute(update(FrameRow).where(FrameRow.unit_code == "c007").values(person_code="pc008"))


CHANGES = pytest.mark.parametrize("change", [_removed, _moved, _renamed, _rerated, _swapped])


@CHANGES
def test_a_list_changed_after_freezing_is_not_announced(database, sipas, change) -> None:
    a_survey(database)
    with database.session() as db:
        change(db)
        db.commit()

    refused = sipas("--seed", "s", "--few-reason", "thử")

    with database.read_session() as db:
        assert rows_of(db) == [0, 0, 0]
    assert refused.code == "SAMPLE-266"


@CHANGES
def test_a_list_changed_after_the_announcement_is_not_drawn_from(
    database, signed_in, change
) -> None:
    frame_id = a_survey(database)
    with database.session() as db:
        actor = make.official(db)
        drawn = service.announce(db, actor, db.get_one(Frame, frame_id), "s", FEW).id
        change(db)
        db.commit()

    page = signed_in("manager").post(f"{SAMPLE}/{drawn}/draw", follow_redirects=True)

    assert "Danh sách đã thay đổi sau khi công bố mã băm" in page.text
    with database.read_session() as db:
        assert rows_of(db) == [1, 0, 0]


@CHANGES
def test_a_list_changed_after_the_draw_is_found_on_page_and_by_command(
    database, signed_in, sipas, change
) -> None:
    frame_id = a_survey(database)
    with database.session() as db:
        drawn = make.drawn(db, make.official(db), db.get_one(Frame, frame_id), few_reason="x").id
        change(db)
        db.commit()

    page = signed_in("manager").get(f"{SAMPLE}/{drawn}/verify").text
    refused = sipas(command="verify")

    assert "frame." in page and "Không khớp" in page
    assert refused.code == "SAMPLE-226" and "không khớp tại frame." in refused.message


@pytest.mark.parametrize("more", [("--seed", "b"), ("--public-value", "1", "--public-value", "2")])
def test_two_seeds_in_one_command_are_refused(database, sipas, more) -> None:
    a_survey(database)

    refused = sipas("--seed", "a", *more, "--few-reason", "thử")

    assert refused.code == "SAMPLE-153"
    with database.read_session() as db:
        assert rows_of(db) == [0, 0, 0]


def test_another_seed_after_the_draw_is_refused(database, sipas) -> None:
    a_survey(database)
    assert sipas("--seed", "a", "--few-reason", "thử") is None
    with database.read_session() as db:
        before = rows_of(db)

    more = ("--quota", "district=26", "--reason", "thiếu", "--few-reason", "thử")
    refused = sipas("--seed", "b", *more)

    assert refused.code == "SAMPLE-204"
    with database.read_session() as db:
        assert rows_of(db) == before


def test_one_bad_line_among_many_is_named_and_no_row_is_stored(
    database, official, monkeypatch, tmp_path
) -> None:
    official("manager", login="thu-nga")
    monkeypatch.setenv("SURVEY_HOME", str(tmp_path))
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))
    a_survey(database)
    people = [[f"Người {i}", DEPUTIES, f"Cơ quan {i}", "1970", ""] for i in range(3000)]
    people[2345][1] = "Đại biểu HĐND tỉn"
    (tmp_path / "ds.csv").write_bytes(csv_file(*people))

    command = ["frame", "import", "--survey", "par-test", str(tmp_path / "ds.csv")]
    refused = CliRunner().invoke(cli, [*command, "--as", "thu-nga"]).exception

    (problem,) = refused.problems
    assert "FRAME-003" in problem and "Dòng 2347, Cột «Nhóm người đánh giá»" in problem
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(Frame)) == 1
        assert db.scalar(select(func.count()).select_from(FrameRow)) == 90
