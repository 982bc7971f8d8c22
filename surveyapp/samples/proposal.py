"""What a draw would take from every stratum and agency, before anything is fixed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from sampling import allocation, size
from sampling.errors import Shortfall
from sampling.recheck import recheck_size
from sampling.selection import reserve_size
from sampling.types import KEY_SEPARATOR, Frame, Plan
from surveyapp.models import RatedAgency, Survey, SurveyGroup
from surveyapp.samples.rating import Candidate

#: An agency with fewer forms is not published: this must be confirmed before the draw.
CONFIRM_BELOW = 10
#: An agency with fewer forms gets wide intervals: this is noted.
NOTE_BELOW = 30
#: In a survey by agency every agency asks at least so many, as far as its list goes.
SERVICE_MINIMUM = 10


@dataclass(frozen=True, slots=True)
class Choices:
    """What an official decides about a draw.

    Attributes
    ----------
    quotas : group code -> forms, where it differs from the plan.
    shortfall : "lower" or "census" where a quota is above its list.
    minimum : least forms of every stratum; None is the default of the kind of survey.
    reserve_share : reserve units per main unit.
    recheck_share : re-checked share; None is the plan's, at most the survey's limit.
    reason : why quotas differ, lists are taken whole, or a further draw is made.
    few_reason : why agencies with fewer than 10 expected forms are measured all the same.
    """

    quotas: Mapping[str, int] = field(default_factory=dict)
    shortfall: str | None = None
    minimum: int | None = None
    reserve_share: str = "0"
    recheck_share: str | None = None
    reason: str = ""
    few_reason: str = ""


@dataclass(frozen=True, slots=True)
class StratumProposal:
    """One stratum: N_h, what is wanted, what can be drawn, and the margin at p = 0,5."""

    key: str
    title: str
    pop_size: int
    wanted: int
    n: int
    reserve: int
    margin: float | None


@dataclass(frozen=True, slots=True)
class GroupProposal:
    """One group of agencies with its quota and its strata."""

    code: str
    title: str
    planned: int
    quota: int
    strata: tuple[StratumProposal, ...]

    @property
    def pop_size(self) -> int:
        """Units in the lists of the group."""
        return sum(stratum.pop_size for stratum in self.strata)

    @property
    def n(self) -> int:
        """Forms that can be drawn."""
        return sum(stratum.n for stratum in self.strata)

    @property
    def is_short(self) -> bool:
        """Whether the quota is above the lists."""
        return self.quota > self.pop_size


@dataclass(frozen=True, slots=True)
class AgencyForms:
    """A rated agency with the number of forms that would rate it, as expected."""

    code: str
    title: str
    expected: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draw that could be announced, with everything that has to be decided about it."""

    frame: Frame
    plan: Plan
    groups: tuple[GroupProposal, ...]
    agencies: tuple[AgencyForms, ...]
    excluded: tuple[RatedAgency, ...]
    #: Rows that are left out: nobody is measured whom they may rate.
    nothing_to_rate: tuple[str, ...]

    @property
    def main_n(self) -> int:
        """Forms that can be drawn in all."""
        return sum(group.n for group in self.groups)

    @property
    def reserve_n(self) -> int:
        """Reserve units in all."""
        return sum(stratum.reserve for group in self.groups for stratum in group.strata)

    @property
    def recheck_n(self) -> int:
        """Re-checked forms: floor(share of the main sample)."""
        return recheck_size(self.plan.recheck_share, self.main_n)

    @property
    def shortfalls(self) -> tuple[Shortfall, ...]:
        """Groups whose quota is above their lists."""
        return tuple(
            Shortfall(group.title, group.quota, group.pop_size, "pop_size")
            for group in self.groups
            if group.is_short
        )

    @property
    def changed(self) -> tuple[GroupProposal, ...]:
        """Groups whose quota differs from the plan."""
        return tuple(group for group in self.groups if group.quota != group.planned)

    @property
    def few(self) -> tuple[AgencyForms, ...]:
        """Agencies that must be confirmed: fewer than 10 expected forms."""
        return tuple(agency for agency in self.agencies if agency.expected < CONFIRM_BELOW)

    @property
    def noted(self) -> tuple[AgencyForms, ...]:
        """Agencies with 10 to 29 expected forms."""
        return tuple(a for a in self.agencies if CONFIRM_BELOW <= a.expected < NOTE_BELOW)


