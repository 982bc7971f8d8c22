"""Whether a server uses an installation: each of its processes holds a lock while it lives."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from surveyapp.errors import AppError

_FILE = "server-running"


def hold(home: Path) -> int:
    """Say that a server runs on `home`, until the process ends or the descriptor is closed."""
    file = _opened(home)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise AppError(
            "APP-017",
            f"Dữ liệu ở {home} đang được khôi phục.",
            "Chờ lệnh sipas restore chạy xong rồi khởi động máy chủ.",
            status=503,
        ) from error
    return file


@contextmanager
def nobody(home: Path) -> Iterator[None]:
    """Keep servers from running on `home`; refuse while one does."""
    file = _opened(home)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AppError(
                "APP-018",
                f"Máy chủ đang chạy với dữ liệu ở {home}; chưa thay gì.",
                "Dừng máy chủ (sipas serve, make run) rồi chạy lại lệnh này.",
                status=409,
            ) from error
        yield
    finally:
        os.close(file)


def _opened(home: Path) -> int:
    home.mkdir(parents=True, exist_ok=True)
    return os.open(home / _FILE, os.O_RDONLY | os.O_CREAT, 0o600)
