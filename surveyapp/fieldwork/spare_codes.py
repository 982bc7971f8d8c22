"""Codes for reserve units, stored with all others before anybody knows who will get one.

If a code were stored when a unit is released, two backups would show which one is hers. So the
hashes lie in the table from the issue on; the codes are stored nowhere, they follow from a key
outside the database.
"""

import hmac
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import codes
from surveyapp.models import Assignment, Invitation, SampleDraw, SampleUnit, Survey
from surveyapp.surveys.keys import spare_key


def spare_hashes(db: Session, keys: Path, draw: SampleDraw) -> list[tuple[str, int]]:
    """Return hashes of spare codes with their cells, as many as releases may need.

    A reserve unit comes into the cell of the unit that it replaces, as a rule: no cell needs more
    than it has forms, nor more than its strata have reserve units.
    """
    in_reserve = (
        select(SampleUnit.stratum, func.count())
        .where(SampleUnit.draw_id == draw.id, SampleUnit.role == "reserve")
        .group_by(SampleUnit.stratum)
    )
    reserve = {stratum: n for stratum, n in db.execute(in_reserve)}  # noqa: C416  rows are no tuples
    forms = (
        select(SampleUnit.stratum, Assignment.cell_id, func.count())
        .join(
            Assignment,
            (Assignment.draw_id == SampleUnit.draw_id)
            & (Assignment.unit_code == SampleUnit.unit_code),
        )
        .where(SampleUnit.draw_id == draw.id)
        .group_by(SampleUnit.stratum, Assignment.cell_id)
    )
    number: dict[int, int] = {}
    for stratum, cell_id, n in db.execute(forms):
        number[cell_id] = number.get(cell_id, 0) + min(n, reserve.get(stratum, 0))
    spares = _Spares(db, keys, draw)
    return [
        (codes.sha256(spares.code(cell_id, i)), cell_id)
        for cell_id, n in sorted(number.items())
        for i in range(n)
    ]


def next_spare(db: Session, keys: Path, draw: SampleDraw, cell_id: int, released: int) -> str:
    """Return the code for the next unit that is released into a cell, after `released` others.

    Where none was kept for it, as in a cell that got more units than it lost, its hash is new.
    The kept ones of an earlier release have no check letters.
    """
    code = _Spares(db, keys, draw).code(cell_id, released)
    plain = code[: codes.LENGTH]
    return plain if db.get(Invitation, codes.sha256(plain)) is not None else code


class _Spares:
    """Spare codes of one draw; revoking the codes of a cell begins new ones."""

    def __init__(self, db: Session, keys: Path, draw: SampleDraw) -> None:
        self.draw_id = draw.id
        self.key = spare_key(keys, db.get_one(Survey, draw.survey_id).code)
        revoked = (
            select(Invitation.cell_id, func.count())
            .where(Invitation.survey_id == draw.survey_id, Invitation.is_revoked)
            .group_by(Invitation.cell_id)
        )
        self.revoked = {cell: n for cell, n in db.execute(revoked)}  # noqa: C416  rows are no tuples

    def code(self, cell_id: int, number: int) -> str:
        """Return one code in its normal form: 130 bits of HMAC-SHA-256."""
        name = f"{self.draw_id} {cell_id} {self.revoked.get(cell_id, 0)} {number}"
        bits = int.from_bytes(hmac.digest(self.key, name.encode(), "sha256"))
        base = len(codes.ALPHABET)
        plain = (codes.ALPHABET[bits // base**i % base] for i in range(codes.LENGTH))
        return codes.checked("".join(plain))
