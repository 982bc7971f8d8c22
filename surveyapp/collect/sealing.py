"""Sealing: authenticated encryption of values that only their own place can open."""

import json
import secrets
import zlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
#: Sealed values are padded to a multiple of this, so that their length tells nothing.
BLOCK_BYTES = 4096
LENGTH_BYTES = 4
#: No value unpacks to more: a broken or hostile value cannot fill the memory.
MAX_BYTES = 4_000_000


class UnreadableError(ValueError):
    """A sealed value was changed, moved to another place, or sealed with another key."""


def seal(key: bytes, value: Mapping[str, object], place: str, block: int = BLOCK_BYTES) -> bytes:
    """Seal a JSON object for one place.

    Parameters
    ----------
    key : 32 bytes.
    place : authenticated with the value; opening it under another place fails.
    block : the plaintext is padded to a multiple of so many bytes (1: not padded).
    """
    packed = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if len(packed) > block - LENGTH_BYTES:  # it takes longer than the sealing
        packed = zlib.compress(packed, 6)
    plain = len(packed).to_bytes(LENGTH_BYTES, "big") + packed
    plain += bytes(-len(plain) % block)
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> dict[str, Any]:
    """Open what `seal` sealed for the same place; UnreadableError otherwise."""
    try:
        plain = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise UnreadableError(place) from error
    length = int.from_bytes(plain[:LENGTH_BYTES], "big")
    packed = plain[LENGTH_BYTES : LENGTH_BYTES + length]
    if not packed.startswith(b"{"):  # a zlib stream begins with 0x78
        packed = zlib.decompressobj().decompress(packed, MAX_BYTES)
    value: dict[str, Any] = json.loads(packed)
    return value
