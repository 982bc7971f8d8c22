"""The database over the years: upgrade, backup, restore, and what must never happen to the rows."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations

from surveyapp import clock, db, maintenance, running
from surveyapp.config import Settings
from surveyapp.errors import AppError
from surveyapp.models import Base
from surveyapp.serving import THREADS
from tests.app import sample_factory as make
from tests.postgres_server import PostgresServer

ACCOUNT = sa.text(
    "INSERT INTO account (login, display_name, password_hash, must_change_password,"
    " failed_logins, is_active, created_at) VALUES ('lan', 'Lan', 'x', true, 0, true, '2024-10-01 00:00:00')"
)
#: A process of the server, as gunicorn makes it.
WORKER = """
import sys
from surveyapp.serving import application
application()
print("serving", flush=True)
sys.stdin.read()
"""
ROLE = sa.text("INSERT INTO account_role SELECT id, 'manager' FROM account")


@pytest.fixture
def settings(empty_database_url: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=empty_database_url)


def rows(settings: Settings, table: str) -> int:
    with db.Database(settings.database_url) as database, database.read_engine.connect() as link:
        return link.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608  a fixed name


def fill(settings: Settings) -> None:
    with db.Database(settings.database_url) as database, database.engine.begin() as link:
        link.execute(ACCOUNT)
        link.execute(ROLE)


def test_a_filled_database_keeps_its_rows_through_every_migration(settings: Settings) -> None:
    with (
        db.Database(settings.database_url) as database,
        db._migrating(database) as config,
    ):
        command.upgrade(config, "0001")
    fill(settings)

    made = maintenance.upgrade(settings)

    assert made is not None
    assert made.stat().st_mode & 0o777 == 0o600
    assert (rows(settings, "account"), rows(settings, "account_role")) == (1, 1)
    with db.Database(settings.database_url) as database:
        db.check_current(database)


def test_rebuilding_a_parent_table_does_not_empty_its_children(settings: Settings) -> None:
    maintenance.upgrade(settings)
    fill(settings)

    with (
        db.Database(settings.database_url) as database,
        db._migrating(database) as config,
    ):
        context = MigrationContext.configure(config.attributes["connection"])
        with Operations(context).batch_alter_table("account", recreate="auto") as table:
            table.alter_column("display_name", type_=sa.String(300))

    assert (rows(settings, "account"), rows(settings, "account_role")) == (1, 1)


def test_lists_frozen_before_the_upgrade_get_the_digest_of_their_rows(settings: Settings) -> None:
    maintenance.upgrade(settings)
    with db.Database(settings.database_url) as database:
        with database.session() as link:
            make.survey_with(link, make.official(link), make.RATERS_PLAN, make.raters())
            link.commit()
        digest = sa.text("SELECT rows_sha256 FROM frame")
        with database.read_engine.connect() as link:
            before = link.execute(digest).scalar_one()
        with db._migrating(database) as config:
            command.downgrade(config, "0015")

    maintenance.upgrade(settings)

    with db.Database(settings.database_url) as database, database.read_engine.connect() as link:
        assert link.execute(digest).scalar_one() == before
        assert len(before) == 64


def test_a_second_upgrade_changes_nothing_and_makes_no_backup(settings: Settings) -> None:
    assert maintenance.upgrade(settings) is None
    fill(settings)
    assert maintenance.upgrade(settings) is None
    assert rows(settings, "account") == 1


def test_the_migrations_can_be_undone_to_nothing(settings: Settings) -> None:
    maintenance.upgrade(settings)
    with (
        db.Database(settings.database_url) as database,
        db._migrating(database) as config,
    ):
        command.downgrade(config, "base")
    with db.Database(settings.database_url) as database:
        assert set(sa.inspect(database.engine).get_table_names()) == {"alembic_version"}


def test_an_older_program_refuses_a_newer_database(settings: Settings) -> None:
    maintenance.upgrade(settings)
    with db.Database(settings.database_url) as database, database.engine.begin() as link:
        link.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(AppError, match="APP-003"):
        maintenance.upgrade(settings)
    with db.Database(settings.database_url) as database, pytest.raises(AppError, match="APP-003"):
        db.check_current(database)


def test_a_database_that_was_not_upgraded_is_refused(settings: Settings) -> None:
    with db.Database(settings.database_url) as database, pytest.raises(AppError, match="APP-004"):
        db.check_current(database)


def test_two_backups_in_one_second_do_not_overwrite_each_other(settings: Settings) -> None:
    maintenance.upgrade(settings)
    with clock.set_to(datetime(2024, 11, 15, 3, tzinfo=UTC)):
        empty = maintenance.restore(settings, maintenance.backup(settings, settings.home / "one"))
        fill(settings)
        assert maintenance.restore(settings, empty) != empty
    assert rows(settings, "account") == 0


def test_a_restored_backup_holds_what_it_held(settings: Settings, tmp_path: Path) -> None:
    maintenance.upgrade(settings)
    fill(settings)
    copy = maintenance.backup(settings, tmp_path / "copy")
    with db.Database(settings.database_url) as database, database.engine.begin() as link:
        link.execute(sa.text("DELETE FROM account_role"))
        link.execute(sa.text("DELETE FROM account"))

    kept = maintenance.restore(settings, copy)

    assert (rows(settings, "account"), rows(settings, "account_role")) == (1, 1)
    assert kept is not None
    assert maintenance.restore(settings, kept) is not None
    assert rows(settings, "account") == 0


def test_a_file_that_is_no_backup_is_refused_and_nothing_is_lost(
    settings: Settings, tmp_path: Path
) -> None:
    maintenance.upgrade(settings)
    fill(settings)
    wrong = tmp_path / "wrong"
    wrong.write_text("không phải bản sao lưu", encoding="utf-8")

    with pytest.raises(AppError, match=r"APP-00[57]"):
        maintenance.restore(settings, wrong)

    assert rows(settings, "account") == 1


def test_a_backup_of_a_newer_program_is_refused_before_anything_is_replaced(
    settings: Settings, tmp_path: Path
) -> None:
    maintenance.upgrade(settings)
    version = sa.text("UPDATE alembic_version SET version_num = :to")
    with db.Database(settings.database_url) as database:
        with database.engine.begin() as link:
            present = link.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
            link.execute(version, {"to": "9999"})
        newer = maintenance.backup(settings, tmp_path / "newer")
        with database.engine.begin() as link:
            link.execute(version, {"to": present})
    fill(settings)

    with pytest.raises(AppError, match="APP-003"):
        maintenance.restore(settings, newer)

    assert rows(settings, "account") == 1
    with db.Database(settings.database_url) as database:
        db.check_current(database)


def test_nothing_is_restored_under_a_running_server(settings: Settings, tmp_path: Path) -> None:
    maintenance.upgrade(settings)
    empty = maintenance.backup(settings, tmp_path / "empty")
    fill(settings)
    variables = {"SURVEY_HOME": str(settings.home), "SURVEY_DATABASE_URL": settings.database_url}
    with subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", WORKER],
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "serving\n"
        with pytest.raises(AppError, match="APP-018"):
            maintenance.restore(settings, empty)
        assert rows(settings, "account") == 1
        worker.communicate("stop")

    maintenance.restore(settings, empty)

    assert rows(settings, "account") == 0


def test_no_server_starts_while_a_backup_is_restored(tmp_path: Path) -> None:
    with running.nobody(tmp_path), pytest.raises(AppError, match="APP-017"):
        running.hold(tmp_path)

    os.close(running.hold(tmp_path))


def test_a_backup_is_on_the_disk_before_it_has_its_name(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maintenance.upgrade(settings)
    waited: list[tuple[int, bool]] = []

    def fsync(descriptor: int) -> None:
        waited.append((os.fstat(descriptor).st_ino, (tmp_path / "copy").exists()))

    monkeypatch.setattr(os, "fsync", fsync)

    copy = maintenance.backup(settings, tmp_path / "copy")

    assert waited == [(copy.stat().st_ino, False), (tmp_path.stat().st_ino, True)]


def test_four_workers_fit_into_the_connections_of_postgresql(postgres: PostgresServer) -> None:
    given, kept = (
        int(postgres.admin.execute(f"SHOW {name}").fetchone()[0])
        for name in ("max_connections", "superuser_reserved_connections")
    )
    with db.Database(postgres.url("none")) as database:
        pool = database.engine.pool
        in_all = pool.size() + pool._max_overflow

    assert pool.size() > THREADS
    assert 4 * in_all < given - kept


def test_every_column_has_a_privacy_class() -> None:
    known = {"public", "official", "pseudonym", "identity", "answer", "secret"}
    for table in Base.metadata.tables.values():
        for column in table.columns:
            assert column.info.get("privacy") in known, f"{table.name}.{column.name}"


def test_no_table_holds_answers_beside_a_name_or_a_pseudonym() -> None:
    interviewers = {"rechecker"}  # pseudonym of who asked, not of who answered
    for table in Base.metadata.tables.values():
        classes = {
            column.info["privacy"] for column in table.columns if column.name not in interviewers
        }
        assert "answer" not in classes or not classes & {"identity", "pseudonym"}, table.name


def test_tables_of_answers_and_codes_keep_no_order_of_arrival(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'survey.sqlite3'}"
    db.upgrade(url)
    with db.Database(url) as database, database.read_engine.connect() as link:
        made = dict(link.execute(sa.text("SELECT name, sql FROM sqlite_master")).all())
    for name in ("response", "waiting_answer", "exchange", "invitation", "recheck_link"):
        assert "WITHOUT ROWID" in made[name], name
