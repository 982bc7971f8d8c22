"""Totals of a survey for another authority: enough for its indices, too little for single answers.

Second moments per stratum would be microdata: small strata can be solved. So a file holds the
totals T of the named measures, their covariance summed over all strata, n and df, and the sums that
intervals and flags need. Files of different surveys with one method version add up to the figures
of the pooled data. Where a survey is too small for its covariance, `analysis.federated_rounds`
gives the variances of the wanted estimates only.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

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
from analysis.moments import ZERO_VARIANCE, settled
from analysis.plain_values import from_null, texts, with_null
from analysis.presentation import NOBODY, Corner, Texts
from analysis.sums_taken_apart import taken_apart

MINIMUM_COUNT = 10
RESPONDENTS_PER_FEATURE = 10

#: Names of the strata of a design without strata: there the survey is the stratum.
UNSTRATIFIED = ("0",)

#: Policies under which the summed covariance is exact.
EXACT = ("fail", "certainty", "remove")

#: What a file holds: everything; the first of two rounds; the second one.
Stage = Literal["covariance", "totals", "variances"]


@dataclass(frozen=True, slots=True)
class FederatedTotals:
    """Totals and their covariance, summed over strata and, after merging, over surveys.

    Attributes
    ----------
    method : version of the method; only equal ones merge.
    surveys, digests, strata : what is inside; nothing may be inside twice.
    measures, composites : what can be estimated. left_out : codes with too few answers of a kind.
    total : (F,) weighted totals of the features, 0 where not needed. covariance : (F, F), 0 for
        features that no estimate uses together; after the second of two rounds (E,) variances
        of the estimates; after the first (0,).
    n, df : (E,) of each estimate. above, below : (E,) sums of the cap of composites.
    uneven, uneven_square : (E,) sums over strata of a = (1 - f) T_h^2/n_h and a^2/(n_h - 1), from
        which follows whether few strata carry the variance. census : (E,) 1 where every unit
        answered.
    fpc : the covariance holds the finite population correction.
    stage : what the file holds. point : (F,) totals at which the variances of a second round were
        taken, else (0,).
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
    uneven: Floats
    uneven_square: Floats
    census: Floats
    fpc: bool
    stage: Stage = "covariance"
    point: Floats = field(default_factory=lambda: np.zeros(0))

    def merge(self, other: "FederatedTotals") -> "FederatedTotals":
        """Add the totals of other surveys.

        Raises
        ------
        MergeError : another method version or other measures, or a survey, file or stratum that
            is already inside.
        """
        for argument in ("method", "measures", "composites", "fpc", "stage"):
            if getattr(self, argument) != getattr(other, argument):
                raise MergeError(
                    argument, getattr(other, argument), "must be the same in every file"
                )
        if not np.array_equal(self.point, other.point):
            raise MergeError("point", "other totals", "must be the same in every file")
        for argument in ("surveys", "digests", "strata"):
            shared = set(getattr(self, argument)) & set(getattr(other, argument))
            if shared:
                raise MergeError(argument, min(shared), "must not be inside twice")
        return replace(
            self,
            surveys=tuple(sorted((*self.surveys, *other.surveys))),
            digests=tuple(sorted((*self.digests, *other.digests))),
            strata=tuple(sorted((*self.strata, *other.strata))),
            left_out=tuple(sorted({*self.left_out, *other.left_out})),
            census=self.census * other.census,
            **{name: getattr(self, name) + getattr(other, name) for name in _SUMS},
        )

    def only(self, codes: tuple[str, ...]) -> "FederatedTotals":
        """Keep the measures named, and the composites whose items are all among them."""
        layout = plan(self.measures, self.composites)
        unknown = [code for code in codes if code not in layout.codes]
        if unknown or self.stage == "variances":
            found = ", ".join(unknown) or self.stage
            raise AnalysisError("measures", found, "does not fit its measures")
        others = frozenset(code for code in layout.codes if code not in codes)
        return replace(_reduced(self, layout, others), left_out=self.left_out)

    def estimates(self, level: float = 0.95) -> EstimateTable:
        """Estimate every measure; the one cell is named "".

        Design effects and effective sizes are those of shares; other ones need the answers.

        Raises
        ------
        AnalysisError : the first of two rounds, or a second one from which a survey is missing.
        """
        layout = plan(self.measures, self.composites)
        value = values_of(self.total[None], layout)
        variance = self._variance(layout)
        usable = (self.above > 0) & (self.below > 0)
        cap = np.divide(self.above, self.below, out=np.ones_like(self.above), where=usable)
        share = np.array([kind == "share" for kind in layout.kinds])
        simple = np.where(share, value[0] * (1 - value[0]) / np.maximum(self.n - 1, 1), 0.0)
        unknown = np.full(share.shape, np.nan)
        deff = np.divide(variance, simple, out=unknown.copy(), where=simple > 0)
        n_eff = np.divide(self.n, deff, out=unknown, where=deff > 0)
        few = np.full(share.shape, np.inf)
        np.divide(self.uneven**2, self.uneven_square, out=few, where=self.uneven_square > 0)
        lost: Texts = np.full(value.shape, None, dtype=object)
        lost[np.isnan(value)] = NOBODY
        corner = Corner(
            layout.kinds, layout.bounds, value, variance[None], self.n[None], self.df[None],
            self.census[None] > 0, np.where(share, np.minimum(cap, 1.0), cap)[None],
            n_eff[None], few[None], lost,
        )  # fmt: skip
        return table(("",), layout.codes, corner, deff[None], Options(level, fpc=self.fpc))

    def _variance(self, layout: Plan) -> Floats:
        """Variances of the estimates, 0 where they are zero but for rounding, (E,)."""
        if self.stage == "totals":
            raise AnalysisError("stage", self.stage, "holds no variances; a second round is needed")
        if self.stage == "variances":
            if not np.allclose(self.point, self.total, rtol=1e-9, atol=0.0):
                raise AnalysisError("surveys", ", ".join(self.surveys), "lacks surveys of round 1")
            return self.covariance
        slope = gradient_of(self.total[None], layout)[0]
        variance = np.einsum("ef,fg,eg->e", slope, self.covariance, slope)
        gross = np.einsum("ef,fg,eg->e", np.abs(slope), np.abs(self.covariance), np.abs(slope))
        return settled(variance, gross)


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
        than 10 per feature, no measure with enough answers of both kinds, or none that can be
        given because all sums over strata can be taken apart and a stratum is too small.
    """
    origin = Origin(method, survey, digest)
    full = complete_totals(moments, layout, origin, fpc=fpc)
    needed = RESPONDENTS_PER_FEATURE * int(np.count_nonzero(full.total))
    pairs = moments.collapsed().pairs()
    group = pairs.count[:, 0]
    rule = f"needs {RESPONDENTS_PER_FEATURE} per feature; use two rounds"
    if group.sum() < needed:
        raise AnalysisError("respondents", f"{group.sum():.0f} < {needed}", rule)
    open_codes = (
        taken_apart(full.measures, full.total, group) if group.min() < needed else frozenset()
    )
    if len(open_codes) == len(full.measures):
        smallest = moments.strata[pairs.stratum[group.argmin()]]
        raise AnalysisError("respondents", f"{smallest}: {group.min():.0f} < {needed}", rule)
    return _reduced(full, plan(full.measures, full.composites), open_codes)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where totals come from: version of the method, name of the survey, digest of its data."""

    method: str
    survey: str
    digest: str


