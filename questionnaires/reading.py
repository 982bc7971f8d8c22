"""Reading parsed TOML key by key, so that every fault is named and none stops the reading."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from questionnaires.errors import DefinitionError, DefinitionProblem, DefinitionRule, MethodRule
from questionnaires.types import LARGEST_NUMBER, Text

NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{0,39}")

_POSITION = re.compile(r"\(at line (\d+), column (\d+)\)")
_PATTERN_WORDS = {
    NAME: "chữ thường không dấu, số, gạch dưới, bắt đầu bằng chữ, tối đa 60 ký tự",
    LABEL: "chữ không dấu, số, gạch dưới, dấu chấm, tối đa 40 ký tự",
}


class Faults:
    """The problems of one file, in the order in which they are found."""

    def __init__(self, file: str) -> None:
        """Start without a problem."""
        self.file = file
        self.problems: list[DefinitionProblem] = []

    def add(self, place: str, rule: DefinitionRule | MethodRule, message: str, fix: str) -> None:
        """Note one fault."""
        self.problems.append(DefinitionProblem(self.file, place, rule, message, fix))

    def repeated(self, place: str, what: str, codes: Iterable[str]) -> None:
        """Note every code that stands more than once."""
        seen: set[str] = set()
        told: set[str] = set()
        for code in codes:
            if code in seen and code not in told:
                told.add(code)
                self.add(
                    place,
                    DefinitionRule.DUPLICATE,
                    f"Mã {what} «{code}» dùng hơn một lần.",
                    "Mỗi mã chỉ dùng một lần: đổi mã hoặc bỏ chỗ thừa.",
                )
            seen.add(code)

    def stop_if_any(self) -> None:
        """Raise DefinitionError with all problems found so far."""
        if self.problems:
            raise DefinitionError(self.problems)


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """Parse TOML into plain values with NFC strings.

    Parameters
    ----------
    text : the file's text; a byte order mark at its start is ignored.
    file : name of the file, for the message.

    Raises
    ------
    DefinitionError : the text is no TOML; the problem names line and column where known.
    """
    try:
        text.encode("utf-8")
        return nfc(tomllib.loads(text.removeprefix("\ufeff")))
    except (ValueError, RecursionError) as error:
        raise DefinitionError([_syntax_problem(file, error)]) from error


def _syntax_problem(file: str, error: Exception) -> DefinitionProblem:
    found = _POSITION.search(str(error))
    place = f"dòng {found[1]}, cột {found[2]}" if found else "cuối tệp"
    if not isinstance(error, tomllib.TOMLDecodeError):
        place = "toàn tệp"
    reason = _POSITION.sub("", str(error)).encode("ascii", "backslashreplace").decode().strip()
    return DefinitionProblem(
        file,
        place,
        DefinitionRule.SYNTAX,
        f"Không đọc được tệp TOML ({reason}).",
        "Kiểm tra dấu ngoặc, dấu nháy, dấu bằng ở chỗ này; lưu tệp dạng UTF-8.",
    )


def nfc(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Give the same tables with every key and string in NFC."""
    return {unicodedata.normalize("NFC", key): _nfc(value) for key, value in tables.items()}


def _nfc(value: object) -> object:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_nfc(part) for part in value]
    return nfc(value) if isinstance(value, dict) else value


