"""Which weighted sums over strata can be taken apart into the counts of every stratum.

A sum of whole numbers with known, different weights is a knapsack: where the counts of all strata
need fewer binary digits than a number in a file has, only one set of counts fits, and lattice
reduction finds it (Lagarias & Odlyzko 1985, JACM 32:229).
"""

from collections.abc import Sequence

import numpy as np

from analysis.labels import Floats
from analysis.measures import Measure

#: Binary digits of a number in a file.
DIGITS = 53

#: p(1 - p) used for scores, whose spread is not held; sums of scores 1 to 5 spread more.
_SCORE_SPREAD = 0.25


def taken_apart(measures: Sequence[Measure], total: Floats, group: Floats) -> frozenset[str]:
    """Name the measures whose counts per stratum follow from their total.

    Parameters
    ----------
    measures : as in the plan whose (F,) totals are `total`. group : (H,) respondents per stratum.

    Notes
    -----
    The digits that a count needs are the entropy of a binomial number, log2(2 pi e n p q)/2.
    """
    codes = set()
    for j, measure in enumerate(measures):
        spread = _SCORE_SPREAD
        if measure.kind == "share":
            p = total[2 + 2 * j] / total[1 + 2 * j]
            spread = p * (1 - p)
        entropy = 0.5 * np.log2(np.maximum(2 * np.pi * np.e * spread * group, 1.0))
        if entropy.sum() < DIGITS:
            codes.add(measure.code)
    return frozenset(codes)
