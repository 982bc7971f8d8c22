"""The verbs of collecting lists: ask units, take what they send, accept, return, put together."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.frames import drafts, headings, sealing, service
from surveyapp.frames.asking import Asked, read_asked
from surveyapp.frames.entries import FrameReport
from surveyapp.frames.lists import kind_of
from surveyapp.frames.short_texts import short_text
from surveyapp.importers.table import Table, TableProblem
from surveyapp.models import Account, ListDraft, Survey, Unit, UnitList
from surveyapp.surveys.names import spelling
from surveyapp.surveys.units import Period, find_or_create_all

_ROW = re.compile(r"\b([dD]òng) (\d+)")


def ask(
    db: Session, actor: Actor, survey: Survey, text: str, due_on: date | None = None
) -> list[UnitList]:
    """Ask units for their lists; a unit that was asked already gets the new head-counts."""
    _check_draft(survey)
    listed = read_asked(survey, text)
    stored = select(UnitList).where(UnitList.survey_id == survey.id)
    known = {one.unit_id: one for one in db.scalars(stored)}
    made = []
    for asked, unit_id in zip(listed, _unit_ids(db, survey, listed), strict=True):
        if unit_id not in known:
            known[unit_id] = UnitList(
                survey_id=survey.id, unit_id=unit_id, counts={}, asked_at=clock.now()
            )
        unit_list = known[unit_id]
        unit_list.expected, unit_list.due_on = dict(asked.expected), due_on or unit_list.due_on
        made.append(unit_list)
    db.add_all(made)
    db.flush()
    audit.record(db, actor, "list.ask", survey.code, units=len(made))
    return made


def _unit_ids(db: Session, survey: Survey, listed: Sequence[Asked]) -> list[int]:
    """Return the units of these names: a rated agency's own unit first."""
    own = {
        spelling(name): agency.unit_id
        for agency in reversed(survey.agencies)
        for name in (agency.title, f"UBND {agency.title}")
    }
    others = [asked.unit for asked in listed if spelling(asked.unit) not in own]
    period = Period(date(survey.year, 1, 1))
    found = iter(find_or_create_all(db, others, date(survey.year, 12, 31), period))
    return [own.get(spelling(asked.unit)) or next(found).id for asked in listed]


def _check_draft(survey: Survey) -> None:
    if survey.state != "draft" or survey.kind == "counter":
        raise AppError(
            "FRAME-031",
            f"Cuộc khảo sát «{survey.code}» không còn nhận danh sách.",
            "Danh sách chỉ thu trước khi chọn mẫu.",
            status=409,
        )


@dataclass(frozen=True, slots=True)
class ListLine:
    """One unit's list as the table shows it."""

    unit: Unit
    unit_list: UnitList

    @property
    def expected(self) -> int:
        """Expected head-count of all groups."""
        return sum(self.unit_list.expected.values())

    @property
    def is_late(self) -> bool:
        """Whether nothing was sent by the due day."""
        due = self.unit_list.due_on
        return self.unit_list.sent_at is None and due is not None and due < clock.today()


def lines(db: Session, survey: Survey) -> list[ListLine]:
    """Return the lists of a survey by unit, in the Vietnamese order."""
    found = db.execute(_lists_of(survey).order_by(Unit.sort_key))
    return [ListLine(unit, unit_list) for unit, unit_list in found]


def _lists_of(survey: Survey) -> Select[Unit, UnitList]:
    lists = select(Unit, UnitList).join(UnitList, UnitList.unit_id == Unit.id)
    return lists.where(UnitList.survey_id == survey.id)


def own_lists(db: Session, actor: Actor) -> list[tuple[Survey, ListLine]]:
    """Return the lists that the unit of a focal account owes, the newest survey first."""
    found = db.execute(
        select(Survey, Unit, UnitList)
        .join(UnitList, UnitList.survey_id == Survey.id)
        .join(Unit, Unit.id == UnitList.unit_id)
        .join(Account, Account.unit_id == Unit.id)
        .where(Account.id == actor.account_id)
        .order_by(Survey.year.desc(), Survey.code)
    )
    return [(survey, ListLine(unit, unit_list)) for survey, unit, unit_list in found]


def find(db: Session, actor: Actor, survey: Survey, unit_code: str) -> ListLine:
    """Return a unit's list; for a focal account the lists of other units do not exist."""
    row = db.execute(_lists_of(survey).where(Unit.code == unit_code)).one_or_none()
    found = ListLine(row[0], row[1]) if row is not None else None
    if found is not None and not actor.has_any(frozenset({"manager"})):
        own = db.scalar(select(Account.unit_id).where(Account.id == actor.account_id))
        found = found if own == found.unit.id else None
    if found is None:
        raise AppError(
            "FRAME-032",
            f"Không có danh sách của đơn vị «{unit_code}».",
            "Kiểm tra lại địa chỉ, hoặc liên hệ Sở Nội vụ.",
            status=404,
        )
    return found


def remind(db: Session, actor: Actor, survey: Survey) -> int:
    """Count that the units which have not sent, or must send again, were asked again."""
    _check_draft(survey)
    waiting = [line for line in lines(db, survey) if line.unit_list.state in ("asked", "returned")]
    for line in waiting:
        line.unit_list.reminders += 1
        line.unit_list.reminded_at = clock.now()
    db.flush()
    audit.record(db, actor, "list.remind", survey.code, units=len(waiting))
    return len(waiting)


