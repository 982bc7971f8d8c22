"""Faults of a list, all collected, before anything is drawn from it."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sampling.canonical import canonical, canonical_column, id_order
from sampling.errors import FrameError, Problem
from sampling.types import KEY_SEPARATOR, WHOLE, Column, Frame, IdOrder

#: A file with more faults than this shows the first ones and the count of all.
SHOWN = 200


def join_keys(columns: Sequence[Sequence[str]]) -> list[str]:
    """Join several stratum columns to one key per unit; a missing part leaves the key empty."""
    if len(columns) == 1:
        return list(columns[0])
    known: dict[tuple[str, ...], str] = {}
    keys: list[str] = []
    for parts in zip(*columns, strict=True):
        key = known.get(parts)
        if key is None:
            trimmed = [canonical(part) for part in parts]
            key = known[parts] = KEY_SEPARATOR.join(trimmed) if all(trimmed) else ""
        keys.append(key)
    return keys


def make_frame(
    ids: Sequence[str],
    stratum_keys: Sequence[str] | None = None,
    columns: Mapping[str, Column] | None = None,
) -> Frame:
    """Check a list and bring it to the form that is drawn from.

    Parameters
    ----------
    ids : (N,) one per unit; trimmed and brought to NFC here.
    stratum_keys : (N,) key of each unit, or None when the frame is one stratum.
    columns : further columns that the plan uses, each (N,): float arrays or texts.

    Returns
    -------
    Frame with its strata in code-point order.

    Raises
    ------
    FrameError
        With every fault: no unit at all, an empty id, an id that stands twice, a unit
        without a stratum, a number that is missing. Rows count the units from 0.
    """
    clean = canonical_column(ids)
    if not clean:
        raise FrameError([Problem("SAMPLE-101", "Danh sách không có dòng nào.", _FIX_EMPTY)])
    by_id = id_order(clean)
    keys, codes = _strata(stratum_keys, len(clean))
    values = {canonical(name): _texts(column) for name, column in (columns or {}).items()}
    faults = [(_faulty_ids(clean, by_id), partial(_id_problem, clean))]
    if "" in keys:
        missing = np.flatnonzero(codes == keys.index(""))
        faults.append((missing, partial(_missing_stratum, clean)))
    faults += [
        (np.flatnonzero(~np.isfinite(column)), partial(_missing_number, clean, name))
        for name, column in values.items()
        if isinstance(column, np.ndarray)
    ]
    if total := sum(len(rows) for rows, _ in faults):
        # only those that are shown are put into words: a file may be faulty in every row
        shown = [say(int(row)) for rows, say in faults for row in rows[:SHOWN]]
        shown.sort(key=lambda problem: problem.row or 0)
        raise FrameError(shown[:SHOWN], total=total)
    return Frame(clean, keys, codes, values, by_id)


_FIX_EMPTY = "Kiểm tra tệp hoặc trang tính đã chọn; mỗi người (hồ sơ) là một dòng."


def _faulty_ids(ids: list[str], by_id: IdOrder) -> NDArray[np.intp]:
    """Find the rows with an empty id, and those whose id stands in an earlier row."""
    order, ordered = by_id.order, by_id.encoded
    begins = np.ones(len(order), dtype=bool)
    if ordered is None:  # ids too long for one width: compared one by one
        begins[1:] = [ids[b] != ids[a] for a, b in pairwise(order)]
    else:
        begins[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(begins)
    empty = not ids[order[0]]
    if len(starts) == len(order) and not empty:
        return order[:0]
    faulty = np.ones(len(order), dtype=bool)
    faulty[np.minimum.reduceat(order, starts)] = False
    if empty:
        faulty[order[: starts[1] if len(starts) > 1 else len(order)]] = True
    return np.flatnonzero(faulty)


def _id_problem(ids: Sequence[str], row: int) -> Problem:
    """Say that an id is empty, or stands twice."""
    if not ids[row]:
        return Problem("SAMPLE-102", "Thiếu mã đơn vị chọn mẫu.", "Điền mã cho dòng này.", row)
    return Problem(
        "SAMPLE-103",
        f"Mã «{ids[row]}» bị trùng: mỗi mã chỉ được có một dòng.",
        "Bỏ dòng thừa, hoặc sửa mã nếu là hai người khác nhau.",
        row,
    )


def _strata(keys: Sequence[str] | None, n: int) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Code the keys of the units: distinct keys in code-point order, and each unit's index."""
    if keys is None:
        return (WHOLE,), np.zeros(n, dtype=np.int32)
    spelled = {key: canonical(key) for key in dict.fromkeys(keys)}
    order = tuple(sorted(set(spelled.values())))
    index = {key: i for i, key in enumerate(order)}
    code = {key: index[form] for key, form in spelled.items()}
    return order, np.fromiter(map(code.__getitem__, keys), dtype=np.int32, count=n)


def _missing_stratum(ids: Sequence[str], row: int) -> Problem:
    """Say that a unit has no stratum."""
    return Problem(
        "SAMPLE-104",
        f"Mã «{ids[row]}» chưa ghi nhóm (tầng).",
        "Điền nhóm cho dòng này, đúng tên nhóm trong kế hoạch.",
        row,
    )


def _texts(column: Column) -> Column:
    """Bring a column of texts to the canonical form; numbers stay."""
    return column if isinstance(column, np.ndarray) else canonical_column(column)


def _missing_number(ids: Sequence[str], name: str, row: int) -> Problem:
    """Say that a number is missing or not finite."""
    return Problem(
        "SAMPLE-105",
        f"Mã «{ids[row]}»: cột «{name}» không có số.",
        "Điền một số cho dòng này.",
        row,
        name,
    )
