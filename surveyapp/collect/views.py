"""Citizens' pages: start, code, questions, last look, thanks; they work without JavaScript."""

import json
from dataclasses import replace

from flask import Blueprint, redirect, request, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from questionnaires.answer_problems import AnswerProblem
from questionnaires.check import check_form
from questionnaires.types import Questionnaire
from surveyapp import codes, web
from surveyapp.collect import (
    devices,
    draft,
    entry,
    holder,
    kept_drafts,
    look,
    rate_limits,
    recordings,
    rights,
    showing,
)
from surveyapp.collect.api_views import buckets, count_try, hand_in, keyring, sender
from surveyapp.collect.screens import (
    Answered,
    Screen,
    first_unfinished,
    following,
    preceding,
    problems,
    pruned,
    screens_of,
    shown,
)
from surveyapp.collect.service import Filing
from surveyapp.collect.submission import parse
from surveyapp.collect.visits import (
    COOKIE_PATH,
    DEVICE_COOKIE,
    DEVICE_SECONDS,
    Visit,
    keep_draft,
    only_questionnaire,
    open_visit,
    page,
    refusal,
    set_cookie,
    unfinished,
    wipe,
    with_given,
)
from surveyapp.errors import AppError
from surveyapp.labels import LANGUAGES, words
from surveyapp.models import Survey

bp = Blueprint("collect", __name__)
bp.register_error_handler(AppError, refusal)


@bp.errorhandler(CSRFError)
def stale(_error: CSRFError) -> Response:
    """Show the page again: it was open for too long, or comes from before a wipe."""
    session["is_stale"] = True
    return redirect(request.path, 303)


def _to(visit: Visit, screen: Screen | None, source: str | None = None) -> Response:
    """Go to a screen, or to the last look; `source` stays in the address."""
    survey = visit.survey.code
    if screen is None:
        return redirect(url_for("collect.check", survey_code=survey), 303)
    address = url_for("collect.question", survey_code=survey, key=screen.key)
    return redirect(f"{address}?from={source}" if source else address, 303)


def _relooked(visit: Visit, address: str) -> Response | None:
    """Change language, text size or contrast, if one of their buttons was pressed."""
    wish = request.form.get("look")
    if wish is None:
        return None
    response = redirect(address, 303)
    set_cookie(response, look.COOKIE, look.changed(visit.look, wish).cookie, path="/")
    return response


def _languages(asked: Questionnaire | None) -> tuple[str, ...]:
    return tuple(one for one in LANGUAGES if asked is None or one in asked.languages)


def _purpose(asked: Questionnaire, language: str) -> list[str]:
    return showing.sentences(asked.purpose[language])


@bp.get("/s/<survey_code>")
def start(survey_code: str) -> Response:
    """Say what the survey is for, before the first question."""
    visit = open_visit(survey_code)
    asked = only_questionnaire(visit)
    chosen = visit.look.within(asked.languages) if asked else visit.look
    purpose = _purpose(asked, chosen.language) if asked else []
    return page("start", chosen, visit=visit, purpose=purpose, languages=_languages(asked))


@bp.post("/s/<survey_code>")
def begin(survey_code: str) -> Response:
    """Begin: at a paired tablet at once, otherwise with the code."""
    visit = open_visit(survey_code)
    relooked = _relooked(visit, request.path)
    if relooked is not None:
        return relooked
    if not visit.is_walk_in:
        return redirect(url_for("collect.code", survey_code=survey_code), 303)
    visit = replace(visit, draft=draft.begin(None))
    form, _ = unfinished(visit)
    about = redirect(url_for("collect.about", survey_code=survey_code), 303)
    response = about if holder.is_asked(visit) else _to(visit, screens_of(form)[0])
    keep_draft(response, visit)
    return response


@bp.get("/s/<survey_code>/code")
def code(survey_code: str) -> Response:
    """Ask for the code; looking at this page spends nothing."""
    return _code_page(open_visit(survey_code), "", None)


def _code_page(visit: Visit, typed: str, error: AppError | None) -> Response:
    chosen = visit.look.within(_languages(only_questionnaire(visit)))
    status = error.status if error else 200
    text = showing.refusal_line(error, chosen.language) if error else None
    languages = _languages(only_questionnaire(visit))
    return page(
        "code", chosen, status=status, visit=visit, typed=typed, error=text, languages=languages
    )


