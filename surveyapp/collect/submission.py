"""One sending as a frozen value: parsed, of the right shape and size, not yet checked."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from surveyapp import codes
from surveyapp.collect import intake_key
from surveyapp.collect.problems import SHAPE, Problem, broken, unreadable
from surveyapp.errors import AppError

MAX_BODY_BYTES = 256 * 1024
MODES = ("web", "tablet", "interviewer", "paper")
HELPERS = ("", "self", "family", "volunteer", "official")
MEMBERS = frozenset(
    {"survey", "questionnaire", "version", "language", "mode", "nonce", "answers", "ratings"}
    | {"invitation", "agency", "assisted", "quality"}
)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_MEMBER_TEXTS = {
    "survey": "Mã cuộc khảo sát thiếu hoặc viết sai.",
    "questionnaire": "Mã phiếu khảo sát thiếu hoặc viết sai.",
    "version": "Phiên bản phiếu phải là số nguyên dương.",
    "language": "Ngôn ngữ thiếu hoặc viết sai.",
    "mode": f"Cách trả lời phải là một trong: {', '.join(MODES)}.",
    "invitation": "Mã phiếu phải là một chuỗi ngắn.",
    "agency": "Mã cơ quan viết sai.",
    "assisted": f"Người bấm máy phải là một trong: {', '.join(HELPERS[1:])}.",
    "nonce": "Chuỗi ngẫu nhiên (nonce) phải có 16 đến 128 chữ, số.",
    "answers": "Các câu trả lời phải là một bảng theo mã câu hỏi.",
    "ratings": "Phần đánh giá phải là một bảng theo mã cơ quan.",
    "quality": "Phần «quality» phải là một bảng.",
}


@dataclass(frozen=True, slots=True)
class Submission:
    """A body that was received: what it says, and the digest of its bytes.

    The nonce is part of the digest only; it is kept nowhere, so a digest cannot be recomputed
    from an answer.
    """

    exchange_id: str
    digest: str
    survey: str
    questionnaire: str
    version: int
    language: str
    mode: str
    invitation_sha256: str | None
    agency: str | None
    assisted: str
    answers: Mapping[str, Any]
    ratings: Mapping[str, Any] | None


def digest_of(body: bytes) -> str:
    """Return the SHA-256 of a body as it was received, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def parse(exchange_id: UUID, body: bytes, keys: Path | None = None) -> Submission:
    """Read a body; every fault of its shape is named at once, nothing of it is repeated.

    With the folder of `keys` the body may be sealed; the digest is that of the sealed bytes.

    Raises
    ------
    SubmissionError : 422, the body is no submission, with all faulty members.
    AppError : 413, the body is larger than `MAX_BODY_BYTES`; 422, what is sealed does not open.
    """
    if len(body) > MAX_BODY_BYTES:
        raise too_large()
    members = _read_object(body)
    if keys is not None and "sealed" in members:
        members = _read_object(intake_key.unseal(keys, exchange_id, members))
    faults = [
        Problem(member, SHAPE, text)
        for member, text in _MEMBER_TEXTS.items()
        if not _is_right(member, members.get(member))
    ]
    if members.keys() - MEMBERS:
        faults.append(Problem("", SHAPE, "Có mục không có trong quy định."))
    if members.get("answers") is None and members.get("ratings") is None:
        faults.append(Problem("answers", SHAPE, "Thiếu các câu trả lời."))
    if faults:
        raise broken(faults)
    return _submission(exchange_id, digest_of(body), members)


def too_large() -> AppError:
    """Refuse a body that is larger than any form."""
    return AppError(
        "COLLECT-003",
        "Phiếu gửi lên quá lớn.",
        "Viết ngắn hơn ở phần ý kiến rồi gửi lại.",
        status=413,
    )


def _submission(exchange_id: UUID, digest: str, members: dict[str, Any]) -> Submission:
    invitation = members.get("invitation")
    return Submission(
        exchange_id=exchange_id.hex,
        digest=digest,
        survey=members["survey"],
        questionnaire=members["questionnaire"],
        version=members["version"],
        language=members["language"],
        mode=members["mode"],
        invitation_sha256=None if invitation is None else codes.sha256(invitation),
        agency=members.get("agency"),
        assisted=members.get("assisted") or "",
        answers=members.get("answers") or {},
        ratings=members.get("ratings"),
    )


def _is_right(member: str, value: object) -> bool:
    if value is None:
        return member in {"invitation", "agency", "assisted", "answers", "ratings", "quality"}
    if member in {"answers", "ratings", "quality"}:
        return isinstance(value, dict)
    if member == "version":
        return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**6
    if not isinstance(value, str):
        return False
    allowed = {"mode": MODES, "assisted": HELPERS}.get(member)
    if allowed is not None:
        return value in allowed
    if member == "invitation":
        return 0 < len(value) <= 200
    return (_NONCE if member == "nonce" else _CODE).fullmatch(value) is not None


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        raise unreadable("", "Nội dung không phải UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise unreadable("", "Nội dung không phải JSON hợp lệ.") from error
    if not isinstance(value, dict):
        raise unreadable("", "Nội dung phải là một đối tượng JSON.")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice (which answer would count?); make all texts NFC."""
    read = {_nfc(key): _nfc(value) for key, value in pairs}
    if len(read) < len(pairs):
        raise ValueError("repeated key")
    return read


def _nfc(value: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_nfc(part) for part in value]
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
