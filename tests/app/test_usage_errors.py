"""A wrong call of `sipas` ends with exit code 2 and a Vietnamese sentence that has a code."""

import sys

import pytest

from surveyapp.cli import main


def called(arguments: str, monkeypatch: pytest.MonkeyPatch, capsys) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["sipas", *arguments.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("results estimate", "[USAGE-001] Thiếu tùy chọn --data."),
        ("moments merge --out x", "[USAGE-001] Thiếu giá trị FILES"),
        ("results estimate --workers 0", "[USAGE-002] Tùy chọn --workers không dùng được: phải là số nguyên từ 1 đến 64."),
        ("moments estimate a --out b --level x", "[USAGE-002] Tùy chọn --level không dùng được: phải là số từ 0.5 đến 0.999."),
        ("sample size --population 9 --formula z", "[USAGE-002] Tùy chọn --formula không dùng được: phải là một trong: yamane, cochran."),
        ("results estimate --dataa x", "[USAGE-003] Không có tùy chọn --dataa. Có phải là --data"),
        ("results estimat", "[USAGE-004] Không có lệnh «estimat»."),
        ("ước-lượng", "[USAGE-004] Không có lệnh «ước-lượng»."),
        ("results estimate --data", "[USAGE-005] Tùy chọn --data thiếu giá trị"),
        ("moments estimate a b --out c", "[USAGE-007] Thừa giá trị trên dòng lệnh («b»)."),
    ],
)  # fmt: skip
def test_a_wrong_call_says_what_to_write(
    arguments: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    code, text = called(arguments, monkeypatch, capsys)
    assert code == 2
    assert sentence in text
    assert "Cách xử lý: Xem cách dùng: sipas" in text
    assert "--help" in text


@pytest.mark.parametrize(("arguments", "code"), [("--help", 0), ("results --help", 0), ("results", 2)])  # fmt: skip
def test_help_is_shown_as_click_shows_it(
    arguments: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    ended, text = called(arguments, monkeypatch, capsys)
    assert (ended, "Usage:" in text) == (code, True)
