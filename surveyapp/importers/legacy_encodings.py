"""Texts in old Vietnamese encodings: recognised by their signs, read where that is certain."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable

from surveyapp.importers.syllables import is_vietnamese

#: TCVN 5712:1993 (fonts .VnTime, "ABC"): the byte of each letter; capitals with tones have none,
#: they are set in a capital font. The same table as glibc's TCVN5712-1, which a test compares.
_TCVN3 = {
    **dict(zip(range(0xA1, 0xA8), "ĂÂÊÔƠƯĐ", strict=True)),
    **dict(zip(range(0xA8, 0xAF), "ăâêôơưđ", strict=True)),
    **dict(zip(range(0xB5, 0xBA), "àảãáạ", strict=True)),
    **dict(zip(range(0xBB, 0xBF), "ằẳẵắ", strict=True)),
    **dict(zip(range(0xC6, 0xCD), "ặầẩẫấậè", strict=True)),
    **dict(zip(range(0xCE, 0xD9), "ẻẽéẹềểễếệìỉ", strict=True)),
    **dict(zip(range(0xDC, 0xE0), "ĩíịò", strict=True)),
    **dict(zip(range(0xE1, 0xF0), "ỏõóọồổỗốộờởỡớợù", strict=True)),
    **dict(zip(range(0xF1, 0xFF), "ủũúụừửữứựỳỷỹýỵ", strict=True)),
}
#: VNI writes a vowel and its mark as two signs: "Noäi vuï"; a few letters are one sign.
_VNI_MARKS = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_VNI_CIRCUMFLEX = {
    "â": "\u0302",
    "á": "\u0302\u0301",
    "à": "\u0302\u0300",
    "å": "\u0302\u0309",
    "ã": "\u0302\u0303",
    "ä": "\u0302\u0323",
}
_VNI_BREVE = {
    "ê": "\u0306",
    "é": "\u0306\u0301",
    "è": "\u0306\u0300",
    "ú": "\u0306\u0309",
    "ü": "\u0306\u0303",
    "ë": "\u0306\u0323",
}
_VNI_PAIRS = {
    base + mark: base + added
    for bases, marks in (
        ("aeouyôö", _VNI_MARKS),
        ("aeo", _VNI_CIRCUMFLEX),
        ("a", _VNI_BREVE),
    )
    for base in bases
    for mark, added in marks.items()
}
_VNI_SINGLE = {"æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ", "ô": "ơ", "ö": "ư"}
_VNI = re.compile(r"[aeouyôö][øûïüëåäùõâáàãêéèú]|[^\x00-\x7f]", re.IGNORECASE)
_VNI_KEPT = frozenset("íìÍÌ")
#: Letters that only Vietnamese text in Unicode has; text of an old encoding has none.
_REAL = re.compile(r"[ăđơưĩũĂĐƠƯĨŨ\u1ea0-\u1ef9]")
#: Signs that stand in no Vietnamese word: what an old font shows as a letter.
_SIGNS = re.compile(r"[¡-¨ª-¯µ-¹»-¾ÄÅÆËÎÏÑÖ×ØÛÜÞßäåæçëîïñöø÷ûüþ©\u00ad]")
#: UTF-8 that was read as Windows-1252 and encoded again: a lead byte, then continuation bytes.
_CONTINUATION = "\u0080-\u00bf" + re.escape(bytes(range(0x80, 0xC0)).decode("cp1252", "ignore"))
_TWICE = re.compile(f"[ÃÄÅÆáâ][{_CONTINUATION}]")
_ENOUGH = 0.3


def twice_encoded(text: str) -> str | None:
    """Read UTF-8 that was encoded twice ("Sá»Ÿ"); None when `text` is no such thing."""
    if not _TWICE.search(text + "\u00a0"):
        return None
    whole = f"{text}\u00a0" if text.endswith("Ã") else text  # "à": its second byte was a space
    try:
        raw = b"".join(map(_byte, whole))
        read = unicodedata.normalize("NFC", raw.decode("utf-8"))
    except UnicodeError:
        return None
    return read if is_vietnamese(read) else None


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")  # the five bytes that Windows-1252 leaves empty


def _tcvn3(text: str) -> str | None:
    read = "".join(c if c.isascii() else _TCVN3.get(ord(c), "\0") for c in text)
    return None if "\0" in read else _as_capitals(text, read)


def _as_capitals(text: str, read: str) -> str:
    """Put tones into capitals where the text is in a capital font: "NGUYÔN" is NGUYỄN."""
    plain = [c for c in text if c.isascii() and c.isalpha()]
    capital = len(plain) > 1 and all(c.isupper() for c in plain)
    return read.upper() if capital else read


def _vni(text: str) -> str | None:
    unknown = []

    def letter(found: re.Match[str]) -> str:
        sign = found[0]
        if sign in _VNI_KEPT:
            return sign
        if len(sign) == 1:
            read = _VNI_SINGLE.get(sign.lower())
        else:
            pair = _VNI_PAIRS.get(sign.lower())
            read = pair and _VNI_SINGLE.get(pair[0], pair[0]) + pair[1:]
        if read is None:
            unknown.append(sign)
            return sign
        return read.upper() if sign[0].isupper() else read

    read = unicodedata.normalize("NFC", _VNI.sub(letter, text))
    return None if unknown else read


def _windows_1258(text: str) -> str | None:
    try:
        read = unicodedata.normalize("NFC", text.encode("latin-1").decode("cp1258"))
    except UnicodeError:
        return None
    return read if read != text else None


_READERS: dict[str, Callable[[str], str | None]] = {
    "TCVN3": _tcvn3,
    "VNI": _vni,
    "Windows-1258": _windows_1258,
}
ENCODINGS = tuple(_READERS)


def read_as(encoding: str, text: str) -> str | None:
    """Read a text of an old encoding, whose bytes stand in it as signs of Latin-1.

    None unless every sign is one of the encoding and every word a Vietnamese syllable.
    """
    if text.isascii():
        return text
    read = _READERS[encoding](text)
    return read if read is not None and is_vietnamese(read) else None


def is_suspect(text: str) -> bool:
    """Whether a text holds signs of an old font and no letter of real Vietnamese."""
    return not text.isascii() and bool(_SIGNS.search(text)) and not is_real(text)


def is_real(text: str) -> bool:
    """Whether a text has a letter that only Vietnamese in Unicode has."""
    return bool(_REAL.search(text))


def suspected(texts: Iterable[str]) -> str | None:
    """Name the encoding that most of these texts can be read in; None where they are none.

    Parameters
    ----------
    texts : distinct cells; those in plain ASCII say nothing.
    """
    words = [text for text in texts if not text.isascii()]
    if not words:
        return None
    counts = {e: sum(read_as(e, word) is not None for word in words) for e in ENCODINGS}
    best = max(counts, key=lambda encoding: counts[encoding])
    return best if counts[best] >= _ENOUGH * len(words) else None


def certain_encoding(texts: Collection[str]) -> str | None:
    """Name the one encoding in which every text can be read, and no other does."""
    able = [e for e in ENCODINGS if all(read_as(e, text) is not None for text in texts)]
    return able[0] if len(able) == 1 and texts else None


def suspected_bytes(sample: bytes) -> str:
    """Name what bytes that are no UTF-8 seem to be."""
    words = re.split(r"[\s,;\t\"]+", sample.decode("latin-1"))
    return suspected(words) or "Windows-1258 hoặc bảng mã cũ khác"


def readings(text: str) -> list[str]:
    """Return every reading that a text can have, the text itself first."""
    found = [text, twice_encoded(text), *(read_as(encoding, text) for encoding in ENCODINGS)]
    return list(dict.fromkeys(reading for reading in found if reading is not None))


def heading(text: str) -> str:
    """Return a heading as it was meant: read in the one old encoding that fits, or as it is."""
    if text.isascii():
        return text
    encoding = certain_encoding([text]) if is_suspect(text) else None
    return twice_encoded(text) or (read_as(encoding, text) if encoding else None) or text
