"""Reports without a name: said before and after, counted once, right in the rates, no trace."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import event, func, select, true, update
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.actor import Actor
from surveyapp.cli import cli
from surveyapp.db import Database, _migrating
from surveyapp.errors import AppError
from surveyapp.fieldwork import lost_letters, people, possible, reports, reserve, service
from surveyapp.fieldwork.reports import Report, new_token
from surveyapp.models import (
    Assignment,
    AuditEntry,
    CountedReport,
    Disposition,
    FormCell,
    Frame,
    FrameRow,
    Invitation,
    RecheckLink,
    RecheckUnit,
    SampleDraw,
    SampleUnit,
    Survey,
)
from tests.app import sample_factory as make
from tests.app.field_world import given_forms

UNTIL = date(2024, 11, 10)
PAGE = "/surveys/par-test/fieldwork"


@pytest.fixture(autouse=True)
def _october():
    with clock.set_to(make.NOW):
        yield


@pytest.fixture
def actor(db: Session) -> Actor:
    return make.official(db)


@pytest.fixture
def draw(db: Session, actor: Actor) -> SampleDraw:
    return given_forms(db, actor, "0")


def few(db: Session) -> FormCell:
    """Return the cell that exactly five persons share."""
    return db.scalars(select(FormCell).where(FormCell.persons == 5)).one()


def units(db: Session, cell: FormCell) -> list[str]:
    given = select(Assignment.unit_code).where(Assignment.cell_id == cell.id)
    return sorted(db.scalars(given))


def rows(db: Session) -> dict[str, list[Any]]:
    """Return all that a report may have changed."""
    tables = (Assignment, AuditEntry, CountedReport, Disposition, FormCell, Invitation)
    return {
        model.__tablename__: sorted(map(str, db.execute(select(model.__table__)).all()))
        for model in tables
    }


@pytest.mark.parametrize("share", ["0", "0.2"])
def test_reports_about_two_persons_of_a_small_cell_leave_the_very_same_rows(
    db: Session, actor: Actor, tmp_path: Path, share: str
) -> None:
    draw = given_forms(db, actor, share)
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    db.execute(Invitation.__table__.update().values(is_spent=True))  # answers have come
    token, left, tokens = new_token(), [], set[str]()
    for unit in units(db, few(db)):
        told, stored, found = left_by(db, actor, draw, Report(unit, "died", token), tmp_path)
        left.append(found)
        tokens.add(stored)
        assert not told.is_named and (told.released is not None) == (share != "0")

    assert all(one == left[0] for one in left)
    assert len(tokens) == 5 and token not in tokens  # of what is stored nobody can try the units
    assert left[0]["disposition"] == []


def left_by(
    db: Session, actor: Actor, draw: SampleDraw, report: Report, keys: Path
) -> tuple[reserve.Replaced, str, dict[str, list[Any]]]:
    """Return what one report did, its stored token, and all rows without it; then undo it."""
    with db.begin_nested() as point:
        told = reserve.replace(db, actor, draw, report, keys)
        audit = [{**row, "id": 0} for row in rows_of_audit(db)]
        stored = db.scalars(select(CountedReport.token)).one()
        counted = [one.replace(stored, "") for one in rows(db)["counted_report"]]
        found = rows(db) | {"audit_entry": audit, "counted_report": counted}
        point.rollback()
    db.expire_all()
    return told, stored, found


def test_reports_about_persons_of_two_draws_in_one_cell_leave_the_very_same_rows(
    db: Session, actor: Actor, draw: SampleDraw, tmp_path: Path
) -> None:
    more = supplement(db, actor, db.get_one(Frame, draw.frame_id))
    [added] = db.scalars(select(Assignment).where(Assignment.draw_id == more.id))
    *others, last = sorted({*units(db, db.get_one(FormCell, added.cell_id))} - {added.unit_code})
    for unit in others[:-3]:
        assert reserve.replace(db, actor, more, Report(unit, "left"), tmp_path).is_named
    told = [
        left_by(db, actor, more, Report(unit, "died", new_token()), tmp_path)
        for unit in (last, added.unit_code)
    ]

    assert not any(done.is_named for done, _, _ in told)
    assert told[0][2] == told[1][2]


def rows_of_audit(db: Session) -> list[dict[str, Any]]:
    found = select(AuditEntry.__table__).order_by(AuditEntry.id)
    return [dict(row._mapping) for row in db.execute(found)]


def test_a_page_that_stays_open_counts_each_person_once(
    db: Session, actor: Actor, draw: SampleDraw, tmp_path: Path
) -> None:
    first, second, *_ = units(db, few(db))
    report = Report(first, "refused", new_token())
    once = reserve.replace(db, actor, draw, report, tmp_path)
    twice = reserve.replace(db, actor, draw, report, tmp_path)
    reserve.replace(db, actor, draw, Report(second, "refused", report.token), tmp_path)

    assert (once.is_new, twice.is_new, once.is_named) == (True, False, False)
    [tally] = reports.tallies(db, db.get_one(Survey, draw.survey_id))
    assert (tally.stratum, tally.n) == (few(db).stratum, 2)
    with pytest.raises(AppError, match="FIELD-024"):
        reserve.replace(db, actor, draw, Report(first, "died", report.token), tmp_path)
    for bad in ("", "x" * 32, "a" * 33):
        with pytest.raises(AppError, match="FIELD-023"):
            reserve.replace(db, actor, draw, Report(second, "left", bad), tmp_path)
    assert db.scalar(select(func.count()).select_from(CountedReport)) == 2


def supplement(db: Session, actor: Actor, frame: Frame, **choices: Any) -> SampleDraw:
    """Draw the same numbers again, and one more; give the forms."""
    choices = {"quotas": {"provincial": 41}, "reason": "thiếu", "few_reason": "thử"} | choices
    more = make.drawn(db, actor, frame, **choices)
    service.assign(db, actor, more)
    return more


def test_a_page_that_stays_open_over_a_supplementary_draw_counts_each_person_once(
    db: Session, actor: Actor, tmp_path: Path
) -> None:
    draw = given_forms(db, actor, "0.2")
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    db.execute(Invitation.__table__.update().values(is_spent=True))  # answers have come
    report = Report(units(db, few(db))[0], "refused", new_token())
    once = reserve.replace(db, actor, draw, report, tmp_path)
    frame = db.get_one(Frame, draw.frame_id)
    more = supplement(db, actor, frame, reserve_share="0.2")
    again = reserve.replace(db, actor, more, report, tmp_path)

    assert (once.is_new, once.is_named, again.is_new) == (True, False, False)
    assert again.released == once.released
    assert db.scalar(select(func.count()).select_from(CountedReport)) == 1
    assert db.scalars(select(Disposition)).all() == []


def test_who_is_in_an_older_list_under_another_file_is_not_taken_for_a_new_person(
    db: Session, actor: Actor, tmp_path: Path
) -> None:
    draw = given_forms(db, actor, "0.2")
    cell = few(db)
    older, unit, *_ = units(db, cell)
    survey = db.get_one(Survey, draw.survey_id)
    listed = [row for row in make.raters() if row["unit"] != older]
    newer = make.frame_of(db, survey, listed, version=2)
    more = supplement(db, actor, newer, reserve_share="0.2")
    waiting = reserve.Reserve(db, survey, more, tmp_path).next("provincial | council", cell)
    same = (FrameRow.frame_id == newer.id, FrameRow.unit_code == waiting.unit)
    db.execute(update(FrameRow).where(*same).values(person_code=f"p{older}"))
    done = reserve.replace(db, actor, more, Report(unit, "died", new_token()), tmp_path)

    assert waiting.cell == cell and done.released == waiting.unit
    assert (done.is_named, cell.persons) == (False, 5)


def test_who_is_hidden_is_found_in_as_many_queries_for_all_cells_as_for_one(
    db: Session, actor: Actor, database: Database, tmp_path: Path
) -> None:
    draw = given_forms(db, actor, "0.2")
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    told = []
    for late in (Assignment.cell_id == few(db).id, true()):  # at first one cell, then all
        db.execute(update(Assignment).where(late).values(after_answers=True))
        asked.clear()
        told.append((len(reserve.unnamed(db, draw, tmp_path)), len(asked)))
        db.execute(update(Assignment).values(after_answers=False))

    (one, queries), (every, as_many) = told
    assert one == 1 and every > 6
    assert as_many == queries


def test_before_any_answer_a_substitute_in_the_cell_keeps_the_name(
    db: Session, actor: Actor, tmp_path: Path
) -> None:
    draw = given_forms(db, actor, "0.2")
    cell = few(db)
    first, second, *_ = units(db, cell)
    early = reserve.replace(db, actor, draw, Report(first, "died", new_token()), tmp_path)
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    db.execute(Invitation.__table__.update().values(is_spent=True))
    late = reserve.replace(db, actor, draw, Report(second, "died", new_token()), tmp_path)

    given = select(Assignment.unit_code, Assignment.after_answers)
    came = dict(db.execute(given.where(Assignment.cell_id == cell.id)).all())
    again = reserve.replace(db, actor, draw, Report(late.released, "left", ""), tmp_path)
    assert (early.is_named, late.is_named, again.is_named) == (True, False, True)
    assert (came[early.released], came[late.released]) == (False, True)
    survey = db.get_one(Survey, draw.survey_id)
    assert possible.rooms(db, survey)[cell.id] == possible.Room(5, 1)


def test_a_small_stratum_that_is_stored_with_another_is_not_told_by_its_reserve(
    db: Session, actor: Actor, tmp_path: Path
) -> None:
    draw = given_forms(db, actor, "0.2")
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    db.execute(Invitation.__table__.update().values(is_spent=True))
    cell = db.scalars(select(FormCell).where(FormCell.stratum.contains(" + "))).one()
    done = [
        reserve.replace(db, actor, draw, Report(unit, "refused", new_token()), tmp_path)
        for unit in units(db, cell)
    ]

    assert {one.is_named for one in done} == {True, False}
    assert not any(one.released for one in done if not one.is_named)


def test_behind_a_re_check_link_stand_five_others(
    db: Session, actor: Actor, draw: SampleDraw, tmp_path: Path
) -> None:
    cell = few(db)
    chosen = units(db, cell)[0]
    if db.get(RecheckUnit, (draw.id, chosen)) is None:
        db.add(RecheckUnit(draw_id=draw.id, unit_code=chosen, order=99))
        db.flush()
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)

    linked = set(db.scalars(select(RecheckLink.unit_code)))
    assert linked and linked < set(db.scalars(select(RecheckUnit.unit_code)))
    assert chosen not in linked
    survey = db.get_one(Survey, draw.survey_id)
    assert min(room.spare for room in possible.rooms(db, survey).values()) >= 0


def test_every_cell_that_a_reserve_unit_can_join_has_codes_for_all_of_them(
    db: Session, actor: Actor, tmp_path: Path
) -> None:
    draw = given_forms(db, actor, "0.5")
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    before = set(db.scalars(select(Invitation.code_sha256)))
    council = (SampleUnit.draw_id == draw.id, SampleUnit.stratum == "provincial | council")
    main = db.scalars(select(SampleUnit.unit_code).where(*council, SampleUnit.role == "main"))
    done = [
        reserve.replace(db, actor, draw, Report(unit, "left", new_token()), tmp_path)
        for unit in main.all()
    ]

    reserved = select(func.count()).where(*council, SampleUnit.role == "reserve")
    released = [one.letter.code for one in done if one.letter is not None]
    assert len(set(released)) == len(released) == db.scalar(reserved) > 5
    assert set(db.scalars(select(Invitation.code_sha256))) == before


def test_new_codes_after_releases_are_kept_for_the_rest_of_the_reserve(
    db: Session, actor: Actor, tmp_path: Path
) -> None:
    draw = given_forms(db, actor, "0.5")
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    cell = db.scalars(select(FormCell).order_by(FormCell.persons.desc())).first()
    main = units(db, cell)
    first = reserve.replace(db, actor, draw, Report(main[0], "left", new_token()), tmp_path)
    lost_letters.reissue(db, actor, draw, expires_on=UNTIL, reason="mất tệp", keys=tmp_path)
    later = [
        reserve.replace(db, actor, draw, Report(unit, "left", new_token()), tmp_path)
        for unit in main[1:8]
    ]

    assert first.letter is not None
    assert [one.letter is not None for one in later] == [one.released is not None for one in later]
    assert sum(one.released is not None for one in later) >= 6


def test_the_lock_turns_all_reports_into_counts_and_the_rates_stay(
    db: Session, actor: Actor, draw: SampleDraw, tmp_path: Path
) -> None:
    survey = db.get_one(Survey, draw.survey_id)
    group = next(group for group in survey.groups if group.code == "provincial")
    given = select(Assignment.unit_code).order_by(Assignment.unit_code)
    for n, unit in enumerate(db.scalars(given).all()):
        reason = ("refused", "died", "no_address", "left")[n % 4]
        reserve.replace(db, actor, draw, Report(unit, reason, new_token()), tmp_path)
    before = reports.by_reason(db, group)
    assert sum(before.values()) == 40
    assert 0 < db.scalar(select(func.count()).select_from(Disposition)) < 64

    reports.forget_persons(db, survey.id)
    reports.forget_persons(db, survey.id)

    assert reports.by_reason(db, group) == before
    assert db.scalars(select(Disposition)).all() == []
    assert db.scalar(select(func.count()).select_from(CountedReport)) == 64


def upgrade_from_0016(database: Database) -> None:
    with _migrating(database) as config:
        command.downgrade(config, "0016")
        command.upgrade(config, "head")


def test_an_upgrade_takes_persons_out_of_the_trail_and_knows_late_comers(
    db: Session, actor: Actor, database: Database, tmp_path: Path
) -> None:
    draw = given_forms(db, actor, "0.2")
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    done = []
    for stratum in ("provincial | divisions", "district | deputies | huyen-an-lao"):
        cell = db.scalars(select(FormCell).where(FormCell.stratum == stratum)).first()
        report = Report(units(db, cell)[0], "died")
        done.append(reserve.replace(db, actor, draw, report, tmp_path).released)
    joined = db.get_one(Assignment, (draw.id, done[0])).cell_id
    db.execute(update(Invitation).where(Invitation.cell_id == joined).values(is_spent=True))
    entry = select(AuditEntry).where(AuditEntry.action == "fieldwork.replace")
    for one in db.scalars(entry):
        one.detail = {"draw": draw.id, "unit": "c001", "reason": "died", "released": "c002"}
    db.commit()

    upgrade_from_0016(database)

    db.expire_all()
    assert [one.detail for one in db.scalars(entry)] == [{"draw": draw.id}] * 2
    late = select(Assignment.unit_code).where(Assignment.after_answers)
    assert db.scalars(late).all() == [done[0]] and done[1] is not None


@pytest.mark.parametrize("state", ["collecting", "locked", "published"])
def test_an_upgrade_counts_the_reports_of_locked_surveys_without_their_persons(
    db: Session, actor: Actor, draw: SampleDraw, database: Database, tmp_path: Path, state: str
) -> None:
    given = select(Assignment.unit_code, FormCell.group_id, FormCell.stratum).join(FormCell)
    cells = db.execute(given.where(FormCell.persons > 6)).all()
    said = sorted((row.group_id, row.stratum, "died") for row in cells[::9])
    for row in cells[::9]:
        reserve.replace(db, actor, draw, Report(row.unit_code, "died"), tmp_path)
    db.get_one(Survey, draw.survey_id).state = state
    db.commit()

    upgrade_from_0016(database)

    one = (CountedReport.group_id, CountedReport.stratum, CountedReport.reason)
    counted = sorted(tuple(row) for row in db.execute(select(*one)))
    named = db.scalar(select(func.count()).select_from(Disposition))
    assert len(said) > 2
    assert (counted, named) == (([], len(said)) if state == "collecting" else (said, 0))


def test_the_page_says_before_and_after_that_a_report_is_counted_without_the_name(
    signed_in, database: Database
) -> None:
    with database.session() as db:
        given_forms(db, make.official(db), "0")
        unit = units(db, few(db))[0]
        name = f"Nguyễn Thị {unit.upper()}"
        db.commit()
    client = signed_in("manager")
    page = client.get(f"{PAGE}/people").text
    token = page.split('name="token"')[1].split('value="')[1].split('"')[0]

    assert page.count("<td>báo cáo sẽ không ghi tên</td>") == 5
    assert "không báo hai lần" in page and "1 báo cáo không ghi tên" not in page
    data = {"unit": unit, "reason": "died", "token": token}
    for said in ("không ghi tên: phiếu này chỉ còn vừa đủ người", "không đếm lần nữa"):
        after = client.post(f"{PAGE}/replace", data=data, follow_redirects=True).text
        assert said in after
        assert "1 báo cáo không ghi tên" in after and "Đã mất (2.31): 1" in after
        assert f"> {name}</label>" in after  # still on the open list
    no_token = client.post(f"{PAGE}/replace", data={"unit": unit, "reason": "died"})
    assert (no_token.status_code, "FIELD-023" in no_token.text) == (409, True)
    with database.read_session() as db:
        assert [one.reason for one in db.scalars(select(CountedReport))] == ["died"]


def test_lists_and_files_do_not_name_who_is_counted(
    signed_in, database: Database, tmp_path: Path
) -> None:
    with database.session() as db:
        actor = make.official(db)
        draw = given_forms(db, actor, "0")
        unit = units(db, few(db))[0]
        reserve.replace(db, actor, draw, Report(unit, "died", new_token()), tmp_path)
        listed = people.listed(db, actor, draw, tmp_path, unit)
        db.commit()
    client = signed_in("manager")

    assert [(one.reason, one.is_hidden) for one in listed] == [("", True)]
    for kind in ("csv", "xlsx"):
        assert "2.31" not in client.post(f"{PAGE}/people.{kind}").data.decode("utf-8", "ignore")


def test_the_command_says_so_first_and_counts_once_under_its_token(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))
    monkeypatch.setenv("SURVEY_HOME", str(tmp_path))
    monkeypatch.setenv("SURVEY_ADDRESS", "https://khaosat.example.vn")
    with database.session() as db:
        given_forms(db, make.official(db), "0")
        unit = units(db, few(db))[0]
        db.commit()
    seen = CliRunner().invoke(cli, "invitation people --survey par-test --as lan.anh")
    words = ["--survey", "par-test", "--as", "lan.anh", "--json", "--out", str(tmp_path / "out")]
    words += ["--unit", unit, "--reason", "left"]

    first = CliRunner().invoke(cli, ["invitation", "replace", *words])
    assert isinstance(first.exception, AppError) and first.exception.code == "FIELD-023"
    token = first.exception.fix.split("--token ")[1]
    told = [
        json.loads(CliRunner().invoke(cli, ["invitation", "replace", *words, *more]).stdout)
        for more in (["--token", token],) * 2
    ]

    assert seen.stdout.count("\tbáo cáo sẽ không ghi tên\n") == 5
    assert [one["is_new"] for one in told] == [True, False]
    assert [one["is_named"] for one in told] == [False, False]
