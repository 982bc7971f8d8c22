"""Nobody can solve for what is hidden: thresholds, complementary cells, an attack."""

import doctest

import pytest

import analysis.disclosure
from analysis.disclosure import Cell, Margin, exposed, suppressed, withheld
from analysis.errors import AnalysisError


def table(counts: dict[str, tuple[int, int]]) -> tuple[dict, list[Margin]]:
    """Agencies with (satisfied, base), and the whole."""
    cells = {name: Cell(base, yes) for name, (yes, base) in counts.items()}
    cells["whole"] = Cell(sum(c.base for c in cells.values()), sum(c.value for c in cells.values()))
    return cells, [Margin("whole", tuple(counts))]


def test_thresholds_stand_on_the_base() -> None:
    assert withheld(Cell(9, 9)) == "base"
    assert withheld(Cell(10, 10)) is None
    assert withheld(Cell(40, 38, sensitive=True)) == "sensitive"
    assert withheld(Cell(40, 40, sensitive=True)) is None
    assert withheld(Cell(40, 20, (20, 18, 2), sensitive=True)) == "sensitive"
    assert withheld(Cell(29, 20, (20, 9), distribution=True)) == "distribution"
    assert withheld(Cell(30, 20, (20, 10), distribution=True)) is None
    assert doctest.testmod(analysis.disclosure).failed == 0


def test_one_hidden_agency_takes_the_smallest_other_with_it() -> None:
    cells, margins = table({"A": (25, 30), "B": (5, 8), "C": (12, 15), "D": (30, 40)})
    assert suppressed(cells, margins) == {"B": "base", "C": "complementary"}


def test_an_agency_that_nobody_rated_hides_nothing_else() -> None:
    """It has no count to protect, and gives no cover to another hidden one either."""
    cells, margins = table({"A": (25, 30), "B": (0, 0), "C": (12, 15), "D": (30, 40)})
    assert suppressed(cells, margins) == {"B": "base"}
    cells, margins = table({"A": (25, 30), "B": (0, 0), "C": (5, 8), "D": (30, 40)})
    assert suppressed(cells, margins) == {"B": "base", "C": "base", "A": "complementary"}


def test_two_small_agencies_below_the_threshold_together_take_a_third() -> None:
    cells, margins = table({"A": (25, 30), "B": (2, 4), "C": (3, 5), "D": (30, 40)})
    assert set(suppressed(cells, margins)) == {"A", "B", "C"}


def test_unanimous_hidden_agencies_are_not_given_away_by_their_sum() -> None:
    """Two hidden agencies that are all satisfied: their sum says so of each."""
    cells, margins = table({"A": (20, 30), "B": (6, 6), "C": (12, 12), "D": (30, 40)})
    hidden = suppressed(cells, margins)
    assert hidden["A"] == "complementary"
    assert exposed(cells, margins, {"B", "C"}) == ["B", "C"]
    assert exposed(cells, margins, hidden) == []


def test_a_composite_gives_away_its_only_hidden_item() -> None:
    cells = {"q1": Cell(40, 30), "q2": Cell(9, 4), "q3": Cell(45, 20), "index": Cell(1.0, 0.0)}
    share = sum(cells[q].value / cells[q].base for q in ("q1", "q2", "q3")) / 3
    cells["index"] = Cell(45, 45 * share)
    weights = tuple(45 / (3 * cells[q].base) for q in ("q1", "q2", "q3"))
    margins = [Margin("index", ("q1", "q2", "q3"), weights)]
    assert suppressed(cells, margins) == {"q2": "base", "q1": "complementary"}


def test_a_later_release_keeps_the_pattern() -> None:
    cells, margins = table({"A": (25, 30), "B": (9, 12), "C": (12, 15), "D": (30, 40)})
    assert suppressed(cells, margins) == {}
    assert suppressed(cells, margins, earlier=["B"]) == {"B": "earlier", "C": "complementary"}


def test_a_margin_of_unknown_cells_is_refused() -> None:
    with pytest.raises(AnalysisError, match="must name cells"):
        suppressed({"A": Cell(20, 10)}, [Margin("whole", ("A",))])


def test_items_of_the_same_people_do_not_cover_one_another() -> None:
    """Two items that the same six people left out are still only a few people's answers."""
    cells = {"q1": Cell(6, 3), "q2": Cell(6, 5), "q3": Cell(40, 20), "q4": Cell(41, 30)}
    cells["index"] = Cell(41, 41 / 4 * sum(c.value / c.base for c in cells.values()))
    parts = ("q1", "q2", "q3", "q4")
    weights = tuple(41 / (4 * cells[q].base) for q in parts)
    apart = suppressed(cells, [Margin("index", parts, weights)])
    same = suppressed(cells, [Margin("index", parts, weights, same_people=True)])
    assert set(apart) == {"q1", "q2"}
    assert set(same) == {"q1", "q2", "q3"}


def test_a_distribution_is_covered_by_thirty_answers_only() -> None:
    cells = {"A": Cell(40, 9, distribution=True), "B": Cell(12, 3, distribution=True)}
    cells |= {"C": Cell(9, 2, distribution=True), "D": Cell(50, 9, distribution=True)}
    cells["whole"] = Cell(111, 23, distribution=True)
    hidden = suppressed(cells, [Margin("whole", ("A", "B", "C", "D"))])
    assert hidden == {"B": "distribution", "C": "base", "A": "complementary"}


def test_what_no_program_proved_safe_counts_as_given_away(monkeypatch) -> None:
    """Without any program left nothing is proved, so that more is hidden, never less."""
    cells, margins = table({"A": (25, 30), "B": (5, 8), "C": (12, 15), "D": (30, 40)})
    monkeypatch.setattr(analysis.disclosure, "MOST_PROGRAMS", 0)
    assert set(suppressed(cells, margins)) == {"A", "B", "C", "D", "whole"}
