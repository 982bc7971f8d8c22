"""An index over the years: this survey, earlier published ones, and figures of documents."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from analysis.contrasts import mover
from analysis.raters import TOTAL
from analysis.report import Cell, Column, Interval, Missing, Paragraph, ReportTable
from analysis.trend import TrendFigure, TrendPoint, TrendSeries, TrendTarget
from questionnaires.method import INDEX, MethodVersion
from questionnaires.method_loader import load_method
from surveyapp.exports.wording import break_reason
from surveyapp.models import PublishedFigure, ResultRun, StoredMethod, Survey, SurveyGroup
from surveyapp.results import gate, wording
from surveyapp.results.method_titles import method_titles

Block = TrendFigure | ReportTable | Paragraph
#: Publisher, population and method version.
Triple = tuple[str, str, str]

#: Series side by side in one picture; more leave no room for their years.
_MOST_SERIES = 3
_NO_INTERVAL = Missing("số công bố không kèm sai số")
_MEAN = Missing("không tính cho trung bình nhóm")
_FIRST = Missing("năm đầu của loạt số")
_SAME_PEOPLE = Missing("hai đợt có người chung")


@dataclass(slots=True)
class _Figures:
    """What is known of one triple: figures and targets of its years."""

    points: list[TrendPoint] = field(default_factory=list)
    targets: list[TrendTarget] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is followed: an index of a group of agencies, or a field of a publisher.

    `code` names figure and table, `unit` is "%" or a word.
    """

    code: str
    title: str
    unit: str


def of_group(
    db: Session, group: SurveyGroup, method: MethodVersion, found: Mapping[str, Any]
) -> list[Block]:
    """Follow the index of a group over the years; a figure from two years on.

    Of other surveys only published results of the same group and no later year count: the report
    of a year does not change when the next one comes, and what is under embargo stays there.
    """
    points = found["kind"] == "points"
    code = TOTAL if points else INDEX
    held: dict[Triple, _Figures] = defaultdict(_Figures)
    for survey, triple, earlier in _earlier(db, group):
        held[triple].points.append(_of_run(survey, earlier))
    # the last of its year: what its own report compares with other years
    held[triple_of(method)].points.append(_of_run(group.survey, found))
    known = (PublishedFigure.year <= group.survey.year) | (PublishedFigure.kind == "target")
    _add(held, _documents(db, PublishedFigure.code == code, known))
    name = "Tổng điểm trung bình" if points else "Chỉ số hài lòng"
    subject = Subject(
        f"{group.code.replace('_', '-')}-trend",
        f"{name} qua các năm: {group.title}",
        "điểm" if points else "%",
    )
    return _blocks(db, subject, held, own=triple_of(method))


def of_documents(db: Session) -> list[Block]:
    """Follow the fields that others publish, where two years or a target are known."""
    rows = _documents(db, PublishedFigure.code.not_in([INDEX, TOTAL]))
    by_code: dict[str, list[PublishedFigure]] = defaultdict(list)
    for row in rows:
        if "." not in row.code:  # a field; its components stand in the table of the box
            by_code[row.code].append(row)
    blocks: list[Block] = []
    for number, code in enumerate(sorted(by_code), 1):
        held: dict[Triple, _Figures] = defaultdict(_Figures)
        _add(held, by_code[code])
        title = by_code[code][-1].title
        subject = Subject(f"published-trend-{number}", f"{code}. {title} qua các năm", "%")
        blocks += _blocks(db, subject, held) if _years(held) > 1 else []
    return blocks


def triple_of(method: MethodVersion) -> Triple:
    """Return what the figures of a method are compared inside."""
    return method.publisher, method.population, f"{method.code} {method.version}"


def _documents(db: Session, *wanted: ColumnElement[bool]) -> Sequence[PublishedFigure]:
    return db.scalars(
        select(PublishedFigure)
        .where(PublishedFigure.kind.in_(("value", "target")), *wanted)
        .order_by(PublishedFigure.year, PublishedFigure.id)
    ).all()


