"""The one form of ids, seeds and keys, and the digests that are made of it."""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sampling.types import Frame, IdOrder

#: Separates the fields of a line of the canonical frame; it cannot occur in a trimmed cell.
FIELD = "\x1f"
_CHUNK = 65_536
#: Ids that take more bytes than this are sorted as texts.
_WIDEST = 64


def canonical(text: str) -> str:
    """Return `text` in NFC, trimmed: two spellings of one word become one."""
    return unicodedata.normalize("NFC", text).strip()


def canonical_column(values: Sequence[str]) -> list[str]:
    """Return a whole column as `canonical` does, quickly when it is in that form already."""
    if len(set(values[:4096])) < 1024 < len(values):  # few distinct values: each only once
        known = {value: canonical(value) for value in set(values)}
        return [known[value] for value in values]
    trimmed = [value.strip() for value in values]
    if unicodedata.is_normalized("NFC", "\n".join(trimmed)):
        return trimmed
    return [canonical(value) for value in trimmed]


def id_order(ids: Sequence[str]) -> IdOrder:
    """Sort ids by code point.

    Parameters
    ----------
    ids : (N,) canonical ids.
    """
    encoded = _one_width([unit.encode() for unit in ids])
    if encoded is None:
        return IdOrder(np.array(sorted(range(len(ids)), key=ids.__getitem__), np.intp), None)
    if bool((encoded[:-1] <= encoded[1:]).all()):
        return IdOrder(np.arange(len(ids)), encoded)
    order = _by_leading_bytes(encoded)
    if order is None:
        order = np.argsort(encoded, kind="stable")
    return IdOrder(order, encoded[order])


def _one_width(encoded: list[bytes]) -> NDArray[np.bytes_] | None:
    """Put ids into one array; None when some are long, or end in NUL, which it would cut off."""
    width = max(map(len, encoded), default=0)
    if not 0 < width <= _WIDEST:
        return None
    array = np.array(encoded, dtype=f"S{width}")
    padding = array.size * width - sum(map(len, encoded))
    return array if np.count_nonzero(array.view(np.uint8) == 0) == padding else None


def _by_leading_bytes(encoded: NDArray[np.bytes_]) -> NDArray[np.intp] | None:
    """Sort by the 8 bytes after what all ids begin with, the few that agree in these apart.

    None where many agree.
    """
    letters = encoded.view(np.uint8).reshape(encoded.size, -1)
    same = (letters == letters[0]).all(axis=0)
    begin = int(np.argmin(same)) if not same.all() else 0
    head = np.zeros((encoded.size, 8), dtype=np.uint8)
    head[:, : letters.shape[1] - begin] = letters[:, begin : begin + 8]
    number = head.view(">u8").ravel().astype(np.uint64)
    order = np.argsort(number, kind="stable")
    ordered = number[order]
    agree = np.flatnonzero(ordered[1:] == ordered[:-1])
    if agree.size > encoded.size // 16:
        return None
    for run in np.split(agree, np.flatnonzero(np.diff(agree) > 1) + 1) if agree.size else ():
        tied = slice(run[0], run[-1] + 2)
        order[tied] = order[tied][np.argsort(encoded[order[tied]], kind="stable")]
    return order


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
    order, encoded = frame.by_id.order, frame.by_id.encoded
    texts = [_texts(frame.columns[name]) for name in names]
    keys = [f"{FIELD}{key}".encode() for key in frame.strata]
    for start in range(0, len(order), _CHUNK):
        part = order[start : start + _CHUNK]
        if encoded is None:
            ids = [frame.ids[i].encode() for i in part.tolist()]
        else:
            ids = encoded[start : start + _CHUNK].tolist()
        fields = [ids, map(keys.__getitem__, frame.stratum[part].tolist())]
        fields += [[f"{FIELD}{text[i]}".encode() for i in part.tolist()] for text in texts]
        digest.update(b"\n".join(map(b"".join, zip(*fields, strict=True))) + b"\n")
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
