"""Tables and pictures of a run, as content; every value passes the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.report import (
    Cell,
    Column,
    Flag,
    Interval,
    IntervalFigure,
    IntervalRow,
    Missing,
    Reference,
    ReportTable,
    Tone,
)
from surveyapp.exports.wording import CONDUCTING
from surveyapp.results import gate, wording

Found = Mapping[str, Mapping[str, Mapping[str, Any]]]
WHOLE = "Cả nhóm"
MEAN = "Trung bình nhóm"


@dataclass(frozen=True, slots=True)
class Agency:
    """A measured agency as a row of a table."""

    code: str
    title: str
    conducting: bool = False

    @property
    def label(self) -> str:
        """The name, marked where the agency carries out the survey."""
        return f"{self.title} {CONDUCTING}" if self.conducting else self.title


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Estimates by agency and measure behind the gate.

    `columns` are (code, title) of the measures of one table, the margin (index or total) first;
    `unit` is "%" or a word.
    """

    code: str
    title: str
    agencies: tuple[Agency, ...]
    columns: tuple[tuple[str, str], ...]
    found: Found
    unit: str
    ranks: Mapping[str, Mapping[str, Any]]
    #: Plain mean of the agencies, where they have no weighted whole.
    mean: float | None = None

    def hidden(self) -> dict[tuple[str, str], str]:
        """Return the cells that the gate took out of the run, with the reason."""
        return {
            (row, code): gate.reason(estimate["hidden"])
            for row, estimates in self.found.items()
            for code, estimate in estimates.items()
            if "hidden" in estimate
        }

    def _n(self, row: str, code: str) -> int:
        return int(self.found.get(row, {}).get(code, {}).get("n", 0))

    def value(self, row: str, code: str, hidden: Mapping[tuple[str, str], str]) -> float | Missing:
        """Return a value, or why there is none."""
        if (row, code) in hidden:
            return Missing(hidden[row, code])
        estimate = self.found.get(row, {}).get(code)
        if estimate is None:
            return Missing("không có phiếu trả lời")
        if estimate["value"] is None:
            return Missing(estimate["reason"] or wording.NOT_ESTIMATED)
        return float(estimate["value"])

    def interval(
        self, row: str, code: str, hidden: Mapping[tuple[str, str], str]
    ) -> Interval | Missing:
        """Return an interval, or why there is none."""
        if isinstance(value := self.value(row, code, hidden), Missing):
            return value
        ci = self.found[row][code]["ci"]
        if ci is None:
            return Missing(self.found[row][code]["reason"] or "không tính được")
        return Interval(min(ci[0], value), max(ci[1], value))

    def reference(self) -> Reference | None:
        """Return the common value that agencies are read against, if it is shown."""
        if gate.WHOLE not in self.found:
            return None if self.mean is None else Reference(MEAN, self.mean)
        code, hidden = self.columns[0][0], self.hidden()
        value, span = self.value(gate.WHOLE, code, hidden), self.interval(gate.WHOLE, code, hidden)
        if isinstance(value, Missing):
            return None
        return Reference(WHOLE, value, None if isinstance(span, Missing) else span)

    def flag(self, row: str, code: str) -> Flag:
        """Return the flag of an estimate."""
        flag: Flag = self.found.get(row, {}).get(code, {}).get("flag", "none")
        return flag

    def place(self, row: str, hidden: Mapping[tuple[str, str], str]) -> tuple[Cell, Cell, Cell]:
        """Return the place, the range of possible places and the group of an agency."""
        rank = self.ranks.get(row, {})
        if (row, self.columns[0][0]) in hidden or rank.get("place") is None:
            apart = Missing("không xếp hạng")
            return apart, apart, apart
        first, last = rank["range"]
        span = str(first) if first == last else f"{first}–{last}"  # noqa: RUF001  a range has an en dash
        return int(rank["place"]), span, wording.GROUPS[rank["group"]]

    def tone(self, row: str, hidden: Mapping[tuple[str, str], str]) -> Tone:
        """Return the colour's meaning: clearly above or below, otherwise neutral."""
        group = self.ranks.get(row, {}).get("group")
        if (row, self.columns[0][0]) in hidden or group not in ("above", "below"):
            return "neutral"
        return "above" if group == "above" else "below"


