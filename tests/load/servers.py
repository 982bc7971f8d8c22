"""The program's own server for the measurements, and a bare one with the same settings."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

START_SECONDS = 60
WORKERS = 2
BARE = "tests.load.bare_view:application()"
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers: where, and with which command gunicorn was started."""

    address: Address
    command: tuple[str, ...]
    pid: int

    def processor_seconds(self) -> list[float]:
        """Return the processor time that each worker has used so far."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        seconds = []
        for worker in children.split():
            stat = Path(f"/proc/{worker}/stat").read_text(encoding="ascii")
            user, system = stat.rpartition(")")[2].split()[11:13]
            seconds.append((int(user) + int(system)) / os.sysconf("SC_CLK_TCK"))
        return seconds


@contextmanager
def real_server(home: Path, database_url: str = "") -> Iterator[Server]:
    """Serve the installation in `home` as `sipas serve` does, with two workers."""
    address = _free_address()
    words = ["serve", f"--bind={_text(address)}", f"--workers={WORKERS}"]
    sipas = Path(sys.executable).with_name("sipas")
    with _running([str(sipas), *words], home, address, database_url) as server:
        yield server


@contextmanager
def bare_server(home: Path, like: Server) -> Iterator[Server]:
    """Serve the bare view with gunicorn's arguments of another server."""
    address = _free_address()
    words = [f"--bind={_text(address)}" if w.startswith("--bind=") else w for w in like.command]
    with _running([*words[:-1], BARE], home, address) as server:
        yield server


def _free_address() -> Address:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return "127.0.0.1", int(free.getsockname()[1])


def _text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


@contextmanager
def _running(
    command: Sequence[str], home: Path, address: Address, database_url: str = ""
) -> Iterator[Server]:
    log = home / "server.log"
    root = str(Path(__file__).parents[2])
    more = {"SURVEY_HOME": str(home), "SURVEY_DATABASE_URL": database_url, "PYTHONPATH": root}
    with log.open("a") as output:
        process = subprocess.Popen(  # noqa: S603  our own command
            ["setpriv", "--pdeathsig", "TERM", *command],  # noqa: S607  as in the tests
            env={**os.environ, **more},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(process, address, log)
        words = Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8").split("\0")
        yield Server(address, tuple(words[:-1]), process.pid)
    finally:
        process.terminate()
        try:
            process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", address: Address, log: Path) -> None:
    """Wait until requests are answered: the socket takes them before any worker has started."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        connection = HTTPConnection(*address, timeout=START_SECONDS)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text(encoding="utf-8")[-2000:]) from None
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
