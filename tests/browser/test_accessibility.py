"""WCAG 2.2 A and AA on every page in every language, at both sizes of text and of screen.

`make accessibility` walks all combinations; `make test` a part of them, every page at least once.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter
from werkzeug.serving import make_server

from questionnaires.loader import load_questionnaire
from questionnaires.types import Questionnaire
from surveyapp import web
from surveyapp.accounts import service as accounts
from surveyapp.actor import Actor
from surveyapp.app import create_app
from surveyapp.collect import draft
from surveyapp.collect.keys import Keyring
from surveyapp.collect.rights import Agency, Form
from surveyapp.collect.screens import Answered, screens_of
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.frames import drafts
from surveyapp.practice import service as practice
from surveyapp.practice.service import Wanted
from surveyapp.samples import size_decisions, witnessing
from surveyapp.samples.proposal import Choices
from surveyapp.samples.sizes import plan_request
from surveyapp.surveys import service as surveys
from surveyapp.surveys.keys import pseudonym_key
from tests.app import demo_plans
from tests.app import sample_factory as make
from tests.app.collect_world import DEFINITIONS
from tests.app.frames_world import AN, OFFICE, csv_file, with_two_lists
from tests.browser import test_tablet_pages
from tests.browser.conftest import EVERYTHING
from tests.browser.test_citizen_pages import PHONE, TABLET, Silent, Site, problems, serving
from tests.databases import make_tables

pytestmark = pytest.mark.browser
FORMS = sorted(path.stem for path in DEFINITIONS.glob("*.toml"))
KINDS = {"counter": "counter", "service": "service", "sipas_a": "service"}
#: Language and text size, with high contrast in one of them, and the screen.
LOOKS = (
    ("vi.100.0", PHONE),
    ("en.200.0", PHONE),
    ("vi.200.1", TABLET),
    ("en.100.0", TABLET),
    ("en.100.1", PHONE),
    ("vi.200.0", PHONE),
    ("en.200.0", TABLET),
    ("vi.100.1", TABLET),
)
#: In `make test` each form takes one of the first four looks; the longest form is left to the rest.
A_PART = [
    (form, *LOOKS[place]) for place, form in enumerate(("counter", "par_district", "service"))
]
WALKS = [(form, *look) for form in FORMS for look in LOOKS] if EVERYTHING else A_PART
#: A desk, a phone, a desk at 200 % (its window has half as many pixels), and the narrowest window
#: of WCAG 1.4.10.
WINDOWS = {
    "phone": PHONE,
    "desk": {"width": 1280, "height": 800},
    "desk-200": {"width": 640, "height": 400},
    "narrowest": {"width": 320, "height": 640},
}
#: Addresses that give files, or nothing without what was posted before.
NO_PAGES = {
    "static",
    "collect_api.figures",
    "collect_api.healthz",
    "collect_api.openapi",
    "collect_api.readyz",
    "tablet.file",
    "tablet.recording",
    "tablet_api.configuration",
    "frames.download_template",
    "lists.template",
    "samples.paper",
    "results.report",
    "results.table",
    "results.figure",
    "drafts.problems",
}
#: Pages for everybody, which no official's way leads to: where each is looked at.
OF_CITIZENS = {
    "collect.start": "places",
    "collect.code": "places",
    "collect.about": "places",
    "collect.question": "places",
    "collect.check": "places",
    "collect.device": "test_no_page_of_a_counter_tablet_breaks_wcag_or_scrolls_sideways",
    "collect.thanks": "test_no_page_of_a_counter_tablet_breaks_wcag_or_scrolls_sideways",
    "tablet.page": "test_no_page_of_the_tablet_breaks_wcag_or_hides_its_buttons",
}


def answers_that_show(asked: Questionnaire, wanted: str) -> dict[str, object]:
    """Answer so that all conditions hold; where two exclude each other, those of one page."""
    answers: dict[str, object] = {}
    for page in (*asked.pages, *(page for page in asked.pages if page.code == wanted)):
        for condition in (*page.show_if, *(one for item in page.items for one in item.show_if)):
            several = asked.item(condition.item).kind == "choices"
            answers[condition.item] = [condition.any_of[0]] if several else condition.any_of[0]
    return answers


@pytest.mark.parametrize(("form", "look", "size"), WALKS)
def test_no_page_of_a_shipped_form_breaks_wcag_or_scrolls_sideways(
    browser: Browser,
    tmp_path: Path,
    axe: Callable[[Page], list[str]],
    form: str,
    look: str,
    size: dict[str, int],
) -> None:
    with serving(tmp_path, KINDS.get(form, "sociological"), form) as site:
        context = browser.new_context(viewport=size, locale="vi-VN")
        page = context.new_page()
        context.add_cookies([{"name": "sipas_look", "value": look, "url": site.address}])
        found = []
        for place, wanted in places(form):
            go_on(context, site, form, wanted)
            page.goto(site.home + place)
            assert urlsplit(page.url).path.endswith(place), "a page that nobody looked at"
            found += problems(page, axe)
            if place in {"/code", "/check"}:  # with what is wrong on them
                with page.expect_navigation():
                    page.press(".foot .next", "Enter")
                found += problems(page, lambda _: [])
                # a link half under the foot is no small target: the page scrolls
                page.eval_on_selector(".foot", "foot => { foot.style.position = 'static'; }")
                found += axe(page)
        context.close()
    assert found == []


@pytest.mark.parametrize(("look", "size"), LOOKS if EVERYTHING else LOOKS[1:3])
def test_no_page_of_a_counter_tablet_breaks_wcag_or_scrolls_sideways(
    browser: Browser,
    tmp_path: Path,
    axe: Callable[[Page], list[str]],
    look: str,
    size: dict[str, int],
) -> None:
    with serving(tmp_path, "counter", "counter") as site:
        context = browser.new_context(viewport=size, locale="vi-VN")
        page = context.new_page()
        context.add_cookies([{"name": "sipas_look", "value": look, "url": site.address}])
        page.goto(f"{site.address}/device")
        found = problems(page, axe)
        page.fill("#token", site.token)
        page.press("#token", "Enter")
        page.wait_for_url(site.home)
        found += problems(page, axe)
        page.click(".foot .back")
        page.wait_for_url("**/later")
        page.locator(".printed").wait_for()
        found += problems(page, axe)
        page.goto(f"{site.home}/thanks")
        page.locator("#restart").wait_for()
        found += problems(page, axe)
        context.close()
    assert found == []


def form_of(form: str) -> Form:
    asked = load_questionnaire((DEFINITIONS / f"{form}.toml").read_text("utf-8"), form)
    codes = ("A1", "A2", "A3") if asked.rates == "many" else ("A1",)
    return Form(1, asked, tuple(Agency(one, f"Sở {one}") for one in codes), 1, None)


def places(form: str) -> list[tuple[str, str]]:
    """Return the addresses of all pages, each with the page of the definition that it shows."""
    questions = [(f"/q/{screen.key}", screen.page.code) for screen in screens_of(form_of(form))]
    return [("", ""), ("/code", ""), ("/about", ""), *questions, ("/check", "")]


def go_on(context: BrowserContext, site: Site, form: str, wanted: str) -> None:
    """Put an unfinished form into the browser, in which the questions of a page are asked."""
    given = Answered(answers_that_show(form_of(form).questionnaire, wanted), {})
    begun = draft.begin(site.codes[0])
    kept = draft.Draft(begun.exchange_id, begun.nonce, begun.code, given)
    key = Keyring(site.app.extensions["sipas_settings"].keys).draft_key
    for name, value in draft.to_cookies(kept, key, "ks-2024").items():
        if value:
            context.add_cookies([{"name": name, "value": value, "url": site.home}])


def lists_in_hand(db: Session, actor: Actor, settings: Settings) -> list[str]:
    """Have two units send lists, and one file be looked at; return the addresses of both."""
    survey = with_two_lists(db, actor, settings)
    bad = csv_file(AN, [*AN[:2], "Sở Y tê", "", "12"])
    upload = drafts.Upload("ds.csv", bad, pseudonym_key(settings.keys, survey))
    draft = drafts.begin(db, actor, survey, upload)
    home = f"/surveys/{survey.code}"
    return [f"{home}/lists/", f"{home}/lists/pairs", f"{home}/frame/drafts/{draft.id}/"]


def witnessed(db: Session, actor: Actor) -> str:
    """Open a draw before witnesses; return the address of its page."""
    survey, frame = make.survey_with(db, actor, make.RATERS_PLAN, make.raters())
    request = size_decisions.replace(plan_request(survey), few_reason="thử")
    size_decisions.adopt(db, actor, survey, frame, request)
    opened = witnessing.open_draw(db, actor, frame, Choices(few_reason="thử"))
    return f"/surveys/{survey.code}/sample/{opened.id}/witness"


class Office:
    """An installation with the practice surveys, an official who may do everything, a browser."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'survey.sqlite3'}"
        make_tables(url)
        settings = Settings(home=folder, database_url=url, insecure_cookies=True)
        roles = ("admin", "manager", "approver", "analyst", "council", "recheck", "auditor")
        with Database(url) as database:
            with database.session() as db:
                accounts.add(db, None, "can-bo", "Cán bộ", ["admin"])
                db.commit()
            raters, files, counter = demo_plans.RATERS, demo_plans.FILES, demo_plans.COUNTER
            practice.create(settings, Wanted(raters, files, demo_plans.SCALE, 0.1, counter=counter))
            with database.session() as db:
                everything = accounts.add(db, None, "tat-ca", "Cán bộ", roles)
                account = accounts.find(db, everything.login)
                account.must_change_password = False
                self.token = accounts.open_session(db, account).token
                actor = accounts.as_actor(account)
                surveys.create_from_plan(db, actor, raters.replace("par-nho", "par-moi"))
                self.more = [*lists_in_hand(db, actor, settings), witnessed(db, actor)]
                focal = accounts.add(db, None, "dau-moi", "Đầu mối", ["focal"])
                accounts.set_unit(db, None, focal.login, OFFICE)
                sender = accounts.find(db, focal.login)
                sender.must_change_password = False
                self.focal = accounts.open_session(db, sender).token
                db.commit()
        self.app: Flask = create_app(settings)
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=Silent)
        self.address = f"http://127.0.0.1:{self.server.port}"
        self.urls: MapAdapter = self.app.url_map.bind("127.0.0.1")

    def cookie(self, token: str) -> dict[str, str]:
        """Return the cookie of an official's session."""
        client = self.app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        kept = client.get_cookie("sipas")
        assert kept is not None
        return {"name": "sipas", "value": kept.value, "url": self.address}

    def endpoint(self, path: str) -> str | None:
        """Return what answers an address; None for foreign ones."""
        try:
            return str(self.urls.match(path, method="GET")[0])
        except HTTPException:
            return None

    def wanted(self) -> set[str]:
        """Return everything that shows a page and is no citizens' page."""
        pages = {
            rule.endpoint for rule in self.app.url_map.iter_rules() if "GET" in (rule.methods or ())
        }
        return pages - NO_PAGES - OF_CITIZENS.keys()

    def starts(self) -> list[str]:
        """Return the addresses that need nothing but a survey."""
        codes = ("par-moi", "par-nho-practice", "service-nho-practice", "counter-nho-practice")
        found = list(self.more)
        for rule in self.app.url_map.iter_rules():
            if rule.endpoint in self.wanted():
                if not rule.arguments:
                    found.append(rule.rule)
                elif rule.arguments == {"code"}:
                    found += [rule.rule.replace("<code>", code) for code in codes]
        return found


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = Office(tmp_path_factory.mktemp("office"))
    thread = Thread(target=office.server.serve_forever, daemon=True)
    thread.start()
    yield office
    office.server.shutdown()
    office.server.server_close()
    thread.join()
    web.database_of(office.app).dispose()


