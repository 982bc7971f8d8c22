"""Reading which units owe a list and how many rows are expected of each, as pasted from a table."""

import re
from dataclasses import dataclass, field

from surveyapp.errors import AppError
from surveyapp.frames.known import FILES
from surveyapp.models import Survey
from surveyapp.surveys.names import clean, nearest, spelling

_SEPARATOR = re.compile(r"\t|;")
#: Characters of the name of a unit.
NAME_LENGTH = 200
_NUMBER = re.compile(r"\d{1,3}(?:\.\d{3})+|\d+")


@dataclass(slots=True)
class Asked:
    """A unit and the expected number of rows per rater group (or of files)."""

    unit: str
    expected: dict[str, int] = field(default_factory=dict)


def read_asked(survey: Survey, text: str) -> list[Asked]:
    """Read lines "unit; rater group; number", of files "unit; number"; all faults at once."""
    groups = {
        spelling(name): raters.code
        for group in survey.groups
        for raters in group.rater_groups
        for name in (raters.code, raters.title)
    }
    titles = [raters.title for group in survey.groups for raters in group.rater_groups]
    found: dict[str, Asked] = {}
    problems = []
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    for number, line in lines:
        cells = [clean(cell) for cell in _SEPARATOR.split(line)]
        fault = _fault(cells, groups, titles)
        if fault:
            problems.append(f"Dòng {number}: {fault}")
            continue
        asked = found.setdefault(spelling(cells[0]), Asked(cells[0]))
        asked.expected[groups[spelling(cells[1])] if groups else FILES] = int(
            cells[-1].replace(".", "")
        )
    if problems or not lines:
        raise AppError(
            "FRAME-036",
            f"Có {len(problems)} dòng chưa đúng." if problems else "Chưa ghi đơn vị nào.",
            "Mỗi dòng: đơn vị; nhóm người đánh giá; số người."
            if groups
            else "Mỗi dòng: đơn vị; số hồ sơ đã công bố.",
            status=422,
            problems=tuple(problems),
        )
    return list(found.values())


def _fault(cells: list[str], groups: dict[str, str], titles: list[str]) -> str | None:
    wanted = 3 if groups else 2
    if len(cells) != wanted or not cells[0]:
        return f"có {len(cells)} phần, cần {wanted}."
    if len(cells[0]) > NAME_LENGTH:
        return f"tên đơn vị có {len(cells[0])} ký tự, nhiều nhất {NAME_LENGTH}."
    if not _NUMBER.fullmatch(cells[-1]):
        return f"«{cells[-1]}» không phải số."
    if groups and spelling(cells[1]) not in groups:
        return f"không có nhóm «{cells[1]}»; gần nhất là «{nearest(cells[1], titles)}»."
    return None
