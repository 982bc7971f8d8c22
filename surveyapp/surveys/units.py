"""Administrative units by name and day; a plan names them, the program gives them codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from surveyapp.models import Unit
from surveyapp.surveys.names import clean, slug, sort_key, spelling


@dataclass(frozen=True, slots=True)
class Period:
    """When a unit that a plan names is there: from a day, to the first day it is no more."""

    valid_from: date
    valid_to: date | None = None


def find_or_create(db: Session, name: str, on: date, period: Period) -> Unit:
    """Return the unit of that name which is there on the day `on`.

    One that is known from a later day on only is taken to have been there since `period` began;
    a name whose unit has ended before is a new unit.
    """
    code = slug(name)
    named = [unit for unit in _with_code(db, code) if spelling(unit.name) == spelling(name)]
    standing = [unit for unit in named if unit.valid_to is None or unit.valid_to > on]
    if standing:
        unit = min(standing, key=lambda unit: unit.valid_from)
        unit.valid_from = min(unit.valid_from, period.valid_from)
        return unit
    unit = Unit(
        code=_free(code, {unit.code for unit in _with_code(db, code)}),
        name=clean(name),
        sort_key=sort_key(clean(name)),
        valid_from=period.valid_from,
        valid_to=period.valid_to,
    )
    db.add(unit)
    db.flush()
    return unit


def _with_code(db: Session, code: str) -> list[Unit]:
    """Return the units whose code begins as `code` does."""
    beginning = Unit.code.startswith(f"{code[:55]}-", autoescape=True)
    return list(db.scalars(select(Unit).where(or_(Unit.code == code, beginning))))


def _free(code: str, taken: Iterable[str]) -> str:
    """Return `code`, or `code` with the first number that is free."""
    used, number, candidate = set(taken), 1, code
    while candidate in used:
        number += 1
        candidate = f"{code[:55]}-{number}"
    return candidate
