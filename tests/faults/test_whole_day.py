"""A day at the counters: half of it without network, a server that ends twice, a tablet lost.

All tablets but one are sealed clients in a few lines; one is the application itself, in Chromium.
In the evening the ledger balances: per tablet, and against what the server holds.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select

from surveyapp import clock
from surveyapp.collect import tablet_ledger
from surveyapp.config import Settings
from surveyapp.models import Device, DeviceDay
from tests.browser.tablet_site import begin, pair, send_form
from tests.faults.conftest import FULL
from tests.faults.forms import Collection
from tests.faults.proxy import FAIR, REQUEST_LOST, proxied
from tests.faults.server import Nursery, Server, served
from tests.faults.tablet import COUNTED, Tablet

TABLETS, CITIZENS = (60, 30) if FULL else (10, 6)
#: Whom the tablet in Chromium serves; one of them goes away.
IN_CHROMIUM = CITIZENS if FULL else 2
BREAK_OFF_SHARE = 0.08
SENDERS = 8
pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True)
class Site:
    """Where the tablet in Chromium finds the server."""

    home: str


class Day:
    """All tablets, and the parts of their day."""

    def __init__(self, collection: Collection, port: int) -> None:
        self._chance = random.Random("a day")  # noqa: S311  a simulated day
        *others, self.chromium = collection.devices
        self.tablets = [
            Tablet(
                device_id,
                token,
                port,
                lambda token=token, agency=agency: collection.sealed_form(token, agency),
            )
            for device_id, agency, token in others
        ]

    def serve(self, citizens: int) -> None:
        """Let so many citizens come to each tablet that is there."""
        for tablet in self.tablets:
            for _ in range(citizens):
                tablet.serve(stays=self._chance.random() >= BREAK_OFF_SHARE)

    def send(self, heard: Callable[[], None] = lambda: None, tries: int = 1) -> None:
        """Let all tablets send at once, each so often until it is done."""

        def until_done(tablet: Tablet) -> bool:
            return any(tablet.send(heard) for _ in range(tries))

        with ThreadPoolExecutor(SENDERS) as pool:
            done = list(pool.map(until_done, self.tablets))
        assert tries == 1 or all(done)

    def send_through_two_ends(self, server: Server) -> None:
        """Send everything, while the server is killed once and stopped once."""
        waiting = sum(len(tablet.waiting) for tablet in self.tablets)
        came = threading.Semaphore(0)
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(self.send, came.release, 10_000)
            for end in (server.kill, server.stop):
                for _ in range(waiting // 3):
                    assert came.acquire(timeout=60)
                end()
                server.start()
            sent.result()


def serve_in_chromium(page: Page, citizens: int) -> None:
    """Let citizens answer at the real tablet; the first of them goes away."""
    begin(page)
    page.clock.run_for(151_000)
    page.locator(".idle").wait_for()
    for _ in range(citizens - 1):
        send_form(page)


def opened(context: BrowserContext, site: Site, token: str) -> Page:
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.clock.install()
    pair(page, site, token)
    return page


def sums(collection: Collection) -> dict[int, DeviceDay]:
    """Return the ledger of each tablet; the day is one day."""
    with collection.database.read_session() as db:
        days = list(db.scalars(select(DeviceDay)))
    assert len({day.device_id for day in days}) == len(days)
    return {day.device_id: day for day in days}


def report_in_chromium(page: Page, collection: Collection, device_id: int) -> DeviceDay:
    """Let time pass at the real tablet until its ledger has arrived."""
    for _ in range(5_000):
        day = sums(collection).get(device_id)
        if day is not None and day.received == day.completed and day.completed == IN_CHROMIUM - 1:
            return day
        page.clock.run_for(10_000)
    raise AssertionError("the ledger of the tablet in Chromium does not arrive")


def differences(collection: Collection, without: int) -> list[str]:
    """Return what the officials' page says does not balance, of all tablets but one."""
    with collection.database.read_session() as db:
        devices = [one for one in db.scalars(select(Device)) if one.id != without]
        ledgers = tablet_ledger.ledgers(db, devices)
        assert len(ledgers) == len(devices)
        return [text for one in ledgers.values() for text in one.differences]


