"""Answers that wait: sealed under the key of the open batch of their form's cell."""

import secrets
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Final

import structlog
from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from surveyapp import clock
from surveyapp.collect.keys import Keyring
from surveyapp.collect.sealing import seal
from surveyapp.models import Batch, WaitingAnswer

log = structlog.get_logger()

#: The open batches of some scopes, held until the end of the transaction, and how many wait in
#: each; in one order, so that two transactions never wait for each other.
_OPEN: Final = (
    select(
        Batch.id,
        Batch.survey_id,
        Batch.scope,
        Batch.opened_on,
        select(func.count())
        .select_from(WaitingAnswer)
        .where(WaitingAnswer.batch_id == Batch.id)
        .scalar_subquery()
        .label("answers"),
    )
    .where(
        Batch.survey_id.in_(bindparam("surveys", expanding=True)),
        Batch.keeper == bindparam("keeper"),
        Batch.scope.in_(bindparam("scopes", expanding=True)),
        Batch.is_open,
    )
    .order_by(Batch.survey_id, Batch.scope)
    .with_for_update(read=True)
)
_CLOSE: Final = update(Batch).where(Batch.id == bindparam("of_batch")).values(is_open=False)
_MAKE: Final = insert(Batch)
_PUT: Final = insert(WaitingAnswer)
#: Survey and scope: what answers must share to be released together.
Cell = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """An answer that waits now, and the batch that it came into."""

    waiting_id: str
    survey_id: int
    #: The day on which the batch was opened.
    opened_on: date
    #: So many wait in the batch with this one; answers not yet committed are not seen.
    count: int


@dataclass(slots=True)
class Spare:
    """A durable key for a batch that may be needed: made before the turn to write is taken."""

    batch_id: str
    key: bytes
    is_used: bool = False


@dataclass(slots=True)
class _OpenBatch:
    id: str
    key: bytes
    opened_on: date
    answers: int


def spare(keyring: Keyring) -> Spare:
    """Make a key for the next batch; whoever does not use it destroys it."""
    batch_id = secrets.token_hex(16)
    return Spare(batch_id, keyring.create(batch_id))


def put_all(
    connection: Connection,
    keyring: Keyring,
    values: Sequence[tuple[Cell, Mapping[str, object]]],
    ready: Spare | None = None,
) -> list[Arrival]:
    """Seal each value into the open batch of its cell, under a random id.

    The keys are durable before this returns, the answers with the caller's commit. The batches are
    held until then: none can be released, and its key destroyed, in between. The rows are written
    in the order of their random ids, which tells nothing of the order in which they came.
    """
    batches = _open_batches(connection, keyring, {cell for cell, _ in values}, ready)
    rows, arrivals = [], []
    for cell, value in values:
        batch = batches[cell]
        batch.answers += 1
        waiting_id = secrets.token_hex(16)
        sealed = seal(batch.key, value, place(waiting_id, batch.id))
        rows.append({"id": waiting_id, "batch_id": batch.id, "sealed": sealed})
        arrivals.append(Arrival(waiting_id, cell[0], batch.opened_on, batch.answers))
    connection.execute(_PUT, sorted(rows, key=itemgetter("id")))
    return arrivals


def place(waiting_id: str, batch_id: str) -> str:
    """Return what a sealed answer is bound to."""
    return f"{waiting_id}/{batch_id}"


def _open_batches(
    connection: Connection, keyring: Keyring, wanted: Set[Cell], ready: Spare | None
) -> dict[Cell, _OpenBatch]:
    keeper = keyring.keeper
    open_: dict[Cell, _OpenBatch] = {}
    while missing := wanted - open_.keys():
        members = {
            "surveys": sorted({survey_id for survey_id, _ in missing}),
            "scopes": sorted({scope for _, scope in missing}),
            "keeper": keeper,
        }
        # waits for a release, and then does not see its batch
        for row in connection.execute(_OPEN, members).all():
            key = keyring.read(row.id)
            if key is not None:
                batch = _OpenBatch(row.id, key, row.opened_on, row.answers)
                open_[row.survey_id, row.scope] = batch
            else:
                log.error("key of an open batch is missing", batch=row.id)
                connection.execute(_CLOSE, {"of_batch": row.id})
        for cell in sorted(wanted - open_.keys()):
            made = _make(connection, keyring, cell, ready)
            if made is None:
                break  # another request was faster: use its batch
            open_[cell] = made
    return open_


def _make(
    connection: Connection, keyring: Keyring, cell: Cell, ready: Spare | None
) -> _OpenBatch | None:
    survey_id, scope = cell
    new = spare(keyring) if ready is None or ready.is_used else ready
    today = clock.today()
    row = {
        "id": new.batch_id,
        "survey_id": survey_id,
        "keeper": keyring.keeper,
        "scope": scope,
        "opened_on": today,
        "is_open": True,
    }
    try:
        with connection.begin_nested():
            connection.execute(_MAKE, row)
    except IntegrityError:
        if new is not ready:
            keyring.destroy(new.batch_id)
        return None
    new.is_used = True
    return _OpenBatch(new.batch_id, new.key, today, answers=0)
