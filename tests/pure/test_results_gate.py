"""The gate: small bases stay hidden, and do not follow from what is shown."""

from hypothesis import given
from hypothesis import strategies as st

from analysis.disclosure import MINIMUM_BASE as BASE
from surveyapp.results.gate import PROTECTING, TOO_FEW, hidden

ROWS, COLUMNS = ("a", "b", "c", "d"), ("x", "y", "z")
bases = st.fixed_dictionaries(
    {(row, column): st.integers(0, 40) for row in ROWS for column in COLUMNS}
)


def lines() -> list[list[tuple[str, str]]]:
    across = [[(row, column) for column in COLUMNS] for row in ROWS]
    return across + [[(row, column) for row in ROWS] for column in COLUMNS]


@given(bases)
def test_no_hidden_value_can_be_solved_from_a_line_that_shows_its_sum(n) -> None:
    found = hidden(n, lines())

    for line in lines():
        answered = [cell for cell in line if n[cell]]
        lost = [cell for cell in answered if cell in found]
        safe = len(lost) > 1 and sum(n[cell] for cell in lost) >= BASE
        assert not lost or safe or len(lost) == len(answered), line
    assert all(n[cell] >= BASE for cell in n if n[cell] and cell not in found)


@given(bases)
def test_the_reason_says_which_rule_hides_a_value(n) -> None:
    for cell, reason in hidden(n, lines()).items():
        assert reason == (TOO_FEW if n[cell] < BASE else PROTECTING)


def test_nothing_is_hidden_without_need() -> None:
    assert hidden(dict.fromkeys(((r, c) for r in ROWS for c in COLUMNS), BASE), lines()) == {}


def test_the_next_smallest_base_protects_a_single_hidden_value() -> None:
    n = {("a", "x"): 9, ("b", "x"): 30, ("c", "x"): 12, ("d", "x"): 13}
    assert hidden(n, [list(n)]) == {("a", "x"): TOO_FEW, ("c", "x"): PROTECTING}


def test_two_hidden_values_of_nine_persons_are_protected_by_a_third() -> None:
    n = {("a", "x"): 4, ("b", "x"): 5, ("c", "x"): 40, ("d", "x"): 30}
    assert list(hidden(n, [list(n)])) == [("a", "x"), ("b", "x"), ("d", "x")]


@given(bases)
def test_what_ten_answers_hide_in_a_column_thirty_hide_too(n) -> None:
    for column in COLUMNS:
        line = [(row, column) for row in ROWS]
        of = {cell: n[cell] for cell in line}
        found = hidden(of, [line], 30)
        lost = [cell for cell in line if cell in found]
        shown = [cell for cell in line if n[cell] and cell not in found]
        assert set(hidden(of, [line])) <= set(found)
        assert not (shown and lost) or (len(lost) > 1 and sum(map(n.get, lost)) >= 30)
        assert all(n[cell] >= 30 for cell in shown)
