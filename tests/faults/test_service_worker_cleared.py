"""Somebody clears caches and service worker of the tablet: the forms stay, and it mends itself."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.tablet_site import empty_here, paired, send_form, stored_here, tablet_site
from tests.faults.server import Nursery

pytestmark = pytest.mark.browser
CLEAR = """async () => {
  for (const name of await caches.keys()) await caches.delete(name);
  for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
}"""
IS_BACK = """async () => (await navigator.serviceWorker.getRegistrations()).length === 1
  && (await caches.keys()).length > 0"""


def test_a_cleared_service_worker_loses_no_form_and_comes_back(
    context: BrowserContext, nursery: Nursery, tmp_path: Path
) -> None:
    with tablet_site(nursery, tmp_path / "home", "counter", "counter") as site:
        page = paired(context, site)
        context.set_offline(True)
        send_form(page)
        page.evaluate(CLEAR)
        send_form(page)  # the page that is open goes on
        assert stored_here(page) == 2

        context.set_offline(False)
        page.reload()
        page.locator(".idle").wait_for()
        empty_here(page)
        page.wait_for_function(IS_BACK)
        assert site.answers() == 2

        context.set_offline(True)
        page.reload()  # works without a connection again
        page.locator(".idle").wait_for()
