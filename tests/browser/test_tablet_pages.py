"""The tablet's pages: WCAG, sizes, keyboard, second taps, speech, first load, service worker."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from surveyapp import clock, codes
from tests.browser.conftest import EVERYTHING
from tests.browser.tablet_site import (
    DEBOUNCE,
    PIN,
    Portal,
    TabletSite,
    begin,
    begin_listening,
    controlled,
    empty_here,
    enter_code,
    instead,
    open_corner,
    paired,
    press,
    tablet_site,
)
from tests.faults.server import Nursery

pytestmark = pytest.mark.browser
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
#: Text and screen that only `make accessibility` walks with.
THE_OTHERS = [(200, WIDE), (100, NARROW)]
#: A voice of the device, as Debian's Chromium has none; it notes what it is given to say.
VOICE = """
  globalThis.said = [];
  Object.defineProperty(globalThis, "speechSynthesis", { value: {
    speaking: false, cancel() {},
    getVoices: () => [{ lang: "vi-VN", localService: true }],
    speak(utterance) { said.push(utterance.text); setTimeout(() => utterance.onend?.(), 0); },
  } });
  globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


@pytest.fixture(scope="module")
def site(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TabletSite]:
    with tablet_site(
        nursery, tmp_path_factory.mktemp("slips") / "home", "service", "small"
    ) as site:
        yield site


def problems(page: Page, axe: Callable[[Page], list[str]]) -> list[str]:
    """Return what WCAG, the width of the screen, the buttons and the targets say against a page."""
    place = page.title()
    found = [f"{place}: {line}" for line in axe(page)]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        found.append(f"{place}: {wide} px too wide")
    for button in page.locator(".foot .back, .foot .next").all():
        box, height = button.bounding_box(), page.evaluate("innerHeight")
        if box is None or box["y"] < 0 or box["y"] + box["height"] > height + 1:
            found.append(f"{place}: a button is not on the screen")
    small = page.locator(".row, .foot button, .link").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 56).length"
    )
    return found + ([f"{place}: {small} targets under 56 px"] if small else [])


def walk(page: Page, site: TabletSite, size: int, axe: Callable[[Page], list[str]]) -> list[str]:
    """Go the whole way, with mistakes, and return all problems of all pages."""
    found = problems(page, axe)
    press(page)
    press(page, f"label:has(#size-{size})")
    press(page)
    found += problems(page, axe)
    press(page, "label:has(#helper-family)")
    press(page)
    press(page)
    found += problems(page, axe)
    enter_code(page, site.invitation())
    while page.locator(".items [data-item]").count():
        press(page)
        found += problems(page, axe)
        if page.locator("fieldset").count():
            press(page, "fieldset .row >> nth=1")
            press(page)
        if page.locator("#q3").count():
            page.fill("#q3", "99")
            press(page)
            found += problems(page, axe)
            page.fill("#q3", "2")
            press(page)
    found += problems(page, axe)
    press(page)
    page.locator(".done").wait_for()
    found += problems(page, axe)
    press(page)
    begin(page)
    page.clock.run_for(121_000)
    found += problems(page, axe)
    page.clock.run_for(31_000)
    page.locator(".idle").wait_for()
    empty_here(page)
    open_corner(page, site)
    return found + problems(page, axe)


@pytest.mark.parametrize(
    ("size", "screen"), [(100, WIDE), (200, NARROW), *(THE_OTHERS if EVERYTHING else [])]
)
def test_no_page_of_the_tablet_breaks_wcag_or_hides_its_buttons(
    browser: Browser,
    site: TabletSite,
    axe: Callable[[Page], list[str]],
    size: int,
    screen: dict[str, int],
) -> None:
    context = browser.new_context(viewport=screen, locale="vi-VN", bypass_csp=True)
    page = context.new_page()
    page.clock.install()
    page.goto(f"{site.home}#{site.token()}")
    page.locator("#pin").wait_for()
    found = problems(page, axe)
    press(page)
    page.get_by_text("4 đến 8 chữ số", exact=False).first.wait_for()
    found += problems(page, axe)
    page.fill("#pin", PIN)
    press(page)
    page.get_by_text("Kiểm tra trước khi dùng").wait_for()
    found += problems(page, axe)
    press(page)
    page.locator(".idle").wait_for()

    assert found + walk(page, site, size, axe) == []
    context.close()


