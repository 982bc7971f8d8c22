"""Letters with codes as a PDF, two slips a page; who has which code stands nowhere else."""

import io
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import BinaryIO

import segno
from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from surveyapp.codes import readable
from surveyapp.exports.face import BOLD, ITALIC, REGULAR, register, width, wrap
from surveyapp.exports.numbers import day
from surveyapp.exports.wording import STAMP, clean
from surveyapp.fieldwork.service import Letter
from surveyapp.surveys.names import slug, spelling

_WIDTH, _HEIGHT = A4
_SLIP = _HEIGHT / 2
_EDGE = 18 * mm
_INNER = _WIDTH - 2 * _EDGE
#: Above the fold: who gets the letter. Below: the code, without any name.
_FOLD = 44 * mm
_QR = 36 * mm
_MASK = 4
#: Below the picture: the lines beside it may be longer, and the last ones stay white.
_MARGIN = 8 * mm
#: From line to line, in sizes.
_SPACING = 1.25
#: Long texts become smaller, so that the picture stays on its slip.
_SHARES = (1.0, 0.9, 0.8, 0.7, 0.6)
#: Of the letters of a code, and between them, points.
_CODE_SIZE = 16
_CODE_SPACE = 1.0
_GREY = HexColor("#52606d")
_RED = HexColor("#a8201a")
#: A text with its face and size.
_Text = tuple[str, str, float]
#: What files of letters are called.
FIRST = "thu-moi"
SUPPLEMENT = "thu-moi-bo-sung"
AGAIN = "thu-moi-phat-hanh-lai"
REPLACEMENT = "thu-moi-nguoi-thay"
PURPOSE = (
    "Ông/Bà được chọn ngẫu nhiên để trả lời phiếu khảo sát này. Phiếu không ghi tên; câu trả lời "
    "được giữ tách khỏi danh sách người được mời, không ai ghép được tên với câu trả lời. Riêng "
    "một phần nhỏ người trả lời, tối đa một phần mười, có thể được một đơn vị độc lập hỏi lại."
)


def entry(address: str, survey_code: str) -> str:
    """Return the page where a code is typed, below the public address of the program."""
    return f"{address.rstrip('/')}/s/{survey_code}"


def write_letters(
    letters: Sequence[Letter], address: str, file: BinaryIO, *, simulated: bool = False
) -> None:
    """Write the letters to `file`, which stays open, two a page in their order.

    `address` is the page where the code is typed; the picture holds it with the code in the
    fragment, which browsers do not send to any server.
    """
    register()
    canvas = Canvas(file, pagesize=A4, initialFontName=REGULAR, lang="vi-VN")
    canvas.setTitle("Thư mời trả lời phiếu khảo sát")
    canvas.setCreator("sipas")
    for number, letter in enumerate(letters):
        upper = number % 2 == 0
        if upper and number:
            canvas.showPage()
        _slip(canvas, letter, address, _HEIGHT if upper else _SLIP)
        if simulated:
            _stamp(canvas, _HEIGHT if upper else _SLIP)
        if upper:
            _line(canvas, _SLIP, "cắt theo đường này")
    canvas.showPage()
    canvas.save()


def _slip(canvas: Canvas, letter: Letter, address: str, top: float) -> None:
    _outside(canvas, letter, top - 14 * mm)
    _line(canvas, top - _FOLD, "gấp vào trong theo đường này")
    y = top - _FOLD - 9 * mm
    texts: tuple[_Text, ...] = (
        (letter.survey_title, BOLD, 13),
        (f"Phiếu: {letter.group_title}", REGULAR, 12),
        (PURPOSE, REGULAR, 11),
    )
    if letter.sender:
        texts += ((f"Nơi gửi: {letter.sender.rstrip('.')}.", REGULAR, 11),)
    for text, face, size in _fitting(texts, y - 1 * mm - _QR - (top - _SLIP + _MARGIN)):
        y = _paragraph(canvas, text, y, face, size)
    _code(canvas, letter, address, y - 1 * mm)


@lru_cache(maxsize=16)
def _fitting(texts: tuple[_Text, ...], room: float) -> list[_Text]:
    """Return the texts as large as leaves room for picture and code below them.

    They are the plan's, the same in all letters of a group.
    """
    for share in _SHARES:
        smaller = [(text, face, size * share) for text, face, size in texts]
        if sum(len(_lines(*one)) * one[2] * _SPACING for one in smaller) <= room:
            break
    return smaller


def _outside(canvas: Canvas, letter: Letter, y: float) -> None:
    """Say who gets the letter and through which office; no code on this side."""
    whom = letter.name if letter.is_organisation else f"Ông/Bà {letter.name}"
    y = _paragraph(canvas, f"Kính gửi: {whom}", y, BOLD, 14)
    places = {spelling(text): text for text in (letter.office, letter.address) if text}
    for text in places.values():
        y = _paragraph(canvas, text, y, REGULAR, 12)