def _add(held: dict[Triple, _Figures], rows: Iterable[PublishedFigure]) -> None:
    for row in rows:
        figures = held[row.publisher, row.population, row.method_version]
        if row.kind == "target":
            figures.targets.append(TrendTarget(row.year, row.value))
        else:
            figures.points.append(TrendPoint(row.year, row.value, "document"))


def _earlier(db: Session, group: SurveyGroup) -> list[tuple[Survey, Triple, Mapping[str, Any]]]:
    """Return survey, triple and stored content of the same group in other published surveys."""
    survey = group.survey
    latest = select(func.max(ResultRun.id).label("id")).group_by(ResultRun.survey_id).subquery()
    rows = db.execute(
        select(Survey, StoredMethod.source, StoredMethod.code, ResultRun.content)
        .join(SurveyGroup, SurveyGroup.survey_id == Survey.id)
        .join(ResultRun, ResultRun.survey_id == Survey.id)
        .join(latest, latest.c.id == ResultRun.id)
        .join(
            StoredMethod,
            (StoredMethod.code == SurveyGroup.method_code)
            & (StoredMethod.version == SurveyGroup.method_version),
        )
        .where(
            Survey.id != survey.id,
            Survey.kind == survey.kind,
            Survey.is_practice == survey.is_practice,
            Survey.state == "published",
            Survey.year <= survey.year,
            SurveyGroup.code == group.code,
        )
        .order_by(Survey.year, Survey.code)
    )
    result = []
    for other, source, code, content in rows:
        stored = [each for each in content.get("groups", ()) if each["code"] == group.code]
        if "gate" in content and stored and stored[0]["kind"] != "nothing":
            result.append((other, triple_of(load_method(source, f"{code}.toml")), stored[0]))
    return result


def _of_run(survey: Survey, found: Mapping[str, Any]) -> TrendPoint:
    """Return the figure of a run, with the earlier sample of which its own keeps people."""
    keeps = survey.follows_id if Fraction(survey.wave_keep or 0) else None
    return replace(_point(survey.year, found), sample=survey.id, keeps=keeps)


def _point(year: int, found: Mapping[str, Any]) -> TrendPoint:
    """Return what a run publishes of the whole of a group."""
    if found["kind"] == "points":
        mean = found.get("mean")
        hidden = Missing(gate.PROTECTING)
        return TrendPoint(year, hidden if mean is None else float(mean), "run")
    whole = found["estimates"][found["measure"]][gate.WHOLE][INDEX]
    if "hidden" in whole:
        return TrendPoint(year, Missing(gate.reason(whole["hidden"])), "run")
    value, ci = whole["value"], whole["ci"]
    if value is None:
        return TrendPoint(year, Missing(whole["reason"] or wording.NOT_ESTIMATED), "run")
    span = Interval(min(ci[0], value), max(ci[1], value)) if ci else None
    return TrendPoint(year, float(value), "run", span, whole["flag"])


def _years(held: Mapping[Triple, _Figures]) -> int:
    """Count the years of which something is known."""
    return len({each.year for figures in held.values() for each in _dated(figures)})


def _dated(figures: _Figures) -> Iterable[TrendPoint | TrendTarget]:
    return (*figures.points, *figures.targets)


def _blocks(
    db: Session, subject: Subject, held: Mapping[Triple, _Figures], own: Triple | None = None
) -> list[Block]:
    """Draw and tabulate; one year alone is no trend, which is said."""
    if _years(held) < 2:
        return [Paragraph(wording.ONE_YEAR)]
    series = _series(held, own, method_titles(db))
    parts = [series[at : at + _MOST_SERIES] for at in range(0, len(series), _MOST_SERIES)]
    return [*(_picture(subject, part, n) for n, part in enumerate(parts)), _table(subject, series)]


def _picture(subject: Subject, series: tuple[TrendSeries, ...], n: int) -> TrendFigure:
    code, title = subject.code, subject.title
    if n:
        code, title = f"{code}-{n + 1}", f"{title} (tiếp, phần {n + 1})"
    return TrendFigure(code, title, subject.unit, wording.TREND, series)


