"""Units, their lists and files of them, for the tests of collecting."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import openpyxl
from sqlalchemy import Select
from sqlalchemy.orm import Session

from surveyapp.actor import Actor
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.frames import collecting, drafts
from surveyapp.models import Survey
from surveyapp.surveys import definitions
from surveyapp.surveys import service as surveys
from surveyapp.surveys.keys import pseudonym_key

DEPUTIES = "Đại biểu Hội đồng nhân dân tỉnh"
LEADERS = "Lãnh đạo Ủy ban nhân dân cấp huyện"
HEAD = ["Họ và tên", "Nhóm người đánh giá", "Cơ quan công tác", "Năm sinh", "Điện thoại"]
ASKED = (
    f"Văn phòng HĐND tỉnh; {DEPUTIES}; 2\n"
    f"UBND huyện An Lão; {LEADERS}; 1\n"
    f"UBND huyện Phù Cát; {LEADERS}; 1\n"
)
OFFICE, AN_LAO, PHU_CAT = "van-phong-hdnd-tinh", "huyen-an-lao", "huyen-phu-cat"


#: One person, as two units name her.
AN = ["Nguyễn Văn An", DEPUTIES, "Sở Y tế", "1970", ""]
TWO_LISTS = {OFFICE: AN, AN_LAO: [AN[0], LEADERS, "Huyện An Lão", "1970", ""]}


def with_two_lists(db: Session, actor: Actor, settings: Settings) -> Survey:
    """Make a survey for which two units have sent lists that name one person."""
    survey = surveys.create_from_plan(db, actor, definitions.plan_text("binh-dinh-par-2024"))
    collecting.ask(db, actor, survey, ASKED, date(2024, 10, 20))
    key = pseudonym_key(settings.keys, survey)
    for unit, row in TWO_LISTS.items():
        line = collecting.find(db, actor, survey, unit)
        upload = drafts.Upload("ds.csv", csv_file(row), key)
        draft = drafts.begin(db, actor, survey, upload, line.unit_list)
        collecting.send(db, actor, survey, draft, key)
        collecting.decide(db, actor, survey, line, None)
    return survey


class Seen:
    """What is stored, read apart from the requests, so that no reading holds them up."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def one(self, query: Select) -> Any:
        """Return one value or row."""
        with self.database.read_session() as db:
            return db.scalar(query)

    def every(self, query: Select) -> list:
        """Return all values or rows."""
        with self.database.read_session() as db:
            return list(db.scalars(query))


def csv_file(*rows: Sequence[str], head: Sequence[str] = HEAD) -> bytes:
    """Write a list as Excel in Vietnam does."""
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([head, *rows])
    return out.getvalue().encode("utf-8-sig")


def filled(template: bytes, *people: dict[str, str]) -> bytes:
    """Fill in a pre-filled template, from its first row on."""
    book = openpyxl.load_workbook(io.BytesIO(template))
    sheet = book["Danh sách"]
    place = {cell.value: cell.column for cell in sheet[1]}
    for row, person in enumerate(people, 2):
        for title, value in person.items():
            sheet.cell(row, place[title], value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
