"""Two surveys that follow one another: the seed sealed after the first, the persons left out."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from sampling.types import Plan
from sampling.waves import dropped, seed_digest
from surveyapp.errors import AppError
from surveyapp.models import FrameRow, SampleDraw, Survey
from surveyapp.samples import announcing

#: Rows asked for by one statement; SQLite takes no more than 32,766 values.
_CHUNK = 5_000
#: Seed, its digest, the sealed seed: what the table stores of it.
Seed = tuple[str, str | None, str | None]


def seed_of(db: Session, survey: Survey, earlier: Sequence[SampleDraw], given: str | None) -> Seed:
    """Return the seed of a draw: as given, or sealed; a second wave uses that of the first."""
    sealed = next((one.sealed_seed for one in earlier if one.sealed_seed), None)
    if survey.first is not None:
        sealed = _first(db, survey).sealed_seed
    if sealed is None and given is not None:
        return announcing.checked_seed(given, earlier), None, None
    if given is not None:
        raise AppError(
            "SAMPLE-259",
            "Hạt giống của cuộc khảo sát đang niêm phong; không nhập hạt giống khác.",
            "Để trống hạt giống: chương trình dùng lại hạt giống đã niêm phong.",
            status=409,
        )
    if sealed is None and (held := announcing.held_seed(earlier)) is not None:
        raise AppError(
            "SAMPLE-260",
            f"Hạt giống «{held}» đã công bố, không niêm phong lại được.",
            "Chọn bổ sung bằng hạt giống đã công bố.",
            status=409,
        )
    seed = sealed or secrets.token_hex(32)
    return "", seed_digest(seed), seed


def is_sealed(survey: Survey, earlier: Sequence[SampleDraw]) -> bool:
    """Whether draws of a survey use a seed that is sealed already."""
    return survey.first is not None or any(one.sealed_seed for one in earlier)


@dataclass(frozen=True, slots=True)
class SeedAsked:
    """What is asked of a seed: the one that is given, or one that the program makes and seals."""

    given: str | None
    seal: bool = False


def seed_asked(survey: Survey, earlier: Sequence[SampleDraw], asked: SeedAsked) -> str | None:
    """Return the seed to announce: given, held since an earlier draw, or None for a sealed one."""
    given, seal = asked.given, asked.seal
    if given and seal:
        raise AppError(
            "SAMPLE-265",
            "Hạt giống niêm phong do chương trình tạo, không nhập được.",
            "Chọn một: nhập hạt giống, hoặc niêm phong.",
            status=422,
        )
    if not given and (seal or is_sealed(survey, earlier)):
        return None
    return given or announcing.held_seed(earlier) or ""


def coordinated(plan: Plan, survey: Survey) -> Plan:
    """Return the plan with the share of the first sample that a second wave may ask again."""
    if survey.wave_keep is None:
        return plan
    return replace(plan, keep=Fraction(survey.wave_keep))


def first_draw(db: Session, survey: Survey, earlier: Sequence[SampleDraw]) -> dict[str, int]:
    """Name the draw of the first wave that this one follows; supplementary draws keep to it."""
    if survey.first is None:
        return {}
    kept = next((one.plan["first"] for one in earlier if one.drawn_at is not None), None)
    return {"first": kept if kept is not None else _first(db, survey).id}


def _first(db: Session, survey: Survey) -> SampleDraw:
    """Return the last draw of the first wave: it holds everybody who was asked."""
    found = db.scalar(
        select(SampleDraw)
        .where(SampleDraw.survey_id == survey.follows_id, SampleDraw.drawn_at.is_not(None))
        .order_by(SampleDraw.id.desc())
        .limit(1)
    )
    if found is None or found.sealed_seed is None:
        raise AppError(
            "SAMPLE-261",
            "Cuộc khảo sát đợt trước chưa chọn mẫu bằng hạt giống niêm phong.",
            "Chọn mẫu đợt trước, niêm phong hạt giống, rồi mới chọn đợt sau.",
            status=409,
        )
    return found


def refuse_after_second(db: Session, survey: Survey) -> None:
    """Refuse further draws of a first wave: whom they add, the second may have asked already."""
    if survey.second is None:
        return
    follows = SampleDraw.survey_id == survey.second.id
    if db.scalar(select(exists().where(follows, SampleDraw.abandoned_at.is_(None)))):
        raise AppError(
            "SAMPLE-262",
            f"Cuộc khảo sát nối tiếp «{survey.second.code}» đã công bố mẫu.",
            "Không chọn bổ sung đợt trước nữa: người chọn thêm có thể đã được hỏi ở đợt sau.",
            status=409,
        )


def coordination(
    db: Session, survey: Survey, frame_id: int, first_id: int | None
) -> dict[str, Any]:
    """Return what an act of a second wave needs: the first protocol, and who else is left out.

    A person who leaves after the first wave may stand in other rows of the second list; those
    are not drawn either.
    """
    if first_id is None:
        return {}
    first = db.get_one(SampleDraw, first_id)
    protocol = first.protocol or {}
    leaving = [u for ids in dropped(protocol, survey.wave_keep or "0").values() for u in ids]
    listed = {unit for part in protocol["lists"]["main"] for unit in part["ids"]}
    also: set[str] = set()
    for start in range(0, len(leaving), _CHUNK):
        persons = select(FrameRow.person_code).where(
            FrameRow.frame_id == first.frame_id,
            FrameRow.unit_code.in_(leaving[start : start + _CHUNK]),
        )
        rows = select(FrameRow.unit_code).where(
            FrameRow.frame_id == frame_id, FrameRow.person_code.in_(persons)
        )
        also.update(db.scalars(rows))
    return {"first": protocol, "also": frozenset(also - listed - set(leaving))}
