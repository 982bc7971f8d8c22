"""Closed questions outside the index (trouble, money, channels, who answered): shares by agency.

Shares of the options are taken over the answers, that of those who gave none («Tôi không rõ» and
its like, or left blank) over everybody who was asked. Which of these it was is told of all agencies
together only (`without_answer`). Everything passes the gate question by question (`row_gate`).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.design import survey_design
from analysis.disclosure import Cell, withheld
from analysis.estimate import Estimate, EstimateTable, Options, estimates, whole
from analysis.labels import Bools, Floats
from analysis.measures import Measure, plan
from analysis.reduction import moments_of
from questionnaires.method import MethodVersion
from questionnaires.routing import agency_items, chosen_codes, visible_items
from questionnaires.types import BLANK, MISSING_CODES, Item, Questionnaire
from surveyapp.results import gate, row_gate
from surveyapp.results.answers import GroupAnswers
from surveyapp.results.row_gate import NONE
from surveyapp.results.weighting import Weighting

#: Places of a published share, on the scale 0 to 100.
DECIMALS = 1


@dataclass(frozen=True, slots=True)
class Given:
    """The answers of one form, or of one form on one agency.

    `agency` is "" where they are about none; `form` and `stratum` tell which form it is and what
    its weight follows from; `shown` holds the questions that the person got.
    """

    agency: str
    form: str
    stratum: str
    answers: Mapping[str, Any]
    shown: Collection[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Everybody who could answer.

    `weight` is (n,); with `has_whole` all of them are a row too; `context` says what else the
    weights follow from.
    """

    rows: Sequence[Given]
    weight: Floats
    has_whole: bool
    context: Sequence[object] = ()


def closed_items(questionnaire: Questionnaire, method: MethodVersion) -> tuple[Item, ...]:
    """Return the questions with options that no index holds."""
    return tuple(
        item
        for item in questionnaire.items
        if item.kind in ("choice", "choices") and item.code not in method.items
    )