def send(db: Session, actor: Actor, survey: Survey, draft: ListDraft, key: bytes) -> FrameReport:
    """Take the looked-at file as the unit's list: sealed, all rows or none; the draft goes."""
    _check_draft(survey)
    unit_list = db.get_one(UnitList, draft.unit_list_id)
    kind = kind_of(survey)
    _, mapped = drafts.table_of(draft, kind, key)
    mapped = without_unfilled(mapped)
    report = service.import_rows(db, actor, survey, mapped, key=key, dry_run=True)
    if not report.is_good:
        return report
    columns = {name: list(column) for name, column in mapped.columns.items()}
    content = json.dumps({"columns": columns, "rows": list(mapped.rows)}, ensure_ascii=False)
    unit_list.sealed = sealing.seal(key, content.encode(), _place(unit_list))
    unit_list.rows = len(mapped.rows)
    unit_list.counts = _counts(survey, columns)
    unit_list.state, unit_list.sent_at = "sent", clock.now()
    unit_list.decided_at = unit_list.reason = None
    drafts.drop(db, draft)
    db.flush()
    digest = hashlib.sha256(content.encode()).hexdigest()
    subject = _subject(db, survey, unit_list)
    audit.record(db, actor, "list.send", subject, rows=unit_list.rows, sha256=digest)
    return report


def without_unfilled(table: Table) -> Table:
    """Leave out the rows of a pre-filled template in which nobody put a person."""
    written = [
        table.columns[name]
        for name in ("Họ và tên", "Năm sinh", "Điện thoại", "Nơi nhận phiếu")
        if name in table.columns
    ]
    if "Họ và tên" not in table.columns or table.problems:
        return table
    kept = [i for i in range(len(table.rows)) if any(column[i] for column in written)]
    columns = {name: [column[i] for i in kept] for name, column in table.columns.items()}
    return replace(table, columns=columns, rows=[table.rows[i] for i in kept])


def _counts(survey: Survey, columns: dict[str, list[str]]) -> dict[str, Any]:
    if survey.kind != "sociological":
        return {"files": len(next(iter(columns.values()), []))}
    codes = {
        spelling(name): raters.code
        for group in survey.groups
        for raters in group.rater_groups
        for name in (raters.code, raters.title)
    }
    return dict(Counter(codes[spelling(text)] for text in columns["Nhóm người đánh giá"]))


def decide(
    db: Session, actor: Actor, survey: Survey, line: ListLine, reason: str | None
) -> UnitList:
    """Accept a sent list, or return it with a reason."""
    _check_draft(survey)
    unit_list = line.unit_list
    if unit_list.sealed is None:
        raise AppError(
            "FRAME-033",
            f"{line.unit.name} chưa gửi danh sách.",
            "Đôn đốc đơn vị gửi danh sách trước.",
            status=409,
        )
    reason = None if reason is None else short_text(reason, 300, "Lý do trả lại")
    if reason == "":
        raise AppError(
            "FRAME-034", "Chưa ghi lý do trả lại.", "Ghi điều cần sửa để đơn vị biết.", status=422
        )
    unit_list.state = "accepted" if reason is None else "returned"
    unit_list.reason = reason
    unit_list.decided_at = clock.now()
    db.flush()
    action = "list.accept" if reason is None else "list.return"
    audit.record(db, actor, action, _subject(db, survey, unit_list))
    return unit_list


def together(db: Session, survey: Survey, key: bytes) -> tuple[service.Lists, dict[int, int]]:
    """Put the accepted lists together; rows are numbered on, with the unit and row of each."""
    columns: dict[str, list[str]] = {h.title: [] for h in headings.KINDS[kind_of(survey)]}
    sources: dict[int, str] = {}
    places: dict[int, int] = {}
    for line in lines(db, survey):
        unit_list = line.unit_list
        if unit_list.state != "accepted" or unit_list.sealed is None:
            continue
        content = json.loads(sealing.unseal(key, unit_list.sealed, _place(unit_list)))
        rows = content["rows"]
        for title, column in columns.items():
            column.extend(content["columns"].get(title, [""] * len(rows)))
        for row in rows:
            number = len(sources) + 1
            sources[number], places[number] = line.unit.name, row
    table = Table("các đơn vị", "", columns, list(sources))
    return service.Lists(table, sources), places


def build(
    db: Session, actor: Actor, survey: Survey, key: bytes, *, dry_run: bool = False
) -> FrameReport:
    """Make the frame of all accepted lists: all rows or none; who has not sent is a note."""
    lists, places = together(db, survey, key)
    if not places:
        raise AppError(
            "FRAME-035",
            "Chưa có danh sách nào được chấp nhận.",
            "Chấp nhận danh sách của các đơn vị trước khi ghép.",
            status=409,
        )
    report = service.import_lists(db, actor, survey, lists, key=key, dry_run=dry_run)
    problems = tuple(_placed(p, lists, places) for p in report.problems)
    return replace(report, problems=problems)


def _placed(problem: TableProblem, lists: service.Lists, places: dict[int, int]) -> TableProblem:
    """Name unit and row of its list, where the rows of all lists were numbered on."""

    def in_list(found: re.Match[str]) -> str:
        row = int(found[2])
        return f"{found[1]} {places[row]} ({lists.sources[row]})" if row in places else found[0]

    row = problem.row
    return replace(
        problem,
        message=_ROW.sub(in_list, problem.message),
        sheet=lists.sources.get(row or 0, problem.sheet),
        row=places.get(row or 0, row),
    )


def _place(unit_list: UnitList) -> str:
    return f"unit list {unit_list.id}"


def _subject(db: Session, survey: Survey, unit_list: UnitList) -> str:
    return f"{survey.code}/{db.get_one(Unit, unit_list.unit_id).code}"
