"""Keep the database: upgrade with a backup first, backup, restore."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from sqlalchemy.engine import make_url

from surveyapp import clock, config, db, key_files, running
from surveyapp.config import Settings
from surveyapp.errors import AppError


def upgrade(settings: Settings) -> Path | None:
    """Create the database or bring it to this program's schema; return the backup made first."""
    settings.home.mkdir(parents=True, exist_ok=True)
    made = None
    with db.Database(settings.database_url) as database:
        db.check_not_newer(database)
        revision = db.current_revision(database)
        if revision is not None and not db.is_current(database):
            made = backup(settings, _fresh(settings, f"-{revision}"))
    db.upgrade(settings.database_url)
    return made


def backup(settings: Settings, target: Path) -> Path:
    """Write a consistent copy of the database while it is in use; keys are never part of it."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    path = sqlite_path(settings)
    if path is None:
        _postgres_tool(settings, "pg_dump", "--format=custom", f"--file={draft}")
    else:
        with closing(_open_sqlite(path)) as source, closing(sqlite3.connect(draft)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    with draft.open("rb") as file:
        os.fsync(file.fileno())  # before the name says that a backup is there
    draft.replace(target)
    key_files.sync_folder(target.parent)
    return target


def restore(settings: Settings, source: Path) -> Path | None:
    """Replace the database by a backup; the present one is backed up first, if there is one.

    A backup of a newer program is refused before anything is touched, and so is a database that
    a server of this installation uses: its answers of this minute would be lost.
    """
    _check_backup(_revision_in(source, is_sqlite=sqlite_path(settings) is not None))
    with running.nobody(settings.home):
        return _replace(settings, source)


def _replace(settings: Settings, source: Path) -> Path | None:
    """Put the backup in the place of the database; return where that is kept."""
    path = sqlite_path(settings)
    kept = None
    if path is None or path.exists():
        kept = backup(settings, _fresh(settings, "-before-restore"))
    if path is None:
        _postgres_tool(
            settings,
            "pg_restore",
            "--clean",
            "--if-exists",
            "--single-transaction",
            "--no-owner",
            str(source),
        )
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_open_sqlite(source)) as copy, closing(sqlite3.connect(path)) as target:
            copy.backup(target)
    return kept


def _revision_in(source: Path, *, is_sqlite: bool) -> str:
    """Return the schema's revision in a backup; "" where it holds none."""
    if is_sqlite:
        with closing(_open_sqlite(source)) as copy:
            row = copy.execute("SELECT version_num FROM alembic_version").fetchone()
        return row[0] if row else ""
    table = ("--data-only", "--table=alembic_version", "--file=-")
    script = _run("pg_restore", (*table, str(source)))
    _, _, rows = script.partition("COPY public.alembic_version (version_num) FROM stdin;\n")
    revision = rows.partition("\n")[0]
    return "" if revision == "\\." else revision


def _check_backup(revision: str) -> None:
    """Hold the revision of a backup against this program as that of a database."""
    if not revision:
        return
    with TemporaryDirectory() as folder, db.Database(f"sqlite:///{folder}/schema") as schema:
        with schema.engine.begin() as link:
            link.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY)")
            link.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))
        db.check_not_newer(schema)


def sqlite_path(settings: Settings) -> Path | None:
    """Return the file of a SQLite database; None on PostgreSQL."""
    url = make_url(settings.database_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _open_sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        sound = connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError:
        sound, tables = False, set()
    if not sound or "alembic_version" not in tables:
        connection.close()
        raise AppError(
            "APP-005",
            f"Tệp {path} không phải bản sao lưu nguyên vẹn của chương trình này.",
            "Chọn một tệp khác trong thư mục backups.",
        )
    return connection


def _postgres_tool(settings: Settings, tool: str, *arguments: str) -> None:
    url = make_url(settings.database_url).set(drivername="postgresql")
    bare = url.set(password=None).render_as_string(hide_password=False)
    _run(tool, (f"--dbname={bare}", *arguments), url.password or "")


def _run(tool: str, arguments: Sequence[str], password: str = "") -> str:
    """Run a tool of PostgreSQL and return what it prints."""
    found = shutil.which(tool)
    if found is None:
        raise AppError(
            "APP-006",
            f"Máy này chưa có lệnh {tool} của PostgreSQL.",
            "Cài gói postgresql-client (apt-get install postgresql-client).",
        )
    done = subprocess.run(  # noqa: S603  a fixed tool; the arguments are ours
        [found, *arguments],
        env={**os.environ, "PGPASSWORD": password or os.environ.get("PGPASSWORD", "")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["?"]
        raise AppError(
            "APP-007", f"{tool} không chạy xong: {reason[0]}", "Kiểm tra kết nối và phiên bản."
        )
    return done.stdout


def _fresh(settings: Settings, label: str = "") -> Path:
    """Name a backup that does not exist yet: two in one second must not overwrite each other."""
    stamp = f"{clock.now().astimezone(clock.VIETNAM):%Y%m%d-%H%M%S}{label}"
    names = (f"{stamp}{suffix}" for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(path for name in names if not (path := settings.backups / name).exists())


@click.command("upgrade")
def upgrade_command() -> None:
    """Tạo hoặc nâng cấp cơ sở dữ liệu (sao lưu trước)."""
    settings = config.load()
    made = upgrade(settings)
    if made:
        click.echo(f"Đã sao lưu vào {made}")
    click.echo(f"Cơ sở dữ liệu đã sẵn sàng ({settings.home}).")


@click.command("backup")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Tệp sao lưu.")
def backup_command(out: Path | None) -> None:
    """Sao lưu cơ sở dữ liệu khi đang chạy."""
    settings = config.load()
    with db.Database(settings.database_url) as database:
        db.check_current(database)
    click.echo(f"Đã sao lưu vào {backup(settings, out or _fresh(settings))}")


@click.command("restore")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.confirmation_option("--yes", prompt="Thay toàn bộ dữ liệu hiện có bằng bản sao lưu này?")
def restore_command(source: Path) -> None:
    """Khôi phục từ tệp SOURCE; dữ liệu hiện có được sao lưu trước. Dừng máy chủ trước khi chạy."""
    kept = restore(config.load(), source)
    if kept:
        click.echo(f"Dữ liệu trước khi khôi phục nằm ở {kept}")
    click.echo("Đã khôi phục. Nếu bản sao lưu cũ hơn chương trình, chạy tiếp: sipas upgrade")
