"""Pages of frames: template, upload, freeze with the notes that an official confirms."""

import io

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from surveyapp import roles, web
from surveyapp.errors import AppError
from surveyapp.frames import drafts, service
from surveyapp.frames.forms import ListForm
from surveyapp.frames.headings import KINDS
from surveyapp.frames.lists import kind_of
from surveyapp.frames.template import template
from surveyapp.models import Survey
from surveyapp.surveys import service as surveys
from surveyapp.surveys.keys import pseudonym_key

bp = Blueprint("frames", __name__, url_prefix="/surveys/<code>/frame")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/")
def index(code: str) -> ResponseReturnValue:
    """Show the newest version of the frame, and how to bring one in."""
    return _page(surveys.find(web.reading(), code), ListForm())


@bp.post("/")
def upload(code: str) -> ResponseReturnValue:
    """Take a file in to be looked at; nothing is stored before it is confirmed."""
    db = web.session()
    survey = surveys.find(db, code)
    form = ListForm()
    if form.validate_on_submit():
        try:
            draft = drafts.begin(db, web.actor(), survey, _upload(form, survey))
            db.commit()
            return redirect(url_for("drafts.show", code=code, draft_id=draft.id))
        except AppError as error:
            db.rollback()
            form.form_errors.append(f"{error.message} {error.fix}")
    return _page(survey, form), 422


def _upload(form: ListForm, survey: Survey) -> drafts.Upload:
    key = pseudonym_key(web.settings().keys, survey)
    with form.file.data.stream as file:
        return drafts.Upload(form.file.data.filename or "", file.read(), key)


def _page(survey: Survey, form: ListForm) -> str:
    db = web.reading()
    frame = surveys.latest_frame(db, survey)
    actor = web.actor()
    may_change = survey.state == "draft"
    return render_template(
        "frames/index.html",
        survey=survey,
        practice=survey.is_practice,
        kind=kind_of(survey),
        headings=KINDS[kind_of(survey)],
        form=form,
        frame=frame,
        notes=service.notes(db, frame) if frame else [],
        strata=service.strata_titles(survey, service.strata(db, frame)) if frame else [],
        may_upload=may_change and actor.has_any(roles.ENDPOINTS["frames.upload"]),
        may_follow=may_change and actor.has_any(roles.ENDPOINTS["waves.follow"]),
        may_freeze=may_change and actor.has_any(roles.ENDPOINTS["frames.freeze"]),
    )


@bp.get("/template.xlsx")
def download_template(code: str) -> ResponseReturnValue:
    """Hand out the workbook that offices fill in."""
    survey = surveys.find(web.reading(), code)
    kind = kind_of(survey)
    name = "mau-danh-sach-nguoi-danh-gia.xlsx" if kind == "raters" else "mau-danh-sach-ho-so.xlsx"
    content = io.BytesIO(template(kind, survey))
    return send_file(content, mimetype=XLSX, as_attachment=True, download_name=name)


@bp.post("/<int:version>/freeze")
def freeze(code: str, version: int) -> ResponseReturnValue:
    """Freeze the version that the official has looked at."""
    db = web.session()
    frame = service.find(db, surveys.find(db, code), version)
    service.freeze(db, web.actor(), frame, confirmed=request.form.getlist("confirm"))
    db.commit()
    flash("Đã chốt danh sách.")
    return redirect(url_for("surveys.show", code=code))
