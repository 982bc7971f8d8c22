"""A tablet in few words: what it keeps, counts and sends; the application itself runs in Chromium."""

import json
from collections import Counter
from collections.abc import Callable

from surveyapp import clock
from tests.faults.forms import Form, Line, Verdict, judge

COUNTED = ("started", "completed", "broken_off", "received", "attention")


class Tablet:
    """One paired tablet at a counter."""

    def __init__(self, device_id: int, token: str, port: int, make: Callable[[], Form]) -> None:
        self.id = device_id
        self.counts: Counter[str] = Counter()
        self.waiting: list[Form] = []
        self.refused: list[Form] = []
        self.received: list[Form] = []
        self._token = token
        self._make = make
        self._line = Line(port)
        self._revision = 0

    def serve(self, *, stays: bool) -> None:
        """Let one citizen answer, to the end or not."""
        self.counts["started"] += 1
        self._revision += 1
        if stays:
            self.waiting.append(self._make())
            self.counts["completed"] += 1
        else:
            self.counts["broken_off"] += 1

    def send(self, heard: Callable[[], None] = lambda: None) -> bool:
        """Send what waits, then the ledger; False if it has to be tried again."""
        for form in list(self.waiting):
            verdict = judge(form, self._line.put(form))
            if verdict is Verdict.RETRY:
                return False
            self.waiting.remove(form)
            kept = self.received if verdict is Verdict.RECEIVED else self.refused
            kept.append(form)
            self.counts[verdict.value] += 1
            self._revision += 1
            heard()
        return self._report()

    def _report(self) -> bool:
        counts = {name: self.counts[name] for name in COUNTED}
        day = {"day": clock.today().isoformat(), "revision": self._revision, **counts}
        body = json.dumps({"days": [{**day, "unsent": len(self.waiting)}]}).encode()
        reply = self._line.ask("POST", "/api/device/ledger", body, self._token)
        return reply is not None and reply.signed and reply.status == 200

    def close(self) -> None:
        """Close the connection."""
        self._line.close()
