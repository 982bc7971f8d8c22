"""Old encodings: what is certain becomes the original text again, the rest is named by its row."""

import codecs
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.importers.legacy_encodings import heading, read_as, twice_encoded
from surveyapp.importers.syllables import is_syllable
from surveyapp.importers.table import Table, Wanted
from surveyapp.importers.tables import read_table

LETTERS = "aàảãáạăằẳẵắặâầẩẫấậdđeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵ"
NAMES = ["Sở Nội vụ", "Nguyễn Thị Hồng Ánh", "Trần Đình Lộc", "Đỗ Hoà", "Huyện Vĩnh Thạnh"]
#: One Vietnamese syllable for each letter: the tone decides whether it may end in a stop.
SYLLABLES = [
    "đi" if letter == "đ" else letter if is_syllable(letter) else f"{letter}n" for letter in LETTERS
]
#: VNI as its makers publish it: vowel, then mark.
VNI = dict(
    zip(
        [
            *("\u0301", "\u0300", "\u0309", "\u0303", "\u0323"),
            *("\u0302", "\u0302\u0301", "\u0302\u0300", "\u0302\u0309", "\u0302\u0303"),
            *("\u0302\u0323", "\u0306", "\u0306\u0301", "\u0306\u0300", "\u0306\u0309"),
            *("\u0306\u0303", "\u0306\u0323"),
        ],
        "ùøûõïâáàåãäêéèúüë",
        strict=True,
    )
)
VNI_ALONE = {"ỉ": "æ", "ĩ": "ó", "ị": "ò", "í": "í", "ì": "ì", "ỵ": "î", "đ": "ñ"}


def to_tcvn3(text: str) -> str:
    """Write as TCVN3 fonts do, by glibc's table; skip where the machine has none."""
    iconv = shutil.which("iconv") or pytest.skip("iconv is not installed")
    done = subprocess.run(  # noqa: S603  the machine's own iconv
        [iconv, "-f", "UTF-8", "-t", "TCVN5712-1"], input=text.encode(), capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("latin-1")


def to_vni(text: str) -> str:
    """Write as VNI fonts do."""
    return "".join(map(_vni_letter, text))


def _vni_letter(letter: str) -> str:
    low = letter.lower()
    if low in VNI_ALONE:
        written = VNI_ALONE[low]
    else:
        base, *marks = unicodedata.normalize("NFD", low)
        circumflex = [m for m in marks if m in "\u0302\u0306"]
        tones = [m for m in marks if m not in "\u0302\u0306\u031b"]
        if "\u031b" in marks:
            base = {"o": "ô", "u": "ö"}[base]
        written = base + VNI.get("".join(circumflex + tones), "")
    return written.upper() if letter.isupper() else written


def to_twice(text: str) -> str:
    """Encode twice, as a program does that takes UTF-8 for Windows-1252."""
    return "".join(
        bytes([byte]).decode("cp1252" if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "latin-1")
        for byte in text.encode()
    )


def table(folder: Path, rows: list[str], encoding: str = "utf-8", *, repairs: bool = True) -> Table:
    path = folder / "list.csv"
    text = "Mã,Tên\n" + "".join(f"{i},{name}\n" for i, name in enumerate(rows))
    path.write_bytes(text.encode(encoding))
    return read_table(path, Wanted(optional=("Mã", "Tên"), repairs=repairs))


@given(st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=6).map(" ".join))
def test_vni_text_becomes_the_original_for_every_vietnamese_letter(text: str) -> None:
    for written in (text, text.title(), text.upper()):
        assert read_as("VNI", to_vni(written)) == written


def test_tcvn3_text_becomes_the_original_for_every_vietnamese_letter() -> None:
    old = to_tcvn3("\n".join(SYLLABLES))
    assert [read_as("TCVN3", word) for word in old.split("\n")] == SYLLABLES
    capitals = "Ăn Ân Êm Ôn Ơn Ưng Đi"
    assert read_as("TCVN3", to_tcvn3(capitals)) == capitals


