"""Administrative units by name and day; a plan names them, the program gives them codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Unit
from surveyapp.surveys.names import clean, slug, sort_key, spelling


@dataclass(frozen=True, slots=True)
class Period:
    """When a unit that a plan names is there: from a day, to the first day it is no more."""

    valid_from: date
    valid_to: date | None = None


def find_or_create_all(db: Session, names: Iterable[str], on: date, period: Period) -> list[Unit]:
    """Return the units of these names which are there on the day `on`, in their order.

    One that is known from a later day on only is taken to have been there since `period` began;
    a name whose unit has ended before is a new unit.
    """
    return _found(db, list(db.scalars(select(Unit))), names, on, period)


def find_or_create(db: Session, name: str, on: date, period: Period) -> Unit:
    """Return the one unit of that name, as `find_or_create_all` does."""
    code = slug(name)
    alike = (Unit.code == code) | Unit.code.startswith(f"{code[:55]}-", autoescape=True)
    (unit,) = _found(db, list(db.scalars(select(Unit).where(alike))), [name], on, period)
    return unit


def _found(
    db: Session, known: list[Unit], names: Iterable[str], on: date, period: Period
) -> list[Unit]:
    """Return the units of the names, made where they are not among the known ones."""
    found = [_standing(known, name, on) or _new(known, name, period) for name in names]
    for unit in found:
        unit.valid_from = min(unit.valid_from, period.valid_from)
    db.add_all(found)
    db.flush()
    return found


def _standing(known: Iterable[Unit], name: str, on: date) -> Unit | None:
    """Return the unit of that name that is there on a day, the oldest one."""
    code, spelled = slug(name), spelling(name)
    standing = [
        unit
        for unit in known
        if (unit.code == code or unit.code.startswith(f"{code[:55]}-"))
        and spelling(unit.name) == spelled
        and (unit.valid_to is None or unit.valid_to > on)
    ]
    return min(standing, key=lambda unit: unit.valid_from, default=None)


def _new(known: list[Unit], name: str, period: Period) -> Unit:
    """Make a unit under the first code that is free."""
    unit = Unit(
        code=_free(slug(name), {unit.code for unit in known}),
        name=clean(name),
        sort_key=sort_key(clean(name)),
        valid_from=period.valid_from,
        valid_to=period.valid_to,
    )
    known.append(unit)
    return unit


def _free(code: str, taken: Iterable[str]) -> str:
    """Return `code`, or `code` with the first number that is free."""
    used, number, candidate = set(taken), 1, code
    while candidate in used:
        number += 1
        candidate = f"{code[:55]}-{number}"
    return candidate