def _code(canvas: Canvas, letter: Letter, address: str, top: float) -> None:
    """Draw the picture and, beside it, the code to type."""
    _picture(canvas, f"{address}#{letter.code}", _EDGE, top - _QR)
    left, limit = _EDGE + _QR + 6 * mm, _INNER - _QR - 6 * mm
    y = top - 4 * mm
    canvas.setFont(REGULAR, 11)
    canvas.drawString(left, y, "Quét hình bên bằng điện thoại, hoặc mở trang")
    for line in wrap(address, limit, 11):
        y -= 5 * mm
        canvas.setFont(BOLD, 11)
        canvas.drawString(left, y, line)
    canvas.setFont(REGULAR, 11)
    canvas.drawString(left, y - 5 * mm, "rồi nhập mã phiếu:")
    y -= 13 * mm
    _one_line(canvas, readable(letter.code), left, y)
    y -= 8 * mm
    canvas.setFont(REGULAR, 11)
    canvas.drawString(left, y, f"Mã dùng một lần, đến hết ngày {day(letter.expires_on)}.")
    canvas.setFont(ITALIC, 10)
    canvas.drawString(left, y - 5 * mm, "Dấu gạch và chữ hoa, chữ thường không cần đúng.")


def _one_line(canvas: Canvas, code: str, left: float, y: float) -> None:
    """Write the code on one line, as large as its own letters leave room for."""
    room = _WIDTH - _EDGE - left - _CODE_SPACE * len(code)
    size = min(_CODE_SIZE, room / width(code, 1, bold=True))
    canvas.setFont(BOLD, size)
    canvas.drawString(left, y, code, charSpace=_CODE_SPACE)


def _picture(canvas: Canvas, content: str, left: float, bottom: float) -> None:
    """Draw a QR code as one path of bars, sharp at any size.

    The mask is fixed: any of the eight can be read, and trying all takes most of the time.
    """
    matrix = segno.make(content, error="m", micro=False, mask=_MASK).matrix
    path = canvas.beginPath()
    for row, modules in enumerate(reversed(matrix)):
        column = 0
        for is_dark, run in groupby(modules):
            length = len(list(run))
            if is_dark:
                path.rect(column, row, length, 1)
            column += length
    canvas.saveState()
    canvas.translate(left, bottom)
    canvas.scale(_QR / len(matrix), _QR / len(matrix))
    canvas.setFillColor(black)
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()


def _paragraph(canvas: Canvas, text: str, y: float, face: str, size: float) -> float:
    """Write a paragraph over the whole width and return where the next line stands."""
    for line in _lines(text, face, size):
        canvas.setFont(face, size)
        canvas.drawString(_EDGE, y, line)
        y -= size * _SPACING
    return y


def _lines(text: str, face: str, size: float) -> list[str]:
    """Break a text into lines over the whole width."""
    scale = width(text, size, bold=True) / max(width(text, size), 1) if face == BOLD else 1.0
    return wrap(clean(text), _INNER, size, scale=scale)


def _line(canvas: Canvas, y: float, text: str) -> None:
    """Draw a dashed line with a word on what it is for."""
    canvas.saveState()
    canvas.setDash(3, 3)
    canvas.setStrokeColor(_GREY)
    canvas.line(8 * mm, y, _WIDTH - 8 * mm, y)
    canvas.setFillColor(_GREY)
    canvas.setFont(ITALIC, 8)
    canvas.drawRightString(_WIDTH - 8 * mm, y + 1.2 * mm, text)
    canvas.restoreState()


def _stamp(canvas: Canvas, top: float) -> None:
    """Mark a practice letter."""
    canvas.saveState()
    canvas.setFillColor(_RED)
    canvas.setFont(BOLD, 11)
    canvas.drawRightString(_WIDTH - _EDGE, top - 8 * mm, STAMP)
    canvas.restoreState()


def file_name(survey_code: str, what: str, letters: Sequence[Letter]) -> str:
    """Name a file of letters, without its ending: the survey, `what`, the office if it is one."""
    offices = {slug(letter.office) for letter in letters}
    office = offices.pop() if len(offices) == 1 else ""
    return "-".join(part for part in (survey_code, what, office) if part)


def letters_pdf(letters: Sequence[Letter], address: str, *, simulated: bool = False) -> bytes:
    """Return the letters as the bytes of a PDF."""
    file = io.BytesIO()
    write_letters(letters, address, file, simulated=simulated)
    return file.getvalue()
