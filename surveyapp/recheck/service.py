"""The verbs of the re-check: list the cases, record an interview, count the progress."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from questionnaires.answer_problems import join_problems
from questionnaires.check import CheckScope, check_answers, check_rating
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.collect import definitions
from surveyapp.errors import AppError
from surveyapp.models import (
    Contact,
    FormCell,
    FrameRow,
    Invitation,
    RecheckCount,
    RecheckInterview,
    RecheckLink,
    SampleDraw,
    Survey,
    SurveyGroup,
)
from surveyapp.recheck.pairing import WITHHELD, counted
from surveyapp.recheck.short_form import ShortForm, only, short_form

OUTCOMES = {
    "done": "Đã hỏi lại",
    "refused": "Từ chối trả lời lại",
    "absent": "Không gặp được",
    "not_interviewed": "Người này nói chưa từng được hỏi",
}
#: Why somebody who is drawn is not asked again; the list of cases does not say who.
NOT_ASKED = (
    "không hỏi lại vì chưa đủ 5 người khác chung bộ cơ quan, hoặc đã báo không trả lời trước khi "
    "có mã phiếu"
)


@dataclass(frozen=True, slots=True)
class RecheckCase:
    """One person to ask again; the first answers are not part of it."""

    id: str
    unit_code: str
    name: str
    phone: str
    office: str
    group: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class SecondInterview:
    """What came of asking a case again; answers only where the outcome is "done"."""

    case_id: str
    outcome: str
    answers: Mapping[str, Any]
    #: agency code -> {item code: value}
    ratings: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RecheckProgress:
    """How far the re-check is: drawn, answered the first time, asked again.

    Attributes
    ----------
    withheld : of the drawn, those who are not asked again, for the reasons of `NOT_ASKED`.
    """

    drawn: int
    withheld: int
    answered: int
    by_outcome: Mapping[str, int]

    @property
    def asked(self) -> int:
        """Second interviews that took place."""
        return self.by_outcome.get("done", 0)

    @property
    def contacted(self) -> int:
        """Cases with an outcome, whatever it is."""
        return sum(self.by_outcome.values())


def cases(db: Session, actor: Actor, survey: Survey) -> list[RecheckCase]:
    """Return who has answered and is in the pre-drawn subsample, without an outcome first.

    Contacts come from the vault: the re-check role is the only one that may see both, and every
    look is recorded.
    """
    rows = db.execute(_cases(survey)).all()
    audit.record(db, actor, "recheck.people", survey.code, cases=len(rows))
    found = [_as_case(row) for row in rows]
    return sorted(found, key=lambda case: (case.outcome is not None, case.unit_code))


def case(db: Session, actor: Actor, survey: Survey, case_id: str) -> RecheckCase:
    """Return one case, and record the look at its contact."""
    row = db.execute(_cases(survey).where(RecheckLink.case_id == case_id)).one_or_none()
    if row is None:
        raise _unknown()
    audit.record(db, actor, "recheck.person", survey.code)
    return _as_case(row)


def _cases(survey: Survey) -> Select[RecheckLink, FrameRow, Contact, str]:
    return (
        select(RecheckLink, FrameRow, Contact, RecheckInterview.outcome)
        .join(SampleDraw, SampleDraw.id == RecheckLink.draw_id)
        .join(
            FrameRow,
            (FrameRow.frame_id == SampleDraw.frame_id)
            & (FrameRow.unit_code == RecheckLink.unit_code),
        )
        .outerjoin(
            Contact,
            (Contact.frame_id == FrameRow.frame_id) & (Contact.person_code == FrameRow.person_code),
        )
        .outerjoin(RecheckInterview, RecheckInterview.code_sha256 == RecheckLink.code_sha256)
        .where(SampleDraw.survey_id == survey.id, RecheckLink.answer_id.is_not(None))
    )


def _as_case(found: Row[RecheckLink, FrameRow, Contact, str]) -> RecheckCase:
    link, row, contact, outcome = found
    return RecheckCase(
        link.case_id,
        link.unit_code,
        contact.name if contact else "",
        (contact.phone if contact else None) or "",
        (contact.office if contact else None) or "",
        row.group_code,
        outcome,
    )


def _unknown() -> AppError:
    return AppError("RECHECK-005", "Không có phiếu phúc tra này.", "Về danh sách.", status=404)


def form_of(db: Session, survey: Survey, case_id: str) -> tuple[ShortForm, SurveyGroup]:
    """Return what a case is asked again, and its group."""
    cell, link = _case(db, survey, case_id)
    group = db.get_one(SurveyGroup, cell.group_id)
    questionnaire = definitions.questionnaire(
        db, group.questionnaire_code, group.questionnaire_version
    )
    return short_form(questionnaire, survey.plan, cell.agencies, link.unit_code), group


def record(
    db: Session,
    actor: Actor,
    survey: Survey,
    interview: SecondInterview,
) -> None:
    """Store the second interview of a case; a second recording of the same case is refused."""
    outcome, case_id = interview.outcome, interview.case_id
    if "interviewer" in actor.roles:
        raise AppError(
            "RECHECK-001",
            "Điều tra viên không được phúc tra.",
            "Giao cho người của đơn vị phúc tra độc lập.",
            status=403,
        )
    db.refresh(survey, with_for_update={"read": True})  # a lock waits for us, or we see it
    if survey.state != "collecting":
        raise AppError(
            "RECHECK-002",
            "Cuộc khảo sát không còn ở bước thu phiếu nên không nhận phúc tra.",
            "Báo Sở Nội vụ nếu phiếu này đã hỏi trước khi khóa số liệu.",
            status=409,
        )
    if outcome not in OUTCOMES:
        raise AppError(
            "RECHECK-003",
            "Chưa chọn kết quả liên hệ.",
            f"Chọn một trong: {', '.join(OUTCOMES.values())}.",
            status=422,
        )
    form, group = form_of(db, survey, case_id)
    stored: dict[str, Any] = {}
    if outcome == "done":
        if not interview.answers and not any(interview.ratings.values()):
            raise AppError(
                "RECHECK-007",
                "Đã chọn «Đã hỏi lại» nhưng chưa ghi câu trả lời nào.",
                "Ghi các câu trả lời, hoặc chọn kết quả liên hệ khác.",
                status=422,
            )
        _check(db, group, form, interview)
        stored = {"answers": dict(interview.answers), "ratings": dict(interview.ratings)}
    try:
        with db.begin_nested():
            db.add(
                RecheckInterview(
                    code_sha256=_case(db, survey, case_id)[1].code_sha256,
                    account_id=actor.account_id,
                    outcome=outcome,
                    answers=stored,
                    done_on=clock.today(),
                )
            )
            db.flush()
    except IntegrityError as error:
        raise AppError(
            "RECHECK-004", "Phiếu này đã được phúc tra.", "Chọn người khác trong danh sách.", 409
        ) from error
    audit.record(db, actor, "recheck.record", survey.code, outcome=outcome)


def progress(db: Session, survey: Survey) -> RecheckProgress:
    """Count the subsample, without naming anybody; after the lock from the counts kept then."""
    kept = db.execute(
        select(RecheckCount.kind, func.sum(RecheckCount.n))
        .where(RecheckCount.survey_id == survey.id)
        .group_by(RecheckCount.kind)
    ).all()
    counts: Counter[str] = Counter(dict(kept))
    if not kept:
        for (_, kind), n in counted(db, survey).items():
            counts[kind] += n
    outcomes = {kind: n for kind, n in counts.items() if kind in OUTCOMES}
    return RecheckProgress(counts["drawn"], counts[WITHHELD], counts["answered"], outcomes)


def _case(db: Session, survey: Survey, case_id: str) -> tuple[FormCell, RecheckLink]:
    """Return the form of a case and its link, if the first answer is there."""
    found = db.execute(
        select(FormCell, RecheckLink)
        .join(Invitation, Invitation.cell_id == FormCell.id)
        .join(RecheckLink, RecheckLink.code_sha256 == Invitation.code_sha256)
        .where(FormCell.survey_id == survey.id, RecheckLink.case_id == case_id)
        .where(RecheckLink.answer_id.is_not(None))
    ).one_or_none()
    if found is None:
        raise _unknown()
    return found[0], found[1]


def _check(db: Session, group: SurveyGroup, form: ShortForm, interview: SecondInterview) -> None:
    """Check the second answers by the rules of the questionnaire, on the items asked again."""
    whole = definitions.questionnaire(db, group.questionnaire_code, group.questionnaire_version)
    short = only(whole, form)
    answers = dict(interview.answers)
    problems = list(check_answers(short, answers, partial=True))
    for agency, rating in interview.ratings.items():
        problems += check_rating(short, answers, dict(rating), agency, CheckScope(partial=True))
    foreign = sorted(set(interview.ratings) - set(form.agencies))
    if problems or foreign:
        raise AppError(
            "RECHECK-006",
            "Phiếu phúc tra có câu trả lời không đúng.",
            "Sửa các câu được nêu rồi gửi lại.",
            status=422,
            problems=(
                *join_problems(problems).splitlines(),
                *(f"{agency}: không hỏi lại cơ quan này" for agency in foreign),
            ),
        )
