"""Read a sampling plan (PLAN.toml): every fault collected, unknown keys named with the nearest."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from sampling.canonical import canonical
from sampling.errors import PlanError, Problem
from sampling.types import Plan, Stage

METHODS = ("srs", "systematic", "pps", "pps-exact")
ALLOCATIONS = ("fixed", "equal", "proportional", "neyman", "cost", "power")
#: Columns and numbers that a choice needs, and those that only some choices use.
NEEDS = {
    "pps": ("size",),
    "pps-exact": ("size",),
    "neyman": ("sd",),
    "cost": ("sd", "cost"),
    "power": ("power",),
}
USED_BY = {
    "size": ("pps", "pps-exact", "power"),
    "order": ("systematic", "pps"),
    "sd": ("neyman", "cost", "power"),
    "cost": ("cost",),
    "power": ("power",),
}

_KEYS = (
    *("unit_id", "stratum", "method", "size", "order", "total", "allocation", "power", "sd"),
    *("cost", "minimum", "maximum", "reserve_share", "recheck_share"),
)
_STAGE_KEYS = ("unit", "method", "n", "size")
_STAGE_METHODS = ("srs", "pps", "pps-exact")
#: Keys of the table `sample` that a plan with stages may have.
_WITH_STAGES = ("unit_id", "stratum", "recheck_share")
_TABLES = ("sample", "quotas", "stages", "wave")


def load_plan(text: str) -> Plan:
    """Read the text of a PLAN.toml.

    Numbers may be written as texts with a decimal comma ("0,05").

    Raises
    ------
    PlanError
        With every fault: syntax, unknown keys, wrong types, ranges, contradictions.
    """
    try:
        raw = tomllib.loads(unicodedata.normalize("NFC", text), parse_float=_decimal)
    except ValueError as error:
        raise PlanError([_syntax(error)]) from error
    return plan_from(raw)


def plan_from(raw: Mapping[str, Any]) -> Plan:
    """Make a plan from the tables of a PLAN.toml, given as plain values."""
    reader = _Reader(raw.get("sample", {}))
    reader.known("", raw, _TABLES)
    if not isinstance(raw.get("sample"), dict):
        reader.add("SAMPLE-116", "Kế hoạch thiếu bảng [sample].", "Thêm dòng [sample] ở đầu.")
        raise PlanError(reader.problems)
    reader.known("sample.", raw["sample"], _KEYS)
    quotas = reader.quotas(raw.get("quotas", {}))
    plan = Plan(
        unit_id=reader.text("unit_id") or "",
        stratum=reader.texts("stratum"),
        method=reader.choice("method", METHODS, "srs"),
        allocation=reader.choice("allocation", ALLOCATIONS, "fixed"),
        total=reader.count("total"),
        quotas=quotas,
        size=reader.text("size"),
        order=reader.texts("order"),
        sd=reader.text("sd"),
        cost=reader.text("cost"),
        power=reader.number("power", at_most=1),
        minimum=reader.count("minimum"),
        maximum=reader.count("maximum"),
        reserve_share=reader.number("reserve_share") or Fraction(0),
        recheck_share=reader.number("recheck_share", at_most=1) or Fraction(0),
    )
    if "stages" in raw:
        plan = replace(plan, stages=_stages(raw["stages"], plan, reader))
        _check_stages(plan, reader)
    else:
        _check(plan, reader)
    if "wave" in raw:
        plan = replace(plan, keep=_keep(raw["wave"], plan, reader))
    if reader.problems:
        raise PlanError(reader.problems)
    return plan


@dataclass(slots=True)
class _Reader:
    """Takes typed values out of the table `sample` and collects what is wrong."""

    table: Any
    problems: list[Problem] = field(default_factory=list)

    def add(self, code: str, message: str, fix: str, key: str = "") -> None:
        """Collect one fault."""
        self.problems.append(Problem(code, message, fix, column=key))

    def known(self, where: str, given: Mapping[str, Any], names: tuple[str, ...]) -> None:
        """Collect the keys that no plan has, with the nearest that it has."""
        for key in given:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
                fix = f"Có phải là «{near[0]}»?" if near else f"Dùng: {', '.join(names)}."
                self.add("SAMPLE-111", f"Kế hoạch có khóa lạ «{where}{key}».", fix, key)

    def wrong(self, key: str, rule: str, value: object) -> None:
        """Collect a value of a wrong kind or outside its range."""
        shown = str(float(value)) if isinstance(value, Fraction) else repr(value)
        message = f"Khóa «{key}» phải là {rule}, đang ghi {shown}."
        self.add("SAMPLE-112", message, "Sửa giá trị trong kế hoạch.", key)

    def text(self, key: str) -> str | None:
        """Return the name of a column."""
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not canonical(value):
            self.wrong(key, "tên một cột", value)
            return None
        return canonical(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of names of columns; one name may stand without brackets."""
        value = self.table.get(key, [])
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(n, str) and n.strip() for n in names):
            self.wrong(key, "danh sách tên cột", value)
            return ()
        return tuple(canonical(name) for name in names)

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of the named choices."""
        value = self.table.get(key, default)
        if value not in allowed:
            self.wrong(key, "một trong " + ", ".join(allowed), value)
            return default
        return str(value)

    def count(self, key: str) -> int | None:
        """Return a whole number of at least 0."""
        number = self.number(key)
        if number is None:
            return None
        if number.denominator != 1:
            self.wrong(key, "số nguyên không âm", self.table[key])
            return None
        return int(number)

    def number(self, key: str, at_most: int | None = None) -> Fraction | None:
        """Return a number of at least 0, exactly as it was written."""
        if key not in self.table:
            return None
        value = exact(self.table[key])
        if value is None or value < 0 or (at_most is not None and value > at_most):
            rule = "số không âm" if at_most is None else f"số từ 0 đến {at_most}"
            self.wrong(key, rule, self.table[key])
            return None
        return value

    def quotas(self, given: object) -> dict[str, int]:
        """Return the quotas, keys trimmed and in NFC."""
        if not isinstance(given, dict):
            self.wrong("quotas", "một bảng: nhóm = số phiếu", given)
            return {}
        result: dict[str, int] = {}
        for name, value in given.items():
            number = exact(value)
            if number is None or number < 0 or number.denominator != 1:
                self.wrong(f"quotas.{name}", "số nguyên không âm", value)
            elif canonical(name) in result:
                message = f"Bảng [quotas] ghi nhóm «{canonical(name)}» hai lần."
                self.add("SAMPLE-118", message, "Giữ một dòng cho mỗi nhóm.", name)
            else:
                result[canonical(name)] = int(number)
        return result


def exact(value: object) -> Fraction | None:
    """Read a number exactly: 1, 0.05, "0.05" and "0,05"; None when it is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+([.,]\d+)?\s*", value):
        return Fraction(value.strip().replace(",", "."))
    return None


