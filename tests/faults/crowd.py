"""Clients that send without a pause, whatever happens to the server, until each has its receipt."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Self

from tests.faults.forms import Form, Line, Verdict, judge

CLIENTS = 12
#: After a refused connection: the server is just being started again.
PAUSE_SECONDS = 0.03


class Crowd:
    """So many clients with one supply of forms; a form that was not acknowledged is sent again."""

    def __init__(self, port: int, supply: Iterator[Form]) -> None:
        self._port = port
        self._supply = supply
        self._again: deque[Form] = deque()
        self._guard = threading.Lock()
        self._heard = threading.Condition(self._guard)
        self._is_over = threading.Event()
        self._draws = True
        self.acknowledged: list[Form] = []
        #: Requests sent; replies 200, that is, answers that were stored although no reply came.
        self.tries = self.stored_unheard = 0
        self.set_aside: list[Form] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]

    def __enter__(self) -> Self:
        """Begin to send."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End without waiting for receipts."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def heard(self) -> int:
        """Return how many receipts came so far."""
        with self._guard:
            return len(self.acknowledged)

    def acknowledged_ids(self) -> set[str]:
        """Return the ids of the forms whose receipt came."""
        with self._guard:
            return {form.id.hex for form in self.acknowledged}

    def wait_for(self, receipts: int, seconds: float = 60) -> None:
        """Wait until so many receipts have come."""
        with self._guard:
            if not self._heard.wait_for(lambda: len(self.acknowledged) >= receipts, seconds):
                raise RuntimeError(f"{len(self.acknowledged)} receipts in {seconds} s")

    def finish(self) -> None:
        """Take no new forms; send those under way until each is acknowledged."""
        with self._guard:
            self._draws = False
        for thread in self._threads:
            thread.join(60)
            if thread.is_alive():
                raise RuntimeError("forms are never acknowledged")

    def _run(self) -> None:
        line = Line(self._port)
        while not self._is_over.is_set():
            form = self._next()
            if form is None:
                break
            reply = line.put(form)
            verdict = judge(form, reply)
            with self._guard:
                self._note(form, verdict)
                self.stored_unheard += reply is not None and reply.status == 200
            if verdict is Verdict.RETRY:
                self._is_over.wait(PAUSE_SECONDS)
        line.close()

    def _next(self) -> Form | None:
        with self._guard:
            self.tries += 1
            if self._again:
                return self._again.popleft()
            if self._draws:
                return next(self._supply)
            self.tries -= 1
            return None

    def _note(self, form: Form, verdict: Verdict) -> None:
        kept: dict[Verdict, Callable[[Form], None]] = {
            Verdict.RECEIVED: self.acknowledged.append,
            Verdict.RETRY: self._again.append,
            Verdict.ATTENTION: self.set_aside.append,
        }
        kept[verdict](form)
        self._heard.notify_all()
