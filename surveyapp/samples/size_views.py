"""The page on sizes: formula and allocation with live margins, and the decision."""

from dataclasses import dataclass, replace

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from surveyapp import web
from surveyapp.errors import AppError
from surveyapp.samples import size_decisions, size_margins
from surveyapp.samples.size_decisions import Listed, OnNewest
from surveyapp.samples.size_forms import SizeForm, size_form
from surveyapp.samples.sizes import SizeRequest
from surveyapp.surveys import service as surveys

bp = Blueprint("sizes", __name__, url_prefix="/surveys/<code>/sample")


@bp.route("/size", methods=["GET", "POST"])
def edit(code: str) -> ResponseReturnValue:
    """Show what a choice of sizes gives; adopt it where that is asked."""
    db = web.session_by_method()
    survey = surveys.find(db, code)
    on = size_decisions.on_newest(db, survey)
    form = size_form(survey, on.listed.titles, on.asked)
    tried = _Tried(on.asked, is_current=not form.is_submitted())
    if form.validate_on_submit():
        try:
            tried = _Tried(_asked(on.listed, form), is_current=True)
            if not form.recalculate.data:
                size_decisions.adopt(db, web.actor(), survey, on.frame, tried.asked)
                db.commit()
                flash("Đã lưu phương án cỡ mẫu. Việc tiếp theo: công bố trước khi chọn mẫu.")
                return redirect(url_for("samples.announce", code=survey.code))
        except AppError as error:
            db.rollback()
            form.form_errors.append(f"{error.message} {error.fix}")
            tried = replace(tried, problems=error.problems)
    return _page(on, form, tried), 422 if form.errors else 200


@dataclass(frozen=True, slots=True)
class _Tried:
    """What the tables show, whether that is what the fields hold, and what was refused of it."""

    asked: SizeRequest
    is_current: bool
    problems: tuple[str, ...] = ()


def _page(on: OnNewest, form: SizeForm, tried: _Tried) -> str:
    """Work out what was tried and render it."""
    survey = on.listed.survey
    worked = size_decisions.work_out(on.listed, tried.asked)
    if tried.is_current:
        form.show_sizes({s.key: s.n for group in worked.proposal.groups for s in group.strata})
    return render_template(
        "samples/size.html",
        survey=survey,
        practice=survey.is_practice,
        form=form,
        fields={key: rest for key, *rest in form.rows},
        worked=worked,
        unmet=size_decisions.sentences(worked.unmet),
        too_small=size_margins.too_small(survey, worked.proposal),
        frame=on.frame,
        decision=on.decision,
        is_current=tried.is_current,
        problems=tried.problems,
    )


def _asked(listed: Listed, form: SizeForm) -> SizeRequest:
    """Return what the form asks, if it can be worked out at all."""
    asked = form.request()
    size_decisions.work_out(listed, asked)
    return asked
