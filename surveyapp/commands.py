"""What commands with a database share: opening it, and the account they act for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy.orm import Session

from surveyapp import config
from surveyapp.accounts import service as accounts
from surveyapp.actor import Actor
from surveyapp.db import Database, check_current


def as_login(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the account a writing command acts for."""
    return click.option(
        "--as", "as_login", required=True, metavar="LOGIN", help="Tài khoản thực hiện."
    )(command)


@contextmanager
def opened_by_system() -> Iterator[Session]:
    """Open a writing session for whoever runs the machine."""
    with Database(config.load().database_url) as database:
        check_current(database)
        with database.session() as db:
            yield db


@contextmanager
def opened(login: str, allowed: frozenset[str]) -> Iterator[tuple[Session, Actor]]:
    """Open a writing session for `login`, if one of its roles is allowed."""
    with opened_by_system() as db:
        yield db, accounts.acting(db, login, allowed)


@contextmanager
def reading() -> Iterator[Session]:
    """Open a reading session."""
    with Database(config.load().database_url) as database:
        check_current(database)
        with database.read_session() as db:
            yield db
