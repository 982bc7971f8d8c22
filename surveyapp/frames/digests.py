"""The digest of all that the rows of a frame decide: also who may rate whom, and who is who."""

import hashlib
import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import FrameRow


def rows_digest(db: Session, frame_id: int) -> str:
    """Digest the rows of a frame, whatever their order.

    The digest that is published (`sampling.canonical.frame_digest`) covers ids and strata, which
    decide who is drawn; this one also what decides which form she gets. SHA-256 of a line of JSON
    per row (id, person, stratum, group, attributes; sorted keys, no spaces), sorted, UTF-8.
    """
    columns = (
        *(FrameRow.unit_code, FrameRow.person_code, FrameRow.stratum),
        *(FrameRow.group_code, FrameRow.attributes),
    )
    rows = db.execute(select(*columns).where(FrameRow.frame_id == frame_id))
    write = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
    lines = sorted(write(tuple(row)) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
