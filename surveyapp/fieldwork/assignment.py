"""Giving every drawn unit its form: the set of agencies, shared so that it singles nobody out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from sampling.agency_sets import LEAST, MERGED, Rater, RaterSet, SmallSetError, rater_sets
from surveyapp.errors import AppError
from surveyapp.models import Assignment, FormCell, Frame, SampleDraw, SampleUnit, Survey
from surveyapp.samples import service as samples
from surveyapp.samples.rating import Candidate


@dataclass(frozen=True, slots=True)
class Assigned:
    """What an assignment gave: forms, cells, and strata that are stored together."""

    forms: int
    cells: int
    merged: tuple[str, ...]


def open_units(db: Session, survey: Survey, draw: SampleDraw) -> list[Candidate]:
    """Return the drawn main units that have no form yet, from this draw or an earlier one."""
    frame = db.get_one(Frame, draw.frame_id)
    drawn = set(
        db.scalars(
            select(SampleUnit.unit_code).where(
                SampleUnit.draw_id == draw.id,
                SampleUnit.role == "main",
                ~exists().where(
                    Assignment.unit_code == SampleUnit.unit_code,
                    Assignment.draw_id == SampleDraw.id,
                    SampleDraw.survey_id == survey.id,
                ),
            )
        )
    )
    return [row for row in samples.candidates(db, survey, frame) if row.unit in drawn]


def give_forms(
    db: Session, survey: Survey, draw: SampleDraw, units: Sequence[Candidate]
) -> Assigned:
    """Put every unit into a cell, a known one where it fits, and store who gets which form."""
    cells = list(db.scalars(select(FormCell).where(FormCell.survey_id == survey.id)))
    placed: dict[int, list[str]] = {}
    left: list[Candidate] = []
    for unit in units:
        fitting = _fitting(cells, survey, unit)
        if fitting is None:
            left.append(unit)
        else:
            placed.setdefault(fitting.id, []).append(unit.unit)
    merged = []
    for group in survey.groups:
        for found in _sets(draw, [unit for unit in left if unit.group == group.code]):
            cell = _new_cell(survey, group.id, found, cells)
            db.add(cell)
            db.flush()
            cells.append(cell)
            placed[cell.id] = list(found.units)
            if MERGED in found.stratum:
                merged.append(found.stratum)
    _count_persons(cells, placed, {unit.unit: unit.person for unit in units})
    rows = [
        {"draw_id": draw.id, "unit_code": unit, "cell_id": cell_id}
        for cell_id, found in placed.items()
        for unit in found
    ]
    if rows:
        db.execute(insert(Assignment), sorted(rows, key=lambda row: str(row["unit_code"])))
    return Assigned(len(rows), len(placed), tuple(sorted(set(merged))))


def _fitting(cells: Iterable[FormCell], survey: Survey, unit: Candidate) -> FormCell | None:
    """Find the cell of an earlier draw with the most agencies that this unit may rate."""
    group = next(group.id for group in survey.groups if group.code == unit.group)
    fitting = [
        cell
        for cell in cells
        if cell.group_id == group
        and unit.stratum in cell.stratum.split(MERGED)
        and set(cell.agencies) <= set(unit.rated)
    ]
    return min(fitting, key=lambda cell: (-len(cell.agencies), cell.code), default=None)


def _sets(draw: SampleDraw, units: Sequence[Candidate]) -> tuple[RaterSet, ...]:
    raters = [Rater(unit.unit, unit.stratum, unit.eligible, unit.own) for unit in units]
    try:
        return rater_sets(raters, draw.seed)
    except SmallSetError as error:
        raise AppError(
            "FIELD-003",
            f"Nhóm «{error.stratum}»: chỉ có {error.persons} người cùng đánh giá "
            f"{len(error.agencies)} cơ quan, cần ít nhất {error.least} người để không ai bị "
            "nhận ra qua phiếu.",
            "Tăng chỉ tiêu của nhóm (chọn bổ sung, có thể lấy toàn bộ danh sách), hoặc để cơ quan "
            "đó ngoài diện đo lường.",
            status=409,
            problems=error.agencies,
        ) from error


def _new_cell(
    survey: Survey, group_id: int, found: RaterSet, cells: Sequence[FormCell]
) -> FormCell:
    number = 1 + sum(cell.stratum == found.stratum for cell in cells)
    return FormCell(
        survey_id=survey.id,
        code=f"{found.stratum} #{number}",
        group_id=group_id,
        stratum=found.stratum,
        agencies=list(found.agencies),
        persons=0,
    )


def _count_persons(
    cells: Iterable[FormCell], placed: Mapping[int, Sequence[str]], person: Mapping[str, str]
) -> None:
    """Count the persons of every cell; files of one person are one person."""
    for cell in cells:
        cell.persons += len({person[unit] for unit in placed.get(cell.id, ())})
    small = [cell for cell in cells if cell.persons < LEAST]
    if small:
        often = Counter(cell.stratum for cell in small)
        raise AppError(
            "FIELD-004",
            f"Có {len(small)} nhóm dưới {LEAST} người khác nhau (nhiều hồ sơ của một người).",
            "Tăng chỉ tiêu của nhóm, hoặc để cơ quan đó ngoài diện đo lường.",
            status=409,
            problems=tuple(sorted(often)),
        )
