"""What a plan says about ratings: agencies per form, ratings per agency, lists of agencies."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from surveyapp.models import Survey
from surveyapp.surveys.names import nearest, spelling
from surveyapp.surveys.plan_reading import PlanTable

#: (code of the group of agencies, code of the rater group)
RatersKey = tuple[str, str]


def read_most(table: PlanTable) -> int | None:
    """Read how many agencies a form holds at most; absent: all that a rater may rate."""
    most = table.count("agencies_per_form", needed=False)
    if most == 0:
        table.fault(
            "SURVEY-122",
            "«agencies_per_form» là 0: phiếu nào cũng phải có cơ quan để đánh giá.",
            "Viết số từ 1 trở lên, hoặc bỏ dòng này để mỗi phiếu có mọi cơ quan.",
        )
    return most or None


def read_ratings(table: PlanTable, agencies: Sequence[str]) -> None:
    """Check `ratings`: one number for every agency, or numbers by the names of agencies."""
    value = table.values.get("ratings")
    if not isinstance(value, dict):
        table.count("ratings", needed=False)
        return
    numbers = PlanTable(table.problems, f"{table.place}, «ratings»", value, tuple(value))
    _check_names(numbers, tuple(value), agencies)
    for name in value:
        numbers.count(name)


def read_listed(table: PlanTable, rates: str, agencies: Sequence[str]) -> None:
    """Check the names of the agencies that raters with a list of their own rate."""
    names = table.texts("agencies")
    if (rates == "list") != bool(names):
        table.fault(
            "SURVEY-121",
            '«agencies» của người đánh giá đi cùng rates = "list", và chỉ với quy tắc đó.',
            'Viết rates = "list" cùng agencies = ["tên cơ quan", ...], hoặc bỏ «agencies».',
        )
    _check_names(table, names, agencies)


def _check_names(table: PlanTable, names: Sequence[str], agencies: Sequence[str]) -> None:
    known = {spelling(agency) for agency in agencies}
    for name in names:
        if spelling(name) not in known:
            table.fault(
                "SURVEY-123",
                f"Nhóm không có cơ quan «{name}».",
                f"Viết đúng tên; gần nhất là «{nearest(name, agencies)}».",
            )


def forms_for(
    table: PlanTable, ratings: int, rules: Sequence[str], agencies: tuple[int, int | None]
) -> int:
    """Return how many forms give so many ratings; `agencies` of the group, and per form at most."""
    count, most = agencies
    if set(rules) == {"own_unit"}:
        return ratings
    if not count or not set(rules) <= {"all"}:
        table.fault(
            "SURVEY-124",
            "Không tính được số phiếu từ số lượt đánh giá: người đánh giá trong nhóm có số cơ "
            "quan khác nhau.",
            'Viết questionnaire_counts = "forms" với số phiếu của nhóm.',
        )
        return ratings
    blocks = math.ceil(count / (most or count))
    return math.ceil(ratings * blocks / count)


def most_agencies(survey: Survey) -> dict[str, int | None]:
    """Return the agencies per form at most, by group."""
    return {
        str(group["code"]): group.get("agencies_per_form")
        for group in survey.plan.get("groups", ())
    }


def least_ratings(survey: Survey) -> dict[RatersKey, dict[str, int]]:
    """Return the ratings at least, by group and rater group, then by code of the agency."""
    result = {}
    for key, raters, codes in _raters(survey):
        value = raters.get("ratings", 0)
        named = {spelling(name): n for name, n in value.items()} if isinstance(value, dict) else {}
        each = 0 if named else int(value or 0)
        result[key] = {code: named.get(name, each) for name, code in codes.items()}
    return result


def listed_agencies(survey: Survey) -> dict[RatersKey, tuple[str, ...]]:
    """Return the codes of the agencies on the lists of rater groups that have one."""
    return {
        key: tuple(codes[spelling(name)] for name in raters["agencies"])
        for key, raters, codes in _raters(survey)
        if raters.get("agencies")
    }


def _raters(survey: Survey) -> Iterator[tuple[RatersKey, Mapping[str, Any], dict[str, str]]]:
    """Give the rater groups of the plan with the codes of the group's agencies by spelling."""
    agencies = {
        group.code: {spelling(agency.title): agency.code for agency in group.agencies}
        for group in survey.groups
    }
    for group in survey.plan.get("groups", ()):
        for raters in group.get("raters", ()):
            yield (group["code"], raters["code"]), raters, agencies.get(group["code"], {})
