"""What all tables share: constraint names, column types, and a privacy class for every column."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, MetaData, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

#: Privacy classes, put on every column as `info=`. A test refuses a column without one.
PUBLIC = {"privacy": "public"}  # may be published as it is
OFFICIAL = {"privacy": "official"}  # for the officials of the survey
PSEUDONYM = {"privacy": "pseudonym"}  # stands for a person; never beside an answer
IDENTITY = {"privacy": "identity"}  # a name or a contact; only in the vault and in accounts
ANSWER = {"privacy": "answer"}  # what somebody answered, or what is kept beside it
SECRET = {"privacy": "secret"}  # hashes of codes, sealed values, keys


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, stored in UTC on both engines (SQLite forgets time zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's signature
        """Refuse a naive instant: nobody could tell which time zone it means."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's signature
        """Read as UTC."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


JsonValue = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Base of all tables; the naming convention gives models and migrations the same names."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy's class attribute
        datetime: UtcDateTime,
        dict[str, Any]: JsonValue,
        list[str]: JsonValue,
    }
