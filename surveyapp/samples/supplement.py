"""What a supplementary draw changes: who is added, who is released, against the draw before."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import SampleDraw


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
    before = db.scalars(
        select(SampleDraw)
        .where(
            SampleDraw.survey_id == drawn.survey_id,
            SampleDraw.id < drawn.id,
            SampleDraw.drawn_at.is_not(None),
        )
        .order_by(SampleDraw.id.desc())
        .limit(1)
    ).one_or_none()
    if before is None or drawn.protocol is None or before.protocol is None:
        return None
    old, new = _main(before), _main(drawn)
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
