"""Databases of both engines, one server for a process: a fixture imported twice is made twice."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    with running_server(programs) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite file, which each test copies."""
    path = tmp_path_factory.mktemp("template") / "survey.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


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
        path = tmp_path / "survey.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        yield from _postgres_database(request, request.getfixturevalue("postgres_template"))


def _postgres_database(request: pytest.FixtureRequest, template: str) -> Iterator[str]:
    server: PostgresServer = request.getfixturevalue("postgres")
    yield server.create(PER_TEST, template)
    server.drop(PER_TEST)
