"""The key pair of this server's intake: tablets seal with its public half what only it can open.

ECDH on P-256, HKDF-SHA256, AES-256-GCM, because every browser has them in WebCrypto. The pair is
`intake.key` in the folder of keys. To replace it, rename that file to `intake-<anything>.key`: a
new pair is made at once, and what tablets sealed before still opens.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from surveyapp import key_files
from surveyapp.collect.problems import SHAPE, Problem, broken
from surveyapp.errors import AppError

CURRENT: Final = "intake.key"
INFO: Final = b"sipas submission 1"
MEMBERS: Final = frozenset({"sealed", "key", "epk", "iv", "ct"})
POINT_BYTES: Final = 65
IV_BYTES: Final = 12
KEY_BYTES: Final = 32
ID_LENGTH: Final = 16
#: Order of P-256 (FIPS 186-5; SP 800-186, 3.2.1.3).
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
#: 64 bits more than the order has, so that no private key is likelier (FIPS 186-5, A.2.1).
SCALAR_BYTES: Final = 40
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class IntakeKey:
    """The public half: what a tablet is told when it fetches its configuration."""

    #: The first 16 hexadecimal digits of the SHA-256 of the point.
    id: str
    #: The uncompressed point, 65 bytes, base64url without padding.
    point_base64url: str


@dataclass(frozen=True, slots=True)
class _Pair:
    private: ec.EllipticCurvePrivateKey
    point: bytes
    id: str


def public(keys: Path) -> IntakeKey:
    """Return the public key that tablets seal with; the pair is made if there is none."""
    pair = _pair(key_files.read_or_make(keys, CURRENT))
    return IntakeKey(pair.id, base64.urlsafe_b64encode(pair.point).rstrip(b"=").decode())


def unseal(keys: Path, exchange_id: UUID, members: Mapping[str, Any]) -> bytes:
    """Open a sealed body for the id under which it was sent; padding is still at its end.

    Raises
    ------
    SubmissionError : 422, the members of the body have not the right shape.
    AppError : 422, no key of this server opens it.
    """
    point, iv, sealed = _parts(members)
    pair = next((one for one in _pairs(keys) if one.id == members["key"]), None)
    if pair is None:
        raise _closed()
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        shared = pair.private.exchange(ec.ECDH(), theirs)
        key = HKDF(hashes.SHA256(), KEY_BYTES, salt=point + pair.point, info=INFO).derive(shared)
        return AESGCM(key).decrypt(iv, sealed, str(exchange_id).encode())
    except (InvalidTag, ValueError) as error:
        raise _closed() from error


def _pairs(keys: Path) -> Iterator[_Pair]:
    """Give the current pair, then those that it replaced."""
    yield _pair(key_files.read_or_make(keys, CURRENT))
    for path in keys.glob("intake-*.key"):
        yield _pair(path.read_bytes())


@lru_cache(maxsize=64)
def _pair(seed: bytes) -> _Pair:
    wide = HKDF(hashes.SHA256(), SCALAR_BYTES, salt=None, info=b"sipas intake key").derive(seed)
    private = ec.derive_private_key(int.from_bytes(wide, "big") % (ORDER - 1) + 1, ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _Pair(private, point, hashlib.sha256(point).hexdigest()[:ID_LENGTH])


def _parts(members: Mapping[str, Any]) -> tuple[bytes, bytes, bytes]:
    """Return ephemeral point, nonce and ciphertext; every fault of the shape at once."""
    point, iv, sealed = (_decoded(members.get(name)) for name in ("epk", "iv", "ct"))
    key = members.get("key")
    is_right = {
        "sealed": members["sealed"] == 1 and members["sealed"] is not True,
        "key": isinstance(key, str) and len(key) == ID_LENGTH,
        "epk": point is not None and len(point) == POINT_BYTES,
        "iv": iv is not None and len(iv) == IV_BYTES,
        "ct": bool(sealed),
        "": not members.keys() - MEMBERS,
    }
    faults = [name for name, right in is_right.items() if not right]
    if faults or point is None or iv is None or sealed is None:
        text = "Phần niêm phong của phiếu viết sai."
        raise broken([Problem(name, SHAPE, text) for name in faults])
    return point, iv, sealed


def _decoded(value: object) -> bytes | None:
    """Decode base64url without padding; None if it is anything else."""
    if not isinstance(value, str) or not _BASE64URL.fullmatch(value):
        return None
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return None


def _closed() -> AppError:
    return AppError(
        "COLLECT-004",
        "Máy chủ không mở được phiếu đã niêm phong này.",
        "Giữ phiếu trên máy, báo cán bộ quản trị: máy có thể được ghép với máy chủ khác.",
        status=422,
    )
