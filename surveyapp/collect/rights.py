"""The right to answer: by the code of an invitation, or at a paired tablet without one."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from questionnaires.types import Questionnaire
from surveyapp import clock
from surveyapp.collect.definitions import questionnaire
from surveyapp.collect.devices import Tablet
from surveyapp.errors import AppError
from surveyapp.models import FormCell, Invitation, RatedAgency, Survey, SurveyGroup
from surveyapp.models.survey import STATES

_SURVEY: Final = (
    select(Survey.id, Survey.kind, Survey.state)
    .where(Survey.code == bindparam("code"))
    .with_for_update(read=True)
)
_SPEND: Final = (
    update(Invitation)
    .where(
        Invitation.code_sha256 == bindparam("of_code"),
        Invitation.survey_id == bindparam("of_survey"),
        Invitation.is_spent.is_(False),
        Invitation.is_revoked.is_(False),
        Invitation.expires_on.is_(None) | (Invitation.expires_on >= bindparam("today")),
    )
    .values(is_spent=True)
    .returning(Invitation.cell_id)
)
_CELL: Final = (
    select(FormCell.agencies, SurveyGroup.questionnaire_code, SurveyGroup.questionnaire_version)
    .join(SurveyGroup, SurveyGroup.id == FormCell.group_id)
    .where(FormCell.id == bindparam("cell_id"))
)
_GROUP_OF_AGENCY: Final = (
    select(SurveyGroup.questionnaire_code, SurveyGroup.questionnaire_version)
    .join(RatedAgency, RatedAgency.group_id == SurveyGroup.id)
    .where(RatedAgency.survey_id == bindparam("survey_id"), RatedAgency.code == bindparam("agency"))
)
_TITLES: Final = select(RatedAgency.code, RatedAgency.title).where(
    RatedAgency.survey_id == bindparam("survey_id"),
    RatedAgency.code.in_(bindparam("agencies", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class OpenSurvey:
    """What intake needs to know of a survey that collects."""

    id: int
    kind: str


AnySurvey = Survey | OpenSurvey


@dataclass(frozen=True, slots=True)
class Agency:
    """A rated agency as the form names it."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Form:
    """What one form asks and about whom; the same for everybody in its cell."""

    survey_id: int
    questionnaire: Questionnaire
    agencies: tuple[Agency, ...]
    #: None for a walk-in answer at a counter, which then names the tablet's agency.
    cell_id: int | None
    device_agency: str | None

    @property
    def scope(self) -> str:
        """Return what answers must share to be released together."""
        return scope_of(self.cell_id, self.device_agency)

    @property
    def agency_codes(self) -> tuple[str, ...]:
        """Return the codes of the rated agencies, in the order of the form."""
        return tuple(agency.code for agency in self.agencies)


def scope_of(cell_id: int | None, device_agency: str | None) -> str:
    """Return the name of what answers must share to be released together."""
    return f"agency:{device_agency}" if cell_id is None else f"cell:{cell_id}"


def collecting_survey(db: Session, code: str) -> Survey:
    """Return a survey that collects answers now."""
    survey = db.scalar(select(Survey).where(Survey.code == code))
    if survey is None:
        raise _unknown()
    if survey.state != "collecting":
        raise _closed(survey.state)
    return survey


def hold_collecting(db: Session, code: str) -> OpenSurvey:
    """Return a survey that collects answers, and hold it in that state.

    It cannot be locked before this transaction ends: an answer is either in before the lock, or
    refused.
    """
    found = db.connection().execute(_SURVEY, {"code": code}).one_or_none()
    return survey_that_collects(found)


def survey_that_collects(found: Any) -> OpenSurvey:  # noqa: ANN401  a row of the survey, or None
    """Return what intake needs to know of a survey that was looked up; refuse any other state."""
    if found is None:
        raise _unknown()
    if found.state != "collecting":
        raise _closed(found.state)
    return OpenSurvey(found.id, found.kind)


def _unknown() -> AppError:
    return AppError(
        "COLLECT-010",
        "Không có cuộc khảo sát này.",
        "Kiểm tra lại địa chỉ hoặc mã trên giấy mời.",
        status=404,
    )


def _closed(state: str) -> AppError:
    is_over = STATES.index(state) >= STATES.index("locked")
    return AppError(
        "COLLECT-011" if is_over else "COLLECT-012",
        f"Cuộc khảo sát này {'đã kết thúc' if is_over else 'chưa bắt đầu'} nhận phiếu.",
        "Cảm ơn Ông/Bà đã quan tâm." if is_over else "Mời Ông/Bà quay lại sau.",
        status=409,
    )


