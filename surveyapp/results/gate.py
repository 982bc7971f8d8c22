"""The one gate between estimates and everything that is shown or stored: `analysis.disclosure`.

A run passes it before it is stored. What stays hidden is taken out of the content: page, PDF,
workbook, CSV and picture are built from what is left, so none of them can show it. The score of
an agency that stays hidden goes to the second, confidential level (`Sealed`), for the Appraisal
Council only. Where anything is hidden the other numbers of the group are stored as rounded for
publication: with all digits, whole numbers of answers could be tried until they fit.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast

from analysis.disclosure import (
    MINIMUM_BASE,
    Cell,
    Key,
    Margin,
    Rule,
    suppressed,
)

PROTECTING = "không nêu"
#: Rows of the whole group.
WHOLE = ""
Place = tuple[str, str]
#: Estimates of one measure by row (agency code, or `WHOLE`) and code of the column.
Estimates = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Links:
    """How the columns of a group hang together.

    Attributes
    ----------
    index : code of the margin, the index or the total points.
    parts : its components with their weights in it.
    items : the items of each component, shown for the whole only.
    bounds : lowest and highest value of every column.
    """

    index: str
    parts: Mapping[str, float]
    items: Mapping[str, Sequence[str]]
    bounds: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Sealed:
    """The score of an agency that is not published, for the Appraisal Council."""

    agency: str
    value: float
    low: float | None
    high: float | None
    n: int


def too_few(least: int) -> str:
    """Say that a base is smaller than `least`."""
    return f"dưới {least}"


TOO_FEW = too_few(MINIMUM_BASE)


def reason(rule: str, least: int = MINIMUM_BASE) -> str:
    """Say in a table why a cell is hidden."""
    return too_few(least) if rule in ("base", "distribution") else PROTECTING


def hidden_estimates(
    found: Estimates, links: Links, shares: Mapping[str, float], earlier: Iterable[Place] = ()
) -> dict[Place, Rule]:
    """Choose what stays hidden of one group of agencies.

    Parameters
    ----------
    found : the estimates of the published measure.
    shares : weight of every agency in the whole; empty where the whole is not shown.
    earlier : cells that an earlier run hid.
    """
    cells: dict[Key, Cell] = {
        (row, code): _cell(estimate, links.bounds[code])
        for row, estimates in found.items()
        for code, estimate in estimates.items()
        if estimate["value"] is not None and _is_shown(row, code, links)
    }
    margins = [
        *(_margin(cells, (row, links.index), _parts(row, links.parts), same=True) for row in found),
        *(
            _margin(cells, (WHOLE, code), _parts(WHOLE, dict.fromkeys(items, 1.0)), same=True)
            for code, items in links.items.items()
        ),
        *(
            _margin(cells, (WHOLE, code), [((row, code), w) for row, w in shares.items()])
            for code in (links.index, *links.parts)
            if shares
        ),
    ]
    there = [each for each in margins if each is not None]
    return _rules(suppressed(cells, there, set(earlier)))


def without(
    found: Estimates, hidden: Mapping[Place, Rule], links: Links, decimals: int
) -> dict[str, Any]:
    """Return the estimates that are shown; the others without value, or left out altogether.

    Where any is hidden the others are rounded as for publication.
    """
    return {
        row: {
            code: _hidden(estimate, hidden[row, code])
            if (row, code) in hidden
            else _rounded(estimate, decimals if hidden else None)
            for code, estimate in estimates.items()
            if _is_shown(row, code, links)
        }
        for row, estimates in found.items()
    }


def sealed(found: Estimates, hidden: Mapping[Place, Rule], index: str) -> list[Sealed]:
    """Return the scores of the agencies that stay hidden, without any breakdown."""
    return [
        Sealed(row, each["value"], ci[0], ci[1], each["n"])
        for (row, code) in hidden
        if code == index and row != WHOLE
        for each in [found[row][code]]
        for ci in [each["ci"] or (None, None)]
    ]


def hidden_counts(
    table: Mapping[str, Mapping[str, int]],
    satisfied: Sequence[str],
    *,
    sensitive: bool = False,
    earlier: Iterable[Place] = (),
) -> dict[Place, Rule]:
    """Choose what stays hidden of the answers to one item, by row and option.

    `table` holds the counts of every row (agency, or `WHOLE` for their sum) by option. The key
    of the share of the options `satisfied` is (row, "satisfied").
    """
    cells: dict[Key, Cell] = {}
    margins: list[Margin] = []
    agencies = [row for row in table if row != WHOLE]
    for row, counts in table.items():
        answers, base = tuple(counts.values()), sum(counts.values())
        if not base:
            continue
        for option, n in counts.items():
            cells[row, option] = Cell(base, n, answers, sensitive, distribution=True)
        inside = tuple(satisfied) or (next(iter(counts)),)
        rest = [(row, option) for option in counts if option not in inside]
        if satisfied:
            together = sum(counts[option] for option in satisfied)
            cells[row, "satisfied"] = Cell(base, together, sensitive=sensitive)
            parts = tuple((row, option) for option in satisfied)
            margins.append(Margin((row, "satisfied"), parts, same_people=True))
        total = (row, "satisfied" if satisfied else inside[0])
        # the base is shown: what the other options gain, this one loses
        margins.append(Margin(total, tuple(rest), (-1.0,) * len(rest), same_people=True))
    for option in [*next(iter(table.values()), {}), "satisfied"]:
        parts = tuple((row, option) for row in agencies if (row, option) in cells)
        if parts and (WHOLE, option) in cells:
            margins.append(Margin((WHOLE, option), parts))
    return _rules(suppressed(cells, margins, set(earlier)))


def _rules(found: Mapping[Key, Rule]) -> dict[Place, Rule]:
    """Name a cell that an earlier run protected as that run did: one data, one content."""
    same: dict[Key, Rule] = {
        key: "complementary" if rule == "earlier" else rule for key, rule in found.items()
    }
    return cast(dict[Place, Rule], same)


@dataclass(frozen=True, slots=True)
class Basis:
    """The answers that a cell stands on: how many, and which (`members`; "" where not known)."""

    n: int
    members: str = ""

    def differs_little(self, other: "Basis") -> bool:
        """Whether fewer than ten answers more or less, of other people or not known of whom."""
        is_same = self == other and self.members != ""
        return not is_same and abs(self.n - other.n) < MINIMUM_BASE


def members(forms: Iterable[object]) -> str:
    """Return a digest of which forms these are; their random ids keep it from being tried out."""
    written = "\n".join(sorted(map(str, forms)))
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def changed_little(
    before: Mapping[Place, Collection[Basis]], now: Mapping[Place, Basis]
) -> set[Place]:
    """Return the cells whose answers are others than in an earlier release, and about as many.

    Two values that differ by a few answers, come, gone or exchanged, tell what those few are. How
    many were exchanged is not stored, so any exchange counts as one of few.
    """
    return {
        key
        for key, basis in now.items()
        if any(basis.differs_little(earlier) for earlier in before.get(key, ()))
    }


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier runs of the same survey hid and showed of a table: cells, bases."""

    hidden: set[Place] = field(default_factory=set)
    shown: dict[Place, set[Basis]] = field(default_factory=dict)

    def note(self, place: Place, basis: Basis, *, is_hidden: bool) -> None:
        """Take down a cell of an earlier run."""
        if is_hidden:
            self.hidden.add(place)
        else:
            self.shown.setdefault(place, set()).add(basis)

    def kept_hidden(self, bases: Mapping[Place, Basis]) -> set[Place]:
        """Return the cells that stay hidden, or are because few answers came, went or changed."""
        return self.hidden | changed_little(self.shown, bases)


