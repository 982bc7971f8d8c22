"""Who holds a file and knows the design tries to find single records in it.

The attack takes sums over few strata apart (their weights differ, the counts are whole numbers),
solves for the number of respondents with every pattern of answers by integer programs, and
subtracts one record after the other. It finds records in small strata, which shows that it works,
and none in what `federated_totals` gives out.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.design import survey_design
from analysis.errors import AnalysisError
from analysis.estimate import Moments
from analysis.federated import (
    FederatedTotals,
    Origin,
    complete_totals,
    federated_totals,
)
from analysis.measures import Composite, Measure, Plan, plan
from analysis.reduction import moments_of

ITEMS = ("a", "b", "c", "d")
LAYOUT = plan([*map(Measure, ITEMS)], [Composite("i", ITEMS)], joint=True)
PATTERNS = np.array(list(product([0.0, 1.0], repeat=len(ITEMS))))
ORIGIN = Origin("m", "s", "d")


def answers(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, 1)) + rng.normal(size=(n, len(ITEMS))) > -1.1).astype(float)


def moments(rows: np.ndarray, stratum: np.ndarray, weight: np.ndarray) -> Moments:
    design = survey_design(weight[stratum], strata=np.char.add("P-", stratum.astype(str)))
    return moments_of(design, LAYOUT, dict(zip(ITEMS, rows.T, strict=True)))


def held(totals: FederatedTotals, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Work out the counts, and those of pairs, from a file of one stratum with weight 1."""
    yes = [2 + 2 * j for j in range(len(ITEMS))]
    count = totals.total[yes]
    cross = totals.covariance[np.ix_(yes, yes)]
    return count, cross * (n - 1) / n + np.outer(count, count) / n


def solved(count: np.ndarray, pair: np.ndarray, n: int) -> Iterator[tuple[int, int, int]]:
    """Bound the number of respondents with each pattern by what is held."""
    rows, right = [np.ones(len(PATTERNS))], [float(n)]
    for i, j in zip(*np.triu_indices(len(ITEMS)), strict=True):
        rows.append(PATTERNS[:, i] * PATTERNS[:, j])
        right.append(count[i] if i == j else pair[i, j])
    fits = LinearConstraint(np.array(rows), np.round(right), np.round(right))
    for p in range(len(PATTERNS)):
        goal = np.eye(len(PATTERNS))[p]
        ends = [
            milp(sign * goal, constraints=fits, integrality=np.ones(goal.size), bounds=Bounds(0, n))
            for sign in (1, -1)
        ]
        assert all(end.success for end in ends)
        yield p, round(ends[0].fun), round(-ends[1].fun)


def found(count: np.ndarray, pair: np.ndarray, n: int) -> list[int]:
    """Patterns of which the attack proves that one or two respondents gave them."""
    return [p for p, low, high in solved(count, pair, n) if 1 <= low <= high <= 2]


