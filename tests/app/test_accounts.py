"""Sign-in of officials: one-time passwords, lock-out, sessions, and what a stranger learns."""

from collections.abc import Callable
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
