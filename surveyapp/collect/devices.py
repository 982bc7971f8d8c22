"""Tablets at counters: pair, list, revoke, recognise."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from surveyapp import audit, clock, codes
from surveyapp.actor import Actor
from surveyapp.collect import tablet_ledger
from surveyapp.errors import AppError
from surveyapp.models import Device, Survey

_BY_TOKEN: Final = select(
    Device.token_sha256,
    Device.id,
    Device.survey_id,
    Device.agency_code,
    Device.seen_on,
    Device.revoked_at,
).where(Device.token_sha256.in_(bindparam("tokens", expanding=True)))

_SEEN: Final = (
    update(Device).where(Device.id == bindparam("of_id")).values(seen_on=bindparam("today"))
)


@dataclass(frozen=True, slots=True)
class Tablet:
    """A paired tablet that may send: for which survey and agency."""

    id: int
    survey_id: int
    agency_code: str
    #: The last day on which it sent something.
    seen_on: date | None


def readable(token: str) -> str:
    """Return a token as somebody types it at the tablet."""
    return codes.readable(token)


def revoke(db: Session, actor: Actor, device_id: int) -> None:
    """Refuse whatever this tablet sends from now on (what it sent before stays)."""
    device = db.get(Device, device_id)
    if device is None:
        raise AppError(
            "COLLECT-043", f"Không có máy số {device_id}.", "Xem bằng: sipas device list", 404
        )
    if device.revoked_at is None:
        device.revoked_at = clock.now()
        audit.record(db, actor, "revoke device", f"device {device.id}")


def listed(db: Session) -> list[tuple[Device, Survey]]:
    """Return all tablets with their surveys, in the order of pairing."""
    query = select(Device, Survey).join(Survey, Survey.id == Device.survey_id).order_by(Device.id)
    return [(device, survey) for device, survey in db.execute(query)]


def recognise(connection: Connection, token: str) -> Tablet:
    """Return the tablet of a token, or refuse."""
    token_sha256 = codes.sha256(token)
    found = recognise_all(connection, [token_sha256])[token_sha256]
    if isinstance(found, AppError):
        raise found
    return found


def recognise_all(
    connection: Connection, tokens_sha256: Collection[str]
) -> dict[str, Tablet | AppError]:
    """Return the tablet of each token that is given by its hash, or why it is refused."""
    if not tokens_sha256:
        return {}
    rows = connection.execute(_BY_TOKEN, {"tokens": sorted(tokens_sha256)})
    found = {row.token_sha256: row for row in rows}
    return {one: _tablet(found.get(one)) for one in tokens_sha256}


def _tablet(row: Row[*tuple[Any, ...]] | None) -> Tablet | AppError:
    if row is None:
        return AppError(
            "COLLECT-044",
            "Máy này chưa được ghép.",
            "Cán bộ ghép máy bằng mã ở trang «Máy tại quầy» của cuộc khảo sát.",
            status=401,
        )
    if row.revoked_at is not None:
        return AppError(
            "COLLECT-045",
            "Máy này đã bị thu hồi quyền gửi phiếu.",
            "Liên hệ quản trị hệ thống.",
            status=403,
        )
    return Tablet(row.id, row.survey_id, row.agency_code, row.seen_on)


def of_header(connection: Connection, authorization: str) -> Tablet:
    """Return the tablet whose token stands in a header "Authorization", or refuse."""
    return recognise(connection, token_of(authorization))


def token_of(authorization: str) -> str:
    """Return the token that stands in a header "Authorization", or refuse."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AppError(
            "COLLECT-050",
            "Cách xác nhận của máy không đúng.",
            "Gửi mã ghép máy dạng: Authorization: Bearer MÃ",
            status=401,
        )
    return token


def seen(connection: Connection, sent: Iterable[tuple[Tablet, bool]]) -> None:
    """Note the day, never the time, on which tablets sent something; count what is new."""
    today = clock.today()
    new = Counter[int]()
    first = set()
    for tablet, is_new in sent:
        new[tablet.id] += is_new
        if tablet.seen_on != today:
            first.add(tablet.id)
    if first:
        # in one order, so that nobody waits in a circle
        connection.execute(_SEEN, [{"of_id": one, "today": today} for one in sorted(first)])
    tablet_ledger.count_accepted(connection, new, today)
