"""Recordings as WAV files, a way to see what a page really plays, and a page listened to."""

import io
import math
import wave

from playwright.sync_api import Page

from tests.browser.tablet_site import until

RATE = 8000
#: Longer than any test: it ends when a page stops it.
LONG = 120
#: Recordings of a page with two questions, in seconds: the first question stays unheard.
SOUNDS_OF_TWO = {
    "purpose_of_visit": LONG,
    "holder": 0.4,
    "holder-self": 0.3,
    "holder-family": 0.2,
}
#: Notes every sound of a page; the sounds themselves stay those of the browser.
NOTE_SOUNDS = """
  globalThis.sounds = [];
  const Real = globalThis.Audio;
  globalThis.Audio = function (address) {
    const made = new Real(address);
    globalThis.sounds.push(made);
    return made;
  };
"""
#: True while the newest sound is heard.
IS_HEARD = "sounds.length > 0 && !sounds.at(-1).paused && sounds.at(-1).currentTime > 0"
#: Skip to where the newest sound is about to end, as if one had listened so long.
LISTEN_ON = "sounds.at(-1).currentTime = sounds.at(-1).duration - 0.1"
#: The whole sounds in tenths of a second, to know them by; null while one is still being loaded.
LENGTHS = "sounds.map((one) => Math.round(one.duration * 10))"
#: True when the newest of so many sounds was heard to its end.
HAVE_ENDED = "sounds.length === {} && sounds.at(-1).ended"


def tone(seconds: float) -> bytes:
    """Return a low, soft tone as a WAV file."""
    samples = (128 + round(20 * math.sin(i / 6)) for i in range(round(RATE * seconds)))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(RATE)
        sound.writeframes(bytes(samples))
    return file.getvalue()


def answer_the_second_of_two(page: Page) -> None:
    """Cut the first question short: the second is spoken before an answer of it can be chosen."""
    until(page, IS_HEARD)
    answer = page.locator("label[for=holder-self]")
    answer.click()
    until(page, HAVE_ENDED.format(3))
    assert page.evaluate(LENGTHS) == [10 * LONG, 4, 3]
    assert page.locator("input:checked").count() == 0
    answer.click()
    assert page.locator("#holder-self").is_checked()

    page.locator("label[for=holder-family]").click()  # the question was heard: the answer alone
    until(page, HAVE_ENDED.format(4))
    assert page.evaluate(LENGTHS)[3:] == [2]
    page.locator("label[for=purpose_of_visit-file]").click()  # cut short before: from its start
    until(page, f"sounds.length === 5 && {IS_HEARD}")
    assert page.evaluate(LENGTHS)[4:] == [10 * LONG]
    assert page.locator("input:checked").count() == 1
