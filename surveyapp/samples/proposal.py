"""What a draw would take from every stratum and agency, before anything is fixed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from sampling import allocation
from sampling.agency_sets import MERGED
from sampling.errors import Shortfall
from sampling.recheck import recheck_size
from sampling.selection import reserve_size
from sampling.types import KEY_SEPARATOR, Plan
from surveyapp.errors import AppError
from surveyapp.models import RatedAgency, Survey, SurveyGroup
from surveyapp.samples.rating import Alike, pop_sizes
from surveyapp.samples.refusals import translated
from surveyapp.surveys.plan_rating import most_agencies

#: Names of the columns of the published frame.
UNIT, STRATUM = "unit_code", "stratum"
#: An agency with fewer forms is not published: this must be confirmed before the draw.
CONFIRM_BELOW = 10
#: An agency with fewer forms gets wide intervals: this is noted.
NOTE_BELOW = 30
#: In a survey by agency every agency asks at least so many, as far as its list goes.
SERVICE_MINIMUM = 10
#: A planned number of re-checks is written as a share with so many parts, rounded up.
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Choices:
    """What an official decides about a draw.

    Attributes
    ----------
    quotas : group code -> forms, where it differs from the plan.
    strata : stratum key -> forms as decided (`sizes`); empty leaves the split to the plan.
    shortfall : "lower" or "census" where a quota is above its list.
    minimum : least forms of every stratum; None is the default of the kind of survey.
    reserve_share : reserve units per main unit.
    recheck_share : re-checked share; None is the plan's, at most the survey's limit.
    reason : why quotas differ, lists are taken whole, or a further draw is made.
    few_reason : why agencies with fewer than 10 expected forms are measured all the same.
    response : expected response rate, above 0 up to 1.
    notes : what the protocol says besides, by key.
    """

    quotas: Mapping[str, int] = field(default_factory=dict)
    strata: Mapping[str, int] = field(default_factory=dict)
    shortfall: str | None = None
    minimum: int | None = None
    reserve_share: str = "0"
    recheck_share: str | None = None
    reason: str = ""
    few_reason: str = ""
    response: str = "1"
    notes: Mapping[str, str] = field(default_factory=dict)

    def because(self, reason: str | None) -> "Choices":
        """Return the same choices for another reason, where one is given."""
        return replace(self, reason=reason or self.reason)


@dataclass(frozen=True, slots=True)
class StratumProposal:
    """One stratum: N_h, what is wanted, what can be drawn."""

    key: str
    title: str
    pop_size: int
    wanted: int
    n: int
    reserve: int


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
    """A rated agency: forms sent out that rate it on average, and those expected back."""

    code: str
    title: str
    invited: float
    expected: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draw that could be announced, with everything that has to be decided about it."""

    plan: Plan
    groups: tuple[GroupProposal, ...]
    agencies: tuple[AgencyForms, ...]
    excluded: tuple[RatedAgency, ...]
    #: How many rows are left out: nobody is measured whom they may rate.
    nothing_to_rate: int
    #: Rater groups of the plan in which nobody can be drawn.
    nobody: tuple[str, ...]

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
        """Groups whose quota is above their lists, and in other groups strata above theirs."""
        short = []
        for group in self.groups:
            if group.is_short:
                short.append(Shortfall(group.title, group.quota, group.pop_size, "pop_size"))
            else:
                short += [
                    Shortfall(s.title, s.wanted, s.pop_size, "pop_size")
                    for s in group.strata
                    if s.wanted > s.pop_size
                ]
        return tuple(short)

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


def make_proposal(survey: Survey, rows: Sequence[Alike], choices: Choices) -> Proposal:
    """Say what a draw would take.

    Parameters
    ----------
    rows : every row of the list with the agencies that it may rate, those alike counted.
    """
    with translated():
        groups = group_proposals(survey, rows, choices)
        plan = Plan(
            unit_id=UNIT,
            stratum=(STRATUM,),
            quotas={s.key: s.wanted for group in groups for s in group.strata},
            reserve_share=exact_share(choices.reserve_share),
            recheck_share=recheck_share(survey, choices.recheck_share),
        )
    rated = [row for row in rows if row.rated]
    return Proposal(
        plan=plan,
        groups=groups,
        agencies=expected_forms(survey, groups, rated, choices.response),
        excluded=tuple(a for a in survey.agencies if a.exclusion is not None),
        nothing_to_rate=sum(row.n for row in rows if not row.rated),
        nobody=tuple(_nobody(survey, groups)),
    )


def _nobody(survey: Survey, groups: Sequence[GroupProposal]) -> Iterator[str]:
    """Name the rater groups that should rate a measured agency and have nobody to be drawn."""
    measured = {agency.group_id for agency in survey.agencies if agency.exclusion is None}
    for group, proposed in zip(survey.groups, groups, strict=True):
        there = {s.key.split(KEY_SEPARATOR)[1] for s in proposed.strata if KEY_SEPARATOR in s.key}
        for raters in group.rater_groups if group.id in measured and proposed.quota else ():
            if raters.code not in there:
                yield f"{raters.title} ({group.title})"


