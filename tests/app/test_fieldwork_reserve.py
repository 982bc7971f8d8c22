"""Replacing from the reserve: in its order, with a reason, once, and no code leads to a person."""

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import clock, codes
from surveyapp.cli import cli
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.fieldwork import lost_letters, people, reports, reserve, service
from surveyapp.fieldwork.reports import Report, new_token
from surveyapp.models import (
    Assignment,
    AuditEntry,
    Disposition,
    FormCell,
    FrameRow,
    Invitation,
    SampleDraw,
    SampleUnit,
    Survey,
)
from tests.app import sample_factory as make
from tests.app.field_world import given_forms
from tests.app.test_fieldwork_pages import text_of

UNTIL = date(2024, 11, 10)
COUNCIL = "provincial | council"
DIVISIONS = "provincial | divisions"


@pytest.fixture(autouse=True)
def _october():
    with clock.set_to(make.NOW):
        yield


@pytest.fixture
def actor(db: Session):
    return make.official(db)


@pytest.fixture
def draw(db: Session, actor) -> SampleDraw:
    return given_forms(db, actor, "0.2")


def report(unit: str, reason: str) -> Report:
    return Report(unit, reason, new_token())


def units(db: Session, draw: SampleDraw, role: str, stratum: str = COUNCIL) -> list[str]:
    query = select(SampleUnit.unit_code).where(
        SampleUnit.draw_id == draw.id, SampleUnit.role == role, SampleUnit.stratum == stratum
    )
    return list(db.scalars(query.order_by(SampleUnit.order)))


def test_the_next_of_the_reserve_takes_the_place_in_order(db, actor, draw, tmp_path) -> None:
    main, waiting = units(db, draw, "main"), units(db, draw, "reserve")

    first = reserve.replace(db, actor, draw, report(main[7], "refused"), tmp_path)
    second = reserve.replace(db, actor, draw, report(main[2], "died"), tmp_path)

    assert [first.released, second.released] == waiting[:2]
    assert (first.left, second.left) == (len(waiting) - 1, len(waiting) - 2)
    form = db.get_one(Assignment, (draw.id, waiting[0]))
    cell = db.get_one(FormCell, form.cell_id)
    own = db.scalar(select(FrameRow.attributes).where(FrameRow.unit_code == waiting[0]))
    assert not set(cell.agencies) & set(own["own_agencies"])
    audit = db.scalars(select(AuditEntry).where(AuditEntry.action == "fieldwork.replace")).all()
    told = {"reserve_of": draw.id, "stratum": cell.stratum, "replaced": 1, "passed_over": 0}
    assert audit[0].detail == told and audit[1].detail.keys() == told.keys()


def test_the_same_report_twice_releases_one_and_another_reason_is_refused(
    db, actor, draw, tmp_path
) -> None:
    unit = units(db, draw, "main")[0]
    once = reserve.replace(db, actor, draw, report(unit, "refused"), tmp_path)
    twice = reserve.replace(db, actor, draw, report(unit, "refused"), tmp_path)

    assert (once.is_new, twice.is_new) == (True, False)
    assert once.released == twice.released and twice.letter is None
    assert db.scalar(select(func.count()).select_from(Disposition)) == 1
    assert db.scalar(select(func.count()).select_from(Assignment)) == 65
    with pytest.raises(AppError, match="FIELD-021"):
        reserve.replace(db, actor, draw, report(unit, "died"), tmp_path)


def test_after_a_supplementary_draw_persons_of_both_draws_are_listed_and_replaced(
    db, actor, draw, tmp_path
) -> None:
    survey = db.get_one(Survey, draw.survey_id)
    first, choices = units(db, draw, "main"), {"reason": "thiếu", "few_reason": "x"}
    frame = db.get_one(make.Frame, draw.frame_id)
    more = make.drawn(db, actor, frame, quotas={"provincial": 50}, reserve_share="0.2", **choices)

    assert service.draw_of_reserve(db, survey) == draw  # the added have no forms yet
    early = reserve.replace(db, actor, draw, report(first[7], "refused"), tmp_path)
    service.assign(db, actor, more)
    assert service.draw_of_reserve(db, survey) == more
    late = reserve.replace(db, actor, more, report(first[2], "refused"), tmp_path)
    again = reserve.replace(db, actor, more, report(first[7], "refused"), tmp_path)
    listed = people.listed(db, actor, more, tmp_path)

    assert early.released in units(db, draw, "reserve")
    assert late.released in units(db, more, "reserve")
    assert (late.is_new, again.is_new, again.released) == (True, False, early.released)
    forms = dict(db.execute(select(Assignment.unit_code, Assignment.draw_id)).all())
    assert {one.unit for one in listed} == forms.keys()
    told = {one.unit: one.state for one in listed}
    added = {unit for unit, number in forms.items() if number == more.id} - {late.released}
    assert {unit for unit, state in told.items() if state == "Chọn bổ sung"} == added
    assert told[early.released] == told[late.released] == "Người thay"
    assert told[first[2]].startswith("Từ chối") and "thay bằng" in told[first[7]]


