"""Two rounds for surveys too small to give their covariance: totals out, then variances.

In the first round every survey gives its totals. The gradients of the wanted estimates follow from
the merged totals; in the second round every survey gives the variance of each linearised estimate,
one number instead of the covariance of all features.
"""

from dataclasses import replace

import numpy as np

from analysis.errors import AnalysisError
from analysis.estimate import Moments, gradient_of
from analysis.federated import FederatedTotals, Origin, complete_totals
from analysis.measures import Plan, plan
from analysis.moments import settled


def first_round(
    moments: Moments, layout: Plan, origin: Origin, *, fpc: bool = True
) -> FederatedTotals:
    """Reduce moments to totals without any second moment.

    Parameters
    ----------
    moments : under a plan with ``joint=True``. origin : where they come from.

    Raises
    ------
    AnalysisError : as `complete_totals`.
    """
    full = complete_totals(moments, layout, origin, fpc=fpc)
    return _without_second_moments(full)


def second_round(
    moments: Moments, layout: Plan, origin: Origin, merged: FederatedTotals
) -> FederatedTotals:
    """Give the variances of the estimates, linearised at the merged totals of the first round.

    The gradients are computed here from the totals, not taken from the file: a file cannot ask
    for the variance of anything but its measures.

    Raises
    ------
    AnalysisError : `merged` is no first round, does not hold this survey and these very data, or
        has measures that this survey leaves out or does not have.
    """
    if merged.stage != "totals":
        raise AnalysisError("stage", merged.stage, "must be the totals of a first round")
    if origin.survey not in merged.surveys or origin.digest not in merged.digests:
        raise AnalysisError("survey", origin.survey, "is not in the totals of the first round")
    full = complete_totals(moments, layout, origin, fpc=merged.fpc)
    codes = plan(merged.measures, merged.composites).codes
    own = full.only(codes)
    for argument in ("method", "measures", "composites", "fpc"):
        if getattr(own, argument) != getattr(merged, argument):
            found = getattr(merged, argument)
            raise AnalysisError(argument, found, "must be the same in every file")
    slope = gradient_of(merged.total[None], plan(own.measures, own.composites))[0]
    variance = np.einsum("ef,fg,eg->e", slope, own.covariance, slope)
    gross = np.einsum("ef,fg,eg->e", np.abs(slope), np.abs(own.covariance), np.abs(slope))
    return replace(own, covariance=settled(variance, gross), stage="variances", point=merged.total)


def _without_second_moments(full: FederatedTotals) -> FederatedTotals:
    """Keep the totals; sums that rest on variances come with the second round."""
    nothing = np.zeros_like(full.above)
    return replace(
        full, covariance=np.zeros(0), stage="totals", above=nothing, below=nothing,
    )  # fmt: skip
