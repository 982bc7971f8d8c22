"""The simulated steps up to the draw: plan, lists, agencies left out, frozen list, sample."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.exports.numbers import NumberStyle
from surveyapp.fieldwork import service as fieldwork
from surveyapp.frames import service as frames
from surveyapp.frames.entries import FewTransactions
from surveyapp.frames.lists import kind_of, read_list
from surveyapp.models import Frame, RecheckUnit, SampleDraw, Survey
from surveyapp.practice import chance
from surveyapp.practice.raters import rater_rows
from surveyapp.practice.transactions import transaction_rows
from surveyapp.practice.world import Step, World
from surveyapp.samples import service as samples
from surveyapp.samples.proposal import Choices, Proposal
from surveyapp.surveys import service as surveys
from surveyapp.surveys.plan import load_plan

_count = NumberStyle().count
LOWER_REASON = "Danh sách thực tế ít hơn chỉ tiêu của kế hoạch (số liệu mô phỏng)."
FEW_REASON = "Tập dượt: chấp nhận cơ quan có ít phiếu; kết quả của cơ quan đó không công bố."


def create(db: Session, world: World, plan_text: str) -> tuple[Survey, Step]:
    """Make the practice survey of a plan."""
    survey = surveys.create_from_plan(db, world.officials.manager, plan_text, is_practice=True)
    quota = sum(group.quota for group in survey.groups)
    figures = f"{_count(len(survey.agencies))} cơ quan, {_count(quota)} phiếu"
    return survey, Step("Lập cuộc khảo sát theo kế hoạch", figures)


def import_list(db: Session, world: World, survey: Survey, plan_text: str, key: bytes) -> Step:
    """Write a simulated list as an office would send it, and import that file."""
    plan = load_plan(plan_text)
    rows: Iterable[Mapping[str, str]] = (
        (row.cells for row in rater_rows(plan, world.seed, world.scale))
        if kind_of(survey) == "raters"
        else transaction_rows(plan, world.seed, world.scale)
    )
    path = world.lists / f"{survey.code}.csv"
    _write(path, rows)
    table = read_list(path, kind_of(survey))
    report = frames.import_rows(db, world.officials.manager, survey, table, key=key)
    if not report.is_good:
        raise RuntimeError(f"{path}: {'; '.join(map(str, report.problems))}")
    excluded = [_exclude(db, world, survey, few) for few in report.few]
    figures = f"{_count(len(table.rows))} dòng, {_count(report.persons)} người"
    if excluded:
        figures += f"; không đo lường {len(excluded)} cơ quan: {'; '.join(excluded)}"
    return Step("Nhập danh sách", figures)


def _write(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write a csv with the mark that spreadsheets put at the start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        going = iter(rows)
        first = next(going)
        writer = csv.DictWriter(file, list(first), lineterminator="\n")
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(going)


def _exclude(db: Session, world: World, survey: Survey, few: FewTransactions) -> str:
    exclusion = surveys.Exclusion("too_few_transactions", few.count, few.threshold)
    surveys.exclude_agency(db, world.officials.manager, survey, few.agency_code, exclusion)
    return f"{few.title} ({few.count} giao dịch, ngưỡng {few.threshold})"


def freeze(db: Session, world: World, survey: Survey) -> tuple[Frame, Step]:
    """Freeze the list."""
    frame = surveys.latest_frame(db, survey)
    if frame is None:
        raise RuntimeError(f"{survey.code} has no list")
    rules = [note.rule for note in frames.notes(db, frame)]
    frames.freeze(db, world.officials.manager, frame, confirmed=rules)
    figures = f"{_count(frame.pop_size)} phiếu có thể chọn, mã kiểm tra {(frame.sha256 or '')[:16]}"
    return frame, Step("Chốt danh sách", figures)


def announce(db: Session, world: World, survey: Survey, frame: Frame) -> SampleDraw:
    """Announce a draw with the decisions that the lists call for."""
    reserve = "0" if kind_of(survey) == "raters" else "1"
    secret = chance.digest(world.seed, "recheck", survey.code)
    choices = _choices(samples.propose(db, survey, frame, Choices(reserve_share=reserve)), reserve)
    seed = f"mô phỏng {world.seed}"
    return samples.announce(db, world.officials.manager, frame, seed, choices, secret)


def _choices(proposal: Proposal, reserve: str) -> Choices:
    return Choices(
        shortfall="lower" if proposal.shortfalls else None,
        reserve_share=reserve,
        reason=LOWER_REASON if proposal.shortfalls or proposal.nobody else "",
        few_reason=FEW_REASON if proposal.few else "",
    )


def draw(db: Session, world: World, announced: SampleDraw) -> Step:
    """Carry out the draw."""
    drawn = samples.draw(db, world.officials.manager, announced)
    counts = (drawn.protocol or {})["counts"]
    rechecked = db.scalar(select(func.count()).where(RecheckUnit.draw_id == drawn.id)) or 0
    figures = (
        f"{_count(counts['main'])} phiếu, {_count(counts['reserve'])} dự phòng; "
        f"{_count(rechecked)} phiếu phúc tra niêm phong"
    )
    return Step("Chọn mẫu", figures)


def assign(db: Session, world: World, drawn: SampleDraw) -> Step:
    """Give every drawn person a form."""
    given = fieldwork.assign(db, world.officials.manager, drawn)
    return Step("Giao phiếu", f"{_count(given.forms)} phiếu, {_count(given.cells)} loại phiếu")
