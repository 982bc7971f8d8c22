"""A survey may follow another one, whose seed stays sealed until both are closed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("survey") as batch:
        batch.add_column(sa.Column("follows_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("wave_keep", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("seed_opened_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_unique_constraint(op.f("uq_survey_follows_id"), ["follows_id"])
        batch.create_foreign_key(op.f("fk_survey_follows_id"), "survey", ["follows_id"], ["id"])
        batch.create_check_constraint(
            op.f("ck_survey_wave_whole"), "(follows_id IS NULL) = (wave_keep IS NULL)"
        )
    with op.batch_alter_table("sample_draw") as batch:
        batch.add_column(sa.Column("seed_sha256", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("sealed_seed", sa.String(length=64), nullable=True))
        batch.create_check_constraint(
            op.f("ck_sample_draw_sealed_whole"),
            "(seed_sha256 IS NULL) = (sealed_seed IS NULL)",
        )


def downgrade() -> None:
    """Drop the waves; a sealed seed goes with them, so its draws cannot be recomputed after."""
    with op.batch_alter_table("sample_draw") as batch:
        batch.drop_constraint(op.f("ck_sample_draw_sealed_whole"), type_="check")
        batch.drop_column("sealed_seed")
        batch.drop_column("seed_sha256")
    with op.batch_alter_table("survey") as batch:
        batch.drop_constraint(op.f("ck_survey_wave_whole"), type_="check")
        batch.drop_constraint(op.f("fk_survey_follows_id"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_survey_follows_id"), type_="unique")
        batch.drop_column("seed_opened_at")
        batch.drop_column("wave_keep")
        batch.drop_column("follows_id")
