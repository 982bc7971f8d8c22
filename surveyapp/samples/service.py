"""The verbs of samples: propose, announce, draw, verify; all draws stay listed."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sampling import recheck
from sampling.canonical import frame_digest, json_digest
from sampling.draw import draw as draw_sample
from sampling.frame_checks import make_frame
from sampling.protocol import Difference, first_difference, opening, protocol, protocol_digest
from sampling.protocol import verify as verify_protocol
from sampling.types import Act, CellRecheck, Draw, Plan
from sampling.types import Frame as SamplingFrame
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Frame, FrameRow, RecheckUnit, SampleDraw, SampleUnit, Survey
from surveyapp.samples import announcing
from surveyapp.samples.proposal import (
    Choices,
    Proposal,
    make_proposal,
)
from surveyapp.samples.rating import Candidate, RatingRules, codes
from surveyapp.samples.refusals import translated
from surveyapp.surveys.states import advance


def candidates(db: Session, survey: Survey, frame: Frame) -> list[Candidate]:
    """Return every row of a frame with the agencies that it may rate."""
    rules = RatingRules(survey)
    columns = (
        FrameRow.unit_code,
        FrameRow.person_code,
        FrameRow.stratum,
        FrameRow.group_code,
        FrameRow.attributes,
    )
    rows = db.execute(select(*columns).where(FrameRow.frame_id == frame.id).order_by(columns[0]))
    return [
        Candidate(
            unit,
            person,
            stratum,
            group,
            rules.eligible(group, attributes),
            frozenset(codes(attributes.get("own_agencies"))),
        )
        for unit, person, stratum, group, attributes in rows
    ]


def drawable(rows: Sequence[Candidate]) -> SamplingFrame:
    """Return the frame that is drawn from: pseudonyms and strata of all who may rate somebody."""
    kept = [row for row in rows if row.rated]
    with translated():
        return make_frame([row.unit for row in kept], [row.stratum for row in kept])


def propose(db: Session, survey: Survey, frame: Frame, choices: Choices = Choices()) -> Proposal:  # noqa: B008  frozen
    """Say what a draw would take from every stratum, and what has to be decided first."""
    rows = candidates(db, survey, frame)
    return make_proposal(survey, rows, drawable(rows), choices)


def announce(
    db: Session,
    actor: Actor,
    frame: Frame,
    seed: str,
    choices: Choices,
    secret: bytes | None = None,
) -> SampleDraw:
    """Store seed, digests and the digest of the re-check secret, before anything is drawn.

    `secret` fixes the 32 bytes in demonstrations and tests; otherwise they are fresh.
    """
    survey = _locked_survey(db, frame.survey_id)
    earlier = draws(db, survey)
    announcing.check_frame(db, survey, frame)
    seed = announcing.checked_seed(seed, earlier)
    proposal = propose(db, survey, frame, choices)
    announcing.check_shares(proposal.plan)
    announcing.check_choices(survey, proposal, choices, earlier)
    sealed = recheck.new_secret() if secret is None else secret
    content = proposal.plan.canonical()
    announced = SampleDraw(
        survey_id=survey.id,
        frame_id=frame.id,
        seed=seed,
        frame_sha256=frame_digest(proposal.frame),
        plan_sha256=json_digest(content),
        plan={
            "sample": content,
            "shortfall": choices.shortfall,
            "secret_chosen": secret is not None,
        }
        | {"notes": _notes(survey, frame, proposal, choices)},
        recheck_secret_sha256=recheck.secret_digest(sealed),
        recheck_secret=sealed.hex(),
        reason=choices.reason.strip(),
        announced_at=clock.now(),
        announced_by=actor.account_id,
    )
    announcing.refuse_repeat(announced, earlier)
    announcing.refuse_lowering(db, proposal, earlier)
    db.add(announced)
    db.flush()
    audit.record(
        db,
        actor,
        "sample.announce",
        survey.code,
        draw=announced.id,
        seed=seed,
        frame_sha256=announced.frame_sha256,
        plan_sha256=announced.plan_sha256,
        recheck_secret_sha256=announced.recheck_secret_sha256,
        reason=announced.reason,
    )
    return announced


def draws(db: Session, survey: Survey) -> list[SampleDraw]:
    """Return all draws of a survey, announced or carried out, the first one first."""
    return list(
        db.scalars(
            select(SampleDraw).where(SampleDraw.survey_id == survey.id).order_by(SampleDraw.id)
        )
    )


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
        "program": f"sipas {importlib.metadata.version('sipas')}",
        "reason": choices.reason.strip(),
        "few_reason": choices.few_reason.strip(),
        "few_agencies": "; ".join(agency.code for agency in proposal.few),
        "excluded_agencies": "; ".join(f"{a.code}: {a.exclusion}" for a in proposal.excluded),
        "nothing_to_rate": str(len(proposal.nothing_to_rate)),
        **choices.notes,
    }
    return {key: text for key, text in notes.items() if text}


def draw(db: Session, actor: Actor, announced: SampleDraw) -> SampleDraw:
    """Carry out an announced draw once; store the sample, the re-check and the protocol."""
    survey = _locked_survey(db, announced.survey_id)
    db.refresh(announced, with_for_update=True)
    if announced.drawn_at is not None:
        raise AppError(
            "SAMPLE-213",
            "Lần chọn mẫu này đã thực hiện.",
            "Mở trang chọn mẫu để xem kết quả.",
            status=409,
        )
    frame, plan, act = _act(db, survey, announced)
    if frame_digest(frame) != announced.frame_sha256:
        raise AppError(
            "SAMPLE-214",
            "Danh sách đã thay đổi sau khi công bố hạt giống; chưa chọn ai.",
            "Khôi phục danh sách đã chốt, hoặc báo quản trị hệ thống kiểm tra nhật ký.",
            status=409,
        )
    with translated():
        drawn = draw_sample(frame, plan, act)
        announced.protocol = protocol(opening(frame, plan, act), drawn)
    announced.drawn_at = clock.now()
    _store_units(db, announced, drawn)
    _store_recheck(db, announced, drawn, plan)
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
    return announced


def _act(db: Session, survey: Survey, announced: SampleDraw) -> tuple[SamplingFrame, Plan, Act]:
    """Return what an announced draw works on."""
    stored = announced.plan
    earlier = [one for one in draws(db, survey) if one.id < announced.id and one.protocol]
    act = Act(
        seed=announced.seed,
        secret=bytes.fromhex(announced.recheck_secret),
        secret_chosen=stored["secret_chosen"],
        recheck_lists="sealed",
        shortfall=stored["shortfall"],
        previous=tuple(_earlier(one) for one in earlier),
        notes={**stored["notes"], "announced_at": announced.announced_at.isoformat()},
    )
    return _frame_of(db, survey, announced), _plan(stored["sample"]), act


def _earlier(one: SampleDraw) -> Mapping[str, str]:
    digest = protocol_digest(one.protocol or {})
    return {"protocol_sha256": digest, "seed": one.seed, "reason": one.reason}


def _frame_of(db: Session, survey: Survey, announced: SampleDraw) -> SamplingFrame:
    return drawable(candidates(db, survey, db.get_one(Frame, announced.frame_id)))


def _plan(content: Mapping[str, Any]) -> Plan:
    """Read back the plan of a draw."""
    return Plan(
        unit_id=content["unit_id"],
        stratum=tuple(content["stratum"]),
        quotas=content["quotas"],
        reserve_share=Fraction(content["reserve_share"]),
        recheck_share=Fraction(content["recheck_share"]),
    )


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
    if rows:
        db.execute(insert(SampleUnit), rows)


def _store_recheck(db: Session, announced: SampleDraw, drawn: Draw, plan: Plan) -> None:
    rows = [
        {"draw_id": announced.id, "unit_code": unit, "order": order}
        for cell in _recheck(db, announced, drawn_main(drawn), plan)
        for order, unit in enumerate(cell.chosen, 1)
    ]
    if rows:
        db.execute(insert(RecheckUnit), rows)


def drawn_main(drawn: Draw) -> dict[str, tuple[str, ...]]:
    """Return the main units of every stratum."""
    return {part.stratum: part.main for part in drawn.strata}


def _recheck(
    db: Session, announced: SampleDraw, main: Mapping[str, Sequence[str]], plan: Plan
) -> tuple[CellRecheck, ...]:
    """Choose the re-check among the units that no earlier draw has taken, by stratum."""
    known = set(
        db.scalars(
            select(SampleUnit.unit_code)
            .join(SampleDraw, SampleDraw.id == SampleUnit.draw_id)
            .where(
                SampleDraw.frame_id == announced.frame_id,
                SampleDraw.id < announced.id,
                SampleUnit.role == "main",
            )
        )
    )
    fresh = {key: [unit for unit in units if unit not in known] for key, units in main.items()}
    secret = bytes.fromhex(announced.recheck_secret)
    with translated():
        return recheck.select(fresh, secret, plan.recheck_share)


def verify(db: Session, drawn: SampleDraw) -> Difference | None:
    """Recompute a draw from the frame's rows; the first difference, or None where all agrees."""
    if drawn.protocol is None:
        raise AppError(
            "SAMPLE-215",
            "Lần chọn mẫu này chưa thực hiện, chưa có gì để kiểm tra.",
            "Thực hiện chọn mẫu trước.",
            status=409,
        )
    survey = db.get_one(Survey, drawn.survey_id)
    frame, plan, _ = _act(db, survey, drawn)
    with translated():
        found = verify_protocol(frame, plan, drawn.protocol)
    if found is None:
        said = {"frame": drawn.protocol["frame"]["sha256"], "seed": drawn.protocol["seed"]}
        announced = {"frame": drawn.frame_sha256, "seed": drawn.seed}
        found = first_difference(said, announced, "announced")
    return found or _stored_differences(db, drawn, plan, drawn.protocol["lists"])


def _stored_differences(
    db: Session, drawn: SampleDraw, plan: Plan, lists: Mapping[str, Any]
) -> Difference | None:
    """Hold the stored sample against the protocol, and the re-check against its secret."""
    stored: dict[str, dict[str, list[str]]] = {"main": {}, "reserve": {}}
    rows = select(SampleUnit).where(SampleUnit.draw_id == drawn.id)
    for unit in db.scalars(rows.order_by(SampleUnit.stratum, SampleUnit.order)):
        stored[unit.role].setdefault(unit.stratum, []).append(unit.unit_code)
    listed = {
        role: {part["stratum"]: part["ids"] for part in lists[role] if part["ids"]}
        for role in stored
    }
    if found := first_difference(stored, listed, "sample"):
        return found
    cells = _recheck(db, drawn, listed["main"], plan)
    computed = sorted(unit for cell in cells for unit in cell.chosen)
    rechecked = db.scalars(select(RecheckUnit.unit_code).where(RecheckUnit.draw_id == drawn.id))
    same = sorted(rechecked) == computed
    return None if same else Difference("recheck", "đã lưu", "khác với bí mật phúc tra")
