"""A citizen's visit: survey, right to answer, unfinished form and look, from one request."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flask import request, session, url_for
from werkzeug.wrappers import Response

from questionnaires.types import Questionnaire
from surveyapp import codes, web
from surveyapp.collect import devices, draft, drawing, look, rights
from surveyapp.collect.api_views import keyring
from surveyapp.collect.devices import Tablet
from surveyapp.collect.draft import Draft
from surveyapp.collect.look import Look
from surveyapp.collect.rate_limits import headers_of
from surveyapp.collect.rights import OpenSurvey
from surveyapp.collect.screens import Answered
from surveyapp.collect.showing import refusal_text
from surveyapp.errors import AppError
from surveyapp.labels import LANGUAGES

DEVICE_COOKIE = "sipas_device"
COOKIE_PATH = "/s"
DEVICE_SECONDS = 400 * 24 * 3600  # browsers keep no cookie longer


@dataclass(frozen=True, slots=True)
class Visit:
    """Everything that a page needs to know about who asks for it, and nothing of who it is."""

    survey: OpenSurvey
    look: Look
    device: Tablet | None
    draft: Draft | None
    form: rights.Form | None
    #: Of the form; before it is known, of all forms of the survey.
    languages: tuple[str, ...]

    @property
    def is_walk_in(self) -> bool:
        """Whether no code is needed: a paired tablet in a counter survey."""
        return self.device is not None and self.survey.kind == "counter"

    @property
    def mode(self) -> str:
        """Return how the answers come in."""
        return "tablet" if self.device is not None else "web"


def open_visit(code: str, *, may_be_sent: bool = False) -> Visit:
    """Read survey, tablet, unfinished form and right to answer; refuse what cannot go on.

    With `may_be_sent` a spent invitation goes on too: a form may be sent twice.
    """
    connection = web.connection()
    wanted = look.from_cookie(request.cookies.get(look.COOKIE))
    survey = rights.collecting_survey(connection, code)
    device = _device(survey)
    begun = draft.from_cookies(request.cookies, keyring().draft_key, code)
    form = None
    if begun is not None and begun.code is not None:
        sha256 = codes.sha256(begun.code)
        form = rights.by_invitation(connection, survey, sha256, may_be_spent=may_be_sent)
    elif device is not None and survey.kind == "counter":
        form = rights.by_device(connection, survey, device)
    if device is not None and form is not None:
        rights.check_tablet(form)
    asked = [form.questionnaire] if form else rights.asked_anywhere(connection, survey)
    languages = _languages(asked)
    return Visit(survey, wanted.within(languages), device, begun, form, languages)


def _languages(asked: Iterable[Questionnaire]) -> tuple[str, ...]:
    """Return the languages in which something can be answered; Vietnamese always is one."""
    has = {"vi"}.union(*(one.languages for one in asked))
    return tuple(one for one in LANGUAGES if one in has)


def _device(survey: OpenSurvey) -> Tablet | None:
    token = request.cookies.get(DEVICE_COOKIE)
    if not token:
        return None
    device = devices.recognise(web.connection(), token)
    return device if device.survey_id == survey.id else None


def only_questionnaire(visit: Visit) -> Questionnaire | None:
    """Return the questionnaire if the survey has one only: it is known before any code."""
    return rights.only_questionnaire(web.connection(), visit.survey)


def unfinished(visit: Visit) -> tuple[rights.Form, Draft]:
    """Return form and answers so far, or say that there is nothing to go on with."""
    if visit.form is None or visit.draft is None:
        raise AppError(
            "COLLECT-061",
            "Trên máy này không có phiếu làm dở.",
            "Nếu Ông/Bà đã gửi phiếu thì phiếu đã được nhận, không cần làm lại. Nếu chưa gửi, mời "
            "Ông/Bà bắt đầu lại.",
            status=410,
        )
    return visit.form, visit.draft


def with_given(visit: Visit, given: Answered) -> Visit:
    """Return the visit with other answers."""
    _, begun = unfinished(visit)
    return replace(visit, draft=replace(begun, given=given))


def page(
    template: str,
    chosen: Look,
    *,
    status: int = 200,
    visit: Visit | None = None,
    is_common: bool = False,
    **values: object,
) -> Response:
    """Draw a citizens' page; `is_common`: nothing that a person said is on it."""
    place = None
    if visit is not None:
        place = drawing.Place(visit.survey, visit.is_walk_in, visit.device is not None)
    shown = drawing.Page(template, chosen, place, values)
    return Response(drawing.html(shown, is_common=is_common), status, mimetype="text/html")


def refusal(error: AppError) -> Response:
    """Show what happened and what to do, in the language of the visit."""
    chosen = look.from_cookie(request.cookies.get(look.COOKIE))
    message, fix = refusal_text(error, chosen.language)
    code = (request.view_args or {}).get("survey_code")
    response = page(
        "message",
        chosen,
        status=error.status,
        message=message,
        fix=fix,
        error_code=error.code,
        message_language="vi" if message == error.message else chosen.language,
        languages=tuple(LANGUAGES),
        start=url_for("collect.start", survey_code=code) if code else None,
    )
    response.headers.update(headers_of(error))
    if error.status in {403, 409}:  # the code or the survey cannot be used any more
        wipe(response)
    return response


def keep_draft(response: Response, visit: Visit) -> None:
    """Put the unfinished form into the browser's cookies; long ones are kept here as well."""
    if visit.draft is None:
        return
    code = visit.survey.code
    for name, value in draft.to_cookies(visit.draft, keyring().draft_key, code).items():
        if value:
            set_cookie(response, name, value, path=f"{COOKIE_PATH}/{code}")
        else:
            response.delete_cookie(name, path=f"{COOKIE_PATH}/{code}")


def wipe(response: Response) -> None:
    """Remove what is left of a person: the form in the cookies, and the session."""
    session.clear()
    code = (request.view_args or {}).get("survey_code")
    for name in draft.COOKIES:
        response.delete_cookie(name, path=f"{COOKIE_PATH}/{code}")


def set_cookie(
    response: Response, name: str, value: str, *, path: str, seconds: int | None = None
) -> None:
    """Set a cookie that no script and no other site can read."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure or not web.settings().insecure_cookies,
    )
