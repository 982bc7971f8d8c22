"""Pages of a witnessed draw: open, commit, close, reveal; giving up; deleting the undrawn."""

from dataclasses import replace
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from sampling.canonical import json_digest
from surveyapp import roles, web
from surveyapp.errors import AppError
from surveyapp.models import SampleDraw, SampleParty, Survey
from surveyapp.samples import acts, contacts, service, size_decisions, witnessing
from surveyapp.samples.views import frozen
from surveyapp.samples.witness_forms import (
    CommitForm,
    NumberForm,
    OpenForm,
    ReasonForm,
    RevealForm,
)
from surveyapp.surveys import service as surveys

bp = Blueprint("witness", __name__, url_prefix="/surveys/<code>/sample")
_ACTS = (
    *("witness.commit", "witness.close", "witness.reveal", "witness.number", "witness.abandon"),
    "samples.draw",
)


@bp.route("/witness", methods=["GET", "POST"])
def begin(code: str) -> ResponseReturnValue:
    """Freeze list, plan and source of chance of a draw before witnesses."""
    db = web.session() if request.method == "POST" else web.reading()
    survey = surveys.find(db, code)
    frame = frozen(db, survey)
    decision = size_decisions.latest(db, survey, frame)
    if decision is None:
        flash("Chọn cỡ mẫu trước, rồi mới mở lần chọn có chứng kiến.")
        return redirect(url_for("sizes.edit", code=code))
    form, choices = OpenForm(), size_decisions.choices_of(decision)
    if form.validate_on_submit() and not form.is_whole:
        form.form_errors.append("Con số công khai cần đủ nguồn, ngày và số chữ số; hoặc để trống.")
    elif form.is_submitted() and not form.errors:
        choices = replace(choices, reason=form.reason.data or choices.reason)
        try:
            opened = witnessing.open_draw(db, web.actor(), frame, choices, form.public())
            db.commit()
            flash("Đã chốt. Đọc hai mã băm cho mọi bên ghi lại.")
            return redirect(url_for("witness.show", code=code, draw_id=opened.id))
        except AppError as error:
            _refused(db, form, error)
    page = render_template(
        "samples/witness_open.html", survey=survey, practice=survey.is_practice, form=form
    )
    return page, 422 if form.errors else 200


@bp.get("/<int:draw_id>/witness")
def show(code: str, draw_id: int) -> ResponseReturnValue:
    """Show how far a witnessed draw is, and what this official can do now."""
    db = web.reading()
    survey = surveys.find(db, code)
    return _page(db, survey, service.find_draw(db, survey, draw_id))


@bp.post("/<int:draw_id>/commit")
def commit(code: str, draw_id: int) -> ResponseReturnValue:
    """Take a commitment, or make the part of the party and show it once."""
    db, survey, opened = _found(code, draw_id)
    form = CommitForm()
    if not form.validate_on_submit():
        return _page(db, survey, opened, commit_form=form), 422
    try:
        if form.make.data:
            return _made_part(db, survey, opened, form.party.data or "")
        given = form.party.data or "", form.sha256.data or ""
        witnessing.commit(db, web.actor(), opened, *given)
        db.commit()
    except AppError as error:
        _refused(db, form, error)
        return _page(db, survey, opened, commit_form=form), error.status
    flash("Đã nhận cam kết.")
    return _back(code, draw_id)


def _made_part(db: Session, survey: Survey, opened: SampleDraw, party: str) -> str:
    """Make the part of the party, and show it: it is stored nowhere."""
    part = witnessing.make_part(db, web.actor(), opened, party)
    db.commit()
    return render_template(
        "samples/witness_part.html",
        survey=survey,
        practice=survey.is_practice,
        draw=opened,
        part=part,
    )


@bp.post("/<int:draw_id>/close")
def close(code: str, draw_id: int) -> ResponseReturnValue:
    """Fix the commitments; from now on parties may reveal."""
    db, _survey, opened = _found(code, draw_id)
    witnessing.close(db, web.actor(), opened)
    db.commit()
    flash("Đã chốt cam kết. Mọi bên ghi lại mã của bản công bố, rồi từng bên mở phần của mình.")
    return _back(code, draw_id)


@bp.post("/<int:draw_id>/reveal")
def reveal(code: str, draw_id: int) -> ResponseReturnValue:
    """Take the part of a party."""
    db, survey, opened = _found(code, draw_id)
    form = RevealForm()
    if not form.validate_on_submit():
        return _page(db, survey, opened, reveal_form=form), 422
    try:
        shown = form.part.data or "", form.nonce.data or ""
        witnessing.reveal(db, web.actor(), opened, *shown)
        db.commit()
    except AppError as error:
        _refused(db, form, error)
        return _page(db, survey, opened, reveal_form=form), error.status
    flash("Đã mở phần của mình; phần này khớp với cam kết.")
    return _back(code, draw_id)


