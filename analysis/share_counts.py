"""Moments of shares by counting: the fast way for many rows.

Features of shares are 0 or 1. In an element design with one weight per stratum and cell their
moments follow exactly from three counts per item, stratum and cell; in a design of sampling units
the totals are sums of weights by answer. No product is ever formed. Other measures take the
general way.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.design import SurveyDesign
from analysis.labels import Floats, Ints, Labels, sum_by
from analysis.measures import Plan
from analysis.moments import ElementMoments, stratum_sizes
from analysis.unit_totals import UnitTotals, unit_layout

_BLOCK = 65_536  # rows counted at once: they stay in the cache
_PAIRS = 1_000_000  # stratum x cell codes up to which they are counted without sorting


def counted_shares(
    design: SurveyDesign, plan: Plan, values: Mapping[str, Floats], cells: Labels
) -> ElementMoments | UnitTotals | None:
    """Reduce rows by counting; None where neither way applies."""
    if plan.composites or any(item.kind != "share" for item in plan.measures) or _joins_items(plan):
        return None
    if design.stages:
        return _unit_totals(design, plan, values, cells)
    return _share_moments(design, plan, values, cells)


def _share_moments(
    design: SurveyDesign, plan: Plan, values: Mapping[str, Floats], cells: Labels
) -> ElementMoments | None:
    """Reduce the rows of an element design to the moments of shares.

    Returns
    -------
    None where this way does not apply: weights that vary within a stratum and cell, values other
    than 0, 1 and nan.
    """
    width = len(cells.names) + 1
    if len(design.strata.names) * width > _PAIRS:
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


def _unit_totals(
    design: SurveyDesign, plan: Plan, values: Mapping[str, Floats], cells: Labels
) -> UnitTotals | None:
    """Sum weights by answer, unit and cell; None with a weight of 0 or values other than 0, 1."""
    if not (design.weight > 0).all():
        return None
    layout, entry = unit_layout(design, cells)
    size = layout.entry_unit.size
    weight = np.zeros(size)
    weight[entry] = design.weight
    equal = bool((weight[entry] == design.weight).all())  # within a unit: then counts are enough
    total, count = np.zeros((2, plan.n_features, size))
    total[0], count[0] = np.bincount(entry, design.weight, size), np.bincount(entry)
    triple = 3 * entry
    for j, measure in enumerate(plan.measures):
        x = values[measure.code]
        given = x == x  # nan is unequal to itself
        satisfied = x == 1
        if np.count_nonzero(x == 0) + np.count_nonzero(satisfied) != np.count_nonzero(given):
            return None
        place = triple + given.view(np.uint8) + satisfied
        for sums, each in ((count, None),) if equal else ((count, None), (total, design.weight)):
            by_answer = np.bincount(place, each, 3 * size).reshape(size, 3)
            sums[1 + 2 * j] = by_answer[:, 1] + by_answer[:, 2]
            sums[2 + 2 * j] = by_answer[:, 2]
    total, count = (count * weight if equal else total).T.copy(), count.T.copy()
    # the product of two features of one item is the rarer one: satisfied implies answered
    products = plan.products
    joint = np.minimum(total[:, products.first], total[:, products.second])
    spread = np.roll(sum_by(layout.entry_cell + 1, joint, len(cells.names) + 1), -1, axis=0)
    return replace(layout, total=total, count=count, spread=spread)


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
