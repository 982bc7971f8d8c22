"""Arrays and texts as the plain values of a file, in which infinity stands as null."""

import numpy as np

from analysis.labels import Floats


def with_null(array: Floats) -> list[object]:
    """Turn an array of any shape into nested lists, null where it is infinite.

    Raises
    ------
    ValueError : a value is not a number.
    """
    if np.isnan(array).any():
        raise ValueError("nan has no plain value")
    plain = array.astype(object)
    plain[np.isinf(array)] = None
    nested: list[object] = plain.tolist()
    return nested


def from_null(values: object) -> Floats:
    """Turn nested lists into an array, infinite where they hold null.

    Raises
    ------
    TypeError, ValueError : something else than numbers and null, or lists of unequal length.
    """
    array = np.array(values, dtype=object)
    if any(
        x is not None and (isinstance(x, bool) or not isinstance(x, int | float))
        for x in array.flat
    ):
        raise TypeError("must be numbers")
    return np.where(array == None, np.inf, array).astype(np.float64)  # noqa: E711  elementwise


def texts(values: object) -> tuple[str, ...]:
    """Turn a list of texts into a tuple.

    Raises
    ------
    TypeError : it is no list, or holds something else.
    """
    if not isinstance(values, list) or not all(isinstance(x, str) for x in values):
        raise TypeError("must be a list of texts")
    return tuple(values)
