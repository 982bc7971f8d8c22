"""The tablet's own queue in Chromium, driven at random through everything that can happen to it.

After each step: what was finished lies on the tablet or on the server; what is gone from the tablet
is on the server; no answer counts twice; nothing on the tablet can be read; the ledger adds up.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from playwright.sync_api import APIResponse, Page, Route

from surveyapp import clock
from surveyapp.models import Device, DeviceDay
from tests.faults.conftest import FULL
from tests.faults.proxy import FAIR, KINDS
from tests.faults.queue_site import Site, engine_name, site  # noqa: F401  fixtures

EXAMPLES, STEPS = (60, 40) if FULL else (5, 12)
#: What the tablet's clock says, in days from the true day.
DAYS_OFF = (-400, -1, 0, 1, 3650)
TABS = st.integers(0, 1)
pytestmark = pytest.mark.browser


class QueueMachine(RuleBasedStateMachine):
    """One tablet with two tabs."""

    site: Site

    @initialize()
    def pair(self) -> None:
        """Pair the tablet in fair weather."""
        self.site.proxy.weather = lambda _: FAIR
        self.context = self.site.browser.new_context()
        self.device_id, token = self.site.paired()
        self.finished: dict[str, str] = {}
        self.tabs = [self._tab(token), self._tab(None)]
        self.has_visit = [False, False]
        self.some_finish([0, 1])

    def _tab(self, token: str | None) -> Page:
        page = self.context.new_page()
        self._load(page, token)
        return page

    def _load(self, page: Page, token: str | None = None) -> None:
        page.goto(self.site.home)
        page.wait_for_function("globalThis.tablet !== undefined")
        if token is not None:
            page.evaluate("(token) => tablet.pair(token)", token)
        page.evaluate("tablet.open()")

    @rule(tab=TABS)
    def somebody_comes(self, tab: int) -> None:
        """Begin a visit."""
        if not self.has_visit[tab]:
            self.tabs[tab].evaluate("tablet.begin()")
            self.has_visit[tab] = True

    @rule(tabs=st.lists(TABS, min_size=1, max_size=4))
    def some_finish(self, tabs: list[int]) -> None:
        """Answer everything; from now on the forms must never be lost."""
        for tab in tabs:
            self.somebody_comes(tab)
            mark = f"dau{uuid4().hex}"
            at = UUID(self.tabs[tab].evaluate("(mark) => tablet.finish(mark)", mark)).hex
            self.finished[at] = self.site.finished[at] = mark
            self.has_visit[tab] = False

    @rule(tab=TABS)
    def somebody_goes_away(self, tab: int) -> None:
        """Break off."""
        self.tabs[tab].evaluate("tablet.leave()")
        self.has_visit[tab] = False

    @rule(tab=TABS, weather=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    def a_tab_sends(self, tab: int, weather: list[str]) -> None:
        """Send what waits through some weather."""
        self._set(weather)
        self.tabs[tab].evaluate("tablet.send()")

    @rule(weather=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    def both_tabs_send_at_once(self, weather: list[str]) -> None:
        """Send in two tabs although one would wait for the other: the lock may be missing."""
        self._set(weather)
        for how in ("tablet.startSending()", "tablet.sent()"):
            for page in self.tabs:
                page.evaluate(how)

    @precondition(lambda self: self.finished)
    @rule(tab=TABS)
    def the_tab_is_closed_while_it_sends(self, tab: int) -> None:
        """Load the page anew in the middle of sending."""
        self._set([FAIR])
        self.tabs[tab].evaluate("tablet.startSending()")
        self.the_tablet_is_switched_off(tab)

    @rule(tab=TABS)
    def the_tablet_is_switched_off(self, tab: int) -> None:
        """Load the page anew: visits under way are broken off."""
        self._load(self.tabs[tab])
        self.has_visit[tab] = False

    @rule(days=st.sampled_from(DAYS_OFF))
    def the_clock_jumps(self, days: int) -> None:
        """Set the tablet's clock wrong, or right."""
        for page in self.tabs:
            page.clock.set_fixed_time(clock.now() + timedelta(days=days))

    @rule()
    def an_official_sends_again_what_was_refused(self) -> None:
        """Take up again what was set aside."""
        self.tabs[0].evaluate("tablet.takeUpAgain()")

    @rule()
    def the_caches_are_cleared(self) -> None:
        """Remove all but the database, as a browser short of room may."""
        self.tabs[0].evaluate(
            """async () => {
              for (const name of await caches.keys()) await caches.delete(name);
              for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
              localStorage.clear();
            }"""
        )

    @rule()
    def the_server_is_killed(self) -> None:
        """Kill the server and start it again."""
        self.site.server.kill()
        self.site.server.start()
        self.site.kills += 1

    @rule()
    def late_requests_arrive(self) -> None:
        """Deliver what the network kept back."""
        self.site.proxy.deliver_late()

    def _set(self, weather: list[str]) -> None:
        coming = iter(weather)
        self.site.proxy.weather = lambda _: next(coming, FAIR)

    @invariant()
    def nothing_is_lost_doubled_or_readable(self) -> None:
        """Compare the tablet, the server, and what was finished."""
        here = self.tabs[0].evaluate("tablet.everything()")
        exchanges, answers = self.site.collection.held()
        on_tablet = {UUID(one["id"]).hex for one in here["records"]}
        self._check_ledger(here, len(on_tablet))
        assert answers == len(exchanges)
        assert exchanges <= self.site.finished.keys()
        assert on_tablet <= self.finished.keys()
        assert self.finished.keys() - on_tablet <= exchanges
        assert not any(mark in here["text"] for mark in self.site.finished.values())

    def _check_ledger(self, here: dict[str, Any], on_tablet: int) -> None:
        total = {
            name: sum(row[name] for row in here["days"])
            for name in ("started", "completed", "broken_off", "received", "unsent", "attention")
        }
        assert total["started"] == total["completed"] + total["broken_off"] + here["visits"]
        assert total["completed"] == len(self.finished)
        assert on_tablet == total["unsent"] + total["attention"]
        assert total["received"] == len(self.finished) - on_tablet

    def teardown(self) -> None:
        """In fair weather everything arrives, and the server has counted the same."""
        if not hasattr(self, "tabs"):
            return
        self._set([])
        page = self.tabs[0]
        page.evaluate("tablet.takeUpAgain()")
        tries = 0
        while not page.evaluate("tablet.send()")["done"]:
            tries += 1
            assert tries < 20
        here = page.evaluate("tablet.everything()")
        with self.site.collection.database.read_session() as db:
            days = db.query(DeviceDay).filter_by(device_id=self.device_id).all()
        assert here["records"] == []
        assert sum(day.accepted for day in days) == len(self.finished)
        assert sum(day.received for day in days) == len(self.finished)
        self.context.close()