def agency_table(breakdown: Breakdown, *, number: str) -> ReportTable:
    """Tabulate the margin of every agency with interval, number of forms and flag."""
    code, title = breakdown.columns[0]
    hidden = breakdown.hidden()
    rows: list[tuple[Cell, ...]] = []
    listed = [*breakdown.agencies, *([Agency("", WHOLE)] if "" in breakdown.found else [])]
    for agency in listed:
        kept_back = hidden.get((agency.code, code))
        flag = Missing(kept_back) if kept_back else breakdown.flag(agency.code, code)
        rows.append(
            (
                agency.label,
                breakdown.value(agency.code, code, hidden),
                breakdown.interval(agency.code, code, hidden),
                int(breakdown.found.get(agency.code, {}).get(code, {}).get("n", 0)),
                *breakdown.place(agency.code, hidden),
                flag,
            )
        )
    return ReportTable(
        code=f"{breakdown.code}-agencies",
        title=breakdown.title,
        columns=(
            Column("agency", "Cơ quan", "text"),
            _quantity("value", title, breakdown.unit),
            Column("interval", "Khoảng tin cậy 95%", "interval", unit=breakdown.unit, decimals=2),
            Column("n", number, "count"),
            Column("place", "Thứ hạng (đồng hạng)", "count"),
            Column("range", "Khoảng thứ hạng", "text"),
            Column("against", "So với mức chung", "text"),
            Column("flag", "Ghi chú", "flag"),
        ),
        rows=tuple(rows),
        notes=(wording.HIDDEN,) if hidden else (),
        summary_rows=_last(rows, "" in breakdown.found),
    )


def component_table(breakdown: Breakdown) -> ReportTable:
    """Tabulate every measure of every agency, without intervals."""
    hidden = breakdown.hidden()
    listed = [*breakdown.agencies, *([Agency("", WHOLE)] if "" in breakdown.found else [])]
    rows: list[tuple[Cell, ...]] = [
        (
            agency.label,
            *(breakdown.value(agency.code, code, hidden) for code, _ in breakdown.columns),
        )
        for agency in listed
    ]
    return ReportTable(
        code=f"{breakdown.code}-parts",
        title=f"{breakdown.title}: chi tiết",
        columns=(
            Column("agency", "Cơ quan", "text"),
            *(_quantity(code, title, breakdown.unit) for code, title in breakdown.columns),
        ),
        rows=tuple(rows),
        notes=(wording.HIDDEN,) if hidden else (),
        summary_rows=_last(rows, "" in breakdown.found),
    )


def figure(breakdown: Breakdown, *, number: str) -> IntervalFigure:
    """Draw the margin of every agency with its interval on one axis."""
    code, _ = breakdown.columns[0]
    hidden = breakdown.hidden()
    rows = []
    for agency in breakdown.agencies:
        value = breakdown.value(agency.code, code, hidden)
        span = breakdown.interval(agency.code, code, hidden)
        rows.append(
            IntervalRow(
                agency.title,
                value,
                None if isinstance(span, Missing) else span,
                flag=breakdown.flag(agency.code, code),
                tone=breakdown.tone(agency.code, hidden),
                conducting=agency.conducting,
                cells=(
                    *breakdown.place(agency.code, hidden)[:2],
                    int(breakdown.found.get(agency.code, {}).get(code, {}).get("n", 0)),
                ),
            )
        )
    return IntervalFigure(
        code=f"{breakdown.code}-figure",
        title=breakdown.title,
        unit=breakdown.unit,
        how_to_read=f"{wording.HOW_TO_READ} {wording.NO_ORDER}",
        rows=tuple(rows),
        columns=(
            Column("place", "Hạng", "count"),
            Column("range", "Khoảng hạng", "text"),
            Column("n", number, "count"),
        ),
        reference=breakdown.reference(),
    )


def item_table(
    code: str,
    title: str,
    components: Sequence[Sequence[tuple[str, str]]],
    both: Mapping[str, Found],
) -> ReportTable:
    """Tabulate the items of the whole, (code, text) by component: measures side by side."""
    measures = [
        name for name in ("mean_of_5", "mean_minus_1_of_4", "share_satisfied") if name in both
    ]
    whole = both[measures[0]][""]
    rows: list[tuple[Cell, ...]] = [
        (
            text,
            *(_shown(both[name][""][item]) for name in measures),
            int(whole[item]["n"]),
        )
        for component in components
        for item, text in component
    ]
    return ReportTable(
        code=code,
        title=title,
        columns=(
            Column("item", "Tiêu chí thành phần", "text"),
            *(_quantity(name, wording.MEASURES[name], "%") for name in measures),
            Column("n", "Số phiếu có trả lời", "count"),
        ),
        rows=tuple(rows),
        notes=(wording.HIDDEN,) if any("hidden" in each for each in whole.values()) else (),
    )


def _shown(estimate: Mapping[str, Any]) -> Cell:
    if "hidden" in estimate:
        return Missing(gate.reason(estimate["hidden"]))
    value = estimate["value"]
    return Missing(estimate["reason"] or wording.NOT_ESTIMATED) if value is None else float(value)


def _quantity(key: str, title: str, unit: str) -> Column:
    name = key.lower().replace(".", "_")
    if unit == "%":
        return Column(name, title, "percent", decimals=2)
    return Column(name, f"{title} ({unit})", "points", decimals=2)


def _last(rows: Sequence[object], there: bool) -> frozenset[int]:
    return frozenset({len(rows) - 1}) if there else frozenset()
