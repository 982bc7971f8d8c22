"""Moments of shares by counting: the fast way for many rows with one weight per stratum and cell.

Features of shares are 0 or 1, so their moments follow exactly from three counts per item, stratum
and cell; no product is ever formed. Other measures take the general way.
"""

from collections.abc import Mapping

import numpy as np

from analysis.design import SurveyDesign
from analysis.labels import Floats, Ints, Labels
from analysis.measures import Plan
from analysis.moments import ElementMoments, stratum_sizes

_BLOCK = 65_536  # rows counted at once: they stay in the cache
_PAIRS = 1_000_000  # stratum x cell codes up to which they are counted without sorting


def share_moments(
    design: SurveyDesign, plan: Plan, values: Mapping[str, Floats], cells: Labels
) -> ElementMoments | None:
    """Reduce the rows of an element design to the moments of shares.

    Returns
    -------
    None where this way does not apply: sampling units above the row, other measures than shares,
    products of two items (they do not follow from the counts of each), weights that vary within a
    stratum and cell, values other than 0, 1 and nan.
    """
    width = len(cells.names) + 1
    if design.stages or plan.composites or any(item.kind != "share" for item in plan.measures):
        return None
    if len(design.strata.names) * width > _PAIRS or _joins_items(plan):
        return None
    key = design.strata.code * width + (cells.code + 1)
    present = np.flatnonzero(np.bincount(key, minlength=len(design.strata.names) * width))
    lookup = np.zeros(len(design.strata.names) * width, np.int64)
    lookup[present] = np.arange(present.size)
    pair = lookup[key]
    weight = np.zeros(present.size)
    weight[pair] = design.weight
    if not (weight > 0).all() or not np.array_equal(weight[pair], design.weight):
        return None
    counts = _counts(plan, values, pair, present.size)
    if counts is None:
        return None
    n = np.bincount(pair, minlength=present.size).astype(np.float64)
    return _moments(design, plan, (present // width, present % width - 1, weight, n, counts), cells)


def _joins_items(plan: Plan) -> bool:
    """Tell whether a kept product joins features of two items (1 and 2, 3 and 4, ...)."""
    first, second = plan.products.first, plan.products.second
    return bool(((first > 0) & ((first - 1) // 2 != (second - 1) // 2)).any())


def _counts(
    plan: Plan, values: Mapping[str, Floats], pair: Ints, size: int
) -> tuple[Floats, Floats] | None:
    """Rows that answered and that are satisfied, (P, J) each; None for other values than 0, 1."""
    found = np.zeros((len(plan.measures), 3 * size), np.int64)
    zeros = np.zeros(len(plan.measures), np.int64)
    triple = 3 * pair
    for start in range(0, pair.size, _BLOCK):
        part = triple[start : start + _BLOCK]
        for j, measure in enumerate(plan.measures):
            x = values[measure.code][start : start + _BLOCK]
            answer = (x == x).view(np.uint8) + (x == 1)  # nan is unequal to itself
            found[j] += np.bincount(part + answer, minlength=3 * size)
            zeros[j] += np.count_nonzero(x == 0)
    table = found.reshape(-1, size, 3)
    if not np.array_equal(table[:, :, 1].sum(axis=1), zeros):
        return None
    satisfied = table[:, :, 2].T.astype(np.float64)
    return satisfied + table[:, :, 1].T, satisfied


def _moments(
    design: SurveyDesign,
    plan: Plan,
    counted: tuple[Ints, Ints, Floats, Floats, tuple[Floats, Floats]],
    cells: Labels,
) -> ElementMoments:
    stratum, cell, weight, n, (answered, satisfied) = counted
    size, products = n.size, plan.products
    count = np.zeros((size, plan.n_features))
    count[:, 0] = n
    count[:, 1::2], count[:, 2::2] = answered, satisfied
    # the product of two features of one item is the rarer one: satisfied implies answered
    joint = np.minimum(count[:, products.first], count[:, products.second])
    expected = count[:, products.first] * count[:, products.second] / n[:, None]
    spread = np.zeros((len(cells.names) + 1, joint.shape[1]))
    np.add.at(spread, cell, weight[:, None] * joint)
    return ElementMoments(
        design.strata.names,
        cells.names,
        stratum_sizes(design),
        design.lonely_psu,
        stratum,
        cell,
        n,
        weight[:, None] * count / n[:, None],
        weight[:, None] ** 2 * (joint - expected),
        count,
        spread,
        products,
    )
