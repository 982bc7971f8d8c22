"""Coverage of intervals: exact where the sample space is small, else a bounded simulation."""

import numpy as np
import pytest
from scipy import stats

from analysis.contrasts import differences
from analysis.design import survey_design
from analysis.estimate import Options, estimates
from analysis.intervals import t_quantile, wilson
from analysis.measures import Composite, Measure, plan
from analysis.raters import PointItem, PointsMethod, Ratings, rater_points
from analysis.reduction import moments_of
from analysis.scores import Scores

pytestmark = pytest.mark.slow


def test_the_default_interval_of_shares_covers_as_promised() -> None:
    """At least 94.5 % on average and 91.5 % at worst over p = 0.5-0.97, n = 10-400 (exact)."""
    coverage = []
    for n in (10, 15, 20, 30, 45, 60, 100, 200, 400):
        x = np.arange(n + 1.0)
        p_hat = x / n
        t = t_quantile(np.full(n + 1, n - 1.0), 0.95)
        varying = np.where((x > 0) & (x < n), n - 1.0, n)  # V = p(1-p)/(n-1); 0: n_eff = n
        lower, upper = wilson(p_hat, varying, t)
        for p in np.arange(0.5, 0.971, 0.005):
            inside = (lower <= p) & (p <= upper)
            coverage.append(stats.binom.pmf(x, n, p)[inside].sum())
    assert np.mean(coverage) >= 0.945
    assert np.min(coverage) >= 0.915


@pytest.mark.parametrize("n", [10, 30])
def test_composites_cover_where_a_few_are_unhappy_about_everything(n: int) -> None:
    """6 % unhappy about everything: without the cap 46 % coverage at n = 10 (method, section 3)."""
    rng = np.random.default_rng(n)
    items = [f"q{i}" for i in range(8)]
    layout = plan([Measure(q) for q in items], [Composite("index", tuple(items))])
    agency = np.repeat(np.arange(35), n)
    design = survey_design(np.ones(agency.size), strata=agency)
    truth, hits, naive = 0.94 * 0.99, [], []
    for _ in range(40):
        unhappy = rng.random(agency.size) < 0.06
        values = {q: ((rng.random(agency.size) < 0.99) & ~unhappy).astype(float) for q in items}
        got = estimates(moments_of(design, layout, values, agency), layout)
        e = layout.codes.index("index")
        lower, upper = got.judged.lower[:, e], got.judged.upper[:, e]
        hits += list((lower <= truth) & (truth <= upper))
        p, v = got.value[:, e], got.corner.variance[:, e]
        t = t_quantile(got.df[:, e], 0.95)
        some = v > 0
        low, high = wilson(p[some], p[some] * (1 - p[some]) / v[some], t[some])
        naive += [*((low <= truth) & (truth <= high)), *(p[~some] == truth)]
    assert np.mean(hits) >= 0.94
    assert np.mean(naive) < np.mean(hits) - 0.08  # what the cap is for


@pytest.mark.parametrize("n", [15, 30])
def test_mover_covers_differences_of_two_shares(n: int) -> None:
    """Exact over the sample space: minimum coverage 96 % (rounded) over shares 0.7 to 0.97."""
    x = np.arange(n + 1)
    p = np.r_[x / n, x / n, 0.5]  # every outcome of two agencies, and a whole
    variance = p * (1 - p) / (n - 1)
    size = np.where(variance > 0, n - 1.0, float(n))
    k = p.size
    pool = Scores(
        (*(f"A{i}" for i in x), *(f"B{i}" for i in x), ""), p, np.full(k, n), np.full(k, n - 1.0), np.diag(variance), 0.0, 1.0,
        size, np.diag(np.full(k, float(n))), np.eye(k, dtype=bool),
    )  # fmt: skip
    pairs = [(f"A{i}", f"B{j}") for i in x for j in x]
    limits = np.array([one.ci for one in differences(pool, pairs)])
    worst = 1.0
    for first in (0.7, 0.8, 0.9, 0.95, 0.97):
        for second in (0.7, 0.85, 0.93, 0.97):
            chance = np.outer(stats.binom.pmf(x, n, first), stats.binom.pmf(x, n, second)).ravel()
            inside = (limits[:, 0] <= first - second) & (first - second <= limits[:, 1])
            worst = min(worst, chance[inside].sum())
    assert worst >= 0.955


def test_points_of_agencies_cover_the_score_of_all_eligible_raters() -> None:
    rng = np.random.default_rng(8)
    percents = np.array([0.0, 20.0, 60.0, 100.0])
    level = np.clip(np.round(rng.normal(2.3, 0.8, (90, 3))), 0, 3).astype(int)
    truth = percents[level].mean(axis=0) * 5 / 100
    method, hits = PointsMethod((PointItem("q", 5.0),)), []
    for _ in range(150):
        drawn = np.concatenate([rng.permutation(90)[:25] for _ in range(3)])
        agency = np.repeat(np.arange(3), 25)
        data = Ratings(drawn, agency, np.full(75, "g"), {"q": percents[level[drawn, agency]]},
                       {("g", str(a)): 90 for a in range(3)})  # fmt: skip
        got = rater_points(data, method, Options()).table
        hits += list((got.judged.lower[:, -1] <= truth) & (truth <= got.judged.upper[:, -1]))
    assert np.mean(hits) >= 0.93
