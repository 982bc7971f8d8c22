"""Reading a plan's TOML key by key: every fault with its place, rule and fix; none stops it."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_POSITION = re.compile(r"\(at line (\d+), column (\d+)\)")


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """One fault: `place` in the file, rule `code`, and what to do, in Vietnamese."""

    code: str
    place: str
    message: str
    fix: str

    def __str__(self) -> str:
        """Give one line: rule, place, what is wrong, what to do."""
        return f"[{self.code}] {self.place}: {self.message} {self.fix}"


class PlanError(ValueError):
    """A plan is refused; `problems` lists all faults."""

    def __init__(self, problems: Sequence[PlanProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def parse(text: str) -> dict[str, Any]:
    """Parse TOML to plain values with NFC texts; a syntax error names line and column."""
    try:
        parsed: dict[str, Any] = _nfc(tomllib.loads(text.removeprefix("\ufeff")))
    except tomllib.TOMLDecodeError as error:
        found = _POSITION.search(str(error))
        place = f"dòng {found[1]}, cột {found[2]}" if found else "cuối tệp"
        raise PlanError(
            [
                PlanProblem(
                    "SURVEY-101",
                    place,
                    "Không đọc được tệp kế hoạch (TOML).",
                    "Kiểm tra dấu ngoặc, dấu nháy, dấu bằng ở chỗ này; lưu tệp dạng UTF-8.",
                )
            ]
        ) from error
    return parsed


def _nfc(value: Any) -> Any:  # noqa: ANN401  parsed TOML is untyped
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFC", value).split())
    if isinstance(value, list):
        return [_nfc(part) for part in value]
    if isinstance(value, dict):
        return {unicodedata.normalize("NFC", key): _nfc(part) for key, part in value.items()}
    return value


class PlanTable:
    """One table of a plan; a `read` gives a usable value even where it notes a fault."""

    def __init__(
        self,
        problems: list[PlanProblem],
        place: str,
        values: Mapping[str, Any],
        known: Sequence[str],
    ) -> None:
        self.problems = problems
        self.place = place
        self.values = values
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
                self.fault(
                    "SURVEY-102",
                    f"Khóa «{key}» không có trong quy định.",
                    f"Bỏ đi, hoặc viết đúng tên, gần nhất là «{near}».",
                )

    def fault(self, code: str, message: str, fix: str) -> None:
        """Note a fault of this table."""
        self.problems.append(PlanProblem(code, self.place, message, fix))

    def _absent(self, key: str) -> None:
        self.fault("SURVEY-103", f"Thiếu khóa «{key}».", f"Thêm dòng «{key} = ...» vào đây.")

    def _wrong(self, key: str, wanted: str) -> None:
        self.fault("SURVEY-104", f"Giá trị của «{key}» sai kiểu.", f"Viết {wanted}.")

    def text(self, key: str, *, needed: bool = True, longest: int = 300) -> str:
        """Read a text; "" where it is absent or wrong."""
        value = self.values.get(key)
        if value is None or value == "":
            if needed:
                self._absent(key)
            return ""
        if not isinstance(value, str):
            self._wrong(key, "một đoạn chữ trong dấu nháy")
            return ""
        if len(value) > longest:
            self._wrong(key, f"không quá {longest} ký tự")
            return ""
        return value

    def code(self, key: str) -> str:
        """Read a code."""
        value = self.text(key)
        if value and not _CODE.fullmatch(value):
            self.fault(
                "SURVEY-105",
                f"Mã «{value}» không hợp lệ.",
                "Dùng chữ thường không dấu, số, gạch; bắt đầu bằng chữ; tối đa 40 ký tự.",
            )
        return value

    def among(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Read one of `allowed`."""
        value = self.values.get(key, default)
        if value is None:
            self._absent(key)
        elif value not in allowed:
            near = difflib.get_close_matches(str(value), allowed, n=1, cutoff=0.0)[0]
            self.fault(
                "SURVEY-106",
                f"«{key}» không được là «{value}».",
                f"Chọn trong: {', '.join(allowed)}; gần nhất là «{near}».",
            )
        return str(value or "")

    def count(self, key: str, *, needed: bool = True) -> int | None:
        """Read a whole number of 0 or more."""
        value = self.values.get(key)
        if value is None:
            if needed:
                self._absent(key)
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(key, "một số nguyên, không có dấu nháy, ví dụ 400")
            return None
        if value < 0:
            self.fault(
                "SURVEY-107",
                f"«{key}» là {value}: số phiếu không được âm.",
                "Viết số từ 0 trở lên.",
            )
            return None
        return value

    def share(self, key: str, highest: float) -> float:
        """Read a share from 0 to `highest`, which is also the default."""
        value = self.values.get(key, highest)
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._wrong(key, "một số thập phân có dấu chấm, ví dụ 0.10")
            return highest
        if not 0 <= value <= highest:
            self.fault(
                "SURVEY-108",
                f"«{key}» là {value}: phúc tra tối đa {highest:.0%} tổng số phiếu.",
                f"Viết số từ 0 đến {highest}.",
            )
            return highest
        return float(value)

    def day(self, key: str) -> date | None:
        """Read a date, which may be absent."""
        value = self.values.get(key)
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            self._wrong(key, "ngày dạng 2024-11-15, không có dấu nháy")
            return None
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            self._wrong(key, 'một danh sách tên trong ngoặc vuông, ví dụ ["Sở Nội vụ"]')
            return ()
        return tuple(value)

    def tables(self, key: str) -> list[dict[str, Any]]:
        """Read a list of tables."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            self._wrong(key, f"các mục [[{key}]]")
            return []
        return value

    def table(self, key: str) -> dict[str, Any]:
        """Read one table, which may be absent."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self._wrong(key, f"mục [{key}]")
            return {}
        return value
