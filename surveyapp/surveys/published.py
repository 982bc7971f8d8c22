"""Figures and targets of other publishers, each with publisher, population, method and source."""

import csv
import io
import math
from datetime import date
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import audit
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import PublishedFigure
from surveyapp.surveys.names import clean

_KINDS = ("value", "rank", "target", "target_rank")
_COLUMNS = (
    "publisher",
    "population",
    "method_version",
    "year",
    "code",
    "title",
    "kind",
    "value",
    "source",
    "source_on",
)
_KEY = ("publisher", "population", "method_version", "year", "code", "kind")


def import_published_figures(db: Session, actor: Actor, csv_text: str) -> int:
    """Store the figures of a csv and return how many are new; all rows or none.

    A figure that is stored already with the same value is passed over; with another value it is
    refused, as the two sources must be compared by a person.
    """
    figures, problems = _read(csv_text)
    new = []
    for row, figure in figures:
        known = db.scalar(
            select(PublishedFigure).filter_by(**{name: getattr(figure, name) for name in _KEY})
        )
        if known is None:
            new.append(figure)
        elif known.value != figure.value:
            problems.append(
                f"[SURVEY-044] Dòng {row}: {figure.code} năm {figure.year} đã có giá trị khác "
                f"({known.value} và {figure.value}). Đối chiếu hai nguồn."
            )
    if problems:
        raise AppError(
            "SURVEY-040",
            f"Tệp số liệu đã công bố có {len(problems)} lỗi; không nhận dòng nào.",
            "Sửa các lỗi nêu trên rồi làm lại.",
            status=422,
            problems=tuple(problems),
        )
    db.add_all(new)
    db.flush()
    if new:
        audit.record(db, actor, "survey.import_published_figures", "figures", rows=len(new))
    return len(new)


def _read(csv_text: str) -> tuple[list[tuple[int, PublishedFigure]], list[str]]:
    reader = csv.DictReader(io.StringIO(csv_text.removeprefix("\ufeff")))
    absent = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if absent:
        return [], [f"[SURVEY-041] Dòng 1: thiếu cột {', '.join(absent)}. Thêm các cột này."]
    figures: list[tuple[int, PublishedFigure]] = []
    problems: list[str] = []
    seen: dict[tuple[object, ...], int] = {}
    for row, values in enumerate(reader, 2):
        faults = _faults(values)
        if faults:
            problems += [f"[SURVEY-042] Dòng {row}: {fault}" for fault in faults]
            continue
        figure = _figure(values)
        key = tuple(getattr(figure, name) for name in _KEY)
        if key in seen:
            problems.append(f"[SURVEY-043] Dòng {row} trùng dòng {seen[key]}. Bỏ một dòng.")
        seen[key] = row
        figures.append((row, figure))
    return figures, problems


def _faults(values: dict[str, str | None]) -> list[str]:
    faults = [
        f"cột «{name}» còn trống. Điền vào."
        for name in _COLUMNS
        if name != "source_on" and not (values.get(name) or "").strip()
    ]
    if faults:
        return faults
    if values["kind"] not in _KINDS:
        faults.append(f"«kind» là «{values['kind']}». Chọn trong: {', '.join(_KINDS)}.")
    if not str(values["year"]).isdecimal():
        faults.append(f"«year» là «{values['year']}». Viết năm, ví dụ 2023.")
    if math.isnan(_number(values["value"])):
        faults.append(f"«value» là «{values['value']}». Viết số có dấu chấm, ví dụ 85.24.")
    if values.get("source_on") and _day(values["source_on"]) is None:
        faults.append(f"«source_on» là «{values['source_on']}». Viết ngày dạng 2024-11-15.")
    return faults


def _figure(values: dict[str, str | None]) -> PublishedFigure:
    texts = {name: clean(values[name] or "") for name in _COLUMNS[:-1]}
    return PublishedFigure(
        **{
            **texts,
            "year": int(texts["year"]),
            "value": _number(texts["value"]),
            "source_on": _day(values.get("source_on")),
        }
    )


def _number(text: str | None) -> float:
    try:
        number = float(cast(str, text))
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
