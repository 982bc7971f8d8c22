"""Places of the published agencies beside what the data allow: ranges, groups, pairs, funnel."""

from collections.abc import Collection
from typing import Any

import numpy as np

from analysis.contrasts import all_pairs, differences
from analysis.ranking import funnel, kept, ranking
from analysis.scores import Scores


def ranks(
    scores: Scores,
    published: Collection[str],
    decimals: int,
    scale: tuple[float, float],
    answers_sha256: str,
) -> dict[str, Any]:
    """Return place, ranges of places and group of every published agency, as plain values.

    Agencies whose score stays hidden are left out altogether: a gap between two places would
    tell where it lies. The seed of the simulated distribution comes from the answers' digest, so
    that the same answers give the same ranges; it is stored with the result. Fewer than two
    comparable agencies have no places. `scale` is factor and shift to the published unit.
    """
    seed = int(answers_sha256[:8], 16)
    shown = kept(scores, published)
    if np.count_nonzero(shown.comparable[:-1]) < 2:
        return {"seed": seed, "agencies": {}, "pairs": None, "funnel": []}
    pairs = differences(shown, all_pairs(shown))
    found = ranking(shown, decimals=decimals, factor=scale[0], seed=seed)
    return {
        "seed": seed,
        "agencies": {
            rank.name: {
                "place": rank.place,
                "own_range": list(rank.marginal) if rank.marginal else None,
                "range": list(rank.simultaneous) if rank.simultaneous else None,
                "group": rank.group,
            }
            for rank in found
        },
        "pairs": {"compared": len(pairs), "differ": sum(pair.decided for pair in pairs)},
        "funnel": [
            {
                "agency": point.name,
                "size": point.size,
                "value": _scaled(point.value, scale),
                "inner": [_scaled(limit, scale) for limit in point.inner],
                "outer": [_scaled(limit, scale) for limit in point.outer],
            }
            for point in funnel(shown)
        ],
    }


def _scaled(value: float, scale: tuple[float, float]) -> float:
    return scale[0] * value + scale[1]
