"""Forms, codes and progress: everybody hidden among five, nobody joined to a code."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from surveyapp import clock, codes
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.fieldwork import lost_letters, service
from surveyapp.models import (
    Assignment,
    AuditEntry,
    Base,
    Contact,
    FormCell,
    FrameRow,
    Invitation,
    RecheckLink,
    RecheckUnit,
    SampleDraw,
    SampleUnit,
)
from tests.app import sample_factory as make
from tests.app.sample_factory import RATERS_PLAN, SERVICE_PLAN

UNTIL = date(2024, 11, 10)


@pytest.fixture(autouse=True)
def _october():
    with clock.set_to(make.NOW):
        yield


@pytest.fixture
def actor(db: Session):
    return make.official(db)


@pytest.fixture
def draw(db: Session, actor) -> SampleDraw:
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    return make.drawn(db, actor, frame, few_reason="thử")


def agencies_of(db: Session) -> dict[str, list[str]]:
    query = select(Assignment.unit_code, FormCell.agencies).join(FormCell)
    return dict(db.execute(query).all())


def test_every_drawn_person_gets_a_form_that_four_others_share(db: Session, actor, draw) -> None:
    assigned = service.assign(db, actor, draw)

    cells = db.scalars(select(FormCell)).all()
    given = Counter(db.scalars(select(Assignment.cell_id)))
    assert assigned.forms == sum(given.values()) == 64
    assert {cell.id: cell.persons for cell in cells} == dict(given)
    assert min(given.values()) >= 5


def test_nobody_rates_her_own_agency_and_everybody_keeps_to_her_rule(
    db: Session, actor, draw
) -> None:
    service.assign(db, actor, draw)

    rows = {row.unit_code: row.attributes for row in db.scalars(select(FrameRow))}
    for unit, agencies in agencies_of(db).items():
        attributes = rows[unit]
        assert agencies
        assert not set(agencies) & set(attributes.get("own_agencies", []))
        if "line" in attributes:
            assert set(agencies) <= set(attributes["line"])
        if "area" in attributes:
            assert agencies == [attributes["area"]]


def test_small_strata_of_one_district_are_stored_together(db: Session, actor, draw) -> None:
    assigned = service.assign(db, actor, draw)

    # 24 of 30 over districts of 10 and 20: 4 deputies and 4 communes of Hoài Ân are below five
    assert assigned.merged == (
        "district | communes | huyen-hoai-an + district | deputies | huyen-hoai-an",
    )


def test_a_form_is_given_once(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)

    with pytest.raises(AppError, match="FIELD-002"):
        service.assign(db, actor, draw)


def test_a_line_that_too_few_share_is_refused_with_its_choices(db: Session, actor) -> None:
    rows = make.raters()
    rows += [
        make.row(f"z{i}", "provincial | divisions", rater_group="divisions", line=["so-y-te"])
        for i in range(4)
    ]
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, rows)
    draw = make.drawn(db, actor, frame, quotas={"provincial": 64}, reason="thử", few_reason="thử")

    with pytest.raises(AppError, match="FIELD-003") as refused:
        service.assign(db, actor, draw)

    assert "provincial | divisions" in refused.value.message
    assert refused.value.problems == ("so-y-te",)


def test_every_person_gets_one_code_and_only_hashes_stay(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)

    letters = service.issue(db, actor, draw, expires_on=UNTIL)

    assert len(letters) == 64
    assert len({letter.code for letter in letters}) == 64
    stored = set(db.scalars(select(Invitation.code_sha256)))
    assert stored == {codes.sha256(letter.code) for letter in letters}
    assert db.get(SampleDraw, draw.id).issued_at is not None


def test_issuing_opens_the_collection_and_happens_once(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)
    service.issue(db, actor, draw, expires_on=UNTIL)

    with pytest.raises(AppError, match="FIELD-006"):
        service.issue(db, actor, draw, expires_on=UNTIL)

    assert db.scalar(select(make.Survey.state)) == "collecting"


def test_codes_need_forms_and_a_day_to_come(db: Session, actor, draw) -> None:
    with pytest.raises(AppError, match="FIELD-007"):
        service.issue(db, actor, draw, expires_on=UNTIL)
    service.assign(db, actor, draw)
    with pytest.raises(AppError, match="30/09/2024"):
        service.issue(db, actor, draw, expires_on=date(2024, 9, 30))


def test_only_the_recheck_subsample_is_linked_to_its_codes(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)
    letters = service.issue(db, actor, draw, expires_on=UNTIL)

    links = {link.code_sha256: link.unit_code for link in db.scalars(select(RecheckLink))}
    assert set(links.values()) == set(db.scalars(select(RecheckUnit.unit_code)))
    names = {codes.sha256(letter.code): letter.name for letter in letters}
    assert all(names[sha] == f"Nguyễn Thị {unit.upper()}" for sha, unit in links.items())


def test_no_table_joins_a_person_to_a_code_outside_the_recheck(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)
    letters = service.issue(db, actor, draw, expires_on=UNTIL)
    known = {codes.sha256(letter.code) for letter in letters} | {x.code for x in letters}

    holding = {
        table.name
        for table in Base.metadata.sorted_tables
        for row in db.execute(select(table)).all()
        if any(code in str(value) for value in row for code in known)
    }

    assert holding == {"invitation", "recheck_link"}
    assert {column.name for column in Invitation.__table__.columns} == {
        "code_sha256",
        "survey_id",
        "cell_id",
        "expires_on",
        "is_spent",
        "is_revoked",
    }
    for entry in db.scalars(select(AuditEntry)):
        assert not any(letter.name in str(entry.detail) for letter in letters)


def test_codes_lie_in_an_order_that_says_nothing_about_persons(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)
    service.issue(db, actor, draw, expires_on=UNTIL)

    stored = [
        next(iter(row))
        for row in db.connection().exec_driver_sql("SELECT code_sha256 FROM invitation")
    ]

    assert stored == sorted(stored)


def test_progress_counts_forms_codes_and_what_came_in(db: Session, actor, draw) -> None:
    survey = db.get(make.Survey, draw.survey_id)
    assert service.progress(db, survey) == []
    service.assign(db, actor, draw)
    service.issue(db, actor, draw, expires_on=UNTIL)
    cell = db.scalars(select(FormCell).where(FormCell.stratum == "provincial | council")).first()
    db.execute(update(Invitation).where(Invitation.cell_id == cell.id).values(is_spent=True))

    counted = service.progress(db, survey)

    council = next(row for row in counted if row.stratum == "provincial | council")
    assert (council.planned, council.issued) == (20, 20)
    assert council.received == cell.persons
    assert sum(row.planned for row in counted) == sum(row.issued for row in counted) == 64
    assert sum(row.received for row in counted) == cell.persons


def test_a_supplementary_draw_gives_forms_and_codes_to_the_new_persons_only(
    db: Session, actor, draw
) -> None:
    service.assign(db, actor, draw)
    service.issue(db, actor, draw, expires_on=UNTIL)
    frame = db.get(make.Frame, draw.frame_id)
    more = make.drawn(db, actor, frame, quotas={"provincial": 50}, reason="thiếu", few_reason="x")

    assigned = service.assign(db, actor, more)
    letters = service.issue(db, actor, more, expires_on=UNTIL)

    assert assigned.forms == len(letters) == 10
    assert db.scalar(select(func.count()).select_from(Invitation)) == 74
    assert db.scalar(select(func.sum(FormCell.persons))) == 74


def test_a_quota_cannot_be_lowered_once_codes_are_out(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)
    service.issue(db, actor, draw, expires_on=UNTIL)
    frame = db.get(make.Frame, draw.frame_id)

    with pytest.raises(AppError, match="SAMPLE-212"):
        make.drawn(db, actor, frame, quotas={"provincial": 30}, reason="giảm", few_reason="x")


def test_everyone_of_a_file_list_gets_the_form_of_her_agency(db: Session, actor) -> None:
    sizes = {"so-noi-vu": 20, "so-tu-phap": 20, "so-y-te": 20}
    _survey, frame = make.survey_with(db, actor, SERVICE_PLAN, make.files(sizes))
    draw = make.drawn(db, actor, frame)

    service.assign(db, actor, draw)

    assert db.scalar(select(func.count()).select_from(SampleUnit)) == 60
    cells = db.scalars(select(FormCell).order_by(FormCell.code)).all()
    assert [(cell.stratum, cell.agencies, cell.persons) for cell in cells] == [
        (code, [code], 20) for code in sorted(sizes)
    ]


def test_a_second_file_of_one_person_adds_nobody_to_the_cell(db: Session, actor) -> None:
    sizes = {"so-noi-vu": 40, "so-tu-phap": 40, "so-y-te": 40}
    survey, frame = make.survey_with(db, actor, SERVICE_PLAN, make.files(sizes))
    service.assign(db, actor, make.drawn(db, actor, frame))
    given = set(db.scalars(select(Assignment.unit_code)))
    rows = [  # in a newer list every file that nobody was asked about is of one who was asked
        row if row["unit"] in given else row | {"person": f"p{min(given & of_agency(row))}"}
        for row in make.files(sizes)
    ]
    newer = make.frame_of(db, survey, rows, version=2)
    more = make.drawn(db, actor, newer, quotas={"provincial": 90}, reason="thiếu")
    service.assign(db, actor, more)

    assert db.scalar(select(func.count()).select_from(Assignment)) == 90
    assert set(db.scalars(select(FormCell.persons))) == {20}


def of_agency(row) -> set[str]:
    return {f"{row['unit'][:4]}{n:04}" for n in range(40)}


def test_a_letter_knows_whether_an_organisation_filed(db: Session, actor) -> None:
    rows = make.files({"so-noi-vu": 20, "so-tu-phap": 20, "so-y-te": 20})
    for row in rows[:5]:
        row["attributes"]["respondent"] = "organisation"
    _survey, frame = make.survey_with(db, actor, SERVICE_PLAN, rows)
    draw = make.drawn(db, actor, frame)
    service.assign(db, actor, draw)

    letters = service.issue(db, actor, draw, expires_on=UNTIL)

    organisations = {f"Nguyễn Thị {row['unit'].upper()}" for row in rows[:5]}
    assert {one.name for one in letters if one.is_organisation} == organisations
    assert len(letters) == 60


def test_a_person_missing_from_the_vault_stops_the_issue(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)
    unit = db.scalar(select(Assignment.unit_code).limit(1))
    db.delete(db.get(Contact, (draw.frame_id, "p" + unit)))
    db.flush()

    with pytest.raises(AppError, match="FIELD-009"):
        service.issue(db, actor, draw, expires_on=UNTIL)

    assert db.scalar(select(func.count()).select_from(Invitation)) == 0


def test_lost_letters_are_replaced_and_the_old_codes_open_nothing(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)
    lost = service.issue(db, actor, draw, expires_on=UNTIL)

    letters = lost_letters.reissue(db, actor, draw, expires_on=date(2024, 11, 12), reason="mất tệp")

    survey = db.get_one(make.Survey, draw.survey_id)
    assert [x.name for x in letters] == [x.name for x in lost]
    with pytest.raises(AppError, match="COLLECT-014"):
        make.spend(db, survey, lost[0].code)
    usable = select(Invitation.code_sha256).where(Invitation.is_revoked.is_(False))
    assert set(db.scalars(usable)) == {codes.sha256(x.code) for x in letters}
    assert make.spend(db, survey, letters[0].code).cell_id is not None
    assert sum(row.issued for row in service.progress(db, survey)) == 64
    names = {codes.sha256(x.code): x.name for x in letters}
    links = {link.code_sha256: link.unit_code for link in db.scalars(select(RecheckLink))}
    assert set(links.values()) == set(db.scalars(select(RecheckUnit.unit_code)))
    assert all(names[sha] == f"Nguyễn Thị {unit.upper()}" for sha, unit in links.items())
    entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "fieldwork.reissue")).one()
    assert entry.detail["reason"] == "mất tệp"


def test_after_one_answer_no_code_is_replaced_as_nobody_knows_whose_it_was(
    db: Session, actor, draw
) -> None:
    service.assign(db, actor, draw)
    letters = service.issue(db, actor, draw, expires_on=UNTIL)
    survey = db.get_one(make.Survey, draw.survey_id)
    make.spend(db, survey, letters[0].code)

    with pytest.raises(AppError, match="FIELD-015"):
        lost_letters.reissue(db, actor, draw, expires_on=UNTIL, reason="mất tệp")

    assert make.spend(db, survey, letters[1].code).cell_id is not None


def test_codes_are_replaced_with_a_reason_and_only_where_some_are_out(
    db: Session, actor, draw
) -> None:
    service.assign(db, actor, draw)
    with pytest.raises(AppError, match="FIELD-014"):
        lost_letters.reissue(db, actor, draw, expires_on=UNTIL, reason="mất tệp")
    service.issue(db, actor, draw, expires_on=UNTIL)
    with pytest.raises(AppError, match="FIELD-017"):
        lost_letters.reissue(db, actor, draw, expires_on=UNTIL, reason=" ")
    with pytest.raises(AppError, match="FIELD-008"):
        lost_letters.reissue(db, actor, draw, expires_on=date(2024, 9, 30), reason="mất tệp")


def test_codes_that_two_draws_share_are_not_replaced(db: Session, actor, draw) -> None:
    service.assign(db, actor, draw)
    service.issue(db, actor, draw, expires_on=UNTIL)
    frame = db.get(make.Frame, draw.frame_id)
    more = make.drawn(db, actor, frame, quotas={"provincial": 50}, reason="thiếu", few_reason="x")
    service.assign(db, actor, more)
    service.issue(db, actor, more, expires_on=UNTIL)

    with pytest.raises(AppError, match="FIELD-016"):
        lost_letters.reissue(db, actor, more, expires_on=UNTIL, reason="mất tệp")

    revoked = select(func.count()).where(Invitation.is_revoked)
    assert db.scalar(revoked) == 0


def test_of_two_issues_at_once_one_makes_codes(database: Database) -> None:
    with database.session() as db:
        actor = make.official(db)
        _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
        draw_id = make.drawn(db, actor, frame, few_reason="thử").id
        service.assign(db, actor, db.get_one(SampleDraw, draw_id))
        db.commit()
    start = threading.Barrier(2, timeout=20)

    def issue(_: int) -> str:
        with database.session() as db, clock.set_to(make.NOW):
            start.wait()
            try:
                service.issue(db, actor, db.get_one(SampleDraw, draw_id), expires_on=UNTIL)
            except AppError as error:
                return error.code
            db.commit()
            return "issued"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(issue, range(2)))

    assert outcomes == ["FIELD-006", "issued"]
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(Invitation)) == 64
