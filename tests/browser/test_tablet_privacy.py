"""Between two persons at the tablet nothing is left: page, memory, history, storage, cache."""

import hashlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.models import StoredQuestionnaire, Survey, SurveyGroup
from tests.app.collect_world import source_of
from tests.browser.tablet_site import (
    TabletSite,
    answer_all,
    begin,
    empty_here,
    instead,
    newer_application,
    paired,
    press,
    stored_here,
    tablet_site,
    until,
)
from tests.faults.server import Nursery

pytestmark = pytest.mark.browser
#: Everything that a script of the next person could read.
EVERYTHING_KEPT = """async () => {
  const database = await new Promise((resolve) => {
    indexedDB.open("sipas-tablet").onsuccess = (event) => resolve(event.target.result);
  });
  const stores = [...database.objectStoreNames];
  const kept = await Promise.all(stores.map((name) => new Promise((resolve) => {
    database.transaction(name).objectStore(name).getAll().onsuccess = (event) => {
      resolve(JSON.stringify(event.target.result));
    };
  })));
  const caches_ = await Promise.all((await caches.keys()).map(async (name) =>
    Promise.all((await (await caches.open(name)).keys()).map((request) => request.url))));
  return [...kept, JSON.stringify(caches_), JSON.stringify({...localStorage}),
    JSON.stringify({...sessionStorage}), JSON.stringify(history.state), document.cookie,
    location.href, document.documentElement.outerHTML].join("\\n");
}"""
SAID = "Chỗ gửi xe quá xa 7431"


@pytest.fixture(scope="module")
def site(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TabletSite]:
    with tablet_site(
        nursery, tmp_path_factory.mktemp("counter") / "home", "counter", "counter"
    ) as site:
        yield site


@pytest.fixture
def tablet(context: BrowserContext, site: TabletSite) -> Page:
    return paired(context, site)


def comment(page: Page) -> None:
    """Answer everything and write a comment on the last page."""
    begin(page)
    answer_all(page)
    press(page, ".answer:last-child button")
    page.fill("textarea", SAID)
    press(page)
    page.get_by_text(SAID).wait_for()


def test_nothing_readable_is_left_after_a_form(context: BrowserContext, tablet: Page) -> None:
    context.set_offline(True)
    comment(tablet)
    press(tablet)
    tablet.locator(".done").wait_for()
    assert SAID not in tablet.evaluate(EVERYTHING_KEPT)
    assert stored_here(tablet) == 1
    tablet.clock.run_for(21_000)  # nobody presses: the page goes back by itself
    tablet.locator(".idle").wait_for()

    kept = tablet.evaluate(EVERYTHING_KEPT)
    assert SAID not in kept
    assert "waiting_place" not in kept.replace(configuration_of(tablet), "")
    context.set_offline(False)
    empty_here(tablet)


def configuration_of(page: Page) -> str:
    """Return the stored configuration, which names the questions to everybody."""
    return str(
        page.evaluate(
            """() => new Promise((resolve) => {
              indexedDB.open("sipas-tablet").onsuccess = (event) => {
                const store = event.target.result.transaction("settings").objectStore("settings");
                store.get("configuration").onsuccess = (found) => {
                  resolve(JSON.stringify(found.target.result));
                };
              };
            })"""
        )
    )


def test_the_back_button_shows_nothing_of_the_person_before(tablet: Page) -> None:
    comment(tablet)
    press(tablet)
    tablet.locator(".done").wait_for()
    press(tablet)
    tablet.locator(".idle").wait_for()
    for _ in range(3):
        tablet.evaluate("history.back()")
        tablet.clock.run_for(500)
        assert SAID not in tablet.content()
        assert tablet.locator("input, textarea").count() == 0


def test_the_back_button_goes_one_question_back(tablet: Page) -> None:
    begin(tablet)
    for group in tablet.locator("fieldset").all():
        group.locator(".row").nth(1).click()
    press(tablet)
    tablet.get_by_text("Câu 2/8").wait_for()
    tablet.evaluate("history.back()")
    tablet.get_by_text("Câu 1/8").wait_for()

    assert tablet.locator("input:checked").count() == 2


def test_between_persons_there_is_nothing_to_press_but_start(tablet: Page) -> None:
    targets = tablet.locator("a, button, input, summary, textarea, select, [tabindex='0']")

    assert [one.inner_text().split()[:2] for one in targets.all()] == [["Bắt", "đầu"]]
    assert "quay" not in tablet.locator("body").inner_text().lower()  # no counter, no official


