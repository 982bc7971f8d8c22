"""SQLite's writers take turns, and no end of a transaction or a process keeps a turn."""

import errno
import fcntl
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from surveyapp import writers
from surveyapp.db import Database
from surveyapp.errors import AppError

ADD = text("INSERT INTO t VALUES (1)")
#: Writes, says so, and does not end by itself.
HOLDER = """
import sys, time
from sqlalchemy import text
from surveyapp.db import Database
with Database(sys.argv[1]) as database, database.session() as db:
    db.execute(text("INSERT INTO t VALUES (1)"))
    print("writing", flush=True)
    sys.stdin.read()
    db.commit()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'survey.sqlite3'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database(url) as database:
        with database.session() as db:
            db.execute(text("CREATE TABLE t (x INTEGER)"))
            db.commit()
        yield database


def add(database: Database) -> None:
    with database.session() as db:
        db.execute(ADD)
        db.commit()


def rows(database: Database) -> int:
    with database.read_session() as db:
        return int(db.execute(text("SELECT count(*) FROM t")).scalar_one())


@pytest.fixture
def holder(url: str, database: Database) -> Iterator["subprocess.Popen[str]"]:  # noqa: ARG001  its table
    """Start another process that is in the middle of writing."""
    with subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", HOLDER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def test_many_writers_of_one_process_all_write(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: add(database), range(80)))

    assert rows(database) == 80


def test_two_engines_on_one_file_take_turns(database: Database, url: str) -> None:
    with Database(url) as other, ThreadPoolExecutor(8) as pool:
        list(pool.map(add, [database, other] * 20))

    assert rows(database) == 40


def test_a_second_writer_in_one_thread_is_refused_and_the_first_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "WAIT_SECONDS", 0.05)
    with database.session() as first:
        first.execute(ADD)
        with database.session() as second, pytest.raises(AppError, match="APP-016"):
            second.execute(ADD)
        with database.session() as reading:
            assert reading.get_bind() is database.engine  # opened only: it takes no turn
        first.commit()

    add(database)
    assert rows(database) == 2


@pytest.mark.parametrize("end", ["rollback", "close", "commit"])
def test_the_turn_ends_with_the_transaction_of_an_open_session(
    database: Database, end: str
) -> None:
    with database.session() as first:
        first.execute(ADD)
        getattr(first, end)()
        add(database)
    assert rows(database) == 1 + (end == "commit")


def test_a_statement_that_fails_keeps_no_turn(database: Database) -> None:
    with database.session() as db, pytest.raises(OperationalError, match="no such table"):
        db.execute(text("INSERT INTO missing VALUES (1)"))

    add(database)
    assert rows(database) == 1


def test_a_lost_connection_keeps_no_turn(database: Database) -> None:
    with database.session() as db:
        db.execute(ADD)
        db.invalidate()

    add(database)
    assert rows(database) == 1


def test_a_writer_waits_for_another_process(
    database: Database, holder: "subprocess.Popen[str]"
) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(add, database)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        holder.communicate("go on")
        waiting.result(timeout=30)

    assert rows(database) == 2


def test_a_writer_waits_for_another_process_no_longer_than_it_should(
    database: Database, holder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(writers, "WAIT_SECONDS", 0.05)
        with pytest.raises(AppError, match="APP-016") as refused:
            add(database)
    holder.communicate("go on")
    add(database)  # the lock that came too late for the first has gone back

    assert (refused.value.status, rows(database)) == (503, 2)


def test_while_a_program_hangs_one_thread_and_one_file_wait_and_no_more(
    database: Database, holder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    left = []
    with monkeypatch.context() as patch:
        patch.setattr(writers, "WAIT_SECONDS", 0.05)
        for _ in range(3):
            with pytest.raises(AppError, match="APP-016"):
                add(database)
            left.append((threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))))
    holder.communicate("go on")
    add(database)

    assert left[0] == left[1] == left[2]
    assert rows(database) == 2


def test_a_lock_that_the_system_refuses_is_an_error_at_once_and_leaves_no_file_open(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_file: int, how: int) -> None:
        raise BlockingIOError if how & fcntl.LOCK_NB else OSError(errno.ENOLCK, "no locks left")

    before = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", no_locks)
        with pytest.raises(OSError, match="no locks left"):
            add(database)

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    add(database)
    assert rows(database) == 1


def test_a_process_that_is_killed_keeps_no_turn(
    database: Database, holder: "subprocess.Popen[str]"
) -> None:
    holder.send_signal(signal.SIGKILL)
    add(database)

    assert rows(database) == 1
