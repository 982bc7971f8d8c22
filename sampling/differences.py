"""Where two trees of JSON values part: what is stored, and what comes out again."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a protocol and its recomputation part: path, what is stored, what comes out."""

    path: str
    stored: object
    computed: object


def first_difference(stored: object, computed: object, path: str = "") -> Difference | None:
    """Compare two trees of JSON values and return the first place where they part."""
    if isinstance(stored, Mapping) and isinstance(computed, Mapping):
        for key in [*computed, *(key for key in stored if key not in computed)]:
            where = f"{path}.{key}" if path else str(key)
            if found := first_difference(stored.get(key), computed.get(key), where):
                return found
        return None
    if isinstance(stored, list) and isinstance(computed, list):
        for i, (one, other) in enumerate(zip(stored, computed, strict=False)):
            if found := first_difference(one, other, f"{path}[{i}]"):
                return found
        if len(stored) != len(computed):
            return Difference(f"{path}.length", len(stored), len(computed))
        return None
    return None if stored == computed else Difference(path, stored, computed)
