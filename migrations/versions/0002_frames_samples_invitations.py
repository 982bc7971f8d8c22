"""Frames with the vault of contacts, draws, form cells and invitations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "frame",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pop_size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("version > 0", name=op.f("ck_frame_version_positive")),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_frame_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frame")),
        sa.UniqueConstraint("survey_id", "version", name=op.f("uq_frame_survey_id_version")),
    )
    op.create_table(
        "frame_row",
        sa.Column("frame_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=60), nullable=False),
        sa.Column("person_code", sa.String(length=60), nullable=False),
        sa.Column("stratum", sa.String(length=200), nullable=False),
        sa.Column("group_code", sa.String(length=60), nullable=False),
        sa.Column("attributes", JSON_VALUE, nullable=False),
        sa.ForeignKeyConstraint(
            ["frame_id"], ["frame.id"], name=op.f("fk_frame_row_frame_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("frame_id", "unit_code", name=op.f("pk_frame_row")),
    )
    with op.batch_alter_table("frame_row", schema=None) as batch_op:
        batch_op.create_index("ix_frame_row_stratum", ["frame_id", "stratum"], unique=False)
    op.create_table(
        "contact",
        sa.Column("frame_id", sa.Integer(), nullable=False),
        sa.Column("person_code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("office", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["frame_id"], ["frame.id"], name=op.f("fk_contact_frame_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("frame_id", "person_code", name=op.f("pk_contact")),
    )
    op.create_table(
        "sample_draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("frame_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=200), nullable=False),
        sa.Column("frame_sha256", sa.String(length=64), nullable=False),
        sa.Column("plan_sha256", sa.String(length=64), nullable=False),
        sa.Column("plan", JSON_VALUE, nullable=False),
        sa.Column("recheck_secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("recheck_secret", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_by", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("protocol", JSON_VALUE, nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(drawn_at IS NULL) = (protocol IS NULL)",
            name=op.f("ck_sample_draw_drawn_has_protocol"),
        ),
        sa.ForeignKeyConstraint(
            ["announced_by"], ["account.id"], name=op.f("fk_sample_draw_announced_by")
        ),
        sa.ForeignKeyConstraint(["frame_id"], ["frame.id"], name=op.f("fk_sample_draw_frame_id")),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_sample_draw_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_draw")),
    )
    with op.batch_alter_table("sample_draw", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sample_draw_survey_id"), ["survey_id"], unique=False)
    op.create_table(
        "sample_unit",
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=60), nullable=False),
        sa.Column("stratum", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("inclusion_probability", sa.Double(), nullable=False),
        sa.Column("design_weight", sa.Double(), nullable=True),
        sa.CheckConstraint("role IN ('main', 'reserve')", name=op.f("ck_sample_unit_known_role")),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["sample_draw.id"], name=op.f("fk_sample_unit_draw_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draw_id", "unit_code", name=op.f("pk_sample_unit")),
    )
    with op.batch_alter_table("sample_unit", schema=None) as batch_op:
        batch_op.create_index("ix_sample_unit_stratum", ["draw_id", "stratum"], unique=False)
    op.create_table(
        "recheck_unit",
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=60), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draw_id", "unit_code"],
            ["sample_unit.draw_id", "sample_unit.unit_code"],
            name=op.f("fk_recheck_unit_draw_id_unit_code"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("draw_id", "unit_code", name=op.f("pk_recheck_unit")),
    )
    op.create_table(
        "form_cell",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=260), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(length=200), nullable=False),
        sa.Column("agencies", JSON_VALUE, nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["survey_group.id"],
            name=op.f("fk_form_cell_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_form_cell_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_cell")),
        sa.UniqueConstraint("survey_id", "code", name=op.f("uq_form_cell_survey_id_code")),
    )
    op.create_table(
        "assignment",
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=60), nullable=False),
        sa.Column("cell_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cell_id"], ["form_cell.id"], name=op.f("fk_assignment_cell_id")),
        sa.ForeignKeyConstraint(
            ["draw_id", "unit_code"],
            ["sample_unit.draw_id", "sample_unit.unit_code"],
            name=op.f("fk_assignment_draw_id_unit_code"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("draw_id", "unit_code", name=op.f("pk_assignment")),
    )
    op.create_table(
        "invitation",
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("cell_id", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("is_spent", sa.Boolean(), nullable=False),
        sa.Column("is_revoked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["form_cell.id"], name=op.f("fk_invitation_cell_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_invitation_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_sha256", name=op.f("pk_invitation")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index("ix_invitation_cell", ["cell_id", "is_spent"], unique=False)
        batch_op.create_index(batch_op.f("ix_invitation_survey_id"), ["survey_id"], unique=False)
    op.create_table(
        "recheck_link",
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=60), nullable=False),
        sa.Column("answer_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["code_sha256"],
            ["invitation.code_sha256"],
            name=op.f("fk_recheck_link_code_sha256"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["sample_draw.id"], name=op.f("fk_recheck_link_draw_id")
        ),
        sa.PrimaryKeyConstraint("code_sha256", name=op.f("pk_recheck_link")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("recheck_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recheck_link_answer_id"), ["answer_id"], unique=False)


def downgrade() -> None:
    op.drop_table("recheck_link")
    op.drop_table("invitation")
    op.drop_table("assignment")
    op.drop_table("form_cell")
    op.drop_table("recheck_unit")
    op.drop_table("sample_unit")
    op.drop_table("sample_draw")
    op.drop_table("contact")
    op.drop_table("frame_row")
    op.drop_table("frame")
