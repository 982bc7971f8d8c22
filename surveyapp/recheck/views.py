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
    cases = service.cases(db, web.actor(), survey)
    db.commit()  # looking at names is an act of the audit trail
    return render_template(
        "recheck/index.html",
        survey=survey,
        practice=survey.is_practice,
        cases=cases,
        progress=service.progress(db, survey),
        outcomes=service.OUTCOMES,
        groups={group.code: group.title for group in survey.groups},
    )


@bp.route("/<case_id>", methods=["GET", "POST"])
def interview(code: str, case_id: str) -> ResponseReturnValue:
    """Ask again; the first answers are never shown."""
    db = web.session()
    survey = surveys.find(db, code)
    form, group = service.form_of(db, survey, case_id)
    if request.method == "POST":
        answers, ratings = read_answers(form, request.form)
        outcome = request.form.get("outcome", "")
        second = service.SecondInterview(case_id, outcome, answers, ratings)
        service.record(db, web.actor(), survey, second)
        db.commit()
        flash("Đã lưu phiếu phúc tra.")
        return redirect(url_for("recheck.index", code=code))
    case = service.case(db, web.actor(), survey, case_id)
    db.commit()  # looking at a name is an act of the audit trail
    return render_template(
        "recheck/interview.html",
        survey=survey,
        practice=survey.is_practice,
        form=form,
        group=group,
        case=case,
        outcomes=service.OUTCOMES,
        missing=MISSING_TEXTS,
        agencies={agency.code: agency.title for agency in survey.agencies},
    )
