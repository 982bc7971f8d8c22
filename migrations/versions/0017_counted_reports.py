"""Reports of the field that are only counted; forms given after answers; a leaner audit trail.

Of surveys that are locked already, the reports and the audit trail lose their persons.
"""

import secrets

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
    _count_locked()


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


def _count_locked() -> None:
    """Turn reports of locked surveys into counts, as a lock does from now on."""
    link = op.get_bind()
    rows = [
        {"token": secrets.token_hex(16), **row._mapping} for row in link.execute(_NAMED_AND_LOCKED)
    ]
    if rows:  # in the order of the tokens, which says nothing about persons
        counted = sa.table(
            "counted_report",
            *map(sa.column, ("token", "draw_id", "group_id", "stratum", "reason")),
        )
        link.execute(sa.insert(counted), sorted(rows, key=lambda row: str(row["token"])))
    link.execute(_DROP_LOCKED)


_LOCKED_DRAWS = """
    SELECT sample_draw.id FROM sample_draw JOIN survey ON survey.id = sample_draw.survey_id
    WHERE survey.state NOT IN ('draft', 'sampled', 'collecting')
"""
_NAMED_AND_LOCKED = sa.text(
    f"""
    SELECT disposition.draw_id, form_cell.group_id, form_cell.stratum, disposition.reason
    FROM disposition
    JOIN assignment ON assignment.draw_id = disposition.draw_id
        AND assignment.unit_code = disposition.unit_code
    JOIN form_cell ON form_cell.id = assignment.cell_id
    WHERE disposition.draw_id IN ({_LOCKED_DRAWS})
    """  # noqa: S608  constants only
)
_DROP_LOCKED = sa.text(f"DELETE FROM disposition WHERE draw_id IN ({_LOCKED_DRAWS})")  # noqa: S608


def downgrade() -> None:
    """Drop the counts; persons taken out of reports and of the audit trail do not come back."""
    with op.batch_alter_table("assignment") as batch:
        batch.drop_column("after_answers")
    op.drop_index(op.f("ix_counted_report_draw_id"), "counted_report")
    op.drop_table("counted_report")
