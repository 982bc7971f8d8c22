"""The map of the way: every step with what is decided, by whom, when, under which digest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from sampling.protocol import protocol_digest
from surveyapp import clock
from surveyapp.clock import VIETNAM
from surveyapp.exports.numbers import NumberStyle, day
from surveyapp.models import (
    Account,
    Assignment,
    AuditEntry,
    Frame,
    RecheckUnit,
    SampleDraw,
    SampleUnit,
    SizeDecision,
    Survey,
)
from surveyapp.models.survey import STATES
from surveyapp.surveys.progress import received_in_all
from surveyapp.surveys.way import counted, issued, latest_frame, tablets

_count = NumberStyle().count
#: Acts that settle a step; the last one is named with who did it and when.
_ACTS = (
    *("survey.create", "frame.freeze", "sample.size", "sample.announce", "sample.close"),
    *("sample.open", "sample.draw", "fieldwork.assign", "fieldwork.issue", "fieldwork.reissue"),
)
_SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of the way: "done", "now" or "later".

    `facts` is one line on what is decided; `proof` names digest, official and time; `endpoint`
    the page behind the step, empty where there is nothing to see yet.
    """

    number: int
    title: str
    facts: str
    status: str
    proof: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    """A step before it is known which one is now."""

    title: str
    facts: str
    done: bool
    proof: str = ""
    endpoint: str = ""


def path(db: Session, survey: Survey) -> list[PathStep]:
    """Return the steps of the way: eleven, or six without a sample."""
    if survey.kind == "counter":
        return _marked(_at_counters(db, survey))
    made = _acts(db, survey)
    return _marked([*_sampling(db, survey, made), *_after_sampling(db, survey, made)])


def _marked(steps: Sequence[_Step]) -> list[PathStep]:
    """Give every step its number, and mark the first that is not done."""
    done = [step.done for step in steps]
    now = done.index(False) if False in done else len(done)
    return [
        PathStep(
            i + 1,
            step.title,
            step.facts,
            "done" if i < now else "now" if i == now else "later",
            step.proof,
            step.endpoint,
        )
        for i, step in enumerate(steps)
    ]


def _acts(db: Session, survey: Survey) -> dict[str, str]:
    """Return who did each act last, and when."""
    entries = db.execute(
        select(AuditEntry.action, AuditEntry.at, AuditEntry.actor, Account.display_name)
        .outerjoin(Account, Account.login == AuditEntry.actor)
        .where(AuditEntry.action.in_(_ACTS), AuditEntry.subject == survey.code)
        .order_by(AuditEntry.id)
    )
    return {
        action: f"{name or actor}, {at.astimezone(VIETNAM):%d/%m/%Y %H:%M}"
        for action, at, actor, name in entries
    }


def _proof(made: Mapping[str, str], acts: Sequence[str], digest: str | None = None) -> str:
    """Name digest, official and time of the first of `acts` that was done."""
    who = next((made[act] for act in acts if act in made), "")
    short = f"SHA-256 {digest[:_SHOWN_DIGITS]}…" if digest else ""
    return " · ".join(part for part in (short, who) if part)


def _sampling(db: Session, survey: Survey, made: Mapping[str, str]) -> list[_Step]:
    """From the plan to the protocol."""
    frame = latest_frame(db, survey)
    frozen = frame is not None and frame.frozen_at is not None
    decision = _decision(db, frame)
    announced = _last_draw(db, survey)
    past = STATES.index(survey.state) >= STATES.index("sampled")
    drawn = announced.protocol if announced is not None else None
    return [
        _Step("Kế hoạch", _plan_facts(survey), True, endpoint="surveys.agencies"),
        _Step(
            "Danh sách chọn mẫu",
            _frame_facts(frame, survey),
            frozen or past,
            _proof(made, ["frame.freeze"], frame.sha256) if frame and frozen else "",
            "frames.index",
        ),
        _Step(
            "Cỡ mẫu, phân bổ",
            _size_facts(decision),
            decision is not None or announced is not None or past,
            _proof(made, ["sample.size"], decision.sha256) if decision else "",
            "sizes.edit" if frame is not None else "",
        ),
        _Step(
            "Công bố trước khi chọn",
            _announced_facts(announced),
            announced is not None or past,
            _proof(made, ["sample.close", "sample.announce", "sample.open"], announced.plan_sha256)
            if announced
            else "",
            "samples.index",
        ),
        _Step(
            "Chọn mẫu, biên bản",
            _draw_facts(db, survey),
            past,
            _proof(made, ["sample.draw"], protocol_digest(drawn)) if drawn else "",
            "samples.index",
        ),
    ]


