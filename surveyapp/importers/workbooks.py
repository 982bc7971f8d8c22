"""What a workbook holds besides cells: size when unpacked, macros, formulas; before it is read."""

import re
import zipfile
import zlib
from pathlib import Path

from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from surveyapp.errors import AppError

#: A workbook that unpacks to more than this is not read; a million rows take about half of it.
MOST_BYTES = 1 << 30
#: Texts of all sheets are kept in memory while a workbook is read.
MOST_TEXT_BYTES = 200 << 20
#: Sheets shrink to a tenth or a thirtieth; what shrinks more is made to fill a memory.
MOST_RATIO = 200
_SMALL = 10 << 20
_CHUNK = 1 << 20
_TEXTS = "xl/sharedStrings.xml"
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
#: What a broken file raises, at the start or on the way: zip, XML (ParseError is a SyntaxError).
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, OSError, SyntaxError)


def check_workbook(path: Path) -> None:
    """Refuse what is no workbook, carries a program, or would fill the memory."""
    try:
        with zipfile.ZipFile(path) as parts:
            entries = parts.infolist()
    except BROKEN as error:
        raise unreadable(path) from error
    if any(part.filename.lower().endswith("vbaproject.bin") for part in entries):
        raise AppError(
            "IMPORT-032",
            f"Tệp «{path.name}» có macro; không mở tệp có chương trình bên trong.",
            "Lưu lại dạng «Excel Workbook (.xlsx)», không có macro.",
            status=422,
        )
    size = sum(part.file_size for part in entries)
    if size > MOST_BYTES or any(map(_is_too_large, entries)):
        raise AppError(
            "IMPORT-003",
            f"Tệp «{path.name}» bung ra quá lớn ({size >> 20} MB).",
            "Chia nhỏ tệp, hoặc lưu dạng .csv.",
            status=413,
        )


def _is_too_large(part: zipfile.ZipInfo) -> bool:
    if part.filename == _TEXTS and part.file_size > MOST_TEXT_BYTES:
        return True
    return part.file_size > _SMALL and part.file_size > MOST_RATIO * max(1, part.compress_size)


def has_formulas(path: Path) -> bool:
    """Whether any sheet has a formula; looked for in the file itself, which is quick."""
    with zipfile.ZipFile(path) as parts:
        names = [n for n in parts.namelist() if n.startswith("xl/worksheets/")]
        return any(_holds_formula(parts, name) for name in names)


def _holds_formula(parts: zipfile.ZipFile, name: str) -> bool:
    with parts.open(name) as sheet:
        end = b""
        while chunk := sheet.read(_CHUNK):
            if _FORMULA.search(end + chunk):
                return True
            end = chunk[-16:]
    return False


def is_formula(cell: object) -> bool:
    """Whether a cell, read without its value, is a formula."""
    if isinstance(cell, ArrayFormula | DataTableFormula):
        return True
    return isinstance(cell, str) and cell.startswith("=")


def unreadable(path: Path) -> AppError:
    """Make the error for a file that is no workbook after all."""
    return AppError(
        "IMPORT-002",
        f"Tệp «{path.name}» không phải bảng tính .xlsx đọc được (hỏng hoặc có mật khẩu).",
        "Mở bằng Excel, bỏ mật khẩu, lưu lại dạng «Excel Workbook (.xlsx)».",
    )
