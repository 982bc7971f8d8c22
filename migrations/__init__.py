"""Changes of the schema: Alembic scripts, numbered and named."""
