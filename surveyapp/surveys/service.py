"""The verbs of surveys: create from a plan, leave agencies out, find."""

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling.canonical import json_digest
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Device, RatedAgency, RaterGroup, Survey, SurveyGroup, Unit
from surveyapp.models.survey import EXCLUSIONS
from surveyapp.surveys import definitions
from surveyapp.surveys.labels import EXCLUSION_TITLES
from surveyapp.surveys.names import nearest, spelling
from surveyapp.surveys.path import PathStep, path
from surveyapp.surveys.plan import Plan, PlanGroup, load_plan
from surveyapp.surveys.plan_reading import PlanError, PlanProblem
from surveyapp.surveys.progress import Progress, progress, quiet_agencies
from surveyapp.surveys.published import import_published_figures
from surveyapp.surveys.removal import remove_practice
from surveyapp.surveys.states import Decision, advance, missing, next_state, warnings
from surveyapp.surveys.units import Period, find_or_create, find_or_create_all
from surveyapp.surveys.way import NextStep, latest_frame, next_step

__all__ = [
    "Decision",
    "Exclusion",
    "NextStep",
    "PathStep",
    "Progress",
    "advance",
    "agency_of",
    "create_from_plan",
    "exclude_agency",
    "find",
    "import_published_figures",
    "include_agency",
    "latest_frame",
    "missing",
    "next_state",
    "next_step",
    "path",
    "progress",
    "quiet_agencies",
    "read_plan",
    "remove_practice",
    "surveys",
    "warnings",
]

#: Added to the code of a practice survey, so that the real one can stand beside it.
PRACTICE_SUFFIX = "-practice"


def create_from_plan(
    db: Session, actor: Actor, plan_text: str, *, is_practice: bool = False
) -> Survey:
    """Make a survey of a plan, with its units, agencies, questionnaires and method versions."""
    plan = read_plan(plan_text)
    code = plan.code + (PRACTICE_SUFFIX if is_practice else "")
    if db.scalar(select(Survey.id).where(Survey.code == code)) is not None:
        raise AppError(
            "SURVEY-002",
            f"Đã có cuộc khảo sát mã «{code}».",
            "Đổi mã «survey» trong kế hoạch, hoặc mở cuộc khảo sát đã có.",
            status=409,
        )
    survey = Survey(
        code=code,
        title=plan.title,
        kind=plan.kind,
        year=plan.year,
        is_practice=is_practice,
        plan=plan.content,
        plan_sha256=json_digest(plan.content),
        recheck_max_share=plan.recheck_max_share,
        deadline_on=plan.deadline,
        created_at=clock.now(),
    )
    db.add(survey)
    for position, group in enumerate(plan.groups):
        _add_group(db, survey, plan, (position, group))
    if plan.lead_agency:
        survey.lead_unit_id = _lead(db, survey, plan).id
    db.flush()
    audit.record(db, actor, "survey.create", code, plan_sha256=survey.plan_sha256)
    return survey


def read_plan(plan_text: str) -> Plan:
    """Read a plan and look that its questionnaires and methods are there; all faults at once."""
    try:
        plan = load_plan(plan_text)
    except PlanError as error:
        raise _refused(error.problems) from error
    shipped = (
        ("questionnaire", definitions.questionnaire_codes()),
        ("method", definitions.method_codes()),
    )
    problems = [
        PlanProblem(
            "SURVEY-119",
            f"nhóm «{group.code}»",
            f"Không có định nghĩa «{getattr(group, key)}» cho «{key}».",
            f"Gần nhất là «{nearest(getattr(group, key), codes)}».",
        )
        for group in plan.groups
        for key, codes in shipped
        if getattr(group, key) not in codes
    ]
    if problems:
        raise _refused(problems)
    return plan


def _refused(problems: tuple[PlanProblem, ...] | list[PlanProblem]) -> AppError:
    return AppError(
        "SURVEY-001",
        f"Kế hoạch có {len(problems)} lỗi; chưa tạo cuộc khảo sát.",
        "Sửa các lỗi nêu trên trong tệp kế hoạch rồi làm lại.",
        status=422,
        problems=tuple(map(str, problems)),
    )


def _add_group(db: Session, survey: Survey, plan: Plan, place: tuple[int, PlanGroup]) -> None:
    position, group = place
    questionnaire = definitions.store_questionnaire(db, group.questionnaire)
    method = definitions.store_method(db, group.method)
    stored = SurveyGroup(
        position=position,
        code=group.code,
        title=group.title,
        quota=group.quota,
        questionnaire_code=questionnaire.code,
        questionnaire_version=questionnaire.version,
        method_code=method.code,
        method_version=method.version,
        rater_groups=[
            RaterGroup(position=i, code=raters.code, title=raters.title, rates=raters.rates)
            for i, raters in enumerate(group.raters)
        ],
    )
    survey.groups.append(stored)
    db.flush()
    period = Period(group.units_valid_from or date(plan.year, 1, 1), group.units_valid_to)
    conductor = spelling(plan.lead_agency)
    first = len(survey.agencies)
    units = find_or_create_all(db, group.agencies, _day(plan), period)
    for i, (name, unit) in enumerate(zip(group.agencies, units, strict=True)):
        survey.agencies.append(
            RatedAgency(
                group_id=stored.id,
                unit_id=unit.id,
                position=first + i,
                code=unit.code,
                title=name,
                is_conductor=spelling(name) == conductor,
            )
        )
    db.flush()


def _day(plan: Plan) -> date:
    """Return the day on which the units of a plan are there."""
    return plan.deadline or date(plan.year, 12, 31)


