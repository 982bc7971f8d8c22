"""The practice surveys of an installation: one with results, one that collects answers now."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import audit, clock, codes
from surveyapp.actor import Actor
from surveyapp.collect.keys import Keyring
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Account, AccountRole, AuditEntry, Survey
from surveyapp.practice import field_steps, flow
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
    """Plan of the survey that is made up to its results, and of the one that collects answers.

    The lists of the first are of the province's size times `finished_scale`, those of the second
    times `collecting_scale`.
    """

    finished: str
    collecting: str
    finished_scale: float = 1.0
    collecting_scale: float = 0.25

    @property
    def plans(self) -> tuple[str, str]:
        """The texts of both plans."""
        return self.finished, self.collecting

    @property
    def codes(self) -> list[str]:
        """The codes of both surveys."""
        return [load_plan(plan).code + surveys.PRACTICE_SUFFIX for plan in self.plans]

    @property
    def work(self) -> int:
        """Units of work of `create`, for a bar of progress."""
        return sum(map(flow.work, self.plans))


def shipped() -> Wanted:
    """Return the plans of 2024."""
    return Wanted(
        definitions.plan_text("binh-dinh-par-2024"), definitions.plan_text("binh-dinh-service-2024")
    )


@dataclass(frozen=True, slots=True)
class Ready:
    """The practice surveys that were made, and codes to type at /s/<collecting>."""

    finished: str
    collecting: str
    codes: tuple[str, ...]


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
    first, second = (keys.pseudonym_key(settings.keys, code) for code in wanted.codes)
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
    return Ready(finished, code, tuple(_shown(world, slips)))


def _shown(world: World, slips: list[Slip]) -> list[str]:
    """Return codes of persons who do not answer by themselves, from different agencies."""
    free = {
        slip.cell.id: slip.code
        for slip in reversed(slips)
        if slip.sha256 not in world.answered and not slip.is_rechecked
    }
    apart = list(free.values())[:: max(1, len(free) // SHOWN)]
    return [codes.readable(code) for code in apart[:SHOWN]]


def _begin(db: Session, settings: Settings, wanted: Wanted) -> bool:
    """Note that the practice surveys are being made; False where they are there already."""
    there = list(db.scalars(select(Survey).where(Survey.is_practice)))
    last = db.scalar(
        select(AuditEntry.action)
        .where(AuditEntry.action.in_((BEGIN, DONE)))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    if there and last != BEGIN:
        return False
    actor = _administrator(db)
    for survey in there:
        if survey.code in wanted.codes:
            surveys.remove_practice(db, actor, survey)
            keys.remove_pseudonym_key(settings.keys, survey.code)
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
