"""Answers that wait: sealed under the key of the open batch of their form's cell."""

import secrets
from collections.abc import Mapping

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.collect.keys import Keyring
from surveyapp.collect.sealing import seal
from surveyapp.models import Batch, WaitingAnswer

log = structlog.get_logger()


def put(
    db: Session, keyring: Keyring, survey_id: int, scope: str, value: Mapping[str, object]
) -> str:
    """Seal `value` into the open batch of its scope; return the random id of the waiting answer.

    The key is durable before this returns, the answer with the caller's commit. The batch is held
    until then: it cannot be released, and its key destroyed, in between.
    """
    batch_id, key = _open_batch(db, keyring, survey_id, scope)
    waiting_id = secrets.token_hex(16)
    sealed = seal(key, value, place(waiting_id, batch_id))
    db.add(WaitingAnswer(id=waiting_id, batch_id=batch_id, sealed=sealed))
    db.flush()
    return waiting_id


def place(waiting_id: str, batch_id: str) -> str:
    """Return what a sealed answer is bound to."""
    return f"{waiting_id}/{batch_id}"


def _open_batch(db: Session, keyring: Keyring, survey_id: int, scope: str) -> tuple[str, bytes]:
    keeper = keyring.keeper
    query = (
        select(Batch.id)
        .where(
            Batch.survey_id == survey_id,
            Batch.keeper == keeper,
            Batch.scope == scope,
            Batch.is_open,
        )
        .with_for_update(read=True)
    )
    while True:
        batch_id = db.scalar(query)  # waits for a release, and then does not see its batch
        if batch_id is None:
            made = _make(db, keyring, Batch(survey_id=survey_id, keeper=keeper, scope=scope))
            if made is not None:
                return made
            continue  # another request was faster: use its batch
        key = keyring.read(batch_id)
        if key is not None:
            return batch_id, key
        log.error("key of an open batch is missing", batch=batch_id)
        db.execute(update(Batch).where(Batch.id == batch_id).values(is_open=False))


def _make(db: Session, keyring: Keyring, batch: Batch) -> tuple[str, bytes] | None:
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
    return batch.id, key
