"""One installation on either engine whose server can be killed at any moment."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

START_SECONDS = 60
#: Below those that Linux gives to clients: a client that tries again and again while the server is
#: down would else be given the server's own port one day, and answer itself.
PORTS = range(20_000, 32_000)
WORKERS = 2


class Nursery:
    """The process from which servers are forked."""

    def __init__(self) -> None:
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "tests.faults.nursery"],  # noqa: S607  as in the tests
            cwd=root,
            env={**os.environ, "PYTHONPATH": root},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def fork(self, order: dict[str, object]) -> int:
        """Start one server; return its process group."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the nursery; the servers have ended before."""
        self._process.terminate()
        self._process.communicate()


class Server:
    """`sipas serve` on one address, with its installation in `home`."""

    def __init__(self, nursery: Nursery, home: Path, database_url: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        self.home = home
        self.database_url = database_url
        self.log = home.parents[1] / f"{home.parent.name}.log"  # not on the disk of the data
        self.starts = 0
        self._nursery = nursery
        self._group: int | None = None

    def start(self) -> None:
        """Serve; requests may come at once, and wait until a worker is ready."""
        more = {
            "SURVEY_HOME": str(self.home),
            "SURVEY_DATABASE_URL": self.database_url,
            "SURVEY_ADDRESS": f"http://127.0.0.1:{self.port}",
        }
        order = {
            "environment": more,
            "bind": f"127.0.0.1:{self.port}",
            "workers": WORKERS,
            "log": str(self.log),
        }
        self._group = self._nursery.fork(order)
        self.starts += 1
        self._wait(is_open=True)

    def kill(self) -> None:
        """End all its processes in the middle of whatever they do (kill -9)."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an official does; what it has begun it finishes."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._group is None:
            return
        group, self._group = self._group, None
        with suppress(ProcessLookupError):  # it has ended by itself: its log says why
            if how is signal.SIGKILL:
                os.killpg(group, how)
            else:
                os.kill(group, how)
        self._wait(is_open=False)
        with suppress(ProcessLookupError):  # none is left, whatever happened to the first
            os.killpg(group, signal.SIGKILL)

    def _wait(self, *, is_open: bool) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self._answers() is not is_open:
            if time.monotonic() > deadline:
                raise RuntimeError(self.log.read_text(encoding="utf-8")[-2000:])
            time.sleep(0.005)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


def _free_port() -> int:
    """Return a port that no client is given as its own while nobody listens on it."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Keep one process from which servers are forked."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@contextmanager
def served(nursery: Nursery, home: Path, database_url: str) -> Iterator[Server]:
    """Serve an installation; nothing of it runs afterwards."""
    server = Server(nursery, home, database_url)
    try:
        server.start()
        yield server
    finally:
        server.kill()
