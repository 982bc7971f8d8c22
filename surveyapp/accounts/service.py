"""The verbs of accounts: add, sign in, lock out, change a password, list and end sessions."""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveyapp import audit, clock
from surveyapp.accounts import passwords
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Account, AccountRole, AccountSession, Unit
from surveyapp.models.account import ROLES

ATTEMPTS = 5
IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,58}")


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A one-time password, shown once and stored nowhere."""

    login: str
    password: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: its token goes to the browser, only its hash is stored."""

    token: str
    account: Account


def as_actor(account: Account) -> Actor:
    """Return the actor that an account stands for."""
    return Actor(account.id, account.login, account.role_names)


def find(db: Session, login: str) -> Account:
    """Return the account, or refuse with its name."""
    account = db.scalar(select(Account).where(Account.login == login))
    if account is None:
        raise AppError(
            "ACCOUNT-001", f"Không có tài khoản «{login}».", "Xem bằng: sipas account list", 404
        )
    return account


def count(db: Session) -> int:
    """Return how many accounts there are."""
    return db.scalar(select(func.count()).select_from(Account)) or 0


def add(
    db: Session, actor: Actor | None, login: str, display_name: str, roles: Iterable[str]
) -> NewPassword:
    """Make an account with a one-time password."""
    login = unicodedata.normalize("NFC", login.strip().lower())
    wanted = sorted(set(roles))
    if not LOGIN.fullmatch(login):
        raise AppError(
            "ACCOUNT-002",
            f"Tên đăng nhập «{login}» không hợp lệ.",
            "Dùng 2 đến 59 chữ thường không dấu, số, dấu chấm hoặc gạch, ví dụ tran.anh.",
            status=422,
        )
    unknown = [role for role in wanted if role not in ROLES]
    if unknown or not wanted:
        raise AppError(
            "ACCOUNT-004",
            f"Vai trò không có: {', '.join(unknown)}." if unknown else "Chưa chọn vai trò nào.",
            f"Chọn trong: {', '.join(ROLES)}.",
            status=422,
        )
    if db.scalar(select(Account).where(Account.login == login)):
        raise _taken(login)
    password = passwords.one_time()
    made = Account(
        login=login,
        display_name=unicodedata.normalize("NFC", display_name.strip()) or login,
        password_hash=passwords.hash_password(password),
        must_change_password=True,
        created_at=clock.now(),
        roles=[AccountRole(role=role) for role in wanted],
    )
    try:
        with db.begin_nested():
            db.add(made)
    except IntegrityError as error:  # another request was faster
        raise _taken(login) from error
    audit.record(db, actor, "account.add", login, roles=", ".join(wanted))
    return NewPassword(login, password)


def set_unit(db: Session, actor: Actor | None, login: str, name: str) -> Unit:
    """Say which unit an account belongs to: whose list it sends, or whose report it reads."""
    account = find(db, login)
    wanted = " ".join(unicodedata.normalize("NFC", name).split())
    unit = db.scalar(
        select(Unit)
        .where(or_(Unit.code == wanted, Unit.name == wanted))
        .order_by(Unit.valid_to.is_not(None), Unit.valid_from.desc())
        .limit(1)
    )
    if unit is None:
        raise AppError(
            "ACCOUNT-030",
            f"Không có đơn vị «{wanted}».",
            "Ghi đúng tên hoặc mã đơn vị như trong kế hoạch hoặc trang Thu danh sách.",
            status=422,
        )
    account.unit_id = unit.id
    db.flush()
    audit.record(db, actor, "account.set_unit", account.login, unit=unit.code)
    return unit


def _taken(login: str) -> AppError:
    return AppError(
        "ACCOUNT-005", f"Đã có tài khoản «{login}».", "Chọn tên đăng nhập khác.", status=409
    )


def reset(db: Session, actor: Actor | None, login: str) -> NewPassword:
    """Give a new one-time password, lift a lock-out and end all sessions."""
    account = find(db, login)
    password = passwords.one_time()
    account.password_hash = passwords.hash_password(password)
    account.must_change_password = True
    account.failed_logins, account.locked_at = 0, None
    _end_all(db, account)
    audit.record(db, actor, "account.reset", account.login)
    return NewPassword(account.login, password)


@dataclass(frozen=True, slots=True)
class Tried:
    """A password that was held against the stored hash, outside of any writing transaction."""

    login: str
    password_hash: str | None
    is_right: bool