def _lead(db: Session, survey: Survey, plan: Plan) -> Unit:
    for agency in survey.agencies:
        if agency.is_conductor:
            unit = db.get(Unit, agency.unit_id)
            if unit is not None:
                return unit
    return find_or_create(db, plan.lead_agency, _day(plan), Period(date(plan.year, 1, 1)))


def surveys(db: Session) -> list[Survey]:
    """Return all surveys, the newest year first."""
    return list(db.scalars(select(Survey).order_by(Survey.year.desc(), Survey.code)))


def find(db: Session, code: str) -> Survey:
    """Return a survey by its code, or refuse with the nearest one."""
    survey = db.scalar(select(Survey).where(Survey.code == code))
    if survey is not None:
        return survey
    near = nearest(code, db.scalars(select(Survey.code)))
    raise AppError(
        "SURVEY-006",
        f"Không có cuộc khảo sát «{code}».",
        f"Gần nhất là «{near}»." if near else "Tạo bằng: sipas survey create.",
        status=404,
    )


def agency_of(survey: Survey, code: str) -> RatedAgency:
    """Return a rated agency of the survey by its code, or refuse with the nearest one."""
    known = {agency.code: agency for agency in survey.agencies}
    if code not in known:
        raise AppError(
            "SURVEY-007",
            f"Cuộc khảo sát «{survey.code}» không có cơ quan «{code}».",
            f"Gần nhất là «{nearest(code, known)}».",
            status=404,
        )
    return known[code]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why an agency is left out: one of the four reasons of the official plans.

    Too few transactions needs the number found and the threshold that it misses.
    """

    reason: str
    count: int | None = None
    threshold: int | None = None


def exclude_agency(
    db: Session, actor: Actor, survey: Survey, agency_code: str, exclusion: Exclusion
) -> RatedAgency:
    """Leave an agency out of the measurement; it stays in every report with its reason."""
    agency = _changeable(db, survey, agency_code)
    _check_exclusion(agency, exclusion)
    _check_tablets(db, agency)
    agency.exclusion = exclusion.reason
    agency.exclusion_count = exclusion.count
    agency.exclusion_threshold = exclusion.threshold
    db.flush()
    subject = f"{survey.code}/{agency.code}"
    audit.record(db, actor, "survey.exclude_agency", subject, **asdict(exclusion))
    return agency


def _check_exclusion(agency: RatedAgency, exclusion: Exclusion) -> None:
    count, threshold = exclusion.count, exclusion.threshold
    if exclusion.reason not in EXCLUSIONS:
        raise AppError(
            "SURVEY-010",
            f"Lý do «{exclusion.reason}» không có trong kế hoạch.",
            "Chọn trong: " + "; ".join(f"{c} ({t})" for c, t in EXCLUSION_TITLES.items()) + ".",
            status=422,
        )
    if exclusion.reason != "too_few_transactions":
        if count is not None or threshold is not None:
            raise AppError(
                "SURVEY-012",
                "Số giao dịch và ngưỡng chỉ dùng với lý do «có quá ít giao dịch».",
                "Bỏ hai số này, hoặc đổi lý do.",
                status=422,
            )
    elif count is None or threshold is None or not 0 < count < threshold:
        raise AppError(
            "SURVEY-011",
            f"«{agency.title}»: cần số giao dịch (lớn hơn 0) và ngưỡng lớn hơn số đó.",
            "Ghi cả hai số; nếu không có giao dịch nào thì chọn lý do «không phát sinh giao dịch».",
            status=422,
        )


def _check_tablets(db: Session, agency: RatedAgency) -> None:
    """Refuse an agency whose tablet could still send opinions on it."""
    usable = select(Device.id).where(
        Device.survey_id == agency.survey_id,
        Device.agency_code == agency.code,
        Device.revoked_at.is_(None),
    )
    if db.scalar(usable.limit(1)) is not None:
        raise AppError(
            "SURVEY-013",
            f"«{agency.title}» còn máy tại quầy đang dùng trong cuộc khảo sát này.",
            "Thu hồi máy của cơ quan trước.",
            status=409,
        )


def include_agency(db: Session, actor: Actor, survey: Survey, agency_code: str) -> RatedAgency:
    """Take an agency back into the measurement."""
    agency = _changeable(db, survey, agency_code)
    agency.exclusion = agency.exclusion_count = agency.exclusion_threshold = None
    db.flush()
    audit.record(db, actor, "survey.include_agency", f"{survey.code}/{agency.code}")
    return agency


def _changeable(db: Session, survey: Survey, agency_code: str) -> RatedAgency:
    """Return the agency if nothing has been fixed yet that depends on who is measured."""
    db.flush()
    db.refresh(survey, with_for_update=True)
    if survey.state != "draft":
        step = "thu phiếu" if survey.kind == "counter" else "chọn mẫu"
        raise AppError(
            "SURVEY-008",
            f"Cuộc khảo sát «{survey.code}» đã {step}: không đổi được cơ quan được đánh giá.",
            f"Chỉ thêm, bớt cơ quan trước khi {step}.",
            status=409,
        )
    frame = latest_frame(db, survey)
    if frame is not None and frame.frozen_at is not None:
        raise AppError(
            "SURVEY-009",
            "Danh sách chọn mẫu đã chốt theo các cơ quan hiện có.",
            "Nhập lại danh sách (bản mới), thêm bớt cơ quan, rồi chốt lại.",
            status=409,
        )
    return agency_of(survey, agency_code)
