"""The page on sizes: formula and allocation with live margins, and the decision."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp import web
from surveyapp.errors import AppError
from surveyapp.models import Frame, SizeDecision, Survey
from surveyapp.samples import size_decisions
from surveyapp.samples.size_decisions import Listed, Worked
from surveyapp.samples.size_forms import SizeForm, size_form
from surveyapp.samples.sizes import SizeRequest, plan_request
from surveyapp.surveys import service as surveys

bp = Blueprint("sizes", __name__, url_prefix="/surveys/<code>/sample")


@bp.route("/size", methods=["GET", "POST"])
def edit(code: str) -> ResponseReturnValue:
    """Show what a choice of sizes gives; adopt it where that is asked."""
    db = web.session() if request.method == "POST" else web.reading()
    survey = surveys.find(db, code)
    frame = _frozen(db, survey)
    decision = size_decisions.latest(db, survey, frame)
    asked = size_decisions.request_of(decision) if decision else plan_request(survey)
    listed = size_decisions.listed(db, survey, frame)
    form = size_form(survey, listed.titles, asked)
    problems: tuple[str, ...] = ()
    if form.validate_on_submit():
        try:
            asked = _asked(listed, form)
            if not form.recalculate.data:
                size_decisions.adopt(db, web.actor(), survey, frame, asked)
                db.commit()
                flash("Đã lưu phương án cỡ mẫu. Việc tiếp theo: công bố trước khi chọn mẫu.")
                return redirect(url_for("samples.announce", code=survey.code))
        except AppError as error:
            db.rollback()
            form.form_errors.append(f"{error.message} {error.fix}")
            problems = error.problems
    shown = _shown(form, size_decisions.work_out(listed, asked), decision)
    page = render_template(
        "samples/size.html", survey=survey, practice=survey.is_practice, problems=problems, **shown
    )
    return page, 422 if form.errors else 200


def _asked(listed: Listed, form: SizeForm) -> SizeRequest:
    """Return what the form asks, if it can be worked out at all."""
    asked = form.request()
    size_decisions.work_out(listed, asked)
    return asked


def _shown(form: SizeForm, worked: Worked, decision: SizeDecision | None) -> dict[str, object]:
    """Return what the page shows."""
    groups = worked.proposal.groups
    form.show_sizes({s.key: s.n for group in groups for s in group.strata})
    return {
        "form": form,
        "worked": worked,
        "decision": decision,
        "fields": {key: rest for key, *rest in form.rows},
        "unmet": size_decisions.sentences(worked.unmet),
    }


def _frozen(db: Session, survey: Survey) -> Frame:
    frame = surveys.latest_frame(db, survey)
    if frame is None or frame.frozen_at is None:
        raise AppError(
            "SAMPLE-236",
            "Chưa chốt danh sách nên chưa tính được cỡ mẫu.",
            "Nhập và chốt danh sách trước.",
            status=409,
        )
    return frame
