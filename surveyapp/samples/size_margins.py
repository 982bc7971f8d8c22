"""How precise sizes would be: both formulas and the margins really given, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sampling import size
from surveyapp.models import Survey
from surveyapp.samples.proposal import (
    CONFIRM_BELOW,
    NOTE_BELOW,
    GroupProposal,
    Proposal,
    StratumProposal,
)
from surveyapp.samples.sizes import SizeRequest
from surveyapp.surveys.plan import MIN_TRANSACTIONS

FORMULAS = ("yamane", "cochran")
#: Margins at p = 0.5, 0.8, 0.9, half widths from 0 to 1; None where nothing can be said.
Margins = tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class FormulaSize:
    """What a formula asks of a list, and the margins that this size really gives."""

    formula: str
    n: int
    margins: Margins


@dataclass(frozen=True, slots=True)
class SizeRow:
    """One stratum, a group or the whole: N, wanted, drawn, expected back, margins, flags."""

    title: str
    pop_size: int
    wanted: int
    n: int
    expected: int
    margins: Margins
    formulas: tuple[FormulaSize, ...]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SizeGroup:
    """A group of agencies: its sum and its strata with their keys."""

    code: str
    total: SizeRow
    rows: tuple[tuple[str, SizeRow], ...]


@dataclass(frozen=True, slots=True)
class SizeTable:
    """What is shown of a request; `fpc` says whether margins count what is left of a list."""

    groups: tuple[SizeGroup, ...]
    whole: SizeRow
    fpc: bool


@dataclass(frozen=True, slots=True)
class TooSmall:
    """An agency with fewer transactions than the plan's threshold."""

    code: str
    title: str
    pop_size: int
    threshold: int


def too_small(survey: Survey, proposal: Proposal) -> tuple[TooSmall, ...]:
    """Name the measured agencies whose lists are too short to draw from; none has none."""
    if survey.kind != "service":
        return ()
    least = _least(survey)
    lists = {s.key: s.pop_size for group in proposal.groups for s in group.strata}
    return tuple(
        TooSmall(one.code, one.title, lists.get(one.code, 0), least)
        for one in survey.agencies
        if one.exclusion is None and lists.get(one.code, 0) < least
    )


def _has_fpc(survey: Survey) -> bool:
    return survey.kind == "service"


def _least(survey: Survey) -> int:
    return int(survey.plan.get("min_transactions") or MIN_TRANSACTIONS)


def size_table(survey: Survey, proposal: Proposal, request: SizeRequest) -> SizeTable:
    """Return every row with its margins.

    Margins count the answers expected after non-response, as if those who answer were a simple
    random part of those drawn. Points of raters are given without finite population correction
    (`analysis`), so their margins are too: nearly complete lists would promise certainty.
    """
    fpc = _has_fpc(survey)
    groups = []
    for group in proposal.groups:
        rows = tuple((s.key, _row(survey, s, request)) for s in group.strata)
        sum_of = _sum_of(group.title, [group], request, fpc)
        groups.append(SizeGroup(group.code, sum_of, rows))
    whole = _sum_of("Cả cuộc khảo sát", proposal.groups, request, fpc)
    return SizeTable(tuple(groups), whole, fpc)


def formula_sizes(pop_size: int, request: SizeRequest, fpc: bool) -> tuple[FormulaSize, ...]:
    """Put both formulas beside each other."""
    found = []
    for name in FORMULAS if pop_size else ():
        n = size.sample_size(pop_size, request.precision, name)
        found.append(FormulaSize(name, n, _margins(n, pop_size if fpc else None, request)))
    return tuple(found)


def _margins(n: int, pop_size: int | None, request: SizeRequest) -> Margins:
    answers = size.expected_answers(n, request.response)
    if answers < 1:
        return None
    deff = float(Fraction(request.deff))
    return tuple(size.margins(answers, pop_size, request.level, deff).values())


def _row(survey: Survey, stratum: StratumProposal, request: SizeRequest) -> SizeRow:
    expected = round(size.expected_answers(stratum.n, request.response))
    fpc = _has_fpc(survey)
    return SizeRow(
        title=stratum.title,
        pop_size=stratum.pop_size,
        wanted=stratum.wanted,
        n=stratum.n,
        expected=expected,
        margins=_margins(stratum.n, stratum.pop_size if fpc else None, request),
        formulas=formula_sizes(stratum.pop_size, request, fpc),
        flags=_flags(survey, stratum, expected),
    )


def _flags(survey: Survey, stratum: StratumProposal, expected: int) -> tuple[str, ...]:
    flags = []
    if stratum.wanted > stratum.pop_size:
        flags.append("vượt danh sách")
    if stratum.n == stratum.pop_size:
        flags.append("lấy toàn bộ")
    if survey.kind == "service":
        least = _least(survey)
        if stratum.pop_size < least:
            flags.append(f"danh sách dưới {least}: có thể để ngoài diện đo lường")
        if expected < CONFIRM_BELOW:
            flags.append(f"dưới {CONFIRM_BELOW} phiếu: không công bố")
        elif expected < NOTE_BELOW:
            flags.append(f"dưới {NOTE_BELOW} phiếu: khoảng tin cậy rộng")
    elif stratum.n == 0:
        flags.append("không chọn ai")
    return tuple(flags)


def _sum_of(
    title: str, groups: Sequence[GroupProposal], request: SizeRequest, fpc: bool
) -> SizeRow:
    """Add up strata; the margin of the whole is that of the stratified estimate."""
    strata = [s for group in groups for s in group.strata]
    n, pop_size = sum(s.n for s in strata), sum(s.pop_size for s in strata)
    answers: dict[str, int | Fraction] = {
        s.key: size.expected_answers(s.n, request.response) for s in strata
    }
    pop = {s.key: s.pop_size for s in strata}
    deff = float(Fraction(request.deff))
    margins = [
        size.stratified_margin(answers, pop, p, request.level, deff, fpc=fpc)
        for p in size.SHOWN_SHARES
    ]
    return SizeRow(
        title=title,
        pop_size=pop_size,
        wanted=sum(group.quota for group in groups),
        n=n,
        expected=round(size.expected_answers(n, request.response)),
        margins=None if None in margins else tuple(m for m in margins if m is not None),
        formulas=formula_sizes(pop_size, request, fpc),
    )
