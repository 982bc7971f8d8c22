"""How often somebody may ask: token buckets that all processes of a server share, in one file.

A bucket fills evenly and holds so many requests at most. Who asks is known only by a hash under a
key of the day: the file of the day before is removed, and with it the key and every trace.
"""

import fcntl
import hashlib
import ipaddress
import mmap
import os
import secrets
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from surveyapp import clock
from surveyapp.errors import AppError

KEY_BYTES: Final = 32
#: Who asks, how many requests are left, and when that was counted (seconds of the day's clock).
SLOT: Final = struct.Struct("=Qdd")
SLOTS: Final = 1 << 16
#: Two people whose hashes meet in one slot push each other out: the newcomer starts full.
SIZE: Final = KEY_BYTES + SLOTS * SLOT.size


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests at once, and so many a minute after that."""

    name: str
    burst: int
    per_minute: float


#: A tablet that was offline for a week sends 1,000 forms in four minutes.
DEVICE: Final = Limit("device", 240, 240)
#: Codes and tokens that are not known, for an address. They have 128 random bits; this keeps
#: machines from trying. Right ones cost nothing, as a whole office may stand behind one address.
CODES: Final = Limit("codes", 30, 30)


class Buckets:
    """The buckets of one server, in a file of its data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._day = ""
        self._file = -1
        self._map: mmap.mmap | None = None

    def take(self, limit: Limit, who: str) -> None:
        """Take one request out of the bucket of `who`.

        Raises
        ------
        TooOftenError : 429, the bucket is empty; `retry_after` says for how many seconds.
        """
        self._use(limit, who, 1)

    def require(self, limit: Limit, who: str) -> None:
        """Refuse like `take`, but take nothing: for what costs only where it fails."""
        self._use(limit, who, 0)

    def _use(self, limit: Limit, who: str, count: int) -> None:
        seconds, rate = clock.now().timestamp(), limit.per_minute / 60
        with self._held(clock.today().isoformat()) as shared:
            place, mark = _place(shared, f"{limit.name}/{who}")
            known, left, at = SLOT.unpack_from(shared, place)
            if known != mark:
                left, at = float(limit.burst), seconds
            # a clock that was set back gives nothing and takes nothing
            left = min(limit.burst, left + max(0.0, seconds - at) * rate)
            is_enough = left >= 1
            if count:  # who only has to be let in leaves no trace of the moment
                SLOT.pack_into(shared, place, mark, left - count * is_enough, seconds)
        if not is_enough:
            raise TooOftenError(
                "COLLECT-005",
                "Gửi quá nhiều lần trong thời gian ngắn.",
                "Chờ một phút rồi thử lại; phiếu chưa gửi vẫn còn trên máy.",
                status=429,
                retry_after=max(1, round((1 - left) / rate)),
            )

    @contextmanager
    def _held(self, day: str) -> Iterator[mmap.mmap]:
        """Lend the file of the day to one request at a time, of all processes."""
        with self._lock:
            if day != self._day or self._map is None:
                self._open(day)
            assert self._map is not None  # noqa: S101  opened above
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield self._map
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _open(self, day: str) -> None:
        if self._map is not None:
            self._map.close()
            os.close(self._file)
            self._map = None
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"limits-{day}"
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._map, self._file, self._day = _whole(file), file, day
        except BaseException:
            os.close(file)
            raise
        for old in self._folder.glob("limits-*"):
            if old != path:
                old.unlink(missing_ok=True)


def _whole(file: int) -> mmap.mmap:
    """Map a file of the day, made if it is new; a full disk refuses it here.

    All of it gets its place on the disk: writing into a hole of a mapped file while the disk is
    full would end the process.
    """
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        if os.fstat(file).st_size < SIZE:
            os.posix_fallocate(file, 0, SIZE)
            os.pwrite(file, secrets.token_bytes(KEY_BYTES), 0)
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
    return mmap.mmap(file, SIZE)


@dataclass
class TooOftenError(AppError):
    """Somebody asks too often: refused for some seconds."""

    retry_after: int = 60


def is_guess(error: AppError) -> bool:
    """Say whether a code or a token was tried that nobody was given."""
    return error.code in {"COLLECT-013", "COLLECT-044"}


def headers_of(error: AppError) -> dict[str, str]:
    """Return the header that tells a program when to come back."""
    return {"Retry-After": str(error.retry_after)} if isinstance(error, TooOftenError) else {}


def prefix_of(address: str | None) -> str:
    """Return the part of an address that one household or office shares; "" if it is none."""
    try:
        read = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    bits = 32 if read.version == 4 else 56
    return str(ipaddress.ip_network((read, bits), strict=False))


def _place(shared: mmap.mmap, who: str) -> tuple[int, int]:
    """Return where the bucket of `who` lies, and the mark by which it is known there."""
    made = hashlib.blake2b(who.encode(), key=shared[:KEY_BYTES], digest_size=16).digest()
    slot = int.from_bytes(made[:8], "big") % SLOTS
    return KEY_BYTES + slot * SLOT.size, int.from_bytes(made[8:], "big") | 1
