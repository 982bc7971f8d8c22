"""A form that a rule points at gets a state and a reason; it is never deleted or changed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "form_review",
        sa.Column("response_id", sa.String(length=32), nullable=False),
        sa.Column("rules", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "state IN ('kept', 'left_out')", name=op.f("ck_form_review_known_state")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["response.id"],
            name=op.f("fk_form_review_response_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("response_id", name=op.f("pk_form_review")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("form_review")
