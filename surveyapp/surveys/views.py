"""Pages of surveys: list, new survey, first page, agencies, steps."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from surveyapp import roles, web
from surveyapp.errors import AppError
from surveyapp.forms import Form
from surveyapp.models import Survey
from surveyapp.surveys import definitions, keys, labels, service
from surveyapp.surveys.forms import OWN_FILE, DecisionForm, ExclusionForm, PlanForm
from surveyapp.surveys.plan import load_plan

bp = Blueprint("surveys", __name__, url_prefix="/surveys")


@bp.get("/")
def index() -> ResponseReturnValue:
    """List the surveys; whoever has no part in them sees title and state only."""
    return render_template(
        "surveys/index.html",
        surveys=service.surveys(web.reading()),
        labels=labels,
        may_open=web.actor().has_any(roles.ENDPOINTS["surveys.show"]),
        may_create=web.actor().has_any(roles.ENDPOINTS["surveys.create"]),
        rechecks=web.actor().has_any(roles.ENDPOINTS.get("recheck.index", frozenset())),
    )


@bp.route("/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    """Make a survey of a shipped plan or of a file."""
    form = PlanForm(
        {n: load_plan(definitions.plan_text(n)).title for n in definitions.plan_names()}
    )
    problems: tuple[str, ...] = ()
    if form.validate_on_submit():
        try:
            db = web.session()
            survey = service.create_from_plan(
                db, web.actor(), _plan_text(form), is_practice=form.practice.data
            )
            db.commit()
            return redirect(url_for("surveys.show", code=survey.code))
        except AppError as error:
            form.form_errors.append(f"{error.message} {error.fix}")
            problems = error.problems
    status = 422 if form.errors or form.form_errors else 200
    return render_template("surveys/create.html", form=form, problems=problems), status


def _plan_text(form: PlanForm) -> str:
    """Return the chosen plan."""
    if form.plan.data != OWN_FILE:
        return definitions.plan_text(form.plan.data)
    upload = form.file.data
    if not isinstance(upload, FileStorage) or not upload.filename:
        raise AppError("SURVEY-050", "Chưa chọn tệp kế hoạch.", "Chọn một tệp .toml.", 422)
    try:
        text: str = upload.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AppError(
            "SURVEY-051",
            f"Tệp «{upload.filename}» không phải văn bản UTF-8.",
            "Mở bằng Notepad, lưu lại với mã hóa UTF-8.",
            422,
        ) from error
    return text


@bp.get("/<code>/")
def show(code: str) -> ResponseReturnValue:
    """Show what to do next, the way so far and what has come in."""
    db = web.reading()
    survey = service.find(db, code)
    step = service.next_step(db, survey)
    path = service.path(db, survey)
    progress = service.progress(db, survey)
    return render_template(
        "surveys/show.html",
        **_head(survey),
        step=step,
        step_url=_url(step.endpoint, step.values),
        links={one.number: _url(one.endpoint, {"code": code}) for one in path},
        path=path,
        progress=progress,
        quiet=service.quiet_agencies(survey, progress),
        devices_url=_url("devices.index", {"code": code}) if survey.kind == "service" else None,
        left_out=[agency for agency in survey.agencies if agency.exclusion],
    )


def _url(endpoint: str, values: Mapping[str, Any]) -> str | None:
    """Return the address of a page if the official may open it."""
    allowed = roles.ENDPOINTS.get(endpoint, frozenset())
    if endpoint not in current_app.view_functions or not web.actor().has_any(allowed):
        return None
    return url_for(endpoint, **values)


def _head(survey: Survey) -> dict[str, object]:
    """Return what every page of a survey needs."""
    return {"survey": survey, "practice": survey.is_practice, "labels": labels}


@bp.get("/<code>/agencies")
def agencies(code: str) -> ResponseReturnValue:
    """List the rated agencies, those left out with their reasons."""
    survey = service.find(web.reading(), code)
    may_change = survey.state == "draft" and web.actor().has_any(roles.ENDPOINTS["surveys.exclude"])
    members = {
        group.id: [agency for agency in survey.agencies if agency.group_id == group.id]
        for group in survey.groups
    }
    return render_template(
        "surveys/agencies.html", **_head(survey), members=members, may_change=may_change
    )


@bp.route("/<code>/agencies/<agency_code>/exclude", methods=["GET", "POST"])
def exclude(code: str, agency_code: str) -> ResponseReturnValue:
    """Leave an agency out of the measurement."""
    db = web.session_by_method()
    survey = service.find(db, code)
    agency = service.agency_of(survey, agency_code)
    form = ExclusionForm(data=_prefilled())
    if form.validate_on_submit():
        try:
            exclusion = service.Exclusion(form.reason.data, form.count.data, form.threshold.data)
            service.exclude_agency(db, web.actor(), survey, agency_code, exclusion)
            db.commit()
            flash(f"Đã đưa «{agency.title}» ra ngoài diện đo lường.")
            return redirect(url_for("surveys.agencies", code=code))
        except AppError as error:
            form.form_errors.append(f"{error.message} {error.fix}")
    status = 422 if form.errors or form.form_errors else 200
    return render_template(
        "surveys/exclude.html", **_head(survey), agency=agency, form=form
    ), status


def _prefilled() -> dict[str, object]:
    """Return what a page that counted an agency's transactions knows of the reason."""
    count = request.args.get("count", type=int)
    if count is None:
        return {}
    if count == 0:
        return {"reason": "no_transactions"}
    threshold = request.args.get("threshold", type=int)
    return {"reason": "too_few_transactions", "count": count, "threshold": threshold}


