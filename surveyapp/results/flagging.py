"""The rules that point at released forms, and the forms that they point at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.labels import Floats
from analysis.quality import Flag, duplicates, item_nonresponse, straight_lines
from questionnaires.types import Questionnaire
from surveyapp.collect import definitions
from surveyapp.models import FormCell, RatedAgency, Response, Survey, SurveyGroup


@dataclass(frozen=True, slots=True)
class Rule:
    """A check of answers, with its name and its limit in words."""

    code: str
    title: str
    limit: str
    check: Callable[[Floats], tuple[Flag, ...]]


RULES: Sequence[Rule] = (
    Rule(
        "straight_line", "Trả lời một mức liên tiếp", "từ 10 câu liền nhau trở lên", straight_lines
    ),
    Rule("item_nonresponse", "Bỏ trống nhiều", "trên 50% số câu", item_nonresponse),
    Rule(
        "duplicate",
        "Giống hệt một phiếu khác",
        "từ 10 câu trở lên, không phải mọi câu một mức",
        duplicates,
    ),
)


@dataclass(frozen=True, slots=True)
class Received:
    """A released form under its random id."""

    id: str
    group: SurveyGroup
    answers: Mapping[str, Any]
    ratings: Mapping[str, Mapping[str, Any]]
    mode: str
    assisted: str


def received_forms(db: Session, survey: Survey) -> list[Received]:
    """Return the released forms by their random ids, which say nothing of when they came."""
    groups = {group.id: group for group in survey.groups}
    of_agency = dict(
        db.execute(
            select(RatedAgency.code, RatedAgency.group_id).where(RatedAgency.survey_id == survey.id)
        ).all()
    )
    rows = db.execute(
        select(
            FormCell.group_id,
            Response.device_agency,
            Response.id,
            Response.answers,
            Response.ratings,
            Response.mode,
            Response.assisted,
        )
        .outerjoin(FormCell, FormCell.id == Response.cell_id)
        .where(Response.survey_id == survey.id)
        .order_by(Response.id)
    )
    return [
        Received(number, groups[of_agency[agency] if group is None else group], *form)
        for group, agency, number, *form in rows
    ]


def checked_answers(
    db: Session, group: SurveyGroup, forms: Sequence[Received]
) -> tuple[Floats, list[str]]:
    """Return the scale answers of the forms of a group, a row per form or rating, and their ids."""
    questionnaire = definitions.questionnaire(
        db, group.questionnaire_code, group.questionnaire_version
    )
    return _scores(questionnaire, [form for form in forms if form.group is group])


def _scores(questionnaire: Questionnaire, forms: Sequence[Received]) -> tuple[Floats, list[str]]:
    items = [item for item in questionnaire.items if item.kind == "choice" and not item.sensitive]
    per_agency = any(item.per_agency for item in items)
    if per_agency:
        items = [item for item in items if item.per_agency]
    place = {
        item.code: {option.code: float(n) for n, option in enumerate(item.options)}
        for item in items
    }
    filled = [
        (form.id, rating)
        for form in forms
        for rating in (form.ratings.values() if per_agency else (form.answers,))
    ]
    missing = float("nan")
    rows = [
        [place[item.code].get(str(each.get(item.code)), missing) for item in items]
        for _, each in filled
    ]
    scores = np.array(rows, dtype=np.float64).reshape(len(rows), len(items))
    return scores, [number for number, _ in filled]
