"""The fixed parts of an administrative document: letterhead, title, signature, annex heading."""

from reportlab.lib.colors import black
from reportlab.platypus import Flowable, HRFlowable, KeepTogether, Spacer, Table

from analysis.report import Report
from surveyapp.exports.face import REGULAR, width, wrap
from surveyapp.exports.numbers import long_day
from surveyapp.exports.pdf_styles import (
    BODY_SIZE,
    PORTRAIT_WIDTH,
    SMALL_SIZE,
    centred,
    left,
    paragraph,
)
from surveyapp.exports.wording import clean

COUNTRY = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"

_AGENCY_SIZE = 12
_LEFT_SHARE = 0.42
_ROOM_TO_SIGN = 62


def letterhead(report: Report) -> list[Flowable]:
    """Two columns without borders, two rows: agency and country, number and date."""
    *superior, issuing = report.agency
    agency: list[Flowable] = [
        *(paragraph(_balanced(line), centred(_AGENCY_SIZE)) for line in superior),
        paragraph(_balanced(issuing), centred(_AGENCY_SIZE, bold=True)),
        _rule(width(clean(issuing).upper(), _AGENCY_SIZE, bold=True) * 0.45),
    ]
    country: list[Flowable] = [
        paragraph(COUNTRY, centred(_AGENCY_SIZE, bold=True)),
        paragraph(MOTTO, centred(BODY_SIZE, bold=True)),
        _rule(width(MOTTO, BODY_SIZE, bold=True)),
    ]
    dated = f"{report.place}, {long_day(report.issued_on)}"
    second = [
        paragraph(f"Số: {report.number or '........'}", centred(BODY_SIZE)),
        paragraph(dated, centred(BODY_SIZE, italic=True)),
    ]
    return [_columns([[agency, country], second]), Spacer(0, 14)]


def title(report: Report) -> list[Flowable]:
    """Type of the document, what it is about, and the line below."""
    return [
        paragraph(report.kind.upper(), centred(14, bold=True)),
        paragraph(report.title, centred(14, bold=True)),
        _rule(90),
        Spacer(0, 12),
    ]


def closing(report: Report) -> list[Flowable]:
    """Recipients on the left, signature on the right, never parted."""
    style, right = centred(BODY_SIZE, bold=True), list[Flowable]()
    if report.signature is not None:
        right = [
            *(paragraph(line, style) for line in report.signature.authority),
            Spacer(0, _ROOM_TO_SIGN),
            paragraph(report.signature.name, style),
        ]
    if not right and not report.recipients:
        return []
    return [KeepTogether([Spacer(0, 10), _columns([[_recipients(report), right]])])]


def annex_heading(report: Report, position: int) -> list[Flowable]:
    """Write the number of the annex, its title and the document that it belongs to."""
    number = f" {roman(position + 1)}" if len(report.annexes) > 1 else ""
    document = report.kind + (f" số {report.number}" if report.number else "")
    origin = f"(Kèm theo {document} {long_day(report.issued_on)} của {report.agency[-1]})"
    return [
        paragraph(f"Phụ lục{number}", centred(14, bold=True)),
        paragraph(report.annexes[position].heading.upper(), centred(14, bold=True)),
        paragraph(origin, centred(BODY_SIZE, italic=True)),
        _rule(90),
        Spacer(0, 10),
    ]


def roman(number: int) -> str:
    """Write 1 to 39 in Roman numerals; sections and annexes are counted with them."""
    tens, ones = divmod(number, 10)
    return "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[ones]


def _recipients(report: Report) -> list[Flowable]:
    if not report.recipients:
        return []
    *others, last = report.recipients
    lines = [*(f"- {other};" for other in others), f"- {last}."]
    return [
        paragraph("Nơi nhận:", left(_AGENCY_SIZE, bold=True, italic=True)),
        *(paragraph(line, left(SMALL_SIZE)) for line in lines),
    ]


def _balanced(name: str) -> str:
    """Write a name in capitals; lines of similar length where it needs more than one."""
    text, limit = clean(name).upper(), PORTRAIT_WIDTH * _LEFT_SHARE * 0.9
    lines = wrap(text, limit, _AGENCY_SIZE)
    while len(lines) > 1 and len(narrower := wrap(text, limit * 0.95, _AGENCY_SIZE)) == len(lines):
        lines, limit = narrower, limit * 0.95
    return "\n".join(lines)


def _rule(length: float) -> HRFlowable:
    return HRFlowable(width=length, thickness=0.7, color=black, spaceBefore=2, spaceAfter=4)


def _columns(rows: list[list[object]]) -> Table:
    widths = (PORTRAIT_WIDTH * _LEFT_SHARE, PORTRAIT_WIDTH * (1 - _LEFT_SHARE))
    style = [
        ("FONT", (0, 0), (-1, -1), REGULAR, BODY_SIZE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("ALIGN", (0, 0), (-1, -1), "CENTER"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ]
    return Table(rows, colWidths=widths, style=style)
