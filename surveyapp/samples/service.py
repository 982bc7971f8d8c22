"""The verbs of samples: propose, announce, draw, give up; all draws stay listed."""

import importlib.metadata

from sqlalchemy import insert
from sqlalchemy.orm import Session

from sampling import recheck
from sampling.canonical import canonical, frame_digest, json_digest
from sampling.draw import draw as draw_sample
from sampling.protocol import opening, protocol, protocol_digest
from sampling.types import Draw
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.frames import drafts
from surveyapp.models import Frame, RecheckUnit, SampleDraw, SampleUnit, Survey
from surveyapp.samples import acts, announcing, waves
from surveyapp.samples.acts import candidates, drawable, draws
from surveyapp.samples.proposal import Choices, Proposal, make_proposal
from surveyapp.samples.refusals import translated
from surveyapp.samples.verification import verify
from surveyapp.surveys.states import advance

__all__ = [
    "abandon",
    "announce",
    "candidates",
    "draw",
    "drawable",
    "draws",
    "find_draw",
    "locked",
    "prepare",
    "propose",
    "record_fixed",
    "verify",
]


def propose(db: Session, survey: Survey, frame: Frame, choices: Choices = Choices()) -> Proposal:  # noqa: B008  frozen
    """Say what a draw would take from every stratum, and what has to be decided first."""
    return make_proposal(survey, acts.counted(db, survey, frame), choices)


def announce(
    db: Session,
    actor: Actor,
    frame: Frame,
    seed: str | None,
    choices: Choices,
    secret: bytes | None = None,
) -> SampleDraw:
    """Store seed, digests and the digest of the re-check secret, before anything is drawn.

    Without a seed the program makes one and keeps it sealed for a second wave; that wave uses it.
    `secret` fixes the 32 bytes in demonstrations and tests; otherwise they are fresh.
    """
    survey = _locked_survey(db, frame.survey_id)
    known = waves.seed_of(db, survey, draws(db, survey), seed)
    announced = prepare(db, survey, frame, choices, secret)
    announced.seed, announced.seed_sha256, announced.sealed_seed = known
    announced.announced_by = actor.account_id
    db.add(announced)
    db.flush()
    if survey.first is not None:  # who may still be asked decides whether there are enough
        listed, plan, act = acts.unseeded(db, survey, announced)
        with translated():
            draw_sample(listed, plan, acts.seeded(db, survey, announced, act))
    record_fixed(db, actor, "sample.announce", announced, seed=announced.told_seed)
    return announced


def record_fixed(db: Session, actor: Actor, action: str, fixed: SampleDraw, **more: str) -> None:
    """Put the digests of a draw that is fixed and still to be carried out into the audit trail."""
    audit.record(
        db,
        actor,
        action,
        db.get_one(Survey, fixed.survey_id).code,
        draw=fixed.id,
        frame_sha256=fixed.frame_sha256,
        plan_sha256=fixed.plan_sha256,
        recheck_secret_sha256=fixed.recheck_secret_sha256,
        reason=fixed.reason,
        **more,
    )


def prepare(
    db: Session, survey: Survey, frame: Frame, choices: Choices, secret: bytes | None = None
) -> SampleDraw:
    """Fix list, plan and re-check secret of a draw whose seed is still to come; stores nothing."""
    earlier = draws(db, survey)
    waves.refuse_after_second(db, survey)
    announcing.refuse_pending(earlier)
    read = acts.read_frozen(db, survey, frame)
    announcing.check_contacts(frame, earlier)
    announcing.check_reasons(choices.reason, choices.few_reason)
    proposal = make_proposal(survey, read.counted(), choices)
    announcing.check_shares(proposal.plan)
    announcing.check_choices(survey, proposal, choices, earlier)
    sealed = recheck.new_secret() if secret is None else secret
    content = waves.coordinated(proposal.plan, survey).canonical()
    prepared = SampleDraw(
        survey_id=survey.id,
        frame_id=frame.id,
        seed="",
        frame_sha256=frame_digest(drawable(read.rows)),
        plan_sha256=json_digest(content),
        plan={
            "sample": content,
            "shortfall": choices.shortfall,
            "secret_chosen": secret is not None,
            "notes": _notes(survey, frame, proposal, choices),
            **waves.first_draw(db, survey, earlier),
        },
        recheck_secret_sha256=recheck.secret_digest(sealed),
        recheck_secret=sealed.hex(),
        reason=choices.reason.strip(),
        announced_at=clock.now(),
    )
    announcing.refuse_repeat(prepared, earlier)
    announcing.refuse_lowering(db, proposal, earlier)
    return prepared


def find_draw(db: Session, survey: Survey, draw_id: int) -> SampleDraw:
    """Return one draw of a survey."""
    found = db.get(SampleDraw, draw_id)
    if found is None or found.survey_id != survey.id:
        raise AppError(
            "SAMPLE-200",
            f"Cuộc khảo sát «{survey.code}» không có lần chọn mẫu số {draw_id}.",
            "Mở lại trang chọn mẫu của cuộc khảo sát.",
            status=404,
        )
    return found


