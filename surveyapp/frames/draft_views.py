"""Pages of a file that is looked at before it is stored: mapping, preview, faults, confirmation."""

import io

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp import web
from surveyapp.errors import AppError
from surveyapp.exports.numbers import NumberStyle
from surveyapp.frames import collecting, drafts, posts
from surveyapp.frames.entries import FrameReport
from surveyapp.frames.headings import KINDS
from surveyapp.frames.lists import kind_of
from surveyapp.frames.problem_files import problem_file
from surveyapp.frames.views import XLSX
from surveyapp.importers.table import SHOWN
from surveyapp.models import ListDraft, Survey, Unit, UnitList
from surveyapp.surveys import service as surveys
from surveyapp.surveys.keys import pseudonym_key

bp = Blueprint("drafts", __name__, url_prefix="/surveys/<code>/frame/drafts/<draft_id>")
_count = NumberStyle().count


def _found(db: Session, code: str, draft_id: str) -> tuple[Survey, ListDraft, bytes]:
    """Return survey and draft of the official's own, and the key that opens it."""
    survey = surveys.find(db, code)
    draft = drafts.find(db, web.actor(), survey, draft_id)
    return survey, draft, pseudonym_key(web.settings().keys, survey)


def _preview(code: str, draft_id: str) -> drafts.Preview:
    """Look at the file by a reading session: a long list must not keep others from writing."""
    db = web.reading()
    return drafts.preview(db, web.actor(), *_found(db, code, draft_id))


@bp.get("/")
def show(code: str, draft_id: str) -> ResponseReturnValue:
    """Show what the file would become."""
    return _page(code, draft_id)


def _page(code: str, draft_id: str, refused: AppError | None = None) -> str:
    db = web.reading()
    survey, draft, _key = _found(db, code, draft_id)
    kind = kind_of(survey)
    return render_template(
        "frames/draft.html",
        survey=survey,
        practice=survey.is_practice,
        draft=draft,
        kind=kind,
        headings=KINDS[kind],
        preview=_preview(code, draft_id),
        presets=drafts.presets(db, kind),
        unit=_unit(db, draft),
        refused=refused,
        shown=SHOWN,
        group_titles={r.code: r.title for g in survey.groups for r in g.rater_groups},
        may_decide=web.actor().has_any(frozenset({"manager"})),
    )


def _unit(db: Session, draft: ListDraft) -> Unit | None:
    unit_list = db.get(UnitList, draft.unit_list_id) if draft.unit_list_id else None
    return db.get(Unit, unit_list.unit_id) if unit_list else None


@bp.post("/columns")
def columns(code: str, draft_id: str) -> ResponseReturnValue:
    """Take the official's mapping of columns, from the form or a preset; save it on request."""
    db = web.session()
    survey, draft, _key = _found(db, code, draft_id)
    try:
        drafts.take_columns(db, web.actor(), draft, kind_of(survey), request.form)
        db.commit()
    except AppError as error:
        db.rollback()
        return _page(code, draft_id, error), error.status
    return redirect(url_for("drafts.show", code=code, draft_id=draft_id))


@bp.post("/pairs")
def decide(code: str, draft_id: str) -> ResponseReturnValue:
    """Record whether two rows of the file are one person."""
    pairs = _preview(code, draft_id).report.pairs
    db, form = web.session(), request.form
    choice = form.get("pair", ""), form.get("verdict", ""), form.get("reason", "")
    try:
        posts.decide(db, web.actor(), surveys.find(db, code), pairs, choice)
        db.commit()
    except AppError as error:
        db.rollback()
        return _page(code, draft_id, error), error.status
    return redirect(url_for("drafts.show", code=code, draft_id=draft_id, _anchor="pairs"))


@bp.get("/problems.xlsx")
def problems(code: str, draft_id: str) -> ResponseReturnValue:
    """Hand out all faults of the file."""
    content = io.BytesIO(problem_file(_preview(code, draft_id).report.problems))
    return send_file(content, mimetype=XLSX, as_attachment=True, download_name="loi-danh-sach.xlsx")


@bp.post("/store")
def store(code: str, draft_id: str) -> ResponseReturnValue:
    """Store all rows, as the frame or as the unit's list; with faults nothing."""
    db = web.session()
    survey, draft, key = _found(db, code, draft_id)
    unit = _unit(db, draft)
    verb = drafts.store if unit is None else collecting.send
    report: FrameReport = verb(db, web.actor(), survey, draft, key)
    if not report.is_good:
        db.rollback()
        return _page(code, draft_id), 422
    db.commit()
    if unit is not None:
        flash("Đã gửi danh sách.")
        return redirect(url_for("lists.unit", code=code, unit_code=unit.code))
    flash(f"Đã lưu: {_count(report.rows)} dòng, {_count(report.persons)} người.")
    return redirect(url_for("frames.index", code=code))


@bp.post("/drop")
def drop(code: str, draft_id: str) -> ResponseReturnValue:
    """Remove the file without storing anything."""
    db = web.session()
    _survey, draft, _key = _found(db, code, draft_id)
    unit = _unit(db, draft)
    drafts.drop(db, draft)
    db.commit()
    flash("Đã bỏ tệp, không lưu gì.")
    if unit is not None:
        return redirect(url_for("lists.unit", code=code, unit_code=unit.code))
    return redirect(url_for("frames.index", code=code))
