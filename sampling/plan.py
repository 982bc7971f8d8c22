"""Read a sampling plan (PLAN.toml): every fault collected, unknown keys named with the nearest."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sampling.canonical import canonical
from sampling.errors import PlanError, Problem
from sampling.types import Plan

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
_TABLES = ("sample", "quotas", "stages")


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
    if "stages" in raw:
        reader.add("SAMPLE-115", "Chọn mẫu nhiều giai đoạn ([[stages]]) chưa hỗ trợ.", "")
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
    _check(plan, reader)
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


def _check(plan: Plan, reader: _Reader) -> None:
    """Collect what is missing or contradicts itself."""
    if not plan.unit_id and "unit_id" not in reader.table:
        message = "Kế hoạch thiếu «unit_id»: tên cột mã đơn vị chọn mẫu."
        reader.add("SAMPLE-113", message, 'Ví dụ: unit_id = "ma_ho_so".', "unit_id")
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
