"""The disk of the server is full: a sentence, nothing half-stored, and later everything works."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
from psycopg import sql

from surveyapp.config import Settings, load
from tests.databases import make_tables
from tests.faults.forms import Collection, Form, Line, Reply, Verdict, judge, lost_and_doubled
from tests.faults.server import Nursery, served
from tests.postgres_server import PostgresServer

DISK = "48m"
TABLETS = 40
TRIES = 60
FULL_DISK = 507
ROUNDS = 3
SMALL = "sipas_small"

#: An installation, and the small disk on which its answers lie.
Installation = tuple[Settings, Path]


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Put a small disk, in memory, at a folder."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode != 0:  # noqa: S603
        pytest.skip("only root may mount a small disk; test_collect_desk.py has SQLite's own limit")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Installation]:
    """Give an installation that lies on a small disk altogether."""
    disk = tmp_path / "disk"
    with small_disk(disk):
        settings = load({"SURVEY_HOME": str(disk / "home"), "SURVEY_DATABASE_URL": ""})
        make_tables(settings.database_url)
        yield settings, disk


@pytest.fixture
def on_postgresql(
    tmp_path: Path, postgres: PostgresServer, postgres_template: str
) -> Iterator[Installation]:
    """Give an installation whose tables lie on a small disk, and PostgreSQL's log does not."""
    disk = postgres.folder / "small"
    small, location = sql.Identifier(SMALL), sql.Literal(str(disk))
    with small_disk(disk):
        owner = postgres.folder.stat()
        os.chown(disk, owner.st_uid, owner.st_gid)
        postgres.admin.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(small, location))
        postgres.admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} TABLESPACE {}").format(
                small, sql.Identifier(postgres_template), small
            )
        )
        home, url = str(tmp_path / "home"), postgres.url(SMALL)
        yield load({"SURVEY_HOME": home, "SURVEY_DATABASE_URL": url}), disk
        postgres.drop(SMALL)
        postgres.admin.execute(sql.SQL("DROP TABLESPACE {}").format(small))
    disk.rmdir()


@pytest.fixture(params=["on_sqlite", "on_postgresql"])
def installation(request: pytest.FixtureRequest) -> Installation:
    """Give an installation of either engine."""
    made: Installation = request.getfixturevalue(request.param)
    return made


def fill(disk: Path, name: str) -> Path:
    """Write until nothing more fits."""
    path = disk / name
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return path


def said(reply: Reply | None) -> tuple[int, str] | None:
    """Return status and code of what a client was told."""
    return None if reply is None else (reply.status, (reply.body or {}).get("code", ""))


def replies(port: int, forms: list[Form]) -> list[Reply | None]:
    line = Line(port)
    came = [line.put(form) for form in forms]
    line.close()
    return came


def test_a_full_disk_is_said_and_nothing_is_half_stored(
    nursery: Nursery, installation: Installation, figures: Callable[..., None]
) -> None:
    settings, disk = installation
    acknowledged: list[Form] = []
    told = 0
    with (
        Collection(settings, TABLETS) as collection,
        served(nursery, settings.home, settings.database_url) as server,
    ):
        supply = collection.forms(ROUNDS * TRIES)
        for round_ in range(ROUNDS):
            forms = list(islice(supply, TRIES))
            filling = fill(disk, f"filling-{round_}")
            came = replies(server.port, forms)
            acknowledged += [
                form
                for form, reply in zip(forms, came, strict=True)
                if judge(form, reply) is Verdict.RECEIVED
            ]
            refused = [reply for reply in came if reply is None or reply.status not in (200, 201)]
            assert {said(reply) for reply in refused} <= {(FULL_DISK, "COLLECT-006")}
            exchanges, answers = collection.held()
            # an answer may be stored without a receipt, where only its release found no room
            assert exchanges >= {form.id.hex for form in acknowledged}
            assert answers == len(exchanges)
            told += len(refused)
            filling.unlink()
            again = replies(server.port, forms)
            assert {reply and reply.status for reply in again} <= {200, 201}
            acknowledged += [form for form in forms if form not in acknowledged]
        server.stop()
        lost, doubled = lost_and_doubled(acknowledged, collection.released_marks())
    figures(refused=told, acknowledged=len(acknowledged), lost=lost, doubled=doubled)

    assert told > 0
    assert (lost, doubled) == (0, 0)
