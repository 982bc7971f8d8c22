"""Lists that units send, drafts of imports, presets of columns, decisions and notes on lists."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "column_preset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("mapping", JSON_VALUE, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('raters', 'files')", name=op.f("ck_column_preset_known_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_preset")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_column_preset_kind_name")),
    )
    op.create_table(
        "post_decision",
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("pair", sa.String(length=20), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('same', 'different')", name=op.f("ck_post_decision_known_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"],
            ["survey.id"],
            name=op.f("fk_post_decision_survey_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("survey_id", "pair", name=op.f("pk_post_decision")),
    )
    op.create_table(
        "unit_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("expected", JSON_VALUE, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("counts", JSON_VALUE, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'sent', 'returned', 'accepted')",
            name=op.f("ck_unit_list_known_state"),
        ),
        sa.CheckConstraint("rows >= 0 AND reminders >= 0", name=op.f("ck_unit_list_counted")),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_unit_list_survey_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_list_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_list")),
        sa.UniqueConstraint("survey_id", "unit_id", name=op.f("uq_unit_list_survey_id_unit_id")),
    )
    with op.batch_alter_table("unit_list", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_list_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "frame_note",
        sa.Column("frame_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Double(), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("confirmed_by", sa.String(length=60), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["frame_id"], ["frame.id"], name=op.f("fk_frame_note_frame_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("frame_id", "rule", name=op.f("pk_frame_note")),
    )
    op.create_table(
        "list_draft",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("unit_list_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("mapping", JSON_VALUE, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_list_draft_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_list_draft_survey_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_list_id"],
            ["unit_list.id"],
            name=op.f("fk_list_draft_unit_list_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_draft")),
    )
    with op.batch_alter_table("list_draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_list_draft_survey_id"), ["survey_id"], unique=False)


def downgrade() -> None:
    op.drop_table("list_draft")
    op.drop_table("frame_note")
    op.drop_table("unit_list")
    op.drop_table("post_decision")
    op.drop_table("column_preset")
