"""Answers against their definition; nothing that comes from outside makes a check raise."""

import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from questionnaires.answer_problems import (
    PLAIN_TEXTS,
    AnswerProblem,
    AnswerRule,
    allowed_missing,
    exclusive_text,
    limits_text,
    missing_not_allowed_text,
    printable,
    required_text,
    too_long_text,
    too_many_text,
)
from questionnaires.routing import agency_items, visible_items
from questionnaires.types import (
    BLANK,
    LARGEST_NUMBER,
    MISSING_CODES,
    MISSING_TEXTS,
    Item,
    Questionnaire,
    Text,
)

PAPER = "paper"

Finding = tuple[AnswerRule, Text]


@dataclass(frozen=True, slots=True)
class CheckScope:
    """What of a form is checked.

    `block` is the block that the form carries. In mode "paper" an answer may be blank (null or
    "blank"); every other mode ("web", "tablet", "phone", "interviewer") refuses it. With
    `partial` an absent answer is no problem. `items` limits the check to these codes, as on one
    page; other answers then serve the routing only.
    """

    block: str | None = None
    mode: str = "web"
    partial: bool = False
    items: Collection[str] | None = None

    @property
    def on_paper(self) -> bool:
        """Say whether answers may be blank."""
        return self.mode == PAPER


_WHOLE_WEB_FORM = CheckScope()


def check_answers(
    questionnaire: Questionnaire,
    answers: object,
    *,
    block: str | None = None,
    mode: str = "web",
    partial: bool = False,
    items: Collection[str] | None = None,
) -> tuple[AnswerProblem, ...]:
    """Check the common answers of a form.

    Parameters
    ----------
    questionnaire : the definition.
    answers : {item code: value} as it came, of any type.
    block, mode, partial, items : see `CheckScope`.

    Returns
    -------
    All problems in the order of the items, then unknown items; empty if all is right.

    Raises
    ------
    ValueError : `block` is no block of this questionnaire (a mistake of the program).
    """
    scope = CheckScope(block, mode, partial, items)
    _require_block(questionnaire, block)
    if not isinstance(answers, Mapping):
        return (_plain("", None, AnswerRule.WRONG_TYPE),)
    shown = visible_items(questionnaire, answers, block)
    others = [item for item in questionnaire.items if not item.per_agency]
    return tuple(_Checker(questionnaire, scope, None).check(answers, shown, others))


def check_rating(
    questionnaire: Questionnaire,
    answers: object,
    rating: object,
    agency: str,
    scope: CheckScope = _WHOLE_WEB_FORM,
) -> tuple[AnswerProblem, ...]:
    """Check the answers about one agency on a form that rates several.

    Parameters
    ----------
    questionnaire : the definition.
    answers : the common answers, for the routing only.
    rating : {item code: value} about this agency, of any type.
    agency : the agency's code, repeated in the problems.
    scope : block, mode, partial, items.

    Raises
    ------
    ValueError : the scope's block is no block of this questionnaire.
    """
    _require_block(questionnaire, scope.block)
    if not isinstance(rating, Mapping):
        return (_plain("", printable(agency), AnswerRule.WRONG_TYPE),)
    common = answers if isinstance(answers, Mapping) else {}
    shown = agency_items(questionnaire, common, rating, scope.block)
    others = [item for item in questionnaire.items if item.per_agency]
    checker = _Checker(questionnaire, scope, printable(agency))
    return tuple(checker.check(rating, shown, others))


def check_form(
    questionnaire: Questionnaire,
    answers: object,
    ratings: object,
    agencies: Sequence[str],
    *,
    block: str | None = None,
    mode: str = "web",
) -> tuple[AnswerProblem, ...]:
    """Check a whole form: its common answers, and the ratings of every agency on it.

    Parameters
    ----------
    questionnaire : the definition.
    answers : {item code: value} of the common items, of any type.
    ratings : {agency code: {item code: value}}, of any type; None or empty unless the
        questionnaire rates many agencies.
    agencies : codes of the agencies that the form is to rate, in the order of the form.
    block, mode : see `CheckScope`.

    Raises
    ------
    ValueError : `block` is no block of this questionnaire.
    """
    problems = list(check_answers(questionnaire, answers, block=block, mode=mode))
    if questionnaire.rates != "many":
        if ratings not in (None, {}):
            problems.append(_plain("", None, AnswerRule.MISPLACED))
        return tuple(problems)
    if not isinstance(ratings, Mapping):
        return (*problems, _plain("", None, AnswerRule.WRONG_TYPE))
    scope = CheckScope(block, mode)
    for agency in agencies:
        if agency in ratings:
            problems += check_rating(questionnaire, answers, ratings[agency], agency, scope)
        else:
            problems.append(_plain("", printable(agency), AnswerRule.AGENCY_MISSING))
    for agency in ratings:
        if agency not in agencies:
            problems.append(_plain("", printable(agency), AnswerRule.UNKNOWN_AGENCY))
    return tuple(problems)


def _require_block(questionnaire: Questionnaire, block: str | None) -> None:
    if block is not None and block not in questionnaire.block_codes:
        raise ValueError(f"block={block!r} is no block of questionnaire {questionnaire.code!r}")


def _plain(item: str, agency: str | None, rule: AnswerRule) -> AnswerProblem:
    return AnswerProblem(item, agency, rule, PLAIN_TEXTS[rule])


