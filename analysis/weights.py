"""Weights after the field work: non-response, known margins, trimming, what they cost.

Calibration: Deville & Sarndal (1992, JASA 87:376). R: ``postStratify``, ``rake``, ``calibrate``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import AnalysisError
from analysis.labels import Bools, Floats, Labels, as_labels, sum_by

Distance = Literal["raking", "linear"]

_STEPS = 200
_TOLERANCE = 1e-11


class ConvergenceError(AnalysisError):
    """No weights within the bounds meet the margins."""


@dataclass(frozen=True, slots=True)
class Margins:
    """Known population totals as auxiliary variables.

    Attributes
    ----------
    aux : (n, G) auxiliary values of each row. totals : (G,) their population totals.
    names : what each column counts, for messages.
    """

    aux: Floats
    totals: Floats
    names: tuple[str, ...]


def margins(
    categories: "Mapping[str, npt.ArrayLike | Labels]",
    totals: Mapping[str, Mapping[str, float]],
) -> Margins:
    """Turn categories and their population counts into auxiliary variables.

    Parameters
    ----------
    categories : per margin the (n,) labels of the rows.
    totals : per margin the population count of each label; the sums of all margins must agree.

    Raises
    ------
    AnalysisError : a row without label or with an unknown one, a label with a positive count but
        no row, counts that are negative or disagree, a margin that the rows do not have.
    """
    unused = sorted(set(totals) - set(categories))
    if unused:
        raise AnalysisError("totals", ", ".join(unused), "every margin needs the rows' categories")
    columns, sums, names = [], [], []
    for margin, values in categories.items():
        label = as_labels(values)
        counts = totals.get(margin, {})
        if (label.code < 0).any():
            raise AnalysisError(margin, "an empty label", "needs a label in every row")
        unknown = [name for name in label.names if name not in counts]
        if unknown:
            raise AnalysisError(margin, ", ".join(unknown), "every label needs a population count")
        silent = [name for name, count in counts.items() if count > 0 and name not in label.names]
        if silent:
            raise AnalysisError(margin, ", ".join(silent), "no respondent there; join categories")
        for code, name in enumerate(label.names):
            columns.append((label.code == code).astype(np.float64))
            sums.append(float(counts[name]))
            names.append(f"{margin} = {name}")
    _check_sums({margin: sum(totals[margin].values()) for margin in categories})
    if not columns or min(sums) < 0:
        raise AnalysisError("totals", sums, "counts must be at least 0, for at least one margin")
    return Margins(np.stack(columns, axis=1), np.array(sums), tuple(names))


def _check_sums(sums: Mapping[str, float]) -> None:
    name, first = next(iter(sums.items()), ("", 0.0))
    for margin, total in sums.items():
        if not np.isclose(total, first, rtol=1e-9):
            found = f"{margin} {total:.12g}, {name} {first:.12g}"
            raise AnalysisError(margin, found, "the counts of all margins must agree")


def calibrated(
    weight: npt.ArrayLike,
    known: Margins,
    distance: Distance = "raking",
    bounds: tuple[float, float] | None = None,
) -> Floats:
    """Change weights as little as possible so that they meet known totals.

    Parameters
    ----------
    weight : (n,) weights before. known : the totals to meet.
    distance : ``raking`` (weights stay above 0; with one margin this is post-stratification) or
        ``linear``.
    bounds : lowest and highest allowed factor on a weight; None = none.

    Raises
    ------
    ConvergenceError : the totals cannot be met, which one is worst; never a partial fit.
    """
    w = np.asarray(weight, dtype=np.float64)
    low, high = bounds or (-np.inf, np.inf)
    if not low < 1 < high:
        raise AnalysisError("bounds", bounds, "must lie around 1")
    scale = np.maximum(np.abs(known.totals), 1e-9 * np.abs(known.totals).max())
    slope: Floats = np.zeros(known.totals.size)
    factor = _factor(known.aux @ slope, distance, (low, high))
    missed = known.totals - (w * factor) @ known.aux
    for _ in range(_STEPS):
        if np.max(np.abs(missed) / scale) < _TOLERANCE:
            return np.asarray(w * factor)
        inner = factor if distance == "raking" else np.ones_like(factor)
        free = (factor > low) & (factor < high)
        # a margin whose rows all stand at a bound has no slope left, but may have come there by a
        # step that was too long: it keeps its slope, to find the way back
        stuck = (w * free) @ np.abs(known.aux) == 0
        free |= np.abs(known.aux[:, stuck]).sum(axis=1) > 0
        matrix = (known.aux * (w * inner * free)[:, None]).T @ known.aux
        step: Floats = np.asarray(np.linalg.lstsq(matrix, missed, rcond=1e-12)[0], np.float64)
        slope, factor, missed = _shorter(w, known, (slope, step), distance, (low, high))
    worst = int(np.argmax(np.abs(missed) / scale))
    found = f"{known.names[worst]}: {missed[worst]:+.4g} of {known.totals[worst]:g}"
    raise ConvergenceError("totals", found, "cannot be met within the bounds")


def poststratified(
    weight: npt.ArrayLike, category: "npt.ArrayLike | Labels", totals: Mapping[str, float]
) -> Floats:
    """Scale the weights of each category to its population count."""
    known = margins({"category": category}, {"category": totals})
    w = np.asarray(weight, dtype=np.float64)
    return np.asarray(w * (known.aux @ (known.totals / (w @ known.aux))))


def nonresponse_adjusted(
    weight: npt.ArrayLike, responded: npt.ArrayLike, category: "npt.ArrayLike | Labels"
) -> tuple[Floats, dict[str, float]]:
    """Share the weight of those who did not respond among those who did, within classes.

    Parameters
    ----------
    weight, responded, category : (n,) of everybody asked and eligible.

    Returns
    -------
    (n,) weights, 0 for those who did not respond, and the weighted response rate per class.

    Raises
    ------
    AnalysisError : somebody without a class, a class in which nobody responded.
    """
    w, label = np.asarray(weight, dtype=np.float64), as_labels(category)
    if (label.code < 0).any():
        raise AnalysisError("category", "an empty label", "needs a label in every row")
    here: Bools = np.asarray(responded, dtype=np.bool_)
    asked = sum_by(label.code, w, len(label.names))
    came = sum_by(label.code[here], w[here], len(label.names))
    silent = [label.names[i] for i in np.flatnonzero((came <= 0) & (asked > 0))]
    if silent:
        raise AnalysisError("category", ", ".join(silent), "nobody responded; join classes")
    rate = came / asked
    adjusted = np.where(here, w / rate[label.code], 0.0)
    return adjusted, dict(zip(label.names, map(float, rate), strict=True))


def trimmed(weight: npt.ArrayLike, lower: float, upper: float) -> Floats:
    """Cut weights to [lower, upper]; the difference is shared by those inside (R: trimWeights)."""
    w = np.asarray(weight, dtype=np.float64)
    inside = (w >= lower) & (w <= upper)
    if lower > upper or not inside.any():
        raise AnalysisError("bounds", (lower, upper), "no weight lies between the bounds")
    cut = np.clip(w, lower, upper)
    cut[inside] += (w - cut).sum() / inside.sum()
    return np.asarray(cut)


def unequal_weighting_effect(weight: npt.ArrayLike) -> float:
    """Return Kish's 1 + CV^2: by how much unequal weights alone inflate a variance."""
    w = np.asarray(weight, dtype=np.float64)
    return float(w.size * np.sum(w**2) / np.sum(w) ** 2)


