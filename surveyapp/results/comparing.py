"""What places and differences are worth: pairs that differ, funnel, leaving out batches."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.report import (
    Cell,
    Column,
    FunnelFigure,
    FunnelMark,
    Interval,
    Missing,
    Paragraph,
    ReportTable,
)
from surveyapp.exports.numbers import NumberStyle
from surveyapp.results import gate, wording
from surveyapp.results.sensitivity import NOT_COMPUTED
from surveyapp.results.tables import Breakdown

_COUNT = NumberStyle().count
_KINDS: Mapping[str, str] = {
    "mode": "Cách trả lời",
    "assisted": "Người giữ máy",
}
_BATCHES: Mapping[str, str] = {
    "web": "Điện thoại, máy tính của người trả lời",
    "tablet": "Máy tại quầy",
    "interviewer": "Điều tra viên hỏi",
    "paper": "Phiếu giấy",
    "self": "Tự trả lời",
    "family": "Người nhà giúp",
    "volunteer": "Người hướng dẫn giúp",
    "official": "Cán bộ giúp",
    "": "Không hỏi",
}


def pairs(ranks: Mapping[str, Any]) -> list[Paragraph]:
    """Say in one sentence how many pairs of agencies differ at all."""
    found = ranks.get("pairs")
    if not found:
        return []
    differ, sure = found["differ"], "khác biệt rõ với độ tin cậy 95% cho tất cả các cặp cùng lúc"
    compared = f"{_COUNT(found['compared'])} cặp cơ quan so với nhau"
    if found["compared"] == 1:
        verdict = (
            "khác biệt rõ với độ tin cậy 95%" if differ else "chưa đủ căn cứ để nói bên nào hơn"
        )
        return [Paragraph(f"Hai cơ quan so với nhau: {verdict}.", strong=True)]
    if differ == found["compared"]:
        return [Paragraph(f"Cả {compared} đều {sure}.", strong=True)]
    told = f"chỉ {_COUNT(differ)} cặp {sure}" if differ else f"không cặp nào {sure}"
    rest = "các cặp còn lại chưa đủ căn cứ" if differ else "chưa đủ căn cứ"
    return [
        Paragraph(
            f"Trong {compared}, {told}; {rest} để nói cơ quan nào hơn.",
            strong=True,
        )
    ]


def funnel(breakdown: Breakdown, ranks: Mapping[str, Any]) -> list[FunnelFigure | ReportTable]:
    """Draw and tabulate the published agencies against what chance does to the common value."""
    found = {point["agency"]: point for point in ranks.get("funnel", ())}
    agencies = [agency for agency in breakdown.agencies if agency.code in found]
    whole = breakdown.reference()
    if whole is None or not agencies:
        return []
    marks = tuple(
        FunnelMark(
            agency.title,
            found[agency.code]["size"],
            found[agency.code]["value"],
            Interval(*found[agency.code]["inner"]),
            Interval(*found[agency.code]["outer"]),
        )
        for agency in agencies
    )
    picture = FunnelFigure(
        code=f"{breakdown.code}-funnel",
        title=f"{breakdown.title}: dao động ngẫu nhiên theo số phiếu",
        unit=breakdown.unit,
        how_to_read=wording.FUNNEL,
        marks=marks,
        reference=whole,
    )
    labels = [agency.label for agency in agencies]
    return [picture, _funnel_table(breakdown, marks, labels)]


def _funnel_table(
    breakdown: Breakdown, marks: Sequence[FunnelMark], labels: Sequence[str]
) -> ReportTable:
    percent = breakdown.unit == "%"
    unit = "%" if percent else ""
    title = breakdown.columns[0][1]
    rows: list[tuple[Cell, ...]] = [
        (label, mark.value, mark.size, mark.inner, mark.outer, _position(mark))
        for label, mark in zip(labels, marks, strict=True)
    ]
    return ReportTable(
        code=f"{breakdown.code}-chance",
        title=f"{breakdown.title}: so với dao động ngẫu nhiên",
        columns=(
            Column("agency", "Cơ quan", "text"),
            Column("value", title, "percent" if percent else "points", decimals=2),
            Column("size", "Số câu trả lời quy đổi", "points", decimals=1),
            Column("inner", "Vùng ngẫu nhiên 95%", "interval", unit=unit, decimals=2),
            Column("outer", "Vùng ngẫu nhiên 99,8%", "interval", unit=unit, decimals=2),
            Column("position", "Vị trí", "text"),
        ),
        rows=tuple(rows),
    )


def _position(mark: FunnelMark) -> str:
    for span, name in ((mark.outer, "99,8%"), (mark.inner, "95%")):
        if mark.value > span.high:
            return f"trên vùng {name}"
        if mark.value < span.low:
            return f"dưới vùng {name}"
    return "trong vùng ngẫu nhiên"


def sensitivity_table(
    breakdown: Breakdown, found: Sequence[Mapping[str, Any]]
) -> list[ReportTable]:
    """Tabulate what changes without each batch of forms."""
    if not found:
        return []
    percent = breakdown.unit == "%"
    unit = "" if percent else f" ({breakdown.unit})"
    kind: Any = "percent" if percent else "points"
    hidden = any("hidden" in batch for batch in found)
    return [
        ReportTable(
            code=f"{breakdown.code}-without",
            title=f"{breakdown.title}: nếu bỏ một đợt phiếu thì thay đổi gì",
            columns=(
                Column("kind", "Chia theo", "text"),
                Column("batch", "Đợt phiếu bỏ ra", "text"),
                Column("n", "Số phiếu của đợt", "count"),
                Column("without", f"Kết quả còn lại{unit}", kind, decimals=2),
                Column("change", "Thay đổi (điểm)", "points", decimals=2),
                Column("moved", "Số cơ quan đổi hạng", "count"),
            ),
            rows=tuple(_batch(batch) for batch in found),
            notes=(wording.WITHOUT, *((wording.HIDDEN,) if hidden else ())),
        )
    ]


def _batch(batch: Mapping[str, Any]) -> tuple[Cell, ...]:
    name = batch["batch"]
    first = (_KINDS[batch["kind"]], _BATCHES.get(name, name), int(batch["n"]))
    if "hidden" in batch:
        why = batch["hidden"]
        missing = Missing(why if why == NOT_COMPUTED else gate.reason(why))
        return (*first, missing, missing, missing)
    return (*first, batch["value"], batch["change"], int(batch["moved"]))
