"""What can be wrong with an answer, said to the person who answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from questionnaires.types import BLANK, MISSING_TEXTS, Item, Text


class AnswerRule(StrEnum):
    """Rules for answers; a code is never used for another rule."""

    UNKNOWN_ITEM = "ANSWER-001"
    HIDDEN_ITEM = "ANSWER-002"
    UNKNOWN_OPTION = "ANSWER-003"
    MISSING_NOT_ALLOWED = "ANSWER-004"
    REQUIRED = "ANSWER-005"
    BLANK_OUTSIDE_PAPER = "ANSWER-006"
    TOO_LONG = "ANSWER-007"
    OUT_OF_LIMITS = "ANSWER-008"
    WRONG_TYPE = "ANSWER-009"
    EXCLUSIVE = "ANSWER-010"
    TOO_MANY = "ANSWER-011"
    REPEATED = "ANSWER-012"
    BAD_CHARACTERS = "ANSWER-013"
    MISPLACED = "ANSWER-014"
    UNKNOWN_AGENCY = "ANSWER-015"
    AGENCY_MISSING = "ANSWER-016"


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """One answer that breaks the definition.

    `item` is the item's code ("" for the form as a whole), `agency` the rated agency on a form
    that rates several, `message` a sentence in Vietnamese and in English. What was answered is
    never repeated, so a problem can be logged.
    """

    item: str
    agency: str | None
    rule: AnswerRule
    message: Text


#: Sentences that need nothing from the item.
PLAIN_TEXTS: dict[AnswerRule, Text] = {
    AnswerRule.UNKNOWN_ITEM: {
        "vi": "Phiếu này không có câu hỏi đó. Tải lại phiếu rồi trả lời tiếp.",
        "en": "This form has no such question. Reload the form and go on.",
    },
    AnswerRule.HIDDEN_ITEM: {
        "vi": "Theo các câu trả lời ở trên, câu này không cần trả lời. Mời Ông/Bà bỏ trống.",
        "en": "Because of your answers above, this question does not apply. Please leave it out.",
    },
    AnswerRule.UNKNOWN_OPTION: {
        "vi": "Câu trả lời không có trong các lựa chọn. Mời Ông/Bà chọn lại.",
        "en": "The answer is not among the choices. Please choose again.",
    },
    AnswerRule.BLANK_OUTSIDE_PAPER: {
        "vi": "Chỉ phiếu giấy mới ghi «Để trống». Mời Ông/Bà chọn một câu trả lời.",
        "en": "Only paper forms can be left blank. Please choose an answer.",
    },
    AnswerRule.WRONG_TYPE: {
        "vi": "Câu trả lời không đúng dạng của câu hỏi. Mời Ông/Bà trả lời lại.",
        "en": "The answer does not fit this kind of question. Please answer again.",
    },
    AnswerRule.REPEATED: {
        "vi": "Một lựa chọn được ghi hai lần. Mỗi lựa chọn chỉ ghi một lần.",
        "en": "A choice is given twice. Give each choice once.",
    },
    AnswerRule.BAD_CHARACTERS: {
        "vi": "Câu trả lời có ký tự không đọc được. Mời Ông/Bà chỉ dùng chữ, số và dấu câu.",
        "en": "The answer has unreadable characters. Please write it again in plain text.",
    },
    AnswerRule.MISPLACED: {
        "vi": "Câu trả lời đặt sai phần của phiếu (phần chung hoặc phần theo từng cơ quan). "
        "Chuyển về đúng phần.",
        "en": "The answer stands in the wrong part of the form (common or per agency). Move it.",
    },
    AnswerRule.UNKNOWN_AGENCY: {
        "vi": "Phiếu này không đánh giá cơ quan đó. Chỉ ghi các cơ quan có trên phiếu.",
        "en": "This form does not rate that agency. Rate only the agencies on the form.",
    },
    AnswerRule.AGENCY_MISSING: {
        "vi": "Chưa có đánh giá cho cơ quan này. Mời Ông/Bà trả lời các câu về cơ quan này.",
        "en": "This agency is not rated yet. Please answer the questions about it.",
    },
}


def allowed_missing(item: Item, *, on_paper: bool) -> tuple[str, ...]:
    """Give the missing codes that the item takes in this mode; a text item takes none."""
    if item.kind == "text":
        return ()
    return (*item.missing, BLANK) if on_paper else item.missing


def required_text(item: Item, *, on_paper: bool) -> Text:
    """Ask for an answer, and name what may be chosen instead of one."""
    vi, en = {
        "choice": ("chọn một câu trả lời", "choose an answer"),
        "choices": ("chọn ít nhất một câu trả lời", "choose at least one answer"),
        "number": ("ghi một số", "enter a number"),
        "text": ("viết câu trả lời", "write an answer"),
    }[item.kind]
    return {
        "vi": f"Mời Ông/Bà {vi}{_instead(item, 'vi', on_paper=on_paper)}.",
        "en": f"Please {en}{_instead(item, 'en', on_paper=on_paper)}.",
    }


def _instead(item: Item, language: str, *, on_paper: bool) -> str:
    quote = ("«", "»") if language == "vi" else ("“", "”")
    words = [
        f"{quote[0]}{MISSING_TEXTS[code][language]}{quote[1]}"
        for code in allowed_missing(item, on_paper=on_paper)
    ]
    return f", {'hoặc' if language == 'vi' else 'or'} {', '.join(words)}" if words else ""


def missing_not_allowed_text(item: Item, code: str, *, on_paper: bool) -> Text:
    """Say that this item does not take the missing code, and ask for what it takes."""
    ask = required_text(item, on_paper=on_paper)
    words = MISSING_TEXTS[code]
    return {
        "vi": f"Câu này không có lựa chọn «{words['vi']}». {ask['vi']}",
        "en": f"“{words['en']}” cannot be chosen here. {ask['en']}",
    }


def exclusive_text(words: Text) -> Text:
    """Say that one choice excludes all others."""
    vi = words["vi"]
    return {
        "vi": f"«{vi}» không đi cùng lựa chọn khác. Chỉ chọn câu này, hoặc bỏ câu này.",
        "en": f"“{words.get('en', vi)}” cannot go with other choices. Choose it alone, or not.",
    }


def too_many_text(limit: int) -> Text:
    """Say how many choices may be ticked."""
    return {
        "vi": f"Chọn nhiều nhất {limit} câu trả lời. Mời Ông/Bà bỏ bớt.",
        "en": f"Choose at most {limit} answers. Please remove some.",
    }


def too_long_text(limit: int) -> Text:
    """Say how long a text may be."""
    return {
        "vi": f"Câu trả lời dài quá {limit} ký tự. Mời Ông/Bà viết ngắn hơn.",
        "en": f"The answer is longer than {limit} characters. Please shorten it.",
    }


def limits_text(minimum: int | None, maximum: int | None) -> Text:
    """Say between which numbers the answer must lie."""
    if minimum is not None and maximum is not None:
        vi, en = f"từ {minimum} đến {maximum}", f"from {minimum} to {maximum}"
    elif minimum is not None:
        vi, en = f"từ {minimum} trở lên, không quá lớn", f"of at least {minimum}, not too large"
    elif maximum is not None:
        vi, en = f"không quá {maximum}", f"of at most {maximum}"
    else:
        vi, en = "không quá lớn", "that is not too large"
    return {"vi": f"Mời Ông/Bà ghi một số {vi}.", "en": f"Please enter a number {en}."}


def printable(code: object) -> str:
    """Make a foreign code fit for logs and JSON: at most 60 printable characters."""
    if not isinstance(code, str):
        return type(code).__name__
    return "".join(
        letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in code[:60]
    )


def join_problems(problems: Sequence[AnswerProblem], language: str = "vi") -> str:
    """Give all problems as lines, for a command or an error page."""
    lines = []
    for problem in problems:
        where = ", ".join(part for part in (problem.agency, problem.item) if part)
        lines.append(f"[{problem.rule.value}] {where}: {problem.message[language]}")
    return "\n".join(lines)
