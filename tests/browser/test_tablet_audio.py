"""Recorded questions on the tablet, in real Chromium: heard, touched twice, and time stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.sounds import (
    HAVE_ENDED,
    IS_HEARD,
    LENGTHS,
    LISTEN_ON,
    LONG,
    NOTE_SOUNDS,
    SOUNDS_OF_TWO,
    answer_the_second_of_two,
    tone,
)
from tests.browser.tablet_site import (
    DEBOUNCE,
    TabletSite,
    begin_listening,
    paired,
    press,
    tablet_site,
    until,
)
from tests.browser.test_tablet_pages import VOICE
from tests.faults.server import Nursery

pytestmark = pytest.mark.browser
#: Longer than the quiet after which the tablet warns.
QUIET = 121_000


@pytest.fixture(scope="module")
def site(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TabletSite]:
    home = tmp_path_factory.mktemp("audio") / "home"
    folder = home / "audio" / "small" / "1" / "vi"
    folder.mkdir(parents=True)
    for name, seconds in {"q1": LONG, "q1-4": 0.3}.items():
        (folder / f"{name}.wav").write_bytes(tone(seconds))
    with tablet_site(nursery, home, "service", "small") as site:
        yield site


def listening(context: BrowserContext, site: TabletSite) -> Page:
    """Pair a tablet, cut its connection, and come to the first question by the way of sound."""
    context.add_init_script(NOTE_SOUNDS)
    page = paired(context, site)
    until(
        page,
        "caches.open('sipas-audio').then((kept) => kept.keys()).then((all) => all.length === 2)",
    )
    code = site.invitation()
    context.set_offline(True)
    begin_listening(page, code)
    page.locator("label[for=q1-4]").wait_for()
    return page


def hear_out(page: Page) -> None:
    """Listen to the end of the question."""
    until(page, IS_HEARD)
    page.evaluate(LISTEN_ON)
    until(page, HAVE_ENDED.format(1))


def test_a_recording_is_heard_and_the_second_touch_chooses(
    context: BrowserContext, site: TabletSite
) -> None:
    page = listening(context, site)
    hear_out(page)
    press(page, "label[for=q1-4]")
    until(page, HAVE_ENDED.format(2))
    assert page.evaluate(LENGTHS) == [10 * LONG, 3]
    assert page.locator("input:checked").count() == 0
    assert page.locator(".row.heard #q1-4").count() == 1
    press(page, "label[for=q1-4]")
    assert page.locator("#q1-4").is_checked()


def test_a_question_whose_reading_was_cut_short_is_read_before_its_answers(
    context: BrowserContext, nursery: Nursery, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "audio" / "counter" / "2" / "vi"
    folder.mkdir(parents=True)
    for name, seconds in SOUNDS_OF_TWO.items():
        (folder / f"{name}.wav").write_bytes(tone(seconds))
    with tablet_site(nursery, tmp_path / "home", "counter", "counter") as site:
        context.add_init_script(NOTE_SOUNDS)
        page = paired(context, site)
        press(page)
        press(page, "label:has(#listens)")
        press(page)
        page.locator("label[for=holder-self]").wait_for()
        page.clock.run_for(DEBOUNCE)
        answer_the_second_of_two(page)


def test_nobody_is_warned_while_a_recording_plays(
    context: BrowserContext, site: TabletSite
) -> None:
    page = listening(context, site)
    until(page, IS_HEARD)
    page.clock.run_for(3 * QUIET)
    assert page.evaluate(IS_HEARD)
    assert page.get_by_role("alertdialog").count() == 0

    page.clock.run_for(DEBOUNCE)
    page.evaluate(LISTEN_ON)
    until(page, HAVE_ENDED.format(1))
    page.click("label[for=q1-4]")
    until(page, HAVE_ENDED.format(2))
    page.clock.run_for(QUIET)
    page.get_by_role("alertdialog").wait_for()


def test_what_has_no_recording_is_read_by_the_voice_of_the_device(
    context: BrowserContext, site: TabletSite
) -> None:
    context.add_init_script(VOICE)
    page = listening(context, site)
    hear_out(page)
    assert page.evaluate("said") == []

    press(page, "label[for=q1-2]")
    until(page, "said.length === 1")
    assert page.evaluate("said") == ["Không hài lòng"]
    assert page.evaluate("sounds.length") == 1