def test_no_page_of_officials_breaks_wcag_or_scrolls_sideways(
    browser: Browser, office: Office, axe: Callable[[Page], list[str]]
) -> None:
    found: list[str] = []
    seen: set[tuple[str, int]] = set()
    for token, starts in ((None, ["/", "/accounts/sign-in"]), (office.focal, ["/lists/"])):
        found += crawled(browser, office, axe, (token, starts), seen)
    found += crawled(browser, office, axe, (office.token, office.starts()), seen)
    pages = {endpoint for endpoint, status in seen if status == 200}
    assert found == []
    assert pages == office.wanted()
    assert set(OF_CITIZENS.values()) <= globals().keys() | vars(test_tablet_pages).keys()


def crawled(
    browser: Browser,
    office: Office,
    axe: Callable[[Page], list[str]],
    way: tuple[str | None, list[str]],
    seen: set[tuple[str, int]],
) -> list[str]:
    """Follow the links of somebody from some pages on; note what was seen, return what is wrong."""
    token, waiting = way
    context = browser.new_context(viewport=PHONE, locale="vi-VN")
    context.add_cookies([office.cookie(token)] if token else [])
    page = context.new_page()
    found: list[str] = []
    opened: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        endpoint = office.endpoint(path)
        if path in opened or endpoint not in office.wanted():
            continue
        opened.add(path)
        answer = page.request.get(office.address + path)
        new = (endpoint, answer.status) not in seen
        if not new and "practice" not in path:
            continue
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        seen.add((endpoint, answer.status))
        page.goto(office.address + path)
        links = page.locator("a[href^='/']").evaluate_all("all => all.map(one => one.pathname)")
        waiting += [link for link in links if not is_known(office, link, seen)]
        found += wrong_on(page, axe, is_new=new)
    context.close()
    return found


def is_known(office: Office, path: str, seen: set[tuple[str, int]]) -> bool:
    """Say whether a page like this one was looked at already."""
    return (office.endpoint(path), 200) in seen


def wrong_on(page: Page, axe: Callable[[Page], list[str]], *, is_new: bool) -> list[str]:
    """Return what is wrong in any window: its width, and WCAG on a phone.

    Of a page like one that was seen, the narrowest window is enough; `make accessibility` asks both
    of every page in every window.
    """
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    found = []
    for name in WINDOWS if is_new or EVERYTHING else ["narrowest"]:
        page.set_viewport_size(WINDOWS[name])
        path = urlsplit(page.url).path
        if (is_new and name == "phone") or EVERYTHING:
            found += [f"{path} ({name}): {line}" for line in axe(page)]
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if width > 0:
            found.append(f"{path} ({name}): {width} px too wide")
    return found