@pytest.mark.parametrize(("size", "screen"), [(100, WIDE), (200, NARROW)])
def test_no_page_of_a_code_to_take_home_breaks_wcag(
    browser: Browser,
    nursery: Nursery,
    tmp_path: Path,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
    size: int,
    screen: dict[str, int],
) -> None:
    with tablet_site(nursery, tmp_path / "home", "counter", "small") as site:
        context = browser.new_context(viewport=screen, locale="vi-VN", bypass_csp=True)
        page = paired(context, site)
        press(page)
        press(page, f"label:has(#size-{size})")
        context.set_offline(True)
        press(page, "#later")
        page.get_by_text("Lúc này máy chưa lấy được mã").wait_for()
        found = problems(page, axe)
        press(page)
        found += problems(page, axe)
        context.set_offline(False)
        held: list[Route] = []
        page.route("**/api/device/later", lambda route: held.append(route))  # until it is looked at
        press(page, "#later")
        page.get_by_text("Máy đang lấy mã…").wait_for()
        found += problems(page, axe)
        picture(page, f"tablet-later-wait-{size}")
        held[0].continue_()
        page.locator(".printed").wait_for()

        assert found + problems(page, axe) == []
        context.close()


@pytest.mark.parametrize(("is_kept", "shown"), [(True, "được giữ lâu dài"), (False, "có thể xóa")])
def test_pairing_asks_the_browser_to_keep_the_data_and_shows_its_answer(
    context: BrowserContext, site: TabletSite, is_kept: bool, shown: str
) -> None:
    said = "true" if is_kept else "false"  # a test profile is never asked about this by Chromium
    context.add_init_script(
        "globalThis.asked = 0; navigator.storage.persisted = async () => false;"
        f"navigator.storage.persist = async () => {{ asked += 1; return {said}; }};"
    )
    page = context.new_page()
    page.goto(f"{site.home}#{site.token()}")
    page.fill("#pin", PIN)
    page.click("text=Ghép máy >> nth=-1")
    page.get_by_text("Kiểm tra trước khi dùng").first.wait_for()

    assert page.evaluate("asked") == 1
    assert shown in page.locator(".answer", has_text="Dữ liệu trên máy").inner_text()


def test_pairing_names_all_that_is_missing_and_keeps_what_was_typed(
    page: Page, site: TabletSite, axe: Callable[[Page], list[str]]
) -> None:
    page.goto(site.home)
    page.click(".foot .next")
    page.get_by_role("alert").wait_for()
    assert page.locator(".summary a").all_inner_texts() == [
        "Chưa nhập mã ghép máy.",
        "Mã ngắn của máy cần 4 đến 8 chữ số.",
    ]
    assert problems(page, axe) == []

    page.fill("#token", codes.make())
    page.fill("#pin", PIN)
    page.click(".foot .next")
    page.get_by_text("Máy chủ không biết mã này").wait_for()
    assert page.input_value("#pin") == PIN
    page.fill("#token", site.token())
    page.click(".foot .next")
    page.get_by_text("Kiểm tra trước khi dùng").first.wait_for()


def test_pairing_says_in_words_of_its_length_how_wrong_the_clock_is(
    page: Page, site: TabletSite
) -> None:
    page.goto(f"{site.home}#{site.token()}")
    page.fill("#pin", PIN)
    told = []
    for days in (0, 7 / 1440, -5 / 24, 14_600):
        page.clock.set_fixed_time(clock.now() + timedelta(days=days))
        page.click(".foot .next")
        page.get_by_text("Kiểm tra trước khi dùng").first.wait_for()
        told.append(page.locator(".answer", has_text="Đồng hồ").locator("dd").inner_text())
        page.click("text=Nhập lại")

    assert told[0] == "khớp với máy chủ"
    assert [text.partition(":")[0] for text in told[1:]] == [
        "nhanh 7 phút",
        "chậm 5 giờ",
        "nhanh 14.600 ngày",
    ]