class _Checker:
    """Checks one set of answers: the common ones, or those about one agency."""

    def __init__(self, questionnaire: Questionnaire, scope: CheckScope, agency: str | None) -> None:
        self.questionnaire = questionnaire
        self.scope = scope
        self.agency = agency

    def check(
        self, answers: Mapping[str, object], shown: Sequence[Item], asked: Sequence[Item]
    ) -> Iterator[AnswerProblem]:
        """Give the problems of `answers`; `asked` are the items of this part, hidden or not."""
        shown_codes = {item.code for item in shown}
        for item in asked:
            if self.scope.items is not None and item.code not in self.scope.items:
                continue
            value = answers.get(item.code)
            if item.code in shown_codes:
                given = item.code in answers
                for rule, text in self._findings(item, value, given=given):
                    yield AnswerProblem(item.code, self.agency, rule, text)
            elif not self._is_left_out(item, value):
                yield _plain(item.code, self.agency, AnswerRule.HIDDEN_ITEM)
        if self.scope.items is None:
            yield from self._foreign(answers, {item.code for item in asked})

    def _foreign(
        self, answers: Mapping[str, object], known: Collection[str]
    ) -> Iterator[AnswerProblem]:
        elsewhere = {item.code for item in self.questionnaire.items}
        for code in answers:
            if code in known:
                continue
            rule = AnswerRule.MISPLACED if code in elsewhere else AnswerRule.UNKNOWN_ITEM
            yield _plain(printable(code), self.agency, rule)

    def _is_left_out(self, item: Item, value: object) -> bool:
        """Say whether a hidden item has no answer; on paper it may be noted as blank."""
        return _is_empty(item, value) or (self.scope.on_paper and value == BLANK)

    def _findings(self, item: Item, value: object, *, given: bool) -> Iterator[Finding]:
        if not _is_empty(item, value):
            yield from _BY_KIND[item.kind](item, value, self.scope.on_paper)
        elif item.required and not self.scope.partial and not self._is_noted_blank(value, given):
            text = required_text(item, on_paper=self.scope.on_paper)
            yield AnswerRule.REQUIRED, text

    def _is_noted_blank(self, value: object, given: bool) -> bool:
        """Say whether someone entered from paper that nothing stands there."""
        return self.scope.on_paper and given and value is None


def _is_empty(item: Item, value: object) -> bool:
    if value is None:
        return True
    if item.kind == "text":
        return isinstance(value, str) and not value.strip()
    return item.kind == "choices" and isinstance(value, list | tuple) and not value


def _say(rule: AnswerRule) -> Finding:
    return rule, PLAIN_TEXTS[rule]


def _missing_code(item: Item, code: str, on_paper: bool) -> Iterator[Finding]:
    if code in allowed_missing(item, on_paper=on_paper):
        return
    if code == BLANK:
        yield _say(AnswerRule.BLANK_OUTSIDE_PAPER)
    else:
        text = missing_not_allowed_text(item, code, on_paper=on_paper)
        yield AnswerRule.MISSING_NOT_ALLOWED, text


def _choice(item: Item, value: object, on_paper: bool) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield _say(AnswerRule.WRONG_TYPE)
    elif value in MISSING_CODES:
        yield from _missing_code(item, value, on_paper)
    elif value not in item.option_codes:
        yield _say(AnswerRule.UNKNOWN_OPTION)


def _choices(item: Item, value: object, on_paper: bool) -> Iterator[Finding]:
    if isinstance(value, str) and value in MISSING_CODES:
        yield from _missing_code(item, value, on_paper)
        return
    if not isinstance(value, list | tuple) or not all(isinstance(code, str) for code in value):
        yield _say(AnswerRule.WRONG_TYPE)
        return
    codes = [str(code) for code in value]
    if len(set(codes)) < len(codes):
        yield _say(AnswerRule.REPEATED)
    if any(code not in item.option_codes and code not in MISSING_CODES for code in codes):
        yield _say(AnswerRule.UNKNOWN_OPTION)
    yield from _alone(item, codes)
    if item.max_choices is not None and len(set(codes)) > item.max_choices:
        yield AnswerRule.TOO_MANY, too_many_text(item.max_choices)


def _alone(item: Item, codes: Sequence[str]) -> Iterator[Finding]:
    """Refuse a missing code inside a list, and an exclusive option beside another one."""
    for code in MISSING_CODES:
        if code in codes:
            yield AnswerRule.EXCLUSIVE, exclusive_text(MISSING_TEXTS[code])
    for code in item.exclusive:
        if code in codes and len(set(codes)) > 1:
            yield AnswerRule.EXCLUSIVE, exclusive_text(item.option(code).text)


def _number(item: Item, value: object, on_paper: bool) -> Iterator[Finding]:
    if isinstance(value, str) and value in MISSING_CODES:
        yield from _missing_code(item, value, on_paper)
    elif isinstance(value, bool) or not isinstance(value, int):
        yield _say(AnswerRule.WRONG_TYPE)
    else:
        lowest = -LARGEST_NUMBER if item.minimum is None else item.minimum
        highest = LARGEST_NUMBER if item.maximum is None else item.maximum
        if not lowest <= value <= highest:
            yield AnswerRule.OUT_OF_LIMITS, limits_text(item.minimum, item.maximum)


def _text(item: Item, value: object, on_paper: bool) -> Iterator[Finding]:  # noqa: ARG001 (same shape for every kind)
    if not isinstance(value, str):
        yield _say(AnswerRule.WRONG_TYPE)
        return
    if any(
        unicodedata.category(letter) in ("Cc", "Cs") for letter in value if letter not in "\t\r\n"
    ):
        yield _say(AnswerRule.BAD_CHARACTERS)
    length = len(unicodedata.normalize("NFC", value.replace("\r\n", "\n")))
    if item.max_length is not None and length > item.max_length:
        yield AnswerRule.TOO_LONG, too_long_text(item.max_length)


_BY_KIND: Mapping[str, Callable[[Item, object, bool], Iterator[Finding]]] = {
    "choice": _choice,
    "choices": _choices,
    "number": _number,
    "text": _text,
}