def complete_totals(
    moments: Moments, layout: Plan, origin: Origin, *, fpc: bool = True
) -> FederatedTotals:
    """Reduce moments to totals and covariance, however few the respondents: not for others.

    Measures with too few answers of a kind are left out by name. Raises as `federated_totals`.
    """
    if moments.lonely_psu not in EXACT:
        raise AnalysisError("lonely_psu", moments.lonely_psu, f"must be one of {', '.join(EXACT)}")
    fpc = fpc and bool(np.isfinite(moments.first_size).all())
    whole = moments.collapsed()
    pairs = whole.pairs()
    total, count = pairs.total.sum(axis=0), pairs.count.sum(axis=0)
    gradient = np.zeros((layout.n_features, 2, layout.n_features))
    gradient[:, 0] = np.eye(layout.n_features)
    counted = layout.counted
    psu = pairs.psu[:, counted]
    above, below = cap_parts(moments.by_stratum(), layout, Options(fpc=fpc))
    uneven, uneven_square = _uneven(moments, layout, fpc=fpc)
    partly = (~moments.taken_whole[pairs.stratum] & (pairs.count[:, 0] > 0)).any()
    silent = (count < count[0]).astype(np.float64) @ layout.needed.T
    names = (origin.survey,) if moments.strata == UNSTRATIFIED else moments.strata
    full = FederatedTotals(
        origin.method, (origin.survey,), (origin.digest,), names,
        layout.measures, layout.composites, (), total, whole.covariance(gradient, fpc=fpc),
        count[counted], np.sum(psu - (psu > 0), axis=0), above, below, uneven, uneven_square,
        ((silent == 0) & fpc & (not partly)).astype(np.float64), fpc,
    )  # fmt: skip
    return _reduced(full, layout, _too_few(layout, count))


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
        "stage": totals.stage,
        **{name: with_null(getattr(totals, name)) for name in _ARRAYS},
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
        arrays: dict[str, Any] = {name: from_null(content[name]) for name in _ARRAYS}
        layout = plan(measures, composites)
        names: dict[str, Any] = {name: texts(content[name]) for name in _TEXTS}
        method, stage = texts([content["method"], content["stage"]])
        fpc = content["fpc"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AnalysisError("file", error, "is no file of totals") from error
    if not isinstance(fpc, bool) or stage not in _SHAPES:
        raise AnalysisError("file", stage, "is no file of totals")
    sizes = {"F": layout.n_features, "E": len(layout.codes)}
    for name, array in arrays.items():
        wanted = {"covariance": _SHAPES[stage], "point": _POINTS[stage], "total": "F"}.get(
            name, "E"
        )
        if array.shape != tuple(sizes.get(letter, 0) for letter in wanted):
            raise AnalysisError("file", name, "does not fit its measures")
    _check_numbers(arrays, stage)
    return FederatedTotals(
        method=method, measures=measures, composites=composites, fpc=fpc,
        stage=cast("Stage", stage), **names, **arrays,
    )  # fmt: skip


_SUMS = ("total", "covariance", "n", "df", "above", "below", "uneven", "uneven_square")
_ARRAYS = (*_SUMS, "census", "point")
_TEXTS = ("surveys", "digests", "strata", "left_out")
_SHAPES = {"covariance": "FF", "totals": "0", "variances": "E"}
_POINTS = {"covariance": "0", "totals": "0", "variances": "F"}


def _check_numbers(arrays: dict[str, Floats], stage: str) -> None:
    """Refuse numbers that no survey can give; variances may be below 0 by rounding."""
    covariance = arrays["covariance"]
    spread = np.diag(covariance) if stage == "covariance" else covariance
    sound = all(np.isfinite(a).all() for name, a in arrays.items() if name != "uneven_square")
    sound &= all((arrays[name] >= 0).all() for name in _ARRAYS[2:-1])
    sound &= bool((spread >= -ZERO_VARIANCE * np.max(spread, initial=0.0)).all())
    if not sound or (stage == "covariance" and not np.allclose(covariance, covariance.T)):
        raise AnalysisError("file", "numbers", "is no file of totals")


def _uneven(moments: Moments, layout: Plan, *, fpc: bool) -> tuple[Floats, Floats]:
    """Two sums over strata that tell whether few of them carry the variance, (E,) each."""
    pairs = moments.collapsed().pairs()
    n = pairs.psu[:, layout.counted]
    keep = np.ones(n.shape[0])
    if fpc:
        keep = np.maximum(1 - (moments.n_psu / moments.first_size)[pairs.stratum], 0.0)
    square = keep[:, None] * pairs.total[:, layout.counted] ** 2
    a = np.divide(square, n, out=np.zeros_like(n), where=n > 0)
    each = np.divide(a**2, n - 1, out=np.where(a > 0, np.inf, 0.0), where=n > 1)
    return a.sum(axis=0), each.sum(axis=0)


def _too_few(layout: Plan, count: Floats) -> frozenset[str]:
    """Shares with fewer than 10 satisfied or 10 dissatisfied answers."""
    few = set()
    for j, measure in enumerate(layout.measures):
        answered, yes = count[1 + 2 * j], count[2 + 2 * j]
        kinds = [answered, yes, answered - yes]
        if measure.kind != "share":  # scores may never be 0, but 0 and 1 are answers of two kinds
            kinds = [k for k in kinds if k > 0] or [0.0]
        if min(kinds) < MINIMUM_COUNT:
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
    covariance = full.covariance
    if full.stage == "covariance":
        together = smaller.products.dense(np.ones(smaller.products.first.size))
        covariance = covariance[np.ix_(place, place)] * together
    lost = (*full.left_out, *(code for code in layout.codes if code not in codes))
    return replace(
        full,
        measures=measures,
        composites=composites,
        left_out=tuple(sorted(lost)),
        total=full.total[place] * used,
        covariance=covariance,
        census=full.census[estimates],
        **{name: getattr(full, name)[estimates] for name in _SUMS[2:]},
    )


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
