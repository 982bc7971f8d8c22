"""Pseudonymous ids: the same person or file gets the same id while the survey's key exists."""

import base64
import hashlib
import hmac

LENGTH = 10


def pseudonym(key: bytes, *natural: str) -> str:
    """Return ten letters and digits (50 bits) of HMAC-SHA-256(key, natural key).

    The parts of the natural key are joined by U+001F; without the key nobody can go back from the
    id to a name, nor try names.
    """
    digest = hmac.new(key, "\x1f".join(natural).encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode()[:LENGTH]
