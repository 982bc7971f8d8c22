"""Permanent random numbers: the same seed and id give the same number, whoever computes it."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sampling.canonical import canonical

#: Label of the numbers that choose the main sample and its reserve.
MAIN = "main"
#: Label of the number that starts a systematic selection in a stratum.
START = "start"

#: (N, 32) unsigned bytes: one number per row, compared as bytes.
Numbers = NDArray[np.uint8]
_CHUNK = 65_536


def prefix(seed: str, label: str) -> bytes:
    """Return what stands before the id in the hashed bytes.

    len(seed) as 4 bytes big-endian ‖ seed ‖ 0x00 ‖ label ‖ 0x00, the seed trimmed, NFC, UTF-8.
    """
    content = canonical(seed).encode()
    return len(content).to_bytes(4, "big") + content + b"\0" + label.encode() + b"\0"


def permanent_number(seed: str, label: str, unit: str) -> bytes:
    """Return the 32 bytes of SHA-256(prefix ‖ id) for one id, trimmed and in NFC here."""
    return hashlib.sha256(prefix(seed, label) + canonical(unit).encode()).digest()


def permanent_numbers(
    ids: Sequence[str], seed: str, label: str, progress: Callable[[int], None] | None = None
) -> Numbers:
    """Return the numbers of many units.

    Parameters
    ----------
    ids : (N,) canonical ids, as in a `Frame`.
    progress : called with the number of units done since the last call.

    Returns
    -------
    (N, 32) uint8.
    """
    numbers = np.empty((len(ids), 32), dtype=np.uint8)
    start_bytes, sha256 = prefix(seed, label), hashlib.sha256
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        digests = b"".join([sha256(start_bytes + unit.encode()).digest() for unit in part])
        numbers[start : start + len(part)] = np.frombuffer(digests, np.uint8).reshape(-1, 32)
        if progress is not None:
            progress(len(part))
    return numbers


def secret_number(secret: bytes, unit: str) -> bytes:
    """Return v = HMAC-SHA-256(secret, id): not to be guessed without the secret."""
    return hmac.digest(secret, canonical(unit).encode(), "sha256")


def smallest(numbers: Numbers, ids: Sequence[str], members: NDArray[np.intp], k: int) -> list[int]:
    """Return the `k` of `members` with the smallest numbers, in their order; ties by id.

    Parameters
    ----------
    numbers : (N, 32) uint8.
    members : indices into `ids` among which to choose.
    """
    if k <= 0:
        return []
    if k < len(members):
        head = leading(numbers, members)
        bound = np.partition(head, k - 1)[k - 1]
        members = members[head <= bound]
    return in_order(numbers, ids, members.tolist())[:k]


def in_order(numbers: Numbers, ids: Sequence[str], members: Iterable[int]) -> list[int]:
    """Sort indices by number, as bytes; ties by id."""
    return sorted(members, key=lambda i: (numbers[i].tobytes(), ids[i]))


def leading(numbers: Numbers, members: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Return the first 8 bytes of the numbers as integers, for a quick first comparison."""
    return numbers[members, :8].copy().view(">u8").ravel().astype(np.uint64)


def uniform(number: bytes) -> float:
    """Read a number as a fraction in [0, 1), from its first 53 bits."""
    return (int.from_bytes(number[:8], "big") >> 11) / 2.0**53