def test_after_a_supplement_without_reserve_the_earlier_reserve_takes_places(
    db, actor, draw, tmp_path
) -> None:
    survey = db.get_one(Survey, draw.survey_id)
    frame = db.get_one(make.Frame, draw.frame_id)
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    waiting = units(db, draw, "reserve")
    choices = {"quotas": {"provincial": 41}, "reason": "thiếu", "few_reason": "x"}
    more = make.drawn(db, actor, frame, **choices)
    service.assign(db, actor, more)
    [added] = db.scalars(select(Assignment.unit_code).where(Assignment.draw_id == more.id))

    serving = service.draw_of_reserve(db, survey)
    listed = people.listed(db, actor, serving, tmp_path)
    done = reserve.replace(db, actor, serving, report(added, "refused"), tmp_path)
    assert serving == draw and {one.has_reserve for one in listed} == {True}
    assert done.released in {*waiting, *units(db, draw, "reserve", DIVISIONS)} - {added}
    assert done.letter is not None  # by the codes of the draw whose reserve serves
    for unit in select_waiting(db, draw):  # all come in, nobody waits
        cell = db.scalars(select(FormCell.id)).first()
        db.add(Assignment(draw_id=draw.id, unit_code=unit, cell_id=cell))
    db.flush()
    assert service.draw_of_reserve(db, survey) == more


def select_waiting(db: Session, draw: SampleDraw) -> list[str]:
    taken = select(Assignment.unit_code)
    waiting = select(SampleUnit.unit_code).where(
        SampleUnit.draw_id == draw.id, SampleUnit.unit_code.not_in(taken)
    )
    return list(db.scalars(waiting))


def test_a_reserve_that_is_used_up_says_so_and_the_report_stays(db, actor, draw, tmp_path) -> None:
    main, waiting = units(db, draw, "main"), units(db, draw, "reserve")
    done = [reserve.replace(db, actor, draw, report(unit, "unable"), tmp_path) for unit in main[:6]]

    assert [one.released for one in done[: len(waiting)]] == waiting
    assert done[-1].released is None and done[-1].is_new and done[-1].left == 0
    named = db.scalar(select(func.count()).select_from(Disposition))
    assert named == sum(one.is_named for one in done) and 0 < named < 6  # a block of five is there
    assert sum(tally.n for tally in reports.tallies(db, db.get_one(Survey, draw.survey_id))) == (
        6 - named
    )


def test_a_replacement_can_be_replaced(db, actor, draw, tmp_path) -> None:
    first = reserve.replace(db, actor, draw, report(units(db, draw, "main")[0], "left"), tmp_path)
    then = reserve.replace(db, actor, draw, report(first.released, "not_reached"), tmp_path)

    assert then.released == units(db, draw, "reserve")[1]


def test_unknown_reasons_units_without_a_form_and_locked_surveys_are_refused(
    db, actor, draw, tmp_path
) -> None:
    main, waiting = units(db, draw, "main"), units(db, draw, "reserve")
    with pytest.raises(AppError, match="FIELD-019"):
        reserve.replace(db, actor, draw, report(main[0], "answered"), tmp_path)
    with pytest.raises(AppError, match="FIELD-020"):
        reserve.replace(db, actor, draw, report(waiting[0], "died"), tmp_path)
    db.get_one(Survey, draw.survey_id).state = "locked"
    db.flush()
    with pytest.raises(AppError, match="FIELD-005"):
        reserve.replace(db, actor, draw, report(main[0], "died"), tmp_path)


def test_who_dies_before_the_letters_gets_none_and_the_substitute_gets_one(
    db, actor, draw, tmp_path
) -> None:
    unit = units(db, draw, "main")[0]
    done = reserve.replace(db, actor, draw, report(unit, "died"), tmp_path)
    letters = service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)

    names = {letter.name for letter in letters}
    assert len(letters) == 64
    assert f"Nguyễn Thị {unit.upper()}" not in names
    assert f"Nguyễn Thị {done.released.upper()}" in names