@dataclass(frozen=True, slots=True)
class ResponseRates:
    """AAPOR rates; e is the share of eligible among the resolved cases."""

    rr1: float
    rr3: float
    e: float


def response_rates(
    *, complete: int, partial: int, nonresponse: int, unknown: int, ineligible: int
) -> ResponseRates:
    """Response rates from disposition counts (AAPOR Standard Definitions, RR1 and RR3).

    Parameters
    ----------
    complete, partial : interviews. nonresponse : refused, not reached, other, all eligible.
    unknown : eligibility not known. ineligible : found to be out of scope.
    """
    eligible = complete + partial + nonresponse
    if eligible == 0 or min(complete, partial, nonresponse, unknown, ineligible) < 0:
        raise AnalysisError("complete", eligible, "counts must be at least 0, some eligible")
    e = eligible / (eligible + ineligible)
    return ResponseRates(complete / (eligible + unknown), complete / (eligible + e * unknown), e)


def _factor(x: Floats, distance: Distance, bounds: tuple[float, float]) -> Floats:
    raw = np.exp(np.clip(x, -50, 50)) if distance == "raking" else 1 + x
    return np.asarray(np.clip(raw, *bounds))


def _shorter(
    w: Floats,
    known: Margins,
    move: tuple[Floats, Floats],
    distance: Distance,
    bounds: tuple[float, float],
) -> tuple[Floats, Floats, Floats]:
    """Take the Newton step, halved until it brings the totals nearer (at most 12 times)."""
    start, step = move
    norm = np.maximum(np.abs(known.totals), 1.0)
    before = known.totals - (w * _factor(known.aux @ start, distance, bounds)) @ known.aux
    for half in range(12):
        slope = start + step / 2**half
        factor = _factor(known.aux @ slope, distance, bounds)
        missed = known.totals - (w * factor) @ known.aux
        if np.sum((missed / norm) ** 2) <= np.sum((before / norm) ** 2):
            break
    return slope, factor, missed
