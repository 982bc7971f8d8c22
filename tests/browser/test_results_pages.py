"""The page of results in Chromium: what decides first, parts that open, print, a small screen."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from surveyapp.accounts import service as accounts
from surveyapp.db import Database
from surveyapp.models import PublishedFigure
from surveyapp.results import service
from tests.app.results_world import manager, served_survey
from tests.browser.conftest import EVERYTHING
from tests.browser.live_server import LiveServer, serving
from tests.faults.server import Nursery

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def council(
    nursery: Nursery, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[tuple[Page, str]]:
    """Open a browser as the Appraisal Council; the address of results with hidden scores."""
    with serving(nursery, tmp_path_factory.mktemp("results") / "home") as server:
        login, password, code = stored(server)
        context = browser.new_context(viewport=WIDE, locale="vi-VN")
        page = context.new_page()
        page.goto(f"{server.url}/accounts/sign-in")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", password)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        yield page, f"{server.url}/surveys/{code}/results/"
        context.close()


@pytest.fixture
def results(council: tuple[Page, str]) -> tuple[Page, str]:
    """Give the browser as a desk that does not print."""
    council[0].set_viewport_size(WIDE)
    council[0].emulate_media(media="screen")
    return council


def stored(server: LiveServer) -> tuple[str, str, str]:
    """Store a survey with results and two published years; give login, password, its code."""
    with Database(server.settings.database_url) as database, database.session() as db:
        actor = manager(db)
        survey = served_survey(db, actor)
        service.run(db, actor, survey)
        method = service.method_of(db, survey.groups[0])
        known = {"code": "index", "title": "Chỉ số hài lòng", "source": "Văn bản thử"}
        known |= {"publisher": method.publisher, "population": method.population}
        known |= {"method_version": f"{method.code} {method.version}", "kind": "value"}
        db.add(PublishedFigure(year=2022, value=80.08, **known))
        db.add(PublishedFigure(year=2023, value=82.66, **known))
        made = accounts.add(db, None, "hoi-dong", "Hội đồng", ["council"])
        accounts.find(db, made.login).must_change_password = False
        db.commit()
        return made.login, made.password, survey.code


def height(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("SURVEY_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_what_decides_is_on_the_first_screen_and_parts_open(
    results: tuple[Page, str], axe: Callable[[Page], list[str]]
) -> None:
    page, path = results
    page.goto(path)
    keep(page, "results-closed-1280")
    card = page.locator(".decides").first
    assert "Khoảng tin cậy 95%" in card.inner_text()
    for text in ("Chỉ số hài lòng", "Khoảng tin cậy 95%", "Phiếu thu về", "Không công bố (dưới 10"):
        place = card.get_by_text(text, exact=False).first.bounding_box()
        assert place is not None
        assert place["y"] + place["height"] < WIDE["height"], text
    closed = height(page)
    assert axe(page) == []

    with page.expect_navigation():
        page.get_by_role("link", name="Mở tất cả các phần").click()
    assert height(page) > 3 * closed
    assert not EVERYTHING or axe(page) == []  # otherwise asked on a small screen only
    keep(page, "results-open-1280")

    page.goto(path)
    with page.expect_navigation():
        page.locator(".contents a").nth(1).click()
    assert page.locator("details[open].part").count() == 1
    assert page.locator("#part-2 figure svg").first.is_visible()
    summary = page.locator("#part-1 > summary")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("#part-1[open]").count() == 1


def test_print_holds_every_part(results: tuple[Page, str]) -> None:
    page, path = results
    page.goto(path)
    tables = page.locator(".part table")
    assert tables.count() > 10
    assert not any(table.is_visible() for table in tables.all())
    page.emulate_media(media="print")
    assert all(table.is_visible() for table in tables.all())


def test_on_a_small_screen_nothing_is_cut(
    results: tuple[Page, str], axe: Callable[[Page], list[str]]
) -> None:
    page, path = results
    page.set_viewport_size(NARROW)
    page.goto(f"{path}?open=all")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    cells = page.locator("#confidential td, #confidential tbody th")
    assert cells.count() == 10
    for cell in cells.all():
        place = cell.bounding_box()
        assert place is not None
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= NARROW["width"]
    assert axe(page) == []
    keep(page, "results-open-390")
    page.goto(path)
    keep(page, "results-closed-390")
