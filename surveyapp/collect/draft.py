"""An unfinished form: in the browser's cookies, sealed, gone after two hours."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from surveyapp import clock
from surveyapp.collect.screens import Answered
from surveyapp.collect.sealing import UnreadableError, seal, unseal
from surveyapp.errors import AppError

LIFETIME = timedelta(hours=2)
COOKIES = ("sipas_form", "sipas_form_2")
#: One cookie may have 4096 bytes with its name and marks; two fit the server's limit for headers.
COOKIE_CHARACTERS = 3600
#: Sizes of a draft differ in steps only.
BLOCK_BYTES = 256


@dataclass(frozen=True, slots=True)
class Draft:
    """The answers so far with what makes their sending unique."""

    exchange_id: UUID
    nonce: str
    #: The invitation's code; None on a tablet that needs none.
    code: str | None
    given: Answered = field(default_factory=lambda: Answered({}, {}))
    #: Who holds the tablet, where the form does not ask it; empty elsewhere.
    assisted: str = ""


def begin(code: str | None) -> Draft:
    """Start a form; id and nonce are made here, so that sending it twice is one sending."""
    return Draft(uuid4(), secrets.token_urlsafe(24), code)


def to_cookies(draft: Draft, key: bytes, survey: str) -> dict[str, str]:
    """Return the values of the draft's cookies; an unused one is empty."""
    value = as_value(draft) | {"at": int(clock.now().timestamp())}
    sealed = base64.urlsafe_b64encode(seal(key, value, _place(survey), BLOCK_BYTES)).decode()
    if len(sealed) > COOKIE_CHARACTERS * len(COOKIES):
        raise AppError(
            "COLLECT-060",
            "Câu trả lời dài quá, máy này không giữ được.",
            "Mời Ông/Bà viết ngắn hơn ở phần ý kiến rồi tiếp tục.",
            status=413,
        )
    return {
        name: sealed[place * COOKIE_CHARACTERS : (place + 1) * COOKIE_CHARACTERS]
        for place, name in enumerate(COOKIES)
    }


def from_cookies(cookies: Mapping[str, str], key: bytes, survey: str) -> Draft | None:
    """Return the draft of a survey; None if there is none, or it is too old or unreadable."""
    sealed = "".join(cookies.get(name, "") for name in COOKIES)
    if not sealed:
        return None
    try:
        value = unseal(key, base64.urlsafe_b64decode(sealed.encode()), _place(survey))
    except (UnreadableError, ValueError):
        return None
    if clock.now().timestamp() - value["at"] > LIFETIME.total_seconds():
        return None
    return from_value(value)


def as_value(draft: Draft) -> dict[str, Any]:
    """Return a draft as plain values, to be sealed."""
    return {
        "id": draft.exchange_id.hex,
        "nonce": draft.nonce,
        "code": draft.code,
        "answers": draft.given.answers,
        "ratings": draft.given.ratings,
        "assisted": draft.assisted,
    }


def from_value(value: Mapping[str, Any]) -> Draft:
    """Return the draft of `as_value`."""
    given = Answered(value["answers"], value["ratings"])
    assisted = value.get("assisted", "")  # forms kept by 0.1.0 say nothing of it
    return Draft(UUID(value["id"]), value["nonce"], value["code"], given, assisted)


def _place(survey: str) -> str:
    return f"draft/{survey}"