def _after_sampling(db: Session, survey: Survey, made: Mapping[str, str]) -> list[_Step]:
    """From the assignment to the publication."""
    here = STATES.index(survey.state)
    codes = issued(db, survey)
    fieldwork = "fieldwork.index" if survey.state != "draft" else ""
    given = _assigned_facts(db, survey)
    letters = f"{_count(codes)} mã phiếu đã phát" if codes else ""
    collecting = here >= STATES.index("collecting")
    return [
        _Step(
            "Giao phiếu",
            given,
            bool(given) or collecting,
            _proof(made, ["fieldwork.assign"]),
            fieldwork,
        ),
        _Step(
            "Thư mời",
            letters,
            collecting,
            _proof(made, ["fieldwork.reissue", "fieldwork.issue"]),
            fieldwork,
        ),
        _Step(
            "Thu phiếu và phúc tra",
            _collecting_facts(db, survey),
            here >= STATES.index("locked"),
            endpoint=fieldwork,
        ),
        *_results(survey, "Khóa số liệu, tính chỉ số"),
    ]


def _results(survey: Survey, title: str) -> list[_Step]:
    """From the lock to the publication."""
    here = STATES.index(survey.state)
    reached = {state: here >= STATES.index(state) for state in STATES}
    locked = "results.index" if survey.is_locked else ""
    return [
        _Step(title, _lock_facts(survey), reached["analysed"], endpoint=locked),
        _Step("Thẩm định, phê duyệt", _approval_facts(survey), reached["approved"]),
        _Step("Công bố", "", reached["published"]),
    ]


def _at_counters(db: Session, survey: Survey) -> list[_Step]:
    used = tablets(db, survey)
    here = STATES.index(survey.state)
    collecting = here >= STATES.index("collecting")
    told = f"{_count(used)} máy đang dùng" if used else "Chưa ghép máy nào"
    facts = _collecting_facts(db, survey)
    return [
        _Step("Kế hoạch", _plan_facts(survey), True, endpoint="surveys.agencies"),
        _Step("Máy tại quầy", told, collecting, endpoint="devices.index"),
        _Step("Thu ý kiến", facts, here >= STATES.index("locked")),
        *_results(survey, "Khóa số liệu, tính kết quả"),
    ]


def _decision(db: Session, frame: Frame | None) -> SizeDecision | None:
    """Return the sizes adopted for a frame."""
    if frame is None:
        return None
    made = select(SizeDecision).where(SizeDecision.frame_id == frame.id)
    return db.scalar(made.order_by(SizeDecision.id.desc()).limit(1))


def _last_draw(db: Session, survey: Survey) -> SampleDraw | None:
    """Return the last draw that was not given up."""
    kept = (SampleDraw.survey_id == survey.id, SampleDraw.abandoned_at.is_(None))
    return db.scalar(select(SampleDraw).where(*kept).order_by(SampleDraw.id.desc()).limit(1))


def _plan_facts(survey: Survey) -> str:
    left_out = sum(agency.exclusion is not None for agency in survey.agencies)
    tail = f" · {left_out} cơ quan ngoài diện đo lường" if left_out else ""
    if survey.kind == "counter":
        return f"Không chọn mẫu: ai đến cũng trả lời được; không chỉ tiêu, không phúc tra{tail}"
    quotas = " + ".join(_count(group.quota) for group in survey.groups)
    share = f"{survey.recheck_max_share * 100:.0f}%"
    return f"{quotas} phiếu, phúc tra tối đa {share}{tail}"