@bp.post("/<code>/agencies/<agency_code>/include")
def include(code: str, agency_code: str) -> ResponseReturnValue:
    """Take an agency back into the measurement."""
    db = web.session()
    agency = service.include_agency(db, web.actor(), service.find(db, code), agency_code)
    db.commit()
    flash(f"Đã đưa «{agency.title}» trở lại diện đo lường.")
    return redirect(url_for("surveys.agencies", code=code))


@bp.route("/<code>/advance/<to>", methods=["GET", "POST"])
def advance(code: str, to: str) -> ResponseReturnValue:
    """Show what the next step needs and warns of, and take it."""
    db = web.session_by_method()
    survey = service.find(db, code)
    form = DecisionForm() if to == "approved" else Form()
    if form.validate_on_submit():
        for text in service.advance(db, web.actor(), survey, to, decision=_decision(form)):
            flash(text)
        db.commit()
        if to == "locked":
            keys.destroy_spare(web.settings().keys, code)
        return redirect(url_for("surveys.show", code=code))
    if to != service.next_state(survey):
        return redirect(url_for("surveys.show", code=code))
    # The lock opens what waits by itself, and the form below brings the decision.
    lacking = () if to in ("locked", "approved") else service.missing(db, survey, to)
    notes = service.warnings(survey, to)
    page = render_template(
        "surveys/advance.html", **_head(survey), to=to, form=form, lacking=lacking, notes=notes
    )
    return page, 422 if form.errors else 200


def _decision(form: Form) -> service.Decision | None:
    if isinstance(form, DecisionForm):
        return service.Decision(form.number.data, form.signed_on.data)
    return None


@bp.route("/<code>/remove", methods=["GET", "POST"])
def remove_practice(code: str) -> ResponseReturnValue:
    """Remove a practice survey, after one question."""
    db = web.session_by_method()
    survey = service.find(db, code)
    form = Form()
    if form.validate_on_submit():
        removed = service.remove_practice(db, web.actor(), survey)
        db.commit()
        keys.remove(web.settings().keys, removed)
        flash("Đã xóa cuộc khảo sát tập dượt.")
        return redirect(url_for("surveys.index"))
    return render_template("surveys/remove.html", **_head(survey), form=form)
