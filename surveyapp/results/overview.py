"""What decides, on the first screen: index, interval, forms, clear differences, what is hidden."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.report import Interval, Missing
from surveyapp.exports.numbers import NumberStyle
from surveyapp.results import gate, wording
from surveyapp.results.comparing import pairs
from surveyapp.results.tables import Breakdown

_COUNT = NumberStyle().count
_STYLE = NumberStyle(decimals=2)
#: Agencies named on the first screen; all of them stand in the table.
_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Card:
    """One group of agencies: its figure with what must be known of it, as text.

    `facts` are (name, text), also of agencies without a figure and why; `link` says what its part
    of the page holds, "" where that is nothing more.
    """

    title: str
    part: str
    name: str
    value: str
    facts: tuple[tuple[str, str], ...]
    sentence: str
    link: str


def card(part: str, title: str, found: Mapping[str, Any], breakdown: Breakdown) -> Card:
    """Sum up a group that has an index or a score; `part` is its place on the page."""
    hidden = breakdown.hidden()
    code, name = breakdown.columns[0]
    value, span = _whole(breakdown, hidden)
    if found["kind"] == "points":
        name = "Tổng điểm trung bình"
        value += f" trên {_COUNT(found['max_points'])}" if breakdown.mean is not None else ""
    facts = [
        ("Khoảng tin cậy 95%", span),
        ("Phiếu thu về", f"{_COUNT(found['received'])} trên {_COUNT(found['issued'])}"),
    ]
    groups: dict[str, list[str]] = {"above": [], "below": []}
    for agency in breakdown.agencies:
        tone = breakdown.tone(agency.code, hidden)
        if tone != "neutral":
            groups[tone].append(agency.label)
    facts += [
        (f"{wording.GROUPS[group].capitalize()} mức chung", _names(agencies))
        for group, agencies in groups.items()
    ]
    apart: dict[str, list[str]] = {}
    for agency in breakdown.agencies:
        if isinstance(shown := breakdown.value(agency.code, code, hidden), Missing):
            apart.setdefault(shown.reason, []).append(agency.label)
    for reason in sorted(apart, key=lambda each: each not in wording.NOT_PUBLISHED):
        facts.append((_apart(reason), _names(apart[reason])))
    if not apart:
        facts.append(("Không công bố", _names([])))
    said = pairs(found["ranks"])
    return Card(
        title,
        part,
        name,
        value,
        tuple(facts),
        said[0].text if said else "",
        "Từng cơ quan, thứ hạng và khoảng thứ hạng",
    )


def counted(part: str, title: str, found: Mapping[str, Any]) -> Card:
    """Sum up a group that has counts only: no forms yet, or opinions without a drawn sample."""
    received = _COUNT(found["received"])
    if found["kind"] == "opinions":
        facts = (("Cách hiểu", "không có khoảng tin cậy, không xếp hạng"),)
        return Card(
            title,
            part,
            "Ý kiến tại quầy",
            f"{received} phiếu",
            facts,
            "",
            "Số đếm của từng cơ quan",
        )
    return Card(title, part, "Phiếu thu về", received, (), "Chưa nhận được phiếu nào.", "")


def _apart(reason: str) -> str:
    """Tell a figure that is kept back from one that cannot be computed."""
    if reason in wording.NOT_PUBLISHED:
        return f"Không công bố ({wording.NOT_PUBLISHED[reason]})"
    if reason == wording.NOT_ESTIMATED:
        return "Không ước lượng được"
    return f"Không tính được ({reason[:1].lower()}{reason[1:].rstrip('.')})"


def _names(agencies: Sequence[str]) -> str:
    """List a few agencies by name; of many, how many more there are."""
    if not agencies:
        return "không cơ quan nào"
    more = len(agencies) - _MOST_NAMES
    rest = f" và {_COUNT(more)} cơ quan khác" if more > 0 else ""
    return "; ".join(agencies[:_MOST_NAMES]) + rest


def _whole(breakdown: Breakdown, hidden: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    """Write the common figure and its interval, or why there is none."""
    code, unit = breakdown.columns[0][0], breakdown.unit
    if gate.WHOLE not in breakdown.found:
        mean = breakdown.mean
        none = "không tính cho trung bình nhóm; xem từng cơ quan"
        return (gate.PROTECTING if mean is None else _STYLE.quantity(mean, unit)), none
    value = breakdown.value(gate.WHOLE, code, hidden)
    span = breakdown.interval(gate.WHOLE, code, hidden)
    return (
        value.reason if isinstance(value, Missing) else _STYLE.quantity(value, unit),
        _STYLE.interval(span, unit) if isinstance(span, Interval) else span.reason,
    )
