"""Numbers, days and the order of names, as Vietnamese documents write them."""

import random
import unicodedata
from datetime import date

import pytest

from analysis.report import Column, Interval, Missing
from surveyapp.exports.collation import name_key
from surveyapp.exports.numbers import NumberStyle, day, long_day

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (82.65, 1, "82,7"),  # half away from zero on the digits, not on the binary value
        (0.125, 2, "0,13"),
        (2.675, 2, "2,68"),
        (-0.04, 1, "0,0"),
        (-0.05, 1, f"{MINUS}0,1"),
        (1148, 0, "1.148"),
        (1234567.891, 2, "1.234.567,89"),
        (1e-9, 3, "0,000"),
        (99.95, 1, "100,0"),
    ],
)
def test_numbers_have_a_decimal_comma(value, decimals, text) -> None:
    assert NumberStyle().number(value, decimals) == text


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        (Column("a", "", "percent"), 82.71, "82,7%"),
        (Column("a", "", "percent", decimals=2), 82.7, "82,70%"),
        (Column("a", "", "count"), 1148, "1.148"),
        (Column("a", "", "points", unit="điểm", decimals=2), 7.25, "7,25 điểm"),
        (Column("a", "", "interval", unit="%"), Interval(79.1, 85.3), f"79,1{DASH}85,3%"),
        (Column("a", "", "interval"), Interval(-1.25, 3), f"{MINUS}1,3 {DASH} 3,0"),
        (Column("a", "", "flag"), "low", "chưa đủ tin cậy"),
        (Column("a", "", "flag"), "ok", ""),
        (Column("a", "", "code"), "007", "007"),
        (Column("a", "", "count"), Missing("không tính"), "không tính"),
        (Column("a", "", "text"), unicodedata.normalize("NFD", "Sở Y tế"), "Sở Y tế"),
    ],
)
def test_a_cell_has_one_text_everywhere(column, cell, text) -> None:
    assert NumberStyle().cell(column, cell) == text


def test_a_decimal_point_swaps_both_signs() -> None:
    assert NumberStyle(2, decimal_comma=False).number(1234.5) == "1,234.50"


def test_days_are_written_as_documents_write_them() -> None:
    assert day(date(2024, 11, 15)) == "15/11/2024"
    assert long_day(date(2024, 2, 5)) == "ngày 05 tháng 02 năm 2024"
    assert long_day(date(2024, 3, 15)) == "ngày 15 tháng 3 năm 2024"
    assert "....." in long_day(None)


# The order of letters and tones: Unicode CLDR, common/collation/vi.xml.
IN_ORDER = [
    ["a", "ă", "â", "b", "c", "d", "đ", "e", "ê", "g"],
    ["n", "o", "ô", "ơ", "p", "t", "u", "ư", "v", "x", "y"],
    ["ma", "mà", "mả", "mã", "má", "mạ", "man", "măng", "mân"],
    ["Dak Lak", "Đắk Lắk"],
    ["An", "An Lão", "An Nhơn", "Anh Sơn", "Ân Phong", "Bình Định"],
    ["Phường 2", "Phường 10", "Phường Bình Định"],
    [
        "Hoài Ân",
        "Hoài Nhơn",
        "Phù Cát",
        "Phù Mỹ",
        "Quy Nhơn",
        "Tây Sơn",
        "Tuy Phước",
        "Vân Canh",
        "Vĩnh Thạnh",
    ],
    ["Sở Giao thông", "Sở Tài chính", "Sở Tài nguyên", "Sở Tư pháp", "Sở Y tế", "Thanh tra"],
]


@pytest.mark.parametrize("names", IN_ORDER)
def test_names_stand_in_vietnamese_order(names) -> None:
    shuffled = random.Random(7).sample(names, len(names))  # noqa: S311  a fixed shuffle, no secret
    assert sorted(shuffled, key=name_key) == names


@pytest.mark.parametrize(
    ("one", "other"),
    [("hoà", "hòa"), ("thuỷ", "thủy"), ("hóa", unicodedata.normalize("NFD", "hóa"))],
)
def test_two_spellings_of_a_word_have_one_place(one, other) -> None:
    assert name_key(one)[:2] == name_key(other)[:2]


def test_words_of_other_alphabets_follow() -> None:
    assert sorted(["日本", "Zalo", "Çelik", "Cam", "Đà"], key=name_key) == [
        "Cam",
        "Çelik",
        "Đà",
        "Zalo",
        "日本",
    ]
