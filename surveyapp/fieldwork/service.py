"""The verbs of field work: assign forms, issue codes, count what has come in."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import case, exists, func, insert, select
from sqlalchemy.orm import Session

from surveyapp import audit, clock, codes
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.exports.numbers import day
from surveyapp.fieldwork.assignment import (
    Assigned,
    cells_of,
    frame_rows,
    give_forms,
    open_units,
    place,
)
from surveyapp.fieldwork.open_forms import OpenForm, forms_of
from surveyapp.fieldwork.possible import persons_in_cells, rooms
from surveyapp.fieldwork.spare_codes import Spares
from surveyapp.models import (
    Assignment,
    FormCell,
    Invitation,
    RecheckLink,
    RecheckUnit,
    SampleDraw,
    SampleUnit,
    Survey,
    SurveyGroup,
)
from surveyapp.surveys.states import advance


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter with its code: the only place where person and code stand together.

    It exists until it is printed and is stored nowhere.
    """

    name: str
    office: str
    address: str
    survey_title: str
    group_title: str
    code: str
    expires_on: date
    is_organisation: bool = False
    #: Who carries out the survey, and whom to ask.
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """Forms of one group and stored stratum: given to somebody, with a code, come in."""

    group_code: str
    group_title: str
    stratum: str
    planned: int
    issued: int
    received: int


def latest_draw(db: Session, survey: Survey) -> SampleDraw | None:
    """Return the last draw that was carried out."""
    drawn = select(SampleDraw).where(
        SampleDraw.survey_id == survey.id, SampleDraw.drawn_at.is_not(None)
    )
    return db.scalar(drawn.order_by(SampleDraw.id.desc()).limit(1))


def drawn(db: Session, survey: Survey) -> SampleDraw:
    """Return the last draw that was carried out; refuse where there is none."""
    draw = latest_draw(db, survey)
    if draw is None:
        raise AppError(
            "FIELD-010",
            "Cuộc khảo sát chưa chọn mẫu.",
            "Chọn mẫu trước, rồi giao phiếu.",
            status=409,
        )
    return draw


def draw_of_reserve(db: Session, survey: Survey) -> SampleDraw:
    """Return the draw whose reserve takes the places.

    It is the last one with forms given and somebody of any group still waiting in the reserve
    (chosen by group, a counted report would tell the stratum), else the last with forms given: a
    later draw's reserve is not open before its own persons have forms. Before any forms are given
    it is the last draw.
    """
    given = exists().where(Assignment.draw_id == SampleDraw.id)
    taken = select(Assignment.unit_code).join(FormCell).where(FormCell.survey_id == survey.id)
    waits = exists().where(
        SampleUnit.draw_id == SampleDraw.id,
        SampleUnit.role == "reserve",
        SampleUnit.unit_code.not_in(taken),
    )
    newest = select(SampleDraw).where(SampleDraw.survey_id == survey.id, given)
    found = db.scalar(newest.order_by(case((waits, 0), else_=1), SampleDraw.id.desc()).limit(1))
    return found or drawn(db, survey)


def first_given(db: Session, survey: Survey) -> int | None:
    """Return the first draw whose forms were given; draws given later are supplementary."""
    given = select(func.min(Assignment.draw_id)).join(FormCell)
    return db.scalar(given.where(FormCell.survey_id == survey.id))


def is_assigned(db: Session, draw: SampleDraw) -> bool:
    """Whether the forms of a draw have been given."""
    given = select(Assignment.unit_code).where(Assignment.draw_id == draw.id).limit(1)
    return db.scalar(given) is not None


def assign(db: Session, actor: Actor, draw: SampleDraw) -> Assigned:
    """Give every drawn unit its form, once."""
    survey = locked(db, draw)
    if draw.drawn_at is None:
        raise AppError(
            "FIELD-001", "Chưa chọn mẫu nên chưa giao phiếu được.", "Chọn mẫu trước.", status=409
        )
    if is_assigned(db, draw):
        raise AppError(
            "FIELD-002",
            "Phiếu của lần chọn mẫu này đã giao.",
            "Tiếp tục bước phát hành mã phiếu.",
            status=409,
        )
    rows = frame_rows(db, survey, draw)
    units = open_units(db, survey, draw, rows)
    placings = place(survey, draw, units, cells_of(db, survey), persons_in_cells(db, survey))
    assigned = give_forms(db, draw, placings, rows)
    db.flush()
    audit.record(
        db,
        actor,
        "fieldwork.assign",
        survey.code,
        draw=draw.id,
        forms=assigned.forms,
        cells=assigned.cells,
        merged="; ".join(assigned.merged),
    )
    return assigned


def issue(
    db: Session, actor: Actor, draw: SampleDraw, *, expires_on: date, keys: Path | None = None
) -> list[Letter]:
    """Make a code for every form of a draw, once, and open the collection.

    Only hashes are stored, each with the cell of the form. Who has which code stands in the
    returned letters alone, ordered by office and name; for the re-check units it is kept. With
    the folder of keys, hashes for the reserve units lie among them from now on.
    """
    survey = locked(db, draw)
    _check_issue(db, draw, expires_on)
    letters = make_codes(db, survey, draw, expires_on, keys)
    draw.issued_at = clock.now()
    db.flush()
    audit.record(
        db,
        actor,
        "fieldwork.issue",
        survey.code,
        draw=draw.id,
        codes=len(letters),
        expires_on=expires_on.isoformat(),
    )
    if survey.state == "sampled":
        advance(db, actor, survey, "collecting")
    return letters


