"""The tablet without a connection: nothing is lost, nothing counts twice, one tab sends."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, BrowserContext, Page, Route

from surveyapp import codes
from surveyapp.accounts import service as accounts
from surveyapp.cli import cli
from surveyapp.models import Device
from tests.browser.tablet_site import (
    TabletSite,
    answer_all,
    begin,
    empty_here,
    enter_code,
    open_corner,
    paired,
    press,
    send_form,
    stored_here,
    tablet_site,
)
from tests.faults.server import Nursery

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TabletSite]:
    with tablet_site(
        nursery, tmp_path_factory.mktemp("counter") / "home", "counter", "counter"
    ) as site:
        yield site


@pytest.fixture
def tablet(context: BrowserContext, site: TabletSite) -> Page:
    return paired(context, site)


def ledger_of(page: Page, site: TabletSite) -> tuple[int, ...]:
    """Return the newest ledger on the server: what the tablet counted, then what was taken."""
    for _ in range(50):
        day = max(site.days(), key=lambda one: one.device_id)
        if day.revision and day.unsent == 0 and day.started == day.completed + day.broken_off:
            break
        page.clock.run_for(10_000)
    return (
        *(day.started, day.completed, day.broken_off),
        *(day.unsent, day.received, day.attention, day.accepted),
    )


def test_a_form_filled_without_any_server_arrives_once(
    context: BrowserContext, tablet: Page, site: TabletSite
) -> None:
    before = site.answers()
    site.server.stop()
    context.set_offline(True)
    tablet.reload()
    begin(tablet)
    assert answer_all(tablet) >= 8
    press(tablet)
    tablet.locator(".done").wait_for()
    tablet.reload()  # the tablet is switched off and on again
    tablet.locator(".idle").wait_for()
    assert stored_here(tablet) == 1

    context.set_offline(False)
    tablet.clock.run_for(60_000)
    assert stored_here(tablet) == 1
    site.server.start()
    empty_here(tablet)

    assert site.answers() == before + 1
    assert ledger_of(tablet, site) == (1, 1, 0, 0, 1, 0, 1)


def test_a_lost_reply_is_asked_for_again_and_counts_once(tablet: Page, site: TabletSite) -> None:
    before = site.answers()
    lost: list[str] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.fetch()
            route.abort()

    tablet.route("**/api/submissions/*", lose)
    send_form(tablet)
    empty_here(tablet)

    assert len(lost) == 1
    assert site.answers() == before + 1
    assert ledger_of(tablet, site) == (1, 1, 0, 0, 1, 0, 1)


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 200, "content_type": "text/html", "body": "<h1>Chào mừng đến Wi-Fi</h1>"},
        {"status": 200, "headers": {"Sipas": "1"}, "json": {"ok": True, "receipt": "0" * 64}},
        {"status": 413, "content_type": "text/html", "body": "too large"},
    ],
    ids=["portal", "other receipt", "proxy"],
)
def test_what_is_no_receipt_deletes_nothing(
    tablet: Page, site: TabletSite, reply: dict[str, object]
) -> None:
    answered: list[str] = []

    def answer(route: Route) -> None:
        answered.append(route.request.url)
        route.fulfill(**reply)

    tablet.route("**/api/**", answer)
    before = site.answers()
    send_form(tablet)
    for _ in range(100):
        if len([url for url in answered if "submissions" in url]) > 1:
            break
        tablet.clock.run_for(10_000)

    assert len([url for url in answered if "submissions" in url]) > 1
    assert stored_here(tablet) == 1
    tablet.unroute("**/api/**")
    empty_here(tablet)
    assert site.answers() == before + 1


def test_of_two_tabs_one_sends_and_the_other_takes_over(
    context: BrowserContext, tablet: Page, site: TabletSite
) -> None:
    before = site.answers()
    other = context.new_page()
    other.clock.install()
    other.goto(site.home)
    other.locator(".idle").wait_for()
    sent: list[str] = []
    for name, page in (("first", tablet), ("second", other)):
        page.on(
            "request",
            lambda request, name=name: "submissions" in request.url and sent.append(name),
        )
    context.set_offline(True)
    for page in (other, tablet):
        page.bring_to_front()
        send_form(page)
    sent.clear()  # attempts without a network; whoever sends from here on is the sender
    context.set_offline(False)
    empty_here(tablet)

    assert set(sent) == {"first"}
    assert site.answers() == before + 2
    sent.clear()
    tablet.close()
    other.bring_to_front()
    send_form(other)
    empty_here(other)
    assert set(sent) == {"second"}
    assert site.answers() == before + 3


def test_a_rescue_file_brings_in_what_a_broken_tablet_holds(
    context: BrowserContext, tablet: Page, site: TabletSite, tmp_path: Path
) -> None:
    before = site.answers()
    context.set_offline(True)
    send_form(tablet)
    open_corner(tablet, site)
    with tablet.expect_download() as download:
        tablet.click("text=Tải tệp cứu phiếu")
    file = tmp_path / "phieu.json"
    download.value.save_as(file)
    with site.database.session() as db:
        login = accounts.add(db, None, f"quan-tri-{before}", "Quản trị", ["admin"]).login
        db.commit()
    command = ["device", "rescue", str(file), "--as", login]
    environment = {
        "SURVEY_HOME": str(site.server.settings.home),
        "SURVEY_DATABASE_URL": "",
    }
    runner = CliRunner(env=environment)

    assert "receipt" not in json.loads(file.read_text())["records"][0]
    assert "1 phiếu mới; 0 phiếu đã có" in runner.invoke(cli, command).output
    assert "0 phiếu mới; 1 phiếu đã có" in runner.invoke(cli, command).output
    context.set_offline(False)
    empty_here(tablet)
    assert site.answers() == before + 1


def test_sending_by_hand_without_a_connection_says_that_it_waits(
    context: BrowserContext,
    tablet: Page,
    site: TabletSite,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    before = site.answers()
    context.set_offline(True)
    send_form(tablet)
    open_corner(tablet, site)
    said = tablet.get_by_text("Chưa có mạng; máy sẽ tự gửi khi có mạng.")
    assert said.count() == 0
    tablet.click("text=Gửi ngay")
    said.wait_for()
    assert axe(tablet) == []
    picture(tablet, "tablet-corner-offline")

    context.set_offline(False)
    tablet.click("text=Gửi ngay")
    said.wait_for(state="detached")
    empty_here(tablet)
    assert site.answers() == before + 1


def test_a_code_to_take_home_needs_the_server_and_leaves_nothing_here(
    context: BrowserContext,
    tablet: Page,
    site: TabletSite,
    picture: Callable[[Page, str], None],
) -> None:
    context.set_offline(True)
    press(tablet)
    press(tablet, "#later")
    tablet.get_by_text("Lúc này máy chưa lấy được mã").wait_for()
    picture(tablet, "tablet-later-offline")
    press(tablet)  # answer now
    picture(tablet, "tablet-way")
    context.set_offline(False)
    press(tablet, "#later")
    code = tablet.locator(".printed").inner_text()
    assert codes.is_whole(code)
    picture(tablet, "tablet-later")
    press(tablet)
    tablet.locator(".idle").wait_for()

    assert code not in tablet.content()
    assert ledger_of(tablet, site) == (1, 0, 1, 0, 0, 0, 0)
    assert max(site.days(), key=lambda one: one.device_id).later == 1


def test_what_the_server_refuses_stays_and_an_official_sees_why(
    browser: Browser, nursery: Nursery, tmp_path: Path
) -> None:
    with tablet_site(nursery, tmp_path / "home", "service", "small") as site:
        context = browser.new_context(locale="vi-VN")
        page = paired(context, site)
        code = site.invitation()
        for is_online in (True, False):  # a code that somebody has used, typed without a connection
            context.set_offline(not is_online)
            begin(page)
            enter_code(page, code.lower())
            context.set_offline(False)
            answer_all(page)
            press(page)
            page.locator(".done").wait_for()
            press(page)
            page.locator(".idle").wait_for()
            if is_online:
                empty_here(page)
        for _ in range(100):
            if stored_here(page) == 1 and site.answers() == 1:
                break
            page.clock.run_for(10_000)
        open_corner(page, site)
        page.get_by_text("Mã phiếu này đã được dùng").wait_for()

        assert site.answers() == 1
        assert stored_here(page) == 1
        assert ledger_of(page, site) == (2, 2, 0, 0, 1, 1, 1)
        context.close()


def test_a_revoked_tablet_keeps_what_it_holds(
    context: BrowserContext, tablet: Page, site: TabletSite
) -> None:
    before = site.answers()
    context.set_offline(True)
    send_form(tablet)
    with site.database.session() as db:
        device = max(db.query(Device).all(), key=lambda one: one.id)
        device.revoked_at = device.paired_at
        db.commit()
    context.set_offline(False)
    open_corner(tablet, site)
    tablet.click("text=Gửi ngay")
    tablet.get_by_text("COLLECT-045").wait_for()

    assert stored_here(tablet) == 1
    assert site.answers() == before
