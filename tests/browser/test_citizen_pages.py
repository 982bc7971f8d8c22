"""The whole way through the citizens' pages in a real browser: no script, keyboard, WCAG, 200 %."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import func, select
from werkzeug.serving import WSGIRequestHandler, make_server

from surveyapp import web
from surveyapp.app import create_app
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import WaitingAnswer
from tests.app.collect_world import World
from tests.browser.conftest import EVERYTHING
from tests.browser.sounds import NOTE_SOUNDS, SOUNDS_OF_TWO, answer_the_second_of_two, tone
from tests.browser.tablet_site import until
from tests.databases import make_tables

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
TABLET = {"width": 1280, "height": 800}
#: Language, text and screen that only `make accessibility` walks with.
THE_OTHERS = [("vi.100.0", PHONE), ("en.100.0", TABLET)]
#: Longer than a second tap on the same place takes, in milliseconds.
DEBOUNCE = 450
#: Whether a page has been there for so long; its script began before.
TAPS_COUNT = """(pause) => performance.now() > pause
    + performance.getEntriesByType("navigation")[0].domContentLoadedEventStart"""


class Silent(WSGIRequestHandler):
    """Writes no access log."""

    def log(self, *_: Any) -> None:
        """Write nothing."""


class Site:
    """A server with one survey on a database of its own."""

    def __init__(self, folder: Path, kind: str, form: str) -> None:
        url = f"sqlite:///{folder / 'survey.sqlite3'}"
        make_tables(url)
        self.database = Database(url)
        with self.database.session() as db:
            world = World(db, kind, form)
            self.codes = [world.invite(db, 3 if form.startswith("par") else 0) for _ in range(3)]
            self.token = world.device(db)[1]
            db.commit()
        self.app = create_app(Settings(home=folder, database_url=url))
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=Silent)
        self.address = f"http://127.0.0.1:{self.server.port}"
        self.home = f"{self.address}/s/ks-2024"

    def answers(self) -> int:
        """Count the answers that wait."""
        with self.database.read_session() as db:
            return db.scalar(select(func.count()).select_from(WaitingAnswer)) or 0

    def close(self) -> None:
        """Stop."""
        self.server.shutdown()
        self.server.server_close()
        self.database.dispose()
        web.database_of(self.app).dispose()


@contextmanager
def serving(folder: Path, kind: str, form: str) -> Iterator[Site]:
    site = Site(folder, kind, form)
    thread = threading.Thread(target=site.server.serve_forever, daemon=True)
    thread.start()
    yield site
    site.close()
    thread.join()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path, "service", "small") as site:
        yield site


@contextmanager
def opened(browser: Browser, size: dict[str, int], *, script: bool) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(
        viewport=size, locale="vi-VN", java_script_enabled=script
    )
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    # leaving a page before its icon has come aborts the request: no fault of the page
    page.on(
        "requestfailed",
        lambda request: (
            None if "ERR_ABORTED" in (request.failure or "") else refused.append(request.url)
        ),
    )
    yield page
    # a refused form (422) is told to the console by the browser itself
    assert [text for text in refused if "status of 4" not in text] == []
    context.close()


def press(page: Page) -> None:
    page.click(".foot .next")


def enter(page: Page, site: Site, code: str) -> None:
    page.goto(site.home)
    press(page)
    page.fill("#invitation", code.lower())
    press(page)


def test_a_phone_without_javascript_sends_a_form(
    browser: Browser, site: Site, picture: Callable[[Page, str], None]
) -> None:
    with opened(browser, PHONE, script=False) as page:
        enter(page, site, site.codes[0])
        press(page)
        press(page)
        assert page.title().startswith("Lỗi: Câu 1 ")
        page.get_by_text("Không hài lòng", exact=True).click()
        picture(page, "citizen-phone-question")
        press(page)
        page.get_by_text("Chờ lâu").click()
        press(page)
        page.fill("#q3", "2")
        press(page)
        page.fill("#q4", "Cảm ơn")
        press(page)
        assert page.locator(".answer dd").filter(has_text="Chờ lâu").is_visible()
        assert site.answers() == 0
        press(page)

        assert page.url.endswith("/thanks")
        assert site.answers() == 1
        page.go_back()
        assert "Cảm ơn" not in page.content().replace("Cảm ơn Ông/Bà", "")


def test_a_phone_names_the_other_language_before_anything_is_opened(
    browser: Browser, site: Site
) -> None:
    with opened(browser, PHONE, script=False) as page:
        hold(page, site, "vi.200.0")
        page.goto(site.home)
        tools = page.locator("summary.tool")
        assert tools.inner_text().split() == ["Cỡ", "chữ,", "English"]
        assert tools.locator("[lang=en]").is_visible()
        tools.click()
        page.get_by_role("button", name="English").click()

        assert page.locator("html").get_attribute("lang") == "en"
        assert tools.inner_text().split() == ["Text", "size,", "Tiếng", "Việt"]
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_keyboard_alone_sends_a_form(browser: Browser, site: Site) -> None:
    with opened(browser, TABLET, script=False) as page:
        page.goto(site.home)
        tab_to(page, ".foot .next")
        strike(page, "Enter")
        tab_to(page, "#invitation")
        page.keyboard.type(site.codes[0])
        strike(page, "Enter")  # the field's Enter goes on; it does not change the look
        assert page.url.endswith("/about")
        tab_to(page, ".foot .next")
        strike(page, "Space")
        tab_to(page, "[name=q1]")
        for _ in range(3):
            page.keyboard.press("ArrowDown")
        assert page.locator("#q1-4").is_checked()
        strike(page, "Enter")
        tab_to(page, "#q3")
        page.keyboard.type("3")
        strike(page, "Enter")
        for _ in ("q4", "check"):
            tab_to(page, ".foot .next")
            strike(page, "Enter")
        assert page.url.endswith("/thanks")
    assert site.answers() == 1


def strike(page: Page, key: str) -> None:
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(selector).first.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"no way by Tab to {selector}")


def hold(page: Page, site: Site, look: str) -> None:
    page.context.add_cookies([{"name": "sipas_look", "value": look, "url": site.address}])


def problems(page: Page, axe: Callable[[Page], list[str]]) -> list[str]:
    """Return what WCAG, the width of the screen and the two buttons have against this page."""
    page.wait_for_function(TAPS_COUNT, arg=DEBOUNCE)
    found = [f"{page.url}: {line}" for line in axe(page)]
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if width > 0:
        found.append(f"{page.url}: {width} px too wide")
    for button in page.locator(".foot .back, .foot .next").all():
        box, height = button.bounding_box(), page.evaluate("innerHeight")
        if box is None or box["y"] < 0 or box["y"] + box["height"] > height + 1:
            found.append(f"{page.url}: a button is not on the screen")
    small = page.locator(".row, .foot button, .foot a, .change a").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 56).length"
    )
    return found + ([f"{page.url}: {small} targets under 56 px"] if small else [])


def walk(page: Page, site: Site, code: str, axe: Callable[[Page], list[str]]) -> list[str]:
    """Go the whole way, with mistakes, and return all problems of all pages."""
    page.goto(site.home)
    found = problems(page, axe)
    press(page)
    press(page)
    found += problems(page, axe)
    page.fill("#invitation", code)
    press(page)
    found += problems(page, axe)
    press(page)
    for _ in range(20):
        if "/q/" not in page.url:
            break
        press(page)
        found += problems(page, axe)
        for group in page.locator("fieldset").all():
            group.locator(".row").nth(1).click()
        if page.locator("fieldset").count():
            found += problems(page, axe)
            press(page)
        if page.locator("#q3").count():
            page.fill("#q3", "1")
            press(page)
    found += problems(page, axe)
    press(page)
    return found + problems(page, axe)


@pytest.mark.parametrize(
    ("look", "size"),
    [("en.200.0", PHONE), ("vi.200.1", TABLET), *(THE_OTHERS if EVERYTHING else [])],
)
def test_no_page_breaks_wcag_or_hides_its_buttons(
    browser: Browser,
    site: Site,
    axe: Callable[[Page], list[str]],
    look: str,
    size: dict[str, int],
) -> None:
    with opened(browser, size, script=True) as page:
        hold(page, site, look)

        assert walk(page, site, site.codes[0], axe) == []
        assert site.answers() == 1


def test_a_paired_tablet_asks_eight_screens(
    browser: Browser,
    tmp_path: Path,
    picture: Callable[[Page, str], None],
) -> None:
    with (
        serving(tmp_path, "counter", "counter") as site,
        opened(browser, TABLET, script=False) as page,
    ):
        page.goto(f"{site.address}/device")
        page.fill("#token", site.token)
        press(page)
        assert page.url == site.home
        press(page)
        while "/q/" in page.url:
            for group in page.locator("fieldset").all():
                group.locator(".row").nth(0).click()
            if page.url.endswith("guidance_manner"):
                picture(page, "citizen-tablet-question")
            place = page.locator(".place").inner_text()
            press(page)
        assert place == "Câu 8/8"
        press(page)
        page.get_by_role("link", name="Bắt đầu lại").wait_for()
        assert page.get_by_text("20 giây").is_hidden()  # nothing here goes by itself
        assert site.answers() == 1


def test_the_thanks_of_a_tablet_restart_twenty_seconds_after_the_last_touch(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        serving(tmp_path, "counter", "counter") as site,
        opened(browser, TABLET, script=True) as page,
    ):
        page.clock.install()
        page.goto(f"{site.address}/device")
        page.fill("#token", site.token)
        press(page)
        page.goto(f"{site.home}/thanks")
        page.get_by_text("20 giây").wait_for()
        page.clock.run_for(15_000)
        page.locator("h1").click()
        page.clock.run_for(15_000)
        assert page.url.endswith("/thanks")
        page.clock.run_for(6_000)

        page.wait_for_url(site.home)


@pytest.mark.parametrize(
    ("look", "size"),
    [("vi.100.0", PHONE), ("vi.200.0", PHONE), ("vi.100.0", TABLET), ("vi.200.1", TABLET)],
)
def test_a_rater_gets_a_table_or_cards_and_can_use_both(
    browser: Browser,
    tmp_path: Path,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
    look: str,
    size: dict[str, int],
) -> None:
    with (
        serving(tmp_path, "sociological", "par_district") as site,
        opened(browser, size, script=True) as page,
    ):
        hold(page, site, look)
        enter(page, site, site.codes[0])
        press(page)
        picture(page, f"rater-{look}-{size['width']}")

        assert problems(page, axe) == []
        assert page.get_by_role("row").count() == 4  # the table is one for those who hear it, too
        assert page.get_by_role("rowheader", name="Sở A2").is_visible()
        is_table = page.locator("thead").bounding_box()["width"] > 1
        assert is_table == (size == TABLET and ".100." in look)
        page.wait_for_timeout(DEBOUNCE)
        page.get_by_role("radio", name="Sở A2 Khá").check(force=True)
        press(page)
        assert page.locator("tbody .error").all_inner_texts() == ["Chưa chọn"] * 2
        assert page.locator(".summary").get_by_text("chọn một câu trả lời").count() == 1
        assert page.locator(".summary a").all_inner_texts() == ["Sở A1", "Sở A3"]
        picture(page, f"rater-wrong-{look}-{size['width']}")
        assert problems(page, axe) == []


def test_the_keyboard_alone_fills_a_table(browser: Browser, tmp_path: Path) -> None:
    with (
        serving(tmp_path, "sociological", "par_district") as site,
        opened(browser, TABLET, script=False) as page,
    ):
        enter(page, site, site.codes[0])
        press(page)
        for number in (1, 2, 3):
            tab_to(page, f"[name=leadership_1--{number}]")
            page.keyboard.press("ArrowRight")
            assert page.locator(f"#leadership_1--{number}-2").is_checked()
        strike(page, "Enter")

        assert page.url.endswith("1to3-leadership-2")


def at_question_one(page: Page, site: Site) -> None:
    """Come to the first question, and wait until a tap counts."""
    enter(page, site, site.codes[0])
    press(page)
    page.wait_for_url("**/q/one")
    page.wait_for_timeout(DEBOUNCE)


def test_a_trembling_finger_answers_one_question(browser: Browser, site: Site) -> None:
    with opened(browser, PHONE, script=True) as page:
        at_question_one(page, site)
        page.get_by_text("Hài lòng", exact=True).click()
        page.dblclick(".foot .next")
        page.wait_for_url("**/q/three")
        page.locator(".foot .next").click()  # the second tap of a slower finger
        page.wait_for_timeout(DEBOUNCE)

        assert page.url.endswith("/q/three")
        assert page.locator(".summary").count() == 0


def test_with_sound_first_the_first_touch_speaks_and_the_second_chooses(
    browser: Browser,
    site: Site,
    tmp_path: Path,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    folder = tmp_path / "audio" / "small" / "1" / "vi"
    folder.mkdir(parents=True)
    for name in ("q1", "q1-4", "q3"):
        (folder / f"{name}.wav").write_bytes(tone(0.3))
    with opened(browser, PHONE, script=True) as page:
        page.add_init_script(NOTE_SOUNDS)
        at_question_one(page, site)
        assert page.get_by_role("button", name="Nghe đọc cả phiếu").is_visible()
        assert not page.locator("#listen-how").is_visible()  # now a touch chooses at once
        with page.expect_response("**/q1.wav"):
            page.get_by_role("button", name="Nghe đọc cả phiếu").click()
        until(page, "sounds.length === 1 && sounds[0].ended")
        with page.expect_response("**/q1-4.wav"):
            page.get_by_text("Hài lòng", exact=True).click()
        until(page, "sounds.length === 2 && sounds[1].ended")
        assert not page.locator("#q1-4").is_checked()
        assert page.locator(".row.heard").count() == 1
        picture(page, "citizen-phone-listening")
        assert problems(page, axe) == []
        page.get_by_text("Hài lòng", exact=True).click()
        assert page.locator("#q1-4").is_checked()
        with page.expect_response("**/q3.wav"):  # the next question is read without asking
            press(page)
        assert page.get_by_role("button", name="Nghe đọc cả phiếu").is_visible()


def test_a_question_whose_reading_was_cut_short_is_read_before_its_answers(
    browser: Browser, tmp_path: Path, picture: Callable[[Page, str], None]
) -> None:
    folder = tmp_path / "audio" / "counter" / "2" / "vi"
    folder.mkdir(parents=True)
    for name, seconds in SOUNDS_OF_TWO.items():
        (folder / f"{name}.wav").write_bytes(tone(seconds))
    with (
        serving(tmp_path, "counter", "counter") as site,
        opened(browser, PHONE, script=True) as page,
    ):
        page.add_init_script(NOTE_SOUNDS)
        page.goto(f"{site.address}/device")
        page.fill("#token", site.token)
        press(page)
        press(page)
        page.wait_for_url("**/q/visit")
        page.wait_for_timeout(DEBOUNCE)
        page.get_by_role("button", name="Nghe đọc cả phiếu").click()
        answer_the_second_of_two(page)
        picture(page, "citizen-phone-listening-two")


def test_without_script_or_sound_nothing_offers_to_read_aloud(browser: Browser, site: Site) -> None:
    for script in (False, True):  # this Chromium has no voice
        with opened(browser, PHONE, script=script) as page:
            enter(page, site, site.codes[0])
            press(page)
            assert page.get_by_role("button", name="Nghe đọc cả phiếu").count() == 0


def test_the_first_page_is_small_and_asks_no_other_host(browser: Browser, site: Site) -> None:
    with opened(browser, PHONE, script=True) as page:
        loaded: list[tuple[str, int]] = []
        page.on("response", lambda answer: loaded.append((answer.url, len(answer.body()))))
        page.goto(site.home)
        press(page)
        page.wait_for_load_state("networkidle")

    assert all(url.startswith(site.address) for url, _ in loaded)
    assert sum(size for _, size in loaded) < 60_000
