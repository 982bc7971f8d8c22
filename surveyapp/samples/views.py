"""Pages of samples: proposal, announcement, draw, protocol, lists per office."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from sampling.protocol import protocol_digest
from sampling.types import KEY_SEPARATOR
from surveyapp import roles, web
from surveyapp.errors import AppError
from surveyapp.models import Frame, SampleDraw, Survey
from surveyapp.samples import papers, service
from surveyapp.samples.forms import AnnounceForm, announce_form
from surveyapp.samples.proposal import Choices, Proposal, stratum_title
from surveyapp.surveys import service as surveys

bp = Blueprint("samples", __name__, url_prefix="/surveys/<code>/sample")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/")
def index(code: str) -> ResponseReturnValue:
    """Show the draws of a survey and what to do next."""
    db = web.reading()
    survey = surveys.find(db, code)
    return _page(db, survey)


def _page(db: Session, survey: Survey, **more: object) -> str:
    """Render the draws, the newest first."""
    draws = service.draws(db, survey)
    frame = surveys.latest_frame(db, survey)
    return render_template(
        "samples/index.html",
        survey=survey,
        practice=survey.is_practice,
        draws=list(reversed(draws)),
        counts={draw.id: _counts(survey, draw) for draw in draws},
        digest={draw.id: protocol_digest(draw.protocol) for draw in draws if draw.protocol},
        waiting=draws[-1] if draws and draws[-1].drawn_at is None else None,
        is_frozen=frame is not None and frame.frozen_at is not None,
        may={name: web.actor().has_any(roles.ENDPOINTS[f"samples.{name}"]) for name in _ACTS},
        **more,
    )


_ACTS = ("announce", "draw", "offices")


def _counts(survey: Survey, draw: SampleDraw) -> list[tuple[str, list[dict[str, object]]]]:
    """Return the strata drawn with their titles, by group in the order of the plan."""
    strata = draw.protocol["strata"] if draw.protocol else []
    group_of = {agency.code: agency.group_id for agency in survey.agencies}
    group_of |= {group.code: group.id for group in survey.groups}
    rows: dict[int, list[dict[str, object]]] = {group.id: [] for group in survey.groups}
    for row in strata:
        first = row["stratum"].split(KEY_SEPARATOR)[0]
        rows[group_of[first]].append({**row, "title": stratum_title(survey, row["stratum"])})
    return [(group.title, rows[group.id]) for group in survey.groups]


@bp.route("/announce", methods=["GET", "POST"])
def announce(code: str) -> ResponseReturnValue:
    """Choose quotas and seed; announcing stores both before anything is drawn."""
    db = web.session() if request.method == "POST" else web.reading()
    survey = surveys.find(db, code)
    frame = _frozen(db, survey)
    form = announce_form(survey)
    earlier = service.draws(db, survey)
    if earlier:
        form.seed.data = earlier[0].seed
    is_good = form.validate_on_submit()
    problems: tuple[str, ...] = ()
    if is_good and not form.recalculate.data:
        try:
            service.announce(db, web.actor(), frame, form.seed.data or "", form.choices())
            db.commit()
            flash("Đã lưu hạt giống và mã băm. Giờ có thể chọn mẫu.")
            return redirect(url_for("samples.index", code=code))
        except AppError as error:
            db.rollback()
            form.form_errors.append(f"{error.message} {error.fix}")
            problems = error.problems
    proposal = service.propose(db, survey, frame, form.choices() if is_good else Choices())
    status = 422 if form.errors else 200
    return _announce_page(survey, form, proposal, problems=problems, fixed=bool(earlier)), status


def _announce_page(survey: Survey, form: AnnounceForm, proposal: Proposal, **more: object) -> str:
    return render_template(
        "samples/announce.html",
        survey=survey,
        practice=survey.is_practice,
        form=form,
        proposal=proposal,
        groups=list(zip(proposal.groups, form.quotas, strict=True)),
        **more,
    )


def _frozen(db: Session, survey: Survey) -> Frame:
    frame = surveys.latest_frame(db, survey)
    if frame is None or frame.frozen_at is None:
        raise AppError(
            "SAMPLE-221",
            "Chưa chốt danh sách chọn mẫu.",
            "Nhập và chốt danh sách trước, rồi chọn mẫu.",
            status=409,
        )
    return frame


@bp.post("/<int:draw_id>/draw")
def draw(code: str, draw_id: int) -> ResponseReturnValue:
    """Carry out the announced draw."""
    db = web.session()
    found = service.find_draw(db, surveys.find(db, code), draw_id)
    service.draw(db, web.actor(), found)
    db.commit()
    flash("Đã chọn mẫu. Biên bản đã lưu, ai cũng tính lại được.")
    return redirect(url_for("samples.index", code=code))


@bp.get("/<int:draw_id>/verify")
def verify(code: str, draw_id: int) -> ResponseReturnValue:
    """Draw again from the stored list and compare."""
    db = web.reading()
    survey = surveys.find(db, code)
    found = service.find_draw(db, survey, draw_id)
    return _page(db, survey, verified=found.id, difference=service.verify(db, found))


@bp.get("/<int:draw_id>/paper/<name>")
def paper(code: str, draw_id: int, name: str) -> ResponseReturnValue:
    """Give protocol, published frame or plan, from which anybody can draw again."""
    db = web.reading()
    found = service.find_draw(db, surveys.find(db, code), draw_id)
    if name == "protocol.json":
        content, kind = papers.protocol_json(found), "application/json"
    elif name == "frame.csv":
        content, kind = papers.frame_csv(db, found), "text/csv; charset=utf-8"
    elif name == "plan.toml":
        content, kind = papers.plan_toml(found), "application/toml; charset=utf-8"
    else:
        abort(404)
    return _download(content.encode(), f"{code}-{draw_id}-{name}", kind)


@bp.post("/<int:draw_id>/offices.<any('xlsx', 'csv'):kind>")
def offices(code: str, draw_id: int, kind: str) -> ResponseReturnValue:
    """Give the drawn persons by office: names only; the look into the vault is recorded."""
    db = web.session()
    survey = surveys.find(db, code)
    listed = papers.office_list(db, web.actor(), service.find_draw(db, survey, draw_id))
    db.commit()
    name = f"{code}-danh-sach-theo-noi-nhan.{kind}"
    if kind == "csv":
        return _download(papers.offices_csv(survey, listed), name, "text/csv; charset=utf-8")
    return _download(papers.offices_xlsx(survey, listed), name, _XLSX)


def _download(content: bytes, name: str, kind: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
