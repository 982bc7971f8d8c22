"""Reports of the field that are only counted; forms given after answers; a leaner audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

#: What earlier versions wrote down about a person whose place was taken.
_PERSONAL = ("unit", "reason", "released", "passed_over")


def upgrade() -> None:
    op.create_table(
        "counted_report",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("released_unit", sa.String(length=60), nullable=True),
        sa.CheckConstraint(
            "reason IN ('refused', 'not_reached', 'died', 'unable', 'no_address', 'left')",
            name=op.f("ck_counted_report_known_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["draw_id"],
            ["sample_draw.id"],
            name=op.f("fk_counted_report_draw_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["survey_group.id"],
            name=op.f("fk_counted_report_group_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_counted_report")),
        sa.UniqueConstraint(
            "draw_id", "released_unit", name=op.f("uq_counted_report_draw_id_released_unit")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_counted_report_draw_id"), "counted_report", ["draw_id"])
    with op.batch_alter_table("assignment") as batch:
        batch.add_column(
            sa.Column("after_answers", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.execute(_LATER)
    with op.batch_alter_table("assignment") as batch:
        batch.alter_column("after_answers", server_default=None)
    _forget_whom()


#: When they were given is not known: reserve units and later draws count as late where answers are.
_LATER = sa.text(
    """
    UPDATE assignment SET after_answers = true
    WHERE cell_id IN (SELECT cell_id FROM invitation WHERE is_spent)
    AND (
        EXISTS (
            SELECT 1 FROM sample_unit
            WHERE sample_unit.draw_id = assignment.draw_id
            AND sample_unit.unit_code = assignment.unit_code
            AND sample_unit.role = 'reserve'
        )
        OR draw_id > (
            SELECT min(first.draw_id) FROM assignment AS first
            WHERE first.cell_id = assignment.cell_id
        )
    )
    """
)


def _forget_whom() -> None:
    """Take person and reason out of what the audit trail says of replacements: some are ill."""
    entry = sa.table(
        "audit_entry",
        sa.column("id", sa.Integer),
        sa.column("action", sa.String),
        sa.column("detail", sa.JSON),
    )
    link = op.get_bind()
    found = sa.select(entry.c.id, entry.c.detail).where(entry.c.action == "fieldwork.replace")
    for one, detail in link.execute(found).all():
        kept = {name: value for name, value in detail.items() if name not in _PERSONAL}
        link.execute(sa.update(entry).where(entry.c.id == one).values(detail=kept))


def downgrade() -> None:
    """Drop the counts; what was taken out of the audit trail does not come back."""
    with op.batch_alter_table("assignment") as batch:
        batch.drop_column("after_answers")
    op.drop_index(op.f("ix_counted_report_draw_id"), "counted_report")
    op.drop_table("counted_report")