def test_a_release_stores_no_new_code_so_that_two_backups_show_nothing(
    db, actor, draw, tmp_path
) -> None:
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    before = set(db.scalars(select(Invitation.code_sha256)))

    done = [
        reserve.replace(db, actor, draw, report(unit, "refused"), tmp_path)
        for unit in units(db, draw, "main")[:3]
    ]

    survey = db.get_one(Survey, draw.survey_id)
    printed = [one.letter.code for one in done]
    assert len(set(printed)) == 3
    assert {codes.sha256(code) for code in printed} < before
    assert set(db.scalars(select(Invitation.code_sha256))) == before
    for one in done:
        cell = db.scalar(select(Assignment.cell_id).where(Assignment.unit_code == one.released))
        assert make.spend(db, survey, one.letter.code).cell_id == cell


def test_without_a_kept_code_nobody_is_released_and_nothing_new_is_written(
    db, actor, draw, tmp_path
) -> None:
    service.issue(db, actor, draw, expires_on=UNTIL)  # as an older version did
    before = set(db.scalars(select(Invitation.code_sha256)))
    done = reserve.replace(db, actor, draw, report(units(db, draw, "main")[0], "refused"), tmp_path)

    assert done.is_new and done.released is None and done.letter is None
    assert set(db.scalars(select(Invitation.code_sha256))) == before


def test_codes_kept_for_the_reserve_are_not_counted_as_out(db, actor, draw, tmp_path) -> None:
    survey = db.get_one(Survey, draw.survey_id)
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    assert sum(row.issued for row in service.progress(db, survey)) == 64

    reserve.replace(db, actor, draw, report(units(db, draw, "main")[0], "refused"), tmp_path)
    counted = service.progress(db, survey)
    assert sum(row.issued for row in counted) == sum(row.planned for row in counted) == 65


def test_new_codes_for_lost_letters_reach_the_substitutes_too(db, actor, draw, tmp_path) -> None:
    service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    main = units(db, draw, "main")
    done = reserve.replace(db, actor, draw, report(main[0], "refused"), tmp_path)
    again = lost_letters.reissue(db, actor, draw, expires_on=UNTIL, reason="mất tệp", keys=tmp_path)
    after = reserve.replace(db, actor, draw, report(main[1], "refused"), tmp_path)

    assert len(again) == 64
    assert f"Nguyễn Thị {done.released.upper()}" in {letter.name for letter in again}
    fresh = set(db.scalars(select(Invitation.code_sha256).where(Invitation.is_revoked.is_(False))))
    assert codes.sha256(after.letter.code) in fresh
    assert codes.sha256(done.letter.code) not in fresh


def test_the_list_of_persons_holds_no_code_and_is_searched_by_words(
    db, actor, draw, tmp_path
) -> None:
    letters = service.issue(db, actor, draw, expires_on=UNTIL, keys=tmp_path)
    unit = units(db, draw, "main")[0]
    reserve.replace(db, actor, draw, report(unit, "refused"), tmp_path)

    listed = people.listed(db, actor, draw, tmp_path)
    assert len(listed) == 65
    hashes = {codes.sha256(letter.code) for letter in letters}
    shown = str(listed)
    assert not any(letter.code in shown for letter in letters)
    assert not any(sha in shown for sha in hashes)
    one = next(found for found in listed if found.unit == unit)
    assert "2.10" in one.reason and one.replaced_by
    assert [f.unit for f in people.listed(db, actor, draw, tmp_path, f"nguyễn {unit}")] == [unit]


def test_of_two_reports_at_once_each_releases_another_unit(database: Database, tmp_path) -> None:
    with database.session() as db:
        actor = make.official(db)
        made = given_forms(db, actor, "0.2")
        draw_id, main = made.id, units(db, made, "main")[:2]
        db.commit()
    start = threading.Barrier(2, timeout=20)

    def send(unit: str) -> str | None:
        with database.session() as db, clock.set_to(make.NOW):
            start.wait()
            draw = db.get_one(SampleDraw, draw_id)
            done = reserve.replace(db, actor, draw, report(unit, "refused"), tmp_path)
            db.commit()
            return done.released

    with ThreadPoolExecutor(2) as pool:
        released = list(pool.map(send, main))

    with database.read_session() as db:
        found = db.get_one(SampleDraw, draw_id)
        assert sorted(released) == sorted(units(db, found, "reserve")[:2])


