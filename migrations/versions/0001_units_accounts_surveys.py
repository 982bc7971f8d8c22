"""Units, accounts, published definitions, surveys with their groups and agencies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sort_key", sa.String(length=400), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_unit_valid_period")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_parent_id"), ["parent_id"], unique=False)
    op.create_table(
        "unit_succession",
        sa.Column("predecessor_id", sa.Integer(), nullable=False),
        sa.Column("successor_id", sa.Integer(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "predecessor_id <> successor_id", name=op.f("ck_unit_succession_two_units")
        ),
        sa.ForeignKeyConstraint(
            ["predecessor_id"], ["unit.id"], name=op.f("fk_unit_succession_predecessor_id")
        ),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["unit.id"], name=op.f("fk_unit_succession_successor_id")
        ),
        sa.PrimaryKeyConstraint("predecessor_id", "successor_id", name=op.f("pk_unit_succession")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("display_name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("failed_logins >= 0", name=op.f("ck_account_failed_logins_counted")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_account_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_table(
        "account_role",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "role IN ('admin', 'manager', 'approver', 'focal', 'interviewer', 'entry', 'recheck', 'analyst', 'council', 'agency', 'auditor')",
            name=op.f("ck_account_role_known_role"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_account_role_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "role", name=op.f("pk_account_role")),
    )
    op.create_table(
        "account_session",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_account_session_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_account_session")),
    )
    with op.batch_alter_table("account_session", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_account_session_account_id"), ["account_id"], unique=False
        )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", JSON_VALUE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_action"), ["action"], unique=False)
    op.create_table(
        "questionnaire",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_questionnaire_version_positive")),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_questionnaire")),
    )
    op.create_table(
        "method",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_method")),
    )
    op.create_table(
        "survey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("is_practice", sa.Boolean(), nullable=False),
        sa.Column("plan", JSON_VALUE, nullable=False),
        sa.Column("plan_sha256", sa.String(length=64), nullable=False),
        sa.Column("recheck_max_share", sa.Double(), nullable=False),
        sa.Column("lead_unit_id", sa.Integer(), nullable=True),
        sa.Column("deadline_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_number", sa.String(length=60), nullable=True),
        sa.Column("decision_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('sociological', 'service', 'counter')", name=op.f("ck_survey_known_kind")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'sampled', 'collecting', 'locked', 'analysed', 'appraised', 'approved', 'published')",
            name=op.f("ck_survey_known_state"),
        ),
        sa.CheckConstraint(
            "recheck_max_share >= 0 AND recheck_max_share <= 0.1",
            name=op.f("ck_survey_recheck_a_tenth"),
        ),
        sa.ForeignKeyConstraint(["lead_unit_id"], ["unit.id"], name=op.f("fk_survey_lead_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
        sa.UniqueConstraint("code", name=op.f("uq_survey_code")),
    )
    op.create_table(
        "survey_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("questionnaire_code", sa.String(length=60), nullable=False),
        sa.Column("questionnaire_version", sa.Integer(), nullable=False),
        sa.Column("method_code", sa.String(length=60), nullable=False),
        sa.Column("method_version", sa.String(length=40), nullable=False),
        sa.CheckConstraint("quota >= 0", name=op.f("ck_survey_group_quota_counted")),
        sa.ForeignKeyConstraint(
            ["method_code", "method_version"],
            ["method.code", "method.version"],
            name=op.f("fk_survey_group_method_code_method_version"),
        ),
        sa.ForeignKeyConstraint(
            ["questionnaire_code", "questionnaire_version"],
            ["questionnaire.code", "questionnaire.version"],
            name=op.f("fk_survey_group_questionnaire_code_questionnaire_version"),
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_survey_group_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_group")),
        sa.UniqueConstraint("survey_id", "code", name=op.f("uq_survey_group_survey_id_code")),
    )
    op.create_table(
        "rater_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("rates", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "rates IN ('all', 'own_unit', 'own_line', 'list')",
            name=op.f("ck_rater_group_known_rule"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["survey_group.id"],
            name=op.f("fk_rater_group_group_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rater_group")),
        sa.UniqueConstraint("group_id", "code", name=op.f("uq_rater_group_group_id_code")),
    )
    op.create_table(
        "rated_agency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("is_conductor", sa.Boolean(), nullable=False),
        sa.Column("exclusion", sa.String(length=30), nullable=True),
        sa.Column("exclusion_count", sa.Integer(), nullable=True),
        sa.Column("exclusion_threshold", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "exclusion IS NULL OR exclusion IN ('no_procedures', 'secret_procedures', 'no_transactions', 'too_few_transactions')",
            name=op.f("ck_rated_agency_known_exclusion"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["survey_group.id"],
            name=op.f("fk_rated_agency_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_rated_agency_survey_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_rated_agency_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rated_agency")),
        sa.UniqueConstraint("survey_id", "code", name=op.f("uq_rated_agency_survey_id_code")),
    )


def downgrade() -> None:
    op.drop_table("rated_agency")
    op.drop_table("rater_group")
    op.drop_table("survey_group")
    op.drop_table("survey")
    op.drop_table("method")
    op.drop_table("questionnaire")
    op.drop_table("audit_entry")
    op.drop_table("account_session")
    op.drop_table("account_role")
    op.drop_table("account")
    op.drop_table("unit_succession")
    op.drop_table("unit")
