"""How many answered and what their weights cost, as one table of the report."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.report import Cell, Column, Missing, ReportTable
from surveyapp.exports.numbers import NumberStyle
from surveyapp.fieldwork.reserve import REASON_TITLES

_STYLE = NumberStyle(decimals=1)
_COUNT = _STYLE.count
_NONE = Missing("chưa có phiếu")
_PER_AGENCY = Missing("tính riêng cho từng cơ quan")


def response_table(
    titles: Mapping[str, str], groups: Sequence[Mapping[str, Any]]
) -> list[ReportTable]:
    """Tabulate response rates, reports by reason and weights of the groups of a run."""
    told = [group for group in groups if "response" in group]
    if not told:
        return []
    late = sum(group["response"]["late"] for group in told)
    notes = [
        "RR1 coi mọi người không rõ tình trạng là thuộc diện hỏi; RR3 chỉ coi như vậy phần ước "
        "tính từ những người đã rõ (AAPOR).",
        *(
            [f"{_COUNT(late)} người được báo là không trả lời nhưng sau đó vẫn có phiếu."]
            if late
            else []
        ),
    ]
    return [
        ReportTable(
            code="response",
            title="Tỷ lệ trả lời và quyền số",
            columns=(
                Column("name", "Nhóm", "text"),
                Column("issued", "Đã phát", "count"),
                Column("returned", "Thu về", "count"),
                Column("rr1", "Tỷ lệ trả lời RR1", "percent", decimals=1),
                Column("rr3", "Tỷ lệ trả lời RR3", "percent", decimals=1),
                Column("reports", "Lý do không có phiếu", "text"),
                Column("weights", "Quyền số nhỏ nhất đến lớn nhất", "text"),
                Column("effect", "Hệ số do quyền số không đều", "points", decimals=2),
            ),
            rows=tuple(_row(titles[group["code"]], group) for group in told),
            notes=tuple(notes),
        )
    ]


def _row(title: str, group: Mapping[str, Any]) -> tuple[Cell, ...]:
    response = group["response"]
    rates = (response[key] for key in ("rr1", "rr3"))
    return (
        title,
        response["issued"],
        response["received"],
        *(_NONE if rate is None else 100 * rate for rate in rates),
        _reports(response["reports"]),
        *_weights(group.get("weights")),
    )


def _reports(reports: Mapping[str, int]) -> str:
    told = [
        f"{title.lower()}: {_COUNT(reports[reason])}"
        for reason, title in REASON_TITLES.items()
        if reports.get(reason)
    ]
    return "; ".join(told) or "không có báo cáo"


def _weights(weights: Mapping[str, Any] | None) -> tuple[Cell, Cell]:
    if weights is None:
        return _PER_AGENCY, _PER_AGENCY
    low, high = (_STYLE.number(weights[key]) for key in ("lowest", "highest"))
    return low if low == high else f"{low}–{high}", float(weights["effect"])  # noqa: RUF001  a range
