"""For the few tests in Debian's Chromium; nothing is ever downloaded."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.live_server import LiveServer, serving
from tests.missing import give_up

ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: The tablet of a one-stop counter.
TABLET = {"width": 800, "height": 1280}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once; it reaches this machine only."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        give_up("Chromium", "chromium")
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Open a profile of its own: cookies and storage end with the test."""
    context = browser.new_context(viewport=TABLET, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Open a page; an error in its scripts fails the test."""
    errors: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@pytest.fixture
def live_server(tmp_path: Path) -> Iterator[LiveServer]:
    """Serve an installation without accounts and surveys; `stop()` is a broken connection."""
    with serving(tmp_path / "home") as server:
        yield server


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Give a check of the open page against WCAG 2.2 A and AA: one line for each violation."""
    checker = Axe()
    options = {"runOnly": {"type": "tag", "values": WCAG_22_AA}}

    def check(page: Page) -> list[str]:
        violations = checker.run(page, options=options).response["violations"]
        return [
            f"{found['id']}: {found['help']}: {node['target']}"
            for found in violations
            for node in found["nodes"]
        ]

    return check


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Give a way to keep a picture of the page, in the folder SURVEY_PICTURES if it is set."""
    folder = os.environ.get("SURVEY_PICTURES")

    def keep(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep
