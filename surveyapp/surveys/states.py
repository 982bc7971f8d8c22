"""The steps of a survey: who may take each, what is missing before it, what dates warn of."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.exports.numbers import day
from surveyapp.models import (
    Batch,
    Device,
    Frame,
    Invitation,
    RecheckLink,
    Response,
    ResultRun,
    SampleDraw,
    Survey,
    WaitingAnswer,
)
from surveyapp.models.survey import STATES
from surveyapp.surveys.labels import STATE_TITLES, STEP_TITLES

_PREPARES = frozenset({"manager", "approver"})
_DECIDES = frozenset({"approver"})
#: Who may take a survey to each state.
STEP_ROLES = {
    "sampled": _PREPARES,
    "collecting": _PREPARES,
    "locked": _DECIDES,
    "analysed": frozenset({"analyst", "manager", "approver"}),
    "appraised": _PREPARES,
    "approved": _DECIDES,
    "published": _DECIDES,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Number and day of the decision that approves the results."""

    number: str
    signed_on: date


def states_of(survey: Survey) -> tuple[str, ...]:
    """Return the states of a survey in order; for opinions at the counter nobody is drawn."""
    if survey.kind == "counter":
        return tuple(state for state in STATES if state != "sampled")
    return STATES


def next_state(survey: Survey) -> str | None:
    """Return the state after the present one; None for a published survey."""
    states = states_of(survey)
    place = states.index(survey.state) + 1
    return states[place] if place < len(states) else None


def advance(
    db: Session, actor: Actor, survey: Survey, to: str, *, decision: Decision | None = None
) -> tuple[str, ...]:
    """Take the survey to the next state and return what dates warn of.

    Being there already changes nothing, so that a request sent twice is harmless.
    """
    db.flush()
    db.refresh(survey, with_for_update=True)
    states = states_of(survey)
    if to not in states:
        raise AppError(
            "SURVEY-020",
            "Ý kiến tại quầy không có bước chọn mẫu: ai đến cũng trả lời được."
            if to in STATES
            else f"Không có bước «{to}».",
            f"Các bước theo thứ tự: {', '.join(states)}.",
            status=422,
        )
    if to == survey.state:
        return ()
    _check_order(survey, to)
    _check_role(actor, to)
    lacking = missing(db, survey, to, decision)
    if lacking:
        raise AppError(
            "SURVEY-023",
            f"Chưa thể «{STEP_TITLES[to]}»: còn thiếu {len(lacking)} việc.",
            "Làm các việc nêu trên rồi thử lại.",
            status=409,
            problems=lacking,
        )
    warned = warnings(survey, to)
    _enter(survey, to, decision)
    db.flush()
    audit.record(db, actor, f"survey.{to}", survey.code, warnings=" ".join(warned))
    return warned


def _check_order(survey: Survey, to: str) -> None:
    states = states_of(survey)
    here, there = states.index(survey.state), states.index(to)
    if there == here + 1:
        return
    if there < here:
        message = f"Cuộc khảo sát đang ở bước «{STATE_TITLES[survey.state]}», không lùi lại được."
        fix = "Nếu cần làm lại, tạo một cuộc khảo sát mới."
    else:
        between = ", ".join(f"«{STEP_TITLES[state]}»" for state in states[here + 1 : there])
        message = f"Chưa thể «{STEP_TITLES[to]}»: còn các bước trước đó."
        fix = f"Làm lần lượt: {between}."
    raise AppError("SURVEY-021", message, fix, status=409)


def _check_role(actor: Actor, to: str) -> None:
    if not actor.has_any(STEP_ROLES[to]):
        raise AppError(
            "SURVEY-022",
            f"Tài khoản «{actor.login}» không được làm bước «{STEP_TITLES[to]}».",
            f"Cần một vai trò: {', '.join(sorted(STEP_ROLES[to]))}.",
            status=403,
        )


def _enter(survey: Survey, to: str, decision: Decision | None) -> None:
    survey.state = to
    if to == "locked":
        survey.locked_at = clock.now()
    if to == "approved" and decision is not None:
        survey.decision_number = decision.number.strip()
        survey.decision_on = decision.signed_on


def missing(
    db: Session, survey: Survey, to: str, decision: Decision | None = None
) -> tuple[str, ...]:
    """Say what must be done before the survey goes to `to`."""
    if to == "sampled":
        return _before_sampled(db, survey)
    if to == "collecting":
        return _before_collecting(db, survey)
    if to == "locked":
        return _before_locked(db, survey)
    if to == "analysed":
        run = select(ResultRun.id).where(
            ResultRun.survey_id == survey.id, ResultRun.made_at >= survey.locked_at
        )
        return () if _any(db, run) else ("Chưa tính kết quả từ số liệu đã khóa.",)
    if to == "approved" and (decision is None or not decision.number.strip()):
        return ("Chưa ghi số và ngày của quyết định phê duyệt.",)
    return ()


def _before_sampled(db: Session, survey: Survey) -> tuple[str, ...]:
    frozen = select(Frame.id).where(Frame.survey_id == survey.id, Frame.frozen_at.is_not(None))
    drawn = select(SampleDraw.id).where(
        SampleDraw.survey_id == survey.id, SampleDraw.drawn_at.is_not(None)
    )
    lacking = []
    if not _any(db, frozen):
        lacking.append("Chưa chốt danh sách chọn mẫu.")
    if not _any(db, drawn):
        lacking.append("Chưa chọn mẫu.")
    return tuple(lacking)


def _before_collecting(db: Session, survey: Survey) -> tuple[str, ...]:
    if survey.kind == "counter":
        usable = select(Device.id).where(Device.survey_id == survey.id, Device.revoked_at.is_(None))
        return () if _any(db, usable) else ("Chưa ghép máy nào tại quầy.",)
    issued = select(Invitation.code_sha256).where(Invitation.survey_id == survey.id)
    return () if _any(db, issued) else ("Chưa giao phiếu, chưa có mã phiếu nào.",)


def _before_locked(db: Session, survey: Survey) -> tuple[str, ...]:
    """Refuse a lock that would leave answers sealed or a link between person and answer."""
    waiting = (
        select(WaitingAnswer.id)
        .join(Batch, Batch.id == WaitingAnswer.batch_id)
        .where(Batch.survey_id == survey.id)
    )
    links = (
        select(RecheckLink.code_sha256)
        .join(Invitation, Invitation.code_sha256 == RecheckLink.code_sha256)
        .where(Invitation.survey_id == survey.id)
    )
    lacking = []
    if _any(db, waiting):
        lacking.append("Còn phiếu trả lời đang chờ mở niêm phong.")
    elif not _any(db, select(Response.id).where(Response.survey_id == survey.id)):
        lacking.append("Chưa nhận được phiếu trả lời nào.")
    if _any(db, links):
        lacking.append("Chưa ghép cặp phúc tra và hủy mã nối.")
    return tuple(lacking)


def _any(db: Session, query: object) -> bool:
    return bool(db.scalar(select(exists(query))))  # type: ignore[arg-type]  # any select


def warnings(survey: Survey, to: str) -> tuple[str, ...]:
    """Say what the dates of the plan make worth a second look; they never block."""
    deadline = survey.deadline_on
    if deadline is None:
        return ()
    if to in ("sampled", "collecting") and clock.today() > deadline:
        return (f"Đã quá hạn của kế hoạch ({day(deadline)}).",)
    if to == "locked" and clock.today() < deadline:
        return (
            f"Chưa đến hạn của kế hoạch ({day(deadline)}); sau khi khóa không nhận thêm phiếu.",
        )
    return ()
