"""How many forms from where: what an official asks of sizes and allocation, worked out exactly."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from sampling import allocation, optimal_allocation, size
from sampling.errors import InfeasibleAllocationError, Shortfall
from sampling.optimal_allocation import Bounds
from surveyapp.errors import AppError
from surveyapp.models import Survey, SurveyGroup
from surveyapp.samples.proposal import (
    SERVICE_MINIMUM,
    Choices,
    above_the_lists,
    exact_share,
    stratum_title,
)

#: Where the size comes from: the plan's quotas, or a formula.
BASES = ("quota", "yamane", "cochran")
#: A formula is applied to a group of agencies as a whole, or to each of its strata.
SCOPES = ("group", "stratum")
RULES = ("fixed", "equal", "proportional", "power", "neyman", "cost")


@dataclass(frozen=True, slots=True)
class SizeRequest:
    """What an official asks; numbers are texts as written, so that no digit is lost.

    Attributes
    ----------
    basis, scope, rule : one of `BASES`, `SCOPES`, `RULES`.
    margin, level, p, deff, response : as in `sampling.size.Precision`.
    power : exponent of the power allocation, 0 to 1.
    minimum, maximum : bounds of every stratum; None is no bound.
    inflate : quotas are answers wanted, more are sent to make up for non-response.
    quotas : group code -> forms, where it differs from the plan.
    strata : stratum key -> forms, for the rule "fixed".
    shares, costs : stratum key -> expected share, cost of a form, for "neyman" and "cost".
    shortfall, reserve_share, reason, few_reason : as in `proposal.Choices`.
    """

    basis: str = "quota"
    scope: str = "group"
    rule: str = "proportional"
    margin: str = "0.05"
    level: str = "0.95"
    p: str = "0.5"
    deff: str = "1"
    response: str = "1"
    power: str = "0.5"
    minimum: int | None = None
    maximum: int | None = None
    inflate: bool = False
    quotas: Mapping[str, int] = field(default_factory=dict)
    strata: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, str] = field(default_factory=dict)
    costs: Mapping[str, str] = field(default_factory=dict)
    shortfall: str | None = None
    reserve_share: str = "0"
    reason: str = ""
    few_reason: str = ""

    @property
    def precision(self) -> size.Precision:
        """What is asked of an estimated share."""
        return size.Precision(self.margin, self.level, self.p, self.deff, self.response)


@dataclass(frozen=True, slots=True)
class Split:
    """Forms wanted per group and stratum; `blocked` are bounds that the totals break."""

    quotas: dict[str, int]
    strata: dict[str, int]
    blocked: tuple[Shortfall, ...]

    def choices(self, request: SizeRequest) -> Choices:
        """Return what is decided about the draw."""
        return Choices(
            quotas=self.quotas,
            strata=self.strata,
            shortfall=request.shortfall,
            reserve_share=request.reserve_share,
            reason=request.reason,
            few_reason=request.few_reason,
            response=request.response,
        )


def plan_request(survey: Survey) -> SizeRequest:
    """Return what the plan of the survey asks for."""
    if survey.kind == "sociological":
        return SizeRequest()
    if survey.plan.get("allocation", "equal") == "equal":
        return SizeRequest(rule="equal")
    return SizeRequest(minimum=SERVICE_MINIMUM)


def split(
    survey: Survey, pop_sizes: Mapping[str, Mapping[str, int]], request: SizeRequest
) -> Split:
    """Work out the forms of every stratum.

    Parameters
    ----------
    pop_sizes : group code -> stratum key -> units that can be drawn.

    Returns
    -------
    The split. A request above a list stays above it, so that it can be decided about; totals
    that break a bound are moved to it and named in `blocked`.
    """
    if None not in (request.minimum, request.maximum):
        _check_bounds(request.minimum or 0, request.maximum or 0)
    quotas: dict[str, int] = {}
    strata: dict[str, int] = {}
    blocked: list[Shortfall] = []
    for group in survey.groups:
        total, wanted, found = _group(group, pop_sizes.get(group.code, {}), request)
        quotas[group.code] = total
        strata |= wanted
        blocked += [_named(survey, group, shortfall) for shortfall in found]
    return Split(quotas, strata, tuple(blocked))


def _check_bounds(minimum: int, maximum: int) -> None:
    if minimum > maximum:
        raise AppError(
            "SAMPLE-231",
            f"Mức tối thiểu {minimum} lớn hơn mức tối đa {maximum}.",
            "Sửa một trong hai.",
            status=422,
        )


def _group(
    group: SurveyGroup, pop_size: Mapping[str, int], request: SizeRequest
) -> tuple[int, dict[str, int], list[Shortfall]]:
    """Return total, forms per stratum and broken bounds of one group."""
    if request.rule == "fixed":
        wanted = {key: request.strata.get(key, 0) for key in pop_size}
        return sum(wanted.values()), wanted, []
    if request.basis != "quota" and request.scope == "stratum":
        wanted = {key: _bounded(request, _formula(request, n)) for key, n in pop_size.items()}
        return sum(wanted.values()), wanted, []
    total = _total(group, pop_size, request)
    if total > sum(pop_size.values()):
        return total, above_the_lists(pop_size, total), []
    wanted, blocked = _allocated(request, pop_size, total)
    if blocked:
        total = sum(wanted.values())
    least = request.minimum or 0
    above = {key: least for key, n in pop_size.items() if n < least}
    return total, wanted | above, blocked


def _total(group: SurveyGroup, pop_size: Mapping[str, int], request: SizeRequest) -> int:
    """Return the forms of a group before they are split."""
    if request.basis != "quota":
        return _formula(request, sum(pop_size.values()))
    quota = request.quotas.get(group.code, group.quota)
    return size.inflated(quota, request.response) if request.inflate else quota


def _formula(request: SizeRequest, pop_size: int) -> int:
    """Return the formula's size; a list of nobody asks for nobody."""
    return size.sample_size(pop_size, request.precision, request.basis) if pop_size else 0


