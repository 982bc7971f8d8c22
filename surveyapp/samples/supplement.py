"""What a supplementary draw changes: who is added, who is released, against the draw before."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling.draw import draw
from surveyapp.models import SampleDraw, Survey
from surveyapp.samples import acts
from surveyapp.samples.refusals import translated


@dataclass(frozen=True, slots=True)
class Moved:
    """One stratum: pseudonyms that joined and left the main sample, in the order of the draws."""

    stratum: str
    added: tuple[str, ...]
    released: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """A draw against the one before it, stratum by stratum; only those that changed."""

    previous_id: int
    strata: tuple[Moved, ...]

    @property
    def added(self) -> tuple[str, ...]:
        """All who joined."""
        return tuple(unit for one in self.strata for unit in one.added)

    @property
    def released(self) -> tuple[str, ...]:
        """All who left."""
        return tuple(unit for one in self.strata for unit in one.released)

    def plain(self) -> dict[str, Any]:
        """Return plain values for other programs."""
        return {
            "previous_draw": self.previous_id,
            "added": list(self.added),
            "released": list(self.released),
            "strata": [asdict(one) for one in self.strata],
        }


def changes(db: Session, drawn: SampleDraw) -> Changes | None:
    """Hold a draw against the last one carried out before it; None for the first."""
    before = _before(db, drawn)
    if before is None or drawn.protocol is None or before.protocol is None:
        return None
    return _compared(before, _main(drawn))


def foreseen(db: Session, announced: SampleDraw) -> Changes | None:
    """Say whom an announced draw will add and release; None for a first one, or a carried out one.

    The numbers of persons are those of the earlier draw, so that nothing new is learnt of chance.
    """
    before = _before(db, announced)
    if before is None or not announced.is_pending or not announced.own_seed:
        return None
    survey = db.get_one(Survey, announced.survey_id)
    frame, plan, act = acts.unseeded(db, survey, announced)
    with translated():
        drawn = draw(frame, plan, acts.seeded(db, survey, announced, act))
    return _compared(before, {part.stratum: part.main for part in drawn.strata})


def _before(db: Session, drawn: SampleDraw) -> SampleDraw | None:
    """Return the last draw carried out before this one."""
    return db.scalars(
        select(SampleDraw)
        .where(
            SampleDraw.survey_id == drawn.survey_id,
            SampleDraw.id < drawn.id,
            SampleDraw.drawn_at.is_not(None),
        )
        .order_by(SampleDraw.id.desc())
        .limit(1)
    ).one_or_none()


def _compared(before: SampleDraw, new: Mapping[str, Sequence[str]]) -> Changes:
    old = _main(before)
    moved = [
        Moved(key, _without(new.get(key, ()), old.get(key, ())), _without(old.get(key, ()), now))
        for key in dict.fromkeys([*new, *old])
        for now in [new.get(key, ())]
    ]
    return Changes(before.id, tuple(one for one in moved if one.added or one.released))


def _main(drawn: SampleDraw) -> dict[str, Sequence[str]]:
    lists = (drawn.protocol or {})["lists"]["main"]
    return {part["stratum"]: part["ids"] for part in lists}


def _without(units: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    known = set(others)
    return tuple(unit for unit in units if unit not in known)
