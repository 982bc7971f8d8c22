"""DESIGN.toml of `sipas results estimate`: read, checked, every fault named at once."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.design import LONELY_PSU, LonelyPsu
from analysis.estimate import Options
from analysis.intervals import METHODS
from analysis.labels import canonical
from analysis.measures import Composite, Measure
from surveyapp.errors import AppError
from surveyapp.results import design_more
from surveyapp.results.design_more import More, read_more
from surveyapp.results.toml_reader import TomlReader, is_number, nearest

TOP = (
    "weight", "strata", "psu", "pop_size", "lonely_psu", "domains",
    "interval", "measures", "composites", *design_more.TOP,
)  # fmt: skip
INTERVAL = ("method", "level")
MEASURE = ("code", "column", "kind", "satisfied", "answers", "missing", "denominator", "p")
COMPOSITE = ("code", "measures", "weights", "pooling", "unanswered")
KINDS = ("share", "mean", "total", "ratio", "quantile", "distribution")
POOLINGS = ("items", "answers", "respondents")


@dataclass(frozen=True, slots=True)
class MeasuredColumn:
    """A measure and where its answers stand; codes as `canonical` spells them.

    `answers` are all codes that an answer may have; none = not declared. `denominator` is the
    second column of a ratio; `category` the code counted by one share of a distribution;
    `p` the probability of a quantile, whose `measure` is the mean of the same column.
    """

    measure: Measure
    column: str
    satisfied: frozenset[str]
    missing: frozenset[str]
    answers: frozenset[str] = frozenset()
    denominator: str | None = None
    category: str | None = None
    p: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read."""
        return (self.column,) if self.denominator is None else (self.column, self.denominator)


