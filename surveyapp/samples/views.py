"""Pages of samples: proposal, announcement, draw, protocol, lists per office."""

from dataclasses import replace

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from sampling.protocol import protocol_digest
from surveyapp import roles, web
from surveyapp.errors import AppError
from surveyapp.models import Frame, SampleDraw, Survey
from surveyapp.samples import (
    announcing,
    papers,
    protocol_paper,
    service,
    size_decisions,
    supplement,
    waves,
)
from surveyapp.samples.forms import AnnounceForm
from surveyapp.samples.proposal import Proposal
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
    waiting = next((draw for draw in draws if draw.is_pending), None)
    return render_template(
        "samples/index.html",
        survey=survey,
        practice=survey.is_practice,
        draws=list(reversed(draws)),
        counts={draw.id: protocol_paper.counts(survey, draw) for draw in draws},
        digests={draw.id: protocol_paper.list_digests(db, draw) for draw in draws},
        titles={
            row["stratum"]: row["title"]
            for draw in draws
            for _group, rows in protocol_paper.counts(survey, draw)
            for row in rows
        },
        changes={draw.id: supplement.changes(db, draw) for draw in draws},
        digest={draw.id: protocol_digest(draw.protocol) for draw in draws if draw.protocol},
        waiting=waiting,
        foreseen=supplement.foreseen(db, waiting) if waiting else None,
        is_drawn=any(draw.drawn_at for draw in draws),
        forgot=any(draw.forgot_undrawn_at for draw in draws),
        is_frozen=frame is not None and frame.frozen_at is not None,
        may={name.partition(".")[2]: web.actor().has_any(roles.ENDPOINTS[name]) for name in _ACTS},
        **more,
    )


_ACTS = (
    *("samples.announce", "samples.draw", "samples.offices"),
    *("witness.begin", "witness.abandon", "witness.forget", "waves.open_seed"),
)


@bp.route("/announce", methods=["GET", "POST"])
def announce(code: str) -> ResponseReturnValue:
    """Announce the decided sizes with a seed; both are stored before anything is drawn."""
    db = web.session() if request.method == "POST" else web.reading()
    survey = surveys.find(db, code)
    frame = frozen(db, survey)
    decision = size_decisions.latest(db, survey, frame)
    if decision is None:
        flash("Chọn cỡ mẫu trước, rồi mới công bố.")
        return redirect(url_for("sizes.edit", code=code))
    form = AnnounceForm()
    earlier = service.draws(db, survey)
    sealed = waves.is_sealed(survey, earlier)
    held = None if sealed else announcing.held_seed(earlier)
    if held or sealed:
        form.seed.data = held
    choices = size_decisions.choices_of(decision)
    problems: tuple[str, ...] = ()
    if form.validate_on_submit():
        choices = replace(choices, reason=form.reason.data or choices.reason)
        try:
            seed = waves.seed_asked(survey, earlier, form.seed.data, seal=form.seal.data)
            service.announce(db, web.actor(), frame, seed, choices)
            db.commit()
            flash("Đã lưu hạt giống và mã băm. Giờ có thể chọn mẫu.")
            return redirect(url_for("samples.index", code=code))
        except AppError as error:
            db.rollback()
            form.form_errors.append(f"{error.message} {error.fix}")
            problems = error.problems
    shown = {"form": form, "problems": problems, "decision": decision}
    shown |= {"held": held, "sealed": sealed}
    page = _announce_page(survey, service.propose(db, survey, frame, choices), earlier, **shown)
    return page, 422 if form.errors else 200


def _announce_page(
    survey: Survey, proposal: Proposal, earlier: list[SampleDraw], **more: object
) -> str:
    return render_template(
        "samples/announce.html",
        survey=survey,
        practice=survey.is_practice,
        proposal=proposal,
        earlier=earlier,
        **more,
    )


def frozen(db: Session, survey: Survey) -> Frame:
    """Return the latest list, if it is frozen."""
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
    survey = surveys.find(db, code)
    found = service.find_draw(db, survey, draw_id)
    try:
        paper = papers.paper(db, survey, found, name)
    except KeyError:
        abort(404)
    return _download(paper.content, f"{code}-{draw_id}-{name}", paper.kind)


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
