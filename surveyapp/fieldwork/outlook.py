"""What giving the forms will do, or has done: loads, ratings per agency, smallest shared set."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sampling.agency_sets import MERGED
from sampling.types import KEY_SEPARATOR
from surveyapp.fieldwork.assignment import (
    cells_of,
    eligible_counts,
    frame_rows,
    known_eligible,
    open_units,
    place,
)
from surveyapp.fieldwork.possible import persons_in_cells
from surveyapp.models import Assignment, FormCell, SampleDraw, Survey
from surveyapp.samples.proposal import stratum_title


@dataclass(frozen=True, slots=True)
class AgencyRatings:
    """Forms that rate an agency, of how many that may."""

    agency: str
    title: str
    forms: int
    eligible: int


@dataclass(frozen=True, slots=True)
class RatersForms:
    """The forms of one rater group (in a survey by agency: of one group of agencies).

    `fewest` and `most` are the agencies on a form, `smallest` the persons who share the rarest
    set of agencies.
    """

    group_title: str
    title: str
    forms: int
    fewest: int
    most: int
    smallest: int
    ratings: tuple[AgencyRatings, ...]

    @property
    def fewest_ratings(self) -> int:
        """Forms of the agency that is rated least."""
        return min((one.forms for one in self.ratings), default=0)

    @property
    def most_ratings(self) -> int:
        """Forms of the agency that is rated most."""
        return max((one.forms for one in self.ratings), default=0)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forms of a survey by rater group; the same before and after they are given."""

    groups: tuple[RatersForms, ...]
    sets: int

    @property
    def forms(self) -> int:
        """Forms in all."""
        return sum(group.forms for group in self.groups)

    @property
    def smallest(self) -> int:
        """Persons who share the rarest set of agencies."""
        return min((group.smallest for group in self.groups), default=0)


def expected(db: Session, survey: Survey, draw: SampleDraw) -> Outlook:
    """Say what giving the forms of a draw would do; nothing is stored."""
    rows = frame_rows(db, survey, draw)
    units = open_units(db, survey, draw, rows)
    placings = place(survey, draw, units, cells_of(db, survey), persons_in_cells(db, survey))
    forms = [(p.cell, len(p.units), p.cell.persons + p.persons) for p in placings]
    return _outlook(survey, forms, eligible_counts(rows))


def given(db: Session, survey: Survey, draw: SampleDraw) -> Outlook:
    """Say which forms have been given, of all draws so far."""
    counted = (
        select(Assignment.cell_id, func.count())
        .join(FormCell, FormCell.id == Assignment.cell_id)
        .where(FormCell.survey_id == survey.id)
        .group_by(Assignment.cell_id)
    )
    number = {cell_id: n for cell_id, n in db.execute(counted)}  # noqa: C416  rows are no tuples
    forms = [(cell, number.get(cell.id, 0), cell.persons) for cell in cells_of(db, survey)]
    return _outlook(survey, forms, known_eligible(db, draw))


#: A cell with its forms and the persons who share it.
_Forms = tuple[FormCell, int, int]


def _outlook(
    survey: Survey, forms: Sequence[_Forms], eligible: Mapping[tuple[str, str], int]
) -> Outlook:
    of_group: dict[tuple[int, str], list[_Forms]] = {}
    for one in forms:
        of_group.setdefault((one[0].group_id, _raters(survey, one[0].stratum)), []).append(one)
    groups = [
        _raters_forms(survey, raters, found, eligible)
        for group in survey.groups
        for (group_id, raters), found in sorted(of_group.items())
        if group_id == group.id
    ]
    return Outlook(tuple(groups), len(forms))


def _raters(survey: Survey, stratum: str) -> str:
    """Return the rater group of a stratum, of merged ones all; "" where nobody is a rater."""
    if survey.kind != "sociological":
        return ""
    parts = (part.split(KEY_SEPARATOR)[:2] for part in stratum.split(MERGED))
    return MERGED.join(sorted({KEY_SEPARATOR.join(part) for part in parts}))


def _raters_forms(
    survey: Survey, raters: str, found: Sequence[_Forms], eligible: Mapping[tuple[str, str], int]
) -> RatersForms:
    group = next(group for group in survey.groups if group.id == found[0][0].group_id)
    loads = [len(cell.agencies) for cell, _, _ in found]
    forms = Counter[str]()
    for cell, n, _ in found:
        forms.update(dict.fromkeys(cell.agencies, n))
    may = _eligible(eligible, {part for cell, _, _ in found for part in cell.stratum.split(MERGED)})
    return RatersForms(
        group_title=group.title,
        title=stratum_title(survey, raters) if raters else group.title,
        forms=sum(n for _, n, _ in found),
        fewest=min(loads),
        most=max(loads),
        smallest=min(persons for _, _, persons in found),
        ratings=tuple(
            AgencyRatings(agency.code, agency.title, forms[agency.code], may[agency.code])
            for agency in group.agencies
            if may[agency.code] or forms[agency.code]
        ),
    )


def _eligible(eligible: Mapping[tuple[str, str], int], strata: Iterable[str]) -> Counter[str]:
    counts = Counter[str]()
    wanted = set(strata)
    for (stratum, agency), n in eligible.items():
        if stratum in wanted:
            counts[agency] += n
    return counts
