"""The witnessed draw in Chromium: by keyboard alone, on a small screen too, without axe's faults."""

import re

import pytest
from playwright.sync_api import Browser, Page

from surveyapp.accounts import service as accounts
from surveyapp.db import Database
from surveyapp.samples import size_decisions
from surveyapp.samples.sizes import plan_request
from tests.app import sample_factory as make
from tests.app.sample_factory import RATERS_PLAN
from tests.browser.conftest import SIZES


@pytest.fixture
def officials(live_server) -> dict[str, str]:
    """Store a survey with decided sizes and two officials; gives login -> password."""
    with Database(live_server.settings.database_url) as database, database.session() as db:
        actor = make.official(db, "goc")
        survey, frame = make.survey_with(db, actor, RATERS_PLAN, make.raters())
        asked = size_decisions.replace(plan_request(survey), few_reason="thử")
        size_decisions.adopt(db, actor, survey, frame, asked)
        made = {}
        for login, role in (("quan-ly", "manager"), ("mat-tran", "auditor")):
            made[login] = accounts.add(db, None, login, login, (role,)).password
            accounts.find(db, login).must_change_password = False
        db.commit()
    return made


def _sign_in(browser: Browser, url: str, login: str, password: str) -> Page:
    page = browser.new_context(viewport=SIZES["desk"], locale="vi-VN").new_page()
    page.goto(f"{url}/accounts/sign-in")
    _press(page, "input[name=login]", login)
    _press(page, "input[name=password]", password)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    return page


def _press(page: Page, selector: str, text: str = "") -> None:
    """Reach something by the tab key alone, then type or press Enter."""
    for _ in range(60):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            break
        page.keyboard.press("Tab")
    else:
        pytest.fail(f"{selector} cannot be reached by keyboard")
    if text:
        page.keyboard.type(text)
    else:
        with page.expect_navigation():
            page.keyboard.press("Enter")


def _facts(page: Page) -> tuple[str, str]:
    part, nonce = page.locator("dl.facts code").all_inner_texts()[:2]
    return part, nonce


def test_two_parties_draw_a_sample_by_keyboard(live_server, browser, look, officials) -> None:
    manager, auditor = (_sign_in(browser, live_server.url, *one) for one in officials.items())
    sample = f"{live_server.url}/surveys/par-test/sample/"
    manager.goto(sample)
    _press(manager, "a.button.main")
    look(manager, "witness-open")
    _press(manager, "input[type=submit]")
    here = manager.url
    look(manager, "witness-commit")
    secrets = {}
    for page, party in ((manager, "Sở Nội vụ"), (auditor, "Ủy ban Mặt trận Tổ quốc tỉnh")):
        page.goto(here)
        _press(page, "input[name=party]", party)
        _press(page, "input[name=make]")
        secrets[party] = _facts(page)
        look(page, "witness-part")
        _press(page, "a.button.main")
    manager.goto(here)
    look(manager, "witness-close")
    _press(manager, "form[action$='/close'] button")
    for page, party in ((manager, "Sở Nội vụ"), (auditor, "Ủy ban Mặt trận Tổ quốc tỉnh")):
        page.goto(here)
        part, nonce = secrets[party]
        _press(page, "input[name=part]", part)
        _press(page, "input[name=nonce]", nonce)
        look(page, "witness-reveal")
        _press(page, "form[action$='/reveal'] input[type=submit]")
    manager.goto(here)
    _press(manager, "form[action$='/draw'] button")
    assert re.search(r"64 phiếu từ 90 dòng\s+có chứng kiến", manager.locator("main").inner_text())
    look(manager, "sample-drawn")
    _press(manager, "a[href$='/forget']")
    look(manager, "forget")
