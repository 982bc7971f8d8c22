"""One index over the years: only figures of one publisher, population and method are joined."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal, get_args

from analysis.cells import Flag, Interval, Missing, ReportError, check_code, check_inside

#: Where a figure comes from: a run of the program, or a document.
Source = Literal["run", "document"]
#: What two neighbouring series differ in.
Difference = Literal["publisher", "population", "method_version"]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The figure of one year, or the reason why there is none (a gap, never 0).

    Parameters
    ----------
    source : a figure of a document has no interval: none was published, none is made up.
    flag : `low` and `small` are drawn hollow and dotted.
    sample, keeps : number of the sample behind a run, and of an earlier one of which it asks
        people again; None for neither. Figures of two such samples are not independent.
    """

    year: int
    value: float | Missing
    source: Source
    interval: Interval | None = None
    flag: Flag = "ok"
    sample: int | None = None
    keeps: int | None = None

    def __post_init__(self) -> None:
        """Refuse an interval without a value, outside of it, or of a document."""
        where = f"figure of {self.year}"
        if self.flag not in get_args(Flag) or self.source not in get_args(Source):
            raise ReportError(f"{where}: flag {self.flag!r} or source {self.source!r}")
        if isinstance(self.value, Missing):
            if self.interval is not None:
                raise ReportError(f"{where}: an interval without a value")
            return
        if self.source == "document" and self.interval is not None:
            raise ReportError(f"{where}: a figure of a document has no interval")
        check_inside(self.value, self.interval, where)


@dataclass(frozen=True, slots=True)
class TrendTarget:
    """What a plan wants to be reached in a year."""

    year: int
    value: float


@dataclass(frozen=True, slots=True)
class TrendSeries:
    """Figures and targets of one publisher, population and method version, in order of years."""

    publisher: str
    population: str
    method_version: str
    points: tuple[TrendPoint, ...]
    targets: tuple[TrendTarget, ...] = ()
    #: What the method is called for people; "" where only its version is known.
    method_title: str = ""

    def __post_init__(self) -> None:
        """Refuse a series of nothing, and years that go back."""
        if not self.points and not self.targets:
            raise ReportError(f"series {self.triple}: neither figure nor target")
        aims = [target.year for target in self.targets]
        for years in ([point.year for point in self.points], aims):
            if years != sorted(years):
                raise ReportError(f"series {self.triple}: years {years} are not in order")
        for target in self.targets:
            check_inside(target.value, None, f"series {self.triple}, target of {target.year}")

    @property
    def triple(self) -> tuple[str, str, str]:
        """Inside which figures may be joined and subtracted."""
        return self.publisher, self.population, self.method_version

    @property
    def method(self) -> str:
        """The method's title, or else its version."""
        return self.method_title or self.method_version

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year of a figure or target."""
        years = [*(p.year for p in self.points), *(t.year for t in self.targets)]
        return min(years), max(years)

    def by_year(self) -> dict[int, TrendPoint]:
        """One figure of each year for the other years: the last run, or else the last document."""
        kept: dict[int, TrendPoint] = {}
        for point in self.points:
            if point.source == "run" or kept.get(point.year, point).source == "document":
                kept[point.year] = point
        return kept

    def before(self, point: TrendPoint) -> TrendPoint | None:
        """Return what a figure is compared with: of the last year before its own, if any."""
        earlier = [each for year, each in self.by_year().items() if year < point.year]
        return earlier[-1] if earlier else None

    def joined(self) -> Iterator[tuple[TrendPoint, TrendPoint]]:
        """Neighbouring years that a line joins: both have a value; a gap is never bridged."""
        for before, after in pairwise(self.by_year().values()):
            if not isinstance(before.value, Missing) and not isinstance(after.value, Missing):
                yield before, after

    def extent(self) -> tuple[float, ...]:
        """All values, limits and targets that an axis must hold."""
        values = [p.value for p in self.points if not isinstance(p.value, Missing)]
        limits = [x for p in self.points if p.interval for x in (p.interval.low, p.interval.high)]
        return (*values, *limits, *(target.value for target in self.targets))


@dataclass(frozen=True, slots=True)
class TrendFigure:
    """One index over the years: a panel per publisher and population, broken between methods.

    Series of one publisher and population follow one another and share an axis; another publisher
    or population has an axis of its own, as its figures must not be read against the others.

    Parameters
    ----------
    unit : "%" or a word such as "điểm".
    how_to_read : one sentence that stands above the picture.
    """

    code: str
    title: str
    unit: str
    how_to_read: str
    series: tuple[TrendSeries, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse no series, a triple that occurs twice, and panels that are torn apart."""
        check_code(self.code)
        triples = [each.triple for each in self.series]
        if not triples or len(set(triples)) != len(triples):
            raise ReportError(f"figure {self.code}: series must be there and differ, not {triples}")
        kept = [panel[0].triple[:2] for panel in self.panels()]
        if len(set(kept)) != len(kept):
            raise ReportError(f"figure {self.code}: series of a panel stand apart: {kept}")

    def panels(self) -> tuple[tuple[TrendSeries, ...], ...]:
        """Series by publisher and population: those that share an axis."""
        held = groupby(self.series, key=lambda each: each.triple[:2])
        return tuple(tuple(panel) for _, panel in held)


def differences(before: TrendSeries, after: TrendSeries) -> tuple[Difference, ...]:
    """Name what two series differ in: why no line joins them."""
    names: tuple[Difference, ...] = get_args(Difference)
    pairs = zip(names, before.triple, after.triple, strict=True)
    return tuple(name for name, one, other in pairs if one != other)
