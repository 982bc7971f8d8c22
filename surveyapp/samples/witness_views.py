"""Pages of a witnessed draw: open, commit, close, reveal; giving up; deleting the undrawn."""

from collections.abc import Callable, Mapping
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from sampling import witness
from sampling.canonical import json_digest
from surveyapp import roles, web
from surveyapp.errors import AppError
from surveyapp.models import SampleDraw, SampleParty, Survey
from surveyapp.samples import acts, contacts, service, size_decisions, witnessing
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
    db = web.session_by_method()
    survey = surveys.find(db, code)
    decided = size_decisions.decided(db, survey)
    if decided is None:
        flash("Chọn cỡ mẫu trước, rồi mới mở lần chọn có chứng kiến.")
        return redirect(url_for("sizes.edit", code=code))
    form = OpenForm()
    if form.validate_on_submit():
        try:
            choices = decided.choices.because(form.reason.data)
            opened = witnessing.open_draw(db, web.actor(), decided.frame, choices, form.public())
            db.commit()
            flash("Đã chốt. Đọc hai mã băm cho mọi bên ghi lại.")
            return _back(code, opened.id)
        except AppError as error:
            _refused(db, form, error)
    page = {"survey": survey, "practice": survey.is_practice, "form": form}
    return render_template("samples/witness_open.html", **page), 422 if form.errors else 200


@bp.get("/<int:draw_id>/witness")
def show(code: str, draw_id: int) -> ResponseReturnValue:
    """Show how far a witnessed draw is, and what this official can do now."""
    db = web.reading()
    survey = surveys.find(db, code)
    return _page(db, survey, service.find_draw(db, survey, draw_id))


@bp.post("/<int:draw_id>/commit")
def commit(code: str, draw_id: int) -> ResponseReturnValue:
    """Take a commitment, or make the part of the party and show it once."""
    form = CommitForm()

    def verb(db: Session, opened: SampleDraw) -> object:
        party = form.party.data or ""
        if form.make.data:
            return witnessing.make_part(db, web.actor(), opened, party)
        return witnessing.commit(db, web.actor(), opened, party, form.sha256.data or "")

    given, refusal = _tried(code, draw_id, {"commit_form": form}, verb)
    if refusal is not None:
        return refusal
    if isinstance(given, witness.Part):
        return _part_page(code, draw_id, given)
    flash("Đã nhận cam kết.")
    return _back(code, draw_id)


def _part_page(code: str, draw_id: int, part: witness.Part) -> str:
    """Show the part of a party: it is stored nowhere."""
    db = web.reading()
    survey = surveys.find(db, code)
    opened = service.find_draw(db, survey, draw_id)
    page = {"survey": survey, "practice": survey.is_practice, "draw": opened, "part": part}
    return render_template("samples/witness_part.html", **page)


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
    form = RevealForm()

    def verb(db: Session, opened: SampleDraw) -> object:
        shown = form.part.data or "", form.nonce.data or ""
        return witnessing.reveal(db, web.actor(), opened, *shown)

    _, refusal = _tried(code, draw_id, {"reveal_form": form}, verb)
    if refusal is not None:
        return refusal
    flash("Đã mở phần của mình; phần này khớp với cam kết.")
    return _back(code, draw_id)


@bp.post("/<int:draw_id>/number")
def number(code: str, draw_id: int) -> ResponseReturnValue:
    """Take the public number on its day."""
    form = NumberForm()

    def verb(db: Session, opened: SampleDraw) -> object:
        return witnessing.take_number(db, web.actor(), opened, form.value.data or "")

    _, refusal = _tried(code, draw_id, {"number_form": form}, verb)
    if refusal is not None:
        return refusal
    flash("Đã ghi con số công khai.")
    return _back(code, draw_id)


def _tried(
    code: str,
    draw_id: int,
    named: Mapping[str, CommitForm | NumberForm | RevealForm],
    verb: Callable[[Session, SampleDraw], object],
) -> tuple[object, ResponseReturnValue | None]:
    """Try what the form of the present step asks; give what came of it, or the page that refuses.

    `named` is the form under the name that the page has for it.
    """
    db, survey, opened = _found(code, draw_id)
    (form,) = named.values()
    if not form.validate_on_submit():
        return None, (_page(db, survey, opened, **named), 422)
    try:
        done = verb(db, opened)
        db.commit()
    except AppError as error:
        _refused(db, form, error)
        return None, (_page(db, survey, opened, **named), error.status)
    return done, None


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
    page = {"survey": survey, "practice": survey.is_practice, "form": form, "draw": announced}
    return render_template("samples/abandon.html", **page), 422 if form.errors else 200


@bp.route("/forget", methods=["GET", "POST"])
def forget(code: str) -> ResponseReturnValue:
    """Ask, then delete the contacts of whoever was not drawn."""
    db = web.session_by_method()
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
    db = web.session_by_method()
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