def test_whatever_happens_to_the_queue_nothing_is_lost_doubled_or_readable(
    site: Site,  # noqa: F811  the fixture
    figures: Callable[..., None],
) -> None:
    machine = type("Machine", (QueueMachine,), {"site": site})
    run_machine(
        machine,
        settings=hypothesis_settings(max_examples=EXAMPLES, stateful_step_count=STEPS),
    )
    site.proxy.deliver_late()
    site.server.stop()
    marks = site.collection.released_marks()
    figures(
        examples=EXAMPLES,
        finished=len(site.finished),
        requests=dict(site.proxy.met),
        kills=site.kills,
        lost=len(set(site.finished.values()) - set(marks)),
        doubled=len(marks) - len(set(marks)),
    )
    assert sorted(marks) == sorted(site.finished.values())


def test_a_refusal_to_an_earlier_pairing_that_comes_late_sets_nothing_aside(
    site: Site,  # noqa: F811  the fixture
) -> None:
    state = type("Machine", (QueueMachine,), {"site": site})()
    state.pair()
    first, second = state.tabs
    late: list[tuple[Route, APIResponse]] = []

    def refused(route: Route) -> None:
        reply = route.fetch()
        assert reply.json()["code"] == "COLLECT-045"
        late.append((route, reply))

    with site.collection.database.session() as db:
        db.get_one(Device, state.device_id).revoked_at = clock.now()
        db.commit()
    first.route("**/api/submissions/*", refused, times=1)
    first.evaluate("tablet.startSending()")
    while not late:
        first.wait_for_timeout(20)
    second.evaluate("(token) => tablet.pair(token)", site.paired()[1])
    for route, reply in late:
        route.fulfill(response=reply)
    assert not first.evaluate("tablet.sent()")["done"]

    here = second.evaluate("tablet.everything()")
    assert [one["state"] for one in here["records"]] == ["waiting", "waiting"]
    assert second.evaluate("tablet.send()")["done"]
    assert second.evaluate("tablet.everything()")["records"] == []
    assert site.collection.held()[1] == 2
    state.context.close()


def test_a_wrong_clock_makes_the_tablet_forget_no_day(
    site: Site,  # noqa: F811  the fixture
) -> None:
    state = type("Machine", (QueueMachine,), {"site": site})()
    state.pair()
    state.the_clock_jumps(3650)
    state.a_tab_sends(0, [])
    state.the_clock_jumps(0)
    state.some_finish([0])
    state.a_tab_sends(0, [])

    state.nothing_is_lost_doubled_or_readable()
    state.teardown()
