"""Passwords: Argon2id hashes, one-time passwords for reading out, the rule for new ones."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from surveyapp.errors import AppError

MINIMUM_LENGTH = 12
#: Without 0/o, 1/l/i: a one-time password is read from a screen or over the phone.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


#: What a hash costs; only the tests, which make thousands of accounts, take less.
PARAMETERS = RFC_9106_LOW_MEMORY


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher.from_parameters(PARAMETERS)


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """Return the Argon2id hash with its parameters and salt."""
    return _hasher().hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Compare; without an account the same work is done, so that time does not tell logins."""
    try:
        _hasher().verify(password_hash or _nobody(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


def one_time() -> str:
    """Make a password of 80 bits in four groups."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def check_new(password: str, login: str) -> None:
    """Refuse a password that is too short or holds the login."""
    if len(password) < MINIMUM_LENGTH or login.casefold() in password.casefold():
        raise AppError(
            "ACCOUNT-003",
            f"Mật khẩu mới cần ít nhất {MINIMUM_LENGTH} ký tự và không chứa tên đăng nhập.",
            "Ghép ba bốn từ không liên quan với nhau cho dễ nhớ.",
            status=422,
        )
