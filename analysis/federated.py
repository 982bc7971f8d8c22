"""Totals of a survey for another authority: enough for its indices, too little for single answers.

Second moments per stratum would be microdata: small strata can be solved. So a file holds the
totals T of the named measures, their covariance summed over all strata, n and df, and nothing
else. Files of different surveys with one method version add up to the figures of the pooled data.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.errors import AnalysisError, MergeError
from analysis.estimate import (
    EstimateTable,
    Moments,
    Options,
    cap_parts,
    gradient_of,
    table,
    values_of,
)
from analysis.labels import Floats
from analysis.measures import Composite, Measure, Plan, plan
from analysis.presentation import NOBODY, Corner, Texts

MINIMUM_COUNT = 10
RESPONDENTS_PER_FEATURE = 10

#: Policies under which the summed covariance is exact.
EXACT = ("fail", "certainty", "remove")


@dataclass(frozen=True, slots=True)
class FederatedTotals:
    """Totals and their covariance, summed over strata and, after merging, over surveys.

    Attributes
    ----------
    method : version of the method; only equal ones merge.
    surveys, digests, strata : what is inside; nothing may be inside twice.
    measures, composites : what can be estimated. left_out : codes with too few answers of a kind.
    total : (F,) weighted totals of the features, 0 where not needed. covariance : (F, F).
    n, df : (E,) of each estimate. above, below : (E,) sums of the cap of composites.
    fpc : the covariance holds the finite population correction.
    """

    method: str
    surveys: tuple[str, ...]
    digests: tuple[str, ...]
    strata: tuple[str, ...]
    measures: tuple[Measure, ...]
    composites: tuple[Composite, ...]
    left_out: tuple[str, ...]
    total: Floats
    covariance: Floats
    n: Floats
    df: Floats
    above: Floats
    below: Floats
    fpc: bool

    def merge(self, other: "FederatedTotals") -> "FederatedTotals":
        """Add the totals of other surveys.

        Raises
        ------
        MergeError : another method version or other measures, or a survey, file or stratum that
            is already inside.
        """
        for argument in ("method", "measures", "composites", "fpc"):
            if getattr(self, argument) != getattr(other, argument):
                raise MergeError(
                    argument, getattr(other, argument), "must be the same in every file"
                )
        for argument in ("surveys", "digests", "strata"):
            shared = set(getattr(self, argument)) & set(getattr(other, argument))
            if shared:
                raise MergeError(argument, min(shared), "must not be inside twice")
        return FederatedTotals(
            self.method,
            tuple(sorted((*self.surveys, *other.surveys))),
            tuple(sorted((*self.digests, *other.digests))),
            tuple(sorted((*self.strata, *other.strata))),
            self.measures,
            self.composites,
            tuple(sorted({*self.left_out, *other.left_out})),
            self.total + other.total,
            self.covariance + other.covariance,
            self.n + other.n,
            self.df + other.df,
            self.above + other.above,
            self.below + other.below,
            self.fpc,
        )

    def only(self, codes: tuple[str, ...]) -> "FederatedTotals":
        """Keep the measures named, and the composites whose items are all among them."""
        layout = plan(self.measures, self.composites)
        return _reduced(self, layout, frozenset(code for code in layout.codes if code not in codes))

    def estimates(self, level: float = 0.95) -> EstimateTable:
        """Estimate every measure; the one cell is named "". Design effects are not known."""
        layout = plan(self.measures, self.composites)
        options = Options(level, fpc=self.fpc)
        value = values_of(self.total[None], layout)
        slope = gradient_of(self.total[None], layout)[0]
        variance = np.maximum(np.einsum("ef,fg,eg->e", slope, self.covariance, slope), 0.0)
        gross = np.einsum("ef,fg,eg->e", np.abs(slope), np.abs(self.covariance), np.abs(slope))
        variance = np.where(variance <= 1e-10 * gross, 0.0, variance)
        usable = (self.above > 0) & (self.below > 0)
        cap = np.divide(self.above, self.below, out=np.ones_like(self.above), where=usable)
        share = np.array([kind == "share" for kind in layout.kinds])
        unknown = np.full(value.shape, np.nan)
        lost: Texts = np.full(value.shape, None, dtype=object)
        lost[np.isnan(value)] = NOBODY
        corner = Corner(
            layout.kinds, layout.bounds, value, variance[None], self.n[None], self.df[None],
            np.zeros(value.shape, np.bool_), np.where(share, np.minimum(cap, 1.0), cap), unknown,
            np.full(value.shape, np.inf), lost,
        )  # fmt: skip
        return table(("",), layout.codes, corner, unknown, options)


def federated_totals(
    moments: Moments, layout: Plan, *, method: str, survey: str, digest: str, fpc: bool = True
) -> FederatedTotals:
    """Reduce moments to what another authority may have.

    Parameters
    ----------
    moments : of the whole or of any breakdown, under a plan with ``joint=True``.
    method, survey, digest : where the totals come from.

    Raises
    ------
    AnalysisError : a policy for lonely units under which sums are not exact, fewer respondents
        than 10 per feature, no measure with enough answers of both kinds.
    """
    if moments.lonely_psu not in EXACT:
        raise AnalysisError("lonely_psu", moments.lonely_psu, f"must be one of {', '.join(EXACT)}")
    whole = moments.collapsed()
    total = whole.pairs().total.sum(axis=0)
    count = whole.pairs().count.sum(axis=0)
    gradient = np.zeros((layout.n_features, 2, layout.n_features))
    gradient[:, 0] = np.eye(layout.n_features)
    counted = layout.counted
    pairs = whole.pairs()
    psu = pairs.psu[:, counted]
    above, below = cap_parts(moments.by_stratum(), layout, Options(fpc=fpc))
    few = _too_few(layout, count)
    full = FederatedTotals(
        method, (survey,), (digest,), tuple(f"{survey} / {name}" for name in moments.strata),
        layout.measures, layout.composites, (), total, whole.covariance(gradient, fpc=fpc),
        count[counted], np.sum(psu - (psu > 0), axis=0), above, below, fpc,
    )  # fmt: skip
    kept = _reduced(full, layout, few)
    features = int(np.count_nonzero(kept.total))
    if count[0] < RESPONDENTS_PER_FEATURE * features:
        rule = f"needs {RESPONDENTS_PER_FEATURE} per feature ({features}); use two rounds"
        raise AnalysisError("respondents", int(count[0]), rule)
    return kept


def as_plain(totals: FederatedTotals) -> dict[str, Any]:
    """Turn totals into plain values for a file."""
    return {
        "method": totals.method,
        "surveys": list(totals.surveys),
        "digests": list(totals.digests),
        "strata": list(totals.strata),
        "measures": [
            {
                "code": m.code,
                "kind": m.kind,
                "bounds": list(m.bounds) if m.bounds else None,
                "denominator": m.denominator,
            }
            for m in totals.measures
        ],
        "composites": [
            {"code": c.code, "measures": list(c.measures), "weights": list(c.weights),
             "pooling": c.pooling, "unanswered": c.unanswered}
            for c in totals.composites
        ],
        "left_out": list(totals.left_out),
        "fpc": totals.fpc,
        **{name: getattr(totals, name).tolist() for name in _ARRAYS},
    }  # fmt: skip


def from_plain(content: dict[str, Any]) -> FederatedTotals:
    """Read totals from the plain values of `as_plain`."""
    try:
        measures = tuple(
            Measure(
                m["code"], m["kind"], tuple(m["bounds"]) if m["bounds"] else None, m["denominator"]
            )
            for m in content["measures"]
        )
        composites = tuple(
            Composite(c["code"], tuple(c["measures"]), tuple(c["weights"]), c["pooling"],
                      c["unanswered"])
            for c in content["composites"]
        )  # fmt: skip
        arrays = [np.array(content[name], dtype=np.float64) for name in _ARRAYS]
        total, covariance, n, df, above, below = arrays
        read = FederatedTotals(
            content["method"],
            tuple(content["surveys"]),
            tuple(content["digests"]),
            tuple(content["strata"]),
            measures,
            composites,
            tuple(content["left_out"]),
            total,
            covariance,
            n,
            df,
            above,
            below,
            bool(content["fpc"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AnalysisError("file", error, "is no file of totals") from error
    layout = plan(measures, composites)
    shapes = [array.shape for array in arrays]
    f, e = layout.n_features, len(layout.codes)
    if shapes != [(f,), (f, f), (e,), (e,), (e,), (e,)]:
        raise AnalysisError("file", shapes, "does not fit its measures")
    return read


_ARRAYS = ("total", "covariance", "n", "df", "above", "below")


def _too_few(layout: Plan, count: Floats) -> frozenset[str]:
    """Shares with fewer than 10 satisfied or 10 dissatisfied answers."""
    few = set()
    for j, measure in enumerate(layout.measures):
        answered, yes = count[1 + 2 * j], count[2 + 2 * j]
        rarest = min(yes, answered - yes) if measure.kind == "share" else answered
        if rarest < MINIMUM_COUNT:
            few.add(measure.code)
    return frozenset(few)


def _reduced(full: FederatedTotals, layout: Plan, dropped: frozenset[str]) -> FederatedTotals:
    """Leave out measures and the composites that need them, and features nobody needs."""
    measures = tuple(m for m in layout.measures if m.code not in dropped)
    composites = tuple(
        c for c in layout.composites if c.code not in dropped and not dropped & set(c.measures)
    )
    if not measures:
        raise AnalysisError("measures", ", ".join(sorted(dropped)), "none has enough answers")
    smaller = plan(measures, composites)
    codes = set(smaller.codes)
    estimates = [e for e, code in enumerate(layout.codes) if code in codes]
    used = ((smaller.num != 0) | (smaller.den != 0))[smaller.share.any(axis=0)].any(axis=0)
    used |= (smaller.linear != 0).any(axis=0)
    place = _places(layout, smaller)
    covariance = full.covariance[np.ix_(place, place)] * np.outer(used, used)
    lost = (*full.left_out, *(code for code in layout.codes if code not in codes))
    return FederatedTotals(
        full.method, full.surveys, full.digests, full.strata, measures, composites,
        tuple(sorted(lost)), full.total[place] * used, covariance, full.n[estimates],
        full.df[estimates], full.above[estimates], full.below[estimates], full.fpc,
    )  # fmt: skip


def _places(layout: Plan, smaller: Plan) -> list[int]:
    """Where each feature of the smaller plan stands in the larger one."""
    names = _feature_names(layout)
    return [names.index(name) for name in _feature_names(smaller)]


def _feature_names(layout: Plan) -> list[str]:
    names = ["1"]
    for measure in layout.measures:
        names += [f"{measure.code} answered", f"{measure.code} value"]
    names += [f"{m.code} below" for m in layout.measures if m.denominator]
    for composite in layout.composites:
        names.append(f"{composite.code} any")
        if composite.pooling == "respondents":
            names.append(f"{composite.code} own")
    return names
