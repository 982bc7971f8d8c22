"""The printed letter as a phone sees it: pictures are read back, sizes are measured."""

import io
import subprocess
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image

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
    resolution = str(DOTS_PER_INCH)
    command = ["pdftoppm", "-png", "-r", resolution, tmp_path / "letters.pdf", tmp_path / "page"]
    subprocess.run(command, check=True)  # noqa: S603  poppler, as in the other tests of PDFs
    return [
        Image.open(io.BytesIO(path.read_bytes())) for path in sorted(tmp_path.glob("page*.png"))
    ]


def test_the_picture_on_every_slip_opens_the_page_of_its_own_code(
    letters: list[Letter], pages: list[Image.Image]
) -> None:
    read = [sorted(zxingcpp.read_barcodes(page), key=top) for page in pages]

    assert [len(found) for found in read] == [2, 1]  # two slips a page
    printed = [one.text for found in read for one in found]
    assert printed == [f"{ADDRESS}#{one.code}" for one in letters]


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
