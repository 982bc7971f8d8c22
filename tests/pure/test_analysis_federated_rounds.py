"""Two rounds: totals out, variances back, equal to the pooled data, without second moments."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.design import survey_design
from analysis.errors import AnalysisError, MergeError
from analysis.estimate import Moments, whole
from analysis.federated import FederatedTotals, Origin, as_plain, federated_totals, from_plain
from analysis.federated_rounds import first_round, second_round
from analysis.measures import Composite, Measure, plan
from analysis.reduction import moments_of

ITEMS = ("a", "b", "c", "d")
LAYOUT = plan([*map(Measure, ITEMS)], [Composite("i", ITEMS)], joint=True)


def columns(seed: int, psu: bool) -> dict:
    """60 respondents in 3 strata: 8 features would need 80 in every stratum."""
    rng = np.random.default_rng(seed)
    stratum = np.arange(60) % 3
    values = {q: (rng.random(60) < 0.6).astype(float) for q in ITEMS}
    values["a"][rng.integers(0, 60, 4)] = np.nan
    unit = np.char.add(f"U{seed}-", (np.arange(60) // 6).astype(str))
    return {
        "stratum": np.char.add(f"P{seed}-", stratum.astype(str)),
        "weight": 2.0 + stratum,
        "unit": unit if psu else None,
        "values": values,
    }


def moments(*parts: dict) -> Moments:
    stratum = np.concatenate([p["stratum"] for p in parts])
    weight = np.concatenate([p["weight"] for p in parts])
    units = [] if parts[0]["unit"] is None else [np.concatenate([p["unit"] for p in parts])]
    size = np.full(stratum.size, 500.0)
    design = survey_design(weight, strata=stratum, psu=units, pop_size=[size])
    values = {q: np.concatenate([p["values"][q] for p in parts]) for q in ITEMS}
    return moments_of(design, LAYOUT, values)


def through_file(totals: FederatedTotals) -> FederatedTotals:
    return from_plain(json.loads(json.dumps(as_plain(totals), allow_nan=False)))


def origin(seed: int) -> Origin:
    return Origin("sipas_a 2023", f"S{seed}", f"d{seed}")


@pytest.mark.parametrize("psu", [False, True])
def test_two_rounds_equal_the_pooled_data(psu: bool) -> None:
    parts = {seed: columns(seed, psu) for seed in (1, 2, 3)}
    one, two, three = (
        through_file(first_round(moments(p), LAYOUT, origin(s))) for s, p in parts.items()
    )
    merged = through_file(one.merge(two).merge(three))
    answers = [
        through_file(second_round(moments(p), LAYOUT, origin(s), merged)) for s, p in parts.items()
    ]
    got = answers[2].merge(answers[0]).merge(answers[1]).estimates()
    pooled = whole(moments(*parts.values()), LAYOUT)
    for left, right in (
        (got.value, pooled.value),
        (got.se, pooled.se),
        (got.judged.lower, pooled.judged.lower),
        (got.judged.upper, pooled.judged.upper),
    ):
        assert left == pytest.approx(right, rel=1e-12, abs=0)
    assert got.df.tolist() == pooled.df.tolist()
    assert got.judged.flag.tolist() == pooled.judged.flag.tolist()


def test_neither_round_holds_a_second_moment_of_features() -> None:
    part = moments(columns(1, psu=False))
    with pytest.raises(AnalysisError, match="two rounds"):
        federated_totals(part, LAYOUT, method="m", survey="s", digest="d")
    totals = first_round(part, LAYOUT, origin(1))
    plain = as_plain(totals)
    assert plain["covariance"] == [] and not any(plain["above"] + plain["below"])
    variances = as_plain(second_round(part, LAYOUT, origin(1), totals))
    assert np.shape(variances["covariance"]) == (len(LAYOUT.codes),)
    with pytest.raises(AnalysisError, match="second round"):
        totals.estimates()


def test_the_rounds_refuse_what_does_not_belong_together() -> None:
    parts = {seed: moments(columns(seed, psu=False)) for seed in (1, 2)}
    one, two = (first_round(p, LAYOUT, origin(s)) for s, p in parts.items())
    merged = one.merge(two)
    answer = second_round(parts[1], LAYOUT, origin(1), merged)
    with pytest.raises(AnalysisError, match="lacks surveys"):
        answer.estimates()
    with pytest.raises(MergeError, match="stage"):
        answer.merge(two)
    with pytest.raises(MergeError, match="point"):
        answer.merge(second_round(parts[2], LAYOUT, origin(2), two))
    for wrong in (Origin("sipas_a 2023", "S3", "d1"), Origin("sipas_a 2023", "S1", "other")):
        with pytest.raises(AnalysisError, match="not in the totals"):
            second_round(parts[1], LAYOUT, wrong, merged)
    with pytest.raises(AnalysisError, match="method"):
        second_round(parts[1], LAYOUT, Origin("sipas_b", "S1", "d1"), merged)
    with pytest.raises(AnalysisError, match="first round"):
        second_round(parts[1], LAYOUT, origin(1), answer)
    asked = (*merged.measures[1:], Measure("e"))
    with pytest.raises(AnalysisError, match="measures"):
        second_round(parts[1], LAYOUT, origin(1), replace(merged, measures=asked))
