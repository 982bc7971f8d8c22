"""The program's own server for the browser tests, on an installation of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from surveyapp.config import Settings, load
from tests.databases import make_tables
from tests.faults.server import Nursery, Server


class LiveServer(Server):
    """One installation on SQLite and its server, which can be stopped and started again."""

    def __init__(self, nursery: Nursery, home: Path) -> None:
        super().__init__(nursery, home, "")
        self.settings: Settings = load({"SURVEY_HOME": str(home)})
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"


@contextmanager
def serving(nursery: Nursery, home: Path) -> Iterator[LiveServer]:
    """Make an installation with empty tables and serve it."""
    server = LiveServer(nursery, home)
    make_tables(server.settings.database_url)
    try:
        server.start()
        yield server
    finally:
        server.stop()
