"""Columns in old encodings: repaired where that is certain, refused by row and column elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveyapp.importers.legacy_encodings import (
    certain_encoding,
    is_real,
    is_suspect,
    read_as,
    suspected,
    twice_encoded,
)
from surveyapp.importers.table import Problems, TableProblem

#: Fewer suspect cells than this share are foreign names, unless one of them can be read.
_ENOUGH = 0.3
#: Cells that could be old text or right as they stand ("Hoàng", "Hồng") are read as old text
#: only beside so many times more that are surely old.
_SURE = 2


@dataclass(frozen=True, slots=True)
class Repair:
    """What a column's cells become: `read` old text -> right text, `refused` -> suspected encoding.

    `encodings` are the names of what was repaired.
    """

    read: Mapping[str, str]
    refused: Mapping[str, str]
    encodings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The texts of a column, the row in the file of each, and where the column stands."""

    sheet: str
    name: str
    texts: Sequence[str]
    rows: Sequence[int]

    def repaired(
        self, problems: Problems, *, allowed: bool
    ) -> tuple[list[str], TableProblem | None]:
        """Return the texts with what was old read, and a note on it; collect what cannot be read.

        Where no repair is allowed everything old is collected.
        """
        legacy = problems.is_legacy
        found = _look(frozenset(text for text in self.texts if not text.isascii()), legacy=legacy)
        refused = dict(found.refused)
        if not allowed:
            refused |= dict.fromkeys(found.read, " và ".join(found.encodings))
        if refused:
            for text, row in zip(self.texts, self.rows, strict=True):
                if text in refused:
                    place = self.sheet, row, self.name
                    problems.add(_refusal(refused[text], place, legacy=legacy))
        if refused or not found.read:
            return list(self.texts), None
        return [found.read.get(text, text) for text in self.texts], self._note(found)

    def _note(self, found: Repair) -> TableProblem:
        changed = sum(text in found.read for text in self.texts)
        return TableProblem(
            "IMPORT-031",
            f"Đã chuyển {changed} ô từ {' và '.join(found.encodings)} sang Unicode.",
            "Xem lại vài ô trong bảng xem trước.",
            self.sheet,
            column=self.name,
        )


def _look(texts: frozenset[str], *, legacy: bool) -> Repair:
    """Decide about the distinct cells of a column that are not plain ASCII."""
    read = {text: right for text in texts if (right := twice_encoded(text)) is not None}
    names = ["UTF-8 mã hóa hai lần"] if read else []
    rest = texts - read.keys()
    suspects = rest if legacy else frozenset(filter(is_suspect, rest))
    if not suspects:
        return Repair(read, {}, tuple(names))
    encoding = certain_encoding(suspects)
    others = rest - suspects
    is_certain = (
        encoding is not None
        and not any(map(is_real, others))
        and len(suspects) >= _SURE * len(others)
        and all(read_as(encoding, text) is not None for text in others)
    )
    if encoding is not None and is_certain:
        read |= {text: read_as(encoding, text) or text for text in rest}
        return Repair(read, {}, (*names, encoding))
    return Repair(read, _refused(suspects, rest, legacy=legacy), tuple(names))


def _refused(suspects: frozenset[str], rest: frozenset[str], *, legacy: bool) -> dict[str, str]:
    """Name the cells that cannot be stored: those that can be read, or all where they are many.

    A few that cannot be read in any encoding are foreign names (Zoë).
    """
    many = legacy or (len(suspects) >= _ENOUGH * len(rest) and suspected(suspects) is not None)
    named = suspected(suspects) or "bảng mã cũ"
    refused = {}
    for text in suspects:
        own = suspected([text])
        if many or own is not None:
            refused[text] = own or named
    return refused


def _refusal(suspect: str, place: tuple[str, int, str], *, legacy: bool) -> TableProblem:
    if legacy:
        message = f"Chữ không phải UTF-8, nghi là {suspect}."
        code = "IMPORT-037"
    else:
        message = f"Chữ bị lỗi phông, nghi là bảng mã {suspect}."
        code = "IMPORT-026"
    return TableProblem(
        code, message, "Chuyển sang Unicode (UniKey → Công cụ) rồi lưu lại tệp.", *place
    )
