"""What a stored draw works on: its frame, its plan, the act; read back from the tables."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sampling import witness
from sampling.canonical import frame_digest, json_digest
from sampling.frame_checks import make_frame
from sampling.protocol import protocol_digest
from sampling.types import Act, Plan
from sampling.types import Frame as SamplingFrame
from surveyapp.errors import AppError
from surveyapp.frames import digests
from surveyapp.models import Frame, FrameRow, SampleDraw, SampleParty, SampleUnit, Survey
from surveyapp.samples import waves
from surveyapp.samples.rating import Alike, Candidate, RatingRules, codes
from surveyapp.samples.refusals import translated


@dataclass(frozen=True, slots=True)
class ReadFrame:
    """A frame as it was read once: its rows, and the digest of all that they hold."""

    rows: tuple[Candidate, ...]
    rows_sha256: str

    def counted(self) -> list[Alike]:
        """Count the rows of which the same is known."""
        kinds = Counter((row.stratum, row.group, row.eligible, row.own) for row in self.rows)
        return _in_order(Alike(*kind, n) for kind, n in kinds.items())


def read_frozen(db: Session, survey: Survey, frame: Frame) -> ReadFrame:
    """Read a frame; refuse one that is not frozen, not the latest, or no longer the one frozen."""
    latest = db.scalar(select(func.max(Frame.version)).where(Frame.survey_id == survey.id))
    if frame.frozen_at is None or frame.version != latest:
        raise AppError(
            "SAMPLE-202",
            f"Danh sách bản {frame.version} chưa chốt hoặc không phải bản mới nhất.",
            "Chốt danh sách mới nhất rồi chọn mẫu.",
            status=409,
        )
    rows = digests.rows_of(db, frame.id)
    read = ReadFrame(tuple(_candidates(survey, rows)), digests.digest_of(rows))
    whole = frame_digest(_sampling_frame(read.rows))
    if (whole, read.rows_sha256) != (frame.sha256, frame.rows_sha256):
        raise AppError(
            "SAMPLE-266",
            f"Danh sách bản {frame.version} đã thay đổi sau khi chốt (mã băm khác); chưa chọn ai.",
            "Khôi phục danh sách đã chốt, hoặc nhập và chốt bản mới; kiểm tra nhật ký.",
            status=409,
        )
    return read


def candidates(db: Session, survey: Survey, frame: Frame) -> list[Candidate]:
    """Return every row of a frame with the agencies that it may rate."""
    return list(_candidates(survey, digests.rows_of(db, frame.id)))


def _candidates(survey: Survey, rows: Iterable[digests.FrameRowValues]) -> Iterator[Candidate]:
    rules = RatingRules(survey)
    for unit, person, stratum, group, attributes in rows:
        yield Candidate(
            stratum,
            group,
            rules.eligible(group, attributes),
            frozenset(codes(attributes.get("own_agencies"))),
            unit,
            person,
        )


def counted(db: Session, survey: Survey, frame: Frame) -> list[Alike]:
    """Return the kinds of rows of a frame, counted by the database: lists are long, kinds few."""
    rules = RatingRules(survey)
    kind = (FrameRow.stratum, FrameRow.group_code, FrameRow.attributes)
    query = select(*kind, func.count()).where(FrameRow.frame_id == frame.id).group_by(*kind)
    return _in_order(
        Alike(
            stratum,
            group,
            rules.eligible(group, attributes),
            frozenset(codes(attributes.get("own_agencies"))),
            n,
        )
        for stratum, group, attributes, n in db.execute(query)
    )


def _in_order(rows: Iterable[Alike]) -> list[Alike]:
    return sorted(rows, key=lambda row: (row.stratum, row.rated))


def drawable(rows: Sequence[Candidate]) -> SamplingFrame:
    """Return the frame that is drawn from: pseudonyms and strata of all who may rate somebody."""
    return _sampling_frame([row for row in rows if row.rated])


def _sampling_frame(rows: Sequence[Candidate]) -> SamplingFrame:
    with translated():
        return make_frame([row.unit for row in rows], [row.stratum for row in rows])


def draws(db: Session, survey: Survey) -> list[SampleDraw]:
    """Return all draws of a survey, announced, given up or carried out, the first one first."""
    return list(
        db.scalars(
            select(SampleDraw).where(SampleDraw.survey_id == survey.id).order_by(SampleDraw.id)
        )
    )


def parties(db: Session, announced: SampleDraw) -> list[SampleParty]:
    """Return the parties of a witnessed draw, by name."""
    query = select(SampleParty).where(SampleParty.draw_id == announced.id)
    return list(db.scalars(query.order_by(SampleParty.party)))


def unseeded(db: Session, survey: Survey, announced: SampleDraw) -> tuple[SamplingFrame, Plan, Act]:
    """Return frame, plan and act of a draw as they are before its seed is known."""
    stored = announced.plan
    earlier = [one for one in draws(db, survey) if one.id < announced.id and not one.is_pending]
    said = (announced.protocol or {}).get("recheck") or {}
    act = Act(
        seed="",
        secret=bytes.fromhex(announced.recheck_secret),
        secret_chosen=stored["secret_chosen"],
        # protocols of the first release hold neither the number nor the lists
        recheck_lists="later" if said.get("by") == "assignment" else "sealed",
        known=known_main(db, announced),
        shortfall=stored["shortfall"],
        previous=tuple(_earlier(one) for one in earlier),
        **waves.coordination(db, survey, announced.frame_id, stored.get("first")),
        notes={**stored["notes"], "announced_at": announced.announced_at.isoformat()},
    )
    frame = drawable(candidates(db, survey, db.get_one(Frame, announced.frame_id)))
    return frame, _plan(stored["sample"]), act


def seeded(db: Session, survey: Survey, announced: SampleDraw, act: Act) -> Act:
    """Add the seed and where it comes from; refuse while a party has not revealed its part."""
    if announced.is_witnessed:
        if announced.announcement is None:
            raise AppError(
                "SAMPLE-258",
                "Chưa chốt cam kết của các bên, chưa có hạt giống.",
                "Nhận đủ cam kết, chốt, rồi các bên mở phần của mình.",
                status=409,
            )
        parts = [
            witness.Part(one.party, one.part, one.nonce)
            for one in parties(db, announced)
            if one.part is not None and one.nonce is not None
        ]
        with translated():
            seed, section = witness.witnessed(announced.announcement, parts, announced.public_value)
        return replace(act, seed=seed, witness=section)
    origin = next(
        (
            one.protocol
            for one in draws(db, survey)
            if one.id < announced.id and one.protocol and one.own_seed == announced.own_seed
        ),
        {},
    )
    is_sealed = announced.sealed_seed is not None
    inherited = witness.inherited(origin)
    return replace(act, seed=announced.own_seed, is_sealed=is_sealed, witness=inherited)


def rows_differ(db: Session, announced: SampleDraw, said: Mapping[str, str]) -> bool:
    """Whether what the rows hold beside their strata is no longer what `said`, its notes, digest.

    Draws of the first release have no such digest.
    """
    stored = said.get("frame_rows_sha256")
    return stored is not None and digests.rows_digest(db, announced.frame_id) != stored


def check_unchanged(db: Session, frame: SamplingFrame, announced: SampleDraw) -> None:
    """Refuse a list that is no longer the one whose digest was announced."""
    changed = frame_digest(frame) != announced.frame_sha256
    if changed or rows_differ(db, announced, announced.plan["notes"]):
        raise AppError(
            "SAMPLE-214",
            "Danh sách đã thay đổi sau khi công bố mã băm; chưa chọn ai.",
            "Khôi phục danh sách đã chốt, hoặc báo quản trị hệ thống kiểm tra nhật ký.",
            status=409,
        )


def known_main(db: Session, announced: SampleDraw) -> frozenset[str]:
    """Return the main units of earlier draws: a supplementary draw re-checks among the others."""
    return frozenset(
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


def _earlier(one: SampleDraw) -> Mapping[str, str]:
    """Return how later protocols list a draw, also one that was given up."""
    if one.protocol is not None:
        digest = protocol_digest(one.protocol)
        return {"protocol_sha256": digest, **_seed(one), "reason": one.reason}
    entry = {"frame_sha256": one.frame_sha256, "plan_sha256": one.plan_sha256, **_seed(one)}
    if one.announcement is not None:
        entry["announcement_sha256"] = json_digest(one.announcement)
    return entry | {"abandoned": "không thực hiện", "reason": one.abandon_reason}


def _seed(one: SampleDraw) -> dict[str, str]:
    if one.seed_sha256 is not None:
        return {"seed_sha256": one.seed_sha256}
    return {"seed": one.seed} if one.seed or one.protocol else {}


def _plan(content: Mapping[str, Any]) -> Plan:
    """Read back the plan of a draw."""
    return Plan(
        unit_id=content["unit_id"],
        stratum=tuple(content["stratum"]),
        quotas=content["quotas"],
        reserve_share=Fraction(content["reserve_share"]),
        recheck_share=Fraction(content["recheck_share"]),
        keep=Fraction(content["wave"]["keep"]) if "wave" in content else None,
    )
