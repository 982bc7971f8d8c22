"""Write a `Report` as a PDF in the form of Nghị định 30/2020/NĐ-CP.

The same report always gives the same bytes. The face is embedded, in drawings too.
"""

from collections.abc import Callable
from typing import BinaryIO

from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from analysis.report import Report
from surveyapp.exports.face import BOLD, REGULAR, register
from surveyapp.exports.pdf_body import Story, page_name
from surveyapp.exports.pdf_styles import BODY_SIZE, BOTTOM, LEFT, RIGHT, SMALL_SIZE, TOP
from surveyapp.exports.wording import STAMP, clean

_PALE = HexColor("#f1efe9")
_RED = HexColor("#a8201a")
_NUMBER_FROM_EDGE = 12 * mm
_STAMP_FROM_EDGE = 10 * mm


def write_pdf(report: Report, file: BinaryIO) -> None:
    """Write `report` to `file`, which stays open."""
    register()
    document = blank(report, file)
    document.addPageTemplates(
        [
            template
            for part in range(len(report.annexes) + 1)
            for template in _templates(part, simulated=report.simulated)
        ]
    )
    document.build(Story(report).tell())


def blank(report: Report, file: BinaryIO) -> BaseDocTemplate:
    """Return a document for `report` without pages; the same report gives the same bytes."""
    return BaseDocTemplate(
        file,
        pagesize=A4,
        invariant=1,
        initialFontName=REGULAR,
        lang="vi-VN",
        title=clean(f"{report.kind}: {report.title}"),
        author=clean(report.agency[-1]),
        subject=STAMP if report.simulated else "",
        creator="sipas",
    )


def upright(*, simulated: bool) -> PageTemplate:
    """Return the upright page of a document of one part."""
    return _templates(0, simulated=simulated)[0]


def _templates(part: int, *, simulated: bool) -> list[PageTemplate]:
    """Upright and turned pages of one part, which share its page numbers."""
    decorate = _decoration(simulated=simulated)
    return [
        PageTemplate(
            id=page_name(part, landscape=size != A4),
            pagesize=size,
            frames=[_frame(*size)],
            onPage=decorate,
        )
        for size in (A4, landscape(A4))
    ]


def _frame(page_width: float, page_height: float) -> Frame:
    width, height = page_width - LEFT - RIGHT, page_height - TOP - BOTTOM
    padding = dict.fromkeys(("leftPadding", "rightPadding", "topPadding", "bottomPadding"), 0)
    return Frame(LEFT, BOTTOM, width, height, **padding)


def _decoration(*, simulated: bool) -> Callable[[Canvas, BaseDocTemplate], None]:
    """Make the painter of one part: its page number from page 2 on, and the stamp on all."""
    starts: list[int] = []

    def decorate(canvas: Canvas, document: BaseDocTemplate) -> None:
        starts[:] = starts or [document.page]
        page = document.page - starts[0] + 1
        page_width, page_height = canvas._pagesize
        canvas.saveState()
        if simulated:
            _stamp(canvas, page_width, page_height)
        if page > 1:
            canvas.setFont(REGULAR, BODY_SIZE)
            canvas.setFillColor(black)
            canvas.drawCentredString(page_width / 2, page_height - _NUMBER_FROM_EDGE, str(page))
        canvas.restoreState()

    return decorate


def _stamp(canvas: Canvas, page_width: float, page_height: float) -> None:
    """Mark practice data across the page and, to be read for certain, below the text."""
    canvas.setFillColor(_RED)
    canvas.setFont(BOLD, SMALL_SIZE)
    canvas.drawCentredString(page_width / 2, _STAMP_FROM_EDGE, STAMP)
    canvas.saveState()
    canvas.translate(page_width / 2, page_height / 2)
    canvas.rotate(50)
    canvas.setFillColor(_PALE)
    canvas.setFont(BOLD, 58)
    canvas.drawCentredString(0, 0, STAMP)
    canvas.restoreState()
