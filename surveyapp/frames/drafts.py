"""Looking at a file before it is stored: sealed for a day, with a mapping of its headings."""

import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.frames import headings, sealing, service
from surveyapp.frames.entries import FrameReport
from surveyapp.frames.lists import kind_of, read_all
from surveyapp.frames.short_texts import short_text
from surveyapp.importers.table import Table, TableProblem
from surveyapp.models import ColumnPreset, ListDraft, Survey, UnitList
from surveyapp.surveys.names import clean

#: How long a file that nobody confirms stays.
KEPT = timedelta(days=1)
_SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came, and the key that seals it."""

    name: str
    content: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would become: its headings, the mapping, the first rows, faults and notes.

    `samples` holds for each field the cells of the first rows, `rows` their numbers in the file.
    """

    names: tuple[str, ...]
    mapping: Mapping[str, str]
    rows: tuple[int, ...]
    samples: Mapping[str, tuple[str, ...]]
    report: FrameReport


def begin(
    db: Session, actor: Actor, survey: Survey, upload: Upload, unit_list: UnitList | None = None
) -> ListDraft:
    """Take a file in to be looked at; nothing of it is stored but sealed, for a day."""
    service.check_open(db, survey)
    tidy(db)
    draft = ListDraft(
        id=secrets.token_hex(16),
        survey_id=survey.id,
        unit_list_id=unit_list.id if unit_list else None,
        account_id=actor.account_id,
        created_at=clock.now(),
        file_name=clean(upload.name)[-200:],
        mapping={},
        sealed=b"",
    )
    draft.sealed = sealing.seal(upload.key, upload.content, draft.id)
    with _opened(draft, upload.key) as path:  # what cannot be read at all is refused at once
        table = read_all(path, kind_of(survey))
    draft.mapping = headings.propose(list(table.columns), headings.KINDS[kind_of(survey)])
    db.add(draft)
    db.flush()
    return draft


def find(db: Session, actor: Actor, survey: Survey, draft_id: str) -> ListDraft:
    """Return a draft of the official's own; anybody else's does not exist for her."""
    draft = db.get(ListDraft, draft_id)
    if (
        draft is None
        or draft.survey_id != survey.id
        or draft.account_id != actor.account_id
        or clock.now() - draft.created_at > KEPT
    ):
        raise AppError(
            "FRAME-027",
            "Tệp xem trước không còn: đã lưu, đã bỏ, hoặc quá một ngày.",
            "Tải tệp lên lại.",
            status=404,
        )
    return draft


