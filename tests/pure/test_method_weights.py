"""How components make fields and an index, and what happens when nobody answered."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaires.errors import MethodError, UnansweredItemError
from questionnaires.method import (
    INDEX,
    Component,
    Field,
    MethodKind,
    MethodVersion,
    Pooling,
    Unanswered,
    combine,
    combine_fields,
    composite_weights,
    empty_parts,
    rounded,
)

NAME = {"vi": "tên"}


def component(code: str, *items: str, weight: float | None = None) -> Component:
    return Component(code, NAME, items, len(items), weight)


def method(
    *fields: Field,
    pooling: Pooling = "items",
    unanswered: Unanswered = "null",
    kind: MethodKind = "satisfaction",
) -> MethodVersion:
    return MethodVersion(
        code="m",
        version="1",
        title=NAME,
        publisher="Tỉnh",
        population="Người dân",
        kind=kind,
        decimals=2,
        unanswered_item=unanswered,
        fields=fields,
        index_pooling=pooling,
    )


def two_fields(pooling: Pooling = "items", unanswered: Unanswered = "null") -> MethodVersion:
    first = Field("F", NAME, pooling, (component("x", "a"), component("y", "b", "c", "d")))
    return method(
        first,
        Field("G", NAME, pooling, (component("z", "e"),)),
        pooling=pooling,
        unanswered=unanswered,
    )


def test_every_item_weighs_the_same_when_items_are_pooled() -> None:
    assert dict(composite_weights(two_fields(), INDEX)) == pytest.approx(
        dict.fromkeys("abcde", 0.2)
    )
    assert dict(composite_weights(two_fields(), "F")) == pytest.approx(dict.fromkeys("abcd", 0.25))
    assert dict(composite_weights(two_fields(), "y")) == pytest.approx(dict.fromkeys("bcd", 1 / 3))
    assert combine(two_fields(), {"x": 10, "y": 20, "z": 30}) == {"F": 17.5, "G": 30, "index": 20}


def test_components_and_fields_weigh_the_same_when_pooled_equally() -> None:
    weights = {"a": 1 / 4, "b": 1 / 12, "c": 1 / 12, "d": 1 / 12, "e": 1 / 2}

    assert dict(composite_weights(two_fields("equal"), INDEX)) == pytest.approx(weights)
    assert combine(two_fields("equal"), {"x": 10, "y": 20, "z": 30})["index"] == 22.5


def test_explicit_weights_count_and_weight_zero_never_matters() -> None:
    first = Field(
        "F", NAME, "weights", (component("x", "a", weight=3), component("y", "b", weight=1)), 1
    )
    aside = Field("G", NAME, "items", (component("z", "c"),), 0)
    weighted = method(first, aside, pooling="weights")

    assert dict(composite_weights(weighted, INDEX)) == {"a": 0.75, "b": 0.25}
    assert combine(weighted, {"x": 8, "y": 4, "z": None}) == {"F": 7, "G": None, "index": 7}
    assert composite_weights(weighted, "index", answered={"a", "b"}) == (("a", 0.75), ("b", 0.25))


def test_points_are_added() -> None:
    topics = Field("XHH", NAME, "sum", (component("x", "a", "b"), component("y", "c")))
    points = method(topics, pooling="sum", kind="points")

    assert dict(composite_weights(points, INDEX)) == {"a": 1, "b": 1, "c": 1}
    assert dict(composite_weights(points, "x")) == {"a": 1, "b": 1}
    assert combine(points, {"x": 2.5, "y": 1.25}) == {"XHH": 3.75, "index": 3.75}
    assert combine(points, {"x": 2.5})["index"] is None


def test_an_empty_component_empties_its_field_and_the_index_and_is_named() -> None:
    values = {"x": None, "y": 20.0, "z": 30.0}

    assert combine(two_fields(), values) == {"F": None, "G": 30, "index": None}
    assert empty_parts(two_fields(), values) == {"F": ("x",), "index": ("x",)}
    assert empty_parts(two_fields(), {"x": 1, "y": 1, "z": 1}) == {}


def test_a_method_that_renormalises_takes_the_rest() -> None:
    renormalising = two_fields(unanswered="renormalise")

    assert combine(renormalising, {"y": 20, "z": 30}) == {"F": 20, "G": 30, "index": 22}
    assert combine(renormalising, {}) == {"F": None, "G": None, "index": None}


def test_an_item_without_answers_is_named_or_left_out_as_the_method_says() -> None:
    with pytest.raises(UnansweredItemError, match="b, c") as caught:
        composite_weights(two_fields(), "index", answered=["a", "d", "e"])
    assert (caught.value.target, caught.value.items) == ("index", ("b", "c"))

    renormalising = two_fields(unanswered="renormalise")
    left = composite_weights(renormalising, "index", answered=["d", "e"])
    assert dict(left) == pytest.approx({"d": 0.8, "e": 0.2})
    with pytest.raises(UnansweredItemError):
        composite_weights(renormalising, "x", answered=["d"])


@pytest.mark.parametrize(
    ("value", "published"),
    [
        (85.245, 85.25),
        (85.2449999, 85.24),
        (2.675, 2.68),
        (-0.005, -0.01),
        (1e300, 1e300),
        (80, 80),
    ],
)
def test_published_figures_are_rounded_half_away_from_zero(value: float, published: float) -> None:
    assert rounded(two_fields(), value) == published


def test_nothing_is_rounded_to_nothing_and_nonsense_is_refused() -> None:
    assert rounded(two_fields(), None) is None
    with pytest.raises(MethodError, match="nan"):
        rounded(two_fields(), math.nan)


def test_unknown_parts_and_values_are_refused_by_name() -> None:
    with pytest.raises(MethodError, match="'w'"):
        combine(two_fields(), {"w": 1})
    with pytest.raises(MethodError, match="x=inf"):
        combine(two_fields(), {"x": math.inf})
    with pytest.raises(MethodError, match="'x'"):
        combine_fields(two_fields(), {"x": 1})
    with pytest.raises(MethodError, match="target='w'"):
        composite_weights(two_fields(), "w")
    counted = method(Field("F", NAME, "items", (Component("x", NAME, (), 4),)))
    with pytest.raises(MethodError, match="component 'x'"):
        composite_weights(counted, "index")


poolings = st.sampled_from(["items", "equal", "weights"])
weights = st.floats(0.1, 5)


@st.composite
def methods(draw: st.DrawFn) -> MethodVersion:
    fields = []
    for number in range(draw(st.integers(1, 3))):
        parts = tuple(
            component(
                f"c{number}{place}",
                *(f"i{number}{place}{n}" for n in range(draw(st.integers(1, 4)))),
                weight=draw(weights | st.just(0.0)) if place else draw(weights),
            )
            for place in range(draw(st.integers(1, 3)))
        )
        fields.append(Field(f"f{number}", NAME, draw(poolings), parts, draw(weights)))
    return method(
        *fields, pooling=draw(poolings), unanswered=draw(st.sampled_from(["null", "renormalise"]))
    )


@given(made=methods(), data=st.data())
def test_weights_over_items_and_pooling_over_components_give_the_same(
    made: MethodVersion, data: st.DataObject
) -> None:
    values = {code: data.draw(st.floats(0, 100)) for code in made.items}
    empty = data.draw(st.sets(st.sampled_from([c.code for c in made.components]), max_size=2))
    by_component: dict[str, float | None] = {
        c.code: None if c.code in empty else math.fsum(values[i] for i in c.items) / c.item_count
        for c in made.components
    }
    answered = {i for c in made.components if c.code not in empty for i in c.items}

    for target, value in combine(made, by_component).items():
        if value is None:
            with pytest.raises(UnansweredItemError):
                composite_weights(made, target, answered)
        else:
            terms = composite_weights(made, target, answered)
            assert math.fsum(weight for _, weight in terms) == pytest.approx(1)
            assert math.fsum(w * values[i] for i, w in terms) == pytest.approx(value, abs=1e-9)
