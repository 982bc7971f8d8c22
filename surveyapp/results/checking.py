"""Quality of the forms received so far: numbers by rule, never an answer, a time or a device.

Before the lock this is all that anybody sees. Nothing is deleted or changed: the table says how
many forms a rule points at, and all of them count in the results. Duration, hour, counter and
interviewer are not kept with an answer (they would lead to a person), so that speeders, bursts
and interviewer effects cannot be looked for here; the table says so.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.disclosure import MINIMUM_BASE
from analysis.labels import Floats
from analysis.quality import Flag, duplicates, item_nonresponse, straight_lines
from analysis.report import Cell, Column, Missing, ReportTable
from questionnaires.types import Questionnaire
from surveyapp.collect import definitions
from surveyapp.models import FormCell, RatedAgency, Response, Survey, SurveyGroup
from surveyapp.results import gate

#: Title, limit in words, and check of every rule that can be looked for.
_RULES: Sequence[tuple[str, str, Callable[[Floats], tuple[Flag, ...]]]] = (
    ("Trả lời một mức liên tiếp", "từ 10 câu liền nhau trở lên", straight_lines),
    ("Bỏ trống nhiều", "trên 50% số câu", item_nonresponse),
    ("Giống hệt một phiếu khác", "từ 10 câu trở lên, không phải mọi câu một mức", duplicates),
)
_UNKNOWN: Sequence[tuple[str, str]] = (
    ("Trả lời quá nhanh", "thời gian trả lời không lưu cùng phiếu"),
    ("Nhiều phiếu dồn dập ở một quầy", "giờ và quầy không lưu cùng phiếu"),
    ("Phiếu nhận theo ngày", "ngày lưu cùng phiếu là ngày mở niêm phong cả nhóm"),
    ("Khác biệt giữa điều tra viên", "bút danh điều tra viên không lưu cùng phiếu"),
)
_MODES: Mapping[str, str] = {
    "web": "điện thoại, máy tính của người trả lời",
    "tablet": "máy tính bảng",
    "interviewer": "điều tra viên hỏi",
    "paper": "phiếu giấy",
}
NOTE = (
    "Chỉ để xem lại cách thu phiếu: không phiếu nào bị bỏ hay sửa, mọi phiếu hợp lệ đều được tính. "
    "Giống hệt nhau chỉ là thứ tự rà soát, không phải bằng chứng gian lận."
)
_Form = tuple[SurveyGroup, Mapping[str, Any], Mapping[str, Any], str, str]


def quality_tables(db: Session, survey: Survey) -> tuple[ReportTable, ...]:
    """Return the checks by group, and what came in by way, of the released forms."""
    forms = _forms(db, survey)
    return _checks(db, survey, forms), _ways(survey, forms)


def _forms(db: Session, survey: Survey) -> list[_Form]:
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
            Response.answers,
            Response.ratings,
            Response.mode,
            Response.assisted,
        )
        .outerjoin(FormCell, FormCell.id == Response.cell_id)
        .where(Response.survey_id == survey.id)
    )
    return [
        (groups[of_agency[agency] if group is None else group], answers, ratings, mode, by)
        for group, agency, answers, ratings, mode, by in rows
    ]


def _checks(db: Session, survey: Survey, forms: Sequence[_Form]) -> ReportTable:
    rows: list[tuple[Cell, ...]] = []
    for group in survey.groups:
        questionnaire = definitions.questionnaire(
            db, group.questionnaire_code, group.questionnaire_version
        )
        scores = _scores(questionnaire, [form for form in forms if form[0] is group])
        rows += [
            (group.title, title, limit, len(scores), _found(check, scores))
            for title, limit, check in _RULES
        ]
    rows += [
        ("Mọi nhóm", title, "không kiểm tra được", Missing(reason), Missing(reason))
        for title, reason in _UNKNOWN
    ]
    return ReportTable(
        code="quality",
        title="Dấu hiệu cần xem lại theo quy tắc",
        columns=(
            Column("name", "Nhóm", "text"),
            Column("rule", "Quy tắc", "text"),
            Column("limit", "Ngưỡng", "text"),
            Column("checked", "Số phiếu (lượt đánh giá) đã kiểm tra", "count"),
            Column("found", "Có dấu hiệu", "count"),
        ),
        rows=tuple(rows),
        notes=(NOTE,),
    )


def _found(check: Callable[[Floats], tuple[Flag, ...]], scores: Floats) -> Cell:
    if len(scores) < MINIMUM_BASE:
        return Missing(gate.TOO_FEW)
    return len(check(scores))


def _scores(questionnaire: Questionnaire, forms: Sequence[_Form]) -> Floats:
    """Return the scale answers of every form, or of every rating, in the order of the form."""
    items = [item for item in questionnaire.items if item.kind == "choice" and not item.sensitive]
    per_agency = any(item.per_agency for item in items)
    if per_agency:
        items = [item for item in items if item.per_agency]
    place = {
        item.code: {option.code: float(n) for n, option in enumerate(item.options)}
        for item in items
    }
    filled = [
        rating
        for _, answers, ratings, *_ in forms
        for rating in (ratings.values() if per_agency else (answers,))
    ]
    missing = float("nan")
    rows = [
        [place[item.code].get(str(each.get(item.code)), missing) for item in items]
        for each in filled
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(items))


def _ways(survey: Survey, forms: Sequence[_Form]) -> ReportTable:
    counted = Counter((form[0].code, form[3], form[4] == "official") for form in forms)
    rows: list[tuple[Cell, ...]] = []
    for group in survey.groups:
        received = sum(n for (code, _, _), n in counted.items() if code == group.code)
        rows.append(
            (
                group.title,
                group.quota,
                received,
                *(counted[group.code, mode, False] for mode in _MODES),
                sum(counted[group.code, mode, True] for mode in _MODES),
            )
        )
    return ReportTable(
        code="quality-ways",
        title="Phiếu đã mở niêm phong theo nhóm và cách trả lời",
        columns=(
            Column("name", "Nhóm", "text"),
            Column("quota", "Kế hoạch", "count"),
            Column("received", "Đã nhận", "count"),
            *(Column(mode, title.capitalize(), "count") for mode, title in _MODES.items()),
            Column("assisted", "Cán bộ bấm giúp", "count"),
        ),
        rows=tuple(rows),
    )
