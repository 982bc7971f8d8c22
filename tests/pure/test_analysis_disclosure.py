"""Nobody can solve for what is hidden: thresholds, complementary cells, an attack."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@settings(derandomize=True, max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_attack_by_equations_finds_no_hidden_cell_of_a_two_way_table(seed: int) -> None:
    """An attacker writes every margin as an equation and asks which unknowns are determined."""
    rng = np.random.default_rng(seed)
    base = rng.integers(4, 60, (5, 3))
    value = rng.binomial(base, 0.8)
    cells = {(r, c): Cell(int(base[r, c]), int(value[r, c])) for r in range(5) for c in range(3)}
    for r in range(5):
        cells[r, "all"] = Cell(int(base[r].sum()), int(value[r].sum()))
    for c in [*range(3), "all"]:
        column = [cells[r, c] for r in range(5)]
        cells["all", c] = Cell(sum(x.base for x in column), sum(x.value for x in column))
    margins = [Margin((r, "all"), tuple((r, c) for c in range(3))) for r in [*range(5), "all"]]
    margins += [Margin(("all", c), tuple((r, c) for r in range(5))) for c in [*range(3), "all"]]
    hidden = suppressed(cells, margins)
    assert all(withheld(cell) is None or key in hidden for key, cell in cells.items())

    unknown = list(hidden)
    system = np.array([
        [(key in m.parts) - float(key == m.total) for key in unknown] for m in margins
    ]).reshape(len(margins), len(unknown))  # fmt: skip
    if unknown:
        _, s, vt = np.linalg.svd(system)
        free = vt[np.count_nonzero(s > 1e-9) :]
        determined = [
            key for i, key in enumerate(unknown) if np.abs(free[:, i]).max(initial=0) < 1e-9
        ]
        assert determined == []
    shown_then = {key: 1 for key in cells if key not in hidden}
    assert ("all", "all") in shown_then
