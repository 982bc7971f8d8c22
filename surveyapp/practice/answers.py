"""Simulated answers: agencies differ, raters are mild or strict, some questions stay open."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from questionnaires.routing import agency_items, visible_items
from questionnaires.types import Item, Option, Questionnaire
from surveyapp.practice import chance

#: Standard deviations on the scale of the opinion: agencies, questions, persons, single answers.
AGENCY_SD, ITEM_SD, PERSON_SD, ANSWER_SD = 0.18, 0.15, 0.50, 0.70
#: Opinion of an average person about an average agency; higher is better.
CENTRE = 0.55
#: An opinion below the first bound is the lowest option, above the last one the highest.
LOWEST_BOUND, HIGHEST_BOUND = -2.0, 0.5
#: How often people choose each of the missing codes that a question offers.
MISSING_SHARES = {"dk": 0.04, "na": 0.01, "refused": 0.01}
COMMENT_SHARE = 0.12
COMMENTS = (
    "Cán bộ hướng dẫn dễ hiểu, mong giữ vững.",
    "Nên có thêm ghế ngồi ở nơi tiếp nhận.",
    "Nộp qua mạng tiện nhưng tải tệp còn chậm.",
    "Mong trả kết quả sớm hơn ngày hẹn.",
    "Đề nghị công khai rõ hơn các loại giấy tờ phải nộp.",
    "Tôi hài lòng với cách giải quyết.",
    "Đường dây góp ý gọi nhiều lần mới có người nghe.",
    "Cần phối hợp tốt hơn giữa các cơ quan.",
)
#: Shares of the options of questions about facts; options that are not named share the rest.
USUAL: Mapping[str, Mapping[str, float]] = {
    "respondent_kind": {"person": 0.78},
    "outcome": {"granted": 0.90, "rejected": 0.03, "returned": 0.04},
    "channel": {"online": 0.70, "counter": 0.24},
    "visits": {"0": 0.30, "1": 0.40, "2": 0.22},
    "complaint_made": {"no": 0.70},
    "holder": {"self": 0.84, "family": 0.06, "volunteer": 0.06},
    "trouble": {"no": 0.96},
    "money": {"no": 0.98},
}
Answers = dict[str, object]


@dataclass(frozen=True, slots=True)
class Form:
    """The answers of one simulated person: common ones, and those about each agency."""

    answers: Answers
    ratings: dict[str, Answers]


class Opinions:
    """What the simulated public thinks: drawn once from the seed, the same for every person."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._known: dict[tuple[str, str], float] = {}

    def of_agency(self, code: str) -> float:
        """Return how an agency differs from the average one."""
        return self._effect("agency", code, AGENCY_SD)

    def of_item(self, code: str) -> float:
        """Return how a question differs from the average one."""
        return self._effect("item", code, ITEM_SD)

    def _effect(self, kind: str, code: str, sd: float) -> float:
        key = (kind, code)
        if key not in self._known:
            self._known[key] = float(chance.generator(self._seed, kind, code).normal(0.0, sd))
        return self._known[key]


class Person:
    """One simulated person: how strict she is, and her own chance."""

    def __init__(self, opinions: Opinions, random: np.random.Generator) -> None:
        self.opinions = opinions
        self.random = random
        self.mildness = float(random.normal(CENTRE, PERSON_SD))

    def fill_in(self, questionnaire: Questionnaire, agencies: Sequence[str]) -> Form:
        """Answer a whole form about `agencies`, as the routing leads."""
        about = 0.0 if questionnaire.rates == "many" else self._of(agencies)
        answers: Answers = {}
        while shown := _open(visible_items(questionnaire, answers), answers):
            answers |= {item.code: self._answer(item, about) for item in shown}
        ratings: dict[str, Answers] = {}
        for agency in agencies if questionnaire.rates == "many" else ():
            rating: Answers = {}
            while shown := _open(agency_items(questionnaire, answers, rating), rating):
                rating |= {item.code: self._answer(item, self._of([agency])) for item in shown}
            ratings[agency] = _given(rating)
        return Form(_given(answers), ratings)

    def again(self, item: Item, first: object, changed_share: float = 0.12) -> object:
        """Answer a question a second time: mostly as before, else an option beside it."""
        if self.random.random() >= changed_share or first not in item.option_codes:
            return first
        place = item.option_codes.index(str(first))
        beside = [i for i in (place - 1, place + 1) if 0 <= i < len(item.option_codes)]
        return item.option_codes[beside[int(self.random.integers(len(beside)))]]

    def _of(self, agencies: Sequence[str]) -> float:
        return sum(map(self.opinions.of_agency, agencies)) / max(1, len(agencies))

    def _answer(self, item: Item, about: float) -> object:
        """Answer one question; None leaves an optional one open."""
        if item.kind == "text":
            wants = self.random.random() < COMMENT_SHARE
            return COMMENTS[int(self.random.integers(len(COMMENTS)))] if wants else None
        if (missing := self._missing(item)) is not None:
            return missing
        if item.kind == "number":
            return int(self.random.integers(item.minimum or 0, (item.maximum or 10) + 1))
        if item.kind == "choices":
            return self._some(item)
        if _is_scale(item):
            opinion = self.mildness + about + self.opinions.of_item(item.code)
            return self._on_scale(item, opinion)
        return self._fact(item)

    def _missing(self, item: Item) -> str | None:
        draw = float(self.random.random())
        for code in item.missing:
            draw -= MISSING_SHARES.get(code, 0.0)
            if draw < 0:
                return code
        return None

    def _on_scale(self, item: Item, opinion: float) -> str:
        ordered = sorted(item.options, key=_value)
        felt = opinion + float(self.random.normal(0.0, ANSWER_SD))
        return ordered[bisect_left(_bounds(len(ordered)), felt)].code

    def _fact(self, item: Item) -> str:
        named = USUAL.get(item.code, {})
        rest = (1 - sum(named.values())) / max(1, len(set(item.option_codes) - set(named)))
        shares = np.array([named.get(code, rest) for code in item.option_codes])
        return item.option_codes[int(self.random.choice(len(shares), p=shares / shares.sum()))]

    def _some(self, item: Item) -> list[str]:
        """Tick some options: never one that excludes the others beside them."""
        free = [code for code in item.option_codes if code not in item.exclusive]
        most = min(item.max_choices or 3, 3, len(free))
        picked = self.random.permutation(len(free))[: int(self.random.integers(1, most + 1))]
        return [code for i, code in enumerate(free) if i in set(picked.tolist())]


def _open(items: Iterable[Item], answers: Mapping[str, object]) -> list[Item]:
    """Return the questions that are shown and were not yet asked."""
    return [item for item in items if item.code not in answers]


def _given(answers: Answers) -> Answers:
    return {code: value for code, value in answers.items() if value is not None}


@cache
def _bounds(options: int) -> list[float]:
    """Return what divides a scale of so many options."""
    bounds: list[float] = np.linspace(LOWEST_BOUND, HIGHEST_BOUND, options - 1).tolist()
    return bounds


def _value(option: Option) -> float:
    value = option.percent if option.score is None else option.score
    return 0.0 if value is None else value


def _is_scale(item: Item) -> bool:
    return all(o.score is not None or o.percent is not None for o in item.options)
