"""Giving every drawn unit its form: the set of agencies, shared so that it singles nobody out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Select, exists, insert, select
from sqlalchemy.orm import Session

from sampling.agency_sets import (
    LEAST,
    MERGED,
    FormRule,
    Rater,
    RaterSet,
    SmallSetError,
    rater_sets,
)
from sampling.assignment import InfeasiblePlanError
from sampling.types import KEY_SEPARATOR
from surveyapp.errors import AppError
from surveyapp.fieldwork.possible import answered
from surveyapp.models import (
    Assignment,
    EligibleCount,
    FormCell,
    Frame,
    SampleDraw,
    SampleUnit,
    Survey,
    SurveyGroup,
)
from surveyapp.samples import service as samples
from surveyapp.samples.proposal import stratum_title
from surveyapp.samples.rating import Candidate
from surveyapp.surveys.plan_rating import least_ratings, most_agencies


@dataclass(frozen=True, slots=True)
class Assigned:
    """What an assignment gave: forms, cells, and strata that are stored together."""

    forms: int
    cells: int
    merged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placing:
    """Units that get the forms of one cell, which may be new and not stored yet.

    `persons` counts the persons who are new in the cell: several files of one person are one.
    """

    cell: FormCell
    units: tuple[str, ...]
    persons: int


def frame_rows(db: Session, survey: Survey, draw: SampleDraw) -> list[Candidate]:
    """Return the rows of the frame of a draw."""
    return samples.candidates(db, survey, db.get_one(Frame, draw.frame_id))


def open_units(
    db: Session, survey: Survey, draw: SampleDraw, rows: Iterable[Candidate]
) -> list[Candidate]:
    """Return the drawn main units that have no form yet, from this draw or an earlier one."""
    drawn = set(db.scalars(_without_form(survey, draw, "main")))
    return [row for row in rows if row.unit in drawn]


def waiting_units(db: Session, survey: Survey, draw: SampleDraw) -> Mapping[str, Sequence[str]]:
    """Return the reserve units in order that have no form yet, by stratum."""
    query = _without_form(survey, draw, "reserve").add_columns(SampleUnit.stratum)
    found: dict[str, list[str]] = {}
    for unit, stratum in db.execute(query.order_by(SampleUnit.stratum, SampleUnit.order)):
        found.setdefault(stratum, []).append(unit)
    return found


def strata_with_reserve(db: Session, survey: Survey, draw: SampleDraw) -> frozenset[str]:
    """Return the strata in which a reserve unit has no form yet."""
    waiting = _without_form(survey, draw, "reserve").with_only_columns(SampleUnit.stratum)
    return frozenset(db.scalars(waiting.distinct()))


def _without_form(survey: Survey, draw: SampleDraw, role: str) -> Select[str]:
    return select(SampleUnit.unit_code).where(
        SampleUnit.draw_id == draw.id,
        SampleUnit.role == role,
        ~exists().where(
            Assignment.unit_code == SampleUnit.unit_code,
            Assignment.draw_id == SampleDraw.id,
            SampleDraw.survey_id == survey.id,
        ),
    )


def cells_of(db: Session, survey: Survey) -> list[FormCell]:
    """Return the cells that forms have been given in."""
    return list(db.scalars(select(FormCell).where(FormCell.survey_id == survey.id)))


def place(
    survey: Survey,
    draw: SampleDraw,
    units: Sequence[Candidate],
    cells: Sequence[FormCell],
    persons: Set[tuple[int, str]],
) -> list[Placing]:
    """Say which form every unit gets, a known cell where one fits; nothing is stored.

    `persons` are those who have a form already, each with the cell.
    """
    known = {cell.id: cell for cell in cells}
    placed: dict[int, list[str]] = {}
    left: list[Candidate] = []
    added = Counter[int]()
    for unit in units:
        fitting = fitting_cell(cells, survey, unit, added)
        if fitting is None:
            left.append(unit)
        else:
            placed.setdefault(fitting.id, []).append(unit.unit)
            added[fitting.id] += 1
    pairs = [(known[cell], tuple(found)) for cell, found in placed.items()]
    numbered = list(cells)
    for group in survey.groups:
        waiting = [unit for unit in left if unit.group == group.code]
        for one in _sets(survey, group, draw, waiting):
            cell = _new_cell(survey, group, one, numbered)
            numbered.append(cell)
            pairs.append((cell, one.units))
    person = {unit.unit: unit.person for unit in units}
    placings = [
        Placing(cell, found, len({(cell.id, person[unit]) for unit in found} - persons))
        for cell, found in pairs
    ]
    _check_persons(placings)
    return placings


def give_forms(
    db: Session, draw: SampleDraw, placings: Sequence[Placing], rows: Iterable[Candidate]
) -> Assigned:
    """Store who gets which form, and how many of the frame may rate each agency."""
    given = []
    late = answered(db, draw.survey_id)
    for placing in placings:
        if placing.cell not in db:
            db.add(placing.cell)
            db.flush()
        placing.cell.persons += placing.persons
        cell = {"cell_id": placing.cell.id, "after_answers": placing.cell.id in late}
        given += [{"draw_id": draw.id, "unit_code": unit, **cell} for unit in placing.units]
    if given:
        db.execute(insert(Assignment), sorted(given, key=lambda row: str(row["unit_code"])))
    counts = [
        {"draw_id": draw.id, "stratum": stratum, "agency_code": code, "eligible": n}
        for (stratum, code), n in sorted(eligible_counts(rows).items())
    ]
    if counts:
        db.execute(insert(EligibleCount), counts)
    merged = {p.cell.stratum for p in placings if MERGED in p.cell.stratum}
    return Assigned(len(given), len(placings), tuple(sorted(merged)))


def eligible_counts(rows: Iterable[Candidate]) -> Counter[tuple[str, str]]:
    """Count the units of a frame that may rate each agency, by stratum and agency."""
    counts = Counter[tuple[str, str]]()
    for row in rows:
        counts.update((row.stratum, code) for code in row.rated)
    return counts


def may_join(survey: Survey, cell: FormCell, unit: Candidate) -> bool:
    """Whether a unit may get the form of a cell: its questionnaire, stratum and agencies fit."""
    group = next(group for group in survey.groups if group.code == unit.group)
    return (
        cell.group_id == group.id
        and unit.stratum in cell.stratum.split(MERGED)
        and set(cell.agencies) <= set(unit.rated)
    )


def fitting_cell(
    cells: Iterable[FormCell], survey: Survey, unit: Candidate, added: Mapping[int, int]
) -> FormCell | None:
    """Find the known cell that this unit joins: the one with the most agencies that it may rate.

    Where forms hold part of the agencies only, the one that the fewest persons share; `added`
    counts those who join it at the same time.
    """
    group = next(group for group in survey.groups if group.code == unit.group)
    fitting = [cell for cell in cells if may_join(survey, cell, unit)]
    in_parts = most_agencies(survey).get(group.code) is not None

    def rank(cell: FormCell) -> tuple[int, int, str]:
        persons = cell.persons + added.get(cell.id, 0)
        first = (persons, -len(cell.agencies)) if in_parts else (-len(cell.agencies), persons)
        return (*first, cell.code)

    return min(fitting, key=rank, default=None)


def _sets(
    survey: Survey, group: SurveyGroup, draw: SampleDraw, units: Sequence[Candidate]
) -> tuple[RaterSet, ...]:
    raters = [Rater(unit.unit, unit.stratum, unit.eligible, unit.own) for unit in units]
    try:
        return rater_sets(raters, draw.own_seed, rule=_rule(survey, group, units))
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
    except InfeasiblePlanError as error:
        raise _translated(survey, error) from error


def _rule(survey: Survey, group: SurveyGroup, units: Iterable[Candidate]) -> FormRule:
    """Return what the plan says about the forms of a group, by stratum of the frame."""
    least = least_ratings(survey)
    ratings: dict[str, dict[str, int]] = {}
    for unit in units:
        raters = unit.stratum.split(KEY_SEPARATOR)[1:2] or [""]
        wanted = least.get((group.code, raters[0]), {})
        numbers = ratings.setdefault(unit.stratum, {})
        numbers.update((code, wanted[code]) for code in unit.eligible if wanted.get(code))
    return FormRule(most_agencies(survey).get(group.code), ratings)


def _translated(survey: Survey, error: InfeasiblePlanError) -> AppError:
    """Say which agency lacks how many forms of which rater group, and what can be chosen."""
    title = {agency.code: agency.title for agency in survey.agencies}
    return AppError(
        "FIELD-018",
        "Số lượt đánh giá theo kế hoạch không đạt được với những người đã chọn; chưa giao phiếu "
        "nào.",
        f"Chọn một cách: giảm «ratings» của nhóm trong kế hoạch; tăng «agencies_per_form»; hoặc "
        f"chọn bổ sung thêm người. Mỗi bộ cơ quan cần ít nhất {LEAST} người cùng đánh giá.",
        status=409,
        problems=tuple(
            f"{stratum_title(survey, short.group)}: {title[short.block]} cần {short.wanted} phiếu, "
            f"nhiều nhất được {short.reachable}, thiếu {short.wanted - short.reachable}."
            for short in error.shortages
        ),
    )


def _new_cell(
    survey: Survey, group: SurveyGroup, found: RaterSet, cells: Sequence[FormCell]
) -> FormCell:
    number = 1 + sum(cell.stratum == found.stratum for cell in cells)
    return FormCell(
        survey_id=survey.id,
        code=f"{found.stratum} #{number}",
        group_id=group.id,
        stratum=found.stratum,
        agencies=list(found.agencies),
        persons=0,
    )


def _check_persons(placings: Iterable[Placing]) -> None:
    """Refuse cells that fewer than five persons share; files of one person are one person."""
    small = [p.cell.stratum for p in placings if p.cell.persons + p.persons < LEAST]
    if small:
        raise AppError(
            "FIELD-004",
            f"Có {len(small)} nhóm dưới {LEAST} người khác nhau (nhiều hồ sơ của một người).",
            "Tăng chỉ tiêu của nhóm, hoặc để cơ quan đó ngoài diện đo lường.",
            status=409,
            problems=tuple(sorted(set(small))),
        )


def known_eligible(db: Session, draw: SampleDraw) -> Mapping[tuple[str, str], int]:
    """Return the stored counts of units that may rate each agency, by stratum and agency."""
    rows = db.execute(
        select(EligibleCount.stratum, EligibleCount.agency_code, EligibleCount.eligible).where(
            EligibleCount.draw_id == draw.id
        )
    )
    return {(stratum, agency): n for stratum, agency, n in rows}
