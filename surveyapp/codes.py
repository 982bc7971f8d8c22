"""Codes that people read and type: 128 random bits in letters that cannot be confused."""

import hashlib
import secrets
import unicodedata

#: Crockford's base 32: no I, L, O, U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26  # 130 bits, at least 128 of them random
GROUP = 5
_LOOK_ALIKE = str.maketrans("OIL", "011")


def make() -> str:
    """Return a new code in its normal form."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def readable(code: str) -> str:
    """Return a code in groups, as it is printed."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def normalise(typed: str) -> str:
    """Return the normal form of a code as somebody typed or pasted it.

    Spaces, dashes and other marks do not count, lower case is upper case, O is 0, I and L are 1.
    """
    plain = unicodedata.normalize("NFKC", typed[:200]).upper()
    kept = "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
    return kept.translate(_LOOK_ALIKE)


def sha256(typed: str) -> str:
    """Return the hash under which a code is stored, from any way of writing it."""
    return hashlib.sha256(normalise(typed).encode()).hexdigest()
