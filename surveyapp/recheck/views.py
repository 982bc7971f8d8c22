"""Pages of the re-check: whom to ask again, and the short form."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from questionnaires.types import MISSING_TEXTS
from surveyapp import web
from surveyapp.recheck import service
from surveyapp.recheck.forms import read_answers
from surveyapp.surveys import service as surveys

bp = Blueprint("recheck", __name__, url_prefix="/surveys/<code>/recheck")


@bp.get("/")
def index(code: str) -> ResponseReturnValue:
    """List who is to be asked again."""
    db = web.session()
    survey = surveys.find(db, code)
    shown = {
        "cases": service.cases(db, web.actor(), survey),
        "progress": service.progress(db, survey),
        "groups": {group.code: group.title for group in survey.groups},
    }
    db.commit()  # looking at names is an act of the audit trail
    words = {"outcomes": service.OUTCOMES, "not_asked": service.NOT_ASKED}
    return render_template(
        "recheck/index.html", survey=survey, practice=survey.is_practice, **words, **shown
    )


@bp.get("/<case_id>")
def interview(code: str, case_id: str) -> ResponseReturnValue:
    """Ask again; the first answers are never shown."""
    db = web.session()
    survey = surveys.find(db, code)
    form, group = service.form_of(db, survey, case_id)
    shown = {
        "case": service.case(db, web.actor(), survey, case_id),
        "agencies": {agency.code: agency.title for agency in survey.agencies},
    }
    db.commit()  # looking at a name is an act of the audit trail
    words = {"outcomes": service.OUTCOMES, "missing": MISSING_TEXTS}
    told = {"practice": survey.is_practice, "form": form, "group": group}
    return render_template("recheck/interview.html", survey=survey, **told, **words, **shown)


@bp.post("/<case_id>")
def record(code: str, case_id: str) -> ResponseReturnValue:
    """Store what came of asking again."""
    db = web.session()
    survey = surveys.find(db, code)
    form, _ = service.form_of(db, survey, case_id)
    answers, ratings = read_answers(form, request.form)
    outcome = request.form.get("outcome", "")
    second = service.SecondInterview(case_id, outcome, answers, ratings)
    service.record(db, web.actor(), survey, second)
    db.commit()
    flash("Đã lưu phiếu phúc tra.")
    return redirect(url_for("recheck.index", code=code))
