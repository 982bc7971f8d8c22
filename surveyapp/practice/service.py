"""The practice surveys of an installation: with results, collecting now, and at a counter."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from surveyapp import audit, clock, codes
from surveyapp.actor import Actor
from surveyapp.collect.keys import Keyring
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Account, AccountRole, AuditEntry, Survey
from surveyapp.practice import counters, field_steps, flow
from surveyapp.practice.field_steps import Slip
from surveyapp.practice.intake import straight
from surveyapp.practice.world import Calendar, Officials, World
from surveyapp.surveys import definitions, keys
from surveyapp.surveys import service as surveys
from surveyapp.surveys.plan import load_plan

SEED = "1"
#: Codes that are shown to be typed, and for how many days they hold.
SHOWN, VALID_DAYS = 3, 365
#: Simulated answers to the collecting survey: of its first days only.
DAYS_SO_FAR = 6
BEGIN, DONE = "practice.begin", "practice.done"
#: What the administrator may do in practice surveys, beside what the account may do.
_ROLES = frozenset({"manager", "approver", "analyst", "recheck"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Plans of the surveys: made up to its results, collecting answers, and opinions at a counter.

    The lists of the first are of the province's size times `finished_scale`, those of the second
    times `collecting_scale`.
    """

    finished: str
    collecting: str
    finished_scale: float = 1.0
    collecting_scale: float = 0.25
    counter: str | None = None

    @property
    def plans(self) -> tuple[str, ...]:
        """The texts of the plans."""
        counter = () if self.counter is None else (self.counter,)
        return self.finished, self.collecting, *counter

    @property
    def codes(self) -> list[str]:
        """The codes of the surveys, in the order of the plans."""
        return [load_plan(plan).code + surveys.PRACTICE_SUFFIX for plan in self.plans]

    @property
    def work(self) -> int:
        """Units of work of `create`, for a bar of progress."""
        visitors = 0 if self.counter is None else counters.VISITORS
        return flow.work(self.finished) + flow.work(self.collecting) + visitors


def shipped() -> Wanted:
    """Return the plans of 2024."""
    return Wanted(
        definitions.plan_text("binh-dinh-par-2024"),
        definitions.plan_text("binh-dinh-service-2024"),
        counter=definitions.plan_text("binh-dinh-counter-2024"),
    )


@dataclass(frozen=True, slots=True)
class Ready:
    """The surveys that were made, codes to type at /s/<collecting>, and the tablet's token."""

    finished: str
    collecting: str
    codes: tuple[str, ...]
    tablet: counters.Tablet | None = None


def create(
    settings: Settings, wanted: Wanted, tick: Callable[[int], None] = lambda _: None
) -> Ready | None:
    """Make the practice surveys where there are none; None where there are some already.

    What an interrupted start left behind is removed and made again.
    """
    with Database(settings.database_url) as database:
        with database.session() as db:
            if not _begin(db, settings, wanted):
                return None
            actor = _administrator(db)
            figures = definitions.FIGURES.read_text(encoding="utf-8")
            surveys.import_published_figures(db, actor, figures)
            db.commit()
        with tempfile.TemporaryDirectory() as lists:
            keyring = Keyring(settings.keys)
            world = World(
                database=database,
                keyring=keyring,
                officials=Officials(actor, actor),
                seed=SEED,
                lists=Path(lists),
                send=straight(database, keyring, settings.release_size),
                tick=tick,
            )
            ready = _make(world, settings, wanted)
        with database.session() as db:
            audit.record(db, actor, DONE, " ".join(wanted.codes))
            db.commit()
    return ready


def _make(world: World, settings: Settings, wanted: Wanted) -> Ready:
    first, second = (keys.practice_key(settings.keys, code) for code in wanted.codes[:2])
    world.scale = wanted.finished_scale
    finished, _ = flow.whole_survey(world, wanted.finished, first)
    world.scale = wanted.collecting_scale
    calendar = Calendar(flow.deadline(wanted.collecting))
    code, drawn, _ = flow.until_drawn(world, wanted.collecting, second, calendar)
    slips, _ = flow.hand_out(world, drawn, clock.today() + timedelta(days=VALID_DAYS))
    for sending in field_steps.answer(world, code, slips):
        if sending.day < DAYS_SO_FAR:
            world.send(sending.id, sending.body)
        world.tick(1)
    world.tick(load_plan(wanted.collecting).quota - len(slips) + flow.WORK_AFTER)
    tablet = None
    if wanted.counter is not None:
        tablet = counters.open_counter(world, wanted.counter, settings.release_size)
    return Ready(finished, code, tuple(_shown(world, slips)), tablet)


def _shown(world: World, slips: list[Slip]) -> list[str]:
    """Return codes of persons who do not answer by themselves, from different agencies."""
    free = {
        slip.cell.id: slip.code
        for slip in reversed(slips)
        if slip.sha256 not in world.answered and not slip.is_rechecked
    }
    apart = list(free.values())[:: max(1, len(free) // SHOWN)]
    return [codes.readable(code) for code in apart[:SHOWN]]


@dataclass(frozen=True, slots=True)
class Place:
    """A practice survey that takes answers."""

    survey: str
    #: Where to pair a tablet, in a survey at counters; None where codes are typed.
    counter_agency: str | None


def open_places(settings: Settings) -> list[Place]:
    """Return the practice surveys that take answers now; codes are stored nowhere."""
    with Database(settings.database_url) as database, database.read_session() as db:
        taking = select(Survey).where(Survey.is_practice, Survey.state == "collecting")
        return [_place(survey) for survey in db.scalars(taking.order_by(Survey.code))]


def _place(survey: Survey) -> Place:
    agency = counters.agency_of(survey) if survey.kind == "counter" else None
    return Place(survey.code, agency)


def are_there(settings: Settings) -> bool:
    """Whether there are practice surveys already, so that `create` has nothing to do."""
    with Database(settings.database_url) as database, database.read_session() as db:
        return _are_there(db)


def _are_there(db: Session) -> bool:
    last = db.scalar(
        select(AuditEntry.action)
        .where(AuditEntry.action.in_((BEGIN, DONE)))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    # Removed practice stays removed; surveys without either mark were made by hand.
    there = bool(db.scalar(select(exists().where(Survey.is_practice))))
    return last == DONE or (there and last != BEGIN)


def _begin(db: Session, settings: Settings, wanted: Wanted) -> bool:
    """Note that the practice surveys are being made; False where they are there already."""
    if _are_there(db):
        return False
    actor = _administrator(db)
    for survey in list(db.scalars(select(Survey).where(Survey.is_practice))):
        if survey.code in wanted.codes:
            removed = surveys.remove_practice(db, actor, survey)
            keys.remove(settings.keys, removed)
    audit.record(db, actor, BEGIN, " ".join(wanted.codes))
    return True


def _administrator(db: Session) -> Actor:
    """Return the first administrator, with the roles that the steps need."""
    account = db.scalar(
        select(Account)
        .join(AccountRole)
        .where(AccountRole.role == "admin", Account.is_active)
        .order_by(Account.id)
        .limit(1)
    )
    if account is None:
        raise AppError(
            "PRACTICE-010",
            "Chưa có tài khoản quản trị để lập cuộc khảo sát tập dượt.",
            "Tạo tài khoản quản trị trước: sipas account add.",
            status=409,
        )
    return Actor(account.id, account.login, account.role_names | _ROLES)
