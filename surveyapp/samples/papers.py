"""What a draw gives to take along: published frame, plan and protocol, and lists per office."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.report import Cell, Column, Report, ReportTable, Section
from surveyapp import audit
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.exports.collation import name_key
from surveyapp.exports.csv import write_csv
from surveyapp.exports.draw_pdf import draw_pdf
from surveyapp.exports.xlsx import write_xlsx
from surveyapp.models import Contact, Frame, FrameRow, SampleDraw, SampleUnit, Survey
from surveyapp.samples import service
from surveyapp.samples.announcing import decimal_text
from surveyapp.samples.proposal import STRATUM, UNIT
from surveyapp.samples.protocol_paper import draw_paper

NO_OFFICE = "(chưa ghi nơi nhận)"


def frame_csv(db: Session, draw: SampleDraw) -> str:
    """Return the frame that was drawn from: pseudonyms and strata, nothing else."""
    survey = db.get_one(Survey, draw.survey_id)
    frame = service.drawable(service.candidates(db, survey, db.get_one(Frame, draw.frame_id)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((UNIT, STRATUM))
    writer.writerows(
        (unit, frame.strata[code])
        for unit, code in zip(frame.ids, frame.stratum.tolist(), strict=True)
    )
    return text.getvalue()


def plan_toml(draw: SampleDraw) -> str:
    """Return the plan of a draw as PLAN.toml, from which the command draws the same."""
    plan = draw.plan["sample"]
    lines = [
        "[sample]",
        f"unit_id = {_quoted(plan['unit_id'])}",
        f"stratum = [{', '.join(map(_quoted, plan['stratum']))}]",
        f"method = {_quoted(plan['method'])}",
        f"allocation = {_quoted(plan['allocation'])}",
        f"reserve_share = {_quoted(decimal_text(Fraction(plan['reserve_share'])))}",
        f"recheck_share = {_quoted(decimal_text(Fraction(plan['recheck_share'])))}",
        "",
        "[quotas]",
        *(f"{_quoted(key)} = {n}" for key, n in plan["quotas"].items()),
    ]
    if "wave" in plan:
        keep = _quoted(decimal_text(Fraction(plan["wave"]["keep"])))
        lines += ["", "[wave]", f"keep = {keep}"]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def protocol_json(draw: SampleDraw) -> str:
    """Return the protocol as the command writes it."""
    return _json(_carried_out(draw).protocol)


def announcement_json(draw: SampleDraw) -> str:
    """Return what was published before any part of the seed was known."""
    if draw.announcement is None:
        raise AppError(
            "SAMPLE-256",
            "Chưa có bản công bố của lần chọn có chứng kiến.",
            "Nhận đủ cam kết của các bên rồi chốt.",
            status=409,
        )
    return _json(draw.announcement)


def recheck_secret(survey: Survey, draw: SampleDraw) -> str:
    """Return the secret of the re-check, published when the survey is locked."""
    if not survey.is_locked:
        raise AppError(
            "SAMPLE-257",
            "Bí mật phúc tra còn niêm phong.",
            "Bí mật được công bố khi khóa số liệu; biên bản đã ghi SHA-256 của nó.",
            status=403,
        )
    return f"{_carried_out(draw).recheck_secret}\n"


def seed_text(survey: Survey, draw: SampleDraw) -> str:
    """Return a seed that was kept sealed, once both waves are closed."""
    if not survey.opens_seeds:
        raise AppError(
            "SAMPLE-263",
            "Hạt giống còn niêm phong.",
            "Hạt giống được công bố khi đợt cuối khóa số liệu; biên bản đã ghi SHA-256 của nó.",
            status=403,
        )
    return f"{_carried_out(draw).own_seed}\n"


def _carried_out(draw: SampleDraw) -> SampleDraw:
    if draw.protocol is None:
        raise AppError(
            "SAMPLE-220", "Chưa có biên bản.", "Thực hiện lần chọn mẫu trước.", status=409
        )
    return draw


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Paper:
    """A file to take along, and its media type."""

    content: bytes
    kind: str


def paper(db: Session, survey: Survey, draw: SampleDraw, name: str) -> Paper:
    """Return one of the papers of a draw; an unknown name is a `KeyError`."""
    make: dict[str, tuple[Callable[[], str | bytes], str]] = {
        "protocol.json": (lambda: protocol_json(draw), "application/json"),
        "protocol.pdf": (
            lambda: draw_pdf(draw_paper(db, survey, _carried_out(draw))),
            "application/pdf",
        ),
        "frame.csv": (lambda: frame_csv(db, draw), "text/csv; charset=utf-8"),
        "plan.toml": (lambda: plan_toml(draw), "application/toml; charset=utf-8"),
        "announcement.json": (lambda: announcement_json(draw), "application/json"),
        "seed.txt": (lambda: seed_text(survey, draw), "text/plain; charset=utf-8"),
        "recheck.secret": (lambda: recheck_secret(survey, draw), "text/plain; charset=utf-8"),
    }
    written, kind = make[name]
    content = written()
    return Paper(content.encode() if isinstance(content, str) else content, kind)


@dataclass(frozen=True, slots=True)
class Listed:
    """A person on the list of an office, with the number of her forms."""

    office: str
    name: str
    forms: int


def office_list(db: Session, actor: Actor, draw: SampleDraw) -> list[Listed]:
    """Return the drawn persons by office: names only, no code and no mark of the re-check."""
    survey = db.get_one(Survey, draw.survey_id)
    query = (
        select(Contact.office, Contact.name, Contact.person_code)
        .join(
            FrameRow,
            (FrameRow.frame_id == Contact.frame_id) & (FrameRow.person_code == Contact.person_code),
        )
        .join(SampleUnit, SampleUnit.unit_code == FrameRow.unit_code)
        .where(
            SampleUnit.draw_id == draw.id,
            SampleUnit.role == "main",
            Contact.frame_id == draw.frame_id,
        )
    )
    counted = Counter(
        (office or NO_OFFICE, name, person) for office, name, person in db.execute(query)
    )
    audit.record(db, actor, "sample.office_list", survey.code, draw=draw.id, persons=len(counted))
    listed = [Listed(office, name, forms) for (office, name, _), forms in counted.items()]
    return sorted(listed, key=lambda one: (name_key(one.office), name_key(one.name)))


def office_table(survey: Survey, listed: list[Listed]) -> ReportTable:
    """Return the list per office as a table for the exports."""
    rows: list[tuple[Cell, ...]] = []
    number: Counter[str] = Counter()
    for one in listed:
        number[one.office] += 1
        rows.append((one.office, number[one.office], one.name, one.forms))
    return ReportTable(
        code="offices",
        title=f"Người được chọn theo nơi nhận: {survey.title}",
        columns=(
            Column("office", "Nơi nhận", "text"),
            Column("number", "Số thứ tự", "count"),
            Column("name", "Họ và tên", "text"),
            Column("forms", "Số phiếu", "count"),
        ),
        rows=tuple(rows),
    )


def offices_csv(survey: Survey, listed: list[Listed]) -> bytes:
    """Return the list per office as CSV."""
    file = io.BytesIO()
    write_csv(office_table(survey, listed), file, simulated=survey.is_practice)
    return file.getvalue()


def offices_xlsx(survey: Survey, listed: list[Listed]) -> bytes:
    """Return the list per office as a workbook."""
    table = office_table(survey, listed)
    report = Report(
        code="offices",
        title=survey.title,
        agency=(survey.title,),
        place="",
        sections=(Section("Danh sách theo nơi nhận", (table,)),),
        simulated=survey.is_practice,
        kind="Danh sách",
    )
    file = io.BytesIO()
    write_xlsx(report, file)
    return file.getvalue()