def group_proposals(
    survey: Survey, frame: Frame, groups: Mapping[str, str], choices: Choices
) -> tuple[GroupProposal, ...]:
    """Split every group's quota among its strata.

    Parameters
    ----------
    frame : rows that can be drawn.
    groups : group code of every stratum.
    """
    pop_size = frame.pop_size
    return tuple(
        _group(
            survey, group, {k: n for k, n in pop_size.items() if groups[k] == group.code}, choices
        )
        for group in survey.groups
    )


def _group(
    survey: Survey, group: SurveyGroup, pop_size: Mapping[str, int], choices: Choices
) -> GroupProposal:
    quota = choices.quotas.get(group.code, group.quota)
    wanted = _wanted(survey, pop_size, quota, choices.minimum)
    titles = _titles(survey, group)
    strata = []
    for key, pop in pop_size.items():
        n = min(wanted[key], pop)
        reserve = reserve_size(n, pop, choices.reserve_share)
        margin = size.margin(n, pop, 0.5) if n and survey.kind == "service" else None
        title = titles.get(key.rpartition(KEY_SEPARATOR)[2], "") if survey.kind == "service" else ""
        parts = [titles.get(part, part) for part in key.split(KEY_SEPARATOR)[1:]]
        strata.append(
            StratumProposal(
                key, title or " · ".join(parts) or key, pop, wanted[key], n, reserve, margin
            )
        )
    return GroupProposal(group.code, group.title, group.quota, quota, tuple(strata))


def _titles(survey: Survey, group: SurveyGroup) -> dict[str, str]:
    """Return the words on screens for the parts of a stratum's key."""
    agencies = {agency.code: agency.title for agency in survey.agencies}
    return agencies | {raters.code: raters.title for raters in group.rater_groups}


def _wanted(
    survey: Survey, pop_size: Mapping[str, int], quota: int, minimum: int | None
) -> dict[str, int]:
    """Split a quota; one above the lists is split too, so that the request stays to be seen."""
    if quota > sum(pop_size.values()):
        weights = {key: Fraction(n) for key, n in pop_size.items()}
        limits = allocation.Limits(dict.fromkeys(pop_size, 0), dict.fromkeys(pop_size, quota))
        return allocation.by_weight(weights, quota, limits) if pop_size else {}
    if survey.kind == "sociological":
        return allocation.proportional(pop_size, quota, minimum)
    if survey.plan.get("allocation", "equal") == "equal":
        return allocation.equal(pop_size, quota)
    least = SERVICE_MINIMUM if minimum is None else minimum
    bounds = {key: min(least, n) for key, n in pop_size.items()}
    fits = sum(bounds.values()) <= quota
    return allocation.proportional(pop_size, quota, bounds if fits else None)


def expected_forms(
    survey: Survey, groups: Sequence[GroupProposal], candidates: Sequence[Candidate]
) -> tuple[AgencyForms, ...]:
    """Say how many forms would rate each measured agency, on average over all possible draws."""
    rates = {s.key: s.n / s.pop_size for group in groups for s in group.strata if s.pop_size}
    expected: Counter[str] = Counter()
    for candidate in candidates:
        for code in candidate.rated:
            expected[code] += rates[candidate.stratum]  # type: ignore[assignment]  # a sum of shares
    return tuple(
        AgencyForms(agency.code, agency.title, round(float(expected[agency.code]), 1))
        for agency in survey.agencies
        if agency.exclusion is None
    )
