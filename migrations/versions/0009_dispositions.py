"""Who will not answer and who takes the place; how many may rate each agency."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "eligible_count",
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(length=200), nullable=False),
        sa.Column("agency_code", sa.String(length=60), nullable=False),
        sa.Column("eligible", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draw_id"],
            ["sample_draw.id"],
            name=op.f("fk_eligible_count_draw_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "draw_id", "stratum", "agency_code", name=op.f("pk_eligible_count")
        ),
    )
    op.create_table(
        "disposition",
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("released_unit", sa.String(length=60), nullable=True),
        sa.CheckConstraint(
            "reason IN ('refused', 'not_reached', 'died', 'unable', 'no_address', 'left')",
            name=op.f("ck_disposition_known_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["draw_id", "unit_code"],
            ["sample_unit.draw_id", "sample_unit.unit_code"],
            name=op.f("fk_disposition_draw_id_unit_code"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("draw_id", "unit_code", name=op.f("pk_disposition")),
        sa.UniqueConstraint(
            "draw_id", "released_unit", name=op.f("uq_disposition_draw_id_released_unit")
        ),
    )


def downgrade() -> None:
    op.drop_table("disposition")
    op.drop_table("eligible_count")
