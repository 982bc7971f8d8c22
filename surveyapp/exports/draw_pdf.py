"""The protocol of a draw (biên bản chọn mẫu) as one page to be signed, by Nghị định 30."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from reportlab.lib.colors import black
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from analysis.report import Report
from surveyapp.exports.face import REGULAR, register
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pdf import blank, upright
from surveyapp.exports.pdf_letterhead import letterhead, title
from surveyapp.exports.pdf_styles import PORTRAIT_WIDTH, centred, left, paragraph

#: Sizes that are tried until all fits on one page, with the strata and then with groups only.
_SIZES = (12.0, 11.0, 10.0, 9.0, 8.0)
_ROOM_TO_SIGN = 52
_SIGNED_BESIDE = 4
_LABEL_SHARE = 0.24
_count = NumberStyle().count


@dataclass(frozen=True, slots=True)
class CountRow:
    """A group or a stratum: units listed, drawn and in reserve."""

    title: str
    pop_size: int
    main: int
    reserve: int
    is_sum: bool


@dataclass(frozen=True, slots=True)
class DrawPaper:
    """What the page says.

    Attributes
    ----------
    report : letterhead and title; nothing else of it is printed.
    facts : what was fixed and what came out: label, text; a digest is an own line of the text.
    rows : groups (`is_sum`), each followed by its strata.
    annex : said below the table where the strata do not fit.
    signatures : who signs.
    """

    report: Report
    facts: tuple[tuple[str, str], ...]
    rows: tuple[CountRow, ...]
    annex: str
    signatures: tuple[str, ...]


def draw_pdf(paper: DrawPaper) -> bytes:
    """Return the page; the strata give way to totals by group where they do not fit."""
    register()
    for size, detailed in [(s, True) for s in _SIZES[:3]] + [(s, False) for s in _SIZES]:
        content, pages = _built(paper, size, detailed=detailed)
        if pages == 1:
            return content
    return content


def grouped(digest: str) -> str:
    """Write a digest in groups of eight, which can be read aloud and compared."""
    return " ".join(digest[i : i + 8] for i in range(0, len(digest), 8))


def _built(paper: DrawPaper, size: float, *, detailed: bool) -> tuple[bytes, int]:
    """Lay the page out; return it and how many pages it takes."""
    file, report = io.BytesIO(), paper.report
    document = blank(report, file)
    document.addPageTemplates([upright(simulated=report.simulated)])
    document.build([*letterhead(report), *title(report), *_body(paper, size, detailed=detailed)])
    return file.getvalue(), document.page


def _body(paper: DrawPaper, size: float, *, detailed: bool) -> Iterator[Flowable]:
    """Tell the facts, the counts and who signs."""
    cells = [
        [paragraph(label, left(size, bold=True)), paragraph(text, left(size))]
        for label, text in paper.facts
    ]
    widths = (PORTRAIT_WIDTH * _LABEL_SHARE, PORTRAIT_WIDTH * (1 - _LABEL_SHARE))
    plain = [
        ("FONT", (0, 0), (-1, -1), REGULAR, size),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ]
    yield Table(cells, colWidths=widths, style=plain)
    yield Spacer(0, size / 2)
    yield _counts(paper, size, detailed=detailed)
    if not detailed:
        yield paragraph(paper.annex, left(size, italic=True))
    yield Spacer(0, size / 2)
    yield KeepTogether([_signatures(paper, size)])


def _counts(paper: DrawPaper, size: float, *, detailed: bool) -> Table:
    """Set the numbers of groups, and of strata where they fit."""
    rows = [row for row in paper.rows if row.is_sum or detailed]
    sums = [row for row in rows if row.is_sum]
    total = CountRow(
        "Tổng cộng",
        sum(row.pop_size for row in sums),
        sum(row.main for row in sums),
        sum(row.reserve for row in sums),
        is_sum=True,
    )
    heads = ("Nhóm", "Danh sách", "Được chọn", "Dự phòng")
    cells: list[list[object]] = [[paragraph(text, centred(size, bold=True)) for text in heads]]
    for row in (*rows, total):
        words = paragraph(row.title, left(size, bold=row.is_sum))
        cells.append([words, _count(row.pop_size), _count(row.main), _count(row.reserve)])
    numbers = PORTRAIT_WIDTH * 0.14
    style = [
        ("FONT", (0, 0), (-1, -1), REGULAR, size),
        ("GRID", (0, 0), (-1, -1), 0.5, black),
        ("ALIGN", (1, 1), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    return Table(cells, colWidths=(PORTRAIT_WIDTH - 3 * numbers, *(numbers,) * 3), style=style)


def _signatures(paper: DrawPaper, size: float) -> Table:
    """Leave a place for everybody who signs, at most four beside each other."""
    across = min(len(paper.signatures), _SIGNED_BESIDE)
    cells: list[object] = [
        [
            paragraph(name, centred(size, bold=True)),
            paragraph("(ký, ghi rõ họ tên)", centred(size, italic=True)),
            Spacer(0, _ROOM_TO_SIGN),
        ]
        for name in paper.signatures
    ]
    cells += [""] * (-len(cells) % across)
    rows = [cells[i : i + across] for i in range(0, len(cells), across)]
    style = [("FONT", (0, 0), (-1, -1), REGULAR, size), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    return Table(rows, colWidths=(PORTRAIT_WIDTH / across,) * across, style=style)
