"""Witnessed draws with their parties, draws that were given up, contacts that were deleted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("sample_draw", schema=None) as batch_op:
        batch_op.add_column(sa.Column("abandoned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("abandon_reason", sa.String(length=300), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("is_witnessed", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(sa.Column("public_number", JSON_VALUE, nullable=True))
        batch_op.add_column(sa.Column("public_value", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("announcement", JSON_VALUE, nullable=True))
        batch_op.add_column(
            sa.Column("forgot_undrawn_at", sa.DateTime(timezone=True), nullable=True)
        )
    with op.batch_alter_table("sample_draw", schema=None) as batch_op:
        batch_op.alter_column("abandon_reason", server_default=None)
        batch_op.alter_column("is_witnessed", server_default=None)
        batch_op.create_check_constraint(
            op.f("ck_sample_draw_not_drawn_and_abandoned"),
            "drawn_at IS NULL OR abandoned_at IS NULL",
        )
    op.create_table(
        "sample_party",
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("part", sa.String(length=200), nullable=True),
        sa.Column("nonce", sa.String(length=200), nullable=True),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(part IS NULL) = (nonce IS NULL) AND (part IS NULL) = (revealed_at IS NULL)",
            name=op.f("ck_sample_party_revealed_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["draw_id"],
            ["sample_draw.id"],
            name=op.f("fk_sample_party_draw_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_sample_party_account_id")
        ),
        sa.PrimaryKeyConstraint("draw_id", "account_id", name=op.f("pk_sample_party")),
        sa.UniqueConstraint("draw_id", "party", name=op.f("uq_sample_party_draw_id_party")),
        sa.UniqueConstraint("draw_id", "sha256", name=op.f("uq_sample_party_draw_id_sha256")),
    )


def downgrade() -> None:
    op.drop_table("sample_party")
    with op.batch_alter_table("sample_draw", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_sample_draw_not_drawn_and_abandoned"), type_="check")
    with op.batch_alter_table("sample_draw", schema=None) as batch_op:
        for name in (
            "forgot_undrawn_at",
            "announcement",
            "public_value",
            "public_number",
            "is_witnessed",
            "abandon_reason",
            "abandoned_at",
        ):
            batch_op.drop_column(name)
