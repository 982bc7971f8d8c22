"""Places of agencies beside what the data allow: the range of places and the group."""

from typing import Any

import numpy as np

from analysis.ranking import ranking
from analysis.scores import Scores


def ranks(scores: Scores, decimals: int, factor: float, answers_sha256: str) -> dict[str, Any]:
    """Return place, range of places (for the whole table at once) and group of every agency.

    Plain values (JSON). The seed of the simulated distribution comes from the answers' digest, so
    that the same answers give the same ranges; it is stored with the result. Fewer than two
    comparable agencies have no places.
    """
    seed = int(answers_sha256[:8], 16)
    if np.count_nonzero(scores.comparable[:-1]) < 2:
        return {"seed": seed, "agencies": {}}
    found = ranking(scores, decimals=decimals, factor=factor, seed=seed)
    return {
        "seed": seed,
        "agencies": {
            rank.name: {
                "place": rank.place,
                "range": list(rank.simultaneous) if rank.simultaneous else None,
                "group": rank.group,
            }
            for rank in found
        },
    }
