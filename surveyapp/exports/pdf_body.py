"""The body of a PDF report: sections and annexes in the order of reading."""

from reportlab.lib.colors import black
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    Spacer,
    Table,
)

from analysis.report import Block, Box, Figure, Paragraph, Report, ReportTable
from surveyapp.exports.drawing import drawing
from surveyapp.exports.face import REGULAR
from surveyapp.exports.figure import Look
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pdf_letterhead import annex_heading, closing, letterhead, roman, title
from surveyapp.exports.pdf_styles import (
    BODY_SIZE,
    PORTRAIT_HEIGHT,
    PORTRAIT_WIDTH,
    SMALL_SIZE,
    body,
    centred,
    heading,
    left,
    paragraph,
    strong,
)
from surveyapp.exports.pdf_tables import layout_of, table_flowables
from surveyapp.exports.pictures import pictures

END = "./."
_ROOM_FOR_TITLES = 170.0  # heading of an annex, title of the picture and how to read it
_PICTURE = Look(PORTRAIT_WIDTH, 9.5)


class Story:
    """The flowables of one report; turns the page where a table needs it."""

    def __init__(self, report: Report) -> None:
        """Start an empty story about `report`."""
        self.report = report
        self.style = NumberStyle(report.decimals, report.decimal_comma)
        self.flowables: list[Flowable] = []
        self._lead: list[Flowable] = []  # a heading that waits for the block it stays with
        self._part = 0
        self._landscape = False
        self._tables = {t.code: n for n, t in enumerate(report.tables(), start=1)}
        self._figures = {f.code: n for n, f in enumerate(report.figures(), start=1)}

    def tell(self) -> list[Flowable]:
        """Return the whole document as flowables."""
        report = self.report
        self.flowables += [*letterhead(report), *title(report)]
        for position, section in enumerate(report.sections):
            if section.heading:
                text = f"{roman(position + 1)}. {section.heading}"
                self._lead.append(paragraph(text, heading()))
            is_last = position == len(report.sections) - 1
            self._blocks(section.blocks, ends=is_last)
        self._turn(landscape=False)
        self.flowables += [*self._take_lead(), *closing(report)]
        for position, annex in enumerate(report.annexes):
            self._start_annex(position)
            self._blocks(annex.blocks, ends=False)
            self.flowables += self._take_lead()
        return self.flowables

    def _blocks(self, blocks: tuple[Block, ...], *, ends: bool) -> None:
        """Add `blocks`; the last words of the body end with "./."."""
        for position, block in enumerate(blocks):
            is_end = ends and position == len(blocks) - 1
            if isinstance(block, Paragraph):
                text = block.text.rstrip(".") + END if is_end else block.text
                kept = paragraph(text, strong() if block.strong else body())
                kept.keepWithNext = is_end
                self._turn(landscape=False)
                self.flowables += [*self._take_lead(), kept]
                continue
            self._block(block)
            if is_end:
                self._turn(landscape=False)
                self.flowables.append(paragraph(END, left(BODY_SIZE)))

    def _block(self, block: ReportTable | Figure | Box) -> None:
        match block:
            case ReportTable():
                self._table(block)
            case Box():
                self._box(block)
            case _:
                self._figure(block)

    def _table(self, table: ReportTable, banner: str = "") -> None:
        self._turn(landscape=layout_of(table, self.style).landscape)
        self.flowables += table_flowables(
            table,
            self._tables[table.code],
            self.style,
            above=self._take_lead(),
            banner=banner,
        )

    def _figure(self, figure: Figure) -> None:
        """Add title, how to read and picture; a long picture goes over several pages."""
        self._turn(landscape=False)
        name = f"Hình {self._figures[figure.code]}. {figure.title}"
        parts = pictures(
            figure,
            _PICTURE,
            self.style,
            simulated=self.report.simulated,
            max_height=PORTRAIT_HEIGHT - _ROOM_FOR_TITLES,
        )
        for position, part in enumerate(parts):
            more = f" (phần {position + 1}/{len(parts)})" if len(parts) > 1 else ""
            shown: list[Flowable] = [*self._take_lead(), Spacer(0, 6)]
            shown.append(paragraph(name + more, centred(BODY_SIZE, bold=True)))
            if position == 0:
                shown.append(paragraph(figure.how_to_read, centred(SMALL_SIZE, italic=True)))
            self.flowables.append(KeepTogether([*shown, Spacer(0, 6), drawing(part)]))
        self.flowables.append(Spacer(0, 10))

    def _box(self, box: Box) -> None:
        """Frame the figures of another publisher; their table repeats the caveat."""
        self._turn(landscape=False)
        caveat = f"({box.caveat})"
        lines = [
            paragraph(box.title, centred(BODY_SIZE, bold=True)),
            paragraph(caveat, centred(SMALL_SIZE, bold=True, italic=True)),
        ]
        lines += [
            paragraph(block.text, left(BODY_SIZE, bold=block.strong)) for block in box.paragraphs
        ]
        frame = Table([[line] for line in lines], colWidths=[PORTRAIT_WIDTH])
        frame.setStyle(
            [("BOX", (0, 0), (-1, -1), 1.2, black), ("FONT", (0, 0), (-1, -1), REGULAR, BODY_SIZE)]
        )
        kept = KeepTogether([*self._take_lead(), Spacer(0, 6), frame])
        self.flowables += [kept, Spacer(0, 6)]
        if box.table is not None:
            self._table(box.table, f"{box.title} ({box.caveat})")

    def _take_lead(self) -> list[Flowable]:
        """Hand over the heading that waits for a block."""
        lead, self._lead = self._lead, []
        return lead

    def _turn(self, *, landscape: bool) -> None:
        """Go on to a new page if the present one lies the other way."""
        if landscape != self._landscape:
            self._landscape = landscape
            self._new_page()

    def _start_annex(self, position: int) -> None:
        annex = self.report.annexes[position]
        first = annex.blocks[0] if annex.blocks else None
        self._part = position + 1
        self._landscape = isinstance(first, ReportTable) and layout_of(first, self.style).landscape
        self._new_page()
        self._lead = annex_heading(self.report, position)

    def _new_page(self) -> None:
        name = page_name(self._part, landscape=self._landscape)
        self.flowables += [NextPageTemplate(name), PageBreak()]


def page_name(part: int, *, landscape: bool) -> str:
    """Name the page template of a part: 0 the body, then the annexes."""
    return f"{part}-{'landscape' if landscape else 'portrait'}"
