"""Pages of frames: template, upload with its problems, freeze."""

import io
import tempfile
from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from surveyapp import roles, web
from surveyapp.errors import AppError
from surveyapp.frames import service
from surveyapp.frames.forms import ListForm
from surveyapp.frames.headings import KINDS
from surveyapp.frames.lists import kind_of, read_list
from surveyapp.frames.template import template
from surveyapp.importers.table import Table
from surveyapp.models import Survey
from surveyapp.surveys import service as surveys
from surveyapp.surveys.keys import pseudonym_key

bp = Blueprint("frames", __name__, url_prefix="/surveys/<code>/frame")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/")
def index(code: str) -> ResponseReturnValue:
    """Show the newest version of the frame, and how to bring one in."""
    return _page(surveys.find(web.reading(), code), ListForm(), None)


@bp.post("/")
def upload(code: str) -> ResponseReturnValue:
    """Check a list and, if it is faultless and not for checking only, store it."""
    db = web.session()
    survey = surveys.find(db, code)
    form = ListForm()
    report = None
    if form.validate_on_submit():
        try:
            table = _read(form.file.data, kind_of(survey))
            key = pseudonym_key(web.settings().keys, survey.code)
            report = service.import_rows(
                db, web.actor(), survey, table, key=key, dry_run=form.dry_run.data
            )
            db.commit()
        except AppError as error:
            form.form_errors.append(f"{error.message} {error.fix}")
    good = report is not None and report.is_good
    return _page(survey, form, report), 200 if good else 422


def _read(upload: FileStorage, kind: str) -> Table:
    """Read an uploaded list; the copy on the disk is gone afterwards."""
    ending = Path(upload.filename or "").suffix.lower()
    name = secure_filename(Path(upload.filename or "").stem) or "danh-sach"
    with tempfile.TemporaryDirectory(prefix="sipas-") as folder:
        path = Path(folder) / f"{name}{ending}"
        upload.save(path)
        return read_list(path, kind)


def _page(survey: Survey, form: ListForm, report: service.FrameReport | None) -> str:
    db = web.session() if report is not None else web.reading()
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
        report=report,
        frame=frame,
        strata=service.strata_titles(survey, service.strata(db, frame)) if frame else [],
        may_upload=may_change and actor.has_any(roles.ENDPOINTS["frames.upload"]),
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
    service.freeze(db, web.actor(), frame)
    db.commit()
    flash("Đã chốt danh sách.")
    return redirect(url_for("surveys.show", code=code))
