"""Page and type of a PDF report, as Nghị định 30/2020/NĐ-CP (annex I) asks."""

from html import escape

from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph

from surveyapp.exports.face import BOLD, BOLD_ITALIC, ITALIC, REGULAR, register
from surveyapp.exports.wording import clean

PAGE_WIDTH, PAGE_HEIGHT = A4
TOP, BOTTOM, LEFT, RIGHT = 20 * mm, 20 * mm, 30 * mm, 15 * mm
PORTRAIT_WIDTH = PAGE_WIDTH - LEFT - RIGHT
LANDSCAPE_WIDTH = PAGE_HEIGHT - LEFT - RIGHT
PORTRAIT_HEIGHT = PAGE_HEIGHT - TOP - BOTTOM

BODY_SIZE = 13
SMALL_SIZE = 11
TABLE_SIZES = (11.0, 10.0)  # tried in portrait, then in landscape
LAST_TABLE_SIZES = (9.0, 8.0, 7.0)  # tried in landscape only


def _style(name: str, face: str, size: float, alignment: int, **more: float) -> ParagraphStyle:
    register()
    settings: dict[str, float] = {"leading": size * 1.22, "spaceAfter": 0, **more}
    return ParagraphStyle(
        name, fontName=face, fontSize=size, alignment=alignment, allowWidows=0, **settings
    )


def body() -> ParagraphStyle:
    """Body text: justified, first line indented by 1.27 cm."""
    return _style(
        "body",
        REGULAR,
        BODY_SIZE,
        TA_JUSTIFY,
        firstLineIndent=12.7 * mm,
        spaceAfter=6,
        leading=BODY_SIZE * 1.3,
        allowOrphans=0,
    )


def strong() -> ParagraphStyle:
    """Body text that must not be missed."""
    style = body()
    style.fontName = BOLD
    return style


def heading() -> ParagraphStyle:
    """Heading of a section; never the last line of a page."""
    return _style(
        "heading",
        BOLD,
        BODY_SIZE,
        TA_JUSTIFY,
        firstLineIndent=12.7 * mm,
        spaceBefore=6,
        spaceAfter=6,
        keepWithNext=1,
    )


def centred(size: float, *, bold: bool = False, italic: bool = False) -> ParagraphStyle:
    """Centred lines: letterhead, titles, signature, cells."""
    face = {(0, 0): REGULAR, (1, 0): BOLD, (0, 1): ITALIC, (1, 1): BOLD_ITALIC}[bold, italic]
    return _style("centred", face, size, TA_CENTER)


def left(size: float, *, bold: bool = False, italic: bool = False) -> ParagraphStyle:
    """Lines that start at the left: cells, notes, recipients."""
    face = {(0, 0): REGULAR, (1, 0): BOLD, (0, 1): ITALIC, (1, 1): BOLD_ITALIC}[bold, italic]
    return _style("left", face, size, TA_LEFT)


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """Set plain text, in which nothing is read as markup."""
    return Paragraph(escape(clean(text)).replace("\n", "<br/>"), style)
