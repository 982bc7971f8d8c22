"""Databases of both engines, one server for a process: a fixture imported twice is made twice."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import make_url

from surveyapp.db import upgrade
from tests.missing import give_up
from tests.postgres_server import PostgresServer, find_programs, running_server

TEMPLATE, PER_TEST = "sipas_template", "sipas_test"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Serve a real PostgreSQL until the last test is done."""
    programs = find_programs()
    if programs is None:
        give_up("PostgreSQL", "postgresql")
    # every test makes and drops a database, which is mostly waiting for the disk
    with running_server(programs, is_durable=False) as server:
        yield server


def make_tables(url: str) -> None:
    """Make the tables of a new SQLite database: a copy of one that is migrated once."""
    path = Path(make_url(url).database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "survey.sqlite3"
        upgrade(f"sqlite:///{path}")
        return path.read_bytes()


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """Migrate one PostgreSQL database, which the server copies for each test."""
    upgrade(postgres.create(TEMPLATE))
    return TEMPLATE


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Name the engine: every test that asks for a database runs on both."""
    return str(request.param)


@pytest.fixture
def empty_database_url(
    engine_name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """Give a database without tables."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path / 'survey.sqlite3'}"
    else:
        yield from _postgres_database(request, "template1")


@pytest.fixture
def database_url(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Give a database with all tables and no rows."""
    if engine_name == "sqlite":
        url = f"sqlite:///{tmp_path / 'survey.sqlite3'}"
        make_tables(url)
        yield url
    else:
        yield from _postgres_database(request, request.getfixturevalue("postgres_template"))


def _postgres_database(request: pytest.FixtureRequest, template: str) -> Iterator[str]:
    server: PostgresServer = request.getfixturevalue("postgres")
    yield server.create(PER_TEST, template)
    server.drop(PER_TEST)
