"""What must not change an estimate: order, labels, scale of weights, the way rows are split."""

import pickle
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.design import survey_design
from analysis.errors import DesignError, LonelyPsuError
from analysis.estimate import Options, estimates, gradient_of, joint_covariance, whole
from analysis.labels import Labels, as_labels, sum_by
from analysis.measures import Composite, Measure, plan
from analysis.reduction import chunk_moments, merged, moments_of
from analysis.share_counts import counted_shares

QUICK = settings(derandomize=True, max_examples=25, deadline=None)
LAYOUT = plan(
    [Measure("a"), Measure("b"), Measure("m", "mean")],
    [Composite("i", ("a", "b"), (1.0, 2.0)), Composite("r", ("a", "b"), pooling="respondents")],
)


def population(seed: int, n: int = 60) -> dict:
    rng = np.random.default_rng(seed)
    stratum = np.r_[np.arange(6) % 3, rng.integers(0, 3, n - 6)]
    return {
        "weight": rng.uniform(1, 20, n) if seed % 2 else 2.0 + stratum,
        "stratum": np.array(["x", "y", "z"])[stratum],
        "psu": rng.integers(0, 5, n) + 10 * stratum + (np.arange(n) < 6) * (np.arange(n) // 3),
        "size": np.array([400.0, 80.0, 5000.0])[stratum],
        "cell": np.array(["", "p", "q"])[rng.integers(0, 3, n)],
        "values": {
            "a": np.where(rng.random(n) < 0.1, np.nan, rng.random(n) < 0.8),
            "b": np.where(rng.random(n) < 0.1, np.nan, rng.random(n) < 0.7),
            "m": rng.integers(1, 6, n).astype(float),
        },
    }


def design_of(x: dict, rows=slice(None), *, clustered: bool, complete: bool = True):
    return survey_design(
        x["weight"][rows], strata=x["stratum"][rows], psu=[x["psu"][rows]] if clustered else [],
        pop_size=[x["size"][rows]], lonely_psu="adjust", complete=complete,
    )  # fmt: skip


def numbers(moments) -> np.ndarray:
    parts = []
    for options in (Options(), Options(fpc=False)):
        for got in (estimates(moments, LAYOUT, options), whole(moments, LAYOUT, options)):
            parts += [got.value, got.se, got.df, got.judged.lower, got.judged.upper, got.deff]
    return np.concatenate([np.ravel(part) for part in parts])


def same(left, right, rel: float = 1e-9) -> None:
    assert numbers(left) == pytest.approx(numbers(right), rel=rel, nan_ok=True)


def reordered(x: dict, order: np.ndarray) -> dict:
    return {k: {c: v[order] for c, v in x[k].items()} if k == "values" else x[k][order] for k in x}


@QUICK
@given(seed=st.integers(0, 10_000), clustered=st.booleans())
def test_row_order_changes_nothing(seed: int, clustered: bool) -> None:
    x = population(seed)
    y = reordered(x, np.random.default_rng(seed).permutation(60))
    same(
        moments_of(design_of(x, clustered=clustered), LAYOUT, x["values"], x["cell"]),
        moments_of(design_of(y, clustered=clustered), LAYOUT, y["values"], y["cell"]),
    )


@QUICK
@given(seed=st.integers(0, 10_000), clustered=st.booleans(), factor=st.floats(0.01, 1000))
def test_rescaled_weights_and_renamed_labels_change_nothing(
    seed: int, clustered: bool, factor: float
) -> None:
    x = population(seed)
    y = {**x, "weight": x["weight"] * factor, "psu": np.char.add("đơn vị ", (97 - x["psu"]).astype(str)),
         "stratum": np.array([{"x": "C", "y": "A", "z": "B"}[s] for s in x["stratum"]])}  # fmt: skip
    same(
        moments_of(design_of(x, clustered=clustered), LAYOUT, x["values"], x["cell"]),
        moments_of(design_of(y, clustered=clustered), LAYOUT, y["values"], y["cell"]),
        rel=1e-8,
    )


@QUICK
@given(seed=st.integers(0, 10_000), clustered=st.booleans(), data=st.data())
def test_random_partitions_in_any_order_merge_to_the_whole(
    seed: int, clustered: bool, data: st.DataObject
) -> None:
    """Rows are split anywhere, in a cluster design also inside a PSU; labels are read per part."""
    x = population(seed)
    part_of = np.array(data.draw(st.lists(st.integers(0, 4), min_size=60, max_size=60)))
    parts = []
    for part in data.draw(st.permutations(sorted(set(part_of.tolist())))):
        rows = np.flatnonzero(part_of == part)
        columns = {code: np.asarray(v, float)[rows] for code, v in x["values"].items()}
        design = design_of(x, rows, clustered=clustered, complete=False)
        parts.append(chunk_moments(design, LAYOUT, columns, as_labels(x["cell"][rows])))
    together = moments_of(design_of(x, clustered=clustered), LAYOUT, x["values"], x["cell"])
    joint = reduce(merged, parts)
    same(joint, together)
    left, right = joint.pairs(), together.pairs()
    assert left.total == pytest.approx(
        right.total, rel=1e-12, abs=1e-12 * np.abs(right.total).max()
    )
    assert (left.count == right.count).all()
    assert (left.psu == right.psu).all()
    if not clustered:
        assert joint.m2 == pytest.approx(together.m2, abs=1e-12 * np.abs(together.m2).max())


@QUICK
@given(seed=st.integers(0, 10_000), fpc=st.booleans())
def test_rows_as_units_of_their_own_are_an_element_design(seed: int, fpc: bool) -> None:
    x = population(seed)
    elements = moments_of(design_of(x, clustered=False), LAYOUT, x["values"], x["cell"])
    x["psu"] = np.arange(60)
    units = moments_of(design_of(x, clustered=True), LAYOUT, x["values"], x["cell"])
    same(elements, units)
    for code in ("a", "i"):
        left = joint_covariance(elements, LAYOUT, code, fpc=fpc)
        right = joint_covariance(units, LAYOUT, code, fpc=fpc)
        assert left[2] == pytest.approx(right[2], rel=1e-9, abs=1e-15)
        errors = np.r_[estimates(units, LAYOUT, Options(fpc=fpc)).se[:, LAYOUT.codes.index(code)]]
        assert np.sqrt(np.diag(right[2])[:-1]) == pytest.approx(errors, rel=1e-9)


@QUICK
@given(seed=st.integers(0, 10_000), clustered=st.booleans())
def test_a_census_has_no_error(seed: int, clustered: bool) -> None:
    x = population(seed)
    unit = x["psu"] if clustered else np.arange(60)
    x["size"] = np.array([np.unique(unit[x["stratum"] == s]).size for s in x["stratum"]], float)
    moments = moments_of(design_of(x, clustered=clustered), LAYOUT, x["values"], x["stratum"])
    for got in (estimates(moments, LAYOUT), whole(moments, LAYOUT)):
        for _, code, one in got:
            assert one.se == 0.0
            if code == "m":  # everybody answered it
                assert (one.flag, one.ci) == ("census", (one.value, one.value))


@QUICK
@given(seed=st.integers(0, 10_000), clustered=st.booleans())
def test_counting_shares_equals_the_general_way(seed: int, clustered: bool) -> None:
    """Shares alone with one weight per stratum are counted; beside a mean they are not."""
    x = population(2 * seed)
    design = design_of(x, clustered=clustered)
    alone = plan([Measure("a"), Measure("b")])
    beside = plan([Measure("a"), Measure("b"), Measure("m", "mean")])
    assert counted_shares(design, beside, x["values"], as_labels(x["cell"])) is None
    columns = {code: np.asarray(v, float) for code, v in x["values"].items()}
    fast = counted_shares(design, alone, columns, as_labels(x["cell"]))
    slow = moments_of(design, beside, x["values"], x["cell"])
    for one in (estimates, whole):
        left, right = one(fast, alone), one(slow, beside)
        for name in ("value", "se", "df", "deff"):
            got, expected = getattr(left, name), getattr(right, name)[:, :2]
            assert got == pytest.approx(expected, rel=1e-10, nan_ok=True)
    halves = [slice(0, 30), slice(30, None)]
    parts = [
        chunk_moments(
            design.rows(h),
            alone,
            {c: v[h] for c, v in columns.items()},
            as_labels(x["cell"]).rows(h),
        )
        for h in halves
    ]
    assert numbers_of(merged(*parts), alone) == pytest.approx(
        numbers_of(fast, alone), rel=1e-10, nan_ok=True
    )


@QUICK
@given(seed=st.integers(0, 10_000))
def test_shares_kept_jointly_have_the_products_of_two_items(seed: int) -> None:
    """The difference of two items needs their covariance, which counts of each do not hold."""
    x = population(2 * seed)
    design = design_of(x, clustered=False)
    x["values"]["d"] = x["values"]["a"] - x["values"]["b"]
    both = ~np.isnan(x["values"]["d"])
    values = {code: np.where(both, x["values"][code], np.nan) for code in ("a", "b", "d")}
    layout = plan([Measure("a"), Measure("b")], joint=True)
    moments = moments_of(design, layout, values).collapsed()
    gradient = gradient_of(
        sum_by(np.zeros_like(moments.pair_cell), moments.pairs().total, 1), layout
    )
    wide = np.concatenate([gradient, np.zeros_like(gradient)]).transpose(1, 0, 2)
    joint = moments.covariance(wide)
    direct = plan([Measure("d", "mean")])
    alone = whole(moments_of(design, direct, values), direct).at("", "d")
    assert joint[0, 0] + joint[1, 1] - 2 * joint[0, 1] == pytest.approx(alone.se**2, rel=1e-9)


def numbers_of(moments, layout) -> np.ndarray:
    got = estimates(moments, layout)
    return np.concatenate([got.value.ravel(), got.se.ravel(), got.df.ravel()])


def test_values_other_than_0_and_1_are_not_counted_as_shares() -> None:
    design = survey_design([1.0, 1.0, 1.0])
    odd = {"a": np.array([0.0, 0.5, 1.0])}
    assert counted_shares(design, plan([Measure("a")]), odd, as_labels(["x"] * 3)) is None


def test_parts_of_different_surveys_are_refused() -> None:
    x = population(1)
    left = moments_of(design_of(x, clustered=False), LAYOUT, x["values"], x["cell"])
    x["size"] = x["size"] + 1
    right = moments_of(design_of(x, clustered=False), LAYOUT, x["values"], x["cell"])
    with pytest.raises(DesignError, match="same in every part"):
        merged(left, right)
    with pytest.raises(DesignError, match="two kinds"):
        merged(left, moments_of(design_of(x, clustered=True), LAYOUT, x["values"], x["cell"]))


def test_several_threads_give_the_same_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.reduction.CHUNK_ROWS", 7)
    x = population(2)
    design = design_of(x, clustered=True)
    same(moments_of(design, LAYOUT, x["values"], x["cell"], workers=3),
         moments_of(design, LAYOUT, x["values"], x["cell"]))  # fmt: skip


def test_sizes_that_differ_between_parts_are_refused_when_the_parts_are_there() -> None:
    layout = plan([Measure("a")])
    parts = [
        moments_of(
            survey_design(
                [1.0] * 2, psu=[[f"u{i}", f"v{i}"]], pop_size=[[size] * 2], complete=False
            ),
            layout,
            {"a": [0.0, 1.0]},
        )
        for i, size in enumerate((10.0, 11.0))
    ]
    both = merged(*parts)
    with pytest.raises(DesignError, match="must not vary within a stratum"):
        both.check()


def test_refusals_keep_what_they_say_between_processes() -> None:
    for error in (DesignError("weight", -1, "a rule"), LonelyPsuError(["A"], "another rule")):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  made on the line
        assert (type(again), str(again), again.value) == (type(error), str(error), error.value)


def test_labels_of_numbers_and_texts_are_one() -> None:
    for column in ([7, 12], [7.0, 12.0], ["7", " 12 "], np.array(["7.0", 12], object)):
        assert as_labels(column).names == ("12", "7")
    assert as_labels(["07", "7"]).names == ("07", "7")
    composed, decomposed = "Ph\u00f9 C\u00e1t", "Phu\u0300 Ca\u0301t"
    assert as_labels([composed, decomposed]).names == (composed,)
    got = as_labels(np.array(["b", None, np.nan, ""], object))
    assert got == Labels(got.code, ("b",))
    assert got.code.tolist() == [0, -1, -1, -1]
