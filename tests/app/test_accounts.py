"""Sign-in of officials: one-time passwords, lock-out, sessions, and what a stranger learns."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.accounts import passwords, service
from surveyapp.actor import Actor
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Account, AccountSession, AuditEntry

NEW = "mua thu la vang"


@pytest.fixture
def one_time(database: Database) -> str:
    """Make the account "lan" and return its one-time password."""
    with database.session() as db:
        made = service.add(db, None, "lan", "Nguyễn Thị Lan", ["manager"])
        db.commit()
    return made.password


def sign_in(client: FlaskClient, password: str, login: str = "lan"):
    return client.post("/accounts/sign-in", data={"login": login, "password": password})


def test_a_one_time_password_must_be_replaced_before_anything_else(
    client: FlaskClient, one_time: str
) -> None:
    assert sign_in(client, one_time).status_code == 302

    assert client.get("/accounts/me").location == "/accounts/me/password"
    changed = client.post("/accounts/me/password", data={"old": one_time, "new": NEW, "again": NEW})
    assert changed.status_code == 302
    assert "Nguyễn Thị Lan" in client.get("/accounts/me").text
    assert sign_in(client, one_time).status_code == 401


def test_five_wrong_passwords_lock_the_account_until_it_is_reset(
    client: FlaskClient, one_time: str, db: Session
) -> None:
    for _ in range(5):
        assert sign_in(client, "sai").status_code == 401
    assert sign_in(client, one_time).status_code == 401

    made = service.reset(db, None, "lan")
    db.commit()
    assert sign_in(client, made.password).status_code == 302


def test_four_wrong_passwords_and_a_right_one_start_the_count_again(
    client: FlaskClient, one_time: str
) -> None:
    for _ in range(2):
        for _ in range(4):
            sign_in(client, "sai")
        assert sign_in(client, one_time).status_code == 302


def test_a_password_is_computed_while_answers_can_come_in(
    client: FlaskClient, one_time: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    matches, written = passwords.matches, []

    def while_another_writes(stored: str | None, password: str) -> bool:
        with database.engine.connect() as link, link.begin():
            if database.is_sqlite:
                link.exec_driver_sql("PRAGMA busy_timeout=100")
            link.exec_driver_sql("UPDATE account SET display_name = 'Lan'")
            written.append(True)
        return matches(stored, password)

    monkeypatch.setattr(passwords, "matches", while_another_writes)

    assert sign_in(client, one_time).status_code == 302
    assert written == [True]


def test_wrong_passwords_tried_at_once_all_count(
    one_time: str, database: Database, db: Session
) -> None:
    with database.read_session() as reading:
        tried = [service.try_password(reading, "lan", "sai") for _ in range(5)]
        right = service.try_password(reading, "lan", one_time)

    def enter(one: service.Tried) -> bool:
        with database.session() as own:
            opened = service.sign_in(own, one)
            own.commit()
            return opened is not None

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(enter, tried)) == [False] * 5

    account = service.find(db, "lan")
    assert (account.failed_logins, account.locked_at is not None) == (5, True)
    db.rollback()
    assert not enter(right)


def test_a_password_that_was_replaced_meanwhile_opens_nothing(
    one_time: str, database: Database, db: Session
) -> None:
    with database.read_session() as reading:
        right = service.try_password(reading, "lan", one_time)
    service.reset(db, None, "lan")

    assert service.sign_in(db, right) is None


def test_of_two_equal_accounts_made_at_once_one_is_refused(database: Database) -> None:
    start = threading.Barrier(2, timeout=20)

    def add(_: int) -> str:
        with database.session() as own:
            start.wait()
            try:
                service.add(own, None, "lan", "Lan", ["admin"])
                own.commit()
            except AppError as error:
                return error.code
            return "made"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(add, range(2))) == ["ACCOUNT-005", "made"]


def test_an_unknown_login_gets_the_same_answer_as_a_wrong_password(
    client: FlaskClient, one_time: str
) -> None:
    assert one_time
    unknown = sign_in(client, "sai", login="khong-co")
    wrong = sign_in(client, "sai")
    assert (unknown.status_code, wrong.status_code) == (401, 401)
    assert unknown.text.replace("khong-co", "lan") == wrong.text


@pytest.mark.parametrize("password", ["ngan", "lan lan lan lan", "Xin Chao LAN nhe"])
def test_a_weak_new_password_is_refused_with_the_rule(
    client: FlaskClient, one_time: str, password: str
) -> None:
    sign_in(client, one_time)
    answer = client.post(
        "/accounts/me/password", data={"old": one_time, "new": password, "again": password}
    )
    assert answer.status_code == 422
    assert "ít nhất 12 ký tự" in answer.text


def test_changing_the_password_ends_the_other_sessions(
    app, client: FlaskClient, one_time: str
) -> None:
    other = app.test_client()
    sign_in(client, one_time)
    sign_in(other, one_time)

    client.post("/accounts/me/password", data={"old": one_time, "new": NEW, "again": NEW})

    assert client.get("/accounts/me").status_code == 200
    assert other.get("/accounts/me").location.startswith("/accounts/sign-in")


def test_a_session_ends_after_an_idle_hour_and_after_twelve_hours(
    db: Session, official: Callable[..., Actor]
) -> None:
    account = service.find(db, official("manager").login)
    opened = service.open_session(db, account)
    now = clock.now()
    assert service.account_of_session(db, opened.token, now + timedelta(minutes=59)) is not None
    assert service.account_of_session(db, opened.token, now + timedelta(minutes=61)) is None
    db.get(AccountSession, service.session_id(opened.token)).seen_at = now + timedelta(hours=12)
    assert service.account_of_session(db, opened.token, now + timedelta(hours=12.1)) is None


def test_signing_out_ends_the_session_on_the_server(
    signed_in: Callable[..., FlaskClient], db: Session
) -> None:
    client = signed_in("manager")
    client.post("/accounts/sign-out")
    assert client.get("/accounts/me").status_code == 302
    assert db.scalars(select(AccountSession.ended_at)).all() != [None]


def test_only_the_administrator_adds_accounts(signed_in: Callable[..., FlaskClient]) -> None:
    data = {"login": "hoa.tran", "display_name": "Trần Thị Hòa", "roles": ["analyst"]}
    assert signed_in("manager").post("/accounts/add", data=data).status_code == 403
    page = signed_in("admin").post("/accounts/add", data=data)
    assert page.status_code == 200
    assert "hoa.tran" in page.text


def test_a_password_is_stored_as_argon2id_and_never_logged(db: Session) -> None:
    made = service.add(db, None, "lan", "Lan", ["admin"])
    stored = service.find(db, "lan").password_hash
    assert stored.startswith("$argon2id$")
    assert passwords.matches(stored, made.password)
    db.flush()
    for entry in db.scalars(select(AuditEntry)):
        assert made.password not in str(entry.detail)


@pytest.mark.parametrize(
    ("login", "roles", "code"),
    [
        ("Lan Anh", ["admin"], "ACCOUNT-002"),
        ("", ["admin"], "ACCOUNT-002"),
        ("lan", [], "ACCOUNT-004"),
        ("lan", ["king"], "ACCOUNT-004"),
    ],
)
def test_a_wrong_account_is_refused_with_the_rule(
    db: Session, login: str, roles: list[str], code: str
) -> None:
    with pytest.raises(AppError) as caught:
        service.add(db, None, login, "Lan", roles)
    assert caught.value.code == code
    assert db.scalars(select(Account)).all() == []


def test_the_next_page_after_sign_in_stays_on_this_site(client: FlaskClient, one_time: str) -> None:
    for target in ("https://example.org/", "//example.org", "/\\example.org", "javascript:1"):
        answer = client.post(
            f"/accounts/sign-in?next={target}", data={"login": "lan", "password": one_time}
        )
        assert answer.location == "/"


def test_passwords_are_hashed_with_the_work_that_rfc_9106_asks_outside_the_tests() -> None:
    code = "from surveyapp.accounts.passwords import hash_password; print(hash_password('x' * 12))"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  our own interpreter
    assert made.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
