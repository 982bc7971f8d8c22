"""The embedded Times-metric face, Liberation Serif 2: registered on first use, and its measures."""

from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FOLDER = Path(__file__).parent / "fonts"
REGULAR = "LiberationSerif"
BOLD = "LiberationSerif-Bold"
ITALIC = "LiberationSerif-Italic"
BOLD_ITALIC = "LiberationSerif-BoldItalic"
_FILES = {
    REGULAR: "LiberationSerif-Regular.ttf",
    BOLD: "LiberationSerif-Bold.ttf",
    ITALIC: "LiberationSerif-Italic.ttf",
    BOLD_ITALIC: "LiberationSerif-BoldItalic.ttf",
}


@cache
def register() -> None:
    """Make the four faces known to reportlab; it takes part of a second, so only when needed."""
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, FOLDER / file))
    pdfmetrics.registerFontFamily(
        REGULAR, normal=REGULAR, bold=BOLD, italic=ITALIC, boldItalic=BOLD_ITALIC
    )


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of one line of `text`, in the unit of `size`."""
    register()
    measured: float = pdfmetrics.stringWidth(text, BOLD if bold else REGULAR, size)
    return measured


def wrap(text: str, limit: float, size: float, *, scale: float = 1.0) -> list[str]:
    """Break `text` into lines no wider than `limit`; a longer word is broken inside.

    `scale` widens the measure for a face that runs wider than this one.
    """
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width(joined, size) * scale <= limit:
            lines[-1] = joined
        else:
            lines.extend(_pieces(word, limit / scale, size))
    return lines


def _pieces(word: str, limit: float, size: float) -> list[str]:
    """Split a word that is wider than `limit`; every piece has at least one letter."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and width(pieces[-1] + letter, size) > limit:
            pieces.append("")
        pieces[-1] += letter
    return pieces
