"""Giving forms and replacing a person in a real browser: by keyboard, at two sizes, WCAG."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import func, select
from werkzeug.serving import make_server

from surveyapp import web
from surveyapp.accounts import service as accounts
from surveyapp.app import create_app
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.models import Assignment, Disposition
from tests.app import sample_factory as make
from tests.browser.test_citizen_pages import Silent
from tests.databases import make_tables

pytestmark = pytest.mark.browser
PLAN = make.RATERS_PLAN.replace("questionnaires = 40", "questionnaires = 40\nagencies_per_form = 2")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'survey.sqlite3'}"
    make_tables(url)
    with Database(url) as database:
        yield database


@pytest.fixture
def address(tmp_path: Path, database: Database, context: BrowserContext) -> Iterator[str]:
    """Serve a drawn survey with a reserve to an official who is signed in."""
    with database.session() as db:
        actor = make.official(db)
        account = accounts.find(db, actor.login)
        account.must_change_password = False
        token = accounts.open_session(db, account).token
        _survey, frame = make.survey_with(db, actor, PLAN, make.raters())
        make.drawn(db, actor, frame, few_reason="thử", reserve_share="0.2")
        db.commit()
    url = database.engine.url.render_as_string(False)
    app = create_app(Settings(home=tmp_path, database_url=url, insecure_cookies=True))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = Thread(target=server.serve_forever)
    thread.start()
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    address = f"http://127.0.0.1:{server.port}"
    cookie = serializer.dumps({"_user_id": token, "_fresh": True})
    context.add_cookies(
        [{"name": app.config["SESSION_COOKIE_NAME"], "value": cookie, "url": address}]
    )
    yield address
    server.shutdown()
    thread.join()
    server.server_close()
    web.database_of(app).dispose()


def test_an_official_gives_forms_and_replaces_a_person_by_keyboard(
    page: Page, address: str, database: Database, look: Callable[[Page, str], None]
) -> None:
    page.goto(f"{address}/surveys/par-test/fieldwork/")
    look(page, "fieldwork-before")
    press(page, "button", "Giao phiếu")
    page.get_by_role("heading", name="Phiếu đã giao").wait_for()
    look(page, "fieldwork-after")

    press(page, "link", "Người được giao phiếu, thay người không trả lời được")
    page.get_by_role("heading", name="Người được giao phiếu").wait_for()
    look(page, "people")
    page.get_by_label("Tìm theo họ tên hoặc nơi nhận").fill("Văn phòng 2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio")).not_to_have_count(64)
    first = page.get_by_role("radio").first
    first.focus()
    page.keyboard.press("Space")
    page.get_by_label("Lý do").focus()
    page.keyboard.press("ArrowDown")
    press(page, "button", "Ghi nhận và thay bằng người dự phòng")

    page.get_by_text("lấy người kế tiếp trong danh sách dự phòng").first.wait_for()
    page.get_by_text("thay bằng").first.wait_for()
    look(page, "people-after")
    with database.read_session() as db:
        assert db.scalars(select(Disposition.reason)).all() == ["not_reached"]
        assert db.scalar(select(func.count()).select_from(Assignment)) == 65


def press(page: Page, role: str, name: str) -> None:
    page.get_by_role(role, name=name, exact=True).focus()
    page.keyboard.press("Enter")
