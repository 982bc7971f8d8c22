"""Labels of strata, units and domains as integer codes: text or number, one spelling."""

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Integers of a range up to this are told apart by marking them, not by sorting.
_COUNTED = 1_000_000
#: Rows of a group up to which they are added one by one.
_FEW = 4

_WHOLE_NUMBER = re.compile(r"(-?\d+)\.0+")


@dataclass(frozen=True, slots=True)
class Labels:
    """One label per row, stored as codes.

    Attributes
    ----------
    code : (n,) int array, position in `names`; -1 where the label is missing.
    names : the labels in code-point order, each once.
    """

    code: Ints
    names: tuple[str, ...]

    def rows(self, part: slice) -> "Labels":
        """Return the labels of some rows, with the same names."""
        return Labels(self.code[part], self.names)

    def only(self, keep: Bools) -> "Labels":
        """Return the labels of the rows to `keep`, with the names that are left."""
        code = self.code[keep]
        left = np.unique(code[code >= 0])
        lookup = np.full(len(self.names) + 1, -1, np.int64)  # the last one serves -1
        lookup[left] = np.arange(left.size)
        return Labels(lookup[code], tuple(self.names[i] for i in left))


def canonical(value: object) -> str:
    """Spell one label: trimmed, NFC, a whole number without decimals, "" when missing.

    So the number 7 of one file, 7.0 of another and the text "7" of a third are one label;
    "07" stays another, because leading zeros of codes mean something.
    """
    if value is None or value != value:  # NaN is the only value unequal to itself
        return ""
    text = unicodedata.normalize("NFC", str(value)).strip()
    whole = _WHOLE_NUMBER.fullmatch(text)
    return whole.group(1) if whole else text


def as_labels(values: "npt.ArrayLike | Labels") -> Labels:
    """Turn a column of numbers or texts into `Labels`.

    Parameters
    ----------
    values : (n,) array of any kind; None, NaN and "" are missing.
    """
    if isinstance(values, Labels):
        return values
    column = np.asarray(values)
    if column.dtype == object:
        column = np.array([canonical(value) for value in column], dtype=str)
    raw, inverse = np.unique(column, return_inverse=True)
    spelled = [canonical(value) for value in raw.tolist()]
    return from_dictionary(inverse.astype(np.int64), spelled)


def from_dictionary(code: Ints, spelled: list[str]) -> Labels:
    """Build `Labels` from codes into a list that may hold repeated or unsorted spellings."""
    names = tuple(sorted({name for name in spelled if name}))
    place = {name: i for i, name in enumerate(names)}
    lookup = np.array([*(place.get(name, -1) for name in spelled), -1], dtype=np.int64)
    return Labels(lookup[code], names)


def united(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[tuple[str, ...], Ints, Ints]:
    """Unite two name lists; also return where each old code goes (-1 stays -1)."""
    if left == right:
        same = np.r_[np.arange(len(left)), -1]
        return left, same, same
    names = tuple(sorted({*left, *right}))
    place = {name: i for i, name in enumerate(names)}
    to_left = np.array([*(place[name] for name in left), -1], dtype=np.int64)
    to_right = np.array([*(place[name] for name in right), -1], dtype=np.int64)
    return names, to_left, to_right


def ranked(key: Ints, size: int) -> tuple[Ints, Ints]:
    """Return the distinct values of `key` (each 0..size-1), sorted, and the place of each row's."""
    if size > max(_COUNTED, 4 * key.size):
        present, place = np.unique(key, return_inverse=True)
        return present, place.astype(np.int64, copy=False)
    held = np.zeros(size, np.bool_)
    held[key] = True
    present = np.flatnonzero(held)
    lookup = np.zeros(size, np.int64)
    lookup[present] = np.arange(present.size)
    return present, lookup[key]


def sum_by(code: Ints, values: Floats, size: int) -> Floats:
    """Sum rows of `values` (n, k) by code in 0..size-1 into a (size, k) array."""
    result = np.zeros((size, *values.shape[1:]))
    if code.size == 0:
        return result
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    length = np.diff(np.r_[starts, code.size])
    if int(length.max()) > _FEW:
        result[ordered[starts]] = np.add.reduceat(values[order], starts, axis=0)
        return result
    for k in range(int(length.max())):  # groups of a few rows: the k-th row of each at once
        kth = starts[length > k] + k
        result[ordered[kth]] += values[order[kth]]
    return result
