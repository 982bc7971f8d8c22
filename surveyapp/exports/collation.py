"""The order of Vietnamese names, which neither Python nor SQLite knows.

As in Vietnamese dictionaries and Unicode CLDR (locale vi): ă, â after a; đ after d; ê after e;
ô, ơ after o; ư after u. Tones count only where all letters are equal, in the order level, huyền,
hỏi, ngã, sắc, nặng.
"""

import re
import unicodedata

_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {letter: position for position, letter in enumerate(_ALPHABET)}
_WORDS = re.compile(r"\d+|[^\W\d_]+", re.UNICODE)

Letters = tuple[int, ...]
NameKey = tuple[tuple[tuple[int, Letters], ...], tuple[int, ...], str]


def name_key(name: str) -> NameKey:
    """Return the sort key of `name`.

    Word by word, so "An Nhơn" stands before "Anh Sơn"; numbers by value, so "Phường 2" stands
    before "Phường 10". The tone counts per word: "hoà" and "hòa" are the same word. Case and
    punctuation decide last.
    """
    composed = unicodedata.normalize("NFC", name)
    words = _WORDS.findall(unicodedata.normalize("NFC", composed.casefold()))
    spelled = [_spell(word) for word in words]
    return tuple(key for key, _ in spelled), tuple(tone for _, tone in spelled), composed


def _spell(word: str) -> tuple[tuple[int, Letters], int]:
    """Split a word into the ranks of its letters (numbers first) and its tone."""
    if word.isdecimal():
        return (0, (int(word),)), 0
    tone, ranks = 0, []
    for character in word:
        decomposed = unicodedata.normalize("NFD", character)
        tone = max([tone, *(_TONES.get(mark, 0) for mark in decomposed)])
        ranks.append(_rank("".join(c for c in decomposed if c not in _TONES)))
    return (1, tuple(ranks)), tone


def _rank(decomposed: str) -> int:
    """Rank one letter without its tone; letters of other alphabets follow the Vietnamese ones."""
    letter = unicodedata.normalize("NFC", decomposed)
    known = _RANK.get(letter, _RANK.get(decomposed[:1]))
    return len(_ALPHABET) + ord(letter[0]) if known is None else known