def _bounded(request: SizeRequest, n: int) -> int:
    """Bring a size within minimum and maximum; a minimum above the list stays to be seen."""
    if request.maximum is not None:
        n = min(n, request.maximum)
    return max(n, request.minimum or 0)


def _allocated(
    request: SizeRequest, pop_size: Mapping[str, int], total: int
) -> tuple[dict[str, int], list[Shortfall]]:
    """Split a total by the rule; where a bound forbids it, split the nearest that it allows."""
    try:
        return _by_rule(request, pop_size, total, None), []
    except InfeasibleAllocationError as error:
        blocked = [one for one in error.shortfalls if not one.stratum]
    for one in blocked:
        total = one.wanted if one.constraint == "minimum" else one.available
    return _by_rule(request, pop_size, total, "lower"), blocked


def _by_rule(
    request: SizeRequest, pop_size: Mapping[str, int], n: int, shortfall: str | None
) -> dict[str, int]:
    """Split `n` among the strata of a group."""
    bounds = Bounds(request.minimum, request.maximum, shortfall)
    if request.rule in ("neyman", "cost"):
        costs = {key: request.costs.get(key, "1") for key in pop_size}
        sd = {key: _sd(request.shares.get(key, request.p)) for key in pop_size}
        cost = costs if request.rule == "cost" else None
        return optimal_allocation.optimal(pop_size, n, sd, cost, bounds)
    if request.rule == "power":
        return optimal_allocation.power(pop_size, n, request.power, bounds=bounds)
    rule = allocation.equal if request.rule == "equal" else allocation.proportional
    return rule(pop_size, n, request.minimum, request.maximum, shortfall)


def _sd(share: str) -> float:
    """Return the standard deviation of an answer with this expected share."""
    p = float(exact_share(share))
    if p > 1:
        raise AppError(
            "SAMPLE-232", f"Tỷ lệ dự kiến {share} lớn hơn 1.", "Ghi số từ 0 đến 1.", status=422
        )
    return math.sqrt(p * (1 - p))


def _named(survey: Survey, group: SurveyGroup, shortfall: Shortfall) -> Shortfall:
    """Name the group or the stratum as screens do."""
    title = stratum_title(survey, shortfall.stratum) if shortfall.stratum else group.title
    return Shortfall(title, shortfall.wanted, shortfall.available, shortfall.constraint)
