"""Sealing as a tablet does it, written from the contract: what WebCrypto does, step by step."""

import base64
import secrets
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from surveyapp.collect.intake_key import IntakeKey


def text_of(content: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def sealed(key: IntakeKey, at: UUID, plain: bytes) -> dict[str, Any]:
    """Seal a form for the server's key, bound to the id under which it is sent."""
    point = base64.urlsafe_b64decode(key.point_base64url + "=")
    server = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    mine = ec.generate_private_key(ec.SECP256R1())
    epk = mine.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = mine.exchange(ec.ECDH(), server)
    one_time = HKDF(hashes.SHA256(), 32, salt=epk + point, info=b"sipas submission 1")
    iv = secrets.token_bytes(12)
    padded = plain + b" " * (-len(plain) % 1024)
    ct = AESGCM(one_time.derive(shared)).encrypt(iv, padded, str(at).encode("ascii"))
    return {"sealed": 1, "key": key.id, "epk": text_of(epk), "iv": text_of(iv), "ct": text_of(ct)}
