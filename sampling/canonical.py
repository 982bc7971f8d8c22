"""The one form of ids, seeds and keys, and the digests that are made of it."""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from sampling.types import Frame

#: Separates the fields of a line of the canonical frame; it cannot occur in a trimmed cell.
FIELD = "\x1f"
_CHUNK = 65_536


def canonical(text: str) -> str:
    """Return `text` in NFC, trimmed: two spellings of one word become one."""
    return unicodedata.normalize("NFC", text).strip()


def canonical_column(values: Sequence[str]) -> list[str]:
    """Return a whole column as `canonical` does, quickly when it is in that form already."""
    trimmed = [value.strip() for value in values]
    if unicodedata.is_normalized("NFC", "\n".join(trimmed)):
        return trimmed
    return [canonical(value) for value in trimmed]


def number_text(value: float) -> str:
    """Return a number in one form, whatever file it came from: "400", "0.05"."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def share(value: object) -> Fraction:
    """Return a share exactly as it was written: 0.1 is one tenth, not its nearest float."""
    return Fraction(str(value))


def frame_digest(frame: Frame, progress: Callable[[int], None] | None = None) -> str:
    """Digest a frame independently of the order of its rows and of its Unicode form.

    Parameters
    ----------
    frame : ids are canonical and unique.
    progress : called with the number of units done since the last call.

    Returns
    -------
    Hexadecimal SHA-256 of the UTF-8 text that has one line per unit, ended by a line feed and
    sorted by id in code-point order: id, stratum key and the further columns in the code-point
    order of their names, separated by U+001F. The first line holds the names of those columns.
    """
    names = sorted(frame.columns)
    digest = hashlib.sha256((FIELD.join(["id", "stratum", *names]) + "\n").encode())
    order = sorted(range(len(frame.ids)), key=frame.ids.__getitem__)
    texts = [_texts(frame.columns[name]) for name in names]
    keys = frame.strata
    for start in range(0, len(order), _CHUNK):
        part = order[start : start + _CHUNK]
        codes = frame.stratum[part].tolist()
        fields = [[frame.ids[i] for i in part], [keys[code] for code in codes]]
        fields += [[text[i] for i in part] for text in texts]
        lines = map(FIELD.join, zip(*fields, strict=True))
        digest.update(("\n".join(lines) + "\n").encode())
        if progress is not None:
            progress(len(part))
    return digest.hexdigest()


def _texts(column: Sequence[str] | np.ndarray[Any, np.dtype[np.float64]]) -> Sequence[str]:
    """Return a column of a frame as canonical texts."""
    if isinstance(column, np.ndarray):
        return [number_text(value) for value in column.tolist()]
    return column


def json_digest(content: Mapping[str, Any]) -> str:
    """Digest plain values: SHA-256 of JSON with sorted keys, no spaces, UTF-8, NFC texts."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()
