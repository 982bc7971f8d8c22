"""Storing a submission: once, twice, twice at once, with other content; spent and expired codes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from surveyapp.collect import devices, service
from surveyapp.collect.keys import Keyring
from surveyapp.collect.problems import SubmissionError
from surveyapp.collect.sealing import unseal
from surveyapp.collect.service import Receipt
from surveyapp.collect.waiting import place
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Exchange, Invitation, Survey, WaitingAnswer
from tests.app.collect_world import World, codes_for, made, send


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keys")


@pytest.fixture
def world(database: Database) -> World:
    return made(database)


def count(database: Database, table: type) -> int:
    with database.read_session() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def try_to_send(database: Database, keyring: Keyring, submission: Any) -> Receipt | str:
    try:
        return send(database, keyring, submission)
    except AppError as error:
        return error.code


def test_an_answer_is_sealed_and_its_invitation_spent(
    database: Database, keyring: Keyring, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    text = "Đường vào hơi tối"
    receipt = send(
        database, keyring, world.submission(code, answers={"q1": "2", "q2": None, "q4": text})
    )

    assert receipt.created
    with database.read_session() as db:
        [row] = db.scalars(select(WaitingAnswer))
        [invitation] = db.scalars(select(Invitation))
    value = unseal(keyring.read(row.batch_id), row.sealed, place(row.id, row.batch_id))
    assert value["answers"] == {"q1": "2", "q4": text}
    assert value["cell_id"] == world.cells[0].id
    assert invitation.is_spent


def test_sending_twice_gives_the_same_receipt_and_one_answer(
    database: Database, keyring: Keyring, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    submission = world.submission(code)

    first, second = (send(database, keyring, submission) for _ in range(2))

    assert (first.created, second.created) == (True, False)
    assert first.digest == second.digest
    assert count(database, WaitingAnswer) == count(database, Exchange) == 1


def test_other_content_under_the_same_id_is_refused(
    database: Database, keyring: Keyring, world: World
) -> None:
    one, two = codes_for(database, world, [0, 0])
    send(database, keyring, world.submission(one, at := uuid4()))

    refused = try_to_send(database, keyring, world.submission(two, at, answers={"q1": "1"}))

    assert refused == "COLLECT-020"
    assert count(database, WaitingAnswer) == 1


def test_sent_many_times_at_once_it_is_stored_once(
    database: Database, keyring: Keyring, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    submission = world.submission(code)

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: try_to_send(database, keyring, submission), range(8)))

    assert [answer.created for answer in sent].count(True) == 1
    assert count(database, WaitingAnswer) == 1


def test_fifty_simultaneous_tries_of_one_code_store_one_answer(
    database: Database, keyring: Keyring, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    tries = [world.submission(code) for _ in range(50)]

    with ThreadPoolExecutor(50) as pool:
        sent = list(pool.map(lambda one: try_to_send(database, keyring, one), tries))

    assert sum(isinstance(answer, Receipt) for answer in sent) == 1
    assert sent.count("COLLECT-016") == 49
    assert count(database, WaitingAnswer) == count(database, Exchange) == 1


def test_a_sending_that_was_rolled_back_is_no_earlier_sending(
    database: Database, keyring: Keyring, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    submission = world.submission(code)
    with database.session() as db:
        assert service.accept(db, keyring, submission).created
        db.rollback()

    assert send(database, keyring, submission).created
    assert count(database, WaitingAnswer) == count(database, Exchange) == 1


def test_a_sending_waits_for_the_same_sending_that_is_not_committed_yet(
    database: Database, keyring: Keyring, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    submission = world.submission(code)
    with ThreadPoolExecutor(1) as pool, database.session() as db:
        assert service.accept(db, keyring, submission).created
        again = pool.submit(send, database, keyring, submission)
        with pytest.raises(TimeoutError):
            again.result(timeout=0.2)
        db.commit()
        assert not again.result(timeout=30).created
    assert count(database, WaitingAnswer) == count(database, Exchange) == 1


def test_a_retry_succeeds_after_the_lock_and_a_new_answer_does_not(
    database: Database, keyring: Keyring, world: World
) -> None:
    one, two = codes_for(database, world, [0, 0])
    stored = world.submission(one)
    send(database, keyring, stored)
    with database.session() as db:
        db.execute(update(Survey).values(state="locked"))
        db.commit()

    assert not send(database, keyring, stored).created
    assert try_to_send(database, keyring, world.submission(two)) == "COLLECT-011"
    other = world.submission(two, UUID(stored.exchange_id))
    assert try_to_send(database, keyring, other) == "COLLECT-020"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"is_spent": True}, "COLLECT-016"),
        ({"is_revoked": True}, "COLLECT-014"),
        ({"expires_on": date(2024, 11, 3)}, "COLLECT-015"),
    ],
)
def test_a_code_that_cannot_be_used_is_refused_with_its_reason(
    database: Database, keyring: Keyring, world: World, more: dict[str, Any], code: str
) -> None:
    [invitation] = codes_for(database, world, [0], **more)

    assert try_to_send(database, keyring, world.submission(invitation)) == code
    assert count(database, Exchange) == count(database, WaitingAnswer) == 0


def test_an_unknown_code_and_no_code_are_refused(
    database: Database, keyring: Keyring, world: World
) -> None:
    assert try_to_send(database, keyring, world.submission("ABCDE")) == "COLLECT-013"
    assert try_to_send(database, keyring, world.submission(None)) == "COLLECT-022"


def test_refused_answers_leave_the_invitation_unspent(
    database: Database, keyring: Keyring, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    wrong = world.submission(code, answers={"q1": "9", "q7": "1"}, language="fr")

    with pytest.raises(SubmissionError) as caught:
        send(database, keyring, wrong)

    assert [fault.item for fault in caught.value.faults] == ["language", "q1", "q7"]
    with database.read_session() as db:
        assert not db.scalars(select(Invitation.is_spent)).one()
    assert count(database, Exchange) == 0


def test_walk_in_answers_come_from_a_tablet_of_a_counter_survey_only(
    database: Database, keyring: Keyring, world: World
) -> None:
    with database.session() as db:
        device = devices.recognise(db, world.device(db, "A2")[1])
        submission = world.submission(None, mode="tablet")
        with pytest.raises(AppError, match="COLLECT-017"):
            service.accept(db, keyring, submission, device)
        db.rollback()
        db.execute(update(Survey).values(kind="counter"))
        device = devices.recognise(db, world.device(db, "A2")[1])
        assert service.accept(db, keyring, submission, device).created
        db.commit()
    with database.read_session() as db:
        [row] = db.scalars(select(WaitingAnswer))
    value = unseal(keyring.read(row.batch_id), row.sealed, place(row.id, row.batch_id))
    assert (value["cell_id"], value["device_agency"]) == (None, "A2")
