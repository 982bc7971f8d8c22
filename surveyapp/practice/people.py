"""Invented persons and organisations, with phone numbers that no network has."""

from collections.abc import Sequence

import numpy as np

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Phan")
_MIDDLE = {
    "male": ("Văn", "Hữu", "Đức", "Quang", "Minh", "Công", "Xuân", "Đình"),
    "female": ("Thị", "Ngọc", "Thanh", "Thị Kim", "Thị Thu", "Mỹ", "Thị Hồng", "Bích"),
}
_GIVEN = {
    "male": ("An", "Bình", "Cường", "Dũng", "Hải", "Hùng", "Khoa", "Long", "Nam", "Phúc", "Quân"),
    "female": (
        "Anh",
        "Chi",
        "Dung",
        "Hà",
        "Hạnh",
        "Hoa",
        "Hương",
        "Lan",
        "Liên",
        "Loan",
        "Mai",
        "Nga",
    ),
}
_ORGANISATIONS = (
    "Công ty TNHH Giả Định",
    "Công ty Cổ phần Giả Định",
    "Hợp tác xã Giả Định",
    "Hộ kinh doanh Giả Định",
    "Trường tư thục Giả Định",
)


def names(chance: np.random.Generator, n: int) -> list[str]:
    """Return `n` invented names of persons; some of them are the same, as in life."""
    sexes = [("male", "female")[i] for i in chance.integers(2, size=n)]
    pick = chance.random((n, 3))
    return [
        f"{_at(_FAMILY, a)} {_at(_MIDDLE[sex], b)} {_at(_GIVEN[sex], c)}"
        for sex, (a, b, c) in zip(sexes, pick.tolist(), strict=True)
    ]


def organisations(chance: np.random.Generator, n: int) -> list[str]:
    """Return `n` invented organisations, each with its own number."""
    kinds = chance.integers(len(_ORGANISATIONS), size=n)
    return [f"{_ORGANISATIONS[kind]} {number:04d}" for number, kind in enumerate(kinds, 1)]


def phone(number: int) -> str:
    """Return a phone number of the right length that begins with four zeros: nobody has it."""
    return f"0000{number:06d}"


def _at(words: Sequence[str], share: float) -> str:
    return words[int(share * len(words))]
