"""Weights of a satisfaction survey: the design, non-response, and margins that the plan knows.

The weight of a form is N_h / n_h, which takes non-response within a stratum as a random second
step. Where the plan gives known counts of answers to a question (`margins` of a group, such as
sex or age), the weights are raked to their shares within `weight_bounds`; variances are then
those of residuals on the margins. A form that leaves such a question open keeps its share.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.calibrated import calibrated_moments
from analysis.design import SurveyDesign, survey_design
from analysis.errors import AnalysisError
from analysis.estimate import Moments
from analysis.labels import Floats
from analysis.measures import Plan
from analysis.reduction import moments_of
from analysis.weights import Margins, calibrated, margins, unequal_weighting_effect
from questionnaires.types import Questionnaire
from surveyapp.errors import AppError
from surveyapp.exports.numbers import NumberStyle
from surveyapp.results.answers import GroupAnswers
from surveyapp.rules import in_vietnamese

OPEN = "không trả lời"
#: Factors that raking may change a weight by, where the plan says nothing.
BOUNDS = (0.2, 5.0)


@dataclass(frozen=True, slots=True)
class Weighting:
    """The design of the forms under their final weights, and what the weights were fitted to."""

    design: SurveyDesign
    base_weight: Floats
    known: Margins | None
    notes: tuple[str, ...]

    def moments(
        self, layout: Plan, values: Mapping[str, Floats], agency: list[str] | None = None
    ) -> Moments:
        """Reduce the answers; by agency, or as a whole."""
        if self.known is None:
            return moments_of(self.design, layout, values, agency)
        return calibrated_moments(
            self.design, layout, values, self.known.aux, self.base_weight, agency
        )

    def context(self, data: GroupAnswers) -> list[object]:
        """Return what the weights follow from, beside the stratum of a form: sizes and margins."""
        sizes: list[object] = [*sorted(data.pop_size.items())]
        if self.known is None:
            return sizes
        forms = sorted(form.number for form in data.forms)
        return [*sizes, *forms, *zip(self.known.names, self.known.totals.tolist(), strict=True)]

    def summary(self) -> dict[str, Any]:
        """Return the range of the weights and what their inequality costs (Kish's 1 + CV²)."""
        weight = self.design.weight
        return {
            "lowest": float(weight.min()),
            "highest": float(weight.max()),
            "effect": unequal_weighting_effect(weight),
            "margins": [] if self.known is None else list(self.known.names),
        }


def weighting(
    data: GroupAnswers, questionnaire: Questionnaire, rules: Mapping[str, Any]
) -> Weighting:
    """Weigh the forms of a group.

    Parameters
    ----------
    rules : the group in the plan; `margins` is {question: {answer: count}}, `weight_bounds` the
        lowest and highest factor on a weight.

    Raises
    ------
    AppError : margins that the questionnaire or the answers do not have, or that no weights
        within the bounds meet.
    """
    received = Counter(form.stratum for form in data.forms)
    pop_size = np.array([data.pop_size[form.stratum] for form in data.forms], dtype=np.float64)
    base = pop_size / np.array([received[form.stratum] for form in data.forms], dtype=np.float64)
    wanted = rules.get("margins", {})
    try:
        known = _known(data, questionnaire, base, wanted) if wanted else None
        low, high = rules.get("weight_bounds", BOUNDS)
        weight = base if known is None else calibrated(base, known, "raking", (low, high))
    except AnalysisError as error:
        raise AppError(
            "RESULTS-120",
            "Không tính được quyền số theo số liệu đã biết của kế hoạch: "
            f"{error.argument}: {in_vietnamese(error.rule)} ({error.value}).",
            "Sửa mục «margins» của nhóm trong kế hoạch: gộp các mức ít người, hoặc nới "
            "«weight_bounds».",
            status=409,
        ) from error
    design = survey_design(
        weight,
        strata=[form.stratum for form in data.forms],
        pop_size=(pop_size,),
        lonely_psu="adjust",
    )
    notes = (*design.notes, *_notes(known, wanted, questionnaire), *_silent(data, received))
    return Weighting(design, base, known, notes)


def _known(
    data: GroupAnswers,
    questionnaire: Questionnaire,
    base: Floats,
    wanted: Mapping[str, Mapping[str, float]],
) -> Margins:
    """Turn the known counts into totals of the weights, every margin with the same sum."""
    columns, totals = {}, {}
    for code, counts in wanted.items():
        if not questionnaire.has_item(code):
            raise AnalysisError("margins", code, "is no question of this questionnaire")
        options = frozenset(questionnaire.item(code).option_codes)
        unknown = sorted(set(counts) - options)
        if unknown:
            raise AnalysisError(code, ", ".join(unknown), "is no answer to this question")
        given = [str(form.answers.get(code)) for form in data.forms]
        label = [answer if answer in options else OPEN for answer in given]
        is_open = np.array([each == OPEN for each in label])
        left = float(base[~is_open].sum())
        scale = left / sum(counts.values()) if sum(counts.values()) > 0 else 0.0
        totals[code] = {answer: count * scale for answer, count in counts.items()}
        if is_open.any():
            totals[code][OPEN] = float(base[is_open].sum())
        columns[code] = label
    return margins(columns, totals)


def _notes(
    known: Margins | None, wanted: Mapping[str, Any], questionnaire: Questionnaire
) -> list[str]:
    if known is None:
        return []
    asked = "; ".join(questionnaire.item(code).short_text["vi"] for code in wanted)
    return [
        f"Quyền số đã điều chỉnh theo số liệu đã biết về: {asked}. Phiếu để trống câu này giữ "
        "nguyên phần của mình."
    ]


def _silent(data: GroupAnswers, received: Mapping[str, int]) -> list[str]:
    """Say which part of the population the whole does not cover, because nobody answered there."""
    lost = sum(n for stratum, n in data.pop_size.items() if not received.get(stratum))
    if not lost:
        return []
    every = NumberStyle().count(sum(data.pop_size.values()))
    return [
        f"Có cơ quan không ai trả lời: số liệu của cả nhóm không gồm {NumberStyle().count(lost)} "
        f"trong {every} giao dịch của danh sách chọn mẫu."
    ]
