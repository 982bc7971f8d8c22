"""What DESIGN.toml may ask beyond estimates: weights, replicates, differences and tests."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analysis.labels import canonical
from surveyapp.results.toml_reader import TomlReader, is_number, nearest

WEIGHTS = ("responded", "classes", "trim", "margins", "bounds")
REPLICATES = ("method", "draws", "seed")
CONTRAST = ("measure", "domain", "first", "second", "target", "fpc")
TEST = ("kind", "rows", "columns", "column", "measure", "domain", "first", "second", "fpc")
#: Keys of DESIGN.toml that are read here.
TOP = ("weights", "replicates", "contrasts", "tests")


@dataclass(frozen=True, slots=True)
class WeightRules:
    """Changes of the weights after the field work, in this order.

    `responded` is a column of 1 and 0 among all that were asked, `classes` the columns within
    which those who came carry the others; `trim` the lowest and highest weight; `margins` the
    population counts by column and label; `bounds` the factors that raking may use.
    """

    responded: str | None
    classes: tuple[str, ...]
    trim: tuple[float, float] | None
    margins: Mapping[str, Mapping[str, float]]
    bounds: tuple[float, float] | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read."""
        came = () if self.responded is None else (self.responded,)
        return (*came, *self.classes, *self.margins)


@dataclass(frozen=True, slots=True)
class Replication:
    """Replicate weights that check the linearised errors."""

    method: Literal["jackknife", "bootstrap"]
    draws: int
    seed: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure of one domain against another ("" is the whole) or against a target.

    `fpc`: about these transactions only, with the finite population correction.
    """

    measure: str
    domain: str
    first: str
    second: str
    target: float | None = None
    fpc: bool = False


@dataclass(frozen=True, slots=True)
class AssociationAsked:
    """Two columns whose association is tested."""

    rows: str
    columns: str
    fpc: bool


@dataclass(frozen=True, slots=True)
class InterviewersAsked:
    """A measure whose variance between interviewers (labels of a column) is asked."""

    measure: str
    column: str


@dataclass(frozen=True, slots=True)
class More:
    """All of it; `means`, `associations` and `interviewers` are the kinds of tests."""

    weights: WeightRules | None = None
    replicates: Replication | None = None
    contrasts: tuple[Comparison, ...] = ()
    means: tuple[Comparison, ...] = ()
    associations: tuple[AssociationAsked, ...] = ()
    interviewers: tuple[InterviewersAsked, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read."""
        crossed = (name for one in self.associations for name in (one.rows, one.columns))
        who = (one.column for one in self.interviewers)
        return (*(() if self.weights is None else self.weights.columns), *crossed, *who)

    @property
    def needs_rows(self) -> tuple[str, ...]:
        """Parts that need every row in the memory."""
        asked = {
            "[weights]": self.weights is not None,
            "[replicates]": self.replicates is not None,
            '[[tests]] kind = "association"': bool(self.associations),
            '[[tests]] kind = "interviewer"': bool(self.interviewers),
        }
        return tuple(name for name, is_asked in asked.items() if is_asked)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the file that are used."""
        tests = self.means or self.associations or self.interviewers
        used = (self.weights, self.replicates, self.contrasts, tests)
        return tuple(key for key, value in zip(TOP, used, strict=True) if value)


def read_more(
    reader: TomlReader,
    content: Mapping[str, Any],
    codes: Collection[str],
    quantiles: Collection[str],
    domains: Collection[str],
) -> More:
    """Read what the file asks beyond estimates, of measures `codes` and columns `domains`."""
    held = dict(content)
    weights = _weights(reader, reader.table(held, "weights")) if "weights" in held else None
    replicates = None
    if "replicates" in held:
        replicates = _replicates(reader, reader.table(held, "replicates"))
    known = _Known(reader, (*codes,), frozenset(quantiles), (*domains,))
    contrasts = tuple(
        known.comparison(item, f"contrasts[{i + 1}].", CONTRAST)
        for i, item in enumerate(reader.tables(held, "contrasts"))
    )
    means, associations, interviewers = [], [], []
    for i, item in enumerate(reader.tables(held, "tests")):
        where = f"tests[{i + 1}]."
        kind = reader.choice(item, "kind", ("mean", "association", "interviewer"), None, where)
        if kind == "mean":
            means.append(known.comparison(item, where, TEST))
        elif kind == "interviewer":
            interviewers.append(known.interviewers(item, where))
        else:
            associations.append(_association(reader, item, where))
    if weights is not None and weights.margins and (replicates is not None or associations):
        reader.problems.append(
            "weights.margins: không dùng cùng [replicates] hoặc kiểm định association; "
            "tính riêng bằng một tệp thiết kế khác."
        )
    return More(weights, replicates, contrasts, (*means,), (*associations,), (*interviewers,))


def _weights(reader: TomlReader, item: dict[str, Any]) -> WeightRules:
    reader.keys(item, WEIGHTS, "weights.")
    responded = reader.text(item, "responded", "weights.") if "responded" in item else None
    classes = reader.names(item, "classes", "weights.")
    if (responded is None) != (not classes):
        reader.problems.append(
            "weights: responded (cột 1 và 0) và classes (cột chia lớp) phải đi cùng nhau."
        )
    trim, bounds = reader.pair(item, "trim", "weights."), reader.pair(item, "bounds", "weights.")
    margins = _margins(reader, item.get("margins", {}))
    if bounds is not None and not margins:
        reader.problems.append("weights.bounds: chỉ dùng với margins.")
    if bounds is not None and not bounds[0] < 1 < bounds[1]:
        reader.problems.append("weights.bounds: số thứ nhất dưới 1, số thứ hai trên 1.")
    if responded is None and trim is None and not margins:
        reader.problems.append("weights: cần responded và classes, trim hoặc margins.")
    return WeightRules(responded, classes, trim, margins, bounds)


def _margins(reader: TomlReader, value: object) -> dict[str, dict[str, float]]:
    """Read the counts; a label is spelled as those of the data."""
    found: dict[str, dict[str, float]] = {}
    if not isinstance(value, dict):
        reader.problems.append("weights.margins: phải là bảng [weights.margins].")
        return found
    for name, counts in value.items():
        given = counts if isinstance(counts, dict) else {}
        if not given or not all(is_number(n) and n >= 0 for n in given.values()):
            reader.problems.append(
                f"weights.margins.{name}: phải là bảng nhãn = số người (không âm), "
                'ví dụ { nam = 1200, "nữ" = 1300 }.'
            )
        found[name] = {canonical(label): n for label, n in given.items()}
    return found


def _replicates(reader: TomlReader, item: dict[str, Any]) -> Replication:
    reader.keys(item, REPLICATES, "replicates.")
    method = reader.choice(item, "method", ("jackknife", "bootstrap"), "jackknife", "replicates.")
    draws = reader.whole_number(item, "draws", (2, 10_000), 500, "replicates.")
    seed = reader.whole_number(item, "seed", (0, 2**53), 0, "replicates.")
    needed = {"draws", "seed"}
    if method == "jackknife" and needed & set(item):
        reader.problems.append('replicates: draws và seed chỉ dùng với method = "bootstrap".')
    if method == "bootstrap" and needed - set(item):
        reader.problems.append("replicates: bootstrap cần draws (số lần) và seed (hạt giống).")
    return Replication(method, draws, seed)


def _association(reader: TomlReader, item: dict[str, Any], where: str) -> AssociationAsked:
    reader.keys(item, ("kind", "rows", "columns", "fpc"), where)
    return AssociationAsked(
        reader.text(item, "rows", where),
        reader.text(item, "columns", where),
        reader.flag(item, "fpc", where),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """Measures and domains to which comparisons refer."""

    reader: TomlReader
    codes: tuple[str, ...]
    quantiles: frozenset[str]
    domains: tuple[str, ...]

    def comparison(self, item: dict[str, Any], where: str, keys: tuple[str, ...]) -> Comparison:
        """Read a contrast, or a test of two means."""
        reader = self.reader
        others = ("rows", "columns", "column")
        reader.keys(item, tuple(key for key in keys if key not in others), where)
        measure = self._one_of(item, "measure", self.codes, where)
        target = item.get("target")
        if target is not None and not is_number(target):
            reader.problems.append(f"{where}target: phải là số.")
        if target is not None and {"second", "fpc"} & set(item):
            reader.problems.append(f"{where}target: không dùng cùng second và fpc.")
        if target is not None and "domain" not in item:
            if "first" in item:
                reader.problems.append(f"{where}first: cần domain.")
            return Comparison(measure, "", "", "", target)
        domain = self._one_of(item, "domain", self.domains, where)
        first = canonical(reader.text(item, "first", where))
        if target is not None:
            return Comparison(measure, domain, first, "", target)
        if measure in self.quantiles:
            reader.problems.append(f"{where}measure: phân vị chỉ so được với target.")
        is_test = "kind" in keys
        second = (
            canonical(reader.text(item, "second", where)) if is_test or "second" in item else ""
        )
        if first and first == second:
            reader.problems.append(f"{where}second: phải khác first.")
        return Comparison(measure, domain, first, second, None, reader.flag(item, "fpc", where))

    def interviewers(self, item: dict[str, Any], where: str) -> InterviewersAsked:
        """Read a test of the differences between interviewers."""
        self.reader.keys(item, ("kind", "measure", "column"), where)
        measure = self._one_of(item, "measure", self.codes, where)
        return InterviewersAsked(measure, self.reader.text(item, "column", where))

    def _one_of(self, item: dict[str, Any], key: str, known: tuple[str, ...], where: str) -> str:
        value = self.reader.text(item, key, where)
        if value and value not in known:
            self.reader.problems.append(
                f"{where}{key}: không có «{value}», {nearest(value, known)}"
            )
        return value
