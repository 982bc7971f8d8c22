"""Replicate weights: jackknife and bootstrap, to check linearised errors or for given weights.

References: Wolter (2007), *Introduction to Variance Estimation*, 2nd ed., ch. 4 (JKn); Rao & Wu
(1988, JASA 83:231) for the rescaled bootstrap. R: ``as.svrepdesign``, ``svrepdesign``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.design import SurveyDesign
from analysis.errors import DesignError
from analysis.estimate import values_of
from analysis.labels import Floats, Labels, as_labels, sum_by
from analysis.measures import Plan


@dataclass(frozen=True, slots=True)
class Replicates:
    """Replicate weights of the rows and how their estimates make a variance.

    Attributes
    ----------
    weight : (n,) full-sample weights. replicate : (n, R) weights of each replicate.
    scale : (R,) factor of each replicate's squared deviation.
    about_estimate : deviations from the full-sample estimate (R's ``mse=TRUE``), or else from the
        mean of the replicates.
    """

    weight: Floats
    replicate: Floats
    scale: Floats
    about_estimate: bool = False


def jackknife(
    design: SurveyDesign, *, fpc: bool = True, about_estimate: bool = False
) -> Replicates:
    """Leave out one first-stage unit at a time (JKn; with one stratum JK1)."""
    stratum, unit_stratum, unit = _units(design)
    n = np.bincount(unit_stratum).astype(np.float64)
    lonely = np.flatnonzero(n == 1)
    if lonely.size:
        raise DesignError("psu", design.strata.names[lonely[0]], "two units per stratum are needed")
    same = stratum[:, None] == unit_stratum[None, :]
    left_out = unit[:, None] == np.arange(unit_stratum.size)[None, :]
    grown = (n / (n - 1))[unit_stratum]
    factor = np.where(left_out, 0.0, np.where(same, grown[None, :], 1.0))
    scale = ((n - 1) / n)[unit_stratum]
    if fpc and design.pop_size:
        size = np.empty(n.size)
        size[stratum] = design.pop_size[0]
        scale = scale * (1 - n / size)[unit_stratum]
    return Replicates(design.weight, design.weight[:, None] * factor, scale, about_estimate)


def bootstrap(design: SurveyDesign, rng: np.random.Generator, draws: int) -> Replicates:
    """Resample n_h - 1 first-stage units with replacement per stratum (no correction)."""
    _, unit_stratum, unit = _units(design)
    n = np.bincount(unit_stratum)
    if (n == 1).any():
        name = design.strata.names[int(np.flatnonzero(n == 1)[0])]
        raise DesignError("psu", name, "two units per stratum are needed")
    times = np.empty((unit_stratum.size, draws))
    for h, count in enumerate(n):
        drawn = rng.multinomial(count - 1, np.full(count, 1 / count), size=draws)
        times[unit_stratum == h] = drawn.T * count / (count - 1)
    weights = design.weight[:, None] * times[unit]
    return Replicates(design.weight, weights, np.full(draws, 1 / (draws - 1)), about_estimate=True)


def replicate_covariance(
    replicates: Replicates,
    plan: Plan,
    values: Mapping[str, npt.ArrayLike],
    cells: "npt.ArrayLike | Labels | None" = None,
) -> tuple[Floats, Floats]:
    """Estimates and their joint covariance from replicate weights.

    Parameters
    ----------
    plan, values, cells : as for `analysis.reduction.moments_of`.

    Returns
    -------
    (C, E) values and the (C * E, C * E) covariance, estimates of a cell side by side.
    """
    columns = {code: np.asarray(values[code], dtype=np.float64) for code in plan.columns()}
    features = plan.features(columns)
    n = features.shape[0]
    labels = Labels(np.zeros(n, np.int64), ("",)) if cells is None else as_labels(cells)
    inside = labels.code >= 0
    cell, size = labels.code[inside], len(labels.names)

    def estimate(weight: Floats) -> Floats:
        return values_of(sum_by(cell, features[inside] * weight[inside, None], size), plan)

    value = estimate(replicates.weight)
    each = np.stack([estimate(w).ravel() for w in replicates.replicate.T])
    centre = value.ravel() if replicates.about_estimate else each.mean(axis=0)
    away = each - centre
    return value, (away * replicates.scale[:, None]).T @ away


def _units(design: SurveyDesign) -> tuple[npt.NDArray[np.int64], ...]:
    """Stratum of each row, stratum of each first-stage unit, unit of each row."""
    stratum = np.unique(design.strata.code, return_inverse=True)[1].astype(np.int64)
    unit = design.unit_keys()[1] if design.stages else np.arange(design.n)
    first = np.unique(unit, return_index=True)[1]
    return stratum, stratum[first], unit
