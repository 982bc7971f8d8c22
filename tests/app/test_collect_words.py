"""The words of the citizens' pages: complete in every language, all used, NFC."""

import re
import string
import unicodedata
from pathlib import Path

import surveyapp
from surveyapp.labels import AT_COUNTERS, ERRORS, LANGUAGES, WORDS, refusal, words

ROOT = Path(surveyapp.__file__).parent
TEMPLATES = "".join(path.read_text("utf-8") for path in (ROOT / "templates/collect").glob("*.html"))
SOURCES = "".join(path.read_text("utf-8") for path in (ROOT / "collect").glob("*.py"))


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_the_same_words_with_the_same_numbers_in_them() -> None:
    assert set(WORDS) == set(LANGUAGES)
    for language in LANGUAGES:
        assert set(WORDS[language]) == set(WORDS["vi"])
        for name, text in WORDS[language].items():
            assert text == unicodedata.normalize("NFC", text).strip()
            assert text
            assert fields(text) == fields(WORDS["vi"][name])


def test_words_for_counters_replace_words_and_speak_of_no_invitation() -> None:
    assert set(AT_COUNTERS) == set(LANGUAGES)
    for language in LANGUAGES:
        assert set(AT_COUNTERS[language]) == set(AT_COUNTERS["vi"]) < set(WORDS["vi"])
        assert words(language, "service") == WORDS[language]
        for name, text in AT_COUNTERS[language].items():
            assert words(language, "counter")[name] == text == unicodedata.normalize("NFC", text)
            assert fields(text) == fields(WORDS[language][name])
    assert [text for text in told("counter") if re.search(OF_LETTERS, text)] == []
    assert len([text for text in told("service") if re.search(OF_LETTERS, text)]) > 5


#: What comes with a letter, and never from the tablet of a counter.
OF_LETTERS = "giấy mời|phong bì|invitation|envelope"


def told(kind: str) -> list[str]:
    return [text for language in LANGUAGES for text in words(language, kind).values()]


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    used = set(re.findall(r"say\.(\w+)", TEMPLATES))
    used |= set(re.findall(r'say\["(\w+)"\]', SOURCES))
    used |= set(re.findall(r'words\([^)]*\)\["(\w+)"\]', SOURCES))

    assert used == set(WORDS["vi"])


def test_english_pages_hold_no_vietnamese() -> None:
    letters = set("ăâđêôơưĂÂĐÊÔƠƯ")
    texts = [*WORDS["en"].values(), *AT_COUNTERS["en"].values()]
    for text in [*texts, *(part for pair in ERRORS.values() for part in pair)]:
        assert not letters & set(unicodedata.normalize("NFC", text))


def test_every_refusal_that_a_citizen_can_meet_has_english_words() -> None:
    for name in ("rights", "service", "draft", "visits", "views"):
        source = (ROOT / "collect" / f"{name}.py").read_text("utf-8")
        for code in re.findall(r'AppError\(\s*"(COLLECT-\d+)"', source):
            # refusals of devices, and those that have their words in both languages already
            if code not in {"COLLECT-021", "COLLECT-062", "COLLECT-075"}:
                assert refusal(code), code
