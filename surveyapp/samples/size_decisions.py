"""The verbs of sizes: work them out, adopt them for a frame, hand them to the announcement."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling.canonical import json_digest
from sampling.errors import Shortfall
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Frame, SampleDraw, SizeDecision, Survey
from surveyapp.samples import acts, announcing, service, waves
from surveyapp.samples.proposal import Choices, Proposal, make_proposal, stratum_title
from surveyapp.samples.rating import Alike, pop_sizes
from surveyapp.samples.refusals import shortfall_sentence, translated
from surveyapp.samples.size_margins import SizeTable, size_table
from surveyapp.samples.sizes import SizeRequest, Split, plan_request, split
from surveyapp.samples.waves import SeedAsked
from surveyapp.surveys import service as surveys


@dataclass(frozen=True, slots=True)
class Listed:
    """A frame as sizes are worked out on it: its rows counted, and what can be drawn per group."""

    survey: Survey
    rows: tuple[Alike, ...]
    pop_sizes: dict[str, dict[str, int]]

    @property
    def titles(self) -> dict[str, str]:
        """Words on screens for every stratum, in the order of the plan's groups."""
        keys = (key for strata in self.pop_sizes.values() for key in strata)
        return {key: stratum_title(self.survey, key) for key in keys}


@dataclass(frozen=True, slots=True)
class Decided:
    """What is announced or opened next: a frozen list, the sizes for it, the draws so far."""

    survey: Survey
    frame: Frame
    decision: SizeDecision
    earlier: tuple[SampleDraw, ...]

    @property
    def choices(self) -> Choices:
        """What an announcement takes over."""
        return choices_of(self.decision)


@dataclass(frozen=True, slots=True)
class OnNewest:
    """The newest list, the sizes adopted for it, and what is asked where nothing else is."""

    frame: Frame
    decision: SizeDecision | None
    asked: SizeRequest
    listed: Listed


@dataclass(frozen=True, slots=True)
class Worked:
    """A request with what it would draw, how precise that is, and which bounds it breaks."""

    request: SizeRequest
    split: Split
    proposal: Proposal
    table: SizeTable

    @property
    def unmet(self) -> tuple[Shortfall, ...]:
        """Everything that cannot be met as asked: lists too short, bounds broken."""
        return self.proposal.shortfalls + self.split.blocked


def listed(db: Session, survey: Survey, frame: Frame) -> Listed:
    """Count a frame once; every request is worked out on it."""
    return _listed(survey, acts.counted(db, survey, frame))


def _listed(survey: Survey, rows: Sequence[Alike]) -> Listed:
    by_group: dict[str, dict[str, int]] = {group.code: {} for group in survey.groups}
    groups = {row.stratum: row.group for row in rows}
    for key, n in pop_sizes(rows).items():
        by_group[groups[key]][key] = n
    return Listed(survey, tuple(rows), by_group)


def on_newest(db: Session, survey: Survey) -> OnNewest:
    """Return the newest list; before it is frozen sizes can be tried, not adopted."""
    frame = surveys.latest_frame(db, survey)
    if frame is None:
        raise AppError(
            "SAMPLE-236",
            "Chưa có danh sách nên chưa tính được cỡ mẫu.",
            "Nhập danh sách trước.",
            status=409,
        )
    decision = latest(db, survey, frame)
    asked = request_of(decision) if decision else plan_request(survey)
    return OnNewest(frame, decision, asked, listed(db, survey, frame))


def work_out(on: Listed, request: SizeRequest) -> Worked:
    """Say what a request gives; nothing is stored."""
    with translated():
        found = split(on.survey, on.pop_sizes, request)
        proposal = make_proposal(on.survey, on.rows, found.choices(request))
        return Worked(request, found, proposal, size_table(on.survey, proposal, request))


def adopt(
    db: Session, actor: Actor, survey: Survey, frame: Frame, request: SizeRequest
) -> SizeDecision:
    """Adopt sizes for the next draw; adopting the same again changes nothing."""
    survey = db.get_one(Survey, survey.id, with_for_update=True, populate_existing=True)
    if survey.is_locked:
        raise AppError(
            "SAMPLE-233",
            f"Cuộc khảo sát «{survey.code}» đã khóa số liệu: không đổi cỡ mẫu được nữa.",
            "Tạo cuộc khảo sát mới nếu cần.",
            status=409,
        )
    read = acts.read_frozen(db, survey, frame)
    announcing.check_reasons(request.reason, request.few_reason)
    worked = work_out(_listed(survey, read.counted()), request)
    _check_bounds(worked)
    announcing.check_shares(worked.proposal.plan)
    choices = worked.split.choices(request)
    announcing.check_choices(survey, worked.proposal, choices, service.draws(db, survey))
    content = _content(worked)
    digest = json_digest(content)
    before = latest(db, survey, frame)
    if before is not None and before.sha256 == digest:
        return before
    decision = SizeDecision(
        survey_id=survey.id,
        frame_id=frame.id,
        content=content,
        sha256=digest,
        decided_at=clock.now(),
        decided_by=actor.account_id,
    )
    db.add(decision)
    db.flush()
    audit.record(
        db,
        actor,
        "sample.size",
        survey.code,
        decision=decision.id,
        sha256=digest,
        main=worked.proposal.main_n,
        reserve=worked.proposal.reserve_n,
        unmet=content["unmet"],
        reason=request.reason.strip(),
    )
    return decision


