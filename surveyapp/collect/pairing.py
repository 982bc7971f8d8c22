"""Pairing: an official registers a tablet for one survey and one agency."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import audit, clock, codes
from surveyapp.actor import Actor
from surveyapp.collect import rights
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
    rights.check_tablet(rights.of_agency(db.connection(), survey, agency_code))
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
