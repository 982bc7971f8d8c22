"""The verbs of frames: import a list (all rows or none), freeze it with its digest."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from sampling.canonical import frame_digest
from sampling.frame_checks import make_frame
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.frames.digests import rows_digest
from surveyapp.frames.entries import (
    Context,
    Entry,
    FrameReport,
    ListReader,
    Note,
    Person,
)
from surveyapp.frames.files import FileList
from surveyapp.frames.known import known
from surveyapp.frames.lists import kind_of
from surveyapp.frames.persons import SEPARATOR
from surveyapp.frames.raters import RaterList
from surveyapp.importers.table import Table
from surveyapp.models import Contact, Frame, FrameNote, FrameRow, SampleDraw, Survey
from surveyapp.surveys.service import latest_frame

__all__ = [
    "FrameReport",
    "Lists",
    "check_open",
    "find",
    "freeze",
    "import_lists",
    "import_rows",
    "notes",
    "strata",
    "strata_titles",
]

_CHUNK = 5_000
_LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True)
class Lists:
    """A table to import, and of which unit each row is where it was put together from several."""

    table: Table
    sources: Mapping[int, str] = field(default_factory=dict)


def import_rows(
    db: Session, actor: Actor, survey: Survey, table: Table, *, key: bytes, dry_run: bool = False
) -> FrameReport:
    """Import one list as the survey's frame: all rows or none.

    A version that is not frozen is replaced; after a frozen one a new version begins. `key` makes
    the pseudonyms and lies outside the database.
    """
    return import_lists(db, actor, survey, Lists(table), key=key, dry_run=dry_run)


def import_lists(
    db: Session, actor: Actor, survey: Survey, lists: Lists, *, key: bytes, dry_run: bool = False
) -> FrameReport:
    """Import the lists of several units, put together, as the survey's frame."""
    check_open(db, survey)
    table = lists.table
    if table.problems:
        return FrameReport(table.problems, table.problem_count)
    rows = _reader(survey, table, key, known(db, survey, lists.sources))
    if rows.problems.total:
        return FrameReport(
            tuple(rows.problems.listed), rows.problems.total, pairs=tuple(rows.pairs)
        )
    counted: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    persons: set[str] = set()
    for entry in rows.entries():
        persons.add(entry.person_code)
        counted[entry.stratum] += 1
        groups[entry.group_code] += 1
    warnings = [*(str(w) for w in table.warnings), *rows.warnings(), *_short(survey, groups)]
    warnings += _nobody(survey, counted)
    frame = None if dry_run else _store(db, actor, survey, rows)
    return FrameReport(
        warnings=tuple(warnings),
        notes=tuple(rows.notes()),
        pairs=tuple(rows.pairs),
        rows=sum(counted.values()),
        persons=len(persons),
        strata=dict(sorted(counted.items())),
        few=tuple(rows.few()),
        frame=frame,
    )


def _reader(survey: Survey, table: Table, key: bytes, context: Context) -> ListReader:
    if kind_of(survey) == "raters":
        return RaterList(survey, table, key, context)
    return FileList(survey, table, key, context)


def check_open(db: Session, survey: Survey) -> None:
    """Refuse a survey that takes no list any more."""
    db.flush()
    db.refresh(survey)
    if survey.kind == "counter":
        raise AppError(
            "FRAME-020",
            "Ý kiến tại quầy không có danh sách chọn mẫu.",
            "Ghép máy tại quầy để thu ý kiến.",
            status=409,
        )
    if survey.state != "draft":
        raise AppError(
            "FRAME-021",
            f"Cuộc khảo sát «{survey.code}» đã chọn mẫu: không đổi được danh sách.",
            "Chọn mẫu bổ sung từ danh sách đã chốt.",
            status=409,
        )
    announced = select(SampleDraw.id).where(
        SampleDraw.survey_id == survey.id,
        SampleDraw.drawn_at.is_(None),
        SampleDraw.abandoned_at.is_(None),
    )
    if db.scalar(announced.limit(1)) is not None:
        raise AppError(
            "FRAME-025",
            f"Cuộc khảo sát «{survey.code}» đã công bố hạt giống cho danh sách hiện có.",
            "Thực hiện lần chọn mẫu đã công bố; không đổi danh sách giữa chừng.",
            status=409,
        )


