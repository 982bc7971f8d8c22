"""Release: answers that waited become responses, shuffled, and their key is destroyed."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.collect import waiting
from surveyapp.collect.keys import Keyring
from surveyapp.collect.sealing import unseal
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.fieldwork.reports import forget_persons
from surveyapp.models import Batch, FormDraft, RecheckLink, Response, Survey, WaitingAnswer
from surveyapp.models.survey import STATES

#: Never fewer are released together, except at the lock.
SMALLEST = 5
#: So many, drawn by chance, stay behind and wait with the next ones: then the last release, at the
#: lock, is not smaller either.
HELD_BACK = 5
#: So often each process looks for batches that no arriving answer has reported.
LOOK_EVERY = timedelta(minutes=1)
#: Arriving answers make a process release no oftener in one survey, as each release takes the turn
#: to write and makes a durable key: where many come at once, more are released together.
RELEASE_EVERY = timedelta(seconds=1)
_HOLD_SURVEY: Final = (
    select(Survey.id).where(Survey.id == bindparam("of_survey")).with_for_update(read=True)
)
_COUNTS: Final = (
    select(Batch.id, Batch.keeper, Batch.opened_on, func.count(WaitingAnswer.id).label("answers"))
    .join(WaitingAnswer, WaitingAnswer.batch_id == Batch.id)
    .where(Batch.survey_id == bindparam("of_survey"))
    .group_by(Batch.id, Batch.keeper, Batch.opened_on)
    .order_by(Batch.id)
)
_BATCH: Final = (
    select(Batch.survey_id, Batch.scope).where(Batch.id == bindparam("of_batch")).with_for_update()
)
_ANSWERS: Final = select(WaitingAnswer.id, WaitingAnswer.sealed).where(
    WaitingAnswer.batch_id == bindparam("of_batch")
)
_CLOSE: Final = update(Batch).where(Batch.id == bindparam("of_batch")).values(is_open=False)
_EMPTY: Final = delete(WaitingAnswer).where(WaitingAnswer.batch_id == bindparam("of_batch"))
_WRITE: Final = insert(Response)
_LINKED: Final = select(RecheckLink.answer_id).where(
    RecheckLink.answer_id.in_(bindparam("moved", expanding=True))
)
_RELINK: Final = (
    update(RecheckLink)
    .where(RecheckLink.answer_id == bindparam("old"))
    .values(answer_id=bindparam("new"))
)
_DROP_DRAFTS: Final = delete(FormDraft).where(FormDraft.survey_id == bindparam("of_survey"))
_SPENT: Final = select(Batch.id).where(
    Batch.id.in_(bindparam("kept", expanding=True)),
    Batch.is_open.is_(False),
    ~exists().where(WaitingAnswer.batch_id == Batch.id),
)
#: States in which an unfinished form may still be sent one day.
_OPEN_STATES: Final = frozenset(STATES[: STATES.index("locked")])
#: database -> survey -> when this process looked last
_looked: WeakKeyDictionary[Database, dict[int, datetime]] = WeakKeyDictionary()
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LastRelease:
    """What the lock released, and what it could not."""

    released: int
    #: Releases of fewer than five: cells in which hardly anybody answered.
    small_cells: int
    #: keeper -> answers that wait on another server.
    elsewhere: dict[str, int]
    #: Answers whose key is gone: nobody can read them any more.
    unreadable: int


def settle_after(
    database: Database, keyring: Keyring, arrival: waiting.Arrival, release_size: int
) -> None:
    """Call `settle` after the commit of an answer, if there may be something to do.

    That is when the answer fills its batch, and at every fifth answer after that in case the
    release failed or the last one was a moment ago; and once a minute for batches that nobody adds
    to any more, or that were filled by answers that did not see each other. The first answer of a
    process looks too, so that what a crash left is mended.
    """
    rest = RELEASE_EVERY if _fills(arrival, release_size) else LOOK_EVERY
    if _has_rested(database, arrival.survey_id, rest):
        settle(database, keyring, arrival.survey_id, release_size)


def _fills(arrival: waiting.Arrival, release_size: int) -> bool:
    more = arrival.count - HELD_BACK - _enough(arrival.opened_on, release_size)
    return more >= 0 and more % SMALLEST == 0


def _enough(opened_on: date, release_size: int) -> int:
    """Return how many must wait beside those held back, in a batch of that day."""
    return SMALLEST if opened_on < clock.today() else release_size


def _has_rested(database: Database, survey_id: int, rest: timedelta) -> bool:
    """Whether this process looked at a survey so long ago; if so, it looks now."""
    looked = _looked.setdefault(database, {})
    now = clock.now()
    last = looked.get(survey_id)
    if last is not None and abs(now - last) < rest:  # the clock may be set back
        return False
    looked[survey_id] = now
    return True


def settle(database: Database, keyring: Keyring, survey_id: int, release_size: int) -> int:
    """Release what is due, and remove the keys of closed batches; return how many were released.

    Due is a batch in which `release_size` wait beside those held back, or one of an earlier day in
    which at least five do. Has transactions of its own.
    """
    with database.read_engine.connect() as connection:
        due = _due(connection, keyring, survey_id, release_size)
    released = 0
    for batch_id in due:  # a transaction each: who stores answers may wait for one of them
        ready = waiting.spare(keyring)
        try:
            with database.engine.begin() as connection:
                # first the survey, then its batch: the order in which the lock takes them
                connection.execute(_HOLD_SURVEY, {"of_survey": survey_id})
                released += _release(connection, keyring, batch_id, ready)
        finally:
            if not ready.is_used:
                keyring.destroy(ready.batch_id)
    destroy_spent_keys(database, keyring)
    return released


def settle_survey(database: Database, keyring: Keyring, code: str, release_size: int) -> int:
    """Do the same for the survey with this code."""
    with database.read_session() as db:
        survey_id = survey_id_of(db, code)
    return settle(database, keyring, survey_id, release_size)


def survey_id_of(db: Session, code: str) -> int:
    """Return the id of a survey, or refuse with its code."""
    survey_id = db.scalar(select(Survey.id).where(Survey.code == code))
    if survey_id is None:
        raise AppError("COLLECT-031", f"Không có cuộc khảo sát «{code}».", "Xem lại mã.", 404)
    return survey_id


def release_all(
    db: Session, keyring: Keyring, survey_id: int, *, leave_behind: bool = False
) -> LastRelease:
    """Release everything that waits in a survey, for the lock, in the caller's transaction.

    The caller changes the survey's state in the same transaction, commits, and then calls
    `destroy_spent_keys`; until then no answer comes in. What waits on another server, or cannot
    be read any more, refuses the release and is counted in the refusal, unless `leave_behind`.
    """
    db.execute(select(Survey.id).where(Survey.id == survey_id).with_for_update())
    connection, keeper = db.connection(), keyring.keeper
    if not leave_behind:
        forget_persons(db, survey_id)
    if not leave_behind or _is_closed(connection, survey_id):
        # at the lock, and after it: nobody can send an unfinished form any more
        connection.execute(_DROP_DRAFTS, {"of_survey": survey_id})
    elsewhere: dict[str, int] = {}
    unreadable = 0
    own = []
    for batch in connection.execute(_COUNTS, {"of_survey": survey_id}).all():
        if batch.keeper != keeper:
            elsewhere[batch.keeper] = elsewhere.get(batch.keeper, 0) + batch.answers
        elif keyring.read(batch.id) is None:
            unreadable += batch.answers
        else:
            own.append(batch.id)
    if (elsewhere or unreadable) and not leave_behind:
        raise AppError(
            "COLLECT-030",
            f"Còn phiếu chưa mở được: {sum(elsewhere.values())} ở máy chủ khác, "
            f"{unreadable} mất khóa.",
            "Chạy sipas collect release trên máy chủ kia; với phiếu mất khóa, khôi phục thư mục "
            "keys hoặc xác nhận bỏ lại.",
            status=409,
        )
    counts = [_release(connection, keyring, batch_id) for batch_id in own]
    return LastRelease(
        released=sum(counts),
        small_cells=sum(0 < count < SMALLEST for count in counts),
        elsewhere=elsewhere,
        unreadable=unreadable,
    )


def _is_closed(connection: Connection, survey_id: int) -> bool:
    state = select(Survey.state).where(Survey.id == survey_id)
    return connection.execute(state).scalar_one() not in _OPEN_STATES


def destroy_spent_keys(database: Database, keyring: Keyring) -> None:
    """Destroy the keys of closed batches: after the commit of a release, or after a crash there.

    A key whose batch is not in this database stays: it may belong to another one.
    """
    kept = keyring.batches()
    if not kept:
        return
    with database.read_engine.connect() as connection:
        closed = connection.scalars(_SPENT, {"kept": sorted(kept)}).all()
    for batch_id in closed:
        keyring.destroy(batch_id)


def _due(connection: Connection, keyring: Keyring, survey_id: int, release_size: int) -> list[str]:
    keeper = keyring.keeper
    return [
        batch.id
        for batch in connection.execute(_COUNTS, {"of_survey": survey_id})
        if batch.keeper == keeper
        and batch.answers - HELD_BACK >= _enough(batch.opened_on, release_size)
    ]


def _release(
    connection: Connection, keyring: Keyring, batch_id: str, ready: waiting.Spare | None = None
) -> int:
    """Turn the answers of one batch into responses; return how many.

    With a key for the next batch `HELD_BACK` of them wait on there; without, at the lock, none.
    """
    held_back, smallest = (0, 1) if ready is None else (HELD_BACK, SMALLEST)
    this = {"of_batch": batch_id}
    batch = connection.execute(_BATCH, this).one_or_none()
    rows = connection.execute(_ANSWERS, this).all()
    if batch is None or len(rows) - held_back < smallest:  # another process released it
        return 0
    key = keyring.read(batch_id)
    if key is None:
        log.error("key of waiting answers is missing", batch=batch_id)
        return 0
    values = [(row.id, unseal(key, row.sealed, waiting.place(row.id, batch_id))) for row in rows]
    secrets.SystemRandom().shuffle(values)
    connection.execute(_CLOSE, this)
    cell = (batch.survey_id, batch.scope)
    moved = {}
    if held_back:
        again = [(cell, value) for _, value in values[:held_back]]
        arrivals = waiting.put_all(connection, keyring, again, ready)
        moved = {old: one.waiting_id for (old, _), one in zip(values, arrivals, strict=False)}
    moved |= _write(connection, batch.survey_id, values[held_back:])
    _repoint(connection, moved)
    connection.execute(_EMPTY, this)
    return len(values) - held_back


def _write(
    connection: Connection, survey_id: int, values: Sequence[tuple[str, dict[str, Any]]]
) -> dict[str, str]:
    """Write responses in the shuffled order, all with the latest day among them.

    Several days in one release would tell apart what the release is to mix. Returns the new id of
    each answer.
    """
    day = max(date.fromisoformat(value["received_on"]) for _, value in values)
    made = [
        {**value, "id": secrets.token_hex(16), "survey_id": survey_id, "received_on": day}
        for _, value in values
    ]
    connection.execute(_WRITE, made)
    return {old: row["id"] for (old, _), row in zip(values, made, strict=True)}


def _repoint(connection: Connection, moved: dict[str, str]) -> None:
    """Let the re-check links follow their answers: most answers have none."""
    for old in connection.scalars(_LINKED, {"moved": sorted(moved)}).all():
        if old is not None:
            connection.execute(_RELINK, {"old": old, "new": moved[old]})
