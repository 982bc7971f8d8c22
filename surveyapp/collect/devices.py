"""Tablets at counters: pair, list, revoke, recognise."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import audit, clock, codes
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Device, RatedAgency, Survey


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


def recognise(db: Session, token: str) -> Device:
    """Return the tablet of a token, or refuse."""
    device = db.scalar(select(Device).where(Device.token_sha256 == codes.sha256(token)))
    if device is None:
        raise AppError(
            "COLLECT-044",
            "Máy này chưa được ghép.",
            "Cán bộ ghép máy bằng: sipas device pair",
            status=401,
        )
    if device.revoked_at is not None:
        raise AppError(
            "COLLECT-045",
            "Máy này đã bị thu hồi quyền gửi phiếu.",
            "Liên hệ quản trị hệ thống.",
            status=403,
        )
    return device


def seen(db: Session, device: Device) -> None:
    """Note the day, never the time, on which a tablet sent something."""
    today = clock.today()
    if device.seen_on != today:
        db.merge(device).seen_on = today
