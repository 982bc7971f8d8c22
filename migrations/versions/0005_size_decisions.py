"""Decided sample sizes, adopted before a draw is announced."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "size_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("frame_id", sa.Integer(), nullable=False),
        sa.Column("content", JSON_VALUE, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["survey_id"],
            ["survey.id"],
            name=op.f("fk_size_decision_survey_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["frame_id"], ["frame.id"], name=op.f("fk_size_decision_frame_id")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["account.id"], name=op.f("fk_size_decision_decided_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_size_decision")),
    )
    with op.batch_alter_table("size_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_size_decision_survey_id"), ["survey_id"], unique=False)


def downgrade() -> None:
    op.drop_table("size_decision")
