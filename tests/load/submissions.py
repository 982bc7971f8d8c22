"""Durable submissions per second: the real server, and a bare view in the same run.

Runs of the two alternate, so that whatever else happens on the machine meets both. Each has the
same clients, bodies and gunicorn settings.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import func, select

from surveyapp.config import load
from surveyapp.db import Database, upgrade
from surveyapp.models import Exchange
from surveyapp.practice import chance
from surveyapp.practice.answers import Opinions, Person
from tests.app.collect_world import World, codes_for, made
from tests.load.clients import CLIENTS, RUN_SECONDS, Crowd, Run, crowd, put_request
from tests.load.figure import Figure, middle
from tests.load.servers import WORKERS, bare_server, real_server
from tests.postgres_server import find_programs, running_server

#: Per run at most, after a warm-up.
COUNT = 2_000
WARM_UP = 160
RUNS = 7
#: way in -> kind of survey, questionnaire
WAYS = {"tablet": ("counter", "counter"), "invitation": ("service", "service")}
AGENCIES = ("A1", "A2", "A3")
#: So many that none of them sends more often than a tablet may.
TABLETS = 120


def measure(place: Path) -> list[Figure]:
    """Measure both ways in on SQLite, and the tablets' on PostgreSQL where it is installed."""
    with crowd() as clients:
        figures = [one for way in WAYS for one in _measure_way(place / way, way, clients)]
        with _postgres(place.parent) as url:
            if url:
                figures += _measure_way(place / "postgresql", "tablet", clients, url)
    return figures


@contextmanager
def _postgres(place: Path) -> Iterator[str]:
    """Give the address of an empty database, "" without PostgreSQL; its files lie in `place`."""
    programs = find_programs()
    if programs is None:
        yield ""
        return
    with running_server(programs, place) as server:
        yield server.create("bench")


def _measure_way(home: Path, way: str, clients: Crowd, url: str = "") -> list[Figure]:
    home.mkdir()
    settings = load({"SURVEY_HOME": str(home), "SURVEY_DATABASE_URL": url})
    upgrade(settings.database_url)
    real: list[Run] = []
    bare: list[Run] = []
    with Database(settings.database_url) as database:
        requests = _requests(database, way, WARM_UP + RUNS * COUNT)
        with real_server(home, url) as server, bare_server(home, server) as least:
            warm_up = [next(requests) for _ in range(WARM_UP)]
            warm = clients.send(server, warm_up)
            clients.send(least, warm_up)
            for _ in range(RUNS):
                sent = [next(requests) for _ in range(COUNT)]
                real.append(clients.send(server, sent))
                bare.append(clients.send(least, sent))
        _check_stored(database, sum(run.accepted for run in [warm, *real]))
    return _figures(way, "PostgreSQL" if url else "SQLite", real, bare)


def _requests(database: Database, way: str, count: int) -> Iterator[bytes]:
    """Make requests that are each accepted once: new ids, simulated answers, unused codes."""
    kind, form = WAYS[way]
    world = made(database, kind, form)
    asked = world.questionnaire()
    tokens, codes = _rights(database, world, way, count)
    opinions = Opinions("bench")
    for number in range(count):
        agency = AGENCIES[number % len(AGENCIES)]
        person = Person(opinions, chance.generator("bench", number))
        answers = person.fill_in(asked, [agency]).answers
        body = world.body(
            codes[number] if codes else None,
            mode="tablet" if tokens else "web",
            answers=answers,
            nonce=uuid4().hex,
        )
        content = json.dumps(body, ensure_ascii=False).encode()
        token = tokens[number % len(tokens)] if tokens else None
        yield put_request(f"/api/submissions/{uuid4()}", content, token)


def _rights(database: Database, world: World, way: str, count: int) -> tuple[list[str], list[str]]:
    """Return the tokens of paired tablets, or as many codes as there are submissions."""
    if way == "invitation":
        cells = [number % len(AGENCIES) for number in range(count)]
        return [], codes_for(database, world, cells)
    with database.session() as db:
        tokens = [world.device(db, AGENCIES[n % len(AGENCIES)])[1] for n in range(TABLETS)]
        db.commit()
    return tokens, []


def _check_stored(database: Database, accepted: int) -> None:
    """Refuse a rate unless everything that was acknowledged is there."""
    with database.read_session() as db:
        stored = db.scalar(select(func.count()).select_from(Exchange))
    if stored != accepted:
        raise RuntimeError(f"{accepted} submissions acknowledged, {stored} stored")


def _figures(way: str, engine: str, real: list[Run], bare: list[Run]) -> list[Figure]:
    name = f"submissions by {way}, {engine}"
    how = f"at most {COUNT} or {RUN_SECONDS} s each, {CLIENTS} clients, {WORKERS} workers"
    ratios = [mine.per_second / least.per_second for mine, least in zip(real, bare, strict=True)]
    return [
        middle(name, [run.per_second for run in real], "per second", how),
        middle(f"{name}: p50", [run.p50 for run in real], "ms"),
        middle(f"{name}: p99", [run.p99 for run in real], "ms"),
        middle(f"{name}: longest", [run.longest for run in real], "ms"),
        middle(f"{name}: processor time each", [run.work for run in real], "ms"),
        middle(f"{name}: part of the busier worker", [run.busiest for run in real], "share"),
        middle(f"{name}: bare view", [run.per_second for run in bare], "per second", "SQLite"),
        middle(f"{name}: bare view, p99", [run.p99 for run in bare], "ms"),
        middle(f"{name}: bare view, processor time each", [run.work for run in bare], "ms"),
        middle(f"{name}: against the bare view", ratios, "ratio"),
    ]
