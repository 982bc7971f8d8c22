"""The field of a code in a real browser: filled from an address, seen to its end on a phone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from surveyapp import codes
from tests.browser.test_citizen_pages import PHONE, Site, opened, press, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path, "service", "small") as site:
        yield site


def test_a_code_in_the_address_fills_the_field_and_leaves_the_address(
    browser: Browser, site: Site
) -> None:
    with opened(browser, PHONE, script=True) as page:
        page.goto(f"{site.home}/code#{site.codes[0]}")
        page.wait_for_function("document.getElementById('invitation').value !== ''")

        assert page.url == f"{site.home}/code"
        press(page)
        assert page.url.endswith("/about")


def hides_its_end(page: Page) -> bool:
    return page.locator("#invitation").evaluate("one => one.scrollWidth > one.clientWidth")


def test_a_phone_shows_a_code_to_its_end_also_where_it_was_mistyped(
    browser: Browser, site: Site, picture: Callable[[Page, str], None]
) -> None:
    with opened(browser, PHONE, script=True) as page:
        typed = codes.readable(codes.checked("M" * codes.LENGTH))
        page.goto(f"{site.home}/code")
        page.fill("#invitation", typed)
        assert not hides_its_end(page)
        press(page)
        page.locator(".item.wrong").wait_for()
        page.fill("#invitation", typed)
        picture(page, "citizen-phone-code")
        assert len(typed) == 34
        assert not hides_its_end(page)
        pixels = "one => parseFloat(getComputedStyle(one).fontSize)"
        assert page.locator("#invitation").evaluate(pixels) >= 18  # as the text around it
