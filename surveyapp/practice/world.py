"""What a simulated survey runs on: database, keys, officials, seed, calendar, way to send."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from surveyapp.actor import Actor
from surveyapp.clock import VIETNAM
from surveyapp.collect.keys import Keyring
from surveyapp.db import Database
from surveyapp.practice.answers import Form

#: Sends one body (JSON as bytes) under an id, as a phone would.
Send = Callable[[UUID, bytes], None]
#: Called with units of work done.
Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Officials:
    """Who acts: for the surveys, and for the independent re-check."""

    manager: Actor
    rechecker: Actor


@dataclass(slots=True)
class World:
    """One simulation; `scale` makes the lists smaller or larger than the province's."""

    database: Database
    keyring: Keyring
    officials: Officials
    seed: str
    lists: Path
    send: Send
    tick: Tick
    scale: float = 1.0
    #: What the simulated persons answered, by the hash of their code: for the second interview.
    answered: dict[str, Form] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a survey, counted back from its deadline."""

    deadline: date

    def at(self, days_before: int, hour: int = 9) -> datetime:
        """Return an instant so many days before the deadline (negative: after it)."""
        day = self.deadline - timedelta(days=days_before)
        return datetime.combine(day, time(hour), VIETNAM)


#: Days before the deadline.
PLANNED, LISTED, ANNOUNCED, DRAWN, ISSUED = 39, 32, 30, 29, 25
FIRST_ANSWER, LAST_ANSWER, ASKED_AGAIN, LOCKED, ANALYSED = 22, 5, 3, 0, -4


@dataclass(frozen=True, slots=True)
class Step:
    """One step that was taken, with its figures in a sentence."""

    title: str
    figures: str