@dataclass(frozen=True, slots=True)
class Evening:
    """What everybody says when the day is over."""

    day: Day
    lost: Tablet
    #: Forms on the tablet when it was lost.
    on_lost: int
    real: DeviceDay
    ledger: dict[int, DeviceDay]
    differences: list[str]
    exchanges: int
    answers: int
    marks: list[str]

    def counted(self) -> Counter[str]:
        """Add up what the tablets counted that are still there, as the server was told it."""
        rows = [self.real, *(self.ledger[tablet.id] for tablet in self.day.tablets)]
        return Counter({name: sum(getattr(row, name) for row in rows) for name in COUNTED})


@pytest.fixture
def evening(nursery: Nursery, settings: Settings, context: BrowserContext) -> Evening:
    with (
        Collection(settings, TABLETS) as collection,
        served(nursery, settings.home, settings.database_url) as server,
        proxied(server.port) as proxy,
    ):
        day = Day(collection, proxy.port)
        device_id, _, token = day.chromium
        page = opened(context, Site(f"http://127.0.0.1:{proxy.port}/tablet/"), token)
        day.serve(CITIZENS // 3)
        day.send(tries=10_000)
        proxy.weather = lambda _: REQUEST_LOST  # half the day
        serve_in_chromium(page, IN_CHROMIUM)
        day.serve(CITIZENS // 3)
        day.send()
        lost = day.tablets.pop()
        with collection.database.session() as db:
            db.get_one(Device, lost.id).revoked_at = clock.now()
            db.commit()
        day.serve(CITIZENS - 2 * (CITIZENS // 3))
        on_lost = len(lost.waiting)
        proxy.weather = lambda _: FAIR
        day.send_through_two_ends(server)
        lost.send()  # whoever has it tries
        real = report_in_chromium(page, collection, device_id)
        found, ledger = differences(collection, lost.id), sums(collection)
        exchanges, answers = collection.held()
        server.stop()
        marks = collection.released_marks()
        for tablet in [*day.tablets, lost]:
            tablet.close()
    return Evening(day, lost, on_lost, real, ledger, found, len(exchanges), answers, marks)


def test_in_the_evening_the_ledger_balances(evening: Evening, figures: Callable[..., None]) -> None:
    day, lost, real = evening.day, evening.lost, evening.real
    counted = evening.counted()
    accepted = sum(row.accepted for row in evening.ledger.values())
    marked = [mark for mark in evening.marks if mark]
    known = {form.mark for tablet in [*day.tablets, lost] for form in tablet.received}
    figures(
        tablets=TABLETS,
        **counted,
        from_lost_tablet=len(lost.received),
        refused_on_lost_tablet=len(lost.refused),
        accepted=accepted,
        released=len(evening.marks),
        lost=len(known - set(marked)),
        doubled=len(marked) - len(set(marked)),
    )

    for tablet in day.tablets:
        row = evening.ledger[tablet.id]
        assert {name: getattr(row, name) for name in COUNTED} == {
            name: tablet.counts[name] for name in COUNTED
        }
        assert row.unsent == 0
    assert evening.differences == []
    assert counted["started"] == (TABLETS - 2) * CITIZENS + IN_CHROMIUM
    assert counted["started"] == counted["completed"] + counted["broken_off"]
    assert counted["completed"] == counted["received"] == accepted - len(lost.received)
    assert accepted == evening.exchanges == evening.answers == len(evening.marks)
    assert sorted(marked) == sorted(known)
    assert (real.started, real.completed, real.broken_off) == (IN_CHROMIUM, IN_CHROMIUM - 1, 1)
    assert len(evening.marks) - len(marked) == real.completed
    assert (len(lost.refused), len(lost.waiting)) == (evening.on_lost, 0)
