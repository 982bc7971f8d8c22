"""For the stage tests: a migrated database of either engine, fresh for every test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from surveyapp.db import Database, upgrade
from tests.postgres_server import PostgresServer

TEMPLATE, PER_TEST = "sipas_template", "sipas_test"


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


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Give the program's own engines on a fresh database."""
    with Database(database_url) as database:
        yield database


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    """Give a session that may write; what is not committed is lost at the end."""
    with database.session() as session:
        yield session
