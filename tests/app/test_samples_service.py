"""Proposing, announcing and drawing a sample, and recomputing it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import AuditEntry, Frame, FrameRow, RecheckUnit, SampleDraw, SampleUnit
from surveyapp.samples import service
from surveyapp.samples.proposal import Choices
from tests.app import sample_factory as make
from tests.app.sample_factory import RATERS_PLAN, SECRET, SERVICE_PLAN


def test_a_group_quota_is_split_in_proportion_to_the_lists(db: Session) -> None:
    survey, frame = make.survey_with(db, make.official(db), RATERS_PLAN, make.raters())

    proposal = service.propose(db, survey, frame)

    strata = {s.key: (s.pop_size, s.n) for g in proposal.groups for s in g.strata}
    assert strata["provincial | council"] == (30, 20)
    assert strata["provincial | divisions"] == (30, 20)
    assert [group.n for group in proposal.groups] == [40, 24]
    assert proposal.main_n == 64
    assert proposal.recheck_n == 6  # floor(0.1 x 64)


def test_the_expected_forms_of_an_agency_count_who_may_rate_it(db: Session) -> None:
    survey, frame = make.survey_with(db, make.official(db), RATERS_PLAN, make.raters())

    expected = {a.code: a.expected for a in service.propose(db, survey, frame).agencies}

    # Sở Tư pháp: 28 of 30 deputies (two lead it) and 15 of 30 heads of its line, at 2/3 each
    assert expected["so-tu-phap"] == round((28 + 15) * 2 / 3, 1)
    assert expected["so-noi-vu"] == round((30 + 15) * 2 / 3, 1)
    assert expected["huyen-hoai-an"] == 8


def test_seed_and_digests_are_stored_before_anything_is_drawn(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())

    announced = service.announce(db, actor, frame, " hạt  ", Choices(few_reason="thử"), SECRET)

    assert announced.seed == "hạt"
    assert announced.drawn_at is None and announced.protocol is None
    assert announced.frame_sha256 == frame.sha256
    assert announced.recheck_secret_sha256 != announced.recheck_secret
    assert db.scalar(select(func.count()).select_from(SampleUnit)) == 0
    entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "sample.announce")).one()
    assert entry.detail["seed"] == "hạt"
    assert SECRET.hex() not in str(entry.detail)


def test_a_draw_stores_sample_recheck_and_protocol_and_moves_the_survey_on(db: Session) -> None:
    actor = make.official(db)
    survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())

    drawn = make.drawn(db, actor, frame, few_reason="thử")

    units = db.scalars(select(SampleUnit)).all()
    assert len(units) == 64
    assert {u.design_weight for u in units if u.stratum == "provincial | council"} == {1.5}
    rechecked = set(db.scalars(select(RecheckUnit.unit_code)))
    assert len(rechecked) == 6
    assert rechecked <= {unit.unit_code for unit in units}
    assert survey.state == "sampled"
    assert drawn.protocol["label"] == "hạt giống tự chọn"
    assert drawn.protocol["lists"]["recheck"] == []  # hidden from whoever reads the protocol
    assert SECRET.hex() not in str(drawn.protocol)
    assert service.verify(db, drawn) is None


def test_verify_finds_a_sample_that_a_hand_has_changed(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    drawn = make.drawn(db, actor, frame, few_reason="thử")

    unit = db.scalars(select(SampleUnit).limit(1)).one()
    unit.order = 99
    db.flush()

    assert service.verify(db, drawn).path.startswith("sample.main")


def test_verify_finds_a_person_slipped_into_the_recheck(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    drawn = make.drawn(db, actor, frame, few_reason="thử")

    chosen = set(db.scalars(select(RecheckUnit.unit_code)))
    other = next(u for u in db.scalars(select(SampleUnit)) if u.unit_code not in chosen)
    db.add(RecheckUnit(draw_id=drawn.id, unit_code=other.unit_code, order=1))
    db.flush()

    assert service.verify(db, drawn).path == "recheck"


def test_the_same_draw_cannot_be_announced_or_carried_out_twice(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    drawn = make.drawn(db, actor, frame, few_reason="thử")

    with pytest.raises(AppError, match="SAMPLE-213"):
        service.draw(db, actor, drawn)
    with pytest.raises(AppError, match="SAMPLE-211"):
        service.announce(
            db, actor, frame, "2024-10-01", Choices(few_reason="thử", reason="lần nữa")
        )


def test_another_seed_is_refused_after_the_first_was_announced(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    make.drawn(db, actor, frame, few_reason="thử")

    with pytest.raises(AppError, match="2024-10-01"):
        service.announce(db, actor, frame, "hạt khác", Choices(quotas={"district": 26}, reason="x"))


def test_an_announced_draw_must_be_carried_out_before_the_next(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    service.announce(db, actor, frame, "a", Choices(few_reason="thử"))

    with pytest.raises(AppError, match="SAMPLE-205"):
        service.announce(db, actor, frame, "a", Choices(quotas={"district": 26}, reason="x"))


def test_a_quota_above_its_list_offers_two_ways_and_both_need_a_reason(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    above = {"district": 31}

    with pytest.raises(AppError, match="SAMPLE-207") as refused:
        service.announce(db, actor, frame, "a", Choices(quotas=above, reason="x", few_reason="x"))
    assert "cần 31 phiếu, danh sách chỉ có 30" in refused.value.problems[0]
    with pytest.raises(AppError, match="SAMPLE-208"):
        service.announce(
            db, actor, frame, "a", Choices(quotas=above, shortfall="census", few_reason="x")
        )


@pytest.mark.parametrize("way", ["lower", "census"])
def test_everyone_of_a_short_list_is_drawn_and_the_protocol_says_why(db: Session, way: str) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())

    drawn = make.drawn(
        db,
        actor,
        frame,
        quotas={"district": 36},
        shortfall=way,
        reason="Danh sách chỉ có 30 người",
        few_reason="thử",
    )

    everyone = select(SampleUnit).where(SampleUnit.stratum.startswith("district"))
    assert {unit.design_weight for unit in db.scalars(everyone)} == {1.0}
    assert len(db.scalars(everyone).all()) == 30
    assert drawn.protocol["method"]["shortfall"] == way
    assert sum(d["wanted"] for d in drawn.protocol["decisions"]) == 36
    assert drawn.protocol["notes"]["reason"] == "Danh sách chỉ có 30 người"
    assert service.verify(db, drawn) is None


def test_a_raised_quota_keeps_everybody_and_names_the_earlier_protocol(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    first = make.drawn(db, actor, frame, few_reason="thử")
    second = make.drawn(db, actor, frame, quotas={"provincial": 50}, reason="Thiếu", few_reason="x")

    def units(draw: SampleDraw) -> set[str]:
        return set(db.scalars(select(SampleUnit.unit_code).where(SampleUnit.draw_id == draw.id)))

    assert units(first) < units(second)
    (named,) = second.protocol["previous"]
    assert named["seed"] == "2024-10-01"
    assert named["protocol_sha256"] == service.protocol_digest(first.protocol)
    asked_again = set(
        db.scalars(select(RecheckUnit.unit_code).where(RecheckUnit.draw_id == second.id))
    )
    assert asked_again <= units(second) - units(first)
    assert service.verify(db, first) is None
    assert service.verify(db, second) is None


def test_files_of_an_excluded_agency_are_left_out(db: Session) -> None:
    actor = make.official(db)
    sizes = {"so-noi-vu": 40, "so-tu-phap": 300, "so-y-te": 20}
    survey, frame = make.survey_with(db, actor, SERVICE_PLAN, make.files(sizes))
    agency = next(a for a in survey.agencies if a.code == "so-y-te")
    agency.exclusion, agency.exclusion_count, agency.exclusion_threshold = (
        "too_few_transactions",
        20,
        30,
    )
    db.flush()

    proposal = service.propose(db, survey, frame)
    drawn = make.drawn(db, actor, frame, few_reason="thử")

    (group,) = proposal.groups
    assert {s.title: s.n for s in group.strata} == {"Sở Nội vụ": 10, "Sở Tư pháp": 50}
    assert proposal.nothing_to_rate == 20
    assert "so-y-te: too_few_transactions" in drawn.protocol["notes"]["excluded_agencies"]
    assert service.verify(db, drawn) is None


def test_few_forms_must_be_confirmed_and_very_few_are_refused(db: Session) -> None:
    actor = make.official(db)
    sizes = {"so-noi-vu": 7, "so-tu-phap": 300, "so-y-te": 200}
    _survey, frame = make.survey_with(db, actor, SERVICE_PLAN, make.files(sizes))

    with pytest.raises(AppError, match="SAMPLE-210") as few:
        service.announce(db, actor, frame, "a", Choices())
    assert few.value.problems == ("Sở Nội vụ: khoảng 7 phiếu",)
    with pytest.raises(AppError, match="SAMPLE-209"):
        service.announce(db, actor, frame, "a", Choices(minimum=1, few_reason="thử"))


def test_a_list_that_is_not_frozen_is_refused(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    frame.frozen_at = None
    db.flush()

    with pytest.raises(AppError, match="SAMPLE-202"):
        service.announce(db, actor, frame, "a", Choices(few_reason="thử"))


def test_a_list_changed_after_the_announcement_stops_the_draw(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    announced = service.announce(db, actor, frame, "a", Choices(few_reason="thử"))
    row = db.get(FrameRow, (frame.id, "c001"))
    db.delete(row)
    db.flush()

    with pytest.raises(AppError, match="SAMPLE-214"):
        service.draw(db, actor, announced)


def test_a_recheck_above_a_tenth_is_refused(db: Session) -> None:
    survey, frame = make.survey_with(db, make.official(db), RATERS_PLAN, make.raters())

    with pytest.raises(AppError, match="SAMPLE-216"):
        service.propose(db, survey, frame, Choices(recheck_share="0,2"))


@pytest.mark.parametrize("share", ["1/3", "0.1234567890123456789012345678901"])
def test_a_share_that_the_published_plan_cannot_hold_is_refused(db: Session, share: str) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    choices = Choices(few_reason="thử", reserve_share=share)

    with pytest.raises(AppError, match="SAMPLE-227"):
        service.announce(db, actor, frame, "2024-10-01", choices, SECRET)


def test_raters_whose_only_agency_is_left_out_are_not_drawn(db: Session) -> None:
    survey, frame = make.survey_with(db, make.official(db), RATERS_PLAN, make.raters())
    left_out = next(agency for agency in survey.agencies if agency.code == "huyen-hoai-an")
    left_out.exclusion = "no_transactions"
    db.flush()

    proposal = service.propose(db, survey, frame)

    assert proposal.nothing_to_rate == 10
    assert not any("hoai-an" in s.key for g in proposal.groups for s in g.strata)


def test_of_two_draws_at_once_one_is_carried_out(database: Database) -> None:
    with database.session() as db:
        actor = make.official(db)
        _, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
        draw_id = service.announce(db, actor, frame, "a", Choices(few_reason="thử")).id
        db.commit()
    start = threading.Barrier(2, timeout=20)

    def carry_out(_: int) -> str:
        with database.session() as db:
            start.wait()
            try:
                service.draw(db, actor, db.get_one(SampleDraw, draw_id))
            except AppError as error:
                return error.code
            db.commit()
            return "drawn"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(carry_out, range(2)))

    assert outcomes == ["SAMPLE-213", "drawn"]
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(SampleUnit)) == 64


def test_of_two_announcements_at_once_one_is_stored(database: Database) -> None:
    with database.session() as db:
        actor = make.official(db)
        _survey, _ = make.survey_with(db, actor, RATERS_PLAN, make.raters())
        db.commit()
    start = threading.Barrier(2, timeout=20)

    def announce(number: int) -> str:
        with database.session() as db:
            start.wait()
            frame = db.scalars(select(Frame)).one()
            try:
                service.announce(db, actor, frame, f"hạt {number}", Choices(few_reason="thử"))
            except AppError as error:
                return error.code
            db.commit()
            return "announced"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(announce, range(2)))

    assert outcomes == ["SAMPLE-204", "announced"]


def test_a_protocol_of_the_first_release_still_verifies(db: Session) -> None:
    actor = make.official(db)
    _survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
    drawn = make.drawn(db, actor, frame, few_reason="thử")
    sealed = {**drawn.protocol["recheck"], "by": "assignment"}
    uncounted = {**drawn.protocol["counts"], "recheck": 0}

    drawn.protocol = {**drawn.protocol, "recheck": sealed, "counts": uncounted}
    db.flush()

    assert service.verify(db, drawn) is None
