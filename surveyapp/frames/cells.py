"""Single cells of a list: phones, days, words for outcome, channel and respondent."""

import re
from collections.abc import Mapping
from datetime import date, datetime

from surveyapp.surveys.names import spelling

#: What lists write -> the code of the questionnaire; the first word is the one in the template.
OUTCOMES = {
    "đã cấp": "granted",
    "đã trả kết quả": "granted",
    "đã giải quyết": "granted",
    "đồng ý": "granted",
    "từ chối": "rejected",
    "bị từ chối": "rejected",
    "trả lại": "returned",
    "trả lại hồ sơ": "returned",
    "đang giải quyết": "pending",
    "đang xử lý": "pending",
}
CHANNELS = {
    "trực tiếp": "counter",
    "tại quầy": "counter",
    "trực tuyến": "online",
    "qua mạng": "online",
    "bưu chính": "post",
    "bưu điện": "post",
    "bưu chính công ích": "post",
}
RESPONDENTS = {
    "cá nhân": "person",
    "người dân": "person",
    "công dân": "person",
    "tổ chức": "organisation",
    "doanh nghiệp": "organisation",
}
_PHONE = re.compile(r"0\d{8,10}")
_YEAR = re.compile(r"19[2-9]\d|20[01]\d")
_SEPARATORS = re.compile(r"[\s.()\-]+")


class Words:
    """A column with few allowed words, in any of their spellings."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._codes = {spelling(word): code for word, code in words.items()}
        first = {code: word for word, code in reversed(list(words.items()))}
        self.allowed = ", ".join(dict.fromkeys(first[code] for code in words.values()))
        self._known: dict[str, str | None] = {}

    def code(self, text: str) -> str | None:
        """Return the code of the word; None when it is no allowed one."""
        if text not in self._known:
            self._known[text] = self._codes.get(spelling(text))
        return self._known[text]


def phone(text: str) -> str | None:
    """Return a phone number in one form, "" for an empty cell, None when it is none.

    The zero that Excel cuts off and the country code +84 are put right.
    """
    digits = _SEPARATORS.sub("", text)
    if not digits:
        return ""
    if digits.startswith("+84"):
        digits = "0" + digits[3:]
    elif digits.startswith("84") and len(digits) == 11:
        digits = "0" + digits[2:]
    elif len(digits) == 9 and not digits.startswith("0"):
        digits = "0" + digits
    return digits if _PHONE.fullmatch(digits) else None


def birth_year(text: str) -> str | None:
    """Return the year of birth of "1975" or "15/11/1975"; "" for an empty cell, None otherwise."""
    bare = text.strip()
    if not bare:
        return ""
    born = day(bare)
    year = str(born.year) if born else bare
    return year if _YEAR.fullmatch(year) else None


def day(text: str) -> date | None:
    """Read 15/11/2024, 15-11-2024 or 2024-11-15; None when it is no day."""
    bare = text.strip().replace("-", "/").replace(".", "/").split(" ")[0]
    for form in ("%d/%m/%Y", "%Y/%m/%d"):
        try:
            return datetime.strptime(bare, form).date()  # noqa: DTZ007  a day has no time zone
        except ValueError:
            continue
    return None
