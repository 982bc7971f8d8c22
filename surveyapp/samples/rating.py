"""Which agencies a row of a frame may rate: by the rule of her rater group, or of her file."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from surveyapp.models import Survey
from surveyapp.surveys.plan_rating import listed_agencies


@dataclass(frozen=True, slots=True)
class Rating:
    """What decides about the form of a row.

    `eligible` are the measured agencies of the rule in the order of the plan, her own among them;
    `own` the agencies that she leads or works in.
    """

    stratum: str
    group: str
    eligible: tuple[str, ...]
    own: frozenset[str]

    @property
    def rated(self) -> tuple[str, ...]:
        """The agencies that she may rate."""
        return tuple(code for code in self.eligible if code not in self.own)


@dataclass(frozen=True, slots=True)
class Candidate(Rating):
    """A row of a frame, by its pseudonyms."""

    unit: str
    person: str


@dataclass(frozen=True, slots=True)
class Alike(Rating):
    """Rows of a frame of which the same is known, counted: `n` rows."""

    n: int


def pop_sizes(rows: Iterable[Alike]) -> dict[str, int]:
    """Count the rows that can be drawn by stratum, in code-point order as a draw has them."""
    counted: Counter[str] = Counter()
    for row in rows:
        if row.rated:
            counted[row.stratum] += row.n
    return dict(sorted(counted.items()))


class RatingRules:
    """The rules of one survey; agencies that are left out of the measurement are not rated."""

    def __init__(self, survey: Survey) -> None:
        self.measured: dict[str, tuple[str, ...]] = {
            group.code: tuple(a.code for a in group.agencies if a.exclusion is None)
            for group in survey.groups
        }
        self.rates = {
            (group.code, raters.code): raters.rates
            for group in survey.groups
            for raters in group.rater_groups
        }
        self.listed = listed_agencies(survey)
        #: Group and agencies that a rule names -> the measured ones; few kinds, many rows.
        self._named: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def eligible(self, group: str, attributes: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the measured agencies that a row's rule names, in the order of the plan."""
        measured = self.measured.get(group, ())
        raters = (group, str(attributes.get("rater_group")))
        rule = self.rates.get(raters)
        if rule == "all":
            return measured
        named = {
            None: attributes.get("agency"),
            "own_unit": attributes.get("area"),
            "list": self.listed.get(raters),
        }.get(rule, attributes.get("line"))
        wanted = tuple(codes(named))
        if (group, wanted) not in self._named:
            self._named[group, wanted] = tuple(code for code in measured if code in wanted)
        return self._named[group, wanted]


def codes(value: object) -> Iterable[str]:
    """Read one code or a list of codes from a row's attributes."""
    if value is None or value == "":
        return ()
    return (value,) if isinstance(value, str) else tuple(map(str, value))  # type: ignore[call-overload]  # JSON list
