"""The tablet's own modules under one address with a real server, behind a bad network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from surveyapp.config import Settings
from tests.faults.forms import Collection
from tests.faults.proxy import Proxy, proxied
from tests.faults.server import Nursery, Server, served

PLACE = "/queue-driver/"
TABLET = Path(__file__).parents[2] / "surveyapp" / "static" / "tablet"


@pytest.fixture
def engine_name() -> str:
    """Use one engine: the queue is the tablet's."""
    return "sqlite"


class Site:
    """The server behind its proxy, and all that any example has finished or said."""

    def __init__(
        self, browser: Browser, collection: Collection, server: Server, proxy: Proxy
    ) -> None:
        self.browser, self.collection = browser, collection
        self.server, self.proxy = server, proxy
        self.home = f"http://127.0.0.1:{proxy.port}{PLACE}"
        self.finished: dict[str, str] = {}  # id -> mark
        self.kills = self.requests = 0
        page = '<!doctype html><script type="module" src="driver.js"></script>'
        driver = Path(__file__).with_name("queue_driver.js")
        proxy.own = {
            PLACE: ("text/html", page.encode()),
            f"{PLACE}driver.js": ("text/javascript", driver.read_bytes()),
        } | {
            f"{PLACE}{one.name}": ("text/javascript", one.read_bytes())
            for one in TABLET.glob("*.js")
        }

    def paired(self) -> tuple[int, str]:
        """Pair one more tablet."""
        with self.collection.database.session() as db:
            device, token = self.collection.world.device(db)
            db.commit()
            return device.id, token


@pytest.fixture
def site(browser: Browser, nursery: Nursery, settings: Settings) -> Iterator[Site]:
    with (
        Collection(settings, 1) as collection,
        served(nursery, settings.home, settings.database_url) as server,
        proxied(server.port) as proxy,
    ):
        yield Site(browser, collection, server, proxy)
