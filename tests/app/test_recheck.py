"""The re-check: who is asked again, by whom, blind to the first answers, without links after."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

import questionnaires
from questionnaires.loader import load_questionnaire
from questionnaires.types import Questionnaire
from surveyapp import clock, web
from surveyapp.actor import Actor
from surveyapp.collect.keys import Keyring
from surveyapp.config import Settings
from surveyapp.errors import AppError
from surveyapp.models import (
    AuditEntry,
    Contact,
    FrameRow,
    Invitation,
    RecheckCount,
    RecheckerCount,
    RecheckInterview,
    RecheckLink,
    RecheckPair,
    RecheckUnit,
    Response,
    SampleDraw,
    SampleUnit,
    Survey,
)
from surveyapp.recheck import service
from surveyapp.recheck.short_form import AGENCIES, short_form
from surveyapp.results import service as results
from surveyapp.results.recheck_tables import Checked, blocks
from tests.app.results_world import add_forms, manager, survey_of

DEFINITIONS = Path(questionnaires.__file__).parent / "definitions"
FIRST = {"access_signs": "4", "outcome": "granted", "overall": "5"}


@pytest.fixture
def actor(db: Session) -> Actor:
    return manager(db)


@pytest.fixture
def survey(db: Session, actor: Actor) -> Survey:
    """Give a collecting survey: two of ten persons are in the re-check, both have answered."""
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    agency = group.agencies[0].code
    cell = add_forms(
        db, survey, group, (agency, [agency], {"agency": agency}), [(FIRST, {})] * 10, 20
    )
    draw = db.scalars(select(SampleDraw)).one()
    drawn = FrameRow.unit_code == SampleUnit.unit_code
    rows = db.scalars(select(FrameRow).join(SampleUnit, drawn).order_by(FrameRow.unit_code)).all()
    responses = db.scalars(select(Response)).all()
    for n in range(2):
        code = secrets.token_hex(32)
        name = f"Người {n}"
        db.add(RecheckUnit(draw_id=draw.id, unit_code=rows[n].unit_code, order=n + 1))
        db.add(Contact(frame_id=draw.frame_id, person_code=rows[n].person_code, name=name))
        db.add(Invitation(code_sha256=code, survey_id=survey.id, cell_id=cell.id, is_spent=True))
        db.flush()
        db.add(
            RecheckLink(
                code_sha256=code,
                draw_id=draw.id,
                unit_code=rows[n].unit_code,
                answer_id=responses[n].id,
            )
        )
    db.flush()
    return survey


def shipped(code: str) -> Questionnaire:
    text = (DEFINITIONS / f"{code}.toml").read_text(encoding="utf-8")
    return load_questionnaire(text, f"{code}.toml")


def done(case: service.RecheckCase, **answers: str) -> service.SecondInterview:
    return service.SecondInterview(case.id, "done", answers, {})


def test_only_those_who_answered_are_asked_again(db: Session, actor: Actor, survey: Survey) -> None:
    link = db.scalars(select(RecheckLink)).first()
    link.answer_id = None
    db.flush()
    assert len(service.cases(db, actor, survey)) == 1
    progress = service.progress(db, survey)
    assert (progress.drawn, progress.answered, progress.asked) == (2, 1, 0)


def test_who_is_drawn_without_a_link_is_counted_on_the_page_at_the_lock_and_in_the_report(
    db: Session,
    actor: Actor,
    survey: Survey,
    settings: Settings,
    signed_in: Callable[..., FlaskClient],
) -> None:
    of_linked = select(RecheckLink.unit_code)
    other = db.scalars(select(SampleUnit).where(SampleUnit.unit_code.not_in(of_linked))).first()
    db.add(RecheckUnit(draw_id=other.draw_id, unit_code=other.unit_code, order=3))
    db.flush()
    assert service.progress(db, survey).withheld == 0  # her code is not out yet
    db.scalars(select(SampleDraw)).one().issued_at = clock.now()
    db.commit()

    said = f"phiếu {service.NOT_ASKED}"
    page = signed_in("recheck").get(f"/surveys/{survey.code}/recheck/").text
    assert f"3 phiếu, trong đó 1 {said}" in page
    results.lock(db, actor, survey, Keyring(settings.keys))
    told = service.progress(db, survey)
    assert (told.drawn, told.withheld, told.answered) == (3, 1, 2)
    counts = dict(db.execute(select(RecheckCount.kind, RecheckCount.n)).all())
    text = next(iter(blocks([Checked("", None, None, {"counts": counts})], []))).text
    assert text.startswith(f"Chọn phúc tra 3 phiếu, 2 phiếu đã trả lời lần đầu. 1 {said}.")


def test_no_page_of_the_recheck_holds_the_turn_to_write_while_it_is_rendered(
    db: Session, actor: Actor, survey: Survey, app: Flask, signed_in: Callable[..., FlaskClient]
) -> None:
    case = service.cases(db, actor, survey)[0]
    db.commit()
    client, open_after = signed_in("recheck"), []

    def rendered(*_: object, **__: object) -> None:
        open_after.append(web.session().in_transaction())

    with template_rendered.connected_to(rendered, app):
        for address in ("", case.id):
            assert client.get(f"/surveys/{survey.code}/recheck/{address}").status_code == 200
    assert open_after == [False, False]


def test_the_page_shows_whom_to_ask_and_never_the_first_answers(
    db: Session, actor: Actor, survey: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    case = service.cases(db, actor, survey)[0]
    db.commit()
    client = signed_in("recheck")
    listed = client.get(f"/surveys/{survey.code}/recheck/").text
    page = client.get(f"/surveys/{survey.code}/recheck/{case.id}").text
    assert case.name in listed
    assert case.name in page
    assert "checked" not in page


def test_every_look_at_names_is_recorded_and_names_nobody(
    db: Session, actor: Actor, survey: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    case = service.cases(db, actor, survey)[0]
    db.commit()
    client = signed_in("recheck")
    client.get(f"/surveys/{survey.code}/recheck/")
    client.get(f"/surveys/{survey.code}/recheck/{case.id}")

    looks = select(AuditEntry).where(AuditEntry.action.startswith("recheck."))
    told = [(entry.action, entry.detail) for entry in db.scalars(looks.order_by(AuditEntry.id))]
    assert told == [
        ("recheck.people", {"cases": 2}),  # of this test itself
        ("recheck.people", {"cases": 2}),
        ("recheck.person", {}),
    ]
    unknown = f"/surveys/{survey.code}/recheck/{'0' * 32}"
    db.commit()
    assert client.get(unknown).status_code == 404


def test_nobody_else_opens_the_recheck(
    db: Session, survey: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    db.commit()
    for role in ("admin", "manager", "approver", "interviewer", "analyst", "council", "auditor"):
        assert signed_in(role).get(f"/surveys/{survey.code}/recheck/").status_code == 403


def test_an_interviewer_may_not_recheck(db: Session, actor: Actor, survey: Survey) -> None:
    case = service.cases(db, actor, survey)[0]
    both = Actor(1, "lan", frozenset({"recheck", "interviewer"}))
    with pytest.raises(AppError, match="RECHECK-001"):
        service.record(db, both, survey, done(case, access_signs="4"))


def test_a_case_is_recorded_once(db: Session, actor: Actor, survey: Survey) -> None:
    case = service.cases(db, actor, survey)[0]
    service.record(db, actor, survey, done(case, access_signs="4"))
    with pytest.raises(AppError, match="RECHECK-004"):
        service.record(db, actor, survey, done(case, access_signs="5"))
    assert db.scalars(select(RecheckInterview)).one().answers["answers"] == {"access_signs": "4"}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"access_signs": "9"}, "RECHECK-006"),
        ({"money": "no"}, "RECHECK-006"),
        ({"no_such_item": "1"}, "RECHECK-006"),
    ],
)
def test_a_wrong_answer_is_refused_and_nothing_is_stored(
    db: Session, actor: Actor, survey: Survey, answers: dict[str, str], code: str
) -> None:
    case = service.cases(db, actor, survey)[0]
    with pytest.raises(AppError, match=code):
        service.record(db, actor, survey, service.SecondInterview(case.id, "done", answers, {}))
    assert db.scalars(select(RecheckInterview)).all() == []


def test_an_unknown_case_or_outcome_is_refused(db: Session, actor: Actor, survey: Survey) -> None:
    case = service.cases(db, actor, survey)[0]
    with pytest.raises(AppError, match="RECHECK-005"):
        service.record(db, actor, survey, service.SecondInterview("x", "done", {}, {}))
    with pytest.raises(AppError, match="RECHECK-003"):
        service.record(db, actor, survey, service.SecondInterview(case.id, "?", {}, {}))


def test_the_lock_keeps_pairs_and_destroys_every_link_to_a_person(
    db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    first, second = service.cases(db, actor, survey)
    service.record(db, actor, survey, done(first, access_signs="5", outcome="granted"))
    service.record(db, actor, survey, service.SecondInterview(second.id, "absent", {}, {}))

    results.lock(db, actor, survey, Keyring(settings.keys))

    pairs = {(p.item, p.first, p.second) for p in db.scalars(select(RecheckPair))}
    assert pairs == {("access_signs", "4", "5"), ("outcome", "granted", "granted")}
    progress = service.progress(db, survey)
    assert (progress.drawn, progress.answered, progress.by_outcome) == (
        2,
        2,
        {"done": 1, "absent": 1},
    )
    assert db.scalars(select(RecheckLink)).all() == []
    assert db.scalars(select(RecheckInterview)).all() == []
    assert survey.state == "locked"
    assert len(db.scalars(select(Response)).all()) == 10


def test_what_stays_after_the_lock_joins_no_two_answers_of_one_form(
    db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    first, second = service.cases(db, actor, survey)
    service.record(db, actor, survey, done(first, access_signs="5", outcome="granted"))
    service.record(db, actor, survey, done(second, access_signs="2", outcome="rejected"))
    results.lock(db, actor, survey, Keyring(settings.keys))

    kept = {column.name for column in RecheckPair.__table__.columns}
    assert kept == {"id", "survey_id", "group_code", "item", "first", "second"}
    ids = db.scalars(select(RecheckPair.id)).all()
    assert len(set(ids)) == len(ids) == 4


def test_a_case_said_to_be_done_needs_an_answer(db: Session, actor: Actor, survey: Survey) -> None:
    case = service.cases(db, actor, survey)[0]
    with pytest.raises(AppError, match="RECHECK-007"):
        service.record(db, actor, survey, done(case))


def test_the_second_lock_changes_nothing(
    db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    keyring = Keyring(settings.keys)
    results.lock(db, actor, survey, keyring)
    assert results.lock(db, actor, survey, keyring).released == 0
    assert survey.state == "locked"


def test_no_address_holds_what_belongs_to_a_code(db: Session, actor: Actor, survey: Survey) -> None:
    codes = set(db.scalars(select(RecheckLink.code_sha256)))
    cases = {case.id for case in service.cases(db, actor, survey)}
    assert len(cases) == 2
    assert not cases & codes


def test_facts_that_differ_are_counted_by_re_checker_under_a_number_of_no_meaning(
    db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    first, second = service.cases(db, actor, survey)
    service.record(db, actor, survey, done(first, access_signs="5", outcome="rejected"))
    service.record(db, actor, survey, service.SecondInterview(second.id, "not_interviewed", {}, {}))
    results.lock(db, actor, survey, Keyring(settings.keys))
    row = db.scalars(select(RecheckerCount)).one()  # one interview: together with other small ones
    assert (row.number, row.interviews, row.facts, row.differing) == (0, 1, 1, 1)
    assert row.not_interviewed == 1


def test_the_plan_says_how_answers_are_compared(
    db: Session, actor: Actor, survey: Survey, settings: Settings
) -> None:
    survey.plan = {
        **survey.plan,
        "recheck": {
            "facts": ["access_signs"],
            "tolerance": {"access_signs": 1},
            "leave_out": ["5"],
        },
    }
    first, second = service.cases(db, actor, survey)
    service.record(db, actor, survey, done(first, access_signs="5"))
    service.record(db, actor, survey, done(second, access_signs="3"))
    results.lock(db, actor, survey, Keyring(settings.keys))
    assert [(p.first, p.second) for p in db.scalars(select(RecheckPair))] == [("4", "3")]
    row = db.scalars(select(RecheckerCount)).one()
    assert (row.facts, row.differing) == (1, 0)


def test_a_raters_form_is_asked_again_on_three_agencies_at_most() -> None:
    agencies = [f"a{n}" for n in range(17)]
    form = short_form(shipped("par_provincial"), {}, agencies, "case")
    assert len(form.agencies) == AGENCIES
    assert [item.code for item in form.agency_items] == [
        f"{topic}_1"
        for topic in ("leadership", "documents", "organisation", "officials", "finance", "digital")
    ]
    assert form == short_form(shipped("par_provincial"), {}, agencies, "case")


def test_sensitive_questions_and_free_texts_are_not_asked_again() -> None:
    form = short_form(shipped("service"), {}, [], "case")
    assert form.items
    assert all(item.kind == "choice" and not item.sensitive for item in form.items)


def test_the_plan_may_name_what_is_asked_again() -> None:
    form = short_form(shipped("service"), {"recheck": {"items": ["overall", "visits"]}}, [], "case")
    assert [item.code for item in form.items] == ["overall", "visits"]
