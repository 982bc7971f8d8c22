"""The last look in a real browser: back at the row that was changed, for eyes and keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.test_citizen_pages import PHONE, enter, opened, press, serving

pytestmark = pytest.mark.browser


def test_who_changes_an_answer_finds_it_again_and_the_keyboard_goes_on_there(
    browser: Browser, tmp_path: Path, picture: Callable[[Page, str], None]
) -> None:
    with (
        serving(tmp_path, "counter", "counter") as site,
        opened(browser, PHONE, script=False) as page,
    ):
        enter(page, site, site.codes[0])
        press(page)
        while "/q/" in page.url:
            for group in page.locator("fieldset").all():
                group.locator(".row").nth(0).click()
            press(page)
        assert page.evaluate("scrollY") == 0
        change = page.locator("#row-visits .change a")
        change.click()
        page.locator(".row").nth(3).click()
        press(page)
        box, foot = (page.locator(one).bounding_box() for one in ("#row-visits", ".foot"))
        picture(page, "citizen-phone-changed")
        assert page.url.endswith("/check#row-visits")
        assert page.evaluate("scrollY") > 0
        assert box["y"] >= 0 and box["y"] + box["height"] <= foot["y"]
        page.keyboard.press("Tab")
        assert change.evaluate("one => one === document.activeElement")
