"""The vendored face is the one that the notices name, and it has every letter that is needed."""

import hashlib
import re
import unicodedata
from pathlib import Path

import pytest
from reportlab.pdfbase.ttfonts import TTFontFile

from surveyapp.exports import face

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"\| `(surveyapp/exports/fonts/[^`]+)` \| `([0-9a-f]{64})` \|")
NOTICES = dict(ROW.findall((ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")))
FILES = sorted(face.FOLDER.glob("*.ttf"))


def test_the_notices_name_every_face_and_its_licence() -> None:
    assert {ROOT / path for path in NOTICES} == set(FILES)
    licence = (face.FOLDER / "LICENSE").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_face_is_unchanged(path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest == NOTICES[path.relative_to(ROOT).as_posix()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_face_has_all_of_vietnamese(path) -> None:
    marks = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
    small = {unicodedata.normalize("NFC", v + m) for v in "aăâeêioôơuưy" for m in marks} | {"đ"}
    others = set("0123456789%.,;:()/-+=“”…≥≤·₫") | {"\N{EN DASH}", "\N{MINUS SIGN}"}
    held = set(TTFontFile(str(path)).charToGlyph)
    assert {ord(c) for c in small | {c.upper() for c in small} | others} <= held


def test_the_face_has_the_metrics_of_times() -> None:
    # Adobe Times-Roman AFM, widths per 1000: A 722, a 444, m 778, 0 500, space 250.
    for letter, wanted in {"A": 722, "a": 444, "m": 778, "0": 500, " ": 250}.items():
        assert face.width(letter, 1000) == pytest.approx(wanted, abs=1)


def test_lines_are_never_wider_than_asked_and_lose_nothing() -> None:
    text = "Ban Quản lý Khu kinh tế tỉnh " * 3 + "Đ" * 80
    lines = face.wrap(text, 90, 11)
    assert all(face.width(line, 11) <= 90 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
