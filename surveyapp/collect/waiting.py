"""Answers that wait: sealed under the key of the open batch of their form's cell."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import structlog
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.collect.keys import Keyring
from surveyapp.collect.sealing import seal
from surveyapp.models import Batch, WaitingAnswer

log = structlog.get_logger()

#: The open batch of a scope, held until the end of the transaction, and how many wait in it.
_OPEN: Final = (
    select(
        Batch.id,
        Batch.opened_on,
        select(func.count())
        .select_from(WaitingAnswer)
        .where(WaitingAnswer.batch_id == Batch.id)
        .scalar_subquery()
        .label("answers"),
    )
    .where(
        Batch.survey_id == bindparam("survey_id"),
        Batch.keeper == bindparam("keeper"),
        Batch.scope == bindparam("scope"),
        Batch.is_open,
    )
    .with_for_update(read=True)
)
_PUT: Final = insert(WaitingAnswer)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An answer that waits now, and the batch that it came into."""

    waiting_id: str
    survey_id: int
    #: The day on which the batch was opened.
    opened_on: date
    #: So many wait in the batch with this one; answers not yet committed are not seen.
    count: int


@dataclass(frozen=True, slots=True)
class _OpenBatch:
    id: str
    key: bytes
    opened_on: date
    answers: int


def put(
    db: Session, keyring: Keyring, survey_id: int, scope: str, value: Mapping[str, object]
) -> Arrival:
    """Seal `value` into the open batch of its scope, under a random id.

    The key is durable before this returns, the answer with the caller's commit. The batch is held
    until then: it cannot be released, and its key destroyed, in between.
    """
    batch = _open_batch(db, keyring, survey_id, scope)
    waiting_id = secrets.token_hex(16)
    sealed = seal(batch.key, value, place(waiting_id, batch.id))
    db.connection().execute(_PUT, {"id": waiting_id, "batch_id": batch.id, "sealed": sealed})
    return Arrival(waiting_id, survey_id, batch.opened_on, batch.answers + 1)


def place(waiting_id: str, batch_id: str) -> str:
    """Return what a sealed answer is bound to."""
    return f"{waiting_id}/{batch_id}"


def _open_batch(db: Session, keyring: Keyring, survey_id: int, scope: str) -> _OpenBatch:
    keeper = keyring.keeper
    wanted = {"survey_id": survey_id, "keeper": keeper, "scope": scope}
    while True:
        # waits for a release, and then does not see its batch
        found = db.connection().execute(_OPEN, wanted).one_or_none()
        if found is None:
            made = _make(db, keyring, Batch(survey_id=survey_id, keeper=keeper, scope=scope))
            if made is not None:
                return made
            continue  # another request was faster: use its batch
        key = keyring.read(found.id)
        if key is not None:
            return _OpenBatch(found.id, key, found.opened_on, found.answers)
        log.error("key of an open batch is missing", batch=found.id)
        db.execute(update(Batch).where(Batch.id == found.id).values(is_open=False))


def _make(db: Session, keyring: Keyring, batch: Batch) -> _OpenBatch | None:
    batch.id = secrets.token_hex(16)
    batch.opened_on = clock.today()
    batch.is_open = True
    key = keyring.create(batch.id)
    try:
        with db.begin_nested():
            db.add(batch)
            db.flush()
    except IntegrityError:
        keyring.destroy(batch.id)
        return None
    return _OpenBatch(batch.id, key, batch.opened_on, answers=0)
