"""The only clock of the program: UTC instants and the day in Vietnam; tests can set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """Return the present instant in UTC."""
    return _fixed.get() or datetime.now(UTC)  # noqa: TID251  the one place that may ask the system


def today() -> date:
    """Return the day in Vietnam: 06:45 there is still the day before in UTC."""
    return local_day(now())


def local_day(instant: datetime) -> date:
    """Return the day in Vietnam of an instant."""
    return instant.astimezone(VIETNAM).date()


@contextmanager
def set_to(instant: datetime) -> Iterator[None]:
    """Hold the clock at `instant` (simulated surveys and tests)."""
    token = _fixed.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
