"""Checks of answers while they are collected: each names its rule and its number.

Nothing is deleted or changed: a check yields flags for review. Patterns are for the order of
review only; no check is ever about one named official.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.contrasts import holm
from analysis.errors import AnalysisError
from analysis.labels import Floats, Labels, as_labels, sum_by

#: A form filled in faster than this share of the median time is a speeder.
SPEED_SHARE = 1 / 3
#: Answers needed before an interviewer's pseudonym is looked at.
MINIMUM_PER_INTERVIEWER = 5


@dataclass(frozen=True, slots=True)
class Flag:
    """One record (row number) or group (name) that a rule points at.

    Attributes
    ----------
    rule : code of the check. where : row number or name of the group.
    number : what was measured. limit : what the rule allows.
    """

    rule: str
    where: int | str
    number: float
    limit: float


def speeders(seconds: npt.ArrayLike, share: float = SPEED_SHARE) -> tuple[Flag, ...]:
    """Flag forms filled in faster than a share of the median; nan = time not known."""
    taken = np.asarray(seconds, dtype=np.float64)
    known = taken[~np.isnan(taken)]
    if known.size == 0:
        return ()
    limit = share * float(np.median(known))
    return tuple(
        Flag("speed", int(i), float(taken[i]), limit) for i in np.flatnonzero(taken < limit)
    )


def straight_lines(answers: npt.ArrayLike, length: int = 10) -> tuple[Flag, ...]:
    """Flag rows in which at least `length` answers in a row are equal.

    Parameters
    ----------
    answers : (n, J) scores in the order of the form, nan = missing (ends a run).
    """
    score = np.asarray(answers, dtype=np.float64)
    run = np.zeros(score.shape[0])
    longest = np.where(np.isnan(score[:, 0]), 0.0, 1.0) if score.shape[1] else run
    run = longest.copy()
    for j in range(1, score.shape[1]):
        same = score[:, j] == score[:, j - 1]
        run = np.where(same, run + 1, np.where(np.isnan(score[:, j]), 0.0, 1.0))
        longest = np.maximum(longest, run)
    return tuple(
        Flag("straight_line", int(i), float(longest[i]), float(length))
        for i in np.flatnonzero(longest >= length)
    )


def item_nonresponse(answers: npt.ArrayLike, limit: float = 0.5) -> tuple[Flag, ...]:
    """Flag rows in which more than a share of the answers is missing; `answers` (n, J)."""
    missing = np.isnan(np.asarray(answers, dtype=np.float64)).mean(axis=1)
    return tuple(
        Flag("item_nonresponse", int(i), float(missing[i]), limit)
        for i in np.flatnonzero(missing > limit)
    )


def duplicates(answers: npt.ArrayLike, minimum: int = 10) -> tuple[Flag, ...]:
    """Flag rows whose answers all equal those of an earlier row, if not all of one value.

    Parameters
    ----------
    answers : (n, J) scores, nan = missing. minimum : answers a row needs to be compared.
    """
    score = np.asarray(answers, dtype=np.float64)
    enough = np.sum(~np.isnan(score), axis=1) >= minimum
    varied = np.array([np.unique(row[~np.isnan(row)]).size > 1 for row in score], np.bool_)
    rows = np.flatnonzero(enough & varied)
    filled = np.nan_to_num(score[rows], nan=-1.0)
    if rows.size == 0:
        return ()
    _, first, place, count = np.unique(
        filled, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    place = place.ravel()
    return tuple(
        Flag("duplicate", int(rows[i]), float(count[place[i]]), 1.0)
        for i in range(rows.size)
        if first[place[i]] != i
    )


def bursts(
    counter: npt.ArrayLike, minute: npt.ArrayLike, within: float = 5.0, limit: int = 5
) -> tuple[Flag, ...]:
    """Flag counters with more than `limit` forms within so many minutes.

    Parameters
    ----------
    counter : (n,) labels. minute : (n,) minutes on one clock, while they are still known.
    """
    label, time = as_labels(counter), np.asarray(minute, dtype=np.float64)
    flags = []
    for code, name in enumerate(label.names):
        at = np.sort(time[label.code == code])
        together = np.searchsorted(at, at + within, side="right") - np.arange(at.size)
        most = int(together.max(initial=0))
        if most > limit:
            flags.append(Flag("burst", name, float(most), float(limit)))
    return tuple(flags)


@dataclass(frozen=True, slots=True)
class InterviewerEffect:
    """Share of the variance that lies between interviewers (one-way random effects).

    Attributes
    ----------
    icc : intraclass correlation, below 0 where interviewers differ less than by chance.
    deff : 1 + (mean number per interviewer - 1) icc, at least 1.
    interviewers, n : what the estimate rests on. p_value : of the F test.
    """

    icc: float
    deff: float
    interviewers: int
    n: int
    p_value: float


def interviewer_effect(
    interviewer: npt.ArrayLike | Labels, score: npt.ArrayLike
) -> InterviewerEffect | None:
    """Estimate the intraclass correlation by interviewer pseudonym (analysis of variance).

    Pseudonyms with fewer than 5 answers are left out; None with fewer than two left. Searle,
    Casella & McCulloch (1992), *Variance Components*, ch. 3.
    """
    label, y = as_labels(interviewer), np.asarray(score, dtype=np.float64)
    usable = (label.code >= 0) & ~np.isnan(y)
    count = np.bincount(label.code[usable], minlength=len(label.names))
    usable &= count[label.code] >= MINIMUM_PER_INTERVIEWER
    _, code = np.unique(label.code[usable], return_inverse=True)
    y = y[usable]
    if code.size == 0 or code.max() == 0:
        return None
    n = np.bincount(code).astype(np.float64)
    mean = sum_by(code, y, n.size) / n
    between = float(np.sum(n * (mean - y.mean()) ** 2)) / (n.size - 1)
    within = float(np.sum((y - mean[code]) ** 2)) / (y.size - n.size)
    if between == 0 and within == 0:
        return InterviewerEffect(0.0, 1.0, n.size, y.size, 1.0)
    typical = (y.size - float(np.sum(n**2)) / y.size) / (n.size - 1)
    icc = (between - within) / (between + (typical - 1) * within)
    ratio = between / within if within > 0 else np.inf
    p = float(special.fdtrc(n.size - 1, y.size - n.size, ratio))
    return InterviewerEffect(icc, max(1.0, 1 + (float(n.mean()) - 1) * icc), n.size, y.size, p)


def error_rates(
    names: Sequence[str],
    errors: npt.ArrayLike,
    checked: npt.ArrayLike,
    null_rate: float = 0.10,
    level: float = 0.95,
) -> tuple[Flag, ...]:
    """Flag interviewers whose re-check errors exceed a rate, exactly and after Holm.

    Parameters
    ----------
    names : interviewers. errors, checked : (k,) wrong and re-checked facts of each.
    null_rate : rate that is tolerated. level : of the family of tests.

    Returns
    -------
    flags with the observed rate; `limit` is the null rate.
    """
    wrong, seen = np.asarray(errors, np.float64), np.asarray(checked, np.float64)
    if not (wrong.shape == seen.shape == (len(names),)) or (wrong > seen).any():
        raise AnalysisError("errors", wrong.shape, "one number per name, not above checked")
    p: Floats = np.where(
        wrong > 0, special.betainc(np.maximum(wrong, 1), seen - wrong + 1, null_rate), 1.0
    )
    adjusted = holm(p)
    return tuple(
        Flag("error_rate", names[i], float(wrong[i] / seen[i]), null_rate)
        for i in np.flatnonzero(adjusted < 1 - level).tolist()
    )


def exact_upper_limit(errors: int, checked: int, level: float = 0.95) -> float:
    """One-sided Clopper-Pearson upper limit of a rate (interviews that never happened)."""
    if not 0 <= errors <= checked or checked == 0:
        raise AnalysisError("errors", (errors, checked), "errors lie between 0 and checked")
    return (
        1.0 if errors == checked else float(special.betaincinv(errors + 1, checked - errors, level))
    )


def lot_size(rate: float, level: float = 0.95) -> int:
    """Re-checks that find at least one of a share of fakes with so much certainty (LQAS)."""
    if not 0 < rate < 1 or not 0 < level < 1:
        raise AnalysisError("rate", rate, "must be above 0 and below 1")
    return int(np.ceil(np.log(1 - level) / np.log(1 - rate)))
