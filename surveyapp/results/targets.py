"""The survey's own results against targets and earlier years: inside one triple only."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.report import Cell, Column, Interval, Missing, ReportTable
from questionnaires.method import MethodVersion
from surveyapp.models import PublishedFigure
from surveyapp.results import gate, wording

_NO_TARGET = Missing("chưa có chỉ tiêu")


def target_table(
    db: Session,
    key: tuple[str, int],
    method: MethodVersion,
    columns: tuple[tuple[str, str], ...],
    whole: Mapping[str, Mapping[str, Any]],
) -> list[ReportTable]:
    """Set the whole of a group beside targets and the last values before of the same triple.

    `key` is the code of the group and the year of the survey. Publisher, population and method
    version must all be the same; anything else stands in a box of its own.
    """
    rows = db.scalars(
        select(PublishedFigure).where(
            PublishedFigure.publisher == method.publisher,
            PublishedFigure.population == method.population,
            PublishedFigure.method_version == f"{method.code} {method.version}",
            PublishedFigure.code.in_([code for code, _ in columns]),
        )
    ).all()
    targets = {row.code: row.value for row in rows if (row.kind, row.year) == ("target", key[1])}
    values = [row for row in rows if row.kind == "value" and row.year < key[1]]
    if not targets and not values:
        return []
    last = max((row.year for row in values), default=None)
    before = {row.code: row.value for row in values if row.year == last}
    when = "năm trước" if last is None else f"năm {last}"
    no_earlier = Missing(f"chưa có số liệu {when}")
    shown = [
        _row(title, whole[code], targets.get(code), before.get(code, no_earlier))
        for code, title in columns
        if code in whole
    ]
    return [
        ReportTable(
            code=f"{key[0]}-targets",
            title=f"So với chỉ tiêu và {when}",
            columns=(
                Column("part", "Lĩnh vực, tiêu chí", "text"),
                Column("value", f"Kết quả {key[1]}", "percent", decimals=2),
                Column("interval", "Khoảng tin cậy 95%", "interval", unit="%", decimals=2),
                Column("target", "Chỉ tiêu", "percent", decimals=2),
                Column("verdict", "So với chỉ tiêu", "text"),
                Column("earlier", when.capitalize(), "percent", decimals=2),
                Column("difference", "Chênh lệch (điểm phần trăm)", "points", decimals=2),
            ),
            rows=tuple(shown),
            notes=(wording.SAME_TRIPLE,),
        )
    ]


def _row(
    title: str,
    estimate: Mapping[str, Any],
    target: float | None,
    earlier: float | Missing,
) -> tuple[Cell, ...]:
    value, ci = estimate["value"], estimate["ci"]
    if value is None:
        rule = estimate.get("hidden")
        none = Missing(gate.reason(rule) if rule else estimate["reason"] or wording.NOT_ESTIMATED)
        return (title, *[none] * 6)
    return (
        title,
        value,
        Interval(*ci) if ci else Missing("không tính được"),
        _NO_TARGET if target is None else target,
        _NO_TARGET if target is None else verdict(ci, target),
        earlier,
        earlier if isinstance(earlier, Missing) else value - earlier,
    )


def verdict(ci: list[float] | None, target: float) -> str:
    """Say whether a target is reached, missed or not decided by the interval."""
    if ci is None:
        return wording.VERDICTS["undecided"]
    if ci[0] >= target:
        return wording.VERDICTS["reached"]
    return wording.VERDICTS["missed" if ci[1] < target else "undecided"]
