"""Citizens' pages of questions: show one screen, keep what was answered on it."""

from flask import redirect, request, session, url_for
from werkzeug.wrappers import Response

from questionnaires.answer_problems import AnswerProblem
from surveyapp import web
from surveyapp.collect import entry, holder, kept_drafts, recordings, rights, showing
from surveyapp.collect.api_views import keyring
from surveyapp.collect.journey import bp, go_to, relooked
from surveyapp.collect.screens import (
    Screen,
    first_unfinished,
    following,
    is_begun,
    preceding,
    problems,
    screens_of,
    shown,
)
from surveyapp.collect.visits import Visit, keep_draft, page, unfinished, with_given
from surveyapp.errors import AppError


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
    visit = holder.open_asking(survey_code)
    form, begun = unfinished(visit)
    screen = _screen(form, key)
    if not shown(form, screen, begun.given):
        return go_to(visit, following(form, screen, begun.given))
    return _question_page(visit, screen, ())


def _question_page(visit: Visit, screen: Screen, found: tuple[AnswerProblem, ...]) -> Response:
    form, begun = unfinished(visit)
    return page(
        "question",
        visit.look,
        status=422 if found else 200,
        visit=visit,
        is_common=not found and not is_begun(screen, begun.given),
        screen=showing.screen_values(form, screen, begun.given, found, visit.look.language),
        is_stale=session.pop("is_stale", False),
        languages=visit.languages,
        from_check=_is_from_check(),
        recordings=recordings.of_items(
            web.settings().home, form.questionnaire, visit.look.language, screen.items
        ),
    )


@bp.post("/s/<survey_code>/q/<key>")
def answer(survey_code: str, key: str) -> Response:
    """Keep the answers of one screen and go on, back, or show them in another look."""
    visit = holder.open_asking(survey_code)
    form, begun = unfinished(visit)
    screen = _screen(form, key)
    asked = shown(form, screen, begun.given)
    given = entry.with_entry(begun.given, screen, asked, request.form.getlist)
    found = problems(form, screen, given)
    visit, shown_now = with_given(visit, entry.without(given, found)), with_given(visit, given)
    if found and _goes_on():
        response = _question_page(shown_now, screen, found)
    else:
        response = relooked(visit, request.full_path.rstrip("?")) or _onward(visit, screen)
    keep_draft(response, visit)
    _keep(visit)
    return response


def _goes_on() -> bool:
    return "look" not in request.form and request.form.get("go") != "back"


def _keep(visit: Visit) -> None:
    """Keep a long form on the server as well."""
    if not kept_drafts.is_kept(visit.survey):
        return
    db = web.session()
    kept_drafts.keep(db.connection(), keyring().draft_key, visit.survey, unfinished(visit)[1])
    db.commit()


def _onward(visit: Visit, screen: Screen) -> Response:
    """Choose the next page: one further or one back."""
    form, begun = unfinished(visit)
    if request.form.get("go") == "back":
        before = preceding(form, screen, begun.given)
        if before is None:
            return redirect(url_for("collect.about", survey_code=visit.survey.code), 303)
        return go_to(visit, before)
    if _is_from_check():
        return _back_to_check(visit, screen)
    return go_to(visit, following(form, screen, begun.given))


def _is_from_check() -> bool:
    return request.args.get("from") == "check"


def _back_to_check(visit: Visit, screen: Screen) -> Response:
    """Return to the row of the last look that was changed, once nothing else is open."""
    form, begun = unfinished(visit)
    survey, row = visit.survey.code, showing.row_of(screen, request.args.get("row"))
    unanswered = first_unfinished(form, begun.given)
    if unanswered is None:
        return redirect(url_for("collect.check", survey_code=survey, _anchor=row), 303)
    asked = url_for("collect.question", survey_code=survey, key=unanswered.key)
    return redirect(f"{asked}?from=check", 303)
