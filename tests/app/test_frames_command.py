"""Lists are collected by commands alone, as on the pages."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from surveyapp import cli
from surveyapp.actor import Actor
from surveyapp.config import Settings
from tests.app.frames_world import AN_LAO, ASKED, DEPUTIES, LEADERS, OFFICE, csv_file

AN = ["Nguyễn Văn An", DEPUTIES, "Sở Y tế", "1970", ""]
SURVEY = ("--survey", "par-2024")


@pytest.fixture
def sipas(
    settings: Settings,
    official: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Run `sipas frame` as an official of some login, on a survey that asked three units."""
    official("manager", login="lanh-dao")
    official("focal", login="dau-moi")
    monkeypatch.setenv("SURVEY_HOME", str(settings.home))
    monkeypatch.setenv("SURVEY_DATABASE_URL", settings.database_url)

    def run(*arguments: str, login: str = "lanh-dao") -> tuple[int, str, str]:
        named = (*arguments, "--as", login) if login else arguments
        monkeypatch.setattr(sys, "argv", ["sipas", *named])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    assert run("survey", "create", "--shipped", "binh-dinh-par-2024")[0] == 0
    return run


def test_lists_are_asked_for_sent_decided_on_and_put_together(sipas, tmp_path: Path) -> None:
    asked, own, other = tmp_path / "units.txt", tmp_path / "a.csv", tmp_path / "b.csv"
    asked.write_text(ASKED, encoding="utf-8")
    own.write_bytes(csv_file(AN))
    other.write_bytes(csv_file([AN[0], LEADERS, "Huyện An Lão", "1970", ""]))
    assert "3 đơn vị" in sipas("frame", "ask", *SURVEY, str(asked), "--due", "2024-10-20")[1]
    out = tmp_path / "mau.xlsx"
    assert sipas("frame", "unit-template", *SURVEY, "--unit", OFFICE, "--out", str(out))[0] == 0
    assert openpyxl.load_workbook(out)["Danh sách"].max_row == 3

    refused = sipas("frame", "send", *SURVEY, "--unit", OFFICE, str(own), login="dau-moi")
    assert (refused[0], "FRAME-032" in refused[2]) == (1, True)
    for unit, path in ((OFFICE, own), (AN_LAO, other)):
        assert "Đã gửi 1 dòng" in sipas("frame", "send", *SURVEY, "--unit", unit, str(path))[1]
        assert sipas("frame", "accept", *SURVEY, "--unit", unit)[0] == 0
    assert "1 đơn vị" in sipas("frame", "remind", *SURVEY)[1]
    states = json.loads(sipas("frame", "lists", *SURVEY, login="")[1])
    assert [line["state"] for line in states] == ["accepted", "asked", "accepted"]

    (pair,) = json.loads(sipas("frame", "pairs", *SURVEY)[1])
    assert (pair["shared"], pair["merged"], "Nguyễn" in str(pair)) == (["birth"], False, False)
    decided = ("frame", "decide", *SURVEY, "--pair", pair["pair"], "--verdict", "same")
    assert sipas(*decided)[0] == 0
    code, built, notes = sipas("frame", "build", *SURVEY)
    assert (code, "1 người" in built, "FRAME-048" in notes) == (0, True, True)
    freeze = ("frame", "freeze", *SURVEY, "--confirm", "FRAME-048", "--confirm", "FRAME-049")
    assert sipas(*freeze)[0] == 0
    again = ("frame", "return", *SURVEY, "--unit", OFFICE, "--reason", "Thiếu người")
    assert sipas(*again)[0] == 0
    assert "Đã xóa 0" in sipas("frame", "tidy", login="")[1]


def test_two_posts_in_one_file_are_decided_on_before_it_is_stored(sipas, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_file(AN, [AN[0], LEADERS, "Huyện An Lão", "1970", ""]))
    (pair,) = json.loads(sipas("frame", "pairs", *SURVEY, "--file", str(path))[1])
    assert (pair["rows"], pair["shared"], pair["merged"]) == ([2, 3], ["birth"], False)
    decided = ("frame", "decide", *SURVEY, "--file", str(path), "--pair", pair["pair"])
    assert "FRAME-039" in sipas(*decided, "--verdict", "different")[2]
    assert sipas(*decided, "--verdict", "same")[0] == 0
    (after,) = json.loads(sipas("frame", "pairs", *SURVEY, "--file", str(path))[1])
    assert (after["verdict"], after["merged"]) == ("same", True)
    assert "1 người" in sipas("frame", "import", *SURVEY, str(path))[1]


def test_a_preset_is_saved_from_a_file_and_all_faults_are_written(sipas, tmp_path: Path) -> None:
    path, faults = tmp_path / "la.csv", tmp_path / "loi.xlsx"
    head = ["Tên cán bộ", "Nhóm", "Nơi làm", "Năm sinh", "Điện thoại"]
    path.write_bytes(csv_file(AN, ["", DEPUTIES, "Sở Y tế", "xx", "yy"], head=head))
    preset = ("frame", "preset", *SURVEY, str(path), "--name", "một cửa")
    assert "FRAME-051" in sipas(*preset, "--column", "name=Không có")[2]
    named = ("name=Tên cán bộ", "group=Nhóm", "office=Nơi làm")
    code, said, _ = sipas(*preset, *(w for text in named for w in ("--column", text)))
    assert (code, json.loads(said)["name"]) == (0, "Tên cán bộ")
    stored = ("frame", "import", *SURVEY, str(path), "--preset", "một cửa")
    assert sipas(*stored, "--problems", str(faults))[0] == 1
    rows = list(openpyxl.load_workbook(faults)["Lỗi"].iter_rows(min_row=2, values_only=True))
    assert {row[1] for row in rows} == {3} and len(rows) == 3
    path.write_bytes(csv_file(AN, head=head))
    assert "1 người" in sipas(*stored)[1]
