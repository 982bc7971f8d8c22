"""The queue of SQLite's writers: each waits asleep until the one before it is done."""

import fcntl
import os
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from surveyapp.errors import AppError

#: As long as SQLite waits for a lock (busy_timeout).
WAIT_SECONDS = 20
#: lock file -> the turn of this process
_turns: dict[Path, threading.Lock] = {}
#: lock file -> a thread whose turn did not come in time, and which still waits for it
_late: dict[Path, threading.Thread] = {}


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
        AppError : another writer has not ended for 20 seconds; it may be this very thread, with
            a second session, or another process that hangs.
        """
        if self._file is not None:
            return
        last = time.monotonic() + WAIT_SECONDS
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise busy()
        try:
            self._file = _locked(self._path, last)
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


def busy() -> AppError:
    """Say that others write, and that trying again is all there is to do."""
    return AppError(
        "APP-016",
        f"Cơ sở dữ liệu bận ghi quá {WAIT_SECONDS:g} giây; chưa lưu thay đổi nào.",
        "Thử lại sau một phút. Nếu vẫn bận, báo kỹ thuật xem lệnh nào đang chạy quá lâu.",
        status=503,
    )


def _locked(path: Path, last: float) -> int:
    """Open and lock until `last` (monotonic seconds).

    For each turn: a file that is open over a fork would be one for both processes. Behind a thread
    that waits too long already nobody else begins to: where a program hangs, it stays one.
    """
    if late := _late.get(path):
        late.join(max(0, last - time.monotonic()))
        if late.is_alive():
            raise busy()
    file = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _wait(path, file, last)
    except BaseException:
        os.close(file)
        raise
    return file


def _wait(path: Path, file: int, last: float) -> None:
    """Lock an open file when its turn comes; where that is too late or fails, close it.

    `flock` waits without an end, and asking again and again would lose the order of the kernel:
    so a thread waits, and a lock that comes too late goes at once.
    """
    granted: Future[None] = Future()

    def lock() -> None:
        error = _refused(file)
        is_wanted = granted.set_running_or_notify_cancel()
        if error is not None or not is_wanted:
            os.close(file)
        if is_wanted:
            granted.set_exception(error) if error is not None else granted.set_result(None)

    thread = threading.Thread(target=lock, daemon=True)
    thread.start()
    try:
        granted.result(max(0, last - time.monotonic()))
    except TimeoutError:
        if granted.cancel():
            _late[path] = thread
            raise busy() from None
        granted.result()


def _refused(file: int) -> OSError | None:
    """Wait for the lock; return why the system gives none."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        return error
    return None
