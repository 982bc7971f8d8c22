"""The words that every export prints in the same way, and the cleaning of texts."""

import unicodedata

from analysis.report import Flag
from analysis.trend import Difference, TrendSeries, differences

STAMP = "SỐ LIỆU MÔ PHỎNG"
CONDUCTING = "(thực hiện khảo sát)"
NO_ROWS = "Không có dòng nào."

#: What a flag says in a table; a good estimate needs no remark.
FLAG_WORDS: dict[Flag, str] = {
    "ok": "",
    "low": "chưa đủ tin cậy",
    "small": "dưới 10 phiếu",
    "degenerate": "mọi câu trả lời như nhau",
    "census": "khảo sát toàn bộ",
    "none": "không ước lượng được",
}

#: Why two neighbouring series of figures are not joined.
BREAK_WORDS: dict[Difference, str] = {
    "publisher": "khác nơi công bố",
    "population": "khác đối tượng",
    "method_version": "khác phương pháp",
}


def break_reason(before: TrendSeries, after: TrendSeries) -> str:
    """Say why no line joins two series."""
    words = ", ".join(BREAK_WORDS[name] for name in differences(before, after))
    return f"{words}: không nối, không so sánh"


def clean(text: str) -> str:
    """Return `text` in NFC without control characters, which no file format accepts."""
    kept = (c for c in unicodedata.normalize("NFC", text) if c == "\n" or _is_printed(c))
    return "".join(kept)


def _is_printed(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cs", "Cn", "Co"}
