"""Release of waiting answers: everything once, nothing before its time, keys destroyed after."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from surveyapp import clock
from surveyapp.collect import release
from surveyapp.collect.keys import Keyring
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Batch, RecheckLink, Response, WaitingAnswer
from tests.app.collect_world import World, codes_for, linked, made, send

FIRST_DAY = datetime(2024, 11, 4, 2, tzinfo=UTC)
NEXT_DAY = datetime(2024, 11, 5, 2, tzinfo=UTC)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keys")


@pytest.fixture
def world(database: Database) -> World:
    return made(database)


def waiting(database: Database) -> int:
    with database.read_session() as db:
        return db.scalar(select(func.count()).select_from(WaitingAnswer)) or 0


def responses(database: Database) -> list[Response]:
    with database.read_session() as db:
        return list(db.scalars(select(Response)))


def send_numbered(
    database: Database, keyring: Keyring, world: World, numbers: range, cell: int = 0
) -> None:
    for number, code in zip(
        numbers, codes_for(database, world, [cell] * len(numbers)), strict=True
    ):
        send(database, keyring, world.submission(code, answers={"q1": "4", "q4": f"số {number}"}))


def texts(rows: list[Response]) -> list[str]:
    return [row.answers["q4"] for row in rows]


def release_rest(database: Database, keyring: Keyring, world: World) -> release.LastRelease:
    with database.session() as db:
        done = release.release_all(db, keyring, world.survey.id)
        db.commit()
    release.destroy_spent_keys(database, keyring)
    return done


def test_nothing_is_released_before_enough_answers_wait(
    database: Database, keyring: Keyring, world: World
) -> None:
    send_numbered(database, keyring, world, range(9))

    assert release.settle(database, keyring, world.survey.id, 5) == 0
    assert (waiting(database), responses(database)) == (9, [])


def test_a_release_leaves_five_behind_and_destroys_the_old_key(
    database: Database, keyring: Keyring, world: World
) -> None:
    send_numbered(database, keyring, world, range(10))
    [old] = keyring.batches()

    assert release.settle(database, keyring, world.survey.id, 5) == 5

    assert waiting(database) == len(responses(database)) == 5
    [new] = keyring.batches()
    assert new != old


def test_every_answer_comes_out_exactly_once(
    database: Database, keyring: Keyring, world: World
) -> None:
    for start in range(0, 36, 4):
        send_numbered(database, keyring, world, range(start, start + 4), cell=start // 12)
        release.settle(database, keyring, world.survey.id, 5)
    done = release_rest(database, keyring, world)

    assert Counter(texts(responses(database))) == Counter(f"số {n}" for n in range(36))
    assert waiting(database) == 0
    assert keyring.batches() == set()
    assert done.small_cells == 0


def test_an_earlier_day_is_released_in_a_group_of_five_with_one_day_for_all(
    database: Database, keyring: Keyring, world: World
) -> None:
    with clock.set_to(FIRST_DAY):
        send_numbered(database, keyring, world, range(9))
    with clock.set_to(NEXT_DAY):
        send_numbered(database, keyring, world, range(9, 11))
        assert release.settle(database, keyring, world.survey.id, 20) == 6

    released = responses(database)
    assert len(released) == 6
    assert len({row.received_on for row in released}) == 1


def test_two_releases_at_once_release_everything_once(
    database: Database, keyring: Keyring, world: World
) -> None:
    send_numbered(database, keyring, world, range(15))

    with ThreadPoolExecutor(4) as pool:
        counts = list(
            pool.map(lambda _: release.settle(database, keyring, world.survey.id, 5), range(4))
        )

    assert sum(counts) == len(set(texts(responses(database)))) == 10
    assert waiting(database) == 5


def test_answers_that_arrive_during_releases_are_neither_lost_nor_doubled(
    database: Database, keyring: Keyring, world: World
) -> None:
    issued = codes_for(database, world, [0] * 48)

    def one(number: int) -> None:
        answers = {"q1": "4", "q4": f"số {number}"}
        send(database, keyring, world.submission(issued[number], answers=answers))
        release.settle(database, keyring, world.survey.id, 5)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(48)))
    release_rest(database, keyring, world)

    assert Counter(texts(responses(database))) == Counter(f"số {n}" for n in range(48))
    assert keyring.batches() == set()


def arrive(
    database: Database,
    keyring: Keyring,
    world: World,
    count: int,
    cell: int = 0,
    pace: timedelta = release.RELEASE_EVERY,
) -> list[int]:
    """Send answers as the views do, one a `pace`; return how many were released after each."""
    released = []
    start = clock.now()
    for number, code in enumerate(codes_for(database, world, [cell] * count)):
        with clock.set_to(start + number * pace):
            receipt = send(database, keyring, world.submission(code))
            assert receipt.arrival is not None
            release.settle_after(database, keyring, receipt.arrival, 5)
        released.append(len(responses(database)))
    return released


def test_the_answer_that_fills_a_batch_releases_it(
    database: Database, keyring: Keyring, world: World
) -> None:
    with clock.set_to(FIRST_DAY):
        assert arrive(database, keyring, world, 21) == [0] * 9 + [5] * 5 + [10] * 5 + [15] * 2
    assert len(keyring.batches()) == 1


def test_answers_of_one_moment_are_released_together(
    database: Database, keyring: Keyring, world: World
) -> None:
    with clock.set_to(FIRST_DAY):
        assert arrive(database, keyring, world, 1) == [0]  # the first one of a process looks
    with clock.set_to(FIRST_DAY + release.RELEASE_EVERY / 2):
        assert arrive(database, keyring, world, 19, pace=timedelta(0)) == [0] * 19
    with clock.set_to(FIRST_DAY + release.RELEASE_EVERY):
        assert arrive(database, keyring, world, 5) == [0, 0, 0, 0, 20]


def test_a_release_that_failed_is_tried_again_at_most_five_answers_later(
    database: Database, keyring: Keyring, world: World
) -> None:
    with clock.set_to(FIRST_DAY):
        assert arrive(database, keyring, world, 1) == [0]
        send_numbered(database, keyring, world, range(10))  # nobody releases after these
        assert arrive(database, keyring, world, 5) == [0, 0, 0, 10, 10]  # the 15th


def test_a_batch_that_nobody_adds_to_is_found_a_minute_later(
    database: Database, keyring: Keyring, world: World
) -> None:
    with clock.set_to(NEXT_DAY):
        arrive(database, keyring, world, 1, cell=1)
    with clock.set_to(FIRST_DAY):
        send_numbered(database, keyring, world, range(10))
    with clock.set_to(NEXT_DAY + release.LOOK_EVERY / 2):
        assert arrive(database, keyring, world, 1, cell=1) == [0]
    with clock.set_to(NEXT_DAY + release.LOOK_EVERY):
        assert arrive(database, keyring, world, 1, cell=1) == [5]


def test_a_clock_that_is_set_back_stops_no_release(
    database: Database, keyring: Keyring, world: World
) -> None:
    with clock.set_to(NEXT_DAY):
        arrive(database, keyring, world, 1, cell=1)
    with clock.set_to(FIRST_DAY):
        send_numbered(database, keyring, world, range(10))
        assert arrive(database, keyring, world, 1, cell=1) == [5]


def test_the_first_answer_of_a_process_destroys_the_keys_that_a_crash_left(
    database: Database, keyring: Keyring, world: World
) -> None:
    send_numbered(database, keyring, world, range(10))
    [old] = keyring.batches()
    with database.session() as db:
        release.release_all(db, keyring, world.survey.id)
        db.commit()  # and the process dies here
    assert old in keyring.batches()

    arrive(database, keyring, world, 1)

    assert old not in keyring.batches()
    assert len(keyring.batches()) == 1


def test_a_crash_before_the_key_is_destroyed_is_mended_by_the_next_release(
    database: Database, keyring: Keyring, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_numbered(database, keyring, world, range(10))
    [old] = keyring.batches()

    def crash(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Keyring, "destroy", crash)
        with pytest.raises(OSError, match="power"):
            release.settle(database, keyring, world.survey.id, 5)
    assert old in keyring.batches()
    assert len(responses(database)) == 5

    assert release.settle(database, keyring, world.survey.id, 5) == 0
    assert old not in keyring.batches()


def test_a_crash_before_the_commit_releases_nothing_and_keeps_the_key(
    database: Database, keyring: Keyring, world: World
) -> None:
    send_numbered(database, keyring, world, range(10))
    kept = keyring.batches()
    with database.session() as db:
        release.release_all(db, keyring, world.survey.id)
        db.rollback()
    release.destroy_spent_keys(database, keyring)

    assert (waiting(database), responses(database)) == (10, [])
    assert keyring.batches() == kept


def test_the_key_of_another_database_is_left_alone(
    database: Database, keyring: Keyring, world: World
) -> None:
    keyring.create("f" * 32)
    release.settle(database, keyring, world.survey.id, 5)

    assert keyring.batches() == {"f" * 32}


def test_the_lock_names_what_waits_elsewhere_or_cannot_be_read(
    database: Database, keyring: Keyring, world: World, tmp_path: Path
) -> None:
    send_numbered(database, Keyring(tmp_path / "other"), world, range(2))
    send_numbered(database, keyring, world, range(2, 5))
    [batch] = keyring.batches()
    keyring.destroy(batch)
    send_numbered(database, keyring, world, range(5, 6))

    with database.session() as db, pytest.raises(AppError) as caught:
        release.release_all(db, keyring, world.survey.id)
    assert caught.value.code == "COLLECT-030"
    assert "2 ở máy chủ khác, 3 mất khóa" in caught.value.message

    with database.session() as db:
        done = release.release_all(db, keyring, world.survey.id, leave_behind=True)
        db.commit()
    assert (done.released, done.small_cells, done.unreadable) == (1, 1, 3)
    assert sum(done.elsewhere.values()) == 2
    assert waiting(database) == 5


def test_a_recheck_link_follows_its_answer(
    database: Database, keyring: Keyring, world: World
) -> None:
    code = linked(database, world)
    answers = {"q1": "4", "q4": "của người được hỏi lại"}
    send(database, keyring, world.submission(code, answers=answers))
    send_numbered(database, keyring, world, range(14))
    release.settle(database, keyring, world.survey.id, 5)
    release_rest(database, keyring, world)

    with database.read_session() as db:
        link = db.scalars(select(RecheckLink)).one()
        response = db.get(Response, link.answer_id)
    assert response is not None
    assert response.answers["q4"] == "của người được hỏi lại"


def test_one_batch_holds_one_cell_only(database: Database, keyring: Keyring, world: World) -> None:
    for number, cell in enumerate([0, 1, 0, 2, 1, 0]):
        send_numbered(database, keyring, world, range(number, number + 1), cell=cell)

    with database.read_session() as db:
        scopes = [batch.scope for batch in db.scalars(select(Batch))]
    assert sorted(scopes) == sorted(f"cell:{world.cells[cell].id}" for cell in (0, 1, 2))
