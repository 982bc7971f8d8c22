"""Reports of forms that stay empty: with the person, or counted without her."""

import hmac
import re
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from surveyapp.errors import AppError
from surveyapp.models import (
    Assignment,
    CountedReport,
    Disposition,
    FormCell,
    SampleDraw,
    Survey,
    SurveyGroup,
)

_TOKEN: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Report:
    """What the field says: whose form stays empty, and why.

    `token` is a secret of the page or command that reports, stored nowhere, so that the same
    again is not counted twice; only a report that is counted without the person needs one.
    """

    unit: str
    reason: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Reports without a name of one group and stored stratum."""

    group_title: str
    stratum: str
    by_reason: Counter[str]

    @property
    def n(self) -> int:
        """Reports in all."""
        return self.by_reason.total()


def new_token() -> str:
    """Return a random token."""
    return secrets.token_hex(16)


def _stored_token(given: Assignment, report: Report) -> str:
    """Return what is stored of a token: one for each form, that tells the unit to nobody.

    HMAC-SHA-256 under a key that goes with the page: without it no unit can be tried. The draw is
    that of the form; the one whose reserve serves may be another when the report is sent again.
    """
    unit = f"{given.draw_id} {report.unit}".encode()
    return hmac.digest(report.token.encode(), unit, "sha256").hex()[:32]


def counted_before(db: Session, given: Assignment, report: Report) -> CountedReport | None:
    """Return what was counted of the same form from the same page; refuse another reason."""
    known = db.get(CountedReport, _stored_token(given, report)) if report.token else None
    if known is None:
        return None
    if known.reason != report.reason:
        raise AppError(
            "FIELD-024",
            "Trang này đã báo người này với lý do khác; báo cáo được đếm mà không ghi tên.",
            "Không báo lại: báo cáo đã đếm không sửa được.",
            status=409,
        )
    return known


def count_without_name(
    db: Session,
    given: Assignment,
    report: Report,
    *,
    cell: FormCell,
    draw: SampleDraw,
    released: str | None,
) -> None:
    """Count a report by stratum and reason; nothing of it names the person.

    `draw` is the one whose reserve serves, the same for all of a cell: that of the form would say
    who it was where only few of the cell are of that draw.
    """
    if not _TOKEN.fullmatch(report.token):
        raise AppError(
            "FIELD-023",
            "Nhóm phiếu của người này chỉ còn vừa đủ người có thể đã trả lời, nên báo cáo chỉ được "
            "đếm theo nhóm và lý do, không ghi tên; lần gửi này chưa có mã để không đếm hai lần.",
            "Mở lại trang «Người được giao phiếu» rồi gửi; bằng lệnh thì chạy lại, thêm "
            f"--token {new_token()}",
            status=409,
        )
    db.add(
        CountedReport(
            token=_stored_token(given, report),
            draw_id=draw.id,
            group_id=cell.group_id,
            stratum=cell.stratum,
            reason=report.reason,
            released_unit=released,
        )
    )


def by_reason(db: Session, group: SurveyGroup) -> dict[str, int]:
    """Count the reports of a group by reason, with and without a person."""
    named = (
        select(Disposition.reason, func.count())
        .join(
            Assignment,
            (Assignment.draw_id == Disposition.draw_id)
            & (Assignment.unit_code == Disposition.unit_code),
        )
        .join(FormCell, FormCell.id == Assignment.cell_id)
        .where(FormCell.group_id == group.id)
        .group_by(Disposition.reason)
    )
    counted = (
        select(CountedReport.reason, func.count())
        .where(CountedReport.group_id == group.id)
        .group_by(CountedReport.reason)
    )
    found = Counter(dict(db.execute(named).all()))
    found.update(dict(db.execute(counted).all()))
    return dict(found)


def tallies(db: Session, survey: Survey) -> Sequence[Tally]:
    """Return the reports without a name by group and stratum."""
    rows = db.execute(
        select(SurveyGroup.title, CountedReport.stratum, CountedReport.reason, func.count())
        .join(SurveyGroup, SurveyGroup.id == CountedReport.group_id)
        .where(SurveyGroup.survey_id == survey.id)
        .group_by(
            SurveyGroup.position, SurveyGroup.title, CountedReport.stratum, CountedReport.reason
        )
        .order_by(SurveyGroup.position, CountedReport.stratum)
    )
    found: dict[tuple[str, str], Counter[str]] = {}
    for title, stratum, reason, n in rows:
        found.setdefault((title, stratum), Counter())[reason] = n
    return [Tally(title, stratum, reasons) for (title, stratum), reasons in found.items()]


def forget_persons(db: Session, survey_id: int) -> int:
    """Turn the reports that name a person into counts, for the lock; return how many.

    Whoever died or was ill is nobody's business once no letter goes out any more; the response
    rates need counts only.
    """
    draws = select(SampleDraw.id).where(SampleDraw.survey_id == survey_id)
    named = db.execute(
        select(Disposition.draw_id, FormCell.group_id, FormCell.stratum, Disposition.reason)
        .join(
            Assignment,
            (Assignment.draw_id == Disposition.draw_id)
            & (Assignment.unit_code == Disposition.unit_code),
        )
        .join(FormCell, FormCell.id == Assignment.cell_id)
        .where(Disposition.draw_id.in_(draws))
    ).all()
    rows = [{"token": new_token(), **row._mapping} for row in named]
    if rows:
        db.execute(insert(CountedReport), sorted(rows, key=lambda row: str(row["token"])))
    db.execute(delete(Disposition).where(Disposition.draw_id.in_(draws)))
    return len(rows)
