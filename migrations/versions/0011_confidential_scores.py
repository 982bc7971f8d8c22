"""Scores that a run does not publish lie apart, for the Appraisal Council only."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "confidential_score",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("group_code", sa.String(length=60), nullable=False),
        sa.Column("agency_code", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["result_run.id"],
            name=op.f("fk_confidential_score_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "group_code", "agency_code", name=op.f("pk_confidential_score")
        ),
    )


def downgrade() -> None:
    op.drop_table("confidential_score")
