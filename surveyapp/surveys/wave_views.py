"""Pages of two waves: which survey this one follows, and giving a sealed seed free."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from surveyapp import web
from surveyapp.errors import AppError
from surveyapp.surveys import service, waves
from surveyapp.surveys.forms import FollowForm

bp = Blueprint("waves", __name__, url_prefix="/surveys/<code>/wave")


@bp.route("/", methods=["GET", "POST"])
def follow(code: str) -> ResponseReturnValue:
    """Choose the first wave that this survey follows, before it has a list."""
    db = web.session_by_method()
    survey = service.find(db, code)
    form = FollowForm({one.code: one.title for one in waves.candidates(db, survey)})
    if form.validate_on_submit():
        try:
            first = service.find(db, form.first.data)
            waves.follow(db, web.actor(), survey, first, form.keep.data)
            db.commit()
            flash(f"Cuộc khảo sát này nối tiếp «{first.title}».")
            return redirect(url_for("frames.index", code=code))
        except AppError as error:
            db.rollback()
            form.form_errors.append(f"{error.message} {error.fix}")
    status = 422 if form.errors or form.form_errors else 200
    page = {"survey": survey, "practice": survey.is_practice, "form": form}
    return render_template("surveys/follow.html", **page), status


@bp.post("/seed")
def open_seed(code: str) -> ResponseReturnValue:
    """Publish a sealed seed, as no second wave will come."""
    db = web.session()
    waves.open_seed(db, web.actor(), service.find(db, code))
    db.commit()
    flash("Đã công bố hạt giống.")
    return redirect(url_for("samples.index", code=code))