def _series(
    held: Mapping[Triple, _Figures], own: Triple | None, titles: Mapping[str, str]
) -> tuple[TrendSeries, ...]:
    """Order the triples: the survey's own publisher and population first, then by years."""
    made = [
        TrendSeries(
            *triple,
            points=tuple(sorted(figures.points, key=lambda each: each.year)),
            targets=tuple(sorted(figures.targets, key=lambda each: each.year)),
            method_title=titles.get(triple[2], ""),
        )
        for triple, figures in held.items()
    ]
    first = (own or ("", "", ""))[:2]
    return tuple(
        sorted(made, key=lambda s: (s.triple[:2] != first, *s.triple[:2], s.years, s.triple))
    )


def _table(subject: Subject, series: Sequence[TrendSeries]) -> ReportTable:
    percent = subject.unit == "%"
    unit = "%" if percent else ""
    change = "điểm phần trăm" if percent else "điểm"
    kind: Any = "percent" if percent else "points"
    rows: list[tuple[Cell, ...]] = []
    for before, each in zip((None, *series), series, strict=False):
        broken = None if before is None else Missing(break_reason(before, each))
        rows += _rows(each, broken, percent=percent)
    populations = dict.fromkeys(each.population for each in series)
    return ReportTable(
        code=f"{subject.code}-table",
        title=subject.title,
        columns=(
            Column("year", "Năm", "text"),
            Column("source", "Nguồn", "text"),
            Column("value", f"Kết quả{'' if percent else ' (điểm)'}", kind, decimals=2),
            Column("interval", "Khoảng tin cậy 95%", "interval", unit=unit, decimals=2),
            Column("difference", f"So với lần trước ({change})", "points", decimals=2),
            Column(
                "difference_interval",
                "Khoảng tin cậy 95% của chênh lệch",
                "interval",
                decimals=2,
            ),
            Column("target", "Chỉ tiêu", kind, decimals=2),
        ),
        rows=tuple(rows),
        notes=(wording.TREND_NOTE, *(f"Đối tượng: {text}." for text in populations)),
    )


def _rows(series: TrendSeries, broken: Missing | None, *, percent: bool) -> list[tuple[Cell, ...]]:
    """Return a row per figure, and one per target of a year without figure."""
    targets = {target.year: target.value for target in series.targets}
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    for point in series.points:
        before = series.before(point)
        words = wording.TREND_SOURCES[point.source]
        source = f"{words}, {series.publisher}, {series.method}"
        aim = targets.get(point.year)
        rows.append(
            (
                point.year,
                (
                    str(point.year),
                    source,
                    point.value,
                    _interval(point, percent=percent),
                    _change(before, point) if before is not None else broken or _FIRST,
                    _sure(before, point) if before is not None else broken or _FIRST,
                    Missing("chưa có chỉ tiêu") if aim is None else aim,
                ),
            )
        )
    none = Missing("chưa có kết quả")
    source = f"chỉ tiêu, {series.publisher}, {series.method}"
    known = {point.year for point in series.points}
    rows += [
        (year, (str(year), source, none, none, none, none, value))
        for year, value in targets.items()
        if year not in known
    ]
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _interval(point: TrendPoint, *, percent: bool) -> Interval | Missing:
    if point.interval is not None:
        return point.interval
    if isinstance(point.value, Missing):
        return point.value
    if point.source == "document":
        return _NO_INTERVAL
    return Missing("không tính được") if percent else _MEAN


def _change(before: TrendPoint, point: TrendPoint) -> float | Missing:
    """Subtract two figures of one triple; beside a gap there is no difference."""
    if isinstance(point.value, Missing):
        return point.value
    if isinstance(before.value, Missing):
        return Missing(f"{before.year} {before.value.reason}")
    return point.value - before.value


def _sure(before: TrendPoint, point: TrendPoint) -> Interval | Missing:
    """Return the interval of the difference of two figures whose samples share nobody."""
    difference = _change(before, point)
    if isinstance(difference, Missing):
        return difference
    if point.keeps is not None and point.keeps == before.sample:
        return _SAME_PEOPLE
    sides = [
        (float(one.value), one.interval.low, one.interval.high)
        for one in (point, before)
        if one.interval is not None and not isinstance(one.value, Missing)
    ]
    if len(sides) < 2:
        return _NO_INTERVAL
    return Interval(*mover(sides[0], sides[1]))