def _short(survey: Survey, groups: Counter[str]) -> Iterator[str]:
    """Say which groups have fewer rows than the plan has forms; the draw offers choices."""
    for group in survey.groups:
        if groups[group.code] < group.quota:
            yield (
                f"Nhóm «{group.title}»: danh sách có {groups[group.code]}, kế hoạch cần "
                f"{group.quota} phiếu. Khi chọn mẫu sẽ chọn giảm số phiếu hoặc hỏi toàn bộ."
            )


def _nobody(survey: Survey, counted: Collection[str]) -> Iterator[str]:
    """Name the rater groups that should rate a measured agency and have nobody in the list."""
    there = {tuple(key.split(SEPARATOR)[:2]) for key in counted}
    measured = {agency.group_id for agency in survey.agencies if agency.exclusion is None}
    named = [
        f"{raters.title} ({group.title})"
        for group in survey.groups
        for raters in (group.rater_groups if group.id in measured else ())
        if (group.code, raters.code) not in there
    ]
    if named:
        yield (
            f"{len(named)} nhóm người đánh giá chưa có ai: {'; '.join(named)}. Không bổ sung thì "
            "phải ghi lý do trước khi chọn mẫu."
        )


def _store(db: Session, actor: Actor, survey: Survey, rows: ListReader) -> Frame:
    db.refresh(survey, with_for_update=True)
    check_open(db, survey)  # again: somebody may have announced a draw while the list was read
    version = 1
    last = latest_frame(db, survey)
    if last is not None:
        version = last.version + (last.frozen_at is not None)
        if last.frozen_at is None:
            db.execute(delete(Frame).where(Frame.id == last.id))
            db.expunge(last)
    frame = Frame(survey_id=survey.id, version=version, pop_size=0, imported_at=clock.now())
    db.add(frame)
    db.flush()
    for part in _chunks(_row(frame, entry) for entry in rows.entries()):
        db.execute(insert(FrameRow), part)
        frame.pop_size += len(part)
    for part in _chunks(_contact(frame, person) for person in rows.people()):
        db.execute(insert(Contact), part)
    notes = rows.notes()
    db.add_all(_stored_note(frame, note) for note in notes)
    db.flush()
    facts = {"version": version, "rows": frame.pop_size, "notes": len(notes)}
    audit.record(db, actor, "frame.import", survey.code, **facts)
    return frame


def _stored_note(frame: Frame, note: Note) -> FrameNote:
    text = note.text if len(note.text) <= _LONGEST_NOTE else note.text[: _LONGEST_NOTE - 1] + "…"
    return FrameNote(frame_id=frame.id, rule=note.rule.value, number=note.number, text=text)


def _row(frame: Frame, entry: Entry) -> dict[str, Any]:
    return {
        "frame_id": frame.id,
        "unit_code": entry.unit_code,
        "person_code": entry.person_code,
        "stratum": entry.stratum,
        "group_code": entry.group_code,
        "attributes": entry.attributes,
    }