def shown_items(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> Collection[str]:
    """Return the common questions that a person got: those of her way, and what she answered."""
    return {item.code for item in visible_items(questionnaire, answers)} | answers.keys()


def of_drawn(
    data: GroupAnswers,
    given: tuple[Questionnaire, MethodVersion],
    weights: Weighting | None,
    eligible: Mapping[tuple[str, str], int],
    earlier: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Estimate the other questions of a drawn group, with intervals, and pass them the gate.

    Raters answer once for themselves (the whole only), or on each agency (no whole, as their
    points have none): `eligible` counts them by stratum and agency. Without `weights` nobody
    answers for herself. `earlier` are the contents of earlier runs.
    """
    questionnaire = given[0]
    common = _common(data, questionnaire, weights) if weights else Asked((), np.zeros(0), False)
    rated = _rated(data, questionnaire, eligible)

    def estimated(tally: Tally) -> list[EstimateTable]:
        if tally.item.per_agency or weights is None:
            return _by_raters(tally, rated)
        return _by_forms(tally, common, weights)

    return _published(given, (common, rated), estimated, earlier)


def of_walk_ins(
    forms: Sequence[Given],
    given: tuple[Questionnaire, MethodVersion],
    earlier: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Count the other questions of people whom nobody had drawn: shares without intervals."""
    asked = Asked(forms, np.ones(len(forms)), has_whole=True)
    return _published(given, (asked, asked), lambda _: [], earlier)


def _published(
    given: tuple[Questionnaire, MethodVersion],
    asked: tuple[Asked, Asked],
    estimated: Callable[["Tally"], Sequence[EstimateTable]],
    earlier: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Pass the questions through the gate; return plain values (JSON) by question and row.

    `asked` are those who answered once, and those who answered on an agency. A question that is
    asked after a certain answer to another tells how many gave that answer: what is hidden of the
    first is hidden of the second.
    """
    questionnaire = given[0]
    before = earlier_rows(each.get("others", {}) for each in earlier)
    result: dict[str, Any] = {}
    hidden: dict[str, set[str]] = {}
    for item in closed_items(*given):
        tally = Tally(item, asked[1] if item.per_agency else asked[0])
        bases = {(row, item.code): tally.basis(row) for row in tally.rows}
        stay = {row for row, code in before.kept_hidden(bases) if code == item.code}
        stay = stay.union(*(hidden.get(one, ()) for one in _conditions(questionnaire, item)))
        rules = row_gate.hidden_rows(tally.counted(), stay & set(tally.rows))
        hidden[item.code] = set(rules)
        limits = {(row, part): one for table in estimated(tally) for row, part, one in table}
        result[item.code] = {
            row: {"hidden": rules[row]}
            if row in rules
            else {
                "n": tally.base(row, tally.options[0]),
                "asked": basis.n,
                "members": basis.members,
                "shares": {
                    part: _plain(tally.share(row, part), limits.get((row, part)))
                    for part in (*tally.options, NONE)
                },
            }
            for (row, _), basis in bases.items()
        }
    lacking = earlier_rows(
        {code: {gate.WHOLE: one} for code, one in each.get("without_answer", {}).items()}
        for each in earlier
    )
    everybody = {
        item.code: Tally(item, replace(asked[1] if item.per_agency else asked[0], has_whole=True))
        for item in questionnaire.items
        if item.kind in ("choice", "choices")
    }
    return {"others": result, "without_answer": without_answer(everybody, lacking)}


def without_answer(
    tallies: Mapping[str, "Tally"], earlier: gate.Earlier
) -> dict[str, dict[str, Any]]:
    """Return how many of all who were asked ticked each of the missing codes, by question.

    Of a sensitive question only where every code has 0 or at least 3.
    """
    result: dict[str, dict[str, Any]] = {}
    for code, tally in tallies.items():
        asked = tally.basis(gate.WHOLE)
        counts = [tally.count(gate.WHOLE, part) for part in tally.missing]
        cell = Cell(asked.n, 0, (*counts, asked.n - sum(counts)), tally.item.sensitive, True)
        place = (gate.WHOLE, code)
        kept = place in earlier.kept_hidden({place: asked})
        rule = withheld(cell) or ("complementary" if kept else None)
        shares = {part: _plain(tally.share(gate.WHOLE, part), None) for part in tally.missing}
        told = {"asked": asked.n, "members": asked.members, "shares": shares}
        result[code] = {"hidden": rule} if rule else told
    return result


def earlier_rows(contents: Iterable[Mapping[str, Any]]) -> gate.Earlier:
    """Collect which rows of the questions earlier runs of one group hid and showed."""
    result = gate.Earlier()
    for content in contents:
        for item, rows in content.items():
            for row, each in rows.items():
                basis = gate.Basis(each.get("asked", 0), each.get("members", ""))
                result.note((row, item), basis, is_hidden="hidden" in each)
    return result


class Tally:
    """The answers to one question, by row: an agency, or `gate.WHOLE` for all.

    Attributes
    ----------
    options, missing : codes of the answers, and of «Tôi không rõ» and its like.
    values : (n,) by code, and for `NONE` of the options: 1 ticked, 0 not, nan where it could not
        be (not asked; an option of somebody who gave no answer).
    rows : (n,) by row, who belongs to it among those who were asked.
    """

    def __init__(self, item: Item, to: Asked) -> None:
        self.item, self._to = item, to
        ticked = [_codes(item, each) for each in to.rows]
        asked = np.array([bool(codes) for codes in ticked], np.bool_)
        options = frozenset(item.option_codes)
        valid = np.array([not codes.isdisjoint(options) for codes in ticked], np.bool_)
        seen = frozenset[str]().union(*ticked)
        self.options = item.option_codes
        self.missing = tuple(code for code in MISSING_CODES if code in (*item.missing, *seen))
        self.values = {
            code: np.where(
                valid if code in options else asked,
                np.array([float(code in codes) for codes in ticked], np.float64),
                np.nan,
            )
            for code in (*self.options, *self.missing)
        }
        self.values[NONE] = np.where(asked, 1.0 - valid, np.nan)
        agency = np.array([each.agency for each in to.rows], dtype=object)
        self.rows: dict[str, Bools] = {
            str(row): asked & (agency == row) for row in sorted(set(agency[asked])) if row
        }
        if to.has_whole:
            self.rows[gate.WHOLE] = asked

    def basis(self, row: str) -> gate.Basis:
        """Return how many were asked, and a digest of who."""
        asked = [self._to.rows[place] for place in np.flatnonzero(self.rows[row]).tolist()]
        forms = [(each.agency, each.form, each.stratum) for each in asked]
        return gate.Basis(len(forms), gate.members([*forms, *self._to.context]))

    def counted(self) -> row_gate.Counted:
        """Return what the gate has to know."""
        return row_gate.Counted(
            {
                (row, code): row_gate.Share(
                    self.base(row, code),
                    self.count(row, code),
                    self.share(row, code),
                    float(self._to.weight[self._there(row, code)].sum()),
                )
                for row in self.rows
                for code in (*self.options, NONE)
            },
            self.options,
            single=self.item.kind == "choice",
            sensitive=self.item.sensitive,
        )

    def base(self, row: str, code: str) -> int:
        """Count those whom the share of a code is taken over."""
        return int(self._there(row, code).sum())

    def share(self, row: str, code: str) -> float | None:
        """Return the weighted share of a code, 0 to 1; None where it is over nobody."""
        there = self._there(row, code)
        weight = self._to.weight[there]
        return float(weight @ self.values[code][there] / weight.sum()) if there.any() else None

    def count(self, row: str, code: str) -> int:
        """Count those who ticked a code."""
        return int(self.values[code][self._there(row, code)].sum())

    def _there(self, row: str, code: str) -> Bools:
        return self.rows[row] & ~np.isnan(self.values[code])


def _codes(item: Item, given: Given) -> frozenset[str]:
    """Return what was ticked: blank where nothing was, nothing at all where it was not asked."""
    if item.code not in given.shown:
        return frozenset()
    return chosen_codes(item, given.answers.get(item.code)) or frozenset({BLANK})


def _plain(share: float | None, found: Estimate | None) -> dict[str, Any]:
    """Return a share as plain values on the scale 0 to 100, rounded as it is printed."""
    ci = None if found is None or found.ci is None else found.ci
    percent = None if share is None else gate.published(100 * share, DECIMALS)
    if found is None:
        return {"value": percent}
    limits = None if ci is None else [gate.published(100 * limit, DECIMALS) for limit in ci]
    return {"value": percent, "ci": limits, "flag": found.flag, "reason": found.reason}


def _conditions(questionnaire: Questionnaire, item: Item) -> set[str]:
    """Name the questions whose answers decide whether a question is asked."""
    pages = (page for page in questionnaire.pages if page.code == item.page)
    return {each.item for each in (*item.show_if, *(c for page in pages for c in page.show_if))}


def _common(data: GroupAnswers, questionnaire: Questionnaire, weights: Weighting) -> Asked:
    is_about_many = questionnaire.rates == "many"
    rows = [
        Given(
            gate.WHOLE if is_about_many else form.agencies[0],
            form.number,
            form.stratum,
            form.answers,
            shown_items(questionnaire, form.answers),
        )
        for form in data.forms
    ]
    return Asked(rows, weights.design.weight, has_whole=True, context=weights.context(data))


def _rated(
    data: GroupAnswers, questionnaire: Questionnaire, eligible: Mapping[tuple[str, str], int]
) -> Asked:
    """Return every rating of an agency; a rater stands for the eligible raters of her stratum."""
    came = Counter((form.stratum, agency) for form in data.forms for agency in form.ratings)
    rows, weight = [], []
    for form in data.forms:
        for agency, rating in form.ratings.items():
            items = agency_items(questionnaire, form.answers, rating)
            shown = {item.code for item in items} | rating.keys()
            rows.append(Given(agency, form.number, form.stratum, rating, shown))
            weight.append(eligible[form.stratum, agency] / came[form.stratum, agency])
    return Asked(rows, np.array(weight, np.float64), has_whole=False)


def _by_forms(tally: Tally, asked: Asked, weights: Weighting) -> list[EstimateTable]:
    layout = plan([Measure(code) for code in tally.options])
    agency = [each.agency for each in asked.rows]
    tables = [whole(weights.moments(layout, tally.values), layout, Options())]
    if any(agency):
        tables.append(estimates(weights.moments(layout, tally.values, agency), layout, Options()))
    return tables


def _by_raters(tally: Tally, rated: Asked) -> list[EstimateTable]:
    """Estimate by agency; the rater is the sampling unit, without correction, as for points."""
    layout = plan([Measure(code) for code in tally.options])
    design = survey_design(
        rated.weight,
        strata=[each.stratum for each in rated.rows],
        psu=([each.form for each in rated.rows],),
        lonely_psu="adjust",
    )
    agency = [each.agency for each in rated.rows]
    return [estimates(moments_of(design, layout, tally.values, agency), layout, Options(fpc=False))]
