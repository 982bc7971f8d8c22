"""Pages of collecting lists in Chromium: whole at both sizes, by keyboard, without faults."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page

from surveyapp.accounts import service as accounts
from surveyapp.db import Database
from surveyapp.frames import collecting, drafts
from surveyapp.surveys import definitions
from surveyapp.surveys import service as surveys
from surveyapp.surveys.keys import pseudonym_key
from tests.app.frames_world import AN_LAO, ASKED, DEPUTIES, LEADERS, OFFICE, csv_file
from tests.browser.live_server import LiveServer

pytestmark = pytest.mark.browser
SIZES = ({"width": 1280, "height": 800}, {"width": 390, "height": 844})
AN = ["Nguyễn Văn An", DEPUTIES, "Sở Y tế", "1970", ""]


@pytest.fixture
def signed_in_page(live_server: LiveServer, context) -> Page:
    """Open Chromium as a manager, with two lists that name one person."""
    with Database(live_server.settings.database_url) as database, database.session() as db:
        accounts.add(db, None, "lan.anh", "Trần Lan Anh", ["manager"])
        account = accounts.find(db, "lan.anh")
        account.must_change_password = False
        actor = accounts.as_actor(account)
        survey = surveys.create_from_plan(db, actor, definitions.plan_text("binh-dinh-par-2024"))
        collecting.ask(db, actor, survey, ASKED, date(2024, 10, 20))
        key = pseudonym_key(live_server.settings.keys, survey)
        rows = {OFFICE: AN, AN_LAO: [AN[0], LEADERS, "Huyện An Lão", "1970", ""]}
        for unit, row in rows.items():
            line = collecting.find(db, actor, survey, unit)
            upload = drafts.Upload("ds.csv", csv_file(row), key)
            draft = drafts.begin(db, actor, survey, upload, line.unit_list)
            collecting.send(db, actor, survey, draft, key)
            collecting.decide(db, actor, survey, line, None)
        opened = accounts.open_session(db, account)
        db.commit()
    page = context.new_page()
    page.goto(f"{live_server.url}/accounts/sign-in")
    page.context.clear_cookies()
    page.context.add_cookies([_cookie(live_server, opened.token)])
    return page


def _cookie(server: LiveServer, token: str) -> dict:
    """Return the cookie of a session that was opened beside the sign-in page."""
    from surveyapp.app import create_app

    app = create_app(server.settings)
    serializer = app.session_interface.get_signing_serializer(app)
    value = serializer.dumps({"_user_id": token, "_fresh": True})
    return {"name": "sipas", "value": value, "url": server.url}


def test_pages_of_lists_are_whole_and_clean_at_both_sizes(
    signed_in_page: Page,
    live_server: LiveServer,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    page, home = signed_in_page, f"{live_server.url}/surveys/par-2024"
    page.goto(f"{home}/frame/")
    bad = csv_file(AN, [*AN[:2], "Sở Y tê", "", "12"])
    page.set_input_files("#file", {"name": "ds.csv", "mimeType": "text/csv", "buffer": bad})
    page.get_by_role("button", name="Xem trước").press("Enter")
    page.wait_for_url("**/drafts/**")
    draft = page.url
    for size in SIZES:
        page.set_viewport_size(size)
        for name, address in {
            "frame": f"{home}/frame/",
            "draft": draft,
            "lists": f"{home}/lists/",
            "unit": f"{home}/lists/{OFFICE}/",
            "pairs": f"{home}/lists/pairs",
        }.items():
            page.goto(address)
            picture(page, f"{name}-{size['width']}")
            assert axe(page) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name


def test_a_doubt_is_decided_with_the_keyboard(
    signed_in_page: Page, live_server: LiveServer
) -> None:
    page = signed_in_page
    page.goto(f"{live_server.url}/surveys/par-2024/lists/pairs")
    page.get_by_label("Một người: gộp").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Đã ghi quyết định").wait_for()
    assert page.locator(".tag").first.inner_text() == "một người"
