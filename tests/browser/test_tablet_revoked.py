"""A revoked tablet asks nobody any more, keeps what it holds, and serves again once paired anew."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from surveyapp import clock
from surveyapp.accounts import service as accounts
from surveyapp.models import Device, Survey
from tests.browser.tablet_site import (
    PIN,
    TabletSite,
    answer_all,
    begin,
    empty_here,
    open_corner,
    press,
    send_form,
    stored_here,
    tablet_site,
    until,
)
from tests.faults.server import Nursery

pytestmark = pytest.mark.browser
CLOSED = "Máy này đã ngừng nhận phiếu"
#: What officials read first in their corner.
REVOKED = "lấy mã mới ở trang «Máy tại quầy», rồi bấm «Ghép lại máy»"
#: What the tablet keeps of itself.
DEVICE = """async () => new Promise((resolve) => {
  indexedDB.open("sipas-tablet").onsuccess = (event) => {
    const store = event.target.result.transaction("settings").objectStore("settings");
    store.get("device").onsuccess = (found) => resolve(found.target.result);
  };
})"""
IS_REVOKED = f"({DEVICE})().then((device) => device.isRevoked === true)"
#: One more piece of news, and as long as who hears it needs to read what is kept, many times over.
HEAR_NEWS = f"""async () => {{
  dispatchEvent(new MessageEvent("sipas-queue", {{ data: "changed" }}));
  for (let read = 0; read < 50; read += 1) await ({DEVICE})();
}}"""


@pytest.fixture
def site(nursery: Nursery, tmp_path: Path) -> Iterator[TabletSite]:
    with tablet_site(nursery, tmp_path / "home", "counter", "counter") as site:
        yield site


def revoke(site: TabletSite) -> None:
    """Revoke the only tablet."""
    with site.database.session() as db:
        db.query(Device).one().revoked_at = clock.now()
        db.commit()


def sign_in(page: Page, site: TabletSite) -> None:
    """Sign in as an official who may revoke tablets."""
    with site.database.session() as db:
        password = accounts.add(db, None, "lan.anh", "Trần Lan Anh", ("manager",)).password
        accounts.find(db, "lan.anh").must_change_password = False
        db.commit()
    page.goto(f"{site.server.url}/accounts/sign-in")
    page.get_by_label("Tên đăng nhập").fill("lan.anh")
    page.get_by_label("Mật khẩu").fill(password)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def is_closed(page: Page) -> bool:
    """Wait for the closed page and say whether nobody can begin there."""
    page.get_by_text(CLOSED).wait_for()
    return page.locator(".next").count() == 0


def hold_title(page: Page) -> None:
    """Ask for the officials' page where a tablet rests."""
    page.locator("h1").hover()
    page.mouse.down()
    page.clock.run_for(3_100)
    page.mouse.up()


def test_an_official_is_asked_before_a_tablet_is_revoked(
    page: Page, site: TabletSite, look: Callable[[Page, str], None]
) -> None:
    site.token()
    sign_in(page, site)
    page.goto(f"{site.server.url}/surveys/ks-2024/devices/")
    look(page, "tablets")
    page.get_by_role("link", name="Thu hồi").click()
    page.get_by_role("heading", name="Thu hồi máy số 1").wait_for()
    look(page, "tablets-revoke")
    page.get_by_role("link", name="Chưa thu hồi").click()
    page.get_by_role("link", name="Thu hồi").press("Enter")
    with site.database.read_session() as db:
        assert db.query(Device).one().revoked_at is None
    page.get_by_role("button", name="Thu hồi").press("Enter")
    page.get_by_text("Đã thu hồi máy").wait_for()
    with site.database.read_session() as db:
        assert db.query(Device).one().revoked_at is not None