def test_tcvn3_of_a_capital_font_becomes_capitals() -> None:
    assert read_as("TCVN3", "NGUYÔN V¡N HïNG") == "NGUYỄN VĂN HÙNG"


@given(st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=6).map(" ".join))
def test_text_that_was_encoded_twice_becomes_the_original(text: str) -> None:
    for written in (text, text.title(), text.upper()):
        old = to_twice(written)
        assert twice_encoded(old) == (None if old == written else written)


def test_windows_1258_bytes_become_the_original_letters() -> None:
    for letter in SYLLABLES:
        bare = unicodedata.normalize("NFD", letter)
        tones = [c for c in bare if c in "\u0300\u0301\u0303\u0309\u0323"]
        base = unicodedata.normalize("NFC", "".join(c for c in bare if c not in tones))
        raw = codecs.encode(base[0] + "".join(tones) + base[1:], "cp1258").decode("latin-1")
        if not raw.isascii():
            assert unicodedata.normalize("NFC", raw.encode("latin-1").decode("cp1258")) == letter
            assert read_as("Windows-1258", raw) in (letter, None)


@pytest.mark.parametrize("convert", [to_tcvn3, to_vni, to_twice])
def test_a_column_in_an_old_encoding_is_repaired_and_said(tmp_path, convert) -> None:
    names = [name.replace("Ánh", "Anh") for name in NAMES]
    read = table(tmp_path, [convert(name) for name in names])
    assert read.problems == ()
    assert list(read.columns["Tên"]) == names
    assert [(w.code, w.column) for w in read.warnings] == [("IMPORT-031", "Tên")]
    assert "5 ô" in read.warnings[0].message


@pytest.mark.parametrize("convert", [to_tcvn3, to_vni])
def test_a_file_whose_bytes_are_no_unicode_is_read_where_that_is_certain(tmp_path, convert) -> None:
    names = ["Nguyễn Văn Bình", "Trần Thị Hạnh", "Lê Đức Thắng"]
    lines = ["Mã,Tên", *(f"{i},{name}" for i, name in enumerate(names))]
    path = tmp_path / "list.csv"
    path.write_bytes(convert("\n".join(lines)).encode("latin-1"))
    read = read_table(path, Wanted(optional=("Mã", "Tên"), repairs=True))
    assert (read.problems, list(read.columns["Tên"])) == ((), names)


def test_a_column_that_mixes_unicode_and_an_old_font_is_refused_by_row(tmp_path) -> None:
    read = table(tmp_path, ["Nguyễn Văn Bình", "TrÇn ThÞ B×nh", "Đỗ Hoà", "Sôû Noäi vuï"])
    assert [(p.code, p.row, p.column) for p in read.problems] == [
        ("IMPORT-026", 3, "Tên"),
        ("IMPORT-026", 5, "Tên"),
    ]
    assert "TCVN3" in read.problems[0].message
    assert "VNI" in read.problems[1].message


def test_letters_that_two_encodings_allow_are_not_guessed(tmp_path) -> None:
    assert list(table(tmp_path, ["Hoàng Toàn", "Tuân"]).columns["Tên"]) == ["Hoàng Toàn", "Tuân"]


def test_a_file_that_is_drawn_from_is_never_changed(tmp_path) -> None:
    read = table(tmp_path, [to_vni(name) for name in NAMES], repairs=False)
    assert {p.code for p in read.problems} == {"IMPORT-026"}
    assert len(read.problems) == len(NAMES)


def test_headings_in_an_old_font_are_found() -> None:
    assert heading("Hä vµ tªn") == "Họ và tên"
    assert heading("Hoï vaø teân") == "Họ và tên"
    assert heading(to_twice("Họ và tên")) == "Họ và tên"
    assert heading("Họ và tên") == "Họ và tên"
    assert heading("Tên đầy đủ") == "Tên đầy đủ"
