"""The way through a citizen's pages: their blueprint, and which page follows."""

from flask import Blueprint, redirect, request, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from surveyapp.collect import look
from surveyapp.collect.screens import Screen
from surveyapp.collect.visits import Visit, refusal, set_cookie
from surveyapp.errors import AppError

bp = Blueprint("collect", __name__)
bp.register_error_handler(AppError, refusal)


@bp.errorhandler(CSRFError)
def stale(_error: CSRFError) -> Response:
    """Show the page again: it was open for too long, or comes from before a wipe."""
    session["is_stale"] = True
    return redirect(request.path, 303)


def go_to(visit: Visit, screen: Screen | None) -> Response:
    """Go to a screen, or to the last look."""
    survey = visit.survey.code
    if screen is None:
        return redirect(url_for("collect.check", survey_code=survey), 303)
    return redirect(url_for("collect.question", survey_code=survey, key=screen.key), 303)


def relooked(visit: Visit, address: str) -> Response | None:
    """Change language, text size or contrast, if one of their buttons was pressed."""
    wish = request.form.get("look")
    if wish is None:
        return None
    response = redirect(address, 303)
    set_cookie(response, look.COOKIE, look.changed(visit.look, wish).cookie, path="/")
    return response
