"""Submissions that come together: one transaction, a receipt for each after its commit."""

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select

from surveyapp.collect import service
from surveyapp.collect.intake_desk import Desk
from surveyapp.collect.keys import Keyring
from surveyapp.collect.service import Filing, Receipt, accept_all
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Exchange, Invitation, WaitingAnswer
from tests.app.collect_world import World, codes_for, made


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keys")


@pytest.fixture
def world(database: Database) -> World:
    return made(database)


def count(database: Database, table: type) -> int:
    with database.read_session() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def outcome_of(desk: Desk, filing: Filing) -> Receipt | str:
    try:
        return desk.hand_in(filing)
    except AppError as error:
        return error.code


def test_many_at_one_desk_are_each_stored_once_or_refused_alone(
    database: Database, keyring: Keyring, world: World
) -> None:
    issued = codes_for(database, world, [number % 3 for number in range(30)])
    good = [Filing(world.submission(code)) for code in issued]
    wrong = [Filing(world.submission(code, answers={"q1": "9"})) for code in issued[:5]]
    spent = [Filing(world.submission(issued[0])) for _ in range(20)]
    desk = Desk(database, keyring)

    with ThreadPoolExecutor(16) as pool:
        sent = list(pool.map(lambda one: outcome_of(desk, one), [*good[1:], *wrong, *good]))
        tries = list(pool.map(lambda one: outcome_of(desk, one), spent))

    assert sent[:29].count("COLLECT-016") == 0
    assert all(isinstance(one, Receipt) for one in sent[:29] + sent[34:])
    assert set(sent[29:34]) <= {"COLLECT-002", "COLLECT-016"}
    assert set(tries) == {"COLLECT-016"}
    assert count(database, Exchange) == count(database, WaitingAnswer) == 30


def test_one_code_in_one_group_fifty_times_stores_one_answer(
    database: Database, keyring: Keyring, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    filings = [Filing(world.submission(code)) for _ in range(50)]

    with database.engine.begin() as connection:
        outcomes = accept_all(connection, keyring, filings)

    assert sum(isinstance(one, Receipt) for one in outcomes) == 1
    assert {one.code for one in outcomes if isinstance(one, AppError)} == {"COLLECT-016"}
    assert count(database, Exchange) == count(database, WaitingAnswer) == 1


def test_a_group_of_every_kind_leaves_only_what_was_accepted(
    database: Database, keyring: Keyring, world: World
) -> None:
    one, two, three, four = codes_for(database, world, [0, 0, 1, 3])
    before = world.submission(one)
    with database.engine.begin() as connection:
        accept_all(connection, keyring, [Filing(before)])
    group = [
        Filing(before),
        Filing(world.submission(two, UUID(before.exchange_id))),
        Filing(world.submission(two, answers={"q1": "9"})),
        Filing(world.submission(two)),
        Filing(world.submission(three), "0" * 64),
        Filing(world.submission(three, survey="none")),
        Filing(world.submission("ABCDE")),
        Filing(service.looked_through(Filing(world.submission(four))).submission),
    ]

    with database.engine.begin() as connection:
        outcomes = accept_all(connection, keyring, group)

    said = [one.code if isinstance(one, AppError) else one.created for one in outcomes]
    assert said == [
        *(False, "COLLECT-020", "COLLECT-002", True),
        *("COLLECT-044", "COLLECT-010", "COLLECT-013", True),
    ]
    assert count(database, Exchange) == count(database, WaitingAnswer) == 3
    with database.read_session() as db:
        assert db.scalar(select(func.count()).where(Invitation.is_spent)) == 3


def test_a_mistake_of_the_program_in_one_sending_stops_no_other(
    database: Database, keyring: Keyring, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    filings = [Filing(world.submission(code)) for code in codes_for(database, world, [0, 0])]
    checked = service._check

    def breaks(asked: Any, filing: Filing) -> None:
        if filing is filings[0]:
            raise ZeroDivisionError
        checked(asked, filing)

    monkeypatch.setattr(service, "_check", breaks)
    with database.engine.begin() as connection:
        first, second = accept_all(connection, keyring, filings)

    assert isinstance(first, ZeroDivisionError)
    assert isinstance(second, Receipt)
    assert count(database, Exchange) == count(database, WaitingAnswer) == 1


def test_a_commit_that_fails_is_told_to_the_whole_group_and_the_desk_goes_on(
    database: Database, keyring: Keyring, world: World
) -> None:
    filings = [Filing(world.submission(code)) for code in codes_for(database, world, [0] * 8)]
    desk = Desk(database, keyring)

    def full(_connection: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    event.listen(database.engine, "commit", full)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda one: outcome_of(desk, one), filings))
    assert told == ["COLLECT-006"] * 8
    assert count(database, Exchange) == count(database, WaitingAnswer) == 0

    event.remove(database.engine, "commit", full)
    assert all(desk.hand_in(filing).created for filing in filings)
    assert count(database, WaitingAnswer) == 8


def test_answers_found_right_before_are_checked_again_where_the_form_is_another(
    database: Database, keyring: Keyring, world: World
) -> None:
    [code] = codes_for(database, world, [0])
    wrong = Filing(world.submission(code, answers={"q1": "9"}), fits="0" * 64)
    right = Filing(world.submission(code), fits="0" * 64)

    with database.engine.begin() as connection:
        refused, stored = accept_all(connection, keyring, [wrong, right])

    assert isinstance(refused, AppError)
    assert isinstance(stored, Receipt)


def test_a_full_disk_is_told_and_nothing_is_half_stored(
    database: Database, keyring: Keyring, world: World
) -> None:
    if not database.is_sqlite:
        pytest.skip("SQLite alone can be told how large its file may be")
    desk = Desk(database, keyring)
    filings = [Filing(world.submission(code)) for code in codes_for(database, world, [0] * 9)]
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    said = [outcome_of(desk, filing) for filing in filings]

    refused = said.count("COLLECT-006")
    assert refused > 0
    assert count(database, Exchange) == count(database, WaitingAnswer) == len(said) - refused
