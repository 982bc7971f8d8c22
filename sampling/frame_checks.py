"""Faults of a list, all collected, before anything is drawn from it."""

from collections.abc import Mapping, Sequence

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
    problems = _id_problems(clean, by_id)
    keys, codes = _strata(stratum_keys, len(clean))
    if "" in keys:
        missing = np.flatnonzero(codes == keys.index(""))
        problems += [_missing_stratum(int(row), clean[row]) for row in missing]
    values = {canonical(name): _texts(column) for name, column in (columns or {}).items()}
    for name, column in values.items():
        problems += _number_problems(name, column, clean)
    if problems:
        problems.sort(key=lambda problem: -1 if problem.row is None else problem.row)
        raise FrameError(problems[:SHOWN], total=len(problems))
    return Frame(clean, keys, codes, values, by_id)


_FIX_EMPTY = "Kiểm tra tệp hoặc trang tính đã chọn; mỗi người (hồ sơ) là một dòng."


def _id_problems(ids: list[str], by_id: IdOrder) -> list[Problem]:
    """Find empty and repeated ids."""
    ordered = by_id.encoded
    if ordered is None:
        fine = len(set(ids)) == len(ids) and "" not in ids
    else:
        fine = bool((ordered[1:] != ordered[:-1]).all()) and bool(ordered[0] != b"")
    if fine:
        return []
    first: dict[str, int] = {}
    problems: list[Problem] = []
    for row, unit in enumerate(ids):
        if not unit:
            problems.append(
                Problem("SAMPLE-102", "Thiếu mã đơn vị chọn mẫu.", "Điền mã cho dòng này.", row)
            )
        elif unit in first:
            problems.append(
                Problem(
                    "SAMPLE-103",
                    f"Mã «{unit}» bị trùng: mỗi mã chỉ được có một dòng.",
                    "Bỏ dòng thừa, hoặc sửa mã nếu là hai người khác nhau.",
                    row,
                )
            )
        else:
            first[unit] = row
    return problems


def _strata(keys: Sequence[str] | None, n: int) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Code the keys of the units: distinct keys in code-point order, and each unit's index."""
    if keys is None:
        return (WHOLE,), np.zeros(n, dtype=np.int32)
    spelled = {key: canonical(key) for key in dict.fromkeys(keys)}
    order = tuple(sorted(set(spelled.values())))
    index = {key: i for i, key in enumerate(order)}
    code = {key: index[form] for key, form in spelled.items()}
    return order, np.fromiter(map(code.__getitem__, keys), dtype=np.int32, count=n)


def _missing_stratum(row: int, unit: str) -> Problem:
    """Say that a unit has no stratum."""
    return Problem(
        "SAMPLE-104",
        f"Mã «{unit}» chưa ghi nhóm (tầng).",
        "Điền nhóm cho dòng này, đúng tên nhóm trong kế hoạch.",
        row,
    )


def _texts(column: Column) -> Column:
    """Bring a column of texts to the canonical form; numbers stay."""
    return column if isinstance(column, np.ndarray) else canonical_column(column)


def _number_problems(name: str, column: Column, ids: list[str]) -> list[Problem]:
    """Find numbers that are missing or not finite."""
    if not isinstance(column, np.ndarray):
        return []
    return [
        Problem(
            "SAMPLE-105",
            f"Mã «{ids[row]}»: cột «{name}» không có số.",
            "Điền một số cho dòng này.",
            int(row),
            name,
        )
        for row in np.flatnonzero(~np.isfinite(column))
    ]