def group_proposals(
    survey: Survey, rows: Sequence[Alike], choices: Choices
) -> tuple[GroupProposal, ...]:
    """Split every group's quota among its strata."""
    pop_size = pop_sizes(rows)
    groups = {row.stratum: row.group for row in rows}
    if choices.strata and set(choices.strata) != set(pop_size):
        raise AppError(
            "SAMPLE-230",
            "Danh sách có các nhóm khác với lúc quyết định cỡ mẫu.",
            "Mở trang cỡ mẫu, tính lại và chọn phương án cho danh sách này.",
            status=409,
        )
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
    if choices.strata:
        wanted = {key: choices.strata[key] for key in pop_size}
    else:
        wanted = _wanted(survey, pop_size, quota, choices.minimum)
    strata = []
    for key, pop in pop_size.items():
        n = min(wanted[key], pop)
        reserve = reserve_size(n, pop, choices.reserve_share)
        strata.append(
            StratumProposal(key, stratum_title(survey, key), pop, wanted[key], n, reserve)
        )
    return GroupProposal(group.code, group.title, group.quota, quota, tuple(strata))


def stratum_title(survey: Survey, key: str) -> str:
    """Return the words on screens for a stratum, or for several that are stored together."""
    titles = {agency.code: agency.title for agency in survey.agencies}
    titles |= {r.code: r.title for group in survey.groups for r in group.rater_groups}
    names = []
    for one in key.split(MERGED):
        parts = one.split(KEY_SEPARATOR)
        named = parts if survey.kind == "service" else parts[1:]
        names.append(" · ".join(titles.get(part, part) for part in named))
    return "; ".join(names)


def _wanted(
    survey: Survey, pop_size: Mapping[str, int], quota: int, minimum: int | None
) -> dict[str, int]:
    """Split a quota as the plan says."""
    if quota > sum(pop_size.values()):
        return above_the_lists(pop_size, quota)
    if survey.kind == "sociological":
        return allocation.proportional(pop_size, quota, minimum)
    if survey.plan.get("allocation", "equal") == "equal":
        return allocation.equal(pop_size, quota)
    least = SERVICE_MINIMUM if minimum is None else minimum
    bounds = {key: min(least, n) for key, n in pop_size.items()}
    fits = sum(bounds.values()) <= quota
    return allocation.proportional(pop_size, quota, bounds if fits else None)


def above_the_lists(pop_size: Mapping[str, int], quota: int) -> dict[str, int]:
    """Split a quota above the lists in proportion to them, so that the request stays to be seen."""
    weights = {key: Fraction(n) for key, n in pop_size.items()}
    limits = allocation.Limits(dict.fromkeys(pop_size, 0), dict.fromkeys(pop_size, quota))
    return allocation.by_weight(weights, quota, limits) if pop_size else {}


def expected_forms(
    survey: Survey,
    groups: Sequence[GroupProposal],
    rows: Sequence[Alike],
    response: str = "1",
) -> tuple[AgencyForms, ...]:
    """Say how many forms would rate each measured agency, on average over all possible draws.

    A rater of more agencies than a form holds rates one block of them, each as likely as another.
    """
    most = most_agencies(survey)
    rates = {s.key: s.n / s.pop_size for group in groups for s in group.strata if s.pop_size}
    expected = {agency.code: 0.0 for agency in survey.agencies}
    for row in rows:
        limit = most.get(row.group) or len(row.eligible)
        blocks = math.ceil(len(row.eligible) / limit)
        for code in row.rated:
            expected[code] += row.n * rates[row.stratum] / blocks
    rate = float(exact_share(response))
    return tuple(
        AgencyForms(
            agency.code,
            agency.title,
            round(expected[agency.code], 1),
            round(expected[agency.code] * rate, 1),
        )
        for agency in survey.agencies
        if agency.exclusion is None
    )


def recheck_share(survey: Survey, wanted: str | None = None) -> Fraction:
    """Return the re-checked share: as wanted, or as planned, never above the survey's limit."""
    limit = Fraction(str(survey.recheck_max_share))
    if wanted is not None:
        share = exact_share(wanted)
        if share > limit:
            raise AppError(
                "SAMPLE-216",
                f"Tỷ lệ phúc tra {wanted} vượt mức tối đa {limit} của cuộc khảo sát.",
                f"Chọn tỷ lệ không quá {limit}.",
                status=422,
            )
        return share
    planned = (survey.plan.get("recheck") or {}).get("planned")
    total = sum(group.quota for group in survey.groups)
    if not planned or not total:
        return limit
    return min(limit, Fraction(math.ceil(Fraction(planned, total) * _MILLION), _MILLION))


def exact_share(text: str) -> Fraction:
    """Read a share as it is written: "0,1" is one tenth."""
    try:
        share = Fraction(text.strip().replace(",", "."))
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if share < 0:
        raise AppError(
            "SAMPLE-217", f"Tỷ lệ «{text}» không dùng được.", "Ghi một số, ví dụ 0,1.", status=422
        )
    return share
