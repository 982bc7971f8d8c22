"""Replacing drawn persons who will not answer by the reserve, in its order, with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sampling.agency_sets import MERGED
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.fieldwork import reports
from surveyapp.fieldwork.assignment import (
    cells_of,
    fitting_cell,
    frame_rows,
    may_join,
    waiting_units,
)
from surveyapp.fieldwork.open_forms import forms_of
from surveyapp.fieldwork.possible import Room, answered, persons_in_cells, rooms
from surveyapp.fieldwork.reports import Report
from surveyapp.fieldwork.service import Letter, letter, locked
from surveyapp.fieldwork.spare_codes import Spares
from surveyapp.models import (
    Assignment,
    Disposition,
    FormCell,
    SampleDraw,
    SampleUnit,
    Survey,
)
from surveyapp.samples.rating import Candidate

#: Reasons on screens, with the disposition codes of AAPOR.
REASON_TITLES: Mapping[str, str] = {
    "refused": "Từ chối trả lời (2.10)",
    "not_reached": "Không liên hệ được (2.20)",
    "died": "Đã mất (2.31)",
    "unable": "Ốm đau, không trả lời được (2.32)",
    "no_address": "Không rõ nơi nhận, thư trả lại (3.20)",
    "left": "Đã chuyển đi, thôi giữ chức vụ (4.10)",
}


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a report did.

    Attributes
    ----------
    is_new : False where the same had been reported before.
    is_named : False where it is only counted, so that the others of the cell stay hidden.
    released : the reserve unit that takes the place; None where there is none that can.
    letter : her letter, only at the release itself and once the codes of the draw are out.
    left : reserve units of the stratum that have no form yet.
    """

    is_new: bool
    is_named: bool
    released: str | None
    letter: Letter | None
    left: int


@dataclass(frozen=True, slots=True)
class Place:
    """The next reserve unit with the cell that she gets a form of, and her code once codes are out.

    `passed` counts the units before her that could join no cell.
    """

    unit: str
    cell: FormCell
    code: tuple[str, date] | None
    passed: int


def replace(db: Session, actor: Actor, draw: SampleDraw, report: Report, keys: Path) -> Replaced:
    """Report that a form stays empty, and release the next reserve unit of its stratum.

    The reserve is used in its order; only a unit for whose own agencies no shared form is left is
    passed over. Nothing here tells who has answered: the field says it, a code leads to nobody.
    Where fewer than five others could then have answered in the cell, the report is counted
    without the person, who stays on the list. The form may be of an earlier draw; `draw` is the
    one whose reserve takes places.
    """
    survey = locked(db, draw)
    given = _checked(db, draw, report)
    cell = db.get_one(FormCell, given.cell_id)
    stratum = db.get_one(SampleUnit, (given.draw_id, report.unit)).stratum
    reserve = Reserve(db, survey, draw, keys)
    known = db.get(Disposition, (given.draw_id, report.unit))
    before = known or reports.counted_before(db, given, report)
    if known is not None:
        _check_same(known, report.reason)
    if before is not None:
        left = len(reserve.waiting(stratum))
        return Replaced(False, known is not None, before.released_unit, None, left)
    place = reserve.next(stratum, cell)
    is_named = reserve.may_name(cell, place, is_late=given.after_answers)
    if not is_named and MERGED in cell.stratum:
        place = None  # her own stratum would say who it was among few
    released = place.unit if place else None
    if is_named:
        _store(db, given, report, released)
    else:
        reports.count_without_name(db, given, report, cell=cell, draw=draw, released=released)
    db.flush()
    made = reserve.give(place) if place else None
    audit.record(
        db,
        actor,
        "fieldwork.replace",
        survey.code,
        reserve_of=draw.id,  # the draw of the form would tell who it was, as in reports
        stratum=cell.stratum,
        replaced=int(place is not None),
        passed_over=place.passed if place else 0,
    )
    left = len(reserve.waiting(stratum)) - (place is not None)
    return Replaced(True, is_named, released, made, left)


def unnamed(db: Session, draw: SampleDraw, keys: Path) -> set[tuple[int, str, bool]]:
    """Return whose reports would be counted only: by cell, stratum, and form after answers."""
    reserve = Reserve(db, db.get_one(Survey, draw.survey_id), draw, keys)
    given = (
        select(FormCell, SampleUnit.stratum, Assignment.after_answers)
        .join(Assignment, Assignment.cell_id == FormCell.id)
        .join(
            SampleUnit,
            (SampleUnit.draw_id == Assignment.draw_id)
            & (SampleUnit.unit_code == Assignment.unit_code),
        )
        .where(FormCell.survey_id == draw.survey_id)
        .distinct()
    )
    return {
        (cell.id, stratum, is_late)
        for cell, stratum, is_late in db.execute(given)
        if not reserve.may_name(cell, None, is_late=is_late)
        and not reserve.may_name(cell, reserve.next(stratum, cell), is_late=is_late)
    }


