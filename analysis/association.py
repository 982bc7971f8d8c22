"""Tests under a survey design: association of two classifications, difference of two means.

Rao & Scott (1984, Annals of Statistics 12:46), as R ``survey::svychisq`` (statistics ``F`` and
``Chisq``); design-based t test as ``survey::svyttest``. Tests ask about the way agencies work, so
by default without finite population correction; R applies it where the design has sizes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimate import Moments, joint_covariance, whole
from analysis.intervals import t_quantile
from analysis.labels import Floats, Labels, as_labels
from analysis.measures import Measure, Plan, plan
from analysis.reduction import moments_of


@dataclass(frozen=True, slots=True)
class Association:
    """Pearson's statistic of a weighted table, corrected for the design.

    Attributes
    ----------
    statistic : X-squared of the table scaled to n. n : rows. df : of the uncorrected test.
    f, f_df : second-order F statistic and its two degrees of freedom. p_value : of the F test.
    p_first_order : of X-squared over its mean design effect.
    """

    statistic: float
    n: int
    df: int
    f: float
    f_df: tuple[float, float]
    p_value: float
    p_first_order: float


@dataclass(frozen=True, slots=True)
class MeanTest:
    """Design-based t test of first minus second mean."""

    difference: float
    se: float
    t: float
    df: int
    p_value: float
    ci: tuple[float, float]


def rao_scott(
    design: SurveyDesign,
    rows: "npt.ArrayLike | Labels",
    columns: "npt.ArrayLike | Labels",
    *,
    fpc: bool = False,
) -> Association:
    """Test the association of two classifications.

    Parameters
    ----------
    design : design of the n rows.
    rows, columns : (n,) labels; a row without one of them is left out.
    fpc : with finite population correction, about these transactions only.

    Raises
    ------
    AnalysisError : fewer than two categories, or a category without weight.
    """
    first, second = as_labels(rows), as_labels(columns)
    both = (first.code >= 0) & (second.code >= 0)
    r, c = len(first.names), len(second.names)
    if min(r, c) < 2:
        raise AnalysisError("rows", (r, c), "both classifications need two categories")
    names = tuple(f"{i:04d}" for i in range(r * c))
    cells = Labels(np.where(both, first.code * c + second.code, -1), names)
    layout = plan([Measure("one", "total")])
    ones = {"one": np.where(both, 1.0, np.nan)}
    moments = moments_of(design, layout, ones, cells)
    _, totals, covariance = joint_covariance(moments, layout, "one", fpc=fpc)
    count = np.nan_to_num(totals[:-1])
    weight = float(count.sum())
    p = count / weight
    slope = (np.eye(r * c) - p[:, None]) / weight
    variance = slope @ covariance[:-1, :-1] @ slope.T
    every = whole(moments, layout).at("", "one")
    return _association(p.reshape(r, c), variance, every.n, every.df)


def mean_difference(
    moments: Moments,
    layout: Plan,
    code: str,
    cells: tuple[str, str],
    level: float = 0.95,
    *,
    fpc: bool = False,
) -> MeanTest:
    """Test the difference of a mean or share between two cells of one breakdown.

    Degrees of freedom are those of the rows of both cells, less one, as in a regression on
    the cell. `fpc` as for `rao_scott`.
    """
    names, values, covariance = joint_covariance(moments, layout, code, fpc=fpc)
    missing = [cell for cell in cells if cell not in names[:-1]]
    if missing:
        raise AnalysisError("cells", missing[0], "must be cells of the breakdown")
    i, j = (names.index(cell) for cell in cells)
    difference = float(values[i] - values[j])
    variance = covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]
    units, held = moments.reach(int(layout.counted[layout.codes.index(code)]))
    psu = units[i, i] + units[j, j] - units[i, j]
    df = int(psu - np.count_nonzero(held[i] | held[j])) - 1
    if np.isnan(difference) or df < 1 or variance <= 0:
        raise AnalysisError("cells", cells, "have no difference with an error to be tested")
    se = float(np.sqrt(variance))
    t = difference / se
    half = float(t_quantile(np.array([float(df)]), level)[0]) * se
    p = 2 * float(special.stdtr(df, -abs(t)))
    return MeanTest(difference, se, t, df, p, (difference - half, difference + half))


def _association(p: Floats, variance: Floats, n: int, nu: int) -> Association:
    expected = np.outer(p.sum(axis=1), p.sum(axis=0))
    if (expected <= 0).any():
        raise AnalysisError("rows", "a category", "has no weight; leave it out")
    statistic = float(n * np.sum((p - expected) ** 2 / expected))
    contrasts = _interactions(*p.shape)
    flat = p.ravel()
    inverse = np.divide(1.0, flat, out=np.zeros_like(flat), where=flat > 0)
    simple = contrasts.T @ (inverse[:, None] * contrasts) / n
    complex_ = contrasts.T @ (inverse[:, None] * variance * inverse) @ contrasts
    delta = np.linalg.solve(simple, complex_)
    trace = float(np.trace(delta))
    df = contrasts.shape[1]
    d0 = trace**2 / float(np.trace(delta @ delta))
    f = statistic / trace
    return Association(
        statistic, n, df, f, (d0, d0 * nu), float(special.fdtrc(d0, d0 * nu, f)),
        float(special.gammaincc(df / 2, statistic / (trace / df) / 2)),
    )  # fmt: skip


def _interactions(r: int, c: int) -> Floats:
    """Contrasts of the interaction, orthogonal to the main effects, (r c, (r - 1)(c - 1))."""
    row, column = np.divmod(np.arange(r * c), c)
    main = np.column_stack(
        [np.ones(r * c)]
        + [(row == i).astype(float) for i in range(1, r)]
        + [(column == j).astype(float) for j in range(1, c)]
    )
    joint = np.column_stack(
        [((row == i) & (column == j)).astype(float) for j in range(1, c) for i in range(1, r)]
    )
    basis, _ = np.linalg.qr(main)
    return np.asarray(joint - basis @ (basis.T @ joint), dtype=np.float64)
