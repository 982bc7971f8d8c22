"""Units, their lists and files of them, for the tests of collecting."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import openpyxl
from sqlalchemy import Select

from surveyapp.db import Database

DEPUTIES = "Đại biểu Hội đồng nhân dân tỉnh"
LEADERS = "Lãnh đạo Ủy ban nhân dân cấp huyện"
HEAD = ["Họ và tên", "Nhóm người đánh giá", "Cơ quan công tác", "Năm sinh", "Điện thoại"]
ASKED = (
    f"Văn phòng HĐND tỉnh; {DEPUTIES}; 2\n"
    f"UBND huyện An Lão; {LEADERS}; 1\n"
    f"UBND huyện Phù Cát; {LEADERS}; 1\n"
)
OFFICE, AN_LAO, PHU_CAT = "van-phong-hdnd-tinh", "huyen-an-lao", "huyen-phu-cat"


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