def test_who_goes_away_is_warned_and_then_forgotten(tablet: Page, site: TabletSite) -> None:
    begin(tablet)
    tablet.locator(".row").nth(1).click()
    for _ in range(3):  # the time can be extended without limit
        tablet.clock.run_for(121_000)
        tablet.get_by_role("alertdialog").wait_for()
        tablet.get_by_role("button", name="Tôi đang trả lời").click()
        assert tablet.locator("input:checked").count() == 1
    tablet.clock.run_for(119_000)
    assert tablet.get_by_role("alertdialog").count() == 0
    tablet.clock.run_for(2_000)
    assert tablet.locator(".seconds").inner_text() == "Còn 29 giây"
    tablet.clock.run_for(30_000)
    tablet.locator(".idle").wait_for()
    for _ in range(100):
        newest = max(site.days(), key=lambda one: one.device_id)
        if newest.broken_off:
            break
        tablet.clock.run_for(10_000)
    assert (newest.completed, newest.broken_off) == (0, 1)

    press(tablet)
    press(tablet)
    assert tablet.locator("input:checked").count() == 0


def test_a_visit_that_ends_with_the_power_counts_as_broken_off(
    tablet: Page, site: TabletSite
) -> None:
    begin(tablet)
    tablet.reload()
    tablet.locator(".idle").wait_for()
    for _ in range(100):
        newest = max(site.days(), key=lambda one: one.device_id)
        if newest.broken_off:
            break
        tablet.clock.run_for(10_000)

    assert (newest.started, newest.completed, newest.broken_off) == (1, 0, 1)


def test_a_changed_survey_is_taken_up_between_persons_only(tablet: Page, site: TabletSite) -> None:
    begin(tablet)
    first = tablet.locator(".ask").first.inner_text()
    with site.database.session() as db:
        db.get_one(Survey, site.world.survey.id).title = "Tên mới của cuộc khảo sát"
        change_questionnaire(db, first, "Hôm nay Ông/Bà đến vì việc gì?")
        db.commit()
    for _ in range(10):  # twenty minutes, in which somebody answers
        tablet.clock.run_for(100_000)
        tablet.keyboard.press("Tab")
    assert "Tên mới" not in tablet.evaluate("document.title")
    assert tablet.get_by_text("Câu 1/8").is_visible()
    assert tablet.locator(".ask").first.inner_text() == first
    with tablet.expect_response("**/api/device/configuration"):  # before its time is run off
        tablet.clock.run_for(151_000)

    tablet.get_by_role("heading", name="Tên mới của cuộc khảo sát").wait_for()
    begin(tablet)
    assert tablet.locator(".ask").first.inner_text() == "Hôm nay Ông/Bà đến vì việc gì?"


def change_questionnaire(db: Session, old: str, new: str) -> None:
    """Ask another wording from now on: the next version of the form."""
    [group] = db.scalars(select(SurveyGroup)).all()
    now, upcoming = group.questionnaire_version, group.questionnaire_version + 1
    source = source_of("counter").replace(old, new)
    source = source.replace(f"version = {now}", f"version = {upcoming}", 1)
    digest = hashlib.sha256(source.encode()).hexdigest()
    made = {"code": "counter", "version": upcoming, "sha256": digest, "source": source}
    db.add(StoredQuestionnaire(**made, published_at=clock.now()))
    db.flush()
    group.questionnaire_version = upcoming


#: The page has no connection to the API. Where it asks while the old service worker gives way,
#: Chromium may take that one for busy, and starts the new one some minutes later only.
WITHOUT_API = """{
  const connected = fetch;
  globalThis.fetch = async (path, ...more) => {
    if (String(path).startsWith("/api/")) throw new TypeError("no connection");
    return connected(path, ...more);
  };
}"""


def test_a_new_version_of_the_application_is_taken_up_between_persons_only(
    context: BrowserContext, site: TabletSite
) -> None:
    tablet = paired(context, site)
    begin(tablet)
    tablet.locator(".row").nth(1).click()
    tablet.evaluate(WITHOUT_API)
    with instead(site, newer_application(site)):
        tablet.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update())")
        until(
            tablet, "navigator.serviceWorker.getRegistration().then((one) => one.waiting !== null)"
        )
        for _ in range(10):  # twenty minutes, in which somebody answers
            tablet.clock.run_for(100_000)
            tablet.keyboard.press("Tab")
        assert tablet.evaluate("document.documentElement.dataset.version") is None
        assert tablet.locator("input:checked").count() == 1
        tablet.clock.run_for(151_000)  # she has gone

        until(tablet, "document.documentElement.dataset.version === 'newer'")
        tablet.locator(".idle").wait_for()
        assert tablet.evaluate("caches.keys().then((all) => all.includes('sipas-newer'))")