def _contact(frame: Frame, person: Person) -> dict[str, Any]:
    return {
        "frame_id": frame.id,
        "person_code": person.person_code,
        "name": person.name,
        "phone": person.phone or None,
        "address": person.address or None,
        "office": person.office or None,
    }


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Split into parts that the database takes in one statement each."""
    going = iter(rows)
    while part := list(islice(going, _CHUNK)):
        yield part


def notes(db: Session, frame: Frame) -> list[FrameNote]:
    """Return what looked suspect in a frame, by rule."""
    stored = select(FrameNote).where(FrameNote.frame_id == frame.id).order_by(FrameNote.rule)
    return list(db.scalars(stored))


def freeze(db: Session, actor: Actor, frame: Frame, *, confirmed: Collection[str] = ()) -> Frame:
    """Freeze the newest version of a frame with the digest of its ids and strata.

    `confirmed` are the rules whose notes the official accepts; every note needs that. Rows of
    agencies that were left out since the import go first. Freezing twice changes nothing.
    """
    survey = db.get_one(Survey, frame.survey_id)
    db.flush()
    db.refresh(survey, with_for_update=True)
    db.refresh(frame)
    if frame.frozen_at is not None:
        return frame
    check_open(db, survey)
    newest = latest_frame(db, survey)
    if newest is not frame:
        raise AppError(
            "FRAME-022",
            f"Bản {frame.version} không phải danh sách mới nhất.",
            "Chốt bản mới nhất.",
            status=409,
        )
    accepted = _confirm(db, actor, frame, confirmed)
    _drop_excluded(db, survey, frame)
    rows = db.execute(
        select(FrameRow.unit_code, FrameRow.stratum).where(FrameRow.frame_id == frame.id)
    ).all()
    if not rows:
        raise AppError(
            "FRAME-023",
            "Danh sách không còn dòng nào để chốt.",
            "Nhập danh sách có ít nhất một dòng thuộc cơ quan được đánh giá.",
            status=409,
        )
    frame.pop_size = len(rows)
    frame.sha256 = frame_digest(make_frame([row[0] for row in rows], [row[1] for row in rows]))
    frame.rows_sha256 = rows_digest(db, frame.id)
    frame.frozen_at = clock.now()
    db.flush()
    audit.record(
        db,
        actor,
        "frame.freeze",
        survey.code,
        version=frame.version,
        rows=frame.pop_size,
        sha256=frame.sha256,
        confirmed=", ".join(accepted),
    )
    return frame


def _confirm(db: Session, actor: Actor, frame: Frame, confirmed: Collection[str]) -> list[str]:
    """Put the official's name under every note; refuse while one is not confirmed."""
    stored = notes(db, frame)
    still_open = [note for note in stored if note.rule not in confirmed]
    if still_open:
        raise AppError(
            "FRAME-026",
            f"Còn {len(still_open)} lưu ý về danh sách chưa được xác nhận.",
            "Xem từng lưu ý; nếu danh sách đúng thì xác nhận rồi chốt (lệnh: --confirm MÃ).",
            status=409,
            problems=tuple(f"[{note.rule}] {note.text}" for note in still_open),
        )
    for note in stored:
        note.confirmed_by, note.confirmed_at = actor.login, clock.now()
    return [note.rule for note in stored]


def _drop_excluded(db: Session, survey: Survey, frame: Frame) -> None:
    """Remove rows of agencies that are not measured, and contacts that nothing names any more."""
    left_out = [agency.code for agency in survey.agencies if agency.exclusion is not None]
    if survey.kind == "sociological":
        left_out = [
            SEPARATOR.join((group.code, raters.code, code))
            for group in survey.groups
            for raters in group.rater_groups
            if raters.rates == "own_unit"
            for code in left_out
        ]
    if not left_out:
        return
    db.execute(
        delete(FrameRow)
        .where(FrameRow.frame_id == frame.id, FrameRow.stratum.in_(left_out))
        .execution_options(synchronize_session=False)
    )
    named = select(FrameRow.person_code).where(FrameRow.frame_id == frame.id)
    db.execute(
        delete(Contact)
        .where(Contact.frame_id == frame.id, Contact.person_code.not_in(named))
        .execution_options(synchronize_session=False)
    )


def strata(db: Session, frame: Frame) -> dict[str, int]:
    """Return the rows per stratum key, in code-point order."""
    counted = db.execute(
        select(FrameRow.stratum, func.count())
        .where(FrameRow.frame_id == frame.id)
        .group_by(FrameRow.stratum)
    )
    return dict(sorted(counted.all()))


def strata_titles(survey: Survey, counted: dict[str, int]) -> list[tuple[str, str, int]]:
    """Return group, rater group or agency with area, and rows, as officials read them."""
    agencies = {agency.code: agency for agency in survey.agencies}
    groups = {group.code: group for group in survey.groups}
    by_id = {group.id: group for group in survey.groups}
    raters = {r.code: r.title for group in survey.groups for r in group.rater_groups}
    lines = []
    for key, rows in counted.items():
        parts = key.split(SEPARATOR)
        if len(parts) == 1:
            agency = agencies[key]
            lines.append((by_id[agency.group_id].title, agency.title, rows))
            continue
        area = f", {agencies[parts[2]].title}" if len(parts) > 2 else ""
        lines.append((groups[parts[0]].title, raters[parts[1]] + area, rows))
    return lines


def find(db: Session, survey: Survey, version: int) -> Frame:
    """Return a version of the survey's frame."""
    frame = db.scalar(select(Frame).where(Frame.survey_id == survey.id, Frame.version == version))
    if frame is None:
        raise AppError(
            "FRAME-024",
            f"Cuộc khảo sát «{survey.code}» không có danh sách bản {version}.",
            "Tải lại trang danh sách.",
            status=404,
        )
    return frame