def _decimal(text: str) -> Fraction:
    """Read a TOML float as it was written; an exponent goes through a float, which is bounded."""
    return Fraction(repr(float(text)) if "e" in text.lower() else text.replace("_", ""))


def _keep(given: object, plan: Plan, reader: _Reader) -> Fraction | None:
    """Read the table `wave`: which share of the first wave may be asked again."""
    own = _Reader(given if isinstance(given, dict) else {})
    own.known("wave.", own.table, ("keep",))
    keep = own.number("keep", at_most=1)
    if "keep" not in own.table:
        fix = "Ghi keep = 0 để không hỏi lại ai, keep = 1 để giữ nguyên người đã hỏi."
        own.add("SAMPLE-117", "Bảng [wave] cần khóa «keep».", fix, "keep")
    if plan.stages or plan.method != "srs":
        own.add("SAMPLE-120", '[wave] chỉ dùng với method = "srs".', "Bỏ [wave], hoặc sửa method.")
    reader.problems += own.problems
    return keep


def _stages(given: object, plan: Plan, reader: _Reader) -> tuple[Stage, ...]:
    """Read the tables `stages`; the last one draws the units of the list."""
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        reader.wrong("stages", "các bảng [[stages]]", given)
        return ()
    stages = []
    for number, table in enumerate(given, 1):
        own = _Reader(table)
        own.known(f"stages[{number}].", table, _STAGE_KEYS)
        unit = own.text("unit") or (plan.unit_id if number == len(given) else "")
        method = own.choice("method", _STAGE_METHODS, "srs")
        stages.append(Stage(unit, method, own.count("n"), own.text("size")))
        reader.problems += own.problems
    return tuple(stages)


def _check_stages(plan: Plan, reader: _Reader) -> None:
    """Collect what is missing or contradicts itself in a plan with stages."""
    _check_unit_id(plan, reader)
    for key in reader.table:
        if key in _KEYS and key not in _WITH_STAGES:
            message = f"Khóa «{key}» không dùng cùng [[stages]]."
            reader.add("SAMPLE-115", message, "Bỏ khóa này, hoặc ghi vào từng giai đoạn.", key)
    if len(plan.stages) < 2:
        message = "[[stages]] cần ít nhất hai giai đoạn."
        reader.add("SAMPLE-114", message, "Một giai đoạn thì dùng method trong [sample].")
    for number, stage in enumerate(plan.stages, 1):
        for broken, message, fix in _stage_rules(plan, number, stage):
            if broken:
                reader.add("SAMPLE-114", f"Giai đoạn {number}: {message}", fix)


