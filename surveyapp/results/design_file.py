"""DESIGN.toml of `sipas results estimate`: read, checked, every fault named at once."""

import difflib
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

TOP = (
    "weight", "strata", "psu", "pop_size", "lonely_psu", "domains",
    "interval", "measures", "composites",
)  # fmt: skip
INTERVAL = ("method", "level")
MEASURE = ("code", "column", "kind", "satisfied", "answers", "missing", "denominator")
COMPOSITE = ("code", "measures", "weights", "pooling", "unanswered")
KINDS = ("share", "mean", "total", "ratio", "distribution")
POOLINGS = ("items", "answers", "respondents")


@dataclass(frozen=True, slots=True)
class MeasuredColumn:
    """A measure and where its answers stand; codes as `canonical` spells them.

    `answers` are all codes that an answer may have; none = not declared. `denominator` is the
    second column of a ratio; `category` the code counted by one share of a distribution.
    """

    measure: Measure
    column: str
    satisfied: frozenset[str]
    missing: frozenset[str]
    answers: frozenset[str] = frozenset()
    denominator: str | None = None
    category: str | None = None

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

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the data that is read."""
        asked = (self.weight, *self.strata, *self.psu, *self.pop_size, *self.domains)
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


def _cause(error: Exception) -> str:
    """Say in Vietnamese why a TOML file cannot be read."""
    if isinstance(error, tomllib.TOMLDecodeError):
        place = re.search(r"line (\d+), column (\d+)", str(error))
        where = f"dòng {place[1]}, cột {place[2]}" if place else "cuối tệp"
        return f"sai cú pháp TOML ở {where}"
    return (
        "không có tệp này" if isinstance(error, FileNotFoundError) else "không phải văn bản UTF-8"
    )


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Name the nearest of the known names, or list them."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"có phải là «{close[0]}»?" if close else "các khóa dùng được: " + ", ".join(known) + "."


class _Reader:
    """Takes values out of the TOML and collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def design(self, content: dict[str, Any]) -> DesignFile | None:
        """Read the whole file; None when something is wrong."""
        self._keys(content, TOP, "")
        measures = [
            one
            for i, item in enumerate(self._tables(content, "measures"))
            for one in self._measure(item, i)
        ]
        composites = [
            self._composite(item, i) for i, item in enumerate(self._tables(content, "composites"))
        ]
        self._codes(measures, composites)
        options = self._options(content.get("interval", {}))
        weight = self._text(content, "weight", "")
        policy = self._choice(content, "lonely_psu", LONELY_PSU, "fail", "")
        strata, psu = self._names(content, "strata"), self._names(content, "psu")
        pop_size, domains = self._names(content, "pop_size"), self._names(content, "domains")
        if len(pop_size) > max(1, len(psu)):
            self.problems.append("pop_size: nhiều cột hơn số cấp trong psu.")
        if not measures:
            self.problems.append("measures: cần ít nhất một [[measures]].")
        if self.problems:
            return None
        return DesignFile(
            weight, strata, psu, pop_size, policy, domains, options, (*measures,), (*composites,)
        )

    def _measure(self, item: dict[str, Any], place: int) -> list[MeasuredColumn]:
        """Read one measure; a distribution is a share of each of its categories."""
        where = f"measures[{place + 1}]."
        self._keys(item, MEASURE, where)
        code = self._text(item, "code", where)
        column = self._text(item, "column", where)
        kind = self._choice(item, "kind", KINDS, None, where)
        missing = self._answers(item, "missing", where)
        answers = self._answers(item, "answers", where)
        satisfied = self._satisfied(item, kind, (answers, missing), where)
        below = self._text(item, "denominator", where) if kind == "ratio" else None
        if kind != "ratio" and "denominator" in item:
            self.problems.append(f'{where}denominator: chỉ dùng với kind = "ratio".')
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
        satisfied, (answers, missing) = self._answers(item, "satisfied", where), known
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
        self._keys(item, COMPOSITE, where)
        weights = item.get("weights", [])
        if not isinstance(weights, list) or not all(_is_weight(w) for w in weights):
            self.problems.append(f"{where}weights: phải là danh sách số không âm.")
            weights = []
        measures = self._names(item, "measures", where)
        if weights and len(weights) != len(measures):
            self.problems.append(
                f"{where}weights: có {len(weights)} số cho {len(measures)} mục trong measures."
            )
        elif weights and not any(weights):
            self.problems.append(f"{where}weights: ít nhất một số phải lớn hơn 0.")
        pooling = self._choice(item, "pooling", POOLINGS, "items", where)
        unanswered = self._choice(item, "unanswered", ("null", "renormalise"), "null", where)
        code = self._text(item, "code", where)
        return Composite(code, measures, tuple(map(float, weights)), pooling, unanswered)

    def _codes(self, measures: list[MeasuredColumn], composites: list[Composite]) -> None:
        kinds = {item.measure.code: item.measure.kind for item in measures}
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

    def _options(self, item: object) -> Options:
        if not isinstance(item, dict):
            self.problems.append("interval: phải là bảng [interval].")
            return Options()
        self._keys(item, INTERVAL, "interval.")
        method = self._choice(item, "method", ("auto", *METHODS), "auto", "interval.")
        level = item.get("level", 0.95)
        if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
            self.problems.append(f"interval.level: phải lớn hơn 0 và nhỏ hơn 1, đang là {level!r}.")
            level = 0.95
        return Options(float(level), None if method == "auto" else method)

    def _keys(self, item: dict[str, Any], known: tuple[str, ...], where: str) -> None:
        unknown = [key for key in item if key not in known]
        self.problems += [
            f"{where}{key}: khóa không dùng, {nearest(key, known)}" for key in unknown
        ]

    def _tables(self, content: dict[str, Any], key: str) -> list[dict[str, Any]]:
        found = content.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            self.problems.append(f"{key}: phải viết thành các bảng [[{key}]].")
            return []
        return found

    def _text(self, item: dict[str, Any], key: str, where: str) -> str:
        value = item.get(key)
        if not isinstance(value, str) or not value.strip():
            self.problems.append(f"{where}{key}: cần một tên, viết trong ngoặc kép.")
            return ""
        return value

    def _names(self, item: dict[str, Any], key: str, where: str = "") -> tuple[str, ...]:
        value = item.get(key, [])
        names = [value] if isinstance(value, str) and value else value
        if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
            self.problems.append(f"{where}{key}: phải là tên hoặc danh sách tên.")
            return ()
        return tuple(names)

    def _answers(self, item: dict[str, Any], key: str, where: str) -> frozenset[str]:
        value = item.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str | int | float) for v in value):
            self.problems.append(f"{where}{key}: phải là danh sách mã, ví dụ [4, 5].")
            return frozenset()
        return frozenset(canonical(v) for v in value)

    def _choice(
        self,
        item: dict[str, Any],
        key: str,
        known: tuple[Any, ...],
        default: str | None,
        where: str,
    ) -> Any:  # noqa: ANN401  one of `known`, whose type the caller knows
        value = item.get(key, default)
        if value not in known:
            shown = ", ".join(f'"{name}"' for name in known)
            self.problems.append(f"{where}{key}: phải là một trong {shown}, đang là {value!r}.")
            return known[0]
        return value


def _is_weight(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e300
