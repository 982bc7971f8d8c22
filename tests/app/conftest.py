"""For the stage tests: a migrated database of either engine, fresh for every test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2.profiles import CHEAPEST
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from surveyapp import web
from surveyapp.accounts import passwords
from surveyapp.accounts import service as accounts
from surveyapp.actor import Actor
from surveyapp.app import create_app
from surveyapp.config import Settings
from surveyapp.db import Database, upgrade
from tests.postgres_server import PostgresServer

TEMPLATE, PER_TEST = "sipas_template", "sipas_test"


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash with the least work: the suite makes thousands of accounts, none of them real."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "PARAMETERS", CHEAPEST)
        passwords._hasher.cache_clear()
        yield
    passwords._hasher.cache_clear()


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


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Give the settings of an installation of its own."""
    return Settings(home=tmp_path / "home", database_url=database_url, release_size=5)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """Give the application on a fresh database; forms need no token here."""
    app = create_app(settings)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    yield app
    web.database_of(app).dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Give a browser without JavaScript that has not signed in."""
    return app.test_client()


@pytest.fixture
def official(database: Database) -> Callable[..., Actor]:
    """Make an account with some roles: `official("manager")`."""

    def make(*roles: str, login: str = "") -> Actor:
        with database.session() as db:
            made = accounts.add(db, None, login or f"can-bo-{accounts.count(db)}", "Cán bộ", roles)
            account = accounts.find(db, made.login)
            account.must_change_password = False
            db.commit()
            return accounts.as_actor(account)

    return make


@pytest.fixture
def signed_in(app: Flask, official: Callable[..., Actor]) -> Callable[..., FlaskClient]:
    """Give a browser of an official with some roles: `signed_in("manager")`."""

    def make(*roles: str) -> FlaskClient:
        actor = official(*roles)
        with web.database_of(app).session() as db:
            opened = accounts.open_session(db, accounts.find(db, actor.login))
            db.commit()
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = opened.token
            cookie["_fresh"] = True
        return client

    return make
