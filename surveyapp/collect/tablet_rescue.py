"""Feed the file that an official took from a broken tablet into the intake, as often as wanted."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import audit
from surveyapp.actor import Actor
from surveyapp.collect import release, service
from surveyapp.collect.devices import Tablet
from surveyapp.collect.keys import Keyring
from surveyapp.collect.submission import parse
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import Device

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Rescued:
    """How many forms of a file were new, were there already, or were refused and why."""

    stored: int
    repeated: int
    #: Place in the file, from 1, and what the server said.
    refused: tuple[tuple[int, AppError], ...]


@dataclass(frozen=True, slots=True)
class RescueFile:
    """The sealed forms of one tablet; nobody can read them without the server's key."""

    device: int
    records: tuple[tuple[UUID, bytes], ...]


def read(path: Path) -> RescueFile:
    """Read a rescue file as a tablet wrote it, or refuse all of it."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return _file(value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AppError(
            "COLLECT-073",
            f"«{path.name}» không phải tệp cứu phiếu của máy tại quầy, hoặc đã bị sửa.",
            "Tải lại tệp từ trang cán bộ trên máy.",
        ) from error


def _file(value: dict[str, Any]) -> RescueFile:
    if value["sipas_rescue"] != FORMAT or type(value["device"]) is not int:
        raise ValueError("another format")
    records = [(UUID(one["id"]), one["body"].encode()) for one in value["records"]]
    return RescueFile(value["device"], tuple(records))


def device_of(db: Session, actor: Actor, file: RescueFile) -> Tablet:
    """Return the tablet of a file, revoked or not: the official vouches for it, in the audit."""
    device = db.scalar(select(Device).where(Device.id == file.device))
    if device is None:
        raise AppError(
            "COLLECT-074",
            f"Máy chủ này chưa từng ghép máy số {file.device}.",
            "Dùng máy chủ đã ghép máy đó; xem bằng: sipas device list",
            status=404,
        )
    audit.record(db, actor, "rescue forms", f"device {device.id}", forms=len(file.records))
    return Tablet(device.id, device.survey_id, device.agency_code, device.seen_on)


def feed(
    database: Database, keyring: Keyring, release_size: int, tablet: Tablet, file: RescueFile
) -> Rescued:
    """Store every form of a file in a transaction of its own; what was stored stays stored."""
    stored = repeated = 0
    refused: list[tuple[int, AppError]] = []
    for place, (exchange_id, body) in enumerate(file.records, 1):
        try:
            receipt = _store(database, keyring, tablet, exchange_id, body)
        except AppError as error:
            refused.append((place, error))
            continue
        stored += receipt.created
        repeated += not receipt.created
    release.settle(database, keyring, tablet.survey_id, release_size)
    return Rescued(stored, repeated, tuple(refused))


def _store(
    database: Database, keyring: Keyring, tablet: Tablet, exchange_id: UUID, body: bytes
) -> service.Receipt:
    submission = parse(exchange_id, body, keyring.folder)
    with database.session() as db:
        receipt = service.accept(db, keyring, submission, tablet)
        db.commit()
    return receipt
