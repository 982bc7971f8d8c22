"""Citizens' first pages: start, code, what the form is about; they work without JavaScript."""

from dataclasses import replace

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from questionnaires.types import Questionnaire
from surveyapp import codes, web
from surveyapp.collect import draft, holder, kept_drafts, rate_limits, rights, showing
from surveyapp.collect.api_views import buckets, count_try, keyring, sender
from surveyapp.collect.journey import bp, go_to, relooked
from surveyapp.collect.rate_limits import TooOftenError
from surveyapp.collect.screens import screens_of, to_go_on
from surveyapp.collect.visits import (
    Visit,
    keep_draft,
    only_questionnaire,
    open_visit,
    page,
    unfinished,
)
from surveyapp.errors import AppError
from surveyapp.labels import words


def _purpose(asked: Questionnaire, language: str) -> list[str]:
    return showing.sentences(asked.purpose[language])


@bp.get("/s/<survey_code>")
def start(survey_code: str) -> Response:
    """Say what the survey is for, before the first question."""
    visit = open_visit(survey_code)
    asked = only_questionnaire(visit)
    language = visit.look.language
    return page(
        "start",
        visit.look,
        visit=visit,
        is_common=True,
        title=asked.title[language] if asked and language != "vi" else None,
        purpose=_purpose(asked, language) if asked else [],
        languages=visit.languages,
    )


@bp.post("/s/<survey_code>")
def begin(survey_code: str) -> Response:
    """Begin: at a paired tablet at once, otherwise with the code."""
    visit = open_visit(survey_code)
    in_other_look = relooked(visit, request.path)
    if in_other_look is not None:
        return in_other_look
    if not visit.is_walk_in:
        return redirect(url_for("collect.code", survey_code=survey_code), 303)
    visit = replace(visit, draft=draft.begin(None))
    form, _ = unfinished(visit)
    about = redirect(url_for("collect.about", survey_code=survey_code), 303)
    response = about if holder.is_asked(visit) else go_to(visit, screens_of(form)[0])
    keep_draft(response, visit)
    return response


@bp.get("/s/<survey_code>/code")
def code(survey_code: str) -> Response:
    """Ask for the code; looking at this page spends nothing."""
    return _code_page(open_visit(survey_code), "", None)


def _code_page(visit: Visit, typed: str, error: AppError | None) -> Response:
    return page(
        "code",
        visit.look,
        status=error.status if error else 200,
        visit=visit,
        is_common=error is None and not typed,
        typed=typed,
        error=showing.refusal_line(error, visit.look.language) if error else None,
        languages=visit.languages,
    )


@bp.post("/s/<survey_code>/code")
def enter(survey_code: str) -> Response:
    """Open the form of a code; it is spent only when the form is sent."""
    visit = open_visit(survey_code)
    in_other_look = relooked(visit, request.path)
    if in_other_look is not None:
        return in_other_look
    typed = request.form.get("invitation", "")[:200]
    try:
        visit = _entered(visit, typed)
    except TooOftenError:
        raise  # a page of its own, which says when to come back
    except AppError as error:
        count_try(error)
        return _code_page(visit, typed, error)
    response = redirect(url_for("collect.about", survey_code=survey_code), 303)
    keep_draft(response, visit)
    return response


def _entered(visit: Visit, typed: str) -> Visit:
    """Return the visit with the form of a code; what is no code is refused before it is tried."""
    say = words(visit.look.language, visit.survey.kind)
    if not codes.normalise(typed):
        raise AppError("COLLECT-062", say["code_empty"], status=422)
    if not codes.is_whole(typed):
        raise AppError("COLLECT-075", say["code_mistyped"], say["code_again"], status=422)
    buckets().require(rate_limits.CODES, sender())
    form = rights.by_invitation(web.connection(), visit.survey, codes.sha256(typed))
    if visit.device is not None:
        rights.check_tablet(form)
    return replace(visit, form=form, draft=_resumed(visit, codes.normalise(typed)))


def _resumed(visit: Visit, typed: str) -> draft.Draft:
    """Return the form that this very code was used for before, or a new one."""
    kept = None
    if kept_drafts.is_kept(visit.survey):
        kept = kept_drafts.find(web.connection(), keyring().draft_key, visit.survey, typed)
    if kept is None and visit.draft is not None and visit.draft.code == typed:
        kept = visit.draft  # somebody else's, at a machine that is shared, has another code
    return kept or draft.begin(typed)


@bp.get("/s/<survey_code>/about")
def about(survey_code: str) -> Response:
    """Say what this form is about and what happens with the answers."""
    return _about_page(open_visit(survey_code), is_wrong=False)


def _about_page(visit: Visit, *, is_wrong: bool) -> Response:
    form, begun = unfinished(visit)
    asked = form.questionnaire
    going_on = showing.to_go_on_with(form, begun.given, visit.look.language)
    return page(
        "about",
        visit.look,
        status=422 if is_wrong else 200,
        visit=visit,
        is_common=not is_wrong and not begun.assisted and going_on is None,
        going_on=going_on,
        title=asked.title[visit.look.language],
        purpose=[] if only_questionnaire(visit) else _purpose(asked, visit.look.language),
        agencies=[agency.title for agency in form.agencies],
        helper=holder.question(visit, is_wrong=is_wrong),
        languages=visit.languages,
    )


@bp.post("/s/<survey_code>/about")
def proceed(survey_code: str) -> Response:
    """Go to the question where the form goes on, once it is known who holds a tablet."""
    visit = holder.chosen(open_visit(survey_code), request.form.get(holder.FIELD))
    form, begun = unfinished(visit)
    response = relooked(visit, request.path)
    if response is None and holder.is_missing(visit):
        return _about_page(visit, is_wrong=True)
    response = response or go_to(visit, to_go_on(form, begun.given))
    keep_draft(response, visit)
    return response