def _frame_facts(frame: Frame | None, survey: Survey) -> str:
    if frame is None:
        return ""
    size = f"{_count(frame.pop_size)} {counted(survey)}"
    if frame.frozen_at is None:
        return f"{size}, chưa chốt"
    return f"{size}, chốt ngày {day(frame.frozen_at.astimezone(VIETNAM).date())}"


def _size_facts(decision: SizeDecision | None) -> str:
    if decision is None:
        return ""
    main, reserve = decision.content["main"], decision.content["reserve"]
    lowered = " · có chỉ tiêu hạ kèm lý do" if decision.content["unmet"] else ""
    return f"{_count(main)} phiếu" + (f", {_count(reserve)} dự phòng" if reserve else "") + lowered


def _announced_facts(draw: SampleDraw | None) -> str:
    if draw is None:
        return ""
    source = "Có chứng kiến" if draw.is_witnessed else "Hạt giống tự chọn"
    return source if draw.told_seed else f"{source}, đang chờ đủ các phần của hạt giống"


def _sample(survey: Survey) -> ScalarSelect[int]:
    """Select the last draw carried out: it holds everybody of the earlier ones."""
    drawn = (SampleDraw.survey_id == survey.id, SampleDraw.drawn_at.is_not(None))
    newest = select(SampleDraw.id).where(*drawn).order_by(SampleDraw.id.desc())
    return newest.limit(1).scalar_subquery()


def _draw_facts(db: Session, survey: Survey) -> str:
    roles = dict(
        db.execute(
            select(SampleUnit.role, func.count())
            .where(SampleUnit.draw_id == _sample(survey))
            .group_by(SampleUnit.role)
        ).all()
    )
    if not roles:
        return ""
    reserve = f", {_count(roles['reserve'])} dự phòng" if "reserve" in roles else ""
    return f"{_count(roles.get('main', 0))} phiếu chính{reserve}; có biên bản, tính lại được"


def _assigned_facts(db: Session, survey: Survey) -> str:
    given = db.scalar(
        select(func.count())
        .select_from(Assignment)
        .join(SampleDraw, SampleDraw.id == Assignment.draw_id)
        .where(SampleDraw.survey_id == survey.id)
    )
    return f"{_count(given)} phiếu đã giao" if given else ""


def _collecting_facts(db: Session, survey: Survey) -> str:
    facts = []
    deadline: date | None = survey.deadline_on
    if deadline is not None and not survey.is_locked:
        left = (deadline - clock.today()).days
        facts.append(
            f"Còn {left} ngày, đến {day(deadline)}" if left >= 0 else f"Hạn {day(deadline)}"
        )
    if survey.state != "draft" and (received := received_in_all(db, survey)):
        facts.append(f"đã nhận {_count(received)} phiếu")
    rechecked = db.scalar(  # a later draw chooses only among those it adds
        select(func.count())
        .select_from(RecheckUnit)
        .join(SampleDraw, SampleDraw.id == RecheckUnit.draw_id)
        .where(SampleDraw.survey_id == survey.id)
    )
    replaced = db.scalar(
        select(func.count())
        .select_from(Assignment)
        .join(
            SampleUnit,
            (SampleUnit.draw_id == Assignment.draw_id)
            & (SampleUnit.unit_code == Assignment.unit_code),
        )
        .join(SampleDraw, SampleDraw.id == SampleUnit.draw_id)
        .where(SampleDraw.survey_id == survey.id, SampleUnit.role == "reserve")
    )
    if replaced:
        facts.append(f"thay từ dự phòng {_count(replaced)}")
    if rechecked:
        facts.append(f"phúc tra {_count(rechecked)} phiếu")
    return " · ".join(facts)


def _lock_facts(survey: Survey) -> str:
    if survey.locked_at is None:
        return "Chưa ai xem được điểm trước khi khóa"
    return f"Khóa ngày {day(survey.locked_at.astimezone(VIETNAM).date())}"


def _approval_facts(survey: Survey) -> str:
    if survey.decision_number is None or survey.decision_on is None:
        return ""
    return f"Quyết định số {survey.decision_number}, ngày {day(survey.decision_on)}"
