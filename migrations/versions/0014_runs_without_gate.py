"""Runs of the first release held numbers of few answers: take them out, keep what they were of.

The digest of the answers, the day and the version stay; the same locked answers are computed again
behind the gate. The backup that the upgrade makes holds the old numbers: it is kept like the
database itself.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"

RUN = sa.table(
    "result_run",
    sa.column("id", sa.Integer),
    sa.column("content", sa.JSON().with_variant(JSONB(), "postgresql")),
)


def upgrade() -> None:
    link = op.get_bind()
    held = [
        number
        for number, content in link.execute(sa.select(RUN.c.id, RUN.c.content))
        if "gate" not in content
    ]
    if held:
        link.execute(RUN.update().where(RUN.c.id.in_(held)).values(content={"groups": []}))


def downgrade() -> None:
    """Leave the runs empty: they are computed again from the same answers."""
