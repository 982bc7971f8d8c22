"""Codes that people read and type: 128 random bits in letters that cannot be confused.

Two check letters at the end tell a typing mistake from a code that nobody has issued. Codes of
earlier releases have none and are as good as ever.
"""

import hashlib
import secrets
import unicodedata

#: Crockford's base 32: no I, L, O, U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26  # 130 random bits
CHECK_LENGTH = 2
#: The largest prime that two letters can hold: one wrong letter, or two that changed places, gives
#: another remainder.
_MODULUS = 1021
GROUP = 4
_LOOK_ALIKE = str.maketrans("OIL", "011")


def make() -> str:
    """Return a new code in its normal form."""
    return checked("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def checked(plain: str) -> str:
    """Return a code with its check letters: its value in base 32, modulo 1021."""
    value = 0
    for letter in plain:
        value = (value * len(ALPHABET) + ALPHABET.index(letter)) % _MODULUS
    high, low = divmod(value, len(ALPHABET))
    return plain + ALPHABET[high] + ALPHABET[low]


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


def is_whole(typed: str) -> bool:
    """Say whether something typed can be a code: its length, its letters, its check letters."""
    code = normalise(typed)
    if not set(code) <= set(ALPHABET):
        return False
    return len(code) == LENGTH or (
        len(code) == LENGTH + CHECK_LENGTH and checked(code[:LENGTH]) == code
    )


def sha256(typed: str) -> str:
    """Return the hash under which a code is stored, from any way of writing it."""
    return hashlib.sha256(normalise(typed).encode()).hexdigest()
