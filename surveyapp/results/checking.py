"""Quality of the forms received so far: numbers by rule, never an answer, a time or a device.

Before the lock this is all that anybody sees. Nothing is deleted or changed: the table says how
many forms a rule points at; what the analyst decides about them is in `review`. Duration, hour,
counter and interviewer are not kept with an answer (they would lead to a person), so that
speeders, bursts and interviewer effects cannot be looked for here; the table says so.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.orm import Session

from analysis.disclosure import MINIMUM_BASE
from analysis.labels import Floats
from analysis.quality import Flag
from analysis.report import Cell, Column, Missing, ReportTable
from surveyapp.models import Survey
from surveyapp.results import gate
from surveyapp.results.flagging import RULES, Received, checked_answers, received_forms

_UNKNOWN: Sequence[tuple[str, str]] = (
    ("Trả lời quá nhanh", "thời gian trả lời không lưu cùng phiếu"),
    ("Nhiều phiếu dồn dập ở một quầy", "giờ và quầy không lưu cùng phiếu"),
    ("Phiếu nhận theo ngày", "ngày lưu cùng phiếu là ngày mở niêm phong cả nhóm"),
    ("Khác biệt giữa điều tra viên", "bút danh điều tra viên không lưu cùng phiếu"),
)
_MODES: Mapping[str, str] = {
    "web": "điện thoại, máy tính của người trả lời",
    "tablet": "máy tại quầy",
    "interviewer": "điều tra viên hỏi",
    "paper": "phiếu giấy",
}
_NO_QUOTA = "không định trước số phiếu"
NOTE = (
    "Chỉ để xem lại cách thu phiếu: không phiếu nào bị xóa, bị sửa hay tự động bị bỏ ra. "
    "Giống hệt nhau chỉ là thứ tự rà soát, không phải bằng chứng gian lận."
)


def quality_tables(db: Session, survey: Survey) -> tuple[ReportTable, ...]:
    """Return the checks by group, and what came in by way, of the released forms."""
    forms = received_forms(db, survey)
    return _checks(db, survey, forms), _ways(survey, forms)


def _checks(db: Session, survey: Survey, forms: Sequence[Received]) -> ReportTable:
    rows: list[tuple[Cell, ...]] = []
    for group in survey.groups:
        scores, _ = checked_answers(db, group, forms)
        rows += [
            (group.title, rule.title, rule.limit, len(scores), _found(rule.check, scores))
            for rule in RULES
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


def _ways(survey: Survey, forms: Sequence[Received]) -> ReportTable:
    counted = Counter((form.group.code, form.mode, form.assisted == "official") for form in forms)
    rows: list[tuple[Cell, ...]] = []
    for group in survey.groups:
        received = sum(n for (code, _, _), n in counted.items() if code == group.code)
        rows.append(
            (
                group.title,
                Missing(_NO_QUOTA) if survey.kind == "counter" else group.quota,
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
