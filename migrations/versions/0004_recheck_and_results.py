"""Re-check interviews, pairs for the agreement, runs and figures of others."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "recheck_interview",
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("answers", JSON_VALUE, nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done', 'refused', 'absent', 'not_interviewed')",
            name=op.f("ck_recheck_interview_known_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recheck_interview_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["code_sha256"],
            ["recheck_link.code_sha256"],
            name=op.f("fk_recheck_interview_code_sha256"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_sha256", name=op.f("pk_recheck_interview")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recheck_pair",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("group_code", sa.String(length=60), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("first", sa.String(length=60), nullable=False),
        sa.Column("second", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_recheck_pair_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recheck_pair")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("recheck_pair", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recheck_pair_survey_id"), ["survey_id"], unique=False)
    op.create_table(
        "recheck_count",
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("group_code", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["survey_id"],
            ["survey.id"],
            name=op.f("fk_recheck_count_survey_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("survey_id", "group_code", "kind", name=op.f("pk_recheck_count")),
    )
    op.create_table(
        "result_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_version", sa.String(length=40), nullable=False),
        sa.Column("answers_sha256", sa.String(length=64), nullable=False),
        sa.Column("content", JSON_VALUE, nullable=False),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_result_run_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result_run")),
    )
    with op.batch_alter_table("result_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_result_run_survey_id"), ["survey_id"], unique=False)
    op.create_table(
        "published_figure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("publisher", sa.String(length=120), nullable=False),
        sa.Column("population", sa.String(length=200), nullable=False),
        sa.Column("method_version", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("source_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('value', 'rank', 'target', 'target_rank')",
            name=op.f("ck_published_figure_known_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_figure")),
        sa.UniqueConstraint(
            "publisher", "population", "method_version", "year", "code", "kind", name="uq_figure"
        ),
    )


def downgrade() -> None:
    op.drop_table("published_figure")
    op.drop_table("result_run")
    op.drop_table("recheck_count")
    op.drop_table("recheck_pair")
    op.drop_table("recheck_interview")