@dataclass(frozen=True, slots=True)
class DesignFile:
    """What DESIGN.toml asks for, by names of columns."""

    weight: str
    strata: tuple[str, ...]
    psu: tuple[str, ...]
    pop_size: tuple[str, ...]
    lonely_psu: LonelyPsu
    domains: tuple[str, ...]
    options: Options
    measures: tuple[MeasuredColumn, ...]
    composites: tuple[Composite, ...]
    more: More

    @property
    def quantiles(self) -> dict[str, float]:
        """Probability of each measure that is a quantile."""
        return {item.measure.code: item.p for item in self.measures if item.p is not None}

    @property
    def needs_rows(self) -> tuple[str, ...]:
        """Parts of the file that need every row of the data in the memory."""
        ordered = ('kind = "quantile"',) if self.quantiles else ()
        return (*ordered, *self.more.needs_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the data that is read."""
        asked = (self.weight, *self.strata, *self.psu, *self.pop_size, *self.domains)
        asked = (*asked, *self.more.columns)
        return tuple(
            dict.fromkeys((*asked, *(name for item in self.measures for name in item.columns)))
        )


def read_design(path: Path) -> DesignFile:
    """Read DESIGN.toml.

    Raises
    ------
    AppError : the file cannot be read, or lists every fault of its content.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AppError(
            "RESULTS-001",
            f"Không đọc được tệp thiết kế «{path.name}»: {_cause(error)}.",
            "Kiểm tra đường dẫn; tệp phải là TOML, mã hóa UTF-8.",
        ) from error
    reader = _Reader()
    design = reader.design(content)
    if reader.problems or design is None:
        raise AppError(
            "RESULTS-002",
            f"Tệp thiết kế «{path.name}» có {len(reader.problems)} lỗi.",
            "Sửa các khóa nêu trên rồi chạy lại.",
            problems=tuple(reader.problems),
        )
    return design


def read_totals_design(path: Path) -> DesignFile:
    """Read DESIGN.toml for totals that leave the province: measures and domains only.

    Raises
    ------
    AppError : as for `read_design`, or the file asks for what totals cannot give.
    """
    design = read_design(path)
    unused = [*(('kind = "quantile"',) if design.quantiles else ()), *design.more.keys]
    if unused:
        raise AppError(
            "RESULTS-038",
            f"Tệp tổng không tính được: {', '.join(unused)}.",
            "Bỏ các phần này khỏi tệp thiết kế; chúng chỉ dùng với «sipas results estimate».",
        )
    return design


def _cause(error: Exception) -> str:
    """Say in Vietnamese why a TOML file cannot be read."""
    if isinstance(error, tomllib.TOMLDecodeError):
        place = re.search(r"line (\d+), column (\d+)", str(error))
        where = f"dòng {place[1]}, cột {place[2]}" if place else "cuối tệp"
        return f"sai cú pháp TOML ở {where}"
    return (
        "không có tệp này" if isinstance(error, FileNotFoundError) else "không phải văn bản UTF-8"
    )


class _Reader(TomlReader):
    """Reads DESIGN.toml."""

    def design(self, content: dict[str, Any]) -> DesignFile | None:
        """Read the whole file; None when something is wrong."""
        self.keys(content, TOP, "")
        measures = [
            one
            for i, item in enumerate(self.tables(content, "measures"))
            for one in self._measure(item, i)
        ]
        composites = [
            self._composite(item, i) for i, item in enumerate(self.tables(content, "composites"))
        ]
        self._codes(measures, composites)
        options = self._options(self.table(content, "interval"))
        weight = self.text(content, "weight", "")
        policy = self.choice(content, "lonely_psu", LONELY_PSU, "fail", "")
        strata, psu = self.names(content, "strata"), self.names(content, "psu")
        pop_size, domains = self.names(content, "pop_size"), self.names(content, "domains")
        if len(pop_size) > max(1, len(psu)):
            self.problems.append("pop_size: nhiều cột hơn số cấp trong psu.")
        if not measures:
            self.problems.append("measures: cần ít nhất một [[measures]].")
        codes = [item.measure.code for item in measures] + [item.code for item in composites]
        ordered = [item.measure.code for item in measures if item.p is not None]
        more = read_more(self, content, codes, ordered, domains)
        if self.problems:
            return None
        return DesignFile(
            weight, strata, psu, pop_size, policy, domains, options, (*measures,), (*composites,),
            more,
        )  # fmt: skip

    def _measure(self, item: dict[str, Any], place: int) -> list[MeasuredColumn]:
        """Read one measure; a distribution is a share of each of its categories."""
        where = f"measures[{place + 1}]."
        self.keys(item, MEASURE, where)
        code = self.text(item, "code", where)
        column = self.text(item, "column", where)
        kind = self.choice(item, "kind", KINDS, None, where)
        missing = self.answers(item, "missing", where)
        answers = self.answers(item, "answers", where)
        satisfied = self._satisfied(item, kind, (answers, missing), where)
        below = self.text(item, "denominator", where) if kind == "ratio" else None
        if kind != "ratio" and "denominator" in item:
            self.problems.append(f'{where}denominator: chỉ dùng với kind = "ratio".')
        if kind != "quantile" and "p" in item:
            self.problems.append(f'{where}p: chỉ dùng với kind = "quantile".')
        if kind == "quantile":
            p = self.between(item, "p", where)
            return [MeasuredColumn(Measure(code, "mean"), column, satisfied, missing, p=p)]
        if kind != "distribution":
            key = None if below is None else f"{code} / {below}"
            measure = Measure(code, kind, denominator=key)
            return [MeasuredColumn(measure, column, satisfied, missing, answers, below)]
        if len(answers) < 2:
            self.problems.append(f"{where}answers: nêu mọi mức của câu hỏi, ví dụ [1, 2, 3, 4, 5].")
        return [
            MeasuredColumn(
                Measure(f"{code}={name}"), column, frozenset({name}), missing, answers, None, name
            )
            for name in map(canonical, item.get("answers", []))
        ]

    def _satisfied(
        self,
        item: dict[str, Any],
        kind: str,
        known: tuple[frozenset[str], frozenset[str]],
        where: str,
    ) -> frozenset[str]:
        """Read the satisfied codes and hold them against the other codes."""
        satisfied, (answers, missing) = self.answers(item, "satisfied", where), known
        if kind == "share" and not satisfied:
            self.problems.append(
                f"{where}satisfied: nêu các mã được coi là hài lòng, ví dụ [4, 5]."
            )
        if kind != "share" and satisfied:
            self.problems.append(f'{where}satisfied: chỉ dùng với kind = "share".')
        if answers and not satisfied <= answers:
            unknown = ", ".join(sorted(satisfied - answers))
            self.problems.append(f"{where}satisfied: mã {unknown} không có trong answers.")
        for name, codes in (("hài lòng", satisfied), ("trả lời", answers)):
            if both := codes & missing:
                self.problems.append(
                    f"{where}missing: mã {', '.join(sorted(both))} vừa {name} vừa bỏ trống."
                )
        return satisfied

    def _composite(self, item: dict[str, Any], place: int) -> Composite:
        where = f"composites[{place + 1}]."
        self.keys(item, COMPOSITE, where)
        weights = item.get("weights", [])
        if not isinstance(weights, list) or not all(is_number(w) and w >= 0 for w in weights):
            self.problems.append(f"{where}weights: phải là danh sách số không âm.")
            weights = []
        measures = self.names(item, "measures", where)
        if weights and len(weights) != len(measures):
            self.problems.append(
                f"{where}weights: có {len(weights)} số cho {len(measures)} mục trong measures."
            )
        elif weights and not any(weights):
            self.problems.append(f"{where}weights: ít nhất một số phải lớn hơn 0.")
        pooling = self.choice(item, "pooling", POOLINGS, "items", where)
        unanswered = self.choice(item, "unanswered", ("null", "renormalise"), "null", where)
        code = self.text(item, "code", where)
        return Composite(code, measures, tuple(map(float, weights)), pooling, unanswered)

    def _codes(self, measures: list[MeasuredColumn], composites: list[Composite]) -> None:
        kinds = {
            item.measure.code: item.measure.kind if item.p is None else "quantile"
            for item in measures
        }
        codes = [item.measure.code for item in measures] + [item.code for item in composites]
        for code in sorted({code for code in codes if code and codes.count(code) > 1}):
            self.problems.append(f"code: «{code}» dùng hai lần.")
        for i, composite in enumerate(composites):
            where = f"composites[{i + 1}].measures: "
            unknown = [code for code in composite.measures if code not in kinds]
            self.problems += [
                f"{where}không có «{code}», {nearest(code, (*kinds,))}" for code in unknown
            ]
            if not composite.measures or len(set(composite.measures)) < len(composite.measures):
                self.problems.append(f"{where}nêu ít nhất một mục, mỗi mục một lần.")
            used = {kinds[code] for code in composite.measures if code in kinds}
            if used not in ({"share"}, {"mean"}, set()):
                self.problems.append(f"{where}các mục phải cùng là share hoặc cùng là mean.")

    def _options(self, item: dict[str, Any]) -> Options:
        self.keys(item, INTERVAL, "interval.")
        method = self.choice(item, "method", ("auto", *METHODS), "auto", "interval.")
        level = self.between(item, "level", "interval.", 0.95)
        return Options(level, None if method == "auto" else method)