def make_codes(
    db: Session, survey: Survey, draw: SampleDraw, expires_on: date, keys: Path | None
) -> list[Letter]:
    """Store the hash of a new code for every form of a draw; return the letters."""
    forms = forms_of(db, draw)
    rechecked = set(db.scalars(select(RecheckUnit.unit_code).where(RecheckUnit.draw_id == draw.id)))
    # behind a link somebody is known: five others must be left in her cell, or there is no link
    may_link = Counter({cell: max(0, room.spare) for cell, room in rooms(db, survey).items()})
    letters: list[Letter] = []
    invitations: list[dict[str, object]] = []
    links: list[dict[str, object]] = []
    for form in forms:
        code = codes.make()
        sha256 = codes.sha256(code)
        place = {"survey_id": survey.id, "cell_id": form.cell, "expires_on": expires_on}
        invitations.append({"code_sha256": sha256, **place})
        if form.unit in rechecked and may_link[form.cell]:
            may_link[form.cell] -= 1
            links.append({"code_sha256": sha256, "draw_id": draw.id, "unit_code": form.unit})
        letters.append(letter(survey, form, (code, expires_on)))
    if keys is not None:
        place = {"survey_id": survey.id, "expires_on": expires_on}
        spares = Spares(db, keys, draw).hashes(survey)
        invitations += [{"code_sha256": sha, "cell_id": cell, **place} for sha, cell in spares]
    for model, rows in ((Invitation, invitations), (RecheckLink, links)):
        if rows:  # in the order of the hashes, which says nothing about persons
            db.execute(insert(model), sorted(rows, key=lambda row: str(row["code_sha256"])))
    return sorted(letters, key=lambda letter: (letter.office, letter.name, letter.group_title))


def letter(survey: Survey, form: OpenForm, code: tuple[str, date]) -> Letter:
    """Return the letter to whoever gets a form, with the code and its last day."""
    contact = form.contact
    whom = (contact.name, contact.office or "", contact.address or "")
    return Letter(
        *whom, survey.title, form.group_title, *code, form.is_organisation, _sender(survey)
    )


def _sender(survey: Survey) -> str:
    """Return who carries out the survey, where, and whom to ask, as far as the plan says."""
    lead, province = survey.plan.get("lead_agency", ""), survey.plan.get("province", "")
    places = [lead, *([province] if province not in lead else [])]
    contact = survey.plan.get("contact")
    told = [", ".join(filter(None, places)), f"liên hệ: {contact}" if contact else ""]
    return "; ".join(filter(None, told))


def locked(db: Session, draw: SampleDraw) -> Survey:
    """Lock survey and draw, so that of two requests at once the second sees the first."""
    survey = db.get_one(Survey, draw.survey_id, with_for_update=True, populate_existing=True)
    db.refresh(draw, with_for_update=True)
    if survey.is_locked:
        raise AppError(
            "FIELD-005",
            f"Cuộc khảo sát «{survey.code}» đã khóa số liệu: không giao phiếu được nữa.",
            "Xem kết quả ở bước sau.",
            status=409,
        )
    return survey


def _check_issue(db: Session, draw: SampleDraw, expires_on: date) -> None:
    if draw.issued_at is not None:
        raise AppError(
            "FIELD-006",
            "Mã phiếu của lần chọn mẫu này đã phát hành; mã chỉ hiện một lần và không lưu.",
            "In lại từ tệp thư mời đã tải về; nếu mất tệp thì phát hành lại mã.",
            status=409,
        )
    if not is_assigned(db, draw):
        raise AppError("FIELD-007", "Chưa giao phiếu.", "Giao phiếu trước.", status=409)
    check_day(expires_on)


def check_day(expires_on: date) -> None:
    """Refuse a last day that is over."""
    if expires_on < clock.today():
        raise AppError(
            "FIELD-008",
            f"Ngày hết hạn {day(expires_on)} đã qua.",
            "Chọn ngày từ hôm nay trở đi.",
            status=422,
        )


def progress(db: Session, survey: Survey) -> list[Counted]:
    """Count the forms of every group and stored stratum: planned, with a code, come in.

    Planned are the persons who were given a form; codes that are kept for reserve units are not
    out yet. One query, whatever the size of the survey.
    """
    by_cell = (
        select(
            Invitation.cell_id,
            func.count().filter(Invitation.is_spent).label("received"),
        )
        .where(Invitation.survey_id == survey.id, Invitation.is_revoked.is_(False))
        .group_by(Invitation.cell_id)
        .subquery()
    )
    forms = (
        select(
            Assignment.cell_id,
            func.count().label("planned"),
            func.count().filter(SampleDraw.issued_at.is_not(None)).label("issued"),
        )
        .join(FormCell, FormCell.id == Assignment.cell_id)
        .join(SampleDraw, SampleDraw.id == Assignment.draw_id)
        .where(FormCell.survey_id == survey.id)
        .group_by(Assignment.cell_id)
        .subquery()
    )
    rows = db.execute(
        select(
            SurveyGroup.code,
            SurveyGroup.title,
            FormCell.stratum,
            func.sum(forms.c.planned),
            func.sum(forms.c.issued),
            func.coalesce(func.sum(by_cell.c.received), 0),
        )
        .join(FormCell, FormCell.group_id == SurveyGroup.id)
        .join(forms, forms.c.cell_id == FormCell.id)
        .outerjoin(by_cell, by_cell.c.cell_id == FormCell.id)
        .where(SurveyGroup.survey_id == survey.id)
        .group_by(SurveyGroup.position, SurveyGroup.code, SurveyGroup.title, FormCell.stratum)
        .order_by(SurveyGroup.position, FormCell.stratum)
    )
    return [
        Counted(code, title, stratum, int(planned), int(issued), int(received))
        for code, title, stratum, planned, issued, received in rows
    ]
