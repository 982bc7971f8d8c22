"""The gate: what is hidden of estimates and counts, what the stored content still holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.results.gate import (
    Basis,
    Links,
    changed_little,
    hidden_counts,
    hidden_estimates,
    reason,
    sealed,
    without,
)

LINKS = Links("index", {"x": 0.5, "y": 0.5}, {}, dict.fromkeys(("index", "x", "y"), (0.0, 100.0)))


def estimate(value: float, n: int) -> dict:
    ci = [value - 1, value + 1]
    return {"value": value, "se": 1.2345, "ci": ci, "n": n, "flag": "ok", "reason": None}


def found(sizes: dict[str, int]) -> dict:
    """Estimates of agencies with x = 60 and y = 80, and of the whole."""
    rows = {**sizes, "": sum(sizes.values())}
    return {
        row: {"x": estimate(60.123, n), "y": estimate(80.0, n), "index": estimate(70.0615, n)}
        for row, n in rows.items()
    }


def test_the_next_smallest_agency_protects_a_single_hidden_one() -> None:
    sizes = {"a": 9, "b": 12, "c": 40}
    hidden = hidden_estimates(found(sizes), LINKS, sizes)
    assert {row for row, _ in hidden} == {"a", "b"}
    assert {hidden["a", code] for code in ("x", "y", "index")} == {"base"}
    assert {hidden["b", code] for code in ("x", "y", "index")} == {"complementary"}


def test_nothing_is_hidden_without_need() -> None:
    sizes = {"a": 10, "b": 12, "c": 40}
    assert hidden_estimates(found(sizes), LINKS, sizes) == {}


def test_without_a_whole_a_small_agency_stands_alone() -> None:
    values = found({"a": 9, "b": 12, "c": 40})
    del values[""]
    assert {row for row, _ in hidden_estimates(values, LINKS, {})} == {"a"}


def test_what_is_stored_has_no_hidden_value_and_no_digit_too_many() -> None:
    sizes = {"a": 9, "b": 12, "c": 40}
    hidden = hidden_estimates(found(sizes), LINKS, sizes)
    stored = without(found(sizes), hidden, LINKS, 2)
    assert stored["a"]["x"] == {
        "value": None, "se": None, "ci": None, "n": 9, "flag": "small", "reason": None,
        "hidden": "base",
    }  # fmt: skip
    assert stored["c"]["x"]["value"] == 60.12
    assert stored[""]["index"]["value"] == 70.06
    assert [(each.agency, each.n) for each in sealed(found(sizes), hidden, "index")] == [
        ("a", 9),
        ("b", 12),
    ]


def test_what_is_not_printed_is_not_stored_either() -> None:
    values = found({"a": 20, "b": 30})
    values["a"]["question"] = estimate(50.0, 20)
    assert "question" not in without(values, {}, LINKS, 2)["a"]


def test_an_earlier_pattern_stays_and_few_new_answers_hide_a_cell() -> None:
    sizes = {"a": 20, "b": 30, "c": 40}
    hidden = hidden_estimates(found(sizes), LINKS, sizes, [("a", "x")])
    assert hidden["a", "x"] == "complementary"  # as the first run named it
    before = {
        ("a", "x"): {Basis(20, "p")},
        ("b", "x"): {Basis(30, "q"), Basis(60, "r")},
        ("c", "x"): {Basis(40, "s")},
    }
    now = {("a", "x"): Basis(20, "p"), ("b", "x"): Basis(33, "t"), ("c", "x"): Basis(50, "u")}
    now["d", "x"] = Basis(9, "v")
    assert changed_little(before, now) == {("b", "x")}


def test_as_many_answers_of_others_or_of_nobody_knows_whom_stay_hidden() -> None:
    before = {("a", "x"): {Basis(40, "p")}}
    assert changed_little(before, {("a", "x"): Basis(40, "p")}) == set()
    assert changed_little(before, {("a", "x"): Basis(40, "q")}) == {("a", "x")}
    assert changed_little({("a", "x"): {Basis(40)}}, {("a", "x"): Basis(40)}) == {("a", "x")}
    assert changed_little(before, {("a", "x"): Basis(50, "q")}) == set()


def test_a_reason_says_which_rule_hides_a_value() -> None:
    assert reason("base") == "dưới 10"
    assert reason("distribution", 30) == "dưới 30"
    assert {reason(rule) for rule in ("complementary", "earlier", "sensitive")} == {"không nêu"}


def test_a_sensitive_answer_is_given_by_nobody_or_by_three() -> None:
    assert hidden_counts({"": {"yes": 2, "no": 50}}, ()) == {}
    assert set(hidden_counts({"": {"yes": 2, "no": 50}}, (), sensitive=True)) == {
        ("", "yes"),
        ("", "no"),
    }
    assert hidden_counts({"": {"yes": 0, "no": 50}}, (), sensitive=True) == {}
    assert hidden_counts({"": {"yes": 3, "no": 47}}, (), sensitive=True) == {}


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=5, max_size=5), min_size=2, max_size=5))
def test_counts_of_an_agency_are_shown_from_thirty_answers_on(rows) -> None:
    table = {f"a{i}": dict(zip("12345", row, strict=True)) for i, row in enumerate(rows)}
    table[""] = {option: sum(row[option] for row in table.values()) for option in "12345"}
    hidden = hidden_counts(table, ("4", "5"))
    for row, counts in table.items():
        base = sum(counts.values())
        for option in "12345":
            assert not base or base >= 30 or (row, option) in hidden
        assert not base or base >= 10 or (row, "satisfied") in hidden
        lost = [option for option in "12345" if (row, option) in hidden]
        assert len(lost) != 1  # the others and the number of answers would tell it


@pytest.mark.parametrize("n", [1, 9])
def test_a_whole_that_stands_for_one_small_agency_is_hidden(n: int) -> None:
    sizes = {"a": n}
    assert ("", "index") in hidden_estimates(found(sizes), LINKS, sizes)
