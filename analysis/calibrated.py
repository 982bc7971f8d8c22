"""Moments under calibrated weights: variances of residuals on the margins.

After post-stratification or raking the linearised values are residuals of a regression on the
margins over the whole sample. The margins enter the moments as further features, so that one
pass still serves every estimate; the projection is a matter of gradients.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.design import LonelyPsu, SurveyDesign
from analysis.errors import DesignError
from analysis.labels import Bools, Floats, Ints, Labels, as_labels, sum_by
from analysis.measures import Plan
from analysis.moments import ElementMoments, Pairs, element_moments, settled
from analysis.products import Products
from analysis.unit_totals import UnitTotals, unit_totals


@dataclass(frozen=True, slots=True)
class CalibratedMoments:
    """Moments whose variances are those of residuals on the margins.

    Attributes
    ----------
    inner : moments of the F features of the plan and the G margins, under the final weights.
    n_features : F.
    cross_stratum, cross_cell : (Q,) codes of the pairs of `cross`.
    cross : (Q, G, F) sums of d z v' with the weights d of the projection.
    kept : places of the plan's products among those of `inner`.
    inverse : (G, G) generalised inverse of the sum of d z z' over the whole sample.
    """

    inner: ElementMoments | UnitTotals
    n_features: int
    cross_stratum: Ints
    cross_cell: Ints
    cross: Floats
    kept: Ints
    inverse: Floats

    @property
    def cells(self) -> tuple[str, ...]:
        """Names of the cells."""
        return self.inner.cells

    @property
    def strata(self) -> tuple[str, ...]:
        """Names of the strata."""
        return self.inner.strata

    @property
    def lonely_psu(self) -> LonelyPsu:
        """Policy for strata with one unit."""
        return self.inner.lonely_psu

    @property
    def n_psu(self) -> Floats:
        """Sampling units per stratum, (H,)."""
        return self.inner.n_psu

    @property
    def first_size(self) -> Floats:
        """Units per stratum of the population, (H,), inf = unknown."""
        return self.inner.first_size

    @property
    def taken_whole(self) -> Bools:
        """Strata taken whole, (H,)."""
        return self.inner.taken_whole

    @property
    def spread(self) -> Floats:
        """Sums of w v v' per cell for the products of the plan, last = outside."""
        return self.inner.spread[:, self.kept]

    def check(self) -> None:
        """Refuse what only shows when all parts are there."""
        self.inner.check()

    def pairs(self) -> Pairs:
        """Return the first moments of the features of the plan."""
        found, size = self.inner.pairs(), self.n_features
        return replace(
            found,
            total=found.total[:, :size],
            count=found.count[:, :size],
            psu=found.psu[:, :size],
        )

    def reach(self, feature: int) -> tuple[Floats, Bools]:
        """Units that two cells share, and the strata of each cell."""
        return self.inner.reach(feature)

    def collapsed(self) -> "CalibratedMoments":
        """Return the moments of the whole, as a single cell."""
        everywhere = np.zeros_like(self.cross_cell)
        return replace(self, inner=self.inner.collapsed(), cross_cell=everywhere)

    def by_stratum(self) -> "CalibratedMoments":
        """Return the moments with the strata as cells."""
        return replace(self, inner=self.inner.by_stratum(), cross_cell=self.cross_stratum)

    def variance(self, gradient: Floats, *, fpc: bool = True) -> Floats:
        """Variances of the estimates of each cell; as `ElementMoments.variance`."""
        result = np.zeros(gradient.shape[:2])
        for c, part in enumerate(gradient):
            wide = np.zeros((part.shape[0], len(self.cells) + 1, part.shape[1]))
            wide[:, c] = part
            full = self._residual(wide)
            covariance = self.inner.covariance(full, fpc=fpc)
            result[c] = settled(np.diagonal(covariance), self.inner.gross(full))
        return result

    def covariance(self, gradient: Floats, *, fpc: bool = True) -> Floats:
        """Joint covariance over several cells; as `ElementMoments.covariance`."""
        return self.inner.covariance(self._residual(gradient), fpc=fpc)

    def _residual(self, gradient: Floats) -> Floats:
        """Add to a gradient (E, C + 1, F) what the margins explain, (E, C + 1, F + G)."""
        width = len(self.cells) + 1
        cross = sum_by(self.cross_cell % width, self.cross, width)
        explained = np.einsum("ecf,cgf->eg", gradient, cross) @ self.inverse.T
        everywhere = np.repeat(-explained[:, None, :], width, axis=1)
        return np.concatenate([gradient, everywhere], axis=2)


def calibrated_moments(
    design: SurveyDesign,
    plan: Plan,
    values: Mapping[str, npt.ArrayLike],
    aux: Floats,
    base_weight: npt.ArrayLike,
    cells: "npt.ArrayLike | Labels | None" = None,
) -> CalibratedMoments:
    """Reduce the rows of a design with calibrated weights.

    Parameters
    ----------
    design : with the final, calibrated weights.
    plan, values, cells : as for `analysis.reduction.moments_of`.
    aux : (n, G) auxiliary variables whose totals the weights meet.
    base_weight : (n,) weights of the projection: those before calibration (R's ``calibrate``);
        R's ``rake`` projects with equal ones.
    """
    base = np.asarray(base_weight, dtype=np.float64)
    if aux.shape[0] != design.n or base.shape != (design.n,):
        raise DesignError("aux", aux.shape, f"must hold {design.n} rows, as base_weight")
    labels = Labels(np.zeros(design.n, np.int64), ("",)) if cells is None else as_labels(cells)
    columns = {code: np.asarray(values[code], dtype=np.float64) for code in plan.columns()}
    features = plan.features(columns)
    both = np.concatenate([features, aux], axis=1)
    full = Products.everything(both.shape[1])
    inner = (unit_totals if design.stages else element_moments)(design, both, labels, full)
    place = np.zeros((full.size, full.size), np.int64)
    place[full.first, full.second] = np.arange(full.first.size)
    kept = place[plan.products.first, plan.products.second]
    width = len(labels.names) + 1
    key, group = np.unique(design.strata.code * width + labels.code + 1, return_inverse=True)
    cross = np.zeros((key.size, aux.shape[1], features.shape[1]))
    for q in range(key.size):
        mine = group == q
        cross[q] = (aux[mine] * base[mine][:, None]).T @ features[mine]
    gram = (aux * base[:, None]).T @ aux
    return CalibratedMoments(
        inner, features.shape[1], key // width, key % width - 1, cross, kept,
        np.asarray(np.linalg.pinv(gram, hermitian=True, rcond=1e-12), np.float64),
    )  # fmt: skip