def test_an_official_replaces_a_person_on_the_page(signed_in, database: Database) -> None:
    with database.session() as db:
        made = given_forms(db, make.official(db), "0.2")
        unit = units(db, made, "main")[0]
        db.commit()
    client = signed_in("manager")
    page = "/surveys/par-test/fieldwork/people"

    assert client.get(page).text.count('type="radio"') == 64
    assert client.post(page, data={"words": unit}).text.count('type="radio"') == 1
    forgot = client.post("/surveys/par-test/fieldwork/replace", data={"reason": "refused"})
    assert forgot.status_code == 422
    data = {"unit": unit, "reason": "refused"}
    assert client.post("/surveys/par-test/fieldwork/replace", data=data).status_code == 302
    shown = client.get(page).text
    assert "thay bằng" in shown and "Người thay" in shown
    assert (
        "không thay thêm"
        in client.post("/surveys/par-test/fieldwork/replace", data=data, follow_redirects=True).text
    )
    client.post("/surveys/par-test/fieldwork/issue", data={"expires_on": "10/11/2024"})
    with database.read_session() as db:
        other = units(db, made, "main")[1]
    given = client.post(
        "/surveys/par-test/fieldwork/replace", data={"unit": other, "reason": "died"}
    )
    assert given.content_type == "application/pdf"
    assert signed_in("auditor").get(page).status_code == 403


def test_a_replacement_whose_letter_cannot_be_printed_is_neither_stored_nor_said(
    app, signed_in, database: Database
) -> None:
    with database.session() as db:
        made = given_forms(db, make.official(db), "0.2")
        unit = units(db, made, "main")[0]
        db.commit()
    client = signed_in("manager")
    client.post("/surveys/par-test/fieldwork/issue", data={"expires_on": "10/11/2024"})
    app.extensions["sipas_settings"] = replace(app.extensions["sipas_settings"], public_address="")

    data = {"unit": unit, "reason": "died"}
    refused = client.post("/surveys/par-test/fieldwork/replace", data=data)

    assert refused.status_code == 409
    assert "FIELD-027" in refused.text
    shown = client.get("/surveys/par-test/fieldwork/people").text
    assert "Đã lấy người kế tiếp" not in refused.text + shown
    assert shown.count('type="radio"') == 64


def test_the_list_per_office_is_printed_without_any_code(signed_in, database: Database) -> None:
    with database.session() as db:
        actor = make.official(db)
        made = given_forms(db, actor, "0.2")
        letters = service.issue(db, actor, made, expires_on=UNTIL)
        db.commit()
    client = signed_in("manager")
    address = "/surveys/par-test/fieldwork/people"

    rows = client.post(f"{address}.csv").data.decode("utf-8-sig")
    book = load_workbook(io.BytesIO(client.post(f"{address}.xlsx").data))
    text = text_of(client.post(f"{address}.pdf").data)

    assert rows.count("Nguyễn Thị") == 64
    cells = str([cell for sheet in book for row in sheet.values for cell in row])
    for letter in letters:
        shown = (letter.code, codes.readable(letter.code), codes.sha256(letter.code))
        assert letter.name in rows and letter.name in cells and letter.name in text
        assert not any(code in whole for code in shown for whole in (rows, cells, text))
    assert all(f"Văn phòng {n}" in text for n in range(1, 5))


def test_replacing_by_command(database: Database, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))
    monkeypatch.setenv("SURVEY_HOME", str(tmp_path))
    monkeypatch.setenv("SURVEY_ADDRESS", "https://khaosat.example.vn")
    with database.session() as db:
        actor = make.official(db)
        made = given_forms(db, actor, "0.2")
        service.issue(db, actor, made, expires_on=UNTIL, keys=tmp_path / "keys")
        unit, waiting = units(db, made, "main")[0], units(db, made, "reserve")
        db.commit()
    base = ["--survey", "par-test", "--as", "lan.anh", "--json"]
    words = ["--unit", unit, "--reason", "no_address", "--out", str(tmp_path / "out")]

    done = CliRunner().invoke(cli, ["invitation", "replace", *base, *words])
    again = CliRunner().invoke(cli, ["invitation", "replace", *base, *words])
    seen = CliRunner().invoke(cli, ["invitation", "people", *base])
    text = CliRunner().invoke(cli, ["invitation", "people", *base[:-1]])

    assert done.exit_code == again.exit_code == 0, done.output + again.output
    assert json.loads(done.stdout)["released"] == waiting[0]
    assert Path(json.loads(done.stdout)["file"]).exists()
    assert json.loads(again.stdout) | {"is_new": True} == json.loads(done.stdout) | {"file": None}
    assert sum(one["is_reserve"] for one in json.loads(seen.stdout)) == 1
    states = {line.split("\t")[0]: line.split("\t")[4] for line in text.stdout.splitlines()}
    substitute = f"Nguyễn Thị {waiting[0].upper()}"
    assert states[unit] == f"Không rõ nơi nhận, thư trả lại (3.20); thay bằng {substitute}"
    assert states[waiting[0]] == "Người thay"
