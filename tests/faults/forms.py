"""Forms on their way to a server: made once, sent as often as it takes, judged by their receipt."""

import hashlib
import http.client
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import cycle
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy import func, select

from surveyapp.collect import intake_key, release
from surveyapp.collect.keys import Keyring
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import Exchange, Response, WaitingAnswer
from tests.app.collect_world import World, as_bytes, codes_for, made
from tests.app.sealed_body import sealed

PATIENCE = 30
AGENCIES = ("A1", "A2", "A3")
KEPT_FOR_GOOD = (403, 409, 413, 422)


class Verdict(Enum):
    """What a device does with its copy after a reply."""

    RECEIVED = "received"
    RETRY = "retry"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class Form:
    """One finished form: what goes over the wire, and the mark in its answers."""

    id: UUID
    body: bytes
    mark: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; None instead of it where nothing came."""

    status: int
    signed: bool
    body: Any


def judge(form: Form, reply: Reply | None) -> Verdict:
    """Decide as the tablet does: only a signed receipt over the very bytes deletes a copy."""
    if reply is None or not reply.signed:
        return Verdict.RETRY
    if reply.status in (200, 201):
        digest = hashlib.sha256(form.body).hexdigest()
        is_receipt = reply.body.get("ok") is True and reply.body.get("receipt") == digest
        return Verdict.RECEIVED if is_receipt else Verdict.RETRY
    return Verdict.ATTENTION if reply.status in KEPT_FOR_GOOD else Verdict.RETRY


class Line:
    """One client's connection; opened again after every fault."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def put(self, form: Form) -> Reply | None:
        """Send a form; None if the connection broke or nothing came."""
        return self.ask("PUT", f"/api/submissions/{form.id}", form.body, form.token)

    def ask(self, method: str, path: str, body: bytes, token: str | None) -> Reply | None:
        """Send one request."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return None
        signed = response.getheader("Sipas") == "1"
        try:
            return Reply(response.status, signed, json.loads(content))
        except ValueError:
            return Reply(response.status, signed, None)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()


class Collection:
    """A counter survey of an installation, forms for it, and what the server holds of them."""

    def __init__(self, settings: Settings, tablets: int = 12) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        self.world: World = made(self.database, "counter", "small")
        self.key = intake_key.public(settings.keys)
        with self.database.session() as db:
            paired = [self.world.device(db, AGENCIES[n % len(AGENCIES)]) for n in range(tablets)]
            self.devices = [(device.id, device.agency_code, token) for device, token in paired]
            db.commit()

    def __enter__(self) -> Self:
        """Use as a context: the connections are closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.database.dispose()

    def sealed_form(self, token: str, agency: str, **more: Any) -> Form:
        """Make a form as a paired tablet keeps it."""
        at, mark = uuid4(), _mark()
        members = self.world.body(
            None, mode="tablet", agency=agency, nonce=uuid4().hex, answers=_answers(mark), **more
        )
        return Form(at, as_bytes(sealed(self.key, at, as_bytes(members))), mark, token)

    def plain_form(self, code: str) -> Form:
        """Make a form as a program with an invitation sends it."""
        mark = _mark()
        members = self.world.body(code, nonce=uuid4().hex, answers=_answers(mark))
        return Form(uuid4(), as_bytes(members), mark)

    def forms(self, invitations: int) -> Iterator[Form]:
        """Make sealed and plain forms in turn, then sealed ones without end."""
        codes = iter(codes_for(self.database, self.world, [n % 3 for n in range(invitations)]))
        for _, agency, token in cycle(self.devices):
            yield self.sealed_form(token, agency)
            if (code := next(codes, None)) is not None:
                yield self.plain_form(code)

    def held(self) -> tuple[set[str], int]:
        """Return, of one moment, the ids of the exchanges and the number of the answers."""
        answers = select(
            select(func.count()).select_from(WaitingAnswer).scalar_subquery()
            + select(func.count()).select_from(Response).scalar_subquery()
        )
        one_moment = select(Exchange.id, answers.scalar_subquery().label("answers"))
        with self.database.read_session() as db:
            rows = db.execute(one_moment).all()
        return {row.id for row in rows}, rows[0].answers if rows else 0

    def released_marks(self) -> list[str]:
        """Release everything, as the lock does; return the marks of all answers ("" for none)."""
        keyring = Keyring(self.settings.keys)
        with self.database.session() as db:
            release.release_all(db, keyring, self.world.survey.id)
            db.commit()
        release.destroy_spent_keys(self.database, keyring)
        with self.database.read_session() as db:
            return [row.get("q4", "") for row in db.scalars(select(Response.answers))]


def _mark() -> str:
    return f"dau{uuid4().hex}"


def _answers(mark: str) -> dict[str, str]:
    return {"q1": "4", "q4": mark}


def lost_and_doubled(forms: Sequence[Form], marks: Sequence[str]) -> tuple[int, int]:
    """Return how many of the acknowledged `forms` are not there, and how many answers too many."""
    there = set(marks)
    return sum(form.mark not in there for form in forms), len(marks) - len(there)
