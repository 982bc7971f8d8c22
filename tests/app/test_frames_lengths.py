"""Texts that are too long are refused with their place; nothing is cut without a word."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.errors import AppError
from surveyapp.frames import collecting, drafts, posts
from surveyapp.models import Contact, Survey
from surveyapp.surveys import definitions
from surveyapp.surveys import service as surveys
from tests.app.test_frames_import import (
    DEPUTY,
    FILE,
    FILE_HEAD,
    HEAD_OF_HEALTH,
    MANAGER,
    RATER_HEAD,
    changed,
    load,
    stored,
    table,
)


@pytest.fixture(autouse=True)
def in_november():
    with clock.set_to(datetime(2024, 11, 9, 5, tzinfo=UTC)):
        yield


def plan(db: Session, name: str) -> Survey:
    return surveys.create_from_plan(db, MANAGER, definitions.plan_text(name))


def test_every_long_text_of_a_person_is_named_and_nothing_is_stored(db: Session) -> None:
    survey = plan(db, "binh-dinh-par-2024")
    rows = [
        changed(DEPUTY, name="A" * 201),
        [*changed(DEPUTY, phone="0912345679", office="B" * 181)[:-1], "c" * 301],
        changed(DEPUTY, name="Ă" * 200, phone="x"),  # its length is right, its phone is not
    ]

    report = load(db, survey, table(RATER_HEAD, *rows))

    found = [(fault.code, fault.row, fault.column) for fault in report.problems]
    assert sorted(found) == [
        ("FRAME-005", 4, "Điện thoại"),
        ("FRAME-018", 2, "Họ và tên"),
        ("FRAME-018", 3, "Cơ quan công tác"),
        ("FRAME-018", 3, "Nơi nhận phiếu"),
    ]
    assert stored(db) == (0, 0, 0)


def test_a_long_name_on_a_file_is_refused_and_the_longest_one_is_kept_whole(db: Session) -> None:
    survey = plan(db, "binh-dinh-service-2024")
    long, longest = ([*FILE[:6], "H" * n, FILE[7]] for n in (201, 200))

    assert not load(db, survey, table(FILE_HEAD, long)).is_good
    assert load(db, survey, table(FILE_HEAD, longest)).is_good
    assert db.scalars(select(Contact.name)).one() == "H" * 200


def test_offices_that_do_not_fit_together_are_counted(db: Session) -> None:
    survey = plan(db, "binh-dinh-par-2024")
    far = "Trung tâm " + "x" * 170
    held = [changed(DEPUTY, office=far), changed(HEAD_OF_HEALTH, office="Sở Y tế; Sở Xây dựng")]

    assert load(db, survey, table(RATER_HEAD, *held)).is_good

    assert db.scalars(select(Contact.office)).one() == f"{far}; và 1 nơi khác"


def test_reasons_and_names_that_are_too_long_are_refused(db: Session) -> None:
    survey = plan(db, "binh-dinh-par-2024")
    collecting.ask(db, MANAGER, survey, "Sở Y tế; Lãnh đạo Ủy ban nhân dân cấp huyện; 1")
    line = collecting.lines(db, survey)[0]
    line.unit_list.sealed = b"sent"

    for refuse in (
        lambda text: collecting.decide(db, MANAGER, survey, line, text),
        lambda text: posts.decide(db, MANAGER, survey, [], ("p1", "different", text)),
        lambda text: drafts.save_preset(db, MANAGER, "raters", text, {}),
    ):
        with pytest.raises(AppError, match=r"FRAME-052.*có 301 ký tự, nhiều nhất"):
            refuse("d" * 301)
    collecting.decide(db, MANAGER, survey, line, "d" * 300)
    assert line.unit_list.reason == "d" * 300
