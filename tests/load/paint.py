"""First contentful paint of a citizen's page in Chromium, cold, on a slow processor and network.

Processor 4 times slower and "Slow 4G" as Lighthouse and the developer tools have them: round trip
562.5 ms, 1.44 Mbit/s down, 0.675 Mbit/s up.
"""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from surveyapp.config import load
from surveyapp.db import Database, upgrade
from tests.app.collect_world import made
from tests.load.figure import Figure, middle
from tests.load.servers import real_server

RUNS = 7
SLOWER = 4
SLOW_4G = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1_440_000 / 8,
    "uploadThroughput": 675_000 / 8,
}
ARGUMENTS = ["--disable-background-networking", "--disable-gpu", "--no-first-run"]
PAINT = """() => new Promise(done => new PerformanceObserver(list =>
  list.getEntriesByName("first-contentful-paint").forEach(one => done(one.startTime))
).observe({type: "paint", buffered: true}))"""


def measure(place: Path) -> list[Figure]:
    """Open the first page of a survey with the longest questionnaire, each time as a new visitor."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("Chromium is not installed: apt-get install chromium")
    settings = load({"SURVEY_HOME": str(place)})
    upgrade(settings.database_url)
    with Database(settings.database_url) as database:
        survey = made(database, "service", "sipas_a").survey.code
    more = ["--no-sandbox"] if os.geteuid() == 0 else []
    with real_server(place) as server, sync_playwright() as playwright:
        address = f"http://{server.address[0]}:{server.address[1]}/s/{survey}"
        browser = playwright.chromium.launch(executable_path=chromium, args=[*ARGUMENTS, *more])
        _paint(browser, address, is_slow=False)  # the server's own first page
        seconds = [_paint(browser, address, is_slow=True) for _ in range(RUNS)]
        browser.close()
    how = f"cold, processor {SLOWER} times slower, Slow 4G"
    return [middle("first contentful paint", seconds, "s", how)]


def _paint(browser: Browser, address: str, *, is_slow: bool) -> float:
    """Return the seconds from the start of the navigation to the first text on the screen."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="vi-VN")
    page = context.new_page()
    if is_slow:
        tools = context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
        tools.send("Network.emulateNetworkConditions", SLOW_4G)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address)
    milliseconds = float(page.evaluate(PAINT))
    context.close()
    return milliseconds / 1000
