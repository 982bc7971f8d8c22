"""The verbs of surveys on both engines: creation, agencies left out, steps, removal."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.actor import Actor
from surveyapp.collect import definitions as asked
from surveyapp.errors import AppError
from surveyapp.models import (
    Assignment,
    AuditEntry,
    Base,
    Batch,
    FormCell,
    Frame,
    FrameRow,
    Invitation,
    PublishedFigure,
    RatedAgency,
    Response,
    ResultRun,
    SampleDraw,
    SampleUnit,
    StoredMethod,
    StoredQuestionnaire,
    Survey,
    Unit,
    UnitList,
    WaitingAnswer,
)
from surveyapp.surveys import definitions, service
from surveyapp.surveys.service import Decision, Exclusion

LEADER = Actor(1, "leader", frozenset({"manager", "approver", "analyst"}))
MANAGER = Actor(2, "manager", frozenset({"manager"}))
PLAN = definitions.plan_text("binh-dinh-par-2024")
NOON = datetime(2024, 11, 9, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def day_before_the_deadline():
    with clock.set_to(NOON):
        yield


@pytest.fixture
def survey(db: Session) -> Survey:
    return service.create_from_plan(db, MANAGER, PLAN)


def refused(code: str):
    return pytest.raises(AppError, match=rf"\[{code}\]")


def counts(db: Session) -> dict[str, int]:
    kept = {"audit_entry", "questionnaire", "method", "alembic_version", "account"}
    tables = [table for table in Base.metadata.sorted_tables if table.name not in kept]
    return {t.name: db.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def freeze_a_frame(db: Session, survey: Survey) -> Frame:
    now = clock.now()
    frame = Frame(survey_id=survey.id, version=1, pop_size=1, imported_at=now, frozen_at=now)
    db.add(frame)
    db.flush()
    row = {"unit_code": "AAAA", "person_code": "BBBB", "stratum": "x", "group_code": "central"}
    db.add(FrameRow(frame_id=frame.id, attributes={}, **row))
    db.flush()
    return frame


def draw(db: Session, survey: Survey, account_id: int) -> SampleDraw:
    frame = freeze_a_frame(db, survey)
    drawn = SampleDraw(
        survey_id=survey.id,
        frame_id=frame.id,
        seed="s",
        frame_sha256="0" * 64,
        plan_sha256="0" * 64,
        plan={},
        recheck_secret_sha256="0" * 64,
        recheck_secret="0" * 64,
        announced_at=clock.now(),
        announced_by=account_id,
        drawn_at=clock.now(),
        protocol={},
    )
    db.add(drawn)
    db.flush()
    unit = {"unit_code": "AAAA", "stratum": "x", "role": "main", "order": 1}
    db.add(SampleUnit(draw_id=drawn.id, inclusion_probability=1.0, design_weight=1.0, **unit))
    db.flush()
    return drawn


@pytest.fixture
def account_id(db: Session) -> int:
    from surveyapp.models import Account

    account = Account(
        login="leader", display_name="Lãnh đạo", password_hash="", created_at=clock.now()
    )
    db.add(account)
    db.flush()
    return account.id


def invite(db: Session, survey: Survey, *, spent: bool = False) -> FormCell:
    group = survey.groups[2]
    cell = FormCell(
        survey_id=survey.id, code="c", group_id=group.id, stratum="x", agencies=[], persons=5
    )
    db.add(cell)
    db.flush()
    db.add(Invitation(code_sha256="a" * 64, survey_id=survey.id, cell_id=cell.id, is_spent=spent))
    db.flush()
    return cell


def answer(db: Session, survey: Survey, cell: FormCell) -> None:
    db.add(
        Response(
            id="r" * 32,
            survey_id=survey.id,
            cell_id=cell.id,
            questionnaire_code="par_central",
            questionnaire_version=1,
            language="vi",
            mode="web",
            answers={},
            ratings={},
            received_on=clock.today(),
        )
    )
    db.flush()


def test_the_plan_of_2024_becomes_a_survey(db: Session, survey: Survey) -> None:
    assert survey.code == "par-2024"
    assert survey.state == "draft"
    assert survey.deadline_on == date(2024, 11, 15)
    assert len(survey.plan_sha256) == 64
    assert [group.quota for group in survey.groups] == [400, 630, 70]
    assert len(survey.agencies) == 30
    assert survey.groups[1].rater_groups[0].rates == "own_unit"
    conductors = [agency.title for agency in survey.agencies if agency.is_conductor]
    assert conductors == ["Sở Nội vụ"]
    assert db.get(Unit, survey.lead_unit_id).name == "Sở Nội vụ"
    assert {q.code for q in db.scalars(select(StoredQuestionnaire))} == {
        "par_provincial",
        "par_district",
        "par_central",
    }
    assert db.scalar(select(func.count()).select_from(StoredMethod)) == 3
    assert db.scalar(select(AuditEntry.actor)) == "manager"


def test_agency_codes_are_readable_and_the_same_in_every_survey(
    db: Session, survey: Survey
) -> None:
    other = service.create_from_plan(db, MANAGER, definitions.plan_text("binh-dinh-service-2024"))

    codes = [agency.code for agency in survey.agencies]
    assert codes == [agency.code for agency in other.agencies]
    assert "so-noi-vu" in codes
    assert "so-lao-dong-thuong-binh-va-xa-hoi" in codes
    assert len(set(codes)) == 30
    assert db.scalar(select(func.count()).select_from(Unit)) == 30


@pytest.mark.usefixtures("survey")
def test_a_district_is_there_until_the_level_ended(db: Session) -> None:
    district = db.scalar(select(Unit).where(Unit.name == "Huyện An Lão"))

    assert (district.valid_from, district.valid_to) == (date(2024, 1, 1), date(2025, 7, 1))
    later = PLAN.replace('"par-2024"', '"par-2025"').replace("2024-11-15", "2025-11-15")
    service.create_from_plan(db, MANAGER, later.replace("units_valid_to = 2025-07-01\n", ""))
    codes = db.scalars(select(Unit.code).where(Unit.name == "Huyện An Lão").order_by(Unit.code))
    assert list(codes) == ["huyen-an-lao", "huyen-an-lao-2"]


@pytest.mark.usefixtures("survey")
def test_units_sort_as_in_vietnamese_in_the_database(db: Session) -> None:
    names = list(
        db.scalars(select(Unit.name).where(Unit.name.like("Thị xã%")).order_by(Unit.sort_key))
    )
    assert names == ["Thị xã An Nhơn", "Thị xã Hoài Nhơn"]
    whole = list(db.scalars(select(Unit.name).order_by(Unit.sort_key)))
    assert whole.index("Huyện An Lão") < whole.index("Huyện Hoài Ân") < whole.index("Huyện Phù Cát")
    assert whole.index("Sở Y tế") > whole.index("Sở Xây dựng")


@pytest.mark.usefixtures("survey")
def test_a_second_survey_of_one_code_is_refused(db: Session) -> None:
    with refused("SURVEY-002"):
        service.create_from_plan(db, MANAGER, PLAN)
    assert db.scalar(select(func.count()).select_from(Survey)) == 1


def test_a_faulty_plan_stores_nothing(db: Session) -> None:
    text = PLAN.replace('questionnaire = "par_central"', 'questionnaire = "par_centrall"')
    with refused("SURVEY-001") as caught:
        service.create_from_plan(db, MANAGER, text)
    assert "«par_central»" in caught.value.problems[0]
    with refused("SURVEY-001"):
        service.create_from_plan(db, MANAGER, "survey = ")
    assert set(counts(db).values()) == {0}


def test_a_definition_with_other_content_under_one_version_is_refused(db: Session) -> None:
    definitions.store_questionnaire(db, "par_central").sha256 = "0" * 64
    db.flush()
    with refused("SURVEY-004"):
        service.create_from_plan(db, MANAGER, PLAN)


def test_a_new_version_of_a_form_leaves_surveys_with_the_earlier_one_alone(db: Session) -> None:
    earlier = service.create_from_plan(db, MANAGER, PLAN)
    shipped = db.scalars(select(StoredQuestionnaire).filter_by(code="par_central")).one()
    older = shipped.source.replace(f"version = {shipped.version}", "version = 1", 1)
    known = {"code": "par_central", "version": 1, "published_at": NOON}
    db.add(StoredQuestionnaire(**known, sha256="1" * 64, source=older))
    db.flush()
    of_central = {group.code: group for group in earlier.groups}["central"]
    of_central.questionnaire_version = 1
    db.flush()

    later = service.create_from_plan(db, MANAGER, PLAN.replace('"par-2024"', '"par-2025"'))

    newer = {group.code: group.questionnaire_version for group in later.groups}["central"]
    assert (of_central.questionnaire_version, newer) == (1, shipped.version)
    assert shipped.version > 1
    assert asked.questionnaire(db, "par_central", 1).version == 1


def test_an_agency_is_left_out_with_its_reason_and_taken_back(db: Session, survey: Survey) -> None:
    exclusion = Exclusion("too_few_transactions", 7, 30)
    agency = service.exclude_agency(db, MANAGER, survey, "thanh-tra-tinh", exclusion)

    assert (agency.exclusion, agency.exclusion_count, agency.exclusion_threshold) == (
        "too_few_transactions",
        7,
        30,
    )
    assert "1 cơ quan ngoài diện đo lường" in service.path(db, survey)[0].facts
    back = service.include_agency(db, MANAGER, survey, "thanh-tra-tinh")
    assert (back.exclusion, back.exclusion_count) == (None, None)


@pytest.mark.parametrize(
    ("code", "exclusion", "rule"),
    [
        ("thanh-tra", Exclusion("no_procedures"), "SURVEY-007"),
        ("thanh-tra-tinh", Exclusion("lazy"), "SURVEY-010"),
        ("thanh-tra-tinh", Exclusion("too_few_transactions"), "SURVEY-011"),
        ("thanh-tra-tinh", Exclusion("too_few_transactions", 30, 30), "SURVEY-011"),
        ("thanh-tra-tinh", Exclusion("too_few_transactions", 0, 30), "SURVEY-011"),
        ("thanh-tra-tinh", Exclusion("no_procedures", 3, 30), "SURVEY-012"),
    ],
)
def test_an_exclusion_against_the_rules_is_refused(
    db: Session, survey: Survey, code: str, exclusion: Exclusion, rule: str
) -> None:
    with refused(rule):
        service.exclude_agency(db, MANAGER, survey, code, exclusion)
    assert all(agency.exclusion is None for agency in survey.agencies)


def test_the_list_of_agencies_is_closed_by_the_draw(db: Session, survey: Survey) -> None:
    survey.state = "sampled"
    db.flush()
    with refused("SURVEY-008"):
        service.exclude_agency(db, MANAGER, survey, "so-y-te", Exclusion("no_procedures"))


def test_each_step_says_what_is_missing(db: Session, survey: Survey, account_id: int) -> None:
    with refused("SURVEY-023") as caught:
        service.advance(db, LEADER, survey, "sampled")
    assert caught.value.problems == ("Chưa chốt danh sách chọn mẫu.", "Chưa chọn mẫu.")

    draw(db, survey, account_id)
    assert service.advance(db, LEADER, survey, "sampled") == ()
    with refused("SURVEY-023"):
        service.advance(db, LEADER, survey, "collecting")
    cell = invite(db, survey)
    service.advance(db, LEADER, survey, "collecting")
    with refused("SURVEY-023"):
        service.advance(db, LEADER, survey, "locked")
    answer(db, survey, cell)

    warned = service.advance(db, LEADER, survey, "locked")

    assert "15/11/2024" in warned[0]
    assert survey.locked_at == NOON
    assert survey.is_locked


def test_the_lock_waits_for_sealed_answers(db: Session, survey: Survey, account_id: int) -> None:
    draw(db, survey, account_id)
    answer(db, survey, invite(db, survey))
    survey.state = "collecting"
    batch = Batch(id="b" * 32, survey_id=survey.id, keeper="k", scope="c", opened_on=clock.today())
    db.add(batch)
    db.flush()
    db.add(WaitingAnswer(id="w" * 32, batch_id=batch.id, sealed=b"x"))
    db.flush()

    with refused("SURVEY-023") as caught:
        service.advance(db, LEADER, survey, "locked")

    assert caught.value.problems == ("Còn phiếu trả lời đang chờ mở niêm phong.",)
    assert survey.state == "collecting"


def test_after_the_lock_come_run_appraisal_decision_publication(
    db: Session, survey: Survey
) -> None:
    survey.state, survey.locked_at = "locked", NOON
    with refused("SURVEY-023"):
        service.advance(db, LEADER, survey, "analysed")
    run = {"code_version": "1", "answers_sha256": "0" * 64, "content": {}}
    db.add(ResultRun(survey_id=survey.id, made_at=NOON, **run))
    db.flush()
    service.advance(db, LEADER, survey, "analysed")
    service.advance(db, LEADER, survey, "appraised")
    with refused("SURVEY-023"):
        service.advance(db, LEADER, survey, "approved")
    decision = Decision("12/QĐ-UBND", date(2025, 1, 31))
    service.advance(db, LEADER, survey, "approved", decision=decision)
    assert "12/QĐ-UBND, ngày 31/01/2025" in service.path(db, survey)[9].facts
    service.advance(db, LEADER, survey, "published")

    assert [step.status for step in service.path(db, survey)] == ["done"] * 11
    assert service.next_state(survey) is None


def test_steps_go_forward_one_by_one_and_twice_is_harmless(db: Session, survey: Survey) -> None:
    with refused("SURVEY-021"):
        service.advance(db, LEADER, survey, "published")
    with refused("SURVEY-020"):
        service.advance(db, LEADER, survey, "finished")
    survey.state = "appraised"
    db.flush()
    with refused("SURVEY-021"):
        service.advance(db, LEADER, survey, "locked")
    assert service.advance(db, LEADER, survey, "appraised") == ()


def test_only_the_approver_locks_approves_and_publishes(db: Session, survey: Survey) -> None:
    for before, to in (
        ("collecting", "locked"),
        ("appraised", "approved"),
        ("approved", "published"),
    ):
        survey.state = before
        db.flush()
        with refused("SURVEY-022"):
            service.advance(db, MANAGER, survey, to)


def test_a_late_draw_is_warned_of_and_not_blocked(
    db: Session, survey: Survey, account_id: int
) -> None:
    draw(db, survey, account_id)
    with clock.set_to(datetime(2024, 11, 20, tzinfo=UTC)):
        warned = service.advance(db, LEADER, survey, "sampled")
    assert "quá hạn" in warned[0]
    assert survey.state == "sampled"


def test_the_next_step_follows_the_state(db: Session, survey: Survey, account_id: int) -> None:
    def endpoint() -> str:
        return service.next_step(db, survey).endpoint

    assert endpoint() == "frames.index"
    drawn = draw(db, survey, account_id)
    assert endpoint() == "samples.index"
    survey.state = "sampled"
    assert endpoint() == "fieldwork.index"
    cell = invite(db, survey, spent=True)
    db.add(Assignment(draw_id=drawn.id, unit_code="AAAA", cell_id=cell.id))
    drawn.issued_at = clock.now()
    db.flush()
    assert service.next_step(db, survey).values == {"code": "par-2024", "to": "collecting"}
    survey.state = "collecting"
    assert endpoint() == "fieldwork.index"
    with clock.set_to(datetime(2024, 11, 16, tzinfo=UTC)):
        assert endpoint() == "results.confirm_lock"
        assert "trên 1.100 phiếu" in service.next_step(db, survey).sentence
    survey.state = "locked"
    assert endpoint() == "results.index"


def test_progress_counts_spent_codes_and_says_who_will_be_short(
    db: Session, survey: Survey, account_id: int
) -> None:
    draw(db, survey, account_id)
    invite(db, survey, spent=True)
    survey.state = "collecting"
    with clock.set_to(datetime(2024, 11, 12, 5, tzinfo=UTC)):  # half of six days
        central = service.progress(db, survey)[2]

    assert (central.received, central.planned, central.due) == (1, 70, 0.5)
    assert central.forecast == "Thiếu khoảng 68"


def test_a_practice_survey_goes_with_everything(db: Session, account_id: int) -> None:
    before = counts(db)
    practice = service.create_from_plan(db, MANAGER, PLAN, is_practice=True)
    assert practice.code == "par-2024-practice"
    draw(db, practice, account_id)
    answer(db, practice, invite(db, practice))

    service.remove_practice(db, MANAGER, practice)

    assert counts(db) == before


def test_a_unit_that_owes_a_real_survey_a_list_stays_when_the_practice_goes(
    db: Session, survey: Survey
) -> None:
    practice = service.create_from_plan(db, MANAGER, PLAN, is_practice=True)
    unit = Unit(code="so-moi", name="Sở Mới", sort_key="so moi", valid_from=date(2024, 1, 1))
    db.add(unit)
    db.flush()
    practice.agencies[0].unit_id = unit.id
    owed = {"expected": {}, "counts": {}, "asked_at": clock.now()}
    db.add(UnitList(survey_id=survey.id, unit_id=unit.id, **owed))
    db.flush()

    service.remove_practice(db, MANAGER, practice)

    assert db.scalar(select(func.count()).where(Unit.code == "so-moi")) == 1


def test_units_of_a_real_survey_stay_when_the_practice_goes(db: Session, survey: Survey) -> None:
    practice = service.create_from_plan(db, MANAGER, PLAN, is_practice=True)
    service.remove_practice(db, MANAGER, practice)

    assert db.scalar(select(func.count()).select_from(Unit)) == 30
    assert db.scalar(select(func.count()).select_from(RatedAgency)) == 30
    with refused("SURVEY-030"):
        service.remove_practice(db, MANAGER, survey)


def test_the_published_figures_carry_publisher_population_method_and_source(db: Session) -> None:
    text = definitions.FIGURES.read_text(encoding="utf-8")

    assert service.import_published_figures(db, MANAGER, text) == 26
    assert service.import_published_figures(db, MANAGER, text) == 0

    field = db.scalars(select(PublishedFigure).where(PublishedFigure.code == "II")).all()
    found = {(figure.kind, figure.year): figure.value for figure in field}
    assert found == {
        ("value", 2023): 81.56,
        ("rank", 2023): 39,
        ("target", 2025): 82.69,
        ("target_rank", 2025): 25,
    }
    assert {(f.publisher, f.method_version) for f in field} == {("Bộ Nội vụ", "sipas_a 2023")}
    assert all("Bình Định" in figure.source for figure in field)


def test_faulty_figures_are_named_by_row_and_none_is_stored(db: Session) -> None:
    text = definitions.FIGURES.read_text(encoding="utf-8")
    lines = text.splitlines()
    bad = [
        lines[1].replace("85.24", "85,24x"),
        lines[2].replace("rank", "rang"),
        lines[3],
        lines[3],
    ]
    with refused("SURVEY-040") as caught:
        service.import_published_figures(db, MANAGER, "\n".join([lines[0], *bad]))

    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "[SURVEY-042] Dòng 2",
        "[SURVEY-042] Dòng 3",
        "[SURVEY-043] Dòng 5 trùng dòng 4. Bỏ một dòng.",
    ]
    assert db.scalar(select(func.count()).select_from(PublishedFigure)) == 0
    with refused("SURVEY-040"):
        service.import_published_figures(db, MANAGER, "a,b\n1,2\n")


def test_a_figure_with_two_values_is_for_a_person_to_decide(db: Session) -> None:
    text = definitions.FIGURES.read_text(encoding="utf-8")
    service.import_published_figures(db, MANAGER, text)
    with refused("SURVEY-040") as caught:
        service.import_published_figures(db, MANAGER, text.replace("85.24", "85.30"))
    assert "SURVEY-044" in caught.value.problems[0]
