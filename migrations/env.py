"""Run migrations on the connection that `surveyapp.db` lends, or on the settings' database."""

from alembic import context
from sqlalchemy import Connection

from surveyapp import config as settings
from surveyapp.db import Database
from surveyapp.models import Base


def run(connection: Connection) -> None:
    """Run the scripts; batch mode on SQLite, whose ALTER TABLE cannot do most things."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        user_module_prefix="surveyapp.models.base.",
    )
    with context.begin_transaction():
        context.run_migrations()


lent: Connection | None = context.config.attributes.get("connection")
if lent is not None:
    run(lent)
else:
    with Database(settings.load().database_url) as database, database.engine.connect() as own:
        run(own)
