"""Pages of samples: proposal, announcement, draw, protocol, lists per office."""

from collections.abc import Sequence

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from sampling.protocol import protocol_digest
from surveyapp import roles, web
from surveyapp.errors import AppError
from surveyapp.models import SampleDraw, Survey
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
from surveyapp.samples.size_decisions import Decided
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
        **_told(db, survey, draws),
        waiting=next((draw for draw in draws if draw.is_pending), None),
        is_drawn=any(draw.drawn_at for draw in draws),
        forgot=any(draw.forgot_undrawn_at for draw in draws),
        is_frozen=frame is not None and frame.frozen_at is not None,
        is_sized=frame is not None and size_decisions.latest(db, survey, frame) is not None,
        may={name.partition(".")[2]: web.actor().has_any(roles.ENDPOINTS[name]) for name in _ACTS},
        **more,
    )


def _told(db: Session, survey: Survey, draws: Sequence[SampleDraw]) -> dict[str, object]:
    """Say of the draws whom they chose, by which papers, and what each changed."""
    counts = {draw.id: protocol_paper.counts(survey, draw) for draw in draws}
    rows = [row for groups in counts.values() for _group, rows in groups for row in rows]
    return {
        "draws": list(reversed(draws)),
        "counts": counts,
        "titles": {row["stratum"]: row["title"] for row in rows},
        "digests": protocol_paper.list_digests(db, draws),
        "digest": {draw.id: protocol_digest(draw.protocol) for draw in draws if draw.protocol},
        "changes": supplement.changes(draws),
        "foreseen": supplement.foreseen(db, draws),
    }


_ACTS = (
    *("samples.announce", "samples.draw", "samples.offices"),
    *("witness.begin", "witness.abandon", "witness.forget", "waves.open_seed"),
)


@bp.route("/announce", methods=["GET", "POST"])
def announce(code: str) -> ResponseReturnValue:
    """Announce the decided sizes with a seed; both are stored before anything is drawn."""
    db = web.session_by_method()
    decided = size_decisions.decided(db, surveys.find(db, code))
    if decided is None:
        flash("Chọn cỡ mẫu trước, rồi mới công bố.")
        return redirect(url_for("sizes.edit", code=code))
    form = AnnounceForm()
    problems: tuple[str, ...] = ()
    if form.validate_on_submit():
        try:
            size_decisions.announce(db, web.actor(), decided, form.seed_asked, form.reason.data)
            db.commit()
            flash("Đã lưu hạt giống và mã băm. Giờ có thể chọn mẫu.")
            return redirect(url_for("samples.index", code=code))
        except AppError as error:
            db.rollback()
            form.form_errors.append(f"{error.message} {error.fix}")
            problems = error.problems
    return _announce_page(db, decided, form, problems), 422 if form.errors else 200


def _announce_page(
    db: Session, decided: Decided, form: AnnounceForm, problems: tuple[str, ...]
) -> str:
    """Render what is decided, whom it would change, and the seed that holds or is asked for."""
    survey = decided.survey
    proposal = service.propose(db, survey, decided.frame, decided.choices)
    changes, refusal = None, None
    try:
        changes = supplement.proposed(db, decided, proposal.plan)
    except AppError as error:  # the decided sizes are shown all the same
        refusal = error
    is_sealed = waves.is_sealed(survey, decided.earlier)
    return render_template(
        "samples/announce.html",
        survey=survey,
        practice=survey.is_practice,
        proposal=proposal,
        decision=decided.decision,
        earlier=decided.earlier,
        changes=changes,
        refusal=refusal,
        titles={s.key: s.title for group in proposal.groups for s in group.strata},
        sealed=is_sealed,
        held=None if is_sealed else announcing.held_seed(decided.earlier),
        form=form,
        problems=problems,
    )


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
