"""A live server with one counter survey or one with slips, and the way of a person at its tablet."""

import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, Page
from sqlalchemy import func, select

from surveyapp.db import Database
from surveyapp.models import DeviceDay, WaitingAnswer
from tests.app.collect_world import World
from tests.browser.live_server import LiveServer, serving
from tests.faults.server import Nursery

PIN = "2468"
#: Longer than a second tap on the same place takes.
DEBOUNCE = 450


class TabletSite:
    """The server, its database, and codes to pair tablets with."""

    def __init__(self, server: LiveServer, kind: str, form: str) -> None:
        self.server = server
        self.home = f"{server.url}/tablet/"
        self.database = Database(server.settings.database_url)
        with self.database.session() as db:
            self.world = World(db, kind, form)
            db.commit()

    def token(self) -> str:
        """Pair one more tablet and return its code."""
        with self.database.session() as db:
            token = self.world.device(db)[1]
            db.commit()
        return token

    def invitation(self) -> str:
        """Issue a slip and return its code."""
        with self.database.session() as db:
            code = self.world.invite(db)
            db.commit()
        return code

    def answers(self) -> int:
        """Count the answers that wait on the server."""
        with self.database.read_session() as db:
            return db.scalar(select(func.count()).select_from(WaitingAnswer)) or 0

    def days(self) -> list[DeviceDay]:
        """Return all ledgers."""
        with self.database.read_session() as db:
            return list(db.scalars(select(DeviceDay)))


@contextmanager
def tablet_site(nursery: Nursery, folder: Path, kind: str, form: str) -> Iterator[TabletSite]:
    """Serve a survey to tablets."""
    with serving(nursery, folder) as server:
        site = TabletSite(server, kind, form)
        yield site
        site.database.dispose()


class Portal(BaseHTTPRequestHandler):
    """Says 200 and shows its own page, whatever is asked for: a network that wants a sign-in."""

    def do_GET(self) -> None:
        """Show the page of the network."""
        page = "<!doctype html><title>Wi-Fi</title>Mời đăng nhập".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_PUT = do_POST = do_GET  # noqa: N815  names of http.server

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def instead(site: TabletSite, handler: type[BaseHTTPRequestHandler]) -> Iterator[None]:
    """Stop the server and let another answer at its address."""
    site.server.stop()
    host, port = site.server.address.split(":")
    other = ThreadingHTTPServer((host, int(port)), handler)
    thread = threading.Thread(target=other.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        other.shutdown()
        other.server_close()
        thread.join()
        site.server.start()


def newer_application(site: TabletSite) -> type[BaseHTTPRequestHandler]:
    """Return a server of the same application in a version that marks its page; it knows no API."""
    files = {}
    for name in ("", "app.js", "style.css", "manifest.webmanifest", "icon.svg", "worker.js"):
        with urllib.request.urlopen(site.home + name) as answer:  # noqa: S310  our own
            files[f"/tablet/{name}"] = (answer.headers["Content-Type"], answer.read())
    mark = b'document.documentElement.dataset.version = "newer";\n'
    kind, program = files["/tablet/app.js"]
    files["/tablet/app.js"] = (kind, program + mark)
    kind, worker = files["/tablet/worker.js"]
    files["/tablet/worker.js"] = (kind, re.sub(b'"[0-9a-f]{16}"', b'"newer"', worker, count=1))

    class Newer(BaseHTTPRequestHandler):
        """Serves the files."""

        def do_GET(self) -> None:
            """Give one file, or none."""
            kind, content = files.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in files else 503)
            for header in (("Content-Type", kind), ("Sipas", "1")):
                self.send_header(*header)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_POST = do_GET  # noqa: N815  names of http.server

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    return Newer


def pair(page: Page, site: TabletSite, token: str) -> None:
    """Pair the browser as an official does, and wait until it works without a connection."""
    page.goto(f"{site.home}#{token}")
    page.fill("#pin", PIN)
    page.click("text=Ghép máy >> nth=-1")
    page.click("text=Đưa máy vào dùng")
    page.locator(".idle").wait_for()
    controlled(page)


def until(page: Page, condition: str) -> None:
    """Wait for a condition; Playwright's own wait would evaluate a text, which the page forbids."""
    for _ in range(600):
        with suppress(Error):  # the page is just being loaded anew
            if page.evaluate(condition):
                return
        page.wait_for_timeout(100)
    raise AssertionError(f"never: {condition}")


def controlled(page: Page) -> None:
    """Wait until the service worker has taken over; a promise in the page could wait for ever."""
    for tries in range(3):
        for _ in range(50):
            if page.evaluate("navigator.serviceWorker.controller !== null"):
                return
            page.wait_for_timeout(100)
        assert tries < 2, "no service worker has taken over"
        page.reload()
        page.locator(".idle").wait_for()


def paired(context: BrowserContext, site: TabletSite) -> Page:
    """Open a paired tablet whose clock the test moves."""
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.clock.install()
    pair(page, site, site.token())
    return page


def press(page: Page, selector: str = ".foot .next") -> None:
    """Press a button, later than the debounce of the page before; then let its own pass."""
    page.clock.run_for(DEBOUNCE)
    page.click(selector)
    page.clock.run_for(DEBOUNCE)


def begin(page: Page) -> None:
    """Start a visit and choose nothing special."""
    press(page)
    if page.locator("#helper-self").count():
        press(page, "label:has(#helper-self)")
    press(page)


def answer_all(page: Page) -> int:
    """Choose the second answer of every question up to the last look; return how many pages."""
    pages = 0
    while page.locator(".items [data-item]").count():
        pages += 1
        for group in page.locator("fieldset").all():
            group.locator(".row").nth(1).click()
        press(page)
    return pages


def stored_here(page: Page) -> int:
    """Count the sealed forms that lie on the tablet."""
    return page.evaluate(
        """async () => new Promise((resolve) => {
          indexedDB.open("sipas-tablet").onsuccess = (event) => {
            const store = event.target.result.transaction("records").objectStore("records");
            store.count().onsuccess = (found) => resolve(found.target.result);
          };
        })"""
    )


def empty_here(page: Page) -> None:
    """Let time pass on the tablet until nothing lies on it any more."""
    for _ in range(200):
        if stored_here(page) == 0:
            return
        page.clock.run_for(10_000)
    raise AssertionError("the tablet still holds forms")


def send_form(page: Page) -> None:
    """Answer a whole form at a tablet that rests, up to the start page of the next person."""
    begin(page)
    answer_all(page)
    press(page)
    page.locator(".done").wait_for()
    press(page)
    page.locator(".idle").wait_for()


def enter_code(page: Page, code: str) -> None:
    """Enter the code of a slip; wait for the first question, before which the server is asked."""
    page.fill("#invitation", code)
    press(page)
    page.locator("#invitation").wait_for(state="detached")
    page.clock.run_for(DEBOUNCE)


def begin_listening(page: Page, code: str) -> None:
    """Go from a tablet that rests to the first question, by the way of sound and with a code."""
    press(page)
    press(page, "label:has(#listens)")
    press(page, "label:has(#helper-self)")
    press(page)
    enter_code(page, code)


def open_corner(page: Page, site: TabletSite) -> None:
    """Open the officials' page behind the short code."""
    page.goto(f"{site.home}#can-bo")
    page.fill("#pin", PIN)
    press(page)
    page.locator(".corner").wait_for()