class Table:
    """One table of the file; every `read` method notes what is wrong and gives a usable value."""

    def __init__(
        self, faults: Faults, place: str, values: Mapping[str, Any], known: Sequence[str]
    ) -> None:
        """Note keys that are not among `known`, with the nearest right one."""
        self.faults = faults
        self.place = place
        self.values = values
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)
                self.fault(
                    DefinitionRule.UNKNOWN_KEY,
                    f"Khóa «{key}» không có trong quy định.",
                    f"Bỏ đi, hoặc viết đúng tên, gần nhất là «{near[0]}».",
                )

    def fault(self, rule: DefinitionRule | MethodRule, message: str, fix: str) -> None:
        """Note a fault of this table."""
        self.faults.add(self.place, rule, message, fix)

    def has(self, key: str) -> bool:
        """Say whether the key is given."""
        return key in self.values

    def need(self, key: str) -> None:
        """Note a fault if the key is absent."""
        if key not in self.values:
            self.fault(
                DefinitionRule.MISSING_KEY, f"Thiếu khóa «{key}».", f"Thêm «{key} = ...» vào đây."
            )

    def wrong_type(self, key: str, wanted: str) -> None:
        """Note a fault of type; `wanted` is said in Vietnamese."""
        self.fault(
            DefinitionRule.WRONG_TYPE,
            f"Giá trị của «{key}» sai kiểu.",
            f"Viết {wanted}.",
        )

    def string(self, key: str, *, needed: bool = True) -> str:
        """Read a string without outer spaces; "" if absent or wrong."""
        if key not in self.values:
            if needed:
                self.need(key)
            return ""
        value = self.values[key]
        if not isinstance(value, str):
            self.wrong_type(key, "một chuỗi trong dấu nháy kép")
            return ""
        if not value.strip() and needed:
            self.fault(
                DefinitionRule.MISSING_KEY, f"Khóa «{key}» để trống.", f"Ghi nội dung của «{key}»."
            )
        return value.strip()

    def code(self, key: str, pattern: re.Pattern[str] = NAME) -> str:
        """Read a code that follows `pattern`."""
        value = self.string(key)
        if value:
            self.check_code(value, pattern)
        return value

    def check_code(self, value: str, pattern: re.Pattern[str] = NAME) -> None:
        """Note a fault if `value` does not follow `pattern` as a whole."""
        if not pattern.fullmatch(value):
            self.fault(
                DefinitionRule.BAD_CODE,
                f"Mã «{value}» viết sai.",
                f"Chỉ dùng {_PATTERN_WORDS[pattern]}.",
            )

    def one_of(self, key: str, allowed: Sequence[str]) -> str:
        """Read a string that is one of `allowed`; "" if it is not."""
        value = self.string(key)
        if value and value not in allowed:
            self.not_allowed(key, value, allowed)
        return value if value in allowed else ""

    def not_allowed(self, key: str, value: str, allowed: Sequence[str]) -> None:
        """Note a value that is not among `allowed`."""
        self.fault(
            DefinitionRule.NOT_ALLOWED,
            f"«{value}» không dùng được cho «{key}».",
            f"Chọn một trong: {', '.join(allowed)}.",
        )

    def boolean(self, key: str, default: bool) -> bool:
        """Read true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.wrong_type(key, "true hoặc false")
            return default
        return value

    def integer(self, key: str) -> int | None:
        """Read a whole number; None if absent or wrong."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_NUMBER:
            self.wrong_type(key, "một số nguyên, không quá lớn")
            return None
        return value

    def positive_integer(self, key: str, *, needed: bool = False) -> int | None:
        """Read a whole number of at least 1."""
        if needed:
            self.need(key)
        value = self.integer(key)
        if value is not None and value < 1:
            self._not_positive(key)
        return value

    def number(self, key: str) -> float | None:
        """Read a finite number; None if absent or wrong."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong_type(key, "một số")
            return None
        if not abs(value) <= LARGEST_NUMBER:
            self.wrong_type(key, "một số hữu hạn, không quá lớn")
            return None
        return float(value)

    def positive_number(self, key: str) -> float | None:
        """Read a number above 0."""
        value = self.number(key)
        if value is not None and value <= 0:
            self._not_positive(key)
        return value

    def _not_positive(self, key: str) -> None:
        self.fault(
            DefinitionRule.NOT_POSITIVE, f"«{key}» phải lớn hơn 0.", f"Sửa «{key}» thành số dương."
        )

    def strings(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """Read a list of strings; empty if absent or wrong; no string twice."""
        if needed:
            self.need(key)
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            self.wrong_type(key, 'một danh sách chuỗi, ví dụ ["a", "b"]')
            return ()
        if needed and key in self.values and not value:
            self.fault(
                DefinitionRule.MISSING_KEY,
                f"Danh sách «{key}» rỗng.",
                f"Ghi ít nhất một giá trị cho «{key}».",
            )
        self.faults.repeated(self.place, f"trong «{key}»", value)
        return tuple(value)

    def strings_among(
        self, key: str, allowed: Sequence[str], *, needed: bool = False
    ) -> tuple[str, ...]:
        """Read a list of strings that are all among `allowed`; others are noted, left out."""
        values = self.strings(key, needed=needed)
        for value in values:
            if value not in allowed:
                self.not_allowed(key, value, allowed)
        return tuple(value for value in values if value in allowed)

    def tables(self, key: str) -> list[dict[str, Any]]:
        """Read a list of tables; empty if absent or wrong."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            self.wrong_type(key, f"một danh sách bảng, ví dụ [[{key}]]")
            return []
        return value

    def table(self, key: str) -> dict[str, Any] | None:
        """Read a table; None if absent or wrong."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong_type(key, f"một bảng, ví dụ [{key}]")
            return None
        return value

    def text(self, key: str, languages: Sequence[str]) -> Text:
        """Read a text that is complete in every language of `languages` and no other."""
        self.need(key)
        value = self.table(key)
        if value is None:
            return {}
        text = {}
        for language in languages:
            words = value.get(language)
            if not isinstance(words, str) or not words.strip():
                self._language(f"«{key}» chưa có lời «{language}».", f"Ghi {key}.{language}.")
            else:
                text[language] = words.strip()
        for language in value:
            if language not in languages:
                self._language(
                    f"«{key}» có ngôn ngữ «{language}» không khai trong «languages».",
                    f"Bỏ {key}.{language}, hoặc thêm «{language}» vào «languages».",
                )
        return text

    def optional_text(self, key: str, languages: Sequence[str]) -> Text | None:
        """Read a text that may be absent as a whole, but not in one language only."""
        return self.text(key, languages) if key in self.values else None

    def _language(self, message: str, fix: str) -> None:
        self.fault(DefinitionRule.LANGUAGE, message, fix)
