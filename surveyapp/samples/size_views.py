"""The page on sizes: formula and allocation with live margins, and the decision."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp import web
from surveyapp.errors import AppError
from surveyapp.models import Frame, Survey
from surveyapp.samples import size_decisions, size_margins
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
    frame = _stored(db, survey)
    decision = size_decisions.latest(db, survey, frame)
    asked = size_decisions.request_of(decision) if decision else plan_request(survey)
    listed = size_decisions.listed(db, survey, frame)
    form = size_form(survey, listed.titles, asked)
    is_current = not form.is_submitted()
    problems: tuple[str, ...] = ()
    if form.validate_on_submit():
        try:
            asked = _asked(listed, form)
            is_current = True
            if not form.recalculate.data:
                size_decisions.adopt(db, web.actor(), survey, frame, asked)
                db.commit()
                flash("Đã lưu phương án cỡ mẫu. Việc tiếp theo: công bố trước khi chọn mẫu.")
                return redirect(url_for("samples.announce", code=survey.code))
        except AppError as error:
            db.rollback()
            form.form_errors.append(f"{error.message} {error.fix}")
            problems = error.problems
    worked = size_decisions.work_out(listed, asked)
    if is_current:
        form.show_sizes({s.key: s.n for group in worked.proposal.groups for s in group.strata})
    shown = {"decision": decision, "is_current": is_current, "problems": problems}
    page = _page(survey, form, worked, frame=frame, **shown)
    return page, 422 if form.errors else 200


def _page(survey: Survey, form: SizeForm, worked: Worked, **shown: object) -> str:
    """Render the page; `is_current` says that the tables belong to what the fields hold."""
    return render_template(
        "samples/size.html",
        survey=survey,
        practice=survey.is_practice,
        form=form,
        fields={key: rest for key, *rest in form.rows},
        worked=worked,
        unmet=size_decisions.sentences(worked.unmet),
        too_small=size_margins.too_small(survey, worked.proposal),
        **shown,
    )


def _asked(listed: Listed, form: SizeForm) -> SizeRequest:
    """Return what the form asks, if it can be worked out at all."""
    asked = form.request()
    size_decisions.work_out(listed, asked)
    return asked


def _stored(db: Session, survey: Survey) -> Frame:
    """Return the newest list; before it is frozen sizes can be tried, not adopted."""
    frame = surveys.latest_frame(db, survey)
    if frame is None:
        raise AppError(
            "SAMPLE-236",
            "Chưa có danh sách nên chưa tính được cỡ mẫu.",
            "Nhập danh sách trước.",
            status=409,
        )
    return frame