def test_the_keyboard_alone_fills_a_form(context: BrowserContext, site: TabletSite) -> None:
    page = paired(context, site)

    def to(selector: str, key: str) -> None:
        page.clock.run_for(DEBOUNCE)
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.locator(selector).first.evaluate("one => one === document.activeElement"):
                break
        page.keyboard.press(key)

    before = site.answers()
    to(".next", "Enter")
    to("[name=helper]", "Space")
    to(".foot .next", "Enter")
    to("#invitation", "Home")
    page.keyboard.type(site.invitation())
    page.clock.run_for(DEBOUNCE)
    page.keyboard.press("Enter")
    page.locator("[name=q1]").first.wait_for()
    to("[name=q1]", "Space")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert page.locator("#q1-4").is_checked()
    for _ in range(4):
        to(".foot .next", "Enter")
    page.locator(".done").wait_for()
    empty_here(page)
    assert site.answers() == before + 1


def test_a_second_tap_does_not_answer_the_next_page(
    context: BrowserContext, site: TabletSite
) -> None:
    page = paired(context, site)
    page.clock.run_for(DEBOUNCE)
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    page.click(".next")
    page.get_by_text("Cách trả lời").first.wait_for()
    page.locator(".foot .back").dispatch_event("click", {"detail": 2})
    assert page.get_by_text("Cách trả lời").first.is_visible()
    page.clock.run_for(DEBOUNCE)
    page.locator(".foot .back").dispatch_event("click", {"detail": 1})
    page.locator(".idle").wait_for()


def test_who_listens_hears_the_question_and_touches_twice(
    context: BrowserContext, site: TabletSite
) -> None:
    context.add_init_script(VOICE)
    page = paired(context, site)
    begin_listening(page, site.invitation())
    assert page.evaluate("said") == ["Ông/Bà có hài lòng không?"]
    press(page, "label[for=q1-4]")
    assert page.evaluate("said").pop() == "Hài lòng"
    assert page.locator("input:checked").count() == 0
    press(page, "label[for=q1-4]")
    assert page.locator("#q1-4").is_checked()


def test_the_first_load_is_small_and_asks_no_other_host(
    context: BrowserContext, site: TabletSite
) -> None:
    page = paired(context, site)
    page.evaluate(
        "navigator.serviceWorker.getRegistration().then((one) => one.unregister())"
        ".then(() => caches.keys()).then((all) => Promise.all(all.map((one) => caches.delete(one))))"
    )
    loaded: list[tuple[str, int]] = []
    page.on(
        "requestfinished",
        lambda request: loaded.append((request.url, request.sizes()["responseBodySize"])),
    )
    page.reload()
    page.locator(".idle").wait_for()
    controlled(page)  # a cleared worker has registered itself again

    assert all(url.startswith(site.server.url) for url, _ in loaded)
    assert len(loaded) <= 6, loaded
    assert sum(size for _, size in loaded) < 60_000


def test_the_page_of_a_network_on_the_way_is_never_kept(
    context: BrowserContext, site: TabletSite
) -> None:
    page = paired(context, site)
    with instead(site, Portal):
        seen = page.evaluate(
            """async () => {
              const cache = await caches.open((await caches.keys()).find((one) => one !== "sipas-audio"));
              await cache.delete("/tablet/icon.svg");
              const shown = await (await fetch("/tablet/icon.svg")).text();
              const worker = await navigator.serviceWorker.getRegistration();
              const update = await worker.update().then(() => "taken", () => "refused");
              const kept = await Promise.all((await cache.keys()).map((one) => cache.match(one)));
              return [shown.includes("Wi-Fi"), update, kept.map((one) => one.headers.get("Sipas"))];
            }"""
        )
        page.reload()
        page.locator(".idle").wait_for()

    assert seen == [True, "refused", ["1"] * 4]