def taken_apart(total: float, weight: np.ndarray, size: np.ndarray) -> list[tuple[int, ...]]:
    """All whole counts per stratum (at most 4 strata) whose weighted sum is the total."""
    half = weight.size // 2
    left = np.array(list(product(*(range(n + 1) for n in size[:half]))))
    right = np.array(list(product(*(range(n + 1) for n in size[half:]))))
    rest = right @ weight[half:]
    order = np.argsort(rest)
    wanted = total - left @ weight[:half]
    margin = 1e-12 * total
    first = np.searchsorted(rest[order], wanted - margin)
    last = np.searchsorted(rest[order], wanted + margin)
    return [
        (*left[i].tolist(), *right[order[k]].tolist())
        for i in np.flatnonzero(last > first)
        for k in range(first[i], last[i])
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_attack_finds_records_in_a_small_stratum(seed: int) -> None:
    """So it is an attack: moments of 10 respondents are refused."""
    rows = answers(seed, 10)
    count, pair = rows.sum(axis=0), rows.T @ rows
    patterns = found(count, pair, 10)
    assert patterns
    for p in patterns:
        assert 1 <= (rows == PATTERNS[p]).all(axis=1).sum() <= 2  # and they are there
    one = moments(rows, np.zeros(10, np.int64), np.ones(1))
    with pytest.raises(AnalysisError, match=r"measures|respondents"):
        federated_totals(one, LAYOUT, method="m", survey="s", digest="d")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_attack_finds_no_record_in_the_smallest_file_given_out(seed: int) -> None:
    """80 respondents, 8 features; a pattern held by few may as well be held by nobody."""
    rows = answers(seed, 80)
    assert (np.minimum(rows.sum(axis=0), 80 - rows.sum(axis=0)) >= 10).all()
    totals = federated_totals(
        moments(rows, np.zeros(80, np.int64), np.ones(1)),
        LAYOUT,
        method="m",
        survey="s",
        digest="d",
    )
    count, pair = held(totals, 80)
    assert count == pytest.approx(rows.sum(axis=0))
    assert pair == pytest.approx(rows.T @ rows)  # pairs are known, records are not
    for p, low, high in solved(count, pair, 80):
        true = int((rows == PATTERNS[p]).all(axis=1).sum())
        assert low <= true <= high
        assert high > low  # no number of records is certain
        if true <= 2:
            assert low == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_subtracting_a_single_record_does_not_tell_who_is_inside(seed: int) -> None:
    """Every record of few respondents, and one of nobody, leaves sums that other ones could give."""
    rows = answers(seed, 80)
    number = np.array([(rows == pattern).all(axis=1).sum() for pattern in PATTERNS])
    one = moments(rows, np.zeros(80, np.int64), np.ones(1))
    totals = federated_totals(one, LAYOUT, method="m", survey="s", digest="d")
    count, pair = held(totals, 80)
    high = {p: high for p, _, high in solved(count, pair, 80)}
    rare = [p for p in high if number[p] < 2]
    assert {number[p] for p in rare} == ({0, 1} if seed != 2 else {1})
    assert all(high[p] > 0 for p in rare)
    for p in rare:  # subtracted, the rest is still a survey of 79 respondents
        pattern = PATTERNS[p]
        rest = solved(count - pattern, pair - np.outer(pattern, pattern), 79)
        assert all(low <= most for _, low, most in rest)


def layers(sizes: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    stratum = np.repeat(np.arange(len(sizes)), sizes)
    return answers(6, stratum.size), stratum, 3 + 10 * rng.random(len(sizes))


def test_sums_over_few_strata_can_be_taken_apart_and_are_refused() -> None:
    rows, stratum, weight = layers([10, 12, 30, 60])
    few = moments(rows, stratum, weight)
    raw = complete_totals(few, LAYOUT, ORIGIN)
    size = np.bincount(stratum)
    for j in range(len(ITEMS)):
        true = tuple(np.bincount(stratum, rows[:, j]).astype(int).tolist())
        assert taken_apart(raw.total[2 + 2 * j], weight, size) == [true]
    assert stratum.size >= 80  # enough in all, not in every stratum
    with pytest.raises(AnalysisError, match="P-0: 10 < 80"):
        federated_totals(few, LAYOUT, method="m", survey="s", digest="d")


def test_few_strata_are_given_out_only_if_each_withstands_the_attack() -> None:
    rows, stratum, weight = layers([80, 90])
    federated_totals(moments(rows, stratum, weight), LAYOUT, method="m", survey="s", digest="d")
    for h in (0, 1):
        mine = rows[stratum == h]
        assert found(mine.sum(axis=0), mine.T @ mine, len(mine)) == []


def test_pairs_that_no_index_uses_are_not_in_the_file() -> None:
    """So two items without an index give two counts, not their table."""
    rows = answers(1, 80)
    for joined in ((), (Composite("i", ("a", "b")),)):
        layout = plan([*map(Measure, ITEMS)], joined, joint=True)
        part = moments_of(survey_design(np.ones(80)), layout, dict(zip(ITEMS, rows.T, strict=True)))
        totals = federated_totals(part, layout, method="m", survey="s", digest="d")
        item = [1 + j // 2 for j in range(2 * len(ITEMS))]
        used = totals.covariance[1:9, 1:9] != 0
        pairs = {(item[i], item[j]) for i, j in zip(*np.nonzero(used), strict=True)}
        assert {pair for pair in pairs if pair[0] < pair[1]} == ({(1, 2)} if joined else set())
        assert {pair for pair in pairs if pair[0] == pair[1]} == {(j, j) for j in range(1, 5)}


def test_the_file_of_one_item_is_a_count_of_at_least_ten_of_each_kind() -> None:
    single: Plan = plan([Measure("a")], joint=True)
    for dissatisfied, given in ((9, False), (10, True)):
        values = {"a": np.r_[np.zeros(dissatisfied), np.ones(60)]}
        part = moments_of(survey_design(np.ones(60 + dissatisfied)), single, values)
        if given:
            assert federated_totals(part, single, method="m", survey="s", digest="d").left_out == ()
        else:
            with pytest.raises(AnalysisError, match="enough answers"):
                federated_totals(part, single, method="m", survey="s", digest="d")
