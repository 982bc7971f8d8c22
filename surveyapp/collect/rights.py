"""The right to answer: by the code of an invitation, or at a paired tablet without one."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from questionnaires.types import Questionnaire
from surveyapp import clock
from surveyapp.collect import definitions
from surveyapp.collect.devices import Tablet
from surveyapp.errors import AppError
from surveyapp.models import (
    FormCell,
    Invitation,
    RatedAgency,
    StoredQuestionnaire,
    Survey,
    SurveyGroup,
)
from surveyapp.models.survey import STATES

_SURVEY: Final = select(
    Survey.id, Survey.code, Survey.title, Survey.kind, Survey.state, Survey.is_practice
).where(Survey.code == bindparam("code"))
#: Which questionnaire a group asks, with the digest of its text.
ASKED: Final = (
    SurveyGroup.questionnaire_code,
    SurveyGroup.questionnaire_version,
    StoredQuestionnaire.sha256,
)
IS_STORED: Final = (StoredQuestionnaire.code == SurveyGroup.questionnaire_code) & (
    StoredQuestionnaire.version == SurveyGroup.questionnaire_version
)
_INVITED: Final = (
    select(
        Invitation.survey_id,
        Invitation.cell_id,
        Invitation.expires_on,
        Invitation.is_spent,
        Invitation.is_revoked,
        FormCell.agencies,
        *ASKED,
    )
    .join(FormCell, FormCell.id == Invitation.cell_id)
    .join(SurveyGroup, SurveyGroup.id == FormCell.group_id)
    .join(StoredQuestionnaire, IS_STORED)
    .where(Invitation.code_sha256 == bindparam("of_code"))
)
_AT_COUNTER: Final = (
    select(RatedAgency.title, *ASKED)
    .join(SurveyGroup, SurveyGroup.id == RatedAgency.group_id)
    .join(StoredQuestionnaire, IS_STORED)
    .where(RatedAgency.survey_id == bindparam("survey_id"), RatedAgency.code == bindparam("agency"))
)
_ASKED_ANYWHERE: Final = (
    select(*ASKED)
    .join(StoredQuestionnaire, IS_STORED)
    .where(SurveyGroup.survey_id == bindparam("survey_id"))
    .distinct()
)
#: Where a code stands and whom to ask: those of counter surveys come from a tablet (`later`).
_FROM_TABLET: Final = ("mã đã chụp hoặc chép từ máy tại quầy", "quầy đã cho mã")
_FROM_LETTER: Final = ("mã trên giấy mời", "nơi gửi giấy mời")
_TITLES: Final = select(RatedAgency.code, RatedAgency.title).where(
    RatedAgency.survey_id == bindparam("survey_id"),
    RatedAgency.code.in_(bindparam("agencies", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class OpenSurvey:
    """What intake and pages need to know of a survey that collects."""

    id: int
    kind: str
    code: str
    title: str
    is_practice: bool


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


def collecting_survey(connection: Connection, code: str) -> OpenSurvey:
    """Return a survey that collects answers now."""
    return survey_that_collects(connection.execute(_SURVEY, {"code": code}).one_or_none())


def survey_that_collects(found: Any) -> OpenSurvey:  # noqa: ANN401  a row of the survey, or None
    """Return what is needed of a survey that was looked up; refuse any other state."""
    if found is None:
        raise _unknown()
    if found.state != "collecting":
        raise _closed(found.state)
    return OpenSurvey(found.id, found.kind, found.code, found.title, found.is_practice)


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
    connection: Connection, survey: AnySurvey, code_sha256: str, *, may_be_spent: bool = False
) -> Form:
    """Return the form of an invitation that can still be used; spends nothing."""
    invited: Any = connection.execute(_INVITED, {"of_code": code_sha256}).one_or_none()
    cell_id = usable_cell(survey, invited, may_be_spent=may_be_spent)
    if survey.kind == "counter":  # a code for answering later: an opinion at that counter
        return of_agency(connection, survey, invited.agencies[0])
    return Form(
        survey_id=survey.id,
        questionnaire=_definition(connection, invited),
        agencies=_agencies(connection, survey, invited.agencies),
        cell_id=cell_id,
        device_agency=None,
    )


def only_questionnaire(connection: Connection, survey: AnySurvey) -> Questionnaire | None:
    """Return the questionnaire if the survey has one only: it is known before any code."""
    found = asked_anywhere(connection, survey)
    return found[0] if len(found) == 1 else None


def asked_anywhere(connection: Connection, survey: AnySurvey) -> list[Questionnaire]:
    """Return every questionnaire of a survey, whomever it asks."""
    found = connection.execute(_ASKED_ANYWHERE, {"survey_id": survey.id})
    return [_definition(connection, one) for one in found.all()]


def usable_cell(
    survey: AnySurvey,
    invitation: Any,  # noqa: ANN401  a row of its columns, or None
    *,
    may_be_spent: bool = False,
) -> int:
    """Return the cell of an invitation that can be used; refuse any other."""
    where, whom = _source(survey)
    if invitation is None or invitation.survey_id != survey.id:
        raise AppError(
            "COLLECT-013",
            "Mã phiếu này không có trong cuộc khảo sát.",
            f"Xem lại {where} và nhập lại từng nhóm chữ, số.",
            status=403,
        )
    if invitation.is_spent:
        if not may_be_spent:
            raise spent(survey)
        return int(invitation.cell_id)
    if invitation.is_revoked:
        raise AppError(
            "COLLECT-014",
            "Mã phiếu này đã được thu hồi.",
            f"Xin Ông/Bà liên hệ {whom} để nhận mã mới.",
            status=403,
        )
    if invitation.expires_on is not None and invitation.expires_on < clock.today():
        raise AppError(
            "COLLECT-015",
            f"Mã phiếu này đã hết hạn ngày {invitation.expires_on:%d/%m/%Y}.",
            f"Cảm ơn Ông/Bà; nếu vẫn muốn góp ý, xin liên hệ {whom}.",
            status=403,
        )
    return int(invitation.cell_id)


def _source(survey: AnySurvey) -> tuple[str, str]:
    return _FROM_TABLET if survey.kind == "counter" else _FROM_LETTER


def spent(survey: AnySurvey) -> AppError:
    """Refuse an invitation that somebody has answered with."""
    return AppError(
        "COLLECT-016",
        "Mã phiếu này đã được dùng để nộp phiếu.",
        f"Mỗi mã dùng một lần; nếu Ông/Bà chưa nộp, xin liên hệ {_source(survey)[1]}.",
        status=409,
    )


def by_device(connection: Connection, survey: AnySurvey, device: Tablet) -> Form:
    """Return the form of a tablet: opinions of whoever comes, only in counter surveys."""
    check_device(survey, device)
    check_counter(survey)
    return of_agency(connection, survey, device.agency_code)


def check_counter(survey: AnySurvey) -> None:
    """Refuse walk-in answers where everybody needs a code."""
    if survey.kind != "counter":
        raise AppError(
            "COLLECT-017",
            "Cuộc khảo sát này cần mã phiếu trên giấy mời.",
            "Nhập mã phiếu rồi trả lời.",
            status=403,
        )


def check_tablet(form: Form) -> None:
    """Refuse forms that rate many agencies: their tables are too wide for a tablet."""
    refuse_many(form.questionnaire, status=409)


def check_counter_agency(form: Form, agency_code: str) -> None:
    """Refuse a form about another agency than the one at whose counter a tablet stands."""
    if form.agency_codes != (agency_code,):
        raise AppError(
            "COLLECT-079",
            "Phiếu của mã này hỏi về cơ quan khác, không trả lời trên máy này được.",
            "Mời Ông/Bà dùng điện thoại hoặc máy tính, mở địa chỉ trên giấy mời.",
            status=409,
        )


def refuse_many(questionnaire: Questionnaire, *, status: int) -> None:
    """Refuse a questionnaire about many agencies, whatever code somebody types on a tablet.

    To a tablet that is set up its survey is in the way (409), a form that is sent lacks a right.
    """
    if questionnaire.rates == "many":
        raise AppError(
            "COLLECT-071",
            "Phiếu của cuộc khảo sát này đánh giá nhiều cơ quan, không hỏi trên máy tại quầy.",
            "Dùng điện thoại hoặc máy tính, mở địa chỉ trên giấy mời.",
            status=status,
        )


def of_agency(connection: Connection, survey: AnySurvey, agency_code: str) -> Form:
    """Return the form that asks about one agency, as a tablet at its counter shows it."""
    wanted = {"survey_id": survey.id, "agency": agency_code}
    found = connection.execute(_AT_COUNTER, wanted).one()
    return Form(
        survey_id=survey.id,
        questionnaire=_definition(connection, found),
        agencies=(Agency(agency_code, found.title),),
        cell_id=None,
        device_agency=agency_code,
    )


def check_device(survey: AnySurvey, device: Tablet) -> None:
    """Refuse a tablet that was paired for another survey."""
    if device.survey_id != survey.id:
        raise AppError(
            "COLLECT-018",
            "Máy này được ghép cho cuộc khảo sát khác.",
            "Ghép lại máy bằng mã ở trang «Máy tại quầy» của cuộc khảo sát này.",
            status=403,
        )


def _agencies(connection: Connection, survey: AnySurvey, wanted: list[str]) -> tuple[Agency, ...]:
    rows = connection.execute(_TITLES, {"survey_id": survey.id, "agencies": wanted})
    titles = {row.code: row.title for row in rows}
    return tuple(Agency(code, titles[code]) for code in wanted)


def _definition(connection: Connection, asked: Any) -> Questionnaire:  # noqa: ANN401  a row
    code, version = asked.questionnaire_code, asked.questionnaire_version
    return definitions.read(connection, code, version, asked.sha256)
