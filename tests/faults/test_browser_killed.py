"""Chromium is killed (kill -9) while it saves a form; what it said was kept is there, once."""

import os
import random
import shutil
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.faults.conftest import FULL
from tests.faults.queue_site import Site, engine_name, site  # noqa: F401  fixtures

KILLS = 60 if FULL else 3
pytestmark = pytest.mark.browser


def processes_of(profile: Path) -> list[int]:
    """Return the processes that work on a profile: those that this test started."""
    word = f"--user-data-dir={profile}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if word in words:
            found.append(int(folder.name))
    return found


def kill(processes: list[int]) -> None:
    """End them in the middle of whatever they do."""
    for one in processes:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def opened(browser: Browser, profile: Path, program: str) -> BrowserContext:
    for lock in profile.glob("Singleton*"):
        lock.unlink()
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return browser.browser_type.launch_persistent_context(
        profile, executable_path=program, args=arguments
    )


def finish_until_killed(page: Page, begun: set[str], kept: set[str]) -> None:
    """Fill in one form after the other; note the mark of each, and the id once it is kept."""
    with suppress(Error):
        while True:
            page.evaluate("tablet.begin()")
            mark = f"dau{uuid4().hex}"
            begun.add(mark)
            kept.add(UUID(page.evaluate("(mark) => tablet.finish(mark)", mark)).hex)


def test_what_the_tablet_kept_survives_a_kill_while_it_saves(
    site: Site,  # noqa: F811  the fixture
    browser: Browser,
    tmp_path: Path,
    figures: Callable[..., None],
) -> None:
    program = chromium()
    profile = tmp_path / "profile"
    chance = random.Random("chromium")  # noqa: S311  moments, no secrets
    kept: set[str] = set()
    begun: set[str] = set()
    _, token = site.paired()
    for number in range(KILLS + 1):
        context = opened(browser, profile, program)
        page = context.new_page()
        page.goto(site.home)
        page.wait_for_function("globalThis.tablet !== undefined")
        if number == 0:
            page.evaluate("(token) => tablet.pair(token)", token)
        page.evaluate("tablet.open()")
        on_tablet = {UUID(one["id"]).hex for one in page.evaluate("tablet.everything()")["records"]}
        assert kept <= on_tablet
        if number == KILLS:
            break
        timer = threading.Timer(chance.uniform(0, 0.4), kill, [processes_of(profile)])
        timer.start()
        finish_until_killed(page, begun, kept)
        timer.join()
        with suppress(Error):
            context.close()
    while not page.evaluate("tablet.send()")["done"]:
        pass
    days = page.evaluate("tablet.everything()")["days"]
    context.close()
    exchanges, _ = site.collection.held()
    site.server.stop()
    marks = site.collection.released_marks()
    figures(
        kills=KILLS,
        said_to_be_kept=len(kept),
        kept_unsaid=len(on_tablet - kept),
        lost=len(kept - exchanges),
        doubled=len(marks) - len(set(marks)),
    )

    assert kept
    assert kept <= exchanges == on_tablet
    assert len(marks) == len(set(marks)) == len(on_tablet)
    assert set(marks) <= begun
    assert sum(row["completed"] for row in days) == sum(row["received"] for row in days)
    assert sum(row["started"] - row["completed"] - row["broken_off"] for row in days) == 0


def chromium() -> str:
    """Return the browser of the suite; the fixture has given up where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found is not None
    return found