def _stage_rules(plan: Plan, number: int, stage: Stage) -> list[tuple[bool, str, str]]:
    """List the rules of one stage: broken or not, what is said, what to do."""
    last = number == len(plan.stages)
    quotas = number == 1 and bool(plan.quotas)
    units = [other.unit for other in plan.stages[: number - 1]]
    return [
        (not stage.unit and not last, "thiếu «unit».", 'Ví dụ: unit = "xa".'),
        (stage.unit in units, f"cột «{stage.unit}» đã dùng.", "Mỗi giai đoạn một cột."),
        (
            last and stage.unit != plan.unit_id,
            f"giai đoạn cuối chọn «{plan.unit_id}», đang ghi «{stage.unit}».",
            "Bỏ unit ở giai đoạn cuối.",
        ),
        (
            not stage.n and not quotas,
            "thiếu «n», số đơn vị chọn trong mỗi đơn vị cấp trên (từ 1 trở lên).",
            "Ví dụ: n = 5; riêng giai đoạn 1 có thể dùng bảng [quotas].",
        ),
        (stage.n is not None and quotas, "có cả «n» và bảng [quotas].", "Bỏ một trong hai."),
        (
            quotas and not plan.stratum,
            "bảng [quotas] cần cột nhóm (stratum).",
            "Ghi stratum, hoặc dùng n.",
        ),
        (
            last and stage.method != "srs" and stage.size is None,
            f"«{stage.method}» ở giai đoạn cuối cần khóa «size».",
            "Ghi size = tên cột kích cỡ.",
        ),
        (
            stage.method == "srs" and stage.size is not None,
            "«size» chỉ dùng với pps, pps-exact.",
            "Bỏ size, hoặc sửa method.",
        ),
    ]


def _check_unit_id(plan: Plan, reader: _Reader) -> None:
    """Collect that a plan does not name the column of ids."""
    if not plan.unit_id and "unit_id" not in reader.table:
        message = "Kế hoạch thiếu «unit_id»: tên cột mã đơn vị chọn mẫu."
        reader.add("SAMPLE-113", message, 'Ví dụ: unit_id = "ma_ho_so".', "unit_id")


def _check(plan: Plan, reader: _Reader) -> None:
    """Collect what is missing or contradicts itself."""
    _check_unit_id(plan, reader)
    for rule, message, fix in _rules(plan):
        if rule:
            reader.add("SAMPLE-114", message, fix)
    _check_keys(plan, reader)


def _check_keys(plan: Plan, reader: _Reader) -> None:
    """Collect keys that a choice needs and keys that no choice uses."""
    chosen = (plan.method, plan.allocation)
    for choice in chosen:
        for key in NEEDS.get(choice, ()):
            if key not in reader.table:
                reader.add("SAMPLE-117", f"«{choice}» cần khóa «{key}».", f"Ghi {key} = ...", key)
    for key, users in USED_BY.items():
        if key in reader.table and not set(users) & set(chosen):
            message = f"Khóa «{key}» chỉ dùng với {', '.join(users)}."
            reader.add("SAMPLE-120", message, "Bỏ khóa này, hoặc sửa method, allocation.", key)


def _rules(plan: Plan) -> list[tuple[bool, str, str]]:
    """List the rules between keys: broken or not, what is said, what to do."""
    quotas_used = plan.allocation == "fixed" and bool(plan.stratum)
    bounded = plan.minimum is not None or plan.maximum is not None
    total = sum(plan.quotas.values())
    return [
        (
            quotas_used and not plan.quotas,
            'allocation = "fixed" cần bảng [quotas]: số phiếu của từng nhóm.',
            'Thêm [quotas], hoặc chọn allocation = "proportional" và ghi total.',
        ),
        (
            not quotas_used and bool(plan.quotas),
            'Bảng [quotas] chỉ dùng với allocation = "fixed" và có cột nhóm (stratum).',
            "Bỏ [quotas], hoặc sửa allocation và stratum.",
        ),
        (
            not quotas_used and plan.total is None,
            "Kế hoạch thiếu «total»: tổng số phiếu.",
            "Ví dụ: total = 400.",
        ),
        (
            quotas_used and plan.total is not None and bool(plan.quotas) and plan.total != total,
            f"total = {plan.total} khác tổng của [quotas] là {total}.",
            "Sửa một trong hai cho khớp, hoặc bỏ total.",
        ),
        (
            plan.allocation == "fixed" and bounded,
            'minimum, maximum không dùng với allocation = "fixed".',
            "Ghi thẳng số phiếu vào [quotas].",
        ),
        (
            None not in (plan.minimum, plan.maximum) and (plan.minimum or 0) > (plan.maximum or 0),
            f"minimum = {plan.minimum} lớn hơn maximum = {plan.maximum}.",
            "Sửa một trong hai.",
        ),
    ]


def _syntax(error: ValueError) -> Problem:
    """Say where a TOML file cannot be read."""
    found = re.search(r"line (\d+), column (\d+)", str(error))
    where = f"Dòng {found[1]}, cột {found[2]}" if found else "Kế hoạch"
    return Problem(
        "SAMPLE-110",
        f"{where}: không đọc được theo cú pháp TOML.",
        'Chữ để trong ngoặc kép; số thập phân viết 0.05 hoặc "0,05"; mỗi khóa một dòng.',
    )
