"""The forms that were left out of the results: how many and why, by group."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.report import Cell, Column, ReportTable
from surveyapp.models import FormCell, FormReview, RatedAgency, Response, SurveyGroup
from surveyapp.results.answers import LEFT_OUT
from surveyapp.results.flagging import RULES


def rule_titles(rules: str) -> str:
    """Name the rules that point at a form."""
    codes = rules.split(",")
    return "; ".join(rule.title for rule in RULES if rule.code in codes)


def left_out(db: Session, group: SurveyGroup) -> list[dict[str, Any]]:
    """Count the forms of a group that were left out, by rule and reason."""
    rows = db.execute(
        select(FormReview.rules, FormReview.reason)
        .join(Response, Response.id == FormReview.response_id)
        .outerjoin(FormCell, FormCell.id == Response.cell_id)
        .outerjoin(
            RatedAgency,
            (RatedAgency.survey_id == Response.survey_id)
            & (RatedAgency.code == Response.device_agency),
        )
        .where(
            Response.survey_id == group.survey_id,
            FormReview.state == LEFT_OUT,
            (FormCell.group_id == group.id) | (RatedAgency.group_id == group.id),
        )
    )
    counted = Counter((rules, reason) for rules, reason in rows)
    return [
        {"rules": rules, "reason": reason, "n": n} for (rules, reason), n in sorted(counted.items())
    ]


def left_out_table(
    titles: Mapping[str, str], groups: Sequence[Mapping[str, Any]]
) -> list[ReportTable]:
    """Tabulate what a run left out, with the reason."""
    rows: list[tuple[Cell, ...]] = [
        (titles[group["code"]], rule_titles(each["rules"]), each["reason"], each["n"])
        for group in groups
        for each in group.get("left_out", ())
    ]
    if not rows:
        return []
    return [
        ReportTable(
            code="left-out",
            title="Phiếu để ngoài kết quả",
            columns=(
                Column("name", "Nhóm", "text"),
                Column("rule", "Quy tắc chỉ ra phiếu", "text"),
                Column("reason", "Lý do để ngoài", "text"),
                Column("left", "Số phiếu", "count"),
            ),
            rows=tuple(rows),
            notes=(
                "Không phiếu nào bị xóa. Phiếu để ngoài vẫn tính là phiếu thu về; quyết định có "
                "trước lần tính đầu tiên và ghi trong nhật ký.",
            ),
        )
    ]