@bp.post("/s/<survey_code>/code")
def enter(survey_code: str) -> Response:
    """Open the form of a code; it is spent only when the form is sent."""
    visit = open_visit(survey_code)
    relooked = _relooked(visit, request.path)
    if relooked is not None:
        return relooked
    typed = request.form.get("invitation", "")[:200]
    if not codes.normalise(typed):
        empty = AppError("COLLECT-062", words(visit.look.language)["code_empty"], status=422)
        return _code_page(visit, typed, empty)
    if not codes.is_whole(typed):
        say = words(visit.look.language)
        mistyped = AppError("COLLECT-075", say["code_mistyped"], say["code_again"], status=422)
        return _code_page(visit, typed, mistyped)
    buckets().require(rate_limits.CODES, sender())
    try:
        form = rights.by_invitation(web.connection(), visit.survey, codes.sha256(typed))
        if visit.device is not None:
            rights.check_tablet(form)
    except AppError as error:
        count_try(error)
        return _code_page(visit, typed, error)
    visit = replace(visit, form=form, draft=_resumed(visit, codes.normalise(typed)))
    response = redirect(url_for("collect.about", survey_code=survey_code), 303)
    keep_draft(response, visit)
    return response


def _resumed(visit: Visit, typed: str) -> draft.Draft:
    """Return the form that this code was used for before, or a new one."""
    kept = None
    if kept_drafts.is_kept(visit.survey):
        kept = kept_drafts.find(web.connection(), keyring().draft_key, visit.survey, typed)
    return kept or draft.begin(typed)


@bp.get("/s/<survey_code>/about")
def about(survey_code: str) -> Response:
    """Say what this form is about and what happens with the answers."""
    return _about_page(open_visit(survey_code), is_wrong=False)


def _about_page(visit: Visit, *, is_wrong: bool) -> Response:
    form, _ = unfinished(visit)
    asked = form.questionnaire
    return page(
        "about",
        visit.look,
        status=422 if is_wrong else 200,
        visit=visit,
        title=asked.title[visit.look.language],
        purpose=[] if only_questionnaire(visit) else _purpose(asked, visit.look.language),
        agencies=[agency.title for agency in form.agencies],
        helper=holder.question(visit, is_wrong=is_wrong),
        languages=_languages(asked),
    )


@bp.post("/s/<survey_code>/about")
def proceed(survey_code: str) -> Response:
    """Go to the first question that is still open, once it is known who holds a tablet."""
    visit = holder.chosen(open_visit(survey_code), request.form.get(holder.FIELD))
    form, begun = unfinished(visit)
    response = _relooked(visit, request.path)
    if response is None and holder.is_missing(visit):
        return _about_page(visit, is_wrong=True)
    response = response or _to(visit, first_unfinished(form, begun.given))
    keep_draft(response, visit)
    return response


def _screen(form: rights.Form, key: str) -> Screen:
    for screen in screens_of(form):
        if screen.key == key:
            return screen
    raise AppError(
        "COLLECT-063", "Phiếu này không có trang đó.", "Mời Ông/Bà về trang đầu.", status=404
    )


@bp.get("/s/<survey_code>/q/<key>")
def question(survey_code: str, key: str) -> Response:
    """Show one question or one short group."""
    visit = open_visit(survey_code)
    form, begun = unfinished(visit)
    screen = _screen(form, key)
    if not shown(form, screen, begun.given):
        return _to(visit, following(form, screen, begun.given))
    return _question_page(visit, screen, ())


def _question_page(visit: Visit, screen: Screen, found: tuple[AnswerProblem, ...]) -> Response:
    form, begun = unfinished(visit)
    return page(
        "question",
        visit.look,
        status=422 if found else 200,
        visit=visit,
        screen=showing.screen_values(form, screen, begun.given, found, visit.look.language),
        is_stale=session.pop("is_stale", False),
        languages=_languages(form.questionnaire),
        from_check=request.args.get("from") == "check",
        recordings=_recorded(visit, screen),
    )


def _recorded(visit: Visit, screen: Screen) -> dict[str, str]:
    """Return the recordings of one screen: of its questions, and of their options."""
    form, _ = unfinished(visit)
    found = recordings.addresses(web.settings().home, form.questionnaire)[visit.look.language]
    return {key: path for key, path in found.items() if key.split("-")[0] in screen.codes}


@bp.post("/s/<survey_code>/q/<key>")
def answer(survey_code: str, key: str) -> Response:
    """Keep the answers of one screen and go on, back, or show them in another look."""
    visit = open_visit(survey_code)
    form, begun = unfinished(visit)
    screen = _screen(form, key)
    asked = shown(form, screen, begun.given)
    given = entry.with_entry(begun.given, screen, asked, request.form.getlist)
    found = problems(form, screen, given)
    goes_on = "look" not in request.form and request.form.get("go") != "back"
    right = entry.without(given, found)
    if found and goes_on:
        response = _question_page(with_given(visit, given), screen, found)
    else:
        address = request.full_path.rstrip("?")
        response = _relooked(visit, address) or _onward(visit, screen, right)
    visit = with_given(visit, right)
    keep_draft(response, visit)
    if kept_drafts.is_kept(visit.survey):
        kept_drafts.keep(
            web.session().connection(), keyring().draft_key, visit.survey, unfinished(visit)[1]
        )
        web.session().commit()
    return response