def tidy(db: Session) -> int:
    """Remove files that nobody confirmed in a day, and sealed lists of surveys that are drawn.

    Returns how many went.
    """
    drawn = select(Survey.id).where(Survey.state != "draft")
    old = db.scalars(
        delete(ListDraft)
        .where(or_(ListDraft.created_at < clock.now() - KEPT, ListDraft.survey_id.in_(drawn)))
        .returning(ListDraft.id)
        .execution_options(synchronize_session=False)
    ).all()
    forgotten = db.scalars(
        update(UnitList)
        .where(UnitList.sealed.is_not(None), UnitList.survey_id.in_(drawn))
        .values(sealed=None)
        .returning(UnitList.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(old) + len(forgotten)


@contextmanager
def _opened(draft: ListDraft, key: bytes) -> Iterator[Path]:
    """Give the file on the disk for as long as it is read."""
    ending = Path(draft.file_name).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="sipas-") as folder:
        path = Path(folder) / f"danh-sach{ending}"
        path.write_bytes(sealing.unseal(key, draft.sealed, draft.id))
        yield path


def table_of(draft: ListDraft, kind: str, key: bytes) -> tuple[Table, Table]:
    """Return the table as the file has it, and under the headings of the template."""
    with _opened(draft, key) as path:
        table = replace(read_all(path, kind), name=draft.file_name)
    return table, headings.mapped(table, headings.KINDS[kind], draft.mapping)


def preview(db: Session, actor: Actor, survey: Survey, draft: ListDraft, key: bytes) -> Preview:
    """Say what the file would become, and store nothing."""
    kind = kind_of(survey)
    table, mapped = table_of(draft, kind, key)
    report = service.import_rows(db, actor, survey, mapped, key=key, dry_run=True)
    shown = tuple(table.rows[:_SHOWN_ROWS])
    samples = {
        heading.field: tuple(mapped.columns[heading.title][: len(shown)])
        for heading in headings.KINDS[kind]
        if heading.title in mapped.columns and not table.problems
    }
    problems = tuple(in_file_words(p, kind, draft.mapping) for p in report.problems)
    named = replace(report, problems=problems)
    if draft.unit_list_id is not None:  # what is said of a whole frame is not about this list
        named = replace(named, warnings=tuple(map(str, table.warnings)), few=())
    return Preview(tuple(table.columns), draft.mapping, shown, samples, named)


def in_file_words(problem: TableProblem, kind: str, mapping: Mapping[str, str]) -> TableProblem:
    """Name the column as the file does."""
    fields = {heading.title: heading.field for heading in headings.KINDS[kind]}
    name = mapping.get(fields.get(problem.column, ""), "")
    return replace(problem, column=name) if name else problem


def remap(db: Session, draft: ListDraft, kind: str, chosen: Mapping[str, str]) -> None:
    """Take the official's mapping; a heading can stand for one field only."""
    mapping = {heading.field: chosen.get(heading.field, "") for heading in headings.KINDS[kind]}
    draft.mapping = _once(mapping)
    db.flush()


def take_columns(
    db: Session, actor: Actor, draft: ListDraft, kind: str, asked: Mapping[str, str]
) -> None:
    """Take a mapping as a form asks it: by fields, or a `preset`; keep it under `save_as`."""
    preset = asked.get("preset", "")
    remap(db, draft, kind, preset_of(db, kind, preset).mapping if preset else asked)
    if name := asked.get("save_as", "").strip():
        save_preset(db, actor, kind, name, draft.mapping)


def _once(mapping: dict[str, str]) -> dict[str, str]:
    """Refuse a heading that stands for two fields."""
    used = [name for name in mapping.values() if name]
    twice = sorted({name for name in used if used.count(name) > 1})
    if twice:
        raise AppError(
            "FRAME-028",
            f"Cột «{twice[0]}» được ghép hai lần.",
            "Mỗi cột của tệp chỉ ghép với một mục.",
            status=422,
        )
    return mapping


def chosen(kind: str, names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the mapping proposed for the headings of a file, but for the fields that are given."""
    fields = [heading.field for heading in headings.KINDS[kind]]
    wrong = [f for f, name in given.items() if f not in fields or (name and name not in names)]
    if wrong:
        raise AppError(
            "FRAME-051",
            f"Không ghép được «{wrong[0]}={given[wrong[0]]}».",
            f"Các mục: {', '.join(fields)}. Các cột của tệp: {', '.join(names)}.",
            status=422,
        )
    proposed = headings.propose(list(names), headings.KINDS[kind])
    return _once({**proposed, **given})


def presets(db: Session, kind: str) -> list[ColumnPreset]:
    """Return the named mappings of a kind of list."""
    stored = select(ColumnPreset).where(ColumnPreset.kind == kind).order_by(ColumnPreset.name)
    return list(db.scalars(stored))


def save_preset(
    db: Session, actor: Actor, kind: str, name: str, mapping: Mapping[str, str]
) -> ColumnPreset:
    """Keep a mapping under a name; the same name again replaces it."""
    name = short_text(name, 60, "Tên cách ghép cột")
    if not name:
        raise AppError("FRAME-029", "Chưa đặt tên cách ghép cột.", "Ghi một tên ngắn.", status=422)
    preset = db.scalar(
        select(ColumnPreset).where(ColumnPreset.kind == kind, ColumnPreset.name == name)
    )
    if preset is None:
        preset = ColumnPreset(kind=kind, name=name, mapping={}, saved_at=clock.now())
        db.add(preset)
    preset.mapping, preset.saved_at = dict(mapping), clock.now()
    db.flush()
    audit.record(db, actor, "frame.save_preset", f"{kind}/{preset.id}")
    return preset


def preset_of(db: Session, kind: str, name: str) -> ColumnPreset:
    """Return a named mapping, or refuse with those that there are."""
    stored = {preset.name: preset for preset in presets(db, kind)}
    if name not in stored:
        raise AppError(
            "FRAME-030",
            f"Không có cách ghép cột «{name}».",
            f"Chọn trong: {', '.join(stored) or 'chưa lưu cách nào'}.",
            status=404,
        )
    return stored[name]


def store(db: Session, actor: Actor, survey: Survey, draft: ListDraft, key: bytes) -> FrameReport:
    """Import the file as the whole frame and remove the draft; with faults nothing happens."""
    _, mapped = table_of(draft, kind_of(survey), key)
    report = service.import_rows(db, actor, survey, mapped, key=key)
    if report.is_good:
        drop(db, draft)
    return report


def drop(db: Session, draft: ListDraft) -> None:
    """Remove a file that was looked at."""
    db.delete(draft)
    db.flush()
