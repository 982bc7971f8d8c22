"""docs/do-phu.md is what the program's own functions give: some cells are computed again."""

import re
from pathlib import Path

import pytest

from tests.load import coverage_tables as tables

TEXT = (Path(__file__).parents[2] / "docs" / "do-phu.md").read_text(encoding="utf-8")


def row(heading: str, first: str) -> list[float]:
    """Numbers of a row of the table below a heading."""
    section = TEXT.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    line = next(one for one in section.splitlines() if one.startswith(f"| {first} |"))
    return [float(cell.replace(",", ".")) for cell in re.findall(r"\d+,\d", line)]


@pytest.mark.parametrize(("method", "heading"), [("wilson", "### wilson (mặc định)"), ("logit", "### logit"), ("korn-graubard", "### korn-graubard")])  # fmt: skip
@pytest.mark.parametrize("n", [10, 30, 100])
def test_committed_coverage_of_shares_is_computed_again(method, heading: str, n: int) -> None:
    limits = tables.share_limits(n, method)
    found = [round(100 * tables.share_coverage(n, p, limits), 1) for p in tables.SHARES]
    assert row(heading, str(n)) == pytest.approx(found, abs=0.051)


def test_committed_coverage_of_differences_is_computed_again() -> None:
    limits = tables.difference_limits(15)
    found = [100 * tables.difference_coverage(15, pair, limits) for pair in tables.DIFFERENCES]
    assert row("## Hiệu giữa hai cơ quan (MOVER)", "15") == pytest.approx(found, abs=0.051)


def test_committed_coverage_of_composites_is_simulated_again() -> None:
    runs = 30  # as the committed table: 300 // 10
    found = [100 * share for share in tables.composite_coverage(30, runs)]
    assert row("## Chỉ số tổng hợp", "30") == pytest.approx(found, abs=0.051)