def _onward(visit: Visit, screen: Screen, given: Answered) -> Response:
    """Choose the next page: one further, one back, or to the last look where all is answered."""
    form, _ = unfinished(visit)
    if request.form.get("go") == "back":
        before = preceding(form, screen, given)
        if before is None:
            return redirect(url_for("collect.about", survey_code=visit.survey.code), 303)
        return _to(visit, before)
    if request.args.get("from") == "check":
        unanswered = first_unfinished(form, given)
        return _to(visit, unanswered, "check")
    return _to(visit, following(form, screen, given))


def _problems(form: rights.Form, given: Answered) -> tuple[AnswerProblem, ...]:
    many = form.questionnaire.rates == "many"
    agencies = form.agency_codes if many else ()
    return check_form(form.questionnaire, given.answers, given.ratings, agencies)


@bp.get("/s/<survey_code>/check")
def check(survey_code: str) -> Response:
    """Show all answers before they are sent."""
    return _check_page(open_visit(survey_code), show_problems=False)


def _check_page(visit: Visit, *, show_problems: bool) -> Response:
    form, begun = unfinished(visit)
    given = pruned(form, begun.given)
    found = _problems(form, given) if show_problems else ()
    language = visit.look.language
    last = next(one for one in reversed(screens_of(form)) if shown(form, one, given))
    return page(
        "check",
        visit.look,
        status=422 if found else 200,
        visit=visit,
        sections=showing.check_sections(form, given, found, language),
        has_problems=bool(found),
        languages=_languages(form.questionnaire),
        back=url_for("collect.question", survey_code=visit.survey.code, key=last.key),
    )


@bp.post("/s/<survey_code>/check")
def submit(survey_code: str) -> Response:
    """Send the form once, however often the button is pressed; then remove all traces."""
    visit = open_visit(survey_code, may_be_sent=True)
    relooked = _relooked(visit, request.path)
    if relooked is not None:
        return relooked
    form, begun = unfinished(visit)
    given = pruned(form, begun.given)
    if _problems(form, given):
        return _check_page(visit, show_problems=True)
    web.close_sessions()  # who waits for the desk keeps no connection from who is at it
    _send(visit, given)
    if begun.code is not None and kept_drafts.is_kept(visit.survey):
        kept_drafts.forget(
            web.session().connection(), keyring().draft_key, visit.survey, begun.code
        )
        web.session().commit()
    response = redirect(url_for("collect.thanks", survey_code=survey_code), 303)
    wipe(response)
    return response


def _send(visit: Visit, given: Answered) -> None:
    form, begun = unfinished(visit)
    many = form.questionnaire.rates == "many"
    body = {
        "survey": visit.survey.code,
        "questionnaire": form.questionnaire.code,
        "version": form.questionnaire.version,
        "language": visit.look.language,
        "mode": visit.mode,
        "invitation": begun.code,
        "assisted": holder.said(visit, given),
        "nonce": begun.nonce,
        "answers": given.answers,
        "ratings": given.ratings if many else None,
    }
    content = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    hand_in(Filing(parse(begun.exchange_id, content), visit.device))


@bp.get("/s/<survey_code>/thanks")
def thanks(survey_code: str) -> Response:
    """Thank; on a tablet the next person finds the start."""
    visit = open_visit(survey_code)
    languages = _languages(only_questionnaire(visit))
    response = page("thanks", visit.look.within(languages), visit=visit, languages=languages)
    wipe(response)
    return response


@bp.get("/device")
def device() -> Response:
    """Ask an official for the pairing code of this tablet."""
    return page("device", look.from_cookie(request.cookies.get(look.COOKIE)), error=None)


@bp.post("/device")
def pair_device() -> Response:
    """Pair this tablet: from now on it needs no code in its survey."""
    chosen = look.from_cookie(request.cookies.get(look.COOKIE))
    buckets().require(rate_limits.CODES, sender())
    try:
        paired = devices.recognise(web.connection(), request.form.get("token", "")[:200])
    except AppError as error:
        count_try(error)
        text = showing.refusal_line(error, chosen.language)
        return page("device", chosen, status=error.status, error=text)
    survey = web.reading().get_one(Survey, paired.survey_id)
    response = redirect(url_for("collect.start", survey_code=survey.code), 303)
    token = codes.normalise(request.form["token"])
    set_cookie(response, DEVICE_COOKIE, token, path=COOKIE_PATH, seconds=DEVICE_SECONDS)
    return response