def _is_shown(row: str, code: str, links: Links) -> bool:
    return code in (links.index, *links.parts) or (
        row == WHOLE and any(code in items for items in links.items.values())
    )


def _cell(estimate: Mapping[str, Any], bounds: tuple[float, float]) -> Cell:
    low, high = bounds
    share = (estimate["value"] - low) / (high - low)
    return Cell(estimate["n"], estimate["n"] * min(max(share, 0.0), 1.0))


def _parts(row: str, weights: Mapping[str, float]) -> list[tuple[Place, float]]:
    return [((row, code), weight) for code, weight in weights.items()]


def _margin(
    cells: Mapping[Key, Cell],
    total: Place,
    parts: Iterable[tuple[Place, float]],
    *,
    same: bool = False,
) -> Margin | None:
    """Write a weighted mean of values as a sum of counts; None where nothing is shown."""
    there = [(key, weight) for key, weight in parts if key in cells and cells[key].base and weight]
    if not there or total not in cells:
        return None
    base = cells[total].base / sum(weight for _, weight in there)
    return Margin(
        total,
        tuple(key for key, _ in there),
        tuple(weight * base / cells[key].base for key, weight in there),
        same,
    )


def _hidden(estimate: Mapping[str, Any], rule: Rule) -> dict[str, Any]:
    kept = dict.fromkeys(estimate)
    flag = "small" if estimate["n"] < MINIMUM_BASE else "none"
    return {**kept, "n": estimate["n"], "flag": flag, "hidden": rule}


def _rounded(estimate: Mapping[str, Any], decimals: int | None) -> dict[str, Any]:
    if decimals is None:
        return dict(estimate)
    ci = [published(limit, decimals) for limit in estimate["ci"]] if estimate["ci"] else None
    return {
        **estimate,
        **{key: published(estimate[key], decimals) for key in ("value", "se")},
        "ci": ci,
    }


def published(value: float | None, decimals: int) -> float | None:
    """Round half away from zero on the decimal digits, as numbers are printed."""
    if value is None:
        return None
    step = Decimal(1).scaleb(-decimals)
    return float(Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP))
