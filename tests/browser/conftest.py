"""For the few tests in Debian's Chromium; nothing is ever downloaded."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.live_server import LiveServer, serving
from tests.browser.tablet_site import TabletSite, paired
from tests.faults.server import Nursery

#: `make accessibility` sets it; without it a part of the looks at a page is left out.
EVERYTHING = os.environ.get("SURVEY_ACCESSIBILITY") == "all"
#: How an official sees a page; the last one stays, as the keyboard walks on at a desk.
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
LOOKED, VIOLATIONS = "pages looked at by axe", "violations of WCAG 2.2 A and AA"
WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Open a page; an error in its scripts fails the test."""
    errors: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@pytest.fixture
def live_server(nursery: Nursery, tmp_path: Path) -> Iterator[LiveServer]:
    """Serve an installation without accounts and surveys; `stop()` is a broken connection."""
    with serving(nursery, tmp_path / "home") as server:
        yield server


@pytest.fixture
def tablet(browser: Browser, site: TabletSite) -> Iterator[Page]:
    """Open a tablet that is paired with the test's own `site` and at rest."""
    context = browser.new_context(locale="vi-VN", bypass_csp=True)
    yield paired(context, site)
    context.close()


@pytest.fixture(scope="session")
def checker() -> Axe:
    """Read the program that checks pages, once."""
    return Axe()


@pytest.fixture
def axe(
    checker: Axe, record_property: Callable[[str, object], None]
) -> Iterator[Callable[[Page], list[str]]]:
    """Give a check of the open page against WCAG 2.2 A and AA: one line for each violation."""
    counted: Counter[str] = Counter()
    # what is right is neither described in full nor brought over: that takes longer than the checks
    options = {"runOnly": {"type": "tag", "values": WCAG_22_AA}, "resultTypes": ["violations"]}

    def check(page: Page) -> list[str]:
        violations = checker.run(page, options=options).response["violations"]
        counted.update({LOOKED: 1, VIOLATIONS: len(violations)})
        return [
            f"{found['id']}: {found['help']}: {node['target']}"
            for found in violations
            for node in found["nodes"]
        ]

    yield check
    for name, count in counted.items():
        record_property(name, count)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how often pages were checked, and what was found (in `make accessibility`)."""
    told = [
        dict(report.user_properties)
        for report in terminalreporter.getreports("")
        if report.when == "teardown"
    ]
    looked, found = (sum(one.get(name, 0) for one in told) for name in (LOOKED, VIOLATIONS))
    if looked:
        terminalreporter.write_line(f"{LOOKED}: {looked}, {VIOLATIONS}: {found}")


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Give a way to keep a picture of the page, in the folder SURVEY_PICTURES if it is set."""
    folder = os.environ.get("SURVEY_PICTURES")

    def keep(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep


@pytest.fixture
def look(
    axe: Callable[[Page], list[str]], picture: Callable[[Page, str], None]
) -> Callable[[Page, str], None]:
    """Give a check of an official's open page: nothing is cut off at either size, and WCAG.

    WCAG is asked about on a phone; `make accessibility` asks at a desk, too.
    """

    def check(page: Page, name: str) -> None:
        for size, window in SIZES.items():
            page.set_viewport_size(window)
            if size == "phone" or EVERYTHING:
                assert axe(page) == [], f"{name}, {size}"
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= window["width"], f"{name}, {size}: {width} px"
            picture(page, f"{name}-{size}")

    return check
