"""The database: engines that are durable before they answer, and the schema's version."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from surveyapp.errors import AppError
from surveyapp.writers import Turn, busy

MIGRATIONS = Path(__file__).parents[1] / "migrations"
WRITING = "BEGIN IMMEDIATE"
#: Kept open by each process: more than a worker has threads, as opening one costs five statements
#: on SQLite and a process on PostgreSQL. A page that keeps a draft needs a second one. PostgreSQL
#: gives no worker more: it has 100 connections in all, unless it is told otherwise.
CONNECTIONS = 20
#: dialect -> its INSERT; both engines write ON CONFLICT in the same way.
INSERT: Final[Mapping[str, Callable[..., Any]]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


class Database:
    """A writing and a reading engine on one URL.

    SQLite allows one writer: a writing session takes the lock when it begins (BEGIN IMMEDIATE), as
    a deferred transaction that reads and then writes fails at once in spite of busy_timeout. The
    writers queue in `surveyapp.writers`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url, WRITING) if self.is_sqlite else _postgres(url)
        self.read_engine = _sqlite_engine(url, "BEGIN") if self.is_sqlite else self.engine

    def session(self) -> Session:
        """Open a session that may write; the caller commits once, at the end."""
        return Session(self.engine, expire_on_commit=False)

    def read_session(self) -> Session:
        """Open a session for reading only."""
        return Session(self.read_engine, expire_on_commit=False)

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self.read_engine.dispose()

    def __enter__(self) -> "Database":
        """Use as a context: the connections are closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.dispose()


def _postgres(url: str) -> Engine:
    return create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC"},
    )


def _sqlite_engine(url: str, begin: str) -> Engine:
    engine = create_engine(url, pool_size=CONNECTIONS)
    path = make_url(url).database
    if begin == WRITING and path and path != ":memory:":
        _take_turns(engine, Path(path))  # listeners are called in their order: before BEGIN

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA busy_timeout=20000")
        # an answer touches some fifteen pages, many of them again and again: 16 MB, copied together
        connection.execute("PRAGMA wal_autocheckpoint=4000")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if begin == WRITING:
            try:
                connection.exec_driver_sql(begin)
            except OperationalError as error:
                if "locked" not in str(error.orig):
                    raise
                raise busy() from error  # held by a program that does not know the queue
        else:  # takes no lock, so it cannot fail: the driver's own word is enough
            raw: Any = connection.connection.driver_connection
            raw.execute(begin)

    return engine


def _take_turns(engine: Engine, path: Path) -> None:
    """Let the engine's connections queue before each transaction."""

    @event.listens_for(engine, "connect")
    def join_queue(_connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info["turn"] = Turn(path)

    @event.listens_for(engine, "begin")
    def take_turn(connection: Connection) -> None:
        connection.info["turn"].take()

    @event.listens_for(engine, "checkin")  # after commit, rollback or an error
    def give_turn_back(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["turn"].give_back()


def upgrade(url: str) -> None:
    """Create the tables, or bring them to this program's schema."""
    _make_private(url)
    with Database(url) as database:
        check_not_newer(database)
        with _migrating(database) as config:
            command.upgrade(config, "head")


def _make_private(url: str) -> None:
    """Give a SQLite file, which holds names, to its owner alone before anything is in it."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        return
    path = Path(parts.database)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.chmod(0o600)


@contextmanager
def _migrating(database: Database) -> Iterator[Config]:
    """Lend one connection to Alembic, with SQLite's foreign keys off and checked at the end.

    Batch mode rebuilds tables; with foreign keys on, ON DELETE CASCADE would empty their children.
    """
    with database.engine.connect() as connection:
        if database.is_sqlite:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            yield alembic_config(connection)
            if database.is_sqlite:
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"migration leaves {len(broken)} rows without their parent")
        if database.is_sqlite:
            raw.execute("PRAGMA foreign_keys=ON")


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration without any file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def current_revision(database: Database) -> str | None:
    """Return the schema's revision; None for an empty database, or a SQLite file not made yet."""
    path = make_url(database.url).database
    if database.is_sqlite and path and not Path(path).exists():
        return None
    with database.read_engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check_not_newer(database: Database) -> None:
    """Refuse a schema that this program does not know: an older program would damage it."""
    revision = current_revision(database)
    if revision is not None and revision not in _revisions():
        raise AppError(
            "APP-003",
            f"Cơ sở dữ liệu có cấu trúc {revision}, mới hơn chương trình này.",
            "Dùng bản chương trình mới hơn, hoặc khôi phục bản sao lưu cũ bằng sipas restore.",
            status=503,
        )


def is_current(database: Database) -> bool:
    """Whether the schema is exactly this program's."""
    return current_revision(database) == _revisions()[0]


@cache
def _revisions() -> tuple[str, ...]:
    """Return the revisions of this program, the newest first; a process reads the scripts once."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return tuple(script.revision for script in scripts.walk_revisions())


def check_current(database: Database) -> None:
    """Refuse to work unless the schema is exactly this program's."""
    check_not_newer(database)
    if not is_current(database):
        raise AppError(
            "APP-004",
            "Chưa có cơ sở dữ liệu với cấu trúc của bản chương trình này ở "
            f"{make_url(database.url).render_as_string()}.",
            "Nếu dữ liệu nằm chỗ khác, đặt SURVEY_HOME (make run dùng thư mục var); nếu chưa có, "
            "chạy: sipas upgrade",
            status=503,
        )