def by_invitation(
    db: Session, survey: Survey, code_sha256: str, *, may_be_spent: bool = False
) -> Form:
    """Return the form of an invitation that can still be used; spends nothing."""
    invitation = db.get(Invitation, code_sha256, populate_existing=True)
    return _form_of_cell(db, survey, usable_cell(survey, invitation, may_be_spent=may_be_spent))


def spend(db: Session, survey: AnySurvey, code_sha256: str) -> Form:
    """Spend an invitation and return its form: of simultaneous tries one succeeds."""
    wanted = {"of_code": code_sha256, "of_survey": survey.id, "today": clock.today()}
    cell_id = db.connection().scalar(_SPEND, wanted)
    if cell_id is None:
        invitation = db.get(Invitation, code_sha256, populate_existing=True)
        usable_cell(survey, invitation)
        raise spent()  # spent and given back between the two statements
    return _form_of_cell(db, survey, cell_id)


def usable_cell(
    survey: AnySurvey,
    invitation: Any,  # noqa: ANN401  an Invitation, a row of its columns, or None
    *,
    may_be_spent: bool = False,
) -> int:
    """Return the cell of an invitation that can be used; refuse any other."""
    if invitation is None or invitation.survey_id != survey.id:
        raise AppError(
            "COLLECT-013",
            "Mã phiếu này không có trong cuộc khảo sát.",
            "Xem lại mã trên giấy mời và nhập lại từng nhóm chữ, số.",
            status=403,
        )
    if invitation.is_spent:
        if not may_be_spent:
            raise spent()
        return int(invitation.cell_id)
    if invitation.is_revoked:
        raise AppError(
            "COLLECT-014",
            "Mã phiếu này đã được thu hồi.",
            "Liên hệ nơi gửi giấy mời để nhận mã mới.",
            status=403,
        )
    if invitation.expires_on is not None and invitation.expires_on < clock.today():
        raise AppError(
            "COLLECT-015",
            f"Mã phiếu này đã hết hạn ngày {invitation.expires_on:%d/%m/%Y}.",
            "Cảm ơn Ông/Bà; nếu vẫn muốn góp ý, xin liên hệ nơi gửi giấy mời.",
            status=403,
        )
    return int(invitation.cell_id)


def spent() -> AppError:
    """Refuse an invitation that somebody has answered with."""
    return AppError(
        "COLLECT-016",
        "Mã phiếu này đã được dùng để nộp phiếu.",
        "Mỗi mã dùng một lần; nếu Ông/Bà chưa nộp, xin liên hệ nơi gửi giấy mời.",
        status=409,
    )


def _form_of_cell(db: Session, survey: AnySurvey, cell_id: int) -> Form:
    cell = db.connection().execute(_CELL, {"cell_id": cell_id}).one()
    return Form(
        survey_id=survey.id,
        questionnaire=questionnaire(db, cell.questionnaire_code, cell.questionnaire_version),
        agencies=_agencies(db, survey, cell.agencies),
        cell_id=cell_id,
        device_agency=None,
    )


def by_device(db: Session, survey: AnySurvey, device: Tablet) -> Form:
    """Return the form of a tablet: opinions of whoever comes, only in counter surveys."""
    check_device(survey, device)
    check_counter(survey)
    return of_agency(db, survey, device.agency_code)


def check_counter(survey: AnySurvey) -> None:
    """Refuse walk-in answers where everybody needs a code."""
    if survey.kind != "counter":
        raise AppError(
            "COLLECT-017",
            "Cuộc khảo sát này cần mã phiếu trên giấy mời.",
            "Nhập mã phiếu rồi trả lời.",
            status=403,
        )


def of_agency(db: Session, survey: AnySurvey, agency_code: str) -> Form:
    """Return the form that asks about one agency, as a tablet at its counter shows it."""
    wanted = {"survey_id": survey.id, "agency": agency_code}
    group = db.connection().execute(_GROUP_OF_AGENCY, wanted).one()
    return Form(
        survey_id=survey.id,
        questionnaire=questionnaire(db, group.questionnaire_code, group.questionnaire_version),
        agencies=_agencies(db, survey, [agency_code]),
        cell_id=None,
        device_agency=agency_code,
    )


def check_device(survey: AnySurvey, device: Tablet) -> None:
    """Refuse a tablet that was paired for another survey."""
    if device.survey_id != survey.id:
        raise AppError(
            "COLLECT-018",
            "Máy tính bảng này được ghép cho cuộc khảo sát khác.",
            "Ghép lại máy bằng: sipas device pair",
            status=403,
        )


def _agencies(db: Session, survey: AnySurvey, wanted: list[str]) -> tuple[Agency, ...]:
    rows = db.connection().execute(_TITLES, {"survey_id": survey.id, "agencies": wanted})
    titles = {row.code: row.title for row in rows}
    return tuple(Agency(code, titles[code]) for code in wanted)
