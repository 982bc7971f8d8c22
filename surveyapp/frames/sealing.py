"""Sealing of lists that are no frame yet: encrypted under a key that lies outside the database."""

import hashlib
import hmac
import secrets
import zlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
#: Nothing sealed here is larger when unpacked: files of 20 MB, lists as JSON of a few times that.
_MOST_BYTES = 300 << 20


def seal(key: bytes, content: bytes, place: str) -> bytes:
    """Encrypt `content` for one place; `key` is the survey's, of which another one is made."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_own(key)).encrypt(nonce, zlib.compress(content, 1), place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """Decrypt what was sealed for `place`; anything else raises InvalidTag."""
    nonce, hidden = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    packed = AESGCM(_own(key)).decrypt(nonce, hidden, place.encode())
    return zlib.decompressobj().decompress(packed, _MOST_BYTES)


def _own(key: bytes) -> bytes:
    return hmac.new(key, b"lists of units", hashlib.sha256).digest()
