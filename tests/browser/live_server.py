"""The program's own server for the browser tests: gunicorn on a free port, in a folder of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from surveyapp.config import Settings, load
from surveyapp.db import upgrade

START_SECONDS = 60


class LiveServer:
    """One installation and its server, which can be stopped and started again."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self.environment = {**os.environ, "SURVEY_HOME": str(home), "SURVEY_DATABASE_URL": ""}
        self.settings: Settings = load(self.environment)
        self.log = home / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and return when the server answers."""
        sipas = Path(sys.executable).with_name("sipas")
        serve = [
            "setpriv",
            "--pdeathsig",
            "TERM",
            sipas,
            "serve",
            f"--bind={self.address}",
            "--workers=1",
        ]
        with self.log.open("a") as output:
            self._process = subprocess.Popen(  # noqa: S603  our own command
                serve,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # an interrupt of the tests is theirs to handle
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log.read_text(encoding="utf-8"))
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url, timeout=START_SECONDS).close()  # noqa: S310  our own
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End the server; the installation stays."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def serving(home: Path) -> Iterator[LiveServer]:
    """Make an installation with empty tables and serve it."""
    home.mkdir(parents=True, exist_ok=True)
    server = LiveServer(home)
    upgrade(server.settings.database_url)
    try:
        server.start()
        yield server
    finally:
        server.stop()
