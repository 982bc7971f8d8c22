"""Funnel limits by hand, and keeping some agencies without touching the whole."""

import numpy as np
import pytest

from analysis.ranking import funnel, kept
from analysis.scores import scores
from tests.pure.test_analysis_ranking import survey

SHARES = {"A": (30, 40), "B": (18, 30), "C": (45, 50), "D": (4, 8)}


def test_limits_are_those_of_a_proportion_at_the_common_value() -> None:
    """Spiegelhalter (2005): theta +- z sqrt(theta (1 - theta) / n), z = 1.96 and 3.09."""
    found = scores(*survey(SHARES), "q")
    theta = 97 / 128
    points = {point.name: point for point in funnel(found)}
    assert set(points) == {"A", "B", "C"}  # D has fewer than ten answers
    for name, point in points.items():
        assert point.size == pytest.approx(SHARES[name][1] - 1)  # p (1 - p) / V, n - 1 as in V
        half = 1.959964 * np.sqrt(theta * (1 - theta) / point.size)
        assert point.inner == pytest.approx((theta - half, min(1.0, theta + half)), abs=1e-6)
        half = 3.090232 * np.sqrt(theta * (1 - theta) / point.size)
        assert point.outer == pytest.approx((theta - half, min(1.0, theta + half)), abs=1e-6)


def test_keeping_some_agencies_changes_neither_them_nor_the_whole() -> None:
    found = scores(*survey(SHARES), "q")
    some = kept(found, {"C", "A"})
    assert some.names == ("A", "C", "")
    assert some.value.tolist() == found.value[[0, 2, 4]].tolist()
    assert np.array_equal(some.covariance, found.covariance[np.ix_([0, 2, 4], [0, 2, 4])])
