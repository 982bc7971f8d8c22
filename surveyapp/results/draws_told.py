"""What a report says of the draws: the plan's quotas, what was changed and why, later draws."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.report import Cell, Column, Missing, ReportTable
from surveyapp.clock import local_day
from surveyapp.exports.numbers import day
from surveyapp.models import FrameRow, SampleDraw, SampleUnit, Survey

_SAME = "theo kế hoạch"


def draw_tables(db: Session, survey: Survey) -> list[ReportTable]:
    """Tabulate quotas against drawn forms by group, and every draw with its reason."""
    draws = list(
        db.scalars(
            select(SampleDraw)
            .where(SampleDraw.survey_id == survey.id, SampleDraw.drawn_at.is_not(None))
            .order_by(SampleDraw.id)
        )
    )
    if not draws:
        return []
    rows = db.execute(
        select(SampleUnit.draw_id, FrameRow.group_code, func.count())
        .join(SampleDraw, SampleDraw.id == SampleUnit.draw_id)
        .join(
            FrameRow,
            (FrameRow.frame_id == SampleDraw.frame_id)
            & (FrameRow.unit_code == SampleUnit.unit_code),
        )
        .where(SampleDraw.id.in_([draw.id for draw in draws]), SampleUnit.role == "main")
        .group_by(SampleUnit.draw_id, FrameRow.group_code)
    ).all()
    by_draw = {draw.id: sum(n for at, _, n in rows if at == draw.id) for draw in draws}
    # a later draw holds everybody of the earlier ones: the last one is the sample
    by_group = {group.code: 0 for group in survey.groups}
    by_group |= {code: n for at, code, n in rows if at == draws[-1].id}
    return [_quotas(survey, by_group, draws), _draws(draws, by_draw)]


def _quotas(survey: Survey, drawn: dict[str, int], draws: list[SampleDraw]) -> ReportTable:
    reasons = "; ".join(dict.fromkeys(draw.reason for draw in draws if draw.reason))
    rows: list[tuple[Cell, ...]] = [
        (
            group.title,
            group.quota,
            drawn[group.code],
            _SAME if group.quota == drawn[group.code] else reasons or Missing("không ghi lý do"),
        )
        for group in survey.groups
    ]
    return ReportTable(
        code="quotas",
        title="Chỉ tiêu số phiếu của kế hoạch và số phiếu đã chọn",
        columns=(
            Column("name", "Nhóm", "text"),
            Column("quota", "Kế hoạch", "count"),
            Column("became", "Đã chọn", "count"),
            Column("reason", "Lý do khác kế hoạch", "text"),
        ),
        rows=tuple(rows),
    )


def _draws(draws: list[SampleDraw], n: dict[int, int]) -> ReportTable:
    rows: list[tuple[Cell, ...]] = [
        (
            f"Lần {number}" + (" (chọn bổ sung)" if number > 1 else ""),
            day(local_day(draw.drawn_at)) if draw.drawn_at else "",
            n[draw.id],
            f"«{draw.told_seed}» ({(draw.protocol or {}).get('label', 'không ghi')})",
            draw.reason
            or ("lần chọn theo kế hoạch" if number == 1 else Missing("không ghi lý do")),
        )
        for number, draw in enumerate(draws, 1)
    ]
    return ReportTable(
        code="draws",
        title="Các lần chọn mẫu",
        columns=(
            Column("draw", "Lần chọn", "text"),
            Column("on", "Ngày", "text"),
            Column("units", "Số phiếu chính", "count"),
            Column("seed", "Hạt giống", "text"),
            Column("reason", "Lý do", "text"),
        ),
        rows=tuple(rows),
    )