def _checked(db: Session, draw: SampleDraw, report: Report) -> Assignment:
    """Return the form that may be reported."""
    if report.reason not in REASON_TITLES:
        raise AppError(
            "FIELD-019",
            f"Không có lý do «{report.reason}».",
            f"Chọn một trong: {', '.join(REASON_TITLES)}.",
            status=422,
        )
    given = db.scalar(
        select(Assignment)
        .join(SampleDraw, SampleDraw.id == Assignment.draw_id)
        .where(SampleDraw.survey_id == draw.survey_id, Assignment.unit_code == report.unit)
    )
    if given is None:
        raise AppError(
            "FIELD-020",
            f"Cuộc khảo sát này không giao phiếu nào cho «{report.unit}».",
            "Mở lại danh sách người được chọn; giao phiếu trước nếu chưa giao.",
            status=404,
        )
    return given


def _check_same(known: Disposition, reason: str) -> None:
    if known.reason != reason:
        raise AppError(
            "FIELD-021",
            f"Người này đã được báo với lý do khác: {REASON_TITLES[known.reason]}.",
            "Giữ lý do đã ghi; báo cáo không sửa được.",
            status=409,
        )


def _store(db: Session, given: Assignment, report: Report, released: str | None) -> None:
    db.add(
        Disposition(
            draw_id=given.draw_id,
            unit_code=report.unit,
            reason=report.reason,
            reported_on=clock.today(),
            released_unit=released,
        )
    )


class Reserve:
    """The reserve of one draw: who is next, for which cell, and what that leaves possible.

    Read once, before a unit is released.
    """

    def __init__(self, db: Session, survey: Survey, draw: SampleDraw, keys: Path) -> None:
        self.db = db
        self.survey = survey
        self.draw = draw
        self.cells = cells_of(db, survey)
        self.rooms = rooms(db, survey)
        self.answered = answered(db, survey.id)
        self.codes = None if draw.issued_at is None else Spares(db, keys, draw).next

    @cached_property
    def rows(self) -> Mapping[str, Candidate]:
        """The rows of the frame by unit."""
        return {row.unit: row for row in frame_rows(self.db, self.survey, self.draw)}

    def waiting(self, stratum: str) -> Sequence[str]:
        """Return the reserve units of a stratum in order that have no form yet."""
        return self._waiting.get(stratum, ())

    @cached_property
    def _waiting(self) -> Mapping[str, Sequence[str]]:
        return waiting_units(self.db, self.survey, self.draw)

    @cached_property
    def _persons(self) -> set[tuple[int, str]]:
        return persons_in_cells(self.db, self.survey)

    def next(self, stratum: str, cell: FormCell) -> Place | None:
        """Find the next reserve unit with a cell: rather that of the unit whose place she takes."""
        for passed, unit in enumerate(self.waiting(stratum)):
            row = self.rows[unit]
            usable = [one for one in self.cells if may_join(self.survey, one, row)]
            if self.codes is not None:  # a cell without a kept code cannot be used
                usable = [one for one in usable if one.id in self.codes]
            found = cell if cell in usable else fitting_cell(usable, self.survey, row, {})
            if found is not None:
                return Place(unit, found, self.codes[found.id] if self.codes else None, passed)
        return None

    def may_name(self, cell: FormCell, place: Place | None, *, is_late: bool) -> bool:
        """Whether a person of a cell can be named and five others may still have answered.

        Who got her form after answers had come is none of the five anyway (`is_late`); so whoever
        comes into the cell in a place counts only while no answer has come.
        """
        room = self.rooms.get(cell.id, Room())
        joins = place is not None and place.cell is cell and self._is_possible(place)
        return room.spare + joins >= (0 if is_late else 1)

    def _is_possible(self, place: Place) -> bool:
        return place.cell.id not in self.answered and self._is_new_there(place)

    def give(self, place: Place) -> Letter | None:
        """Give a released unit its form and, where the codes of the draw are out, a code."""
        if place.code is not None and place.code[1] < clock.today():
            raise AppError(
                "FIELD-022",
                "Mã phiếu của cuộc khảo sát đã hết hạn nên người thay không trả lời được nữa.",
                "Chọn bổ sung và phát hành mã mới nếu còn thời gian.",
                status=409,
            )
        place.cell.persons += self._is_new_there(place)
        form = {
            "draw_id": self.draw.id,
            "unit_code": place.unit,
            "cell_id": place.cell.id,
            "after_answers": place.cell.id in self.answered,
        }
        self.db.execute(insert(Assignment), [form])
        if place.code is None:
            return None
        forms = forms_of(self.db, self.draw)
        released = next(one for one in forms if one.unit == place.unit)
        return letter(self.survey, released, place.code)

    def _is_new_there(self, place: Place) -> bool:
        """Whether no other form of the cell is the same person's."""
        return (place.cell.id, self.rows[place.unit].person) not in self._persons
