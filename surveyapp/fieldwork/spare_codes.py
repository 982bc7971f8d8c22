"""Codes for reserve units, stored with all others before anybody knows who will get one.

If a code were stored when a unit is released, two backups would show which one is hers. So the
hashes lie in the table from the issue on; the codes are stored nowhere, they follow from a key
outside the database.
"""

import hmac
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import codes
from surveyapp.fieldwork.assignment import cells_of, frame_rows, may_join, waiting_units
from surveyapp.models import Assignment, FormCell, Invitation, SampleDraw, SampleUnit, Survey
from surveyapp.surveys.keys import spare_key


class Spares:
    """Spare codes of one draw; revoking the codes of a cell begins new ones."""

    def __init__(self, db: Session, keys: Path, draw: SampleDraw) -> None:
        self.db = db
        self.draw = draw
        self.key = spare_key(keys, db.get_one(Survey, draw.survey_id).code)
        revoked = (
            select(Invitation.cell_id, func.count())
            .where(Invitation.survey_id == draw.survey_id, Invitation.is_revoked)
            .group_by(Invitation.cell_id)
        )
        self.revoked = dict(db.execute(revoked).all())
        self.released = _released(db, draw)

    def hashes(self, survey: Survey) -> list[tuple[str, int]]:
        """Return hashes with their cells: for every cell as many as reserve units may join it.

        No more can be released into it, whatever the field reports and in which order.
        """
        waiting = set().union(*waiting_units(self.db, survey, self.draw).values())
        rows = [row for row in frame_rows(self.db, survey, self.draw) if row.unit in waiting]
        known = select(Invitation.code_sha256).where(Invitation.survey_id == survey.id)
        stored = set(self.db.scalars(known))  # where codes of other cells were made anew
        wanted = []
        for cell in cells_of(self.db, survey):
            n = sum(may_join(survey, cell, row) for row in rows)
            first = self.released[cell.id]
            wanted += [
                (codes.sha256(self._code(cell.id, number)), cell.id)
                for number in range(first, first + n)
            ]
        return [(sha256, cell_id) for sha256, cell_id in wanted if sha256 not in stored]

    @cached_property
    def next(self) -> Mapping[int, tuple[str, date]]:
        """The code for the next unit that comes into each cell, with its last day.

        A cell is missing where no hash was kept: one that is stored now would be hers, as two
        backups show. Those kept by an earlier release have no check letters.
        """
        own = select(FormCell.id).where(FormCell.survey_id == self.draw.survey_id)
        wanted: dict[str, tuple[int, str]] = {}
        for cell_id in self.db.scalars(own):
            code = self._code(cell_id, self.released[cell_id])
            for one in (code, code[: codes.LENGTH]):
                wanted[codes.sha256(one)] = (cell_id, one)
        kept = select(Invitation.code_sha256, Invitation.expires_on).where(
            Invitation.code_sha256.in_(wanted)
        )
        found = {}
        for sha256, expires_on in self.db.execute(kept):
            cell_id, code = wanted[sha256]
            if expires_on is not None:
                found[cell_id] = (code, expires_on)
        return found

    def _code(self, cell_id: int, number: int) -> str:
        """Return one code in its normal form: 130 bits of HMAC-SHA-256."""
        name = f"{self.draw.id} {cell_id} {self.revoked.get(cell_id, 0)} {number}"
        bits = int.from_bytes(hmac.digest(self.key, name.encode(), "sha256"))
        base = len(codes.ALPHABET)
        plain = (codes.ALPHABET[bits // base**i % base] for i in range(codes.LENGTH))
        return codes.checked("".join(plain))


def _released(db: Session, draw: SampleDraw) -> Counter[int]:
    """Count the reserve units of a draw that have a form, by cell."""
    released = (
        select(Assignment.cell_id, func.count())
        .join(
            SampleUnit,
            (SampleUnit.draw_id == Assignment.draw_id)
            & (SampleUnit.unit_code == Assignment.unit_code),
        )
        .where(Assignment.draw_id == draw.id, SampleUnit.role == "reserve")
        .group_by(Assignment.cell_id)
    )
    return Counter(dict(db.execute(released).all()))
