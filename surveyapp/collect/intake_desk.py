"""The intake desk of one process: submissions that come together are stored together.

Being durable costs one wait for the disk, whether one answer is written or twenty. Whoever comes
first leads: it takes the turn to write, and everybody who came while it waited goes into its
transaction. Each sender is answered only after that transaction is durable. A refused sending
disturbs no other (`service.accept_all`).
"""

import errno
import sqlite3
import threading
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from surveyapp.collect.keys import Keyring
from surveyapp.collect.service import Filing, Outcome, Receipt, accept_all
from surveyapp.db import Database
from surveyapp.errors import AppError

#: SQLSTATE of PostgreSQL.
DISK_FULL = "53100"
#: So many go into one transaction at most.
MOST = 64
#: Under load those whom the last transaction served come back at once: the next one waits for half
#: of them, but not longer than this. Where requests come one by one nobody waits.
GATHER_SECONDS = 0.02


@dataclass(slots=True, eq=False)
class _Visitor:
    """One request that waits for its receipt, or is asked to lead."""

    filing: Filing
    called: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome | None = None


class Desk:
    """Where the requests of one process hand in what they received."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._guard = threading.Lock()
        self._arrived = threading.Condition(self._guard)
        self._waiting: list[_Visitor] = []
        self._expected = 0
        self._is_led = False

    def hand_in(self, filing: Filing) -> Receipt:
        """Store one sending durably and return its receipt; refusals are raised.

        The caller then calls `release.settle_after`.
        """
        visitor = _Visitor(filing)
        with self._guard:
            self._waiting.append(visitor)
            self._arrived.notify_all()
            leads = not self._is_led
            self._is_led = True
        if not leads:
            visitor.called.wait()
        if visitor.outcome is None:
            self._lead(visitor)
        if not isinstance(visitor.outcome, Receipt):
            raise visitor.outcome or RuntimeError("a submission without an outcome")
        return visitor.outcome

    def _lead(self, first: _Visitor) -> None:
        """Store a group with `first` in it, call its members, and hand over."""
        group = [first]
        with self._guard:
            self._arrived.wait_for(lambda: len(self._waiting) >= self._expected, GATHER_SECONDS)
        try:
            with self._database.engine.begin() as connection:  # waits for the turn to write
                group = self._group(first)
                filings = [visitor.filing for visitor in group]
                outcomes = accept_all(connection, self._keyring, filings)
        except Exception as error:
            outcomes = [told(error)] * len(group)
        self._hand_over(group)
        for visitor, outcome in zip(group, outcomes, strict=True):
            visitor.outcome = outcome
            visitor.called.set()

    def _group(self, first: _Visitor) -> list[_Visitor]:
        """Return who waits now, `first` included; each id once: the same again comes later."""
        with self._guard:
            group = {first.filing.submission.exchange_id: first}
            for visitor in self._waiting:
                if len(group) < MOST:
                    group.setdefault(visitor.filing.submission.exchange_id, visitor)
            self._expected = max(len(group), self._expected) // 2
            return list(group.values())

    def _hand_over(self, group: list[_Visitor]) -> None:
        """Let the first of those who came meanwhile lead."""
        with self._guard:
            self._waiting = [visitor for visitor in self._waiting if visitor not in group]
            if self._waiting:
                self._waiting[0].called.set()
            else:
                self._is_led = False


def told(error: Exception) -> Exception:
    """Say in words what somebody can mend: a full disk; nothing of the group is stored."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    is_full = (
        getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(cause, "sqlstate", None) == DISK_FULL
        or getattr(cause, "errno", None) == errno.ENOSPC
    )
    if not is_full:
        return error
    return AppError(
        "COLLECT-006",
        "Máy chủ hết chỗ trên đĩa, chưa lưu phiếu này.",
        "Giữ phiếu trên máy và báo cán bộ quản trị dọn đĩa; máy sẽ tự gửi lại.",
        status=507,
    )
