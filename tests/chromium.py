"""One Chromium for all tests of a process: Playwright cannot be started twice in it."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

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
