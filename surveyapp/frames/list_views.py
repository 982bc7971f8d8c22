"""Pages of collecting lists: who has sent, one unit's list, double posts, a focal's own lists."""

import io
from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from surveyapp import roles, web
from surveyapp.errors import AppError
from surveyapp.forms import Form
from surveyapp.frames import collecting, drafts, posts
from surveyapp.frames.entries import FrameReport
from surveyapp.frames.forms import AskForm, ListForm
from surveyapp.frames.lists import kind_of
from surveyapp.frames.persons import Pair
from surveyapp.frames.unit_template import unit_template
from surveyapp.frames.views import XLSX
from surveyapp.importers.table import SHOWN
from surveyapp.models import Survey
from surveyapp.surveys import service as surveys
from surveyapp.surveys.keys import pseudonym_key

bp = Blueprint("lists", __name__)
_SURVEY = "/surveys/<code>/lists/"


def _key(survey: Survey) -> bytes:
    return pseudonym_key(web.settings().keys, survey)


@bp.get("/lists/")
def mine() -> ResponseReturnValue:
    """Show a focal account what lists its unit owes."""
    owed = collecting.own_lists(web.reading(), web.actor())
    return render_template("frames/my_lists.html", owed=owed)


@bp.get(_SURVEY)
def index(code: str) -> ResponseReturnValue:
    """Show who has sent and who has not."""
    return _page(code, AskForm())


def _page(code: str, form: AskForm, report: FrameReport | None = None) -> str:
    db = web.reading()
    survey = surveys.find(db, code)
    lines = collecting.lines(db, survey)
    manages = web.actor().has_any(roles.ENDPOINTS["lists.ask"])
    return render_template(
        "frames/lists.html",
        survey=survey,
        practice=survey.is_practice,
        kind=kind_of(survey),
        rater_groups=list(
            dict.fromkeys(r.title for group in survey.groups for r in group.rater_groups)
        ),
        form=form,
        lines=lines,
        sent=sum(line.unit_list.state in ("sent", "accepted") for line in lines),
        accepted=sum(line.unit_list.state == "accepted" for line in lines),
        report=report,
        shown=SHOWN,
        may_change=manages and survey.state == "draft",
    )


@bp.post(_SURVEY)
def ask(code: str) -> ResponseReturnValue:
    """Ask units for their lists."""
    db = web.session()
    survey = surveys.find(db, code)
    form = AskForm()
    if form.validate_on_submit():
        try:
            asked = collecting.ask(db, web.actor(), survey, form.units.data or "", form.due_on.data)
            db.commit()
            flash(f"Đã ghi {len(asked)} đơn vị.")
            return redirect(url_for("lists.index", code=code))
        except AppError as error:
            db.rollback()
            form.form_errors += [f"{error.message} {error.fix}", *error.problems]
    return _page(code, form), 422


@bp.post(f"{_SURVEY}remind")
def remind(code: str) -> ResponseReturnValue:
    """Record that those who have not sent were asked again."""
    db = web.session()
    asked = collecting.remind(db, web.actor(), surveys.find(db, code))
    db.commit()
    flash(f"Đã ghi lần đôn đốc {asked} đơn vị.")
    return redirect(url_for("lists.index", code=code))


@bp.post(f"{_SURVEY}build")
def build(code: str) -> ResponseReturnValue:
    """Make the frame of all accepted lists: all rows or none."""
    db = web.session()
    survey = surveys.find(db, code)
    report = collecting.build(db, web.actor(), survey, _key(survey))
    if not report.is_good:
        db.rollback()
        return _page(code, AskForm(), report), 422
    db.commit()
    flash(f"Đã ghép danh sách: {report.rows} dòng, {report.persons} người.")
    return redirect(url_for("frames.index", code=code))


@bp.get(f"{_SURVEY}pairs")
def pairs(code: str) -> ResponseReturnValue:
    """Show the rows of all accepted lists that may be one person."""
    return _pairs_page(code)


def _pairs(survey: Survey) -> Sequence[Pair]:
    """Put the lists together by a reading session: others write meanwhile."""
    db = web.reading()
    return collecting.build(db, web.actor(), survey, _key(survey), dry_run=True).pairs


def _pairs_page(code: str, refused: AppError | None = None) -> str:
    survey = surveys.find(web.reading(), code)
    return render_template(
        "frames/pairs.html",
        survey=survey,
        practice=survey.is_practice,
        pairs=_pairs(survey),
        group_titles={r.code: r.title for g in survey.groups for r in g.rater_groups},
        refused=refused,
    )


@bp.post(f"{_SURVEY}pairs")
def decide_pair(code: str) -> ResponseReturnValue:
    """Record whether two rows are one person; the frame is put together anew if there is one."""
    found = _pairs(surveys.find(web.reading(), code))
    db, form = web.session(), request.form
    choice = form.get("pair", ""), form.get("verdict", ""), form.get("reason", "")
    try:
        posts.decide(db, web.actor(), surveys.find(db, code), found, choice)
        db.commit()
    except AppError as error:
        db.rollback()
        return _pairs_page(code, error), error.status
    flash("Đã ghi quyết định. Ghép lại danh sách để áp dụng.")
    return redirect(url_for("lists.pairs", code=code))


@bp.get(f"{_SURVEY}<unit_code>/")
def unit(code: str, unit_code: str) -> ResponseReturnValue:
    """Show one unit's list, and how to send it."""
    return _unit_page(code, unit_code, ListForm())


def _unit_page(code: str, unit_code: str, form: ListForm) -> str:
    db = web.reading()
    survey = surveys.find(db, code)
    return render_template(
        "frames/unit_list.html",
        survey=survey,
        practice=survey.is_practice,
        line=collecting.find(db, web.actor(), survey, unit_code),
        titles={r.code: r.title for g in survey.groups for r in g.rater_groups},
        form=form,
        reason_form=Form(),
        manages=web.actor().has_any(roles.ENDPOINTS["lists.ask"]),
    )


@bp.post(f"{_SURVEY}<unit_code>/")
def upload(code: str, unit_code: str) -> ResponseReturnValue:
    """Take a unit's file in to be looked at."""
    db = web.session()
    survey = surveys.find(db, code)
    line = collecting.find(db, web.actor(), survey, unit_code)
    form = ListForm()
    if form.validate_on_submit():
        file = form.file.data
        try:
            with file.stream as content:
                taken = drafts.Upload(file.filename or "", content.read(), _key(survey))
            draft = drafts.begin(db, web.actor(), survey, taken, line.unit_list)
            db.commit()
            return redirect(url_for("drafts.show", code=code, draft_id=draft.id))
        except AppError as error:
            db.rollback()
            form.form_errors.append(f"{error.message} {error.fix}")
    return _unit_page(code, unit_code, form), 422


@bp.get(f"{_SURVEY}<unit_code>/template.xlsx")
def template(code: str, unit_code: str) -> ResponseReturnValue:
    """Hand out the unit's pre-filled workbook."""
    db = web.reading()
    survey = surveys.find(db, code)
    line = collecting.find(db, web.actor(), survey, unit_code)
    content = io.BytesIO(unit_template(survey, line.unit, line.unit_list))
    name = f"danh-sach-{line.unit.code}.xlsx"
    return send_file(content, mimetype=XLSX, as_attachment=True, download_name=name)


@bp.post(f"{_SURVEY}<unit_code>/accept")
def accept(code: str, unit_code: str) -> ResponseReturnValue:
    """Accept a unit's list."""
    return _decide(code, unit_code, None)


@bp.post(f"{_SURVEY}<unit_code>/return")
def send_back(code: str, unit_code: str) -> ResponseReturnValue:
    """Return a unit's list with a reason."""
    return _decide(code, unit_code, request.form.get("reason", ""))


def _decide(code: str, unit_code: str, reason: str | None) -> ResponseReturnValue:
    db = web.session()
    survey = surveys.find(db, code)
    line = collecting.find(db, web.actor(), survey, unit_code)
    collecting.decide(db, web.actor(), survey, line, reason)
    db.commit()
    flash("Đã chấp nhận danh sách." if reason is None else "Đã trả lại danh sách.")
    return redirect(url_for("lists.index", code=code))
