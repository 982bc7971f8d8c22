"""Cases of the re-check have addresses of their own; counts by re-checker at the lock."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

#: Tables made anew keep no order of arrival.
NO_ROWID = {"sqlite_with_rowid": False}
LINK = sa.table("recheck_link", sa.column("code_sha256"), sa.column("case_id"))


def upgrade() -> None:
    with op.batch_alter_table("recheck_link", table_kwargs=NO_ROWID) as batch:
        batch.add_column(sa.Column("case_id", sa.String(length=32), nullable=True))
    db = op.get_bind()
    for code in db.scalars(sa.select(LINK.c.code_sha256)).all():
        own = LINK.c.code_sha256 == code
        db.execute(sa.update(LINK).where(own).values(case_id=secrets.token_hex(16)))
    with op.batch_alter_table("recheck_link", table_kwargs=NO_ROWID) as batch:
        batch.alter_column("case_id", existing_type=sa.String(length=32), nullable=False)
        batch.create_unique_constraint(op.f("uq_recheck_link_case_id"), ["case_id"])
    op.create_table(
        "rechecker_count",
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("interviews", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.Column("not_interviewed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["survey_id"],
            ["survey.id"],
            name=op.f("fk_rechecker_count_survey_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("survey_id", "number", name=op.f("pk_rechecker_count")),
    )


def downgrade() -> None:
    op.drop_table("rechecker_count")
    with op.batch_alter_table("recheck_link", table_kwargs=NO_ROWID) as batch:
        batch.drop_constraint(op.f("uq_recheck_link_case_id"), type_="unique")
        batch.drop_column("case_id")