def _check_bounds(worked: Worked) -> None:
    """Refuse totals that break a bound, unless lowering them was chosen with a reason."""
    blocked = worked.split.blocked
    if not blocked:
        return
    too_low = any(one.constraint == "minimum" for one in blocked)
    if not too_low and worked.request.shortfall == "lower" and worked.request.reason.strip():
        return
    raise AppError(
        "SAMPLE-234",
        "Tổng số phiếu không hợp với mức tối thiểu, tối đa của từng nhóm; chưa lưu.",
        "Tăng tổng số phiếu hoặc hạ mức tối thiểu."
        if too_low
        else "Tăng mức tối đa, hoặc chọn hạ chỉ tiêu và ghi lý do.",
        status=409,
        problems=sentences(blocked),
    )


def _content(worked: Worked) -> dict[str, Any]:
    """Return what is kept of a decision: the request, the choices, the sizes of all strata."""
    request = asdict(worked.request)
    return {
        "request": request | {"reason": worked.request.reason.strip()},
        "quotas": worked.split.quotas,
        "strata": [
            {"stratum": s.key, "pop_size": s.pop_size, "wanted": s.wanted, "n": s.n}
            for group in worked.proposal.groups
            for s in group.strata
        ],
        "main": worked.proposal.main_n,
        "reserve": worked.proposal.reserve_n,
        "unmet": list(sentences(worked.unmet)),
    }


def sentences(unmet: Sequence[Shortfall]) -> tuple[str, ...]:
    """Name every binding constraint."""
    return tuple(map(shortfall_sentence, unmet))


def latest(db: Session, survey: Survey, frame: Frame) -> SizeDecision | None:
    """Return the last decision on a frame."""
    made = (SizeDecision.survey_id == survey.id, SizeDecision.frame_id == frame.id)
    newest = select(SizeDecision).where(*made).order_by(SizeDecision.id.desc())
    return db.scalar(newest.limit(1))


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


def decided(db: Session, survey: Survey) -> Decided | None:
    """Return what can be announced or opened now; None where no sizes are adopted yet."""
    frame = frozen(db, survey)
    decision = latest(db, survey, frame)
    if decision is None:
        return None
    return Decided(survey, frame, decision, tuple(service.draws(db, survey)))


def announce(
    db: Session, actor: Actor, decided: Decided, asked: SeedAsked, reason: str | None
) -> SampleDraw:
    """Announce the adopted sizes with the seed that is asked for."""
    seed = waves.seed_asked(decided.survey, decided.earlier, asked)
    return service.announce(db, actor, decided.frame, seed, decided.choices.because(reason))


def request_of(decision: SizeDecision) -> SizeRequest:
    """Read back what was asked."""
    return SizeRequest(**decision.content["request"])


def choices_of(decision: SizeDecision) -> Choices:
    """Return what an announcement takes over; the protocol will name the decision."""
    content = decision.content
    notes = {
        "size_decision_sha256": decision.sha256,
        "size_decided_at": decision.decided_at.isoformat(),
        "unmet": " ".join(content["unmet"]),
    }
    strata = {one["stratum"]: one["wanted"] for one in content["strata"]}
    made = Split(dict(content["quotas"]), strata, ()).choices(request_of(decision))
    return replace(made, notes=notes)


def chosen(db: Session, survey: Survey, frame: Frame, given: Choices) -> Choices:
    """Return the choices of a draw by command: as adopted, or as given where none are adopted."""
    decision = latest(db, survey, frame)
    if decision is None:
        return given
    adopted = choices_of(decision)
    if replace(given, reason="", few_reason="") != Choices():
        raise AppError(
            "SAMPLE-240",
            "Đã chọn phương án cỡ mẫu cho danh sách này; lệnh chọn mẫu không đổi chỉ tiêu nữa.",
            "Bỏ --quota, --shortfall, --reserve-share; hoặc chọn lại: sipas sample size --adopt.",
            status=409,
        )
    return replace(
        adopted,
        reason=given.reason or adopted.reason,
        few_reason=given.few_reason or adopted.few_reason,
    )
