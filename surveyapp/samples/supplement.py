"""What a supplementary draw changes: who is added, who is released, against the draw before."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy.orm import Session

from sampling.draw import draw
from sampling.types import Act, Plan
from surveyapp.models import SampleDraw, Survey
from surveyapp.samples import acts, waves
from surveyapp.samples.refusals import translated
from surveyapp.samples.size_decisions import Decided


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


def changes(draws: Sequence[SampleDraw]) -> dict[int, Changes]:
    """Hold every draw of a survey against the last one carried out before it, by its number.

    `draws` are all of the survey in their order; the first one carried out changes nothing.
    """
    done = [one for one in draws if one.drawn_at is not None]
    return {later.id: _compared(before, _main(later)) for before, later in pairwise(done)}


def foreseen(db: Session, draws: Sequence[SampleDraw]) -> Changes | None:
    """Say whom the announced draw among `draws` will add and release.

    None where none waits, for a first draw and while its seed is unknown. The numbers of persons
    are those of the earlier draw, so that nothing new is learnt of chance.
    """
    before = _last(draws)
    waiting = next((one for one in draws if one.is_pending), None)
    if before is None or waiting is None or not waiting.own_seed:
        return None
    survey = db.get_one(Survey, waiting.survey_id)
    frame, plan, act = acts.unseeded(db, survey, waiting)
    with translated():
        drawn = draw(frame, plan, acts.seeded(db, survey, waiting, act))
    return _compared(before, {part.stratum: part.main for part in drawn.strata})


def proposed(db: Session, decided: Decided, plan: Plan) -> Changes | None:
    """Say whom a supplementary draw of the decided sizes would add and release; stores nothing."""
    before = _last(decided.earlier)
    if before is None:
        return None
    survey, frame = decided.survey, decided.frame
    first = waves.first_draw(db, survey, decided.earlier).get("first")
    act = Act(
        seed=before.own_seed,
        shortfall=decided.choices.shortfall,
        **waves.coordination(db, survey, frame.id, first),
    )
    listed = acts.drawable(acts.candidates(db, survey, frame))
    with translated():
        drawn = draw(listed, waves.coordinated(plan, survey), act)
    return _compared(before, {part.stratum: part.main for part in drawn.strata})


def _last(draws: Sequence[SampleDraw]) -> SampleDraw | None:
    """Return the last draw carried out."""
    return next((one for one in reversed(draws) if one.drawn_at is not None), None)


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
