"""Frozen lists keep a digest of all that their rows hold, not of ids and strata only.

Lists that are frozen already get the digest of what they hold now: what changed before cannot be
told, what changes from now on is.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"

FRAME = sa.table(
    "frame",
    sa.column("id", sa.Integer),
    sa.column("frozen_at", sa.DateTime(timezone=True)),
    sa.column("rows_sha256", sa.String),
)
ROW = sa.table(
    "frame_row",
    sa.column("frame_id", sa.Integer),
    *(sa.column(name, sa.String) for name in ("unit_code", "person_code", "stratum", "group_code")),
    sa.column("attributes", sa.JSON().with_variant(JSONB(), "postgresql")),
)


def upgrade() -> None:
    with op.batch_alter_table("frame") as batch:
        batch.add_column(sa.Column("rows_sha256", sa.String(length=64), nullable=True))
    link = op.get_bind()
    frozen = sa.select(FRAME.c.id).where(FRAME.c.frozen_at.is_not(None))
    for number in link.execute(frozen).scalars().all():
        filled = FRAME.update().where(FRAME.c.id == number)
        link.execute(filled.values(rows_sha256=_digest(link, number)))


def _digest(link: sa.Connection, frame_id: int) -> str:
    """Digest the rows of a frame as the program of this revision does."""
    columns = [column for column in ROW.c if column is not ROW.c.frame_id]
    rows = link.execute(sa.select(*columns).where(ROW.c.frame_id == frame_id))
    write = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
    lines = sorted(write(tuple(row)) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def downgrade() -> None:
    with op.batch_alter_table("frame") as batch:
        batch.drop_column("rows_sha256")
