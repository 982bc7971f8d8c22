"""One code in fifty hands at once, through the API and through the pages, on both engines."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

from flask import Flask
from sqlalchemy import func, select

from surveyapp.db import Database
from surveyapp.models import Exchange, Invitation, WaitingAnswer
from tests.app.collect_world import as_bytes, codes_for, made

HOME = "/s/ks-2024"
TRIES = 50


def stored(database: Database) -> tuple[int, int, int]:
    """Count answers, sendings and spent codes."""
    with database.read_session() as db:
        answers, exchanges = (
            db.scalar(select(func.count()).select_from(table)) or 0
            for table in (WaitingAnswer, Exchange)
        )
        return answers, exchanges, sum(db.scalars(select(Invitation.is_spent)))


def test_fifty_programs_with_one_code_store_one_answer(app: Flask, database: Database) -> None:
    world = made(database)
    [code] = codes_for(database, world, [0])
    start = Barrier(TRIES)

    def send(_: int) -> tuple[int, str | None]:
        body = as_bytes(world.body(code))
        client = app.test_client()
        start.wait()
        sent = client.put(f"/api/submissions/{uuid4()}", data=body)
        return sent.status_code, json.loads(sent.data).get("code")

    with ThreadPoolExecutor(TRIES) as pool:
        sent = Counter(pool.map(send, range(TRIES)))

    assert sent == {(201, None): 1, (409, "COLLECT-016"): TRIES - 1}
    assert stored(database) == (1, 1, 1)


def test_fifty_browsers_with_one_code_send_one_form(app: Flask, database: Database) -> None:
    world = made(database)
    [code] = codes_for(database, world, [0])
    browsers = [app.test_client() for _ in range(TRIES)]
    for client in browsers:
        client.post(f"{HOME}/code", data={"invitation": code})
        for key, fields in (("one", {"q1": "4"}), ("three", {"q3": "2"}), ("four", {})):
            client.post(f"{HOME}/q/{key}", data={"go": "next", **fields})
    start = Barrier(TRIES)

    def send(place: int) -> int:
        start.wait()
        return browsers[place].post(f"{HOME}/check", data={"go": "next"}).status_code

    with ThreadPoolExecutor(TRIES) as pool:
        sent = Counter(pool.map(send, range(TRIES)))

    assert sent == {303: 1, 409: TRIES - 1}
    assert stored(database) == (1, 1, 1)
