"""The printed letter as a phone sees it: pictures are read back, sizes are measured."""

import io
import re
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from reportlab.lib.pagesizes import A4

from surveyapp import codes
from surveyapp.fieldwork.letters import entry, letters_pdf
from surveyapp.fieldwork.service import Letter

ADDRESS = entry("https://khaosat.binhdinh.example.vn", "xhh-2024")
DOTS_PER_INCH = 200
MM = DOTS_PER_INCH / 25.4
LEAST_QR_MM = 25


def letter(name: str) -> Letter:
    return Letter(
        name,
        "Văn phòng Hội đồng nhân dân tỉnh",
        "Số 1 Trần Phú",
        "Điều tra xã hội học năm 2024",
        "Các cơ quan thuộc Ủy ban nhân dân tỉnh",
        codes.make(),
        date(2024, 11, 10),
    )


@pytest.fixture
def letters() -> list[Letter]:
    return [letter(name) for name in ("Nguyễn Thị Hồng Nhung", "Trần Văn Bình", "Lê Thị Sáu")]


@pytest.fixture
def pages(letters: list[Letter], tmp_path: Path) -> list[Image.Image]:
    """Print the letters and look at the paper."""
    (tmp_path / "letters.pdf").write_bytes(letters_pdf(letters, ADDRESS))
    return pictures(tmp_path / "letters.pdf")


def pictures(pdf: Path) -> list[Image.Image]:
    """Return the pages as a scanner sees them."""
    command = ["pdftoppm", "-png", "-r", str(DOTS_PER_INCH), pdf, pdf.with_name("page")]
    subprocess.run(command, check=True)  # noqa: S603  poppler, as in the other tests of PDFs
    return [
        Image.open(io.BytesIO(path.read_bytes())) for path in sorted(pdf.parent.glob("page*.png"))
    ]


def test_the_picture_on_every_slip_opens_the_page_of_its_own_code(
    letters: list[Letter], pages: list[Image.Image]
) -> None:
    read = [sorted(zxingcpp.read_barcodes(page), key=top) for page in pages]

    assert [len(found) for found in read] == [2, 1]  # two slips a page
    printed = [one.text for found in read for one in found]
    assert printed == [f"{ADDRESS}#{one.code}" for one in letters]


@pytest.mark.parametrize("office", ["", "Văn phòng Hội đồng nhân dân tỉnh"])
def test_the_longest_texts_of_a_plan_leave_picture_and_code_on_their_slip(
    office: str, tmp_path: Path
) -> None:
    """The first slip ends where the second begins, the second with the paper."""
    words = "Khảo sát mức độ hài lòng của người dân, tổ chức đối với cơ quan hành chính "
    texts = {"survey_title": words * 5, "group_title": words * 5, "sender": words * 6}
    longest = {name: text[: len(words) * 4] for name, text in texts.items()}
    long = [replace(letter("Lê Thị Sáu"), office=office, **longest) for _ in range(2)]
    (tmp_path / "long.pdf").write_bytes(letters_pdf(long, f"{ADDRESS}-{'x' * 60}"))
    command = ["pdftotext", "-bbox", tmp_path / "long.pdf", "-"]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603  poppler
    ends = {
        text: float(end) for end, text in re.findall(rb'yMax="([0-9.]+)">([^<]+)<', done.stdout)
    }

    half = A4[1] / 2
    for one, edge in zip(long, (half, 2 * half), strict=True):
        assert edge - half + 44 * 72 / 25.4 < ends[codes.readable(one.code).encode()] < edge - 40
    [image] = pictures(tmp_path / "long.pdf")
    read = sorted(zxingcpp.read_barcodes(image), key=top)
    assert [found.text.endswith(one.code) for found, one in zip(read, long, strict=True)] == [
        True,
        True,
    ]
    assert all(
        found.position.bottom_left.y < image.height / 2 * n for n, found in enumerate(read, 1)
    )


def top(found: zxingcpp.Barcode) -> int:
    return found.position.top_left.y


def test_the_picture_is_large_enough_and_black_on_white(pages: list[Image.Image]) -> None:
    for page in pages:
        levels = np.asarray(page.convert("L"))
        for found in zxingcpp.read_barcodes(page):
            corner, other = found.position.top_left, found.position.bottom_right
            assert (other.x - corner.x) / MM >= LEAST_QR_MM
            assert (other.y - corner.y) / MM >= LEAST_QR_MM
            inside = levels[corner.y : other.y, corner.x : other.x]
            assert inside.min() == 0
            assert inside.max() == 255
            margin = round(4 * (other.x - corner.x) / 41)  # four modules stay white around it
            around = levels[corner.y - margin : corner.y - 3, corner.x - margin : other.x + margin]
            assert around.min() == 255


def test_no_colour_is_needed(pages: list[Image.Image]) -> None:
    for page in pages:
        red, green, blue = np.moveaxis(np.asarray(page.convert("RGB")).astype(int), -1, 0)
        assert max(np.abs(red - green).max(), np.abs(green - blue).max()) < 40  # grey at most


def test_name_and_code_stand_on_two_sides_of_the_fold(
    letters: list[Letter], pages: list[Image.Image]
) -> None:
    """The name is the part above the fold, which the envelope's window or label shows."""
    fold = 44 * MM
    for half, one in enumerate(letters[:2]):
        start = half * pages[0].height // 2
        outside = pages[0].crop((0, start, pages[0].width, round(start + fold)))
        assert zxingcpp.read_barcodes(outside) == []
        inside = pages[0].crop(
            (0, round(start + fold), pages[0].width, start + pages[0].height // 2)
        )
        assert zxingcpp.read_barcodes(inside)[0].text.endswith(one.code)