def try_password(db: Session, login: str, password: str) -> Tried:
    """Compare a password in a reading session, which this ends.

    Argon2 takes long on purpose: within a writing transaction, anybody who tries passwords would
    hold up the answers that come in.
    """
    login = login.strip().lower()
    stored = db.scalar(select(Account.password_hash).where(Account.login == login))
    db.rollback()  # no connection is held while the hash is computed
    return Tried(login, stored, passwords.matches(stored, password))


def sign_in(db: Session, tried: Tried) -> SignedIn | None:
    """Open a session, or return None; the caller commits in both cases.

    The fifth wrong password in a row locks the account until `sipas account reset`. A password
    that was changed meanwhile has to be tried again.
    """
    account = db.scalar(
        select(Account)
        .where(Account.login == tried.login)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if account is None or not account.is_active:
        return None
    if account.locked_at is not None:
        audit.record(db, None, "account.sign_in_locked", account.login)
        return None
    if account.password_hash != tried.password_hash:
        return None
    if not tried.is_right:
        account.failed_logins += 1
        if account.failed_logins >= ATTEMPTS:
            account.locked_at = clock.now()
            audit.record(db, None, "account.locked", account.login)
        return None
    account.failed_logins, account.last_login_at = 0, clock.now()
    audit.record(db, as_actor(account), "account.sign_in", account.login)
    return open_session(db, account)


def change_password(db: Session, actor: Actor, old: str, new: str) -> SignedIn:
    """Replace the password, end every session and open a new one."""
    account = find(db, actor.login)
    if not passwords.matches(account.password_hash, old):
        raise AppError(
            "ACCOUNT-007", "Mật khẩu hiện tại chưa đúng.", "Nhập lại mật khẩu hiện tại.", status=422
        )
    if passwords.matches(account.password_hash, new):
        raise AppError(
            "ACCOUNT-008", "Mật khẩu mới trùng mật khẩu cũ.", "Chọn mật khẩu khác.", status=422
        )
    passwords.check_new(new, account.login)
    account.password_hash = passwords.hash_password(new)
    account.must_change_password = False
    _end_all(db, account)
    audit.record(db, actor, "account.change_password", account.login)
    return open_session(db, account)


def account_of_session(db: Session, token: str, now: datetime) -> Account | None:
    """Return the account of a session that is neither ended, idle nor too old."""
    found = db.get(AccountSession, _digest(token))
    if found is None or found.ended_at is not None:
        return None
    if now - found.seen_at > IDLE or now - found.created_at > LONGEST:
        return None
    account = db.get(Account, found.account_id)
    return account if account is not None and account.is_active else None


def is_seen_long_ago(db: Session, token: str) -> bool:
    """Whether `seen_at` is a few minutes old: it is not written at every request."""
    found = db.get(AccountSession, _digest(token))
    return found is not None and clock.now() - found.seen_at > IDLE / 12


def touch(db: Session, token: str) -> None:
    """Remember that the session is in use."""
    db.execute(
        update(AccountSession)
        .where(AccountSession.token_sha256 == _digest(token))
        .values(seen_at=clock.now())
    )


def sessions(db: Session, actor: Actor) -> list[AccountSession]:
    """Return the open sessions of the actor, the newest first."""
    return list(
        db.scalars(
            select(AccountSession)
            .where(
                AccountSession.account_id == actor.account_id,
                AccountSession.ended_at.is_(None),
                AccountSession.seen_at > clock.now() - IDLE,
            )
            .order_by(AccountSession.created_at.desc())
        )
    )


def end_session(db: Session, actor: Actor, token_sha256: str) -> None:
    """End one session of the actor's own."""
    db.execute(
        update(AccountSession)
        .where(
            AccountSession.token_sha256 == token_sha256,
            AccountSession.account_id == actor.account_id,
        )
        .values(ended_at=clock.now())
    )


def session_id(token: str) -> str:
    """Return the stored id of the session behind `token`."""
    return _digest(token)


def open_session(db: Session, account: Account) -> SignedIn:
    """Open a session for an account that has proved itself."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    db.add(
        AccountSession(
            token_sha256=_digest(token), account_id=account.id, created_at=now, seen_at=now
        )
    )
    return SignedIn(token, account)


def _end_all(db: Session, account: Account) -> None:
    db.execute(
        update(AccountSession)
        .where(AccountSession.account_id == account.id, AccountSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
