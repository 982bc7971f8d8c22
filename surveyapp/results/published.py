"""Figures and targets that others published, in boxes of their own: never compared."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.raters import TOTAL
from analysis.report import NOT_COMPARABLE, Box, Cell, Column, Missing, Paragraph, ReportTable
from questionnaires.method import INDEX
from surveyapp.models import PublishedFigure
from surveyapp.results import wording
from surveyapp.results.method_titles import method_titles

_NONE = Missing("chưa có")


def boxes(db: Session, own: Collection[tuple[str, str, str]] = ()) -> tuple[Box, ...]:
    """Return a box for every triple of publisher, population and method version.

    Those of `own` are of the survey's own triple: its results are set beside them elsewhere.
    """
    rows = db.scalars(
        select(PublishedFigure)
        .where(PublishedFigure.kind.in_(("value", "target")))
        .order_by(PublishedFigure.code, PublishedFigure.year)
    ).all()
    triples: dict[tuple[str, str, str], list[PublishedFigure]] = defaultdict(list)
    for row in rows:
        triples[row.publisher, row.population, row.method_version].append(row)
    publishers = Counter(key[:2] for key in triples)
    methods = method_titles(db)
    return tuple(
        _box(
            number,
            triples[key],
            method=methods.get(key[2], f"«{key[2]}»"),
            has_break=publishers[key[:2]] > 1,
            caveat=wording.OWN_TRIPLE if key in own else NOT_COMPARABLE,
        )
        for number, key in enumerate(sorted(triples), 1)
    )


def _box(
    number: int, rows: Sequence[PublishedFigure], *, method: str, has_break: bool, caveat: str
) -> Box:
    """Tabulate results of all years, their change, and the latest targets of one triple."""
    first = rows[0]
    years = sorted({row.year for row in rows if row.kind == "value"})
    aims = max((row.year for row in rows if row.kind == "target"), default=None)
    shown = {(row.code, row.kind, row.year): row.value for row in rows}
    titles = {row.code: row.title for row in rows}
    cells: list[tuple[Cell, ...]] = [
        (
            title if code in (INDEX, TOTAL) else f"{code}. {title}",
            *(shown.get((code, "value", year), _NONE) for year in years),
            *_change(shown, code, years),
            *_aim(shown, code, aims),
        )
        for code, title in titles.items()
    ]
    sources = "; ".join(dict.fromkeys(r.source for r in rows))
    return Box(
        title=f"Số liệu do {first.publisher} công bố",
        caveat=caveat,
        paragraphs=(
            Paragraph(f"Đối tượng: {first.population}. Phương pháp: {method}. Nguồn: {sources}."),
            *([Paragraph(wording.BREAK.format(method))] if has_break else []),
        ),
        table=ReportTable(
            code=f"published-{number}",
            title=f"Kết quả và chỉ tiêu ({first.publisher})",
            columns=(
                Column("part", "Lĩnh vực, tiêu chí", "text"),
                *(Column(f"y{year}", f"Kết quả {year}", "percent", decimals=2) for year in years),
                *(_CHANGE if len(years) > 1 else ()),
                *(_aim_columns(aims) if aims else ()),
            ),
            rows=tuple(cells),
        ),
    )


_CHANGE = (Column("difference", "Chênh lệch hai năm gần nhất", "points", decimals=2),)


def _aim_columns(year: int) -> tuple[Column, ...]:
    return (
        Column("target", f"Chỉ tiêu {year}", "percent", decimals=2),
        Column("verdict", "So với chỉ tiêu", "text"),
    )


_Shown = Mapping[tuple[str, str, int], float]


def _change(shown: _Shown, code: str, years: Sequence[int]) -> tuple[Cell, ...]:
    """Return the change between the two latest years of one triple."""
    if len(years) < 2:
        return ()
    last, before = (shown.get((code, "value", year)) for year in (years[-1], years[-2]))
    return (_NONE if last is None or before is None else last - before,)


def _aim(shown: _Shown, code: str, year: int | None) -> tuple[Cell, ...]:
    """Return the target and what the published value says of it; values have no interval."""
    if year is None:
        return ()
    aim, value = shown.get((code, "target", year)), shown.get((code, "value", year))
    if aim is None:
        return _NONE, _NONE
    if value is None:
        return aim, Missing(f"chưa có kết quả năm {year}")
    return aim, wording.VERDICTS["reached" if value >= aim else "missed"]
