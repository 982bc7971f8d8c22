"""People met at a counter: every k-th in drawn half-days, weights from counts; blocks of items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sampling.canonical import canonical
from sampling.errors import ArgumentError, Problem, ProblemsError
from sampling.random_numbers import permanent_number

#: Labels of the numbers that start the count in a half-day, and that give out the blocks.
COUNT_START, BLOCK = "intercept-start", "block"


class CountsError(ProblemsError):
    """Counts of half-days that contradict one another or the plan."""


@dataclass(frozen=True, slots=True)
class HalfDay:
    """One drawn half-day at one counter.

    Attributes
    ----------
    code, stratum : of the frame of half-days.
    probability : chance of the half-day to be drawn, above 0 to 1.
    start, every : persons number start, start + every, ... are asked, counted from 1.
    """

    code: str
    stratum: str
    probability: float
    start: int
    every: int


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted in a half-day: everybody who came, and of those asked how it went.

    `ineligible` (under 18, asked before) and `refused` are asked persons who did not answer.
    """

    code: str
    arrivals: int
    answered: int
    refused: int
    ineligible: int = 0


@dataclass(frozen=True, slots=True)
class HalfDayWeight:
    """The weight of every answer of a half-day, and how it comes about.

    `inclusion_probability` is that of a person who came; `design_weight` its reciprocal;
    `analysis_weight` is that of an answer, after refusals; None where nobody answered.
    """

    code: str
    stratum: str
    asked: int
    inclusion_probability: float
    design_weight: float
    response_share: float | None
    analysis_weight: float | None


def half_day(code: str, stratum: str, probability: float, every: int, seed: str) -> HalfDay:
    """Fix the random start of a drawn half-day: the number of its code, from 1 to `every`."""
    if every < 1:
        raise ArgumentError("every", every, "must be at least 1")
    if not 0 < probability <= 1:
        raise ArgumentError("probability", probability, "must be above 0 and at most 1")
    number = int.from_bytes(permanent_number(seed, COUNT_START, code), "big")
    return HalfDay(canonical(code), stratum, probability, 1 + number * every // 2**256, every)


def asked(day: HalfDay, arrivals: int) -> int:
    """Return how many of `arrivals` persons the rule asks."""
    return max(0, (arrivals - day.start) // day.every + 1)


def weights(days: Sequence[HalfDay], counts: Sequence[Count]) -> tuple[HalfDayWeight, ...]:
    """Return the weights of the answers of every half-day from its counts.

    A person who comes has the chance p/k: that of her half-day times one in every k. Refusals
    are treated as random within the half-day: an answer stands for eligible/answered persons.

    Parameters
    ----------
    days : the drawn half-days; a half-day in which nobody came is counted with 0.
    counts : one for every half-day.

    Raises
    ------
    CountsError
        For every half-day without a count or with two, and where those asked are not those
        whom the rule asks.
    """
    problems = _count_problems(days, counts)
    if problems:
        raise CountsError(problems)
    count = {one.code: one for one in counts}
    return tuple(_weight(day, count[day.code]) for day in days)


def blocks(units: Sequence[str], names: Sequence[str], seed: str) -> dict[str, str]:
    """Give every unit one block of items: at random, and each block as often as the others.

    Units are ordered by their permanent random number (label "block"), then by id; the blocks
    follow one another, the first one drawn by the number of the first unit, so that no block is
    favoured where the division leaves a rest.

    Parameters
    ----------
    units : canonical, unique ids (within the stratum or the half-day that is to be balanced).
    names : at least one block, each once.

    Returns
    -------
    dict of block by unit, in the order of `units`; block sizes differ by at most one, and every
    unit has every block with the same chance.
    """
    if not names or len(set(names)) != len(names):
        raise ArgumentError("names", list(names), "at least one block, each once")
    ordered = sorted(units, key=lambda unit: (permanent_number(seed, BLOCK, unit), unit))
    turn = 0
    if ordered:
        digest = permanent_number(seed, f"{BLOCK}-first", ordered[0])
        turn = int.from_bytes(digest, "big") * len(names) // 2**256
    given = {unit: names[(i + turn) % len(names)] for i, unit in enumerate(ordered)}
    return {unit: given[unit] for unit in units}


def _weight(day: HalfDay, count: Count) -> HalfDayWeight:
    """Work out the weight of the answers of one half-day."""
    pi = day.probability / day.every
    eligible = count.answered + count.refused
    share = count.answered / eligible if eligible else None
    final = 1 / (pi * share) if share else None
    people = eligible + count.ineligible
    return HalfDayWeight(day.code, day.stratum, people, pi, 1 / pi, share, final)


def _count_problems(days: Sequence[HalfDay], counts: Sequence[Count]) -> list[Problem]:
    """Collect what is missing, doubled or contradicts the rule."""
    known: Mapping[str, HalfDay] = {day.code: day for day in days}
    problems, seen = [], set()
    for row, one in enumerate(counts):
        if one.code not in known or one.code in seen:
            what = "hai lần" if one.code in seen else "mà không có trong mẫu"
            message = f"Buổi «{one.code}» được đếm {what}."
            problems.append(Problem("SAMPLE-122", message, "Giữ một dòng mỗi buổi đã chọn.", row))
            continue
        seen.add(one.code)
        numbers = (one.arrivals, one.answered, one.refused, one.ineligible)
        rule = asked(known[one.code], one.arrivals)
        if min(numbers) < 0 or sum(numbers[1:]) != rule:
            message = (
                f"Buổi «{one.code}»: {one.arrivals} người đến thì phải mời {rule} người, đang ghi "
                f"{one.answered} trả lời + {one.refused} từ chối + {one.ineligible} ngoài diện."
            )
            problems.append(Problem("SAMPLE-123", message, "Đối chiếu phiếu đếm của buổi đó.", row))
    for code in known:
        if code not in seen:
            message = f"Buổi «{code}» chưa có số đếm."
            problems.append(Problem("SAMPLE-124", message, "Ghi số người đến, kể cả số 0."))
    return problems
