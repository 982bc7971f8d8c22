"""Without this batch of forms, what changes? Each batch is left out once (method.md, section 4).

The score without a batch tells the score of the batch, so a batch is a part of the whole like any
other: it passes the same gate, and places are told as numbers of agencies only.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.disclosure import Cell, Key, Margin, suppressed
from analysis.ranking import kept, places
from analysis.scores import Scores
from surveyapp.errors import AppError
from surveyapp.results.answers import GroupAnswers
from surveyapp.results.gate import Earlier, Place, published

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
        ends = [
            scale[0] * end + scale[1] for end in (everything.low, everything.low + everything.width)
        ]
        bases = _bases(kind, sizes)
        stay = {place[1] for place in before.kept_hidden(bases) if place in bases}
        hidden = _hidden(sizes, values, _whole(everything, scale), (ends[0], ends[1]), stay)
        for batch in sorted(sizes):
            row: dict[str, Any] = {"kind": kind, "batch": batch, "n": sizes[batch]}
            if batch in hidden or batch not in without:
                result.append(row | {"hidden": hidden.get(batch, NOT_COMPUTED)})
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
            sizes = {row["batch"]: row["n"] for row in rows if row["kind"] == kind}
            bases = _bases(kind, sizes)
            for row in (row for row in rows if row["kind"] == kind):
                for place in ((kind, row["batch"]), (f"{_REST}{kind}", row["batch"])):
                    result.note(place, bases[place], is_hidden="hidden" in row)
    return result


def _bases(kind: str, sizes: Mapping[str, int]) -> dict[Place, int]:
    """Return the number of forms of every batch of a kind, and of all without it."""
    total = sum(sizes.values())
    return {(kind, batch): n for batch, n in sizes.items()} | {
        (f"{_REST}{kind}", batch): total - n for batch, n in sizes.items()
    }


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
    """Choose the batches that stay hidden: the whole, which is shown, is the sum of all."""
    total = sum(sizes.values())
    low, high = ends
    cells: dict[Key, Cell] = {"": Cell(total, total * _share(whole, low, high))}
    for batch, n in sizes.items():
        rest = total - n
        own = (total * whole - rest * without.get(batch, whole)) / n
        # a rest of fewer than ten is as little to be told as a batch of fewer than ten
        cells["batch", batch] = Cell(min(n, rest), min(n, rest) * _share(own, low, high))
    margin = Margin("", tuple(("batch", batch) for batch in sizes))
    found = suppressed(cells, [margin], {("batch", batch) for batch in kept_hidden})
    return {batch: found["batch", batch] for batch in sizes if ("batch", batch) in found}


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0) if np.isfinite(value) else 0.5


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
