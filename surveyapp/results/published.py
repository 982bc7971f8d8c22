"""Figures and targets that others published, in boxes of their own: never compared."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.report import Box, Cell, Column, Missing, Paragraph, ReportTable
from surveyapp.models import PublishedFigure

_NONE = Missing("chưa có")


def boxes(db: Session) -> tuple[Box, ...]:
    """Return a box for every triple of publisher, population and method version."""
    rows = db.scalars(
        select(PublishedFigure)
        .where(PublishedFigure.kind.in_(("value", "target")))
        .order_by(PublishedFigure.code, PublishedFigure.year)
    ).all()
    triples: dict[tuple[str, str, str], list[PublishedFigure]] = defaultdict(list)
    for row in rows:
        triples[row.publisher, row.population, row.method_version].append(row)
    return tuple(_box(number, triples[key]) for number, key in enumerate(sorted(triples), 1))


def _box(number: int, rows: Sequence[PublishedFigure]) -> Box:
    """Tabulate the latest year of results and of targets of one triple."""
    first = rows[0]
    latest = {kind: max((r.year for r in rows if r.kind == kind), default=None) for kind in _KINDS}
    shown = {(r.code, r.kind): r.value for r in rows if r.year == latest[r.kind]}
    titles = {r.code: r.title for r in rows}
    cells: list[tuple[Cell, ...]] = [
        (f"{code}. {title}", *(shown.get((code, kind), _NONE) for kind in _KINDS))
        for code, title in titles.items()
    ]
    sources = "; ".join(dict.fromkeys(r.source for r in rows))
    return Box(
        title=f"Số liệu do {first.publisher} công bố",
        paragraphs=(
            Paragraph(
                f"Đối tượng: {first.population}. Phương pháp: {first.method_version}. "
                f"Nguồn: {sources}."
            ),
        ),
        table=ReportTable(
            code=f"published-{number}",
            title=f"Kết quả và chỉ tiêu ({first.publisher})",
            columns=(
                Column("part", "Lĩnh vực, tiêu chí", "text"),
                *(
                    Column(kind, f"{title} {latest[kind] or ''}".strip(), "percent", decimals=2)
                    for kind, title in _KINDS.items()
                ),
            ),
            rows=tuple(cells),
        ),
    )


_KINDS = {"value": "Kết quả", "target": "Chỉ tiêu"}
