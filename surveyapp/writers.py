"""The queue of SQLite's writers: each waits asleep until the one before it is done."""

import fcntl
import os
import sqlite3
import threading
from pathlib import Path

from sqlalchemy.exc import OperationalError

#: As long as SQLite waits for a lock (busy_timeout).
WAIT_SECONDS = 20
#: lock file -> the turn of this process
_turns: dict[Path, threading.Lock] = {}


class Turn:
    """The right of one connection to write, among all connections of all processes.

    SQLite itself polls: whoever asks at the right moment writes, and some wait for seconds. Here
    the threads of a process queue for a lock, and the first of them for a `flock` on a file beside
    the database, which the kernel grants in order and takes back from a process that dies. SQLite's
    own lock still decides; a program that does not know this queue is only less polite.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.resolve().with_name(f"{database.name}-writer")
        self._lock = _turns.setdefault(self._path, threading.Lock())
        self._file: int | None = None

    def take(self) -> None:
        """Wait for the turn; nothing happens if the connection has it already.

        Raises
        ------
        OperationalError : another writer of this process has not ended for 20 seconds; it
            may be this very thread, with a second session.
        """
        if self._file is not None:
            return
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            locked = sqlite3.OperationalError("database is locked by this process")
            raise OperationalError("BEGIN IMMEDIATE", None, locked)
        try:
            self._file = _locked(self._path)
        except BaseException:
            self._lock.release()
            raise

    def give_back(self) -> None:
        """Let the next one write."""
        file, self._file = self._file, None
        if file is not None:
            fcntl.flock(file, fcntl.LOCK_UN)
            os.close(file)
            self._lock.release()


def _locked(path: Path) -> int:
    """Open for each turn: a file that is open over a fork would be one for both processes."""
    file = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except BaseException:
        os.close(file)
        raise
    return file
