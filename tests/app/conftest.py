"""For the stage tests: a migrated database of either engine, fresh for every test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2.profiles import CHEAPEST
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from sqlalchemy.orm import Session

from surveyapp import web
from surveyapp.accounts import passwords
from surveyapp.accounts import service as accounts
from surveyapp.actor import Actor
from surveyapp.app import create_app
from surveyapp.config import Settings
from surveyapp.db import Database


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash with the least work: the suite makes thousands of accounts, none of them real."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "PARAMETERS", CHEAPEST)
        passwords._hasher.cache_clear()
        yield
    passwords._hasher.cache_clear()


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
    """Give the settings of an installation of its own, known by the address of the tests' client."""
    return Settings(
        home=tmp_path / "home",
        database_url=database_url,
        release_size=5,
        public_address="http://localhost",
    )


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """Keep what templates compile to: each application would compile them anew."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(settings: Settings, compiled: BytecodeCache) -> Iterator[Flask]:
    """Give the application on a fresh database; forms need no token here."""
    app = create_app(settings)
    app.jinja_env.bytecode_cache = compiled
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
