"""Unfinished forms of raters are kept, sealed; codes for answering later are counted by tablet."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "form_draft",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_form_draft_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_draft")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_form_draft_survey_id"), "form_draft", ["survey_id"])
    with op.batch_alter_table("device_day") as batch:
        batch.add_column(sa.Column("later", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the unfinished forms; their people begin again."""
    with op.batch_alter_table("device_day") as batch:
        batch.drop_column("later")
    op.drop_index(op.f("ix_form_draft_survey_id"), "form_draft")
    op.drop_table("form_draft")