def test_a_revoked_tablet_that_is_started_again_asks_nobody_even_offline(
    tablet: Page,
    site: TabletSite,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    revoke(site)
    tablet.reload()
    assert is_closed(tablet)
    tablet.context.set_offline(True)
    tablet.reload()
    assert is_closed(tablet)

    for name, size in (("wide", (1280, 800)), ("narrow", (390, 844))):
        tablet.set_viewport_size({"width": size[0], "height": size[1]})
        picture(tablet, f"tablet-revoked-{name}")
        assert axe(tablet) == []
        assert tablet.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_who_answers_when_the_refusal_comes_ends_the_form_and_nobody_follows(
    tablet: Page, site: TabletSite
) -> None:
    tablet.context.set_offline(True)
    send_form(tablet)
    revoke(site)
    begin(tablet)
    tablet.context.set_offline(False)
    until(tablet, IS_REVOKED)

    assert answer_all(tablet) >= 8
    press(tablet)
    tablet.locator(".done").wait_for()
    assert "Không ai xem được câu trả lời trên máy này" in tablet.content()
    press(tablet)
    assert is_closed(tablet)
    assert stored_here(tablet) == 2
    assert site.answers() == 0


def pair_anew(page: Page, site: TabletSite) -> None:
    """Pair the tablet with a new code, from the officials' page."""
    page.get_by_role("button", name="Ghép lại máy").click()
    page.fill("#token", site.token())
    page.fill("#pin", PIN)
    press(page)
    page.click("text=Đưa máy vào dùng")
    page.locator(".idle .next").wait_for()


def another_survey_instead(site: TabletSite) -> None:
    """Let the survey that tablets are paired with be another one than that of the forms so far."""
    with site.database.session() as db:
        survey = db.query(Survey).one()
        survey.code = "ks-2025"
        db.flush()
        former = Survey(code="ks-2024", title="Khảo sát thử", kind="counter", year=2024, plan={})
        former.state, former.plan_sha256, former.created_at = "collecting", "0" * 64, clock.now()
        db.add(former)
        db.commit()


def test_officials_reach_what_a_revoked_tablet_holds_and_pair_it_anew(
    tablet: Page, site: TabletSite
) -> None:
    tablet.context.set_offline(True)
    send_form(tablet)
    revoke(site)
    tablet.context.set_offline(False)
    tablet.reload()
    assert is_closed(tablet)
    hold_title(tablet)
    tablet.fill("#pin", PIN)
    press(tablet)
    tablet.get_by_text("COLLECT-045").wait_for()
    tablet.get_by_text(REVOKED).wait_for()
    with tablet.expect_download():
        tablet.click("text=Tải tệp cứu phiếu")

    pair_anew(tablet, site)
    assert tablet.get_by_text(CLOSED).count() == 0
    empty_here(tablet)  # sent by itself
    assert site.answers() == 1


def test_a_tablet_paired_with_another_survey_keeps_the_forms_of_the_first(
    tablet: Page, site: TabletSite
) -> None:
    tablet.context.set_offline(True)
    send_form(tablet)
    revoke(site)
    another_survey_instead(site)
    tablet.context.set_offline(False)
    open_corner(tablet, site)
    tablet.get_by_text("COLLECT-045").wait_for()

    pair_anew(tablet, site)
    open_corner(tablet, site)
    tablet.get_by_text("COLLECT-018").wait_for()
    assert tablet.get_by_text("COLLECT-045").count() == 0
    assert stored_here(tablet) == 1
    assert site.answers() == 0


def test_officials_read_that_a_tablet_with_nothing_to_send_was_revoked(
    tablet: Page,
    site: TabletSite,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    open_corner(tablet, site)
    assert tablet.get_by_text(REVOKED).count() == 0
    tablet.click("text=Về trang đầu")
    tablet.locator(".idle .next").wait_for()
    revoke(site)
    open_corner(tablet, site)
    tablet.get_by_text(REVOKED).wait_for()

    assert stored_here(tablet) == 0
    for name, size in (("wide", (1280, 800)), ("narrow", (390, 844))):
        tablet.set_viewport_size({"width": size[0], "height": size[1]})
        picture(tablet, f"tablet-corner-revoked-{name}")
        assert axe(tablet) == []
    tablet.context.set_offline(True)
    with tablet.expect_event("requestfailed"):
        tablet.click("text=Gửi ngay")
    tablet.evaluate(HEAR_NEWS)
    assert tablet.get_by_text("Chưa có mạng").count() == 0


def test_news_draws_nothing_over_the_page_of_an_official(tablet: Page, site: TabletSite) -> None:
    tablet.context.set_offline(True)
    send_form(tablet)
    revoke(site)
    hold_title(tablet)
    tablet.fill("#pin", PIN)
    tablet.context.set_offline(False)
    until(tablet, IS_REVOKED)

    tablet.evaluate(HEAR_NEWS)

    assert tablet.input_value("#pin") == PIN
    press(tablet)
    tablet.get_by_text("COLLECT-045").wait_for()
    tablet.click("text=Về trang đầu")
    assert is_closed(tablet)


def test_a_short_code_is_hidden_while_it_is_typed_unless_it_is_asked_for(
    tablet: Page, site: TabletSite
) -> None:
    tablet.goto(f"{site.home}#can-bo")
    tablet.fill("#pin", PIN)
    assert tablet.locator("#pin").get_attribute("type") == "password"
    tablet.click("text=Hiện mã ngắn")
    assert tablet.locator("#pin").get_attribute("type") == "text"
    assert tablet.locator(".show").get_attribute("aria-pressed") == "true"
    press(tablet)
    tablet.click("text=Ghép lại máy")
    assert tablet.locator("#pin").get_attribute("type") == "password"


def test_the_officials_address_opens_their_page_in_a_tab_that_is_open(
    tablet: Page, site: TabletSite
) -> None:
    press(tablet)
    tablet.get_by_text("Cách trả lời").first.wait_for()
    tablet.goto(f"{site.home}#can-bo")  # while somebody answers: nothing happens
    assert tablet.locator("#pin").count() == 0
    press(tablet, ".foot .back")
    tablet.locator(".idle").wait_for()

    open_corner(tablet, site)
