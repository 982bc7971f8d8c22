"""Names of units: one spelling to compare, a readable code, an order that databases keep."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping

from surveyapp.exports.collation import name_key

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_WORD = re.compile(r"[^\W_]+")
#: What offices write short.
_ABBREVIATIONS = {
    "ubnd": "ủy ban nhân dân",
    "hđnd": "hội đồng nhân dân",
    "vp": "văn phòng",
    "tp": "thành phố",
    "tx": "thị xã",
    "bql": "ban quản lý",
}
CODE_LENGTH = 60


def clean(text: str) -> str:
    """Return `text` in NFC with single spaces and none at its ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def spelling(text: str) -> str:
    """Return what is compared: two spellings of one name give the same text.

    Case, punctuation, the place of a tone mark ("hoà", "hòa") and the usual abbreviations do not
    count; tones do, as they tell names apart.
    """
    words = _WORD.findall(unicodedata.normalize("NFC", text).casefold())
    full = " ".join(_ABBREVIATIONS.get(word, word) for word in words).split()
    return " ".join(_tone_last(word) for word in full)


def _tone_last(word: str) -> str:
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    letters = "".join(c for c in decomposed if c not in _TONES)
    tones = "".join(c for c in decomposed if c in _TONES)
    return unicodedata.normalize("NFC", letters) + tones


def nearest(wanted: str, known: Iterable[str], cutoff: float = 0.0) -> str | None:
    """Return the name that is spelled most like `wanted`, at least `cutoff` alike (0 to 1)."""
    return nearest_spelled(wanted, {spelling(name): name for name in known}, cutoff)


def nearest_spelled(wanted: str, by_spelling: Mapping[str, str], cutoff: float = 0.0) -> str | None:
    """Do the same among names that are kept by their spelling."""
    found = difflib.get_close_matches(spelling(wanted), list(by_spelling), n=1, cutoff=cutoff)
    return by_spelling[found[0]] if found else None


def slug(name: str) -> str:
    """Return a code of lower-case ASCII words: "Sở Nội vụ" gives "so-noi-vu".

    At most 60 characters, cut between words; "" where the name has no letter of any alphabet
    that is near to ASCII.
    """
    plain = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    code = ""
    for word in words:
        longer = f"{code}-{word}" if code else word[:CODE_LENGTH]
        if len(longer) > CODE_LENGTH:
            break
        code = longer
    return code


def sort_key(name: str) -> str:
    """Return digits whose order in any database is the Vietnamese order of the names."""
    words, tones, _ = name_key(name)
    parts = [
        f"01{letters[0]:012d}" if kind == 0 else "".join(f"{10 + min(r, 89):02d}" for r in letters)
        for kind, letters in words
    ]
    return ("00".join(parts) + "0000" + "".join(map(str, tones)))[:400]
