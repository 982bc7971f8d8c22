"""What commands with a database share: opening it, and the account they act for."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling.canonical import canonical
from surveyapp import config
from surveyapp.actor import Actor
from surveyapp.db import Database, check_current
from surveyapp.errors import AppError
from surveyapp.models import Account

Given = TypeVar("Given")


def once(option: str, pairs: Iterable[tuple[str, Given]]) -> dict[str, Given]:
    """Return what an option "NAME=VALUE" gives; a name that stands twice is never overruled."""
    given: dict[str, Given] = {}
    for name, value in pairs:
        name = canonical(name)
        if name in given:
            raise AppError(
                "APP-015",
                f"--{option} ghi «{name}» hai lần: {given[name]} và {value}.",
                "Giữ một giá trị, bỏ giá trị kia.",
            )
        given[name] = value
    return given


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
        yield db, acting(db, login, allowed)


def acting(db: Session, login: str, allowed: frozenset[str]) -> Actor:
    """Return the actor that a command works for, if one of its roles is allowed."""
    account = db.scalar(select(Account).where(Account.login == login))
    roles = account.role_names if account and account.is_active else frozenset()
    if account is None or not roles & allowed:
        raise AppError(
            "ACCOUNT-006",
            f"Tài khoản «{login}» không có hoặc không được dùng lệnh này (cần một vai trò: "
            f"{', '.join(sorted(allowed))}).",
            "Dùng --as với tài khoản có vai trò đó; xem bằng: sipas account list",
            status=403,
        )
    return Actor(account.id, account.login, roles)


@contextmanager
def reading() -> Iterator[Session]:
    """Open a reading session."""
    with Database(config.load().database_url) as database:
        check_current(database)
        with database.read_session() as db:
            yield db
