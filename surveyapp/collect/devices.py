"""Tablets at counters: pair, list, revoke, recognise."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from surveyapp import audit, clock, codes
from surveyapp.actor import Actor
from surveyapp.collect import tablet_ledger
from surveyapp.errors import AppError
from surveyapp.models import Device, RatedAgency, Survey

_BY_TOKEN: Final = select(
    Device.id, Device.survey_id, Device.agency_code, Device.seen_on, Device.revoked_at
).where(Device.token_sha256 == bindparam("token_sha256"))


@dataclass(frozen=True, slots=True)
class Tablet:
    """A paired tablet that may send: for which survey and agency."""

    id: int
    survey_id: int
    agency_code: str
    #: The last day on which it sent something.
    seen_on: date | None


def pair(db: Session, actor: Actor, survey_code: str, agency_code: str, counter: str) -> str:
    """Register a tablet for one survey and one agency; return its token, stored nowhere."""
    survey = db.scalar(select(Survey).where(Survey.code == survey_code))
    if survey is None:
        raise AppError("COLLECT-040", f"Không có cuộc khảo sát «{survey_code}».", "", 404)
    agency = db.scalar(
        select(RatedAgency).where(
            RatedAgency.survey_id == survey.id, RatedAgency.code == agency_code
        )
    )
    if agency is None or agency.exclusion is not None:
        raise AppError(
            "COLLECT-041",
            f"Cuộc khảo sát «{survey_code}» không hỏi về cơ quan «{agency_code}».",
            "Dùng mã của một cơ quan được đánh giá trong cuộc khảo sát.",
            status=404,
        )
    if not 0 < len(counter.strip()) <= 120:
        raise AppError("COLLECT-042", "Tên quầy phải có từ 1 đến 120 ký tự.", "Ghi ngắn lại.")
    token = codes.make()
    device = Device(
        token_sha256=codes.sha256(token),
        survey_id=survey.id,
        agency_code=agency_code,
        counter=counter.strip(),
        paired_at=clock.now(),
    )
    db.add(device)
    db.flush()
    audit.record(db, actor, "pair device", f"device {device.id}", agency=agency_code)
    return token


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


def recognise(db: Session, token: str) -> Tablet:
    """Return the tablet of a token, or refuse."""
    wanted = {"token_sha256": codes.sha256(token)}
    found = db.connection().execute(_BY_TOKEN, wanted).one_or_none()
    if found is None:
        raise AppError(
            "COLLECT-044",
            "Máy này chưa được ghép.",
            "Cán bộ ghép máy bằng: sipas device pair",
            status=401,
        )
    if found.revoked_at is not None:
        raise AppError(
            "COLLECT-045",
            "Máy này đã bị thu hồi quyền gửi phiếu.",
            "Liên hệ quản trị hệ thống.",
            status=403,
        )
    return Tablet(found.id, found.survey_id, found.agency_code, found.seen_on)


def of_header(db: Session, authorization: str) -> Tablet:
    """Return the tablet whose token stands in a header "Authorization", or refuse."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AppError(
            "COLLECT-050",
            "Cách xác nhận của máy không đúng.",
            "Gửi mã ghép máy dạng: Authorization: Bearer MÃ",
            status=401,
        )
    return recognise(db, token)


def seen(db: Session, device: Tablet, *, is_new: bool = False) -> None:
    """Note the day, never the time, on which a tablet sent something; count what is new."""
    today = clock.today()
    if device.seen_on != today:
        db.execute(update(Device).where(Device.id == device.id).values(seen_on=today))
    if is_new:
        tablet_ledger.count_accepted(db, device.id, today)
