"""Surveys with frozen lists for the tests of samples and field work."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from sampling.canonical import frame_digest
from sampling.frame_checks import make_frame
from surveyapp import codes
from surveyapp.accounts import service as accounts
from surveyapp.actor import Actor
from surveyapp.collect import rights
from surveyapp.frames.digests import rows_digest
from surveyapp.models import Contact, Frame, FrameRow, Invitation, Survey
from surveyapp.samples import service as samples
from surveyapp.samples.proposal import Choices
from surveyapp.surveys import service as surveys

NOW = datetime(2024, 10, 1, 2, tzinfo=UTC)
SECRET = bytes(range(32))
RATERS_PLAN = """
survey = "par-test"
title = "Điều tra xã hội học thử"
year = 2024
deadline = 2024-11-15
lead_agency = "Sở Nội vụ"
[recheck]
max_share = 0.10
[[groups]]
code = "provincial"
title = "Các cơ quan thuộc Ủy ban nhân dân tỉnh"
questionnaires = 40
questionnaire = "par_provincial"
method = "par_provincial"
raters = [
  {code = "council", title = "Đại biểu Hội đồng nhân dân tỉnh", rates = "all"},
  {code = "divisions", title = "Lãnh đạo các phòng chuyên môn cấp huyện", rates = "own_line"},
]
agencies = ["Sở Nội vụ", "Sở Tư pháp", "Sở Y tế"]
[[groups]]
code = "district"
title = "Ủy ban nhân dân các huyện, thị xã, thành phố"
questionnaires = 24
questionnaire = "par_district"
method = "par_district"
raters = [
  {code = "deputies", title = "Đại biểu Hội đồng nhân dân cấp huyện", rates = "own_unit"},
  {code = "communes", title = "Lãnh đạo Ủy ban nhân dân cấp xã", rates = "own_unit"},
]
agencies = ["Huyện An Lão", "Huyện Hoài Ân"]
"""
SERVICE_PLAN = """
survey = "service-test"
title = "Khảo sát sự hài lòng thử"
kind = "service"
year = 2024
allocation = "proportional"
[[groups]]
code = "provincial"
title = "Các cơ quan thuộc Ủy ban nhân dân tỉnh"
questionnaires = 60
questionnaire = "service"
method = "service"
agencies = ["Sở Nội vụ", "Sở Tư pháp", "Sở Y tế"]
"""


def official(db: Session, login: str = "lan.anh", *roles: str) -> Actor:
    """Make an account and return the actor that it stands for."""
    accounts.add(db, None, login, "Trần Lan Anh", roles or ("manager", "approver"))
    return accounts.as_actor(accounts.find(db, login))


def row(unit: str, stratum: str, **attributes: object) -> dict[str, Any]:
    """Describe one row of a frame."""
    return {"unit": unit, "stratum": stratum, "attributes": attributes}


def raters(size: int = 1) -> list[dict[str, Any]]:
    """List 60 raters of the province and 30 of two districts, times `size`."""
    rows = []
    for i in range(30 * size):
        own = ["so-tu-phap"] if i < 2 else ["so-y-te"] if i == 2 else []
        rows.append(
            row(f"c{i:03}", "provincial | council", rater_group="council", own_agencies=own)
        )
        line = ["so-tu-phap"] if i % 2 else ["so-noi-vu", "so-y-te"]
        rows.append(row(f"d{i:03}", "provincial | divisions", rater_group="divisions", line=line))
        area = "huyen-an-lao" if i % 3 else "huyen-hoai-an"
        kind = "deputies" if i % 2 else "communes"
        rows.append(row(f"e{i:03}", f"district | {kind} | {area}", rater_group=kind, area=area))
    return rows


def files(sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    """List so many files of each agency."""
    return [
        row(f"{agency[-4:]}{i:04}", agency, agency=agency, channel="online", outcome="granted")
        for agency, count in sizes.items()
        for i in range(count)
    ]


def survey_with(
    db: Session, actor: Actor, plan: str, rows: Iterable[Mapping[str, Any]]
) -> tuple[Survey, Frame]:
    """Make a survey of a plan with a frozen list."""
    survey = surveys.create_from_plan(db, actor, plan)
    return survey, frame_of(db, survey, list(rows))


def frame_of(db: Session, survey: Survey, rows: list[Mapping[str, Any]], version: int = 1) -> Frame:
    """Store a frozen list, with a person in the vault behind every row."""
    listed = make_frame([r["unit"] for r in rows], [r["stratum"] for r in rows])
    frame = Frame(
        survey_id=survey.id,
        version=version,
        pop_size=len(rows),
        sha256=frame_digest(listed),
        imported_at=NOW,
        frozen_at=NOW,
    )
    db.add(frame)
    db.flush()
    for number, entry in enumerate(rows):
        group = entry["stratum"].split(" | ")[0]
        is_file = "agency" in entry["attributes"]
        db.add(
            FrameRow(
                frame_id=frame.id,
                unit_code=entry["unit"],
                person_code=entry.get("person", "p" + entry["unit"]),
                stratum=entry["stratum"],
                group_code="provincial" if is_file else group,
                attributes=entry["attributes"],
            )
        )
        db.add(
            Contact(
                frame_id=frame.id,
                person_code="p" + entry["unit"],
                name=f"Nguyễn Thị {entry['unit'].upper()}",
                address=f"Số {number} đường Nguyễn Huệ",
                office=None if is_file else f"Văn phòng {number % 4 + 1}",
            )
        )
    db.flush()
    frame.rows_sha256 = rows_digest(db, frame.id)
    return frame


def drawn(db: Session, actor: Actor, frame: Frame, **choices: Any):
    """Announce and carry out a draw with a fixed secret."""
    announced = samples.announce(db, actor, frame, "2024-10-01", Choices(**choices), SECRET)
    return samples.draw(db, actor, announced)


def spend(db: Session, survey: Survey, code: str) -> rights.Form:
    """Open the form of a code and mark the code as an accepted answer does."""
    code_sha256 = codes.sha256(code)
    form = rights.by_invitation(db.connection(), survey, code_sha256)
    db.execute(
        update(Invitation).where(Invitation.code_sha256 == code_sha256).values(is_spent=True)
    )
    return form