def _locked_survey(db: Session, survey_id: int) -> Survey:
    """Lock the survey, so that of two requests at once the second sees what the first did."""
    survey = db.get_one(Survey, survey_id, with_for_update=True, populate_existing=True)
    if survey.is_locked:
        raise AppError(
            "SAMPLE-201",
            f"Cuộc khảo sát «{survey.code}» đã khóa số liệu: không chọn mẫu được nữa.",
            "Tạo cuộc khảo sát mới nếu cần.",
            status=409,
        )
    return survey


def _notes(survey: Survey, frame: Frame, proposal: Proposal, choices: Choices) -> dict[str, str]:
    """Return what the protocol says besides."""
    notes = {
        "survey": survey.code,
        "survey_plan_sha256": survey.plan_sha256,
        "frame_version": str(frame.version),
        "frame_version_sha256": frame.sha256 or "",
        "frame_rows_sha256": frame.rows_sha256 or "",
        "program": f"sipas {importlib.metadata.version('sipas')}",
        "reason": choices.reason.strip(),
        "few_reason": choices.few_reason.strip(),
        "few_agencies": "; ".join(agency.code for agency in proposal.few),
        "excluded_agencies": "; ".join(f"{a.code}: {a.exclusion}" for a in proposal.excluded),
        "nothing_to_rate": str(proposal.nothing_to_rate),
        "nobody_listed": "; ".join(proposal.nobody),
        **choices.notes,
    }
    return {key: text for key, text in notes.items() if text}


def locked(db: Session, announced: SampleDraw) -> Survey:
    """Lock a draw that is still to be carried out, and its survey."""
    survey = _locked_survey(db, announced.survey_id)
    db.refresh(announced, with_for_update=True)
    if announced.drawn_at is not None:
        raise AppError(
            "SAMPLE-213",
            "Lần chọn mẫu này đã thực hiện.",
            "Mở trang chọn mẫu để xem kết quả.",
            status=409,
        )
    if announced.abandoned_at is not None:
        raise AppError(
            "SAMPLE-241",
            f"Lần chọn mẫu này đã bỏ, lý do: {announced.abandon_reason}.",
            "Công bố lần chọn mới; lần này vẫn được nêu trong mọi biên bản sau.",
            status=409,
        )
    return survey


def draw(db: Session, actor: Actor, announced: SampleDraw) -> SampleDraw:
    """Carry out an announced draw once; store the sample, the re-check and the protocol."""
    survey = locked(db, announced)
    frame, plan, act = acts.unseeded(db, survey, announced)
    acts.check_unchanged(db, frame, announced)
    act = acts.seeded(db, survey, announced, act)
    with translated():
        opened = opening(frame, plan, act)
        drawn = draw_sample(frame, plan, act)
    announced.seed = opened["seed"] or ""
    announced.protocol = protocol(opened, drawn)
    announced.drawn_at = clock.now()
    _store_units(db, announced, drawn)
    db.flush()
    audit.record(
        db,
        actor,
        "sample.draw",
        survey.code,
        draw=announced.id,
        main=drawn.main_n,
        reserve=drawn.reserve_n,
        protocol_sha256=protocol_digest(announced.protocol),
    )
    if survey.state == "draft":
        advance(db, actor, survey, "sampled")
    drafts.tidy(db)
    return announced


def abandon(db: Session, actor: Actor, announced: SampleDraw, reason: str) -> SampleDraw:
    """Give up an announced draw; it and its seed stay listed in every later protocol."""
    survey = locked(db, announced)
    reason = announcing.checked_reason(canonical(reason))
    if not reason:
        raise AppError(
            "SAMPLE-242",
            "Bỏ một lần chọn mẫu đã công bố phải có lý do.",
            "Ghi lý do; mọi biên bản sau sẽ nêu.",
            status=422,
        )
    announced.abandoned_at = clock.now()
    announced.abandon_reason = reason
    db.flush()
    audit.record(db, actor, "sample.abandon", survey.code, draw=announced.id, reason=reason)
    return announced


def _store_units(db: Session, announced: SampleDraw, drawn: Draw) -> None:
    rows = []
    for part in drawn.strata:
        for role, units, probabilities in (
            ("main", part.main, part.main_probability),
            ("reserve", part.reserve, part.reserve_probability),
        ):
            for order, (unit, pi) in enumerate(zip(units, probabilities, strict=True), 1):
                weight = 1 / pi if role == "main" else None
                row = {"unit_code": unit, "stratum": part.stratum, "role": role, "order": order}
                rows.append(
                    row
                    | {"draw_id": announced.id}
                    | {"inclusion_probability": pi, "design_weight": weight}
                )
    again = [
        {"draw_id": announced.id, "unit_code": unit, "order": order}
        for cell in drawn.recheck
        for order, unit in enumerate(cell.chosen, 1)
    ]
    if rows:
        db.execute(insert(SampleUnit), rows)
    if again:
        db.execute(insert(RecheckUnit), again)
