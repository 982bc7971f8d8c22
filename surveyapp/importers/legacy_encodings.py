"""Texts in the old Vietnamese encodings, recognised by their marks and named, never guessed."""

import re
import unicodedata
from collections.abc import Iterable

#: Signs that TCVN3 (ABC) fonts show as Vietnamese letters and that stand in no Vietnamese word.
_TCVN3 = re.compile(r"[¨©ª«¬®µ¶·\u00b8¹»¼½¾ÆÇÐÑÖ\u00d7ØÞßäåæçëîïñö÷øûþ]")
#: VNI writes a vowel and then the mark as a second letter: "Noäi vuï", "Sôû". Pairs that real
#: Vietnamese has too (Liên, Hoàng, Tuân) are not among these.
_VNI = re.compile(
    r"[aeiouyôö][øûïüëåäùõ]|[aeo]â|a[êéèú]|ñ",
    re.IGNORECASE,
)
#: Letters that only real Vietnamese text has.
_VIETNAMESE = re.compile(r"[ăđơưĂĐƠƯ\u1ea0-\u1ef9]")
_ENOUGH = 0.3


def suspected(texts: Iterable[str]) -> str | None:
    """Name the encoding that texts seem to be in: "TCVN3", "VNI" or None.

    Parameters
    ----------
    texts : distinct cells; those in plain ASCII say nothing.
    """
    words = [text for text in texts if not text.isascii()]
    words = [unicodedata.normalize("NFC", word) for word in words]
    if not words or any(_VIETNAMESE.search(word) for word in words):
        return None
    vni = sum(1 for word in words if _VNI.search(word)) / len(words)
    tcvn3 = sum(1 for word in words if _TCVN3.search(word)) / len(words)
    if max(vni, tcvn3) < _ENOUGH:
        return None
    return "VNI" if vni >= tcvn3 else "TCVN3"


def suspected_bytes(sample: bytes) -> str:
    """Name what bytes that are no UTF-8 seem to be."""
    words = re.split(r"[\s,;\t\"]+", sample.decode("latin-1"))
    return suspected(words) or "Windows-1258 hoặc bảng mã cũ khác"
