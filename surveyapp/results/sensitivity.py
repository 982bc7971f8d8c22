"""Without this batch of forms, what changes? Each batch is left out once (method.md, section 4).

The score without a batch tells the score of the batch, so a batch is a part of the whole like any
other: it passes the same gate, and places are told as numbers of agencies only.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.disclosure import Cell, Key, Margin, suppressed
from analysis.ranking import kept, places
from analysis.scores import Scores
from surveyapp.errors import AppError
from surveyapp.results.answers import GroupAnswers
from surveyapp.results.gate import Basis, Earlier, Place, members, published

#: Kinds of batches. Interviewer and counter are not kept with answers, and the day that is kept is
#: the latest of the group of answers that was released together.
KINDS = ("mode", "assisted")
_REST = "without "
NOT_COMPUTED = "không tính được"
Scoring = Callable[[GroupAnswers], Scores]


def sensitivity(
    data: GroupAnswers,
    scoring: Scoring,
    shown: Collection[str],
    decimals: int,
    scale: tuple[float, float],
    before: Earlier,
) -> list[dict[str, Any]]:
    """Return, for every batch, the score of the whole without it and how many places change.

    `shown` are the agencies with a published score, `before` what earlier runs told. Nothing
    where there is but one batch of a kind. A batch that stays hidden has its number of forms only.
    """
    everything = kept(scoring(data), shown)
    result = []
    for kind in KINDS:
        sizes = Counter(form.batches.get(kind, "") for form in data.forms)
        if len(sizes) < 2:
            continue
        without = {}
        for batch in sorted(sizes):
            with suppress(AppError):  # the margins of the plan cannot be met without these forms
                without[batch] = kept(scoring(_left(data, kind, batch)), shown)
        values = {batch: _whole(scores, scale) for batch, scores in without.items()}
        values = {batch: value for batch, value in values.items() if np.isfinite(value)}
        ends = [
            scale[0] * end + scale[1] for end in (everything.low, everything.low + everything.width)
        ]
        bases = _bases(kind, _members(data, kind))
        stay = {place[1] for place in before.kept_hidden(bases) if place in bases}
        hidden = _hidden(sizes, values, _whole(everything, scale), (ends[0], ends[1]), stay)
        for batch in sorted(sizes):
            row: dict[str, Any] = {"kind": kind, "batch": batch, "n": sizes[batch]}
            row["members"] = [bases[place].members for place in _places(kind, batch)]
            if batch not in values:
                result.append(row | {"hidden": NOT_COMPUTED})
                continue
            if batch in hidden:
                result.append(row | {"hidden": hidden[batch]})
                continue
            moved = _moved(everything, without[batch], decimals, scale[0])
            value, whole = values[batch], _whole(everything, scale)
            result.append(
                row
                | {
                    "value": published(value, decimals),
                    "change": published(value - whole, decimals),
                    "moved": moved,
                }
            )
    return result


def earlier_batches(groups: Iterable[Mapping[str, Any]]) -> Earlier:
    """Collect which batches earlier runs of one group hid and showed."""
    result = Earlier()
    for group in groups:
        rows = group.get("sensitivity", ())
        for kind in KINDS:
            batches = [row for row in rows if row["kind"] == kind]
            total = sum(row["n"] for row in batches)
            for row in batches:
                is_hidden, known = "hidden" in row, row.get("members")
                if not known and not is_hidden and group["same"]:
                    continue
                sizes = (row["n"], total - row["n"])
                for place, n, who in zip(
                    _places(kind, row["batch"]), sizes, known or ("", ""), strict=True
                ):
                    result.note(place, Basis(n, who), is_hidden=is_hidden)
    return result


def _places(kind: str, batch: str) -> tuple[Place, Place]:
    """Name a batch, and all forms without it."""
    return (kind, batch), (f"{_REST}{kind}", batch)


def _members(data: GroupAnswers, kind: str) -> dict[str, list[str]]:
    """Return the forms of every batch of a kind."""
    result: dict[str, list[str]] = defaultdict(list)
    for form in data.forms:
        result[form.batches.get(kind, "")].append(form.number)
    return dict(result)


def _bases(kind: str, batches: Mapping[str, Sequence[str]]) -> dict[Place, Basis]:
    """Return which forms every batch of a kind holds, and all without it."""
    result = {}
    for batch, own in batches.items():
        rest = [form for other, forms in batches.items() if other != batch for form in forms]
        for place, forms in zip(_places(kind, batch), (own, rest), strict=True):
            result[place] = Basis(len(forms), members(forms))
    return result


def _left(data: GroupAnswers, kind: str, batch: str) -> GroupAnswers:
    forms = tuple(form for form in data.forms if form.batches.get(kind, "") != batch)
    return replace(data, forms=forms)


def _whole(scores: Scores, scale: tuple[float, float]) -> float:
    return float(scale[0] * scores.value[-1] + scale[1])


def _hidden(
    sizes: Mapping[str, int],
    without: Mapping[str, float],
    whole: float,
    ends: tuple[float, float],
    kept_hidden: Collection[str],
) -> dict[str, str]:
    """Choose the batches that stay hidden: the whole, which is shown, is the sum of all.

    A batch without a value of its own is not shown; such batches share what is left of the whole.
    """
    total, (low, high) = sum(sizes.values()), ends
    own = {
        batch: ((total * whole - (total - sizes[batch]) * value) / sizes[batch] - low)
        / (high - low)
        for batch, value in without.items()
    }
    valueless = [batch for batch in sizes if batch not in own]
    left = (whole - low) / (high - low) * total - sum(own[b] * sizes[b] for b in own)
    own |= dict.fromkeys(valueless, left / max(1, sum(sizes[batch] for batch in valueless)))
    everything = min(max((whole - low) / (high - low), 0.0), 1.0)
    cells: dict[Key, Cell] = {"": Cell(total, total * everything)}
    for batch, n in sizes.items():
        # a rest of fewer than ten is as little to be told as a batch of fewer than ten
        least = min(n, total - n)
        cells["batch", batch] = Cell(least, least * min(max(own[batch], 0.0), 1.0))
    margin = Margin("", tuple(("batch", batch) for batch in sizes))
    stay = {("batch", batch) for batch in (*kept_hidden, *valueless)}
    found = suppressed(cells, [margin], stay)
    return {batch: found["batch", batch] for batch in sizes if ("batch", batch) in found}


def _moved(before: Scores, after: Scores, decimals: int, factor: float) -> int:
    """Count the agencies that have another place, among those that both rankings hold."""
    both = [name for name in before.names[:-1] if name in after.names[:-1]]
    ranked = []
    for scores in (before, after):
        at = [scores.names.index(name) for name in both]
        ranked.append((scores, np.array(at, dtype=np.int64)))
    known = np.all([scores.comparable[at] for scores, at in ranked], axis=0)
    found = [
        places(scores.value[at[known]], decimals=decimals, factor=factor) for scores, at in ranked
    ]
    return int(np.count_nonzero(found[0] != found[1]))
