"""Values of a TOML file, read one by one; what is wrong is collected."""

import difflib
from typing import Any, TypeGuard

from analysis.labels import canonical


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Name the nearest of the known names, or list them."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"có phải là «{close[0]}»?" if close else "các khóa dùng được: " + ", ".join(known) + "."


class TomlReader:
    """Takes values out of the TOML and collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def keys(self, item: dict[str, Any], known: tuple[str, ...], where: str) -> None:
        """Note keys that are not used."""
        unknown = [key for key in item if key not in known]
        self.problems += [
            f"{where}{key}: khóa không dùng, {nearest(key, known)}" for key in unknown
        ]

    def tables(self, content: dict[str, Any], key: str) -> list[dict[str, Any]]:
        """Read an array of tables."""
        found = content.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            self.problems.append(f"{key}: phải viết thành các bảng [[{key}]].")
            return []
        return found

    def text(self, item: dict[str, Any], key: str, where: str) -> str:
        """Read a name."""
        value = item.get(key)
        if not isinstance(value, str) or not value.strip():
            self.problems.append(f"{where}{key}: cần một tên, viết trong ngoặc kép.")
            return ""
        return value

    def names(self, item: dict[str, Any], key: str, where: str = "") -> tuple[str, ...]:
        """Read a name or a list of names."""
        value = item.get(key, [])
        names = [value] if isinstance(value, str) and value else value
        if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
            self.problems.append(f"{where}{key}: phải là tên hoặc danh sách tên.")
            return ()
        return tuple(names)

    def answers(self, item: dict[str, Any], key: str, where: str) -> frozenset[str]:
        """Read a list of codes, as `canonical` spells them."""
        value = item.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str | int | float) for v in value):
            self.problems.append(f"{where}{key}: phải là danh sách mã, ví dụ [4, 5].")
            return frozenset()
        return frozenset(canonical(v) for v in value)

    def choice(
        self,
        item: dict[str, Any],
        key: str,
        known: tuple[Any, ...],
        default: str | None,
        where: str,
    ) -> Any:  # noqa: ANN401  one of `known`, whose type the caller knows
        """Read one of the known values."""
        value = item.get(key, default)
        if value not in known:
            shown = ", ".join(f'"{name}"' for name in known)
            self.problems.append(f"{where}{key}: phải là một trong {shown}, đang là {value!r}.")
            return known[0]
        return value

    def table(self, content: dict[str, Any], key: str) -> dict[str, Any]:
        """Read a table; without it an empty one."""
        found = content.get(key, {})
        if not isinstance(found, dict):
            self.problems.append(f"{key}: phải là bảng [{key}].")
            return {}
        return found

    def between(
        self, item: dict[str, Any], key: str, where: str, default: float | None = None
    ) -> float:
        """Read a number above 0 and below 1."""
        value = item.get(key, default)
        if not is_number(value) or not 0 < value < 1:
            self.problems.append(
                f"{where}{key}: phải lớn hơn 0 và nhỏ hơn 1, đang là {as_written(value)}."
            )
            return 0.5
        return float(value)

    def whole_number(
        self, item: dict[str, Any], key: str, ends: tuple[int, int], default: int, where: str
    ) -> int:
        """Read a whole number between two ends."""
        value = item.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not ends[0] <= value <= ends[1]:
            self.problems.append(
                f"{where}{key}: phải là số nguyên từ {ends[0]} đến {ends[1]}, "
                f"đang là {as_written(value)}."
            )
            return default
        return value

    def pair(self, item: dict[str, Any], key: str, where: str) -> tuple[float, float] | None:
        """Read two numbers at least 0, the lower first; None where the key is missing."""
        value = item.get(key)
        if value is None:
            return None
        is_pair = isinstance(value, list) and len(value) == 2 and all(map(is_number, value))
        if not is_pair or not 0 <= value[0] < value[1]:
            self.problems.append(f"{where}{key}: phải là hai số không âm, số nhỏ trước.")
            return None
        return float(value[0]), float(value[1])

    def flag(self, item: dict[str, Any], key: str, where: str) -> bool:
        """Read true or false; without it false."""
        value = item.get(key, False)
        if not isinstance(value, bool):
            self.problems.append(
                f"{where}{key}: phải là true hoặc false, đang là {as_written(value)}."
            )
        return value is True


def is_number(value: object) -> TypeGuard[float]:
    """Tell a finite number from anything else in a TOML file."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def as_written(value: object) -> str:
    """Write a value as it stands in the TOML."""
    return "trống" if value is None else repr(value)
