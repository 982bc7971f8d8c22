"""A tablet that has a connection asks nobody in vain; one that has none asks, as before."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from tests.browser.tablet_site import (
    TabletSite,
    begin,
    enter_code,
    press,
    stored_here,
    tablet_site,
)
from tests.faults.server import Nursery

pytestmark = pytest.mark.browser


@pytest.fixture
def site(nursery: Nursery, tmp_path: Path) -> Iterator[TabletSite]:
    with tablet_site(nursery, tmp_path / "home", "service", "small") as site:
        yield site


def spent_code(site: TabletSite) -> str:
    """Issue a code that somebody has answered with."""
    with site.database.session() as db:
        code = site.world.invite(db, is_spent=True)
        db.commit()
    return code


def test_a_spent_code_is_refused_before_the_first_question(
    tablet: Page,
    site: TabletSite,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    begin(tablet)
    tablet.fill("#invitation", spent_code(site))
    press(tablet)
    refused = tablet.locator(".summary")
    refused.get_by_text("Mã phiếu này đã được dùng để nộp phiếu. Mỗi mã dùng một lần").wait_for()
    for name, size in (("wide", (1280, 800)), ("narrow", (390, 844))):
        tablet.set_viewport_size({"width": size[0], "height": size[1]})
        picture(tablet, f"tablet-code-spent-{name}")
        assert axe(tablet) == []
    tablet.set_viewport_size({"width": 1280, "height": 800})
    press(tablet, ".tools.wide [lang=en]")
    refused.get_by_text("This code has been used to send a form. Each code works once").wait_for()
    assert stored_here(tablet) == 0

    enter_code(tablet, site.invitation())
    assert tablet.locator("[name=q1]").count() > 0


def test_without_a_connection_or_an_answer_a_code_goes_on_as_before(
    tablet: Page, site: TabletSite, axe: Callable[[Page], list[str]]
) -> None:
    code = spent_code(site)
    tablet.context.set_offline(True)
    begin(tablet)
    enter_code(tablet, code)
    assert tablet.locator("[name=q1]").count() > 0
    press(tablet, ".foot .back")

    tablet.context.set_offline(False)
    held: list[Route] = []
    tablet.route("**/api/device/code", lambda route: held.append(route))  # and is never answered
    press(tablet)
    tablet.get_by_text("Đang kiểm tra mã phiếu…").wait_for()
    assert axe(tablet) == []
    tablet.locator("[name=q1]").first.wait_for()
    assert len(held) == 1
    assert code not in (held[0].request.post_data or "")