@bp.post("/<int:draw_id>/number")
def number(code: str, draw_id: int) -> ResponseReturnValue:
    """Take the public number on its day."""
    db, survey, opened = _found(code, draw_id)
    form = NumberForm()
    if not form.validate_on_submit():
        return _page(db, survey, opened, number_form=form), 422
    try:
        witnessing.take_number(db, web.actor(), opened, form.value.data or "")
        db.commit()
    except AppError as error:
        _refused(db, form, error)
        return _page(db, survey, opened, number_form=form), error.status
    flash("Đã ghi con số công khai.")
    return _back(code, draw_id)


@bp.route("/<int:draw_id>/abandon", methods=["GET", "POST"])
def abandon(code: str, draw_id: int) -> ResponseReturnValue:
    """Give up an announced draw, with a reason."""
    db, survey, announced = _found(code, draw_id)
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            service.abandon(db, web.actor(), announced, form.reason.data or "")
            db.commit()
            flash("Đã bỏ lần chọn mẫu này; mọi biên bản sau sẽ nêu lý do.")
            return redirect(url_for("samples.index", code=code))
        except AppError as error:
            _refused(db, form, error)
    page = render_template(
        "samples/abandon.html",
        survey=survey,
        practice=survey.is_practice,
        form=form,
        draw=announced,
    )
    return page, 422 if form.errors else 200


@bp.route("/forget", methods=["GET", "POST"])
def forget(code: str) -> ResponseReturnValue:
    """Ask, then delete the contacts of whoever was not drawn."""
    db = web.session() if request.method == "POST" else web.reading()
    survey = surveys.find(db, code)
    if request.method == "POST":
        n = contacts.forget_undrawn(db, web.actor(), survey)
        db.commit()
        flash(f"Đã xóa họ tên, liên hệ của {n} người không được chọn.")
        return redirect(url_for("samples.index", code=code))
    return render_template(
        "samples/forget.html",
        survey=survey,
        practice=survey.is_practice,
        contacts=contacts.undrawn(db, survey),
    )


def _found(code: str, draw_id: int) -> tuple[Session, Survey, SampleDraw]:
    db = web.session()
    survey = surveys.find(db, code)
    return db, survey, service.find_draw(db, survey, draw_id)


def _refused(
    db: Session, form: CommitForm | NumberForm | OpenForm | ReasonForm | RevealForm, error: AppError
) -> None:
    """Take everything back and say what is wrong in the summary of the form."""
    db.rollback()
    form.form_errors.append(" ".join((error.message, *error.problems, error.fix)))


def _back(code: str, draw_id: int) -> ResponseReturnValue:
    return redirect(url_for("witness.show", code=code, draw_id=draw_id))


def _page(db: Session, survey: Survey, opened: SampleDraw, **forms: object) -> str:
    """Render the steps of a witnessed draw with the forms of the present one."""
    parties, actor = acts.parties(db, opened), web.actor()
    own = next((one for one in parties if one.account_id == actor.account_id), None)
    public = opened.public_number
    shown = {
        "commit_form": CommitForm(formdata=None),
        "reveal_form": RevealForm(formdata=None),
        "number_form": NumberForm(formdata=None),
    } | forms
    return render_template(
        "samples/witness.html",
        survey=survey,
        practice=survey.is_practice,
        draw=opened,
        parties=parties,
        own=own,
        step=_step(opened, parties, witnessing.waiting_for(db, opened)),
        waiting=witnessing.waiting_for(db, opened),
        public=public and {**public, "on": date.fromisoformat(public["date"])},
        announcement_sha256=opened.announcement and json_digest(opened.announcement),
        may={name.partition(".")[2]: actor.has_any(roles.ENDPOINTS[name]) for name in _ACTS},
        **shown,
    )


def _step(opened: SampleDraw, parties: list[SampleParty], waiting: tuple[str, ...]) -> str:
    """Name the present step: commit, close, reveal, draw, done or abandoned."""
    if opened.abandoned_at is not None:
        return "abandoned"
    if opened.drawn_at is not None:
        return "done"
    if opened.announcement is None:
        enough = len(parties) > 1 or opened.public_number is not None
        return "close" if enough else "commit"
    return "reveal" if waiting else "draw"
