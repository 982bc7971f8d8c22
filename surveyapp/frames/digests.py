"""The digest of all that the rows of a frame decide: also who may rate whom, and who is who."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from surveyapp.models import FrameRow

#: Id, person, stratum, group and attributes of a row of a frame.
FrameRowValues = Row[str, str, str, str, dict[str, Any]]


def rows_of(db: Session, frame_id: int) -> Sequence[FrameRowValues]:
    """Read the rows of a frame in order of their ids."""
    columns = (
        *(FrameRow.unit_code, FrameRow.person_code, FrameRow.stratum),
        *(FrameRow.group_code, FrameRow.attributes),
    )
    query = select(*columns).where(FrameRow.frame_id == frame_id)
    return db.execute(query.order_by(FrameRow.unit_code)).all()


def digest_of(rows: Sequence[FrameRowValues]) -> str:
    """Digest the rows of a frame, whatever their order.

    The digest that is published (`sampling.canonical.frame_digest`) covers ids and strata, which
    decide who is drawn; this one also what decides which form she gets. SHA-256 of a line of JSON
    per row (id, person, stratum, group, attributes; sorted keys, no spaces), sorted, UTF-8.
    """
    write = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
    lines = sorted(write(tuple(row)) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def rows_digest(db: Session, frame_id: int) -> str:
    """Read the rows of a frame and digest them."""
    return digest_of(rows_of(db, frame_id))
