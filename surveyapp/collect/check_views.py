"""Citizens' last pages: all answers before they are sent, the sending, thanks."""

import json

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from questionnaires.answer_problems import AnswerProblem
from questionnaires.check import check_form
from surveyapp import web
from surveyapp.collect import holder, kept_drafts, rights, showing
from surveyapp.collect.api_views import hand_in, keyring
from surveyapp.collect.journey import bp, relooked
from surveyapp.collect.screens import Answered, pruned, screens_of, shown
from surveyapp.collect.service import Filing
from surveyapp.collect.submission import parse
from surveyapp.collect.visits import (
    Visit,
    open_visit,
    page,
    unfinished,
    wipe,
)


def _problems(form: rights.Form, given: Answered) -> tuple[AnswerProblem, ...]:
    many = form.questionnaire.rates == "many"
    agencies = form.agency_codes if many else ()
    return check_form(form.questionnaire, given.answers, given.ratings, agencies)


@bp.get("/s/<survey_code>/check")
def check(survey_code: str) -> Response:
    """Show all answers before they are sent."""
    return _check_page(holder.open_asking(survey_code), show_problems=False)


def _check_page(visit: Visit, *, show_problems: bool) -> Response:
    form, begun = unfinished(visit)
    given = pruned(form, begun.given)
    found = _problems(form, given) if show_problems else ()
    language = visit.look.language
    last = next(one for one in reversed(screens_of(form)) if shown(form, one, given))
    sections = showing.check_sections(form, given, found, language)
    return page(
        "check",
        visit.look,
        status=422 if found else 200,
        visit=visit,
        sections=sections,
        wrong=showing.wrong_rows(sections),
        languages=visit.languages,
        back=url_for("collect.question", survey_code=visit.survey.code, key=last.key),
    )


@bp.post("/s/<survey_code>/check")
def submit(survey_code: str) -> Response:
    """Send the form once, however often the button is pressed; then remove all traces."""
    visit = holder.open_asking(survey_code, may_be_sent=True)
    in_other_look = relooked(visit, request.path)
    if in_other_look is not None:
        return in_other_look
    form, begun = unfinished(visit)
    given = pruned(form, begun.given)
    if _problems(form, given):
        return _check_page(visit, show_problems=True)
    web.close_sessions()  # who waits for the desk keeps no connection from who is at it
    _send(visit, given)
    _forget(visit, begun.code)
    response = redirect(url_for("collect.thanks", survey_code=survey_code), 303)
    wipe(response)
    return response


def _forget(visit: Visit, code: str | None) -> None:
    """Remove what is kept of a sent form.

    In a transaction of its own: the sending was part of one that stored several. A crash between
    the two leaves a form that its spent code opens no more, until the lock.
    """
    if code is None or not kept_drafts.is_kept(visit.survey):
        return
    db = web.session()
    kept_drafts.forget(db.connection(), keyring().draft_key, visit.survey, code)
    db.commit()


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
    response = page("thanks", visit.look, visit=visit, is_common=True, languages=visit.languages)
    wipe(response)
    return response
