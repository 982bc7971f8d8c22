"""Pages of collecting lists in Chromium: whole at both sizes, by keyboard, without faults."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from surveyapp.accounts import service as accounts
from surveyapp.db import Database
from tests.app.frames_world import AN, OFFICE, csv_file, with_two_lists
from tests.browser.live_server import LiveServer

pytestmark = pytest.mark.browser


@pytest.fixture
def signed_in_page(live_server: LiveServer, context) -> Page:
    """Open Chromium as a manager, with two lists that name one person."""
    with Database(live_server.settings.database_url) as database, database.session() as db:
        accounts.add(db, None, "lan.anh", "Trần Lan Anh", ["manager"])
        account = accounts.find(db, "lan.anh")
        account.must_change_password = False
        actor = accounts.as_actor(account)
        with_two_lists(db, actor, live_server.settings)
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
    signed_in_page: Page, live_server: LiveServer, look: Callable[[Page, str], None]
) -> None:
    page, home = signed_in_page, f"{live_server.url}/surveys/par-2024"
    page.goto(f"{home}/frame/")
    bad = csv_file(AN, [*AN[:2], "Sở Y tê", "", "12"])
    page.set_input_files("#file", {"name": "ds.csv", "mimeType": "text/csv", "buffer": bad})
    page.get_by_role("button", name="Xem trước").press("Enter")
    page.wait_for_url("**/drafts/**")
    draft = page.url
    for name, address in {
        "frame": f"{home}/frame/",
        "draft": draft,
        "lists": f"{home}/lists/",
        "unit": f"{home}/lists/{OFFICE}/",
        "pairs": f"{home}/lists/pairs",
    }.items():
        page.goto(address)
        look(page, name)


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
