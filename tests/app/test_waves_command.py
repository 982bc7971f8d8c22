"""`sipas sample draw --first`: a second wave that asks nobody again, on files."""

import csv
import sys

import pytest

from surveyapp import cli as root


@pytest.fixture
def sipas(capsys, monkeypatch, tmp_path):
    """Run `sipas sample ARGS` on a list and the plans of two waves."""
    monkeypatch.chdir(tmp_path)
    units = "\n".join(f"HS{i:03d}" for i in range(50))
    (tmp_path / "frame.csv").write_text(f"ma\n{units}\n", encoding="utf-8")
    head = '[sample]\nunit_id = "ma"\ntotal = 20\n'
    (tmp_path / "one.toml").write_text(head, encoding="utf-8")
    (tmp_path / "two.toml").write_text(head + "[wave]\nkeep = 0\n", encoding="utf-8")

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["sipas", "sample", *args])
        with pytest.raises(SystemExit) as ended:
            root.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run


FIRST = ("draw", "--frame", "frame.csv", "--plan", "one.toml")
SECOND = ("draw", "--frame", "frame.csv", "--plan", "two.toml")
VERIFY = ("verify", *SECOND[1:], "--protocol", "two/protocol.json")
AFTER = ("--first", "one/protocol.json")


def _units(folder):
    with (folder / "sample.csv").open(encoding="utf-8", newline="") as file:
        return {row["unit_id"] for row in csv.DictReader(file)}


def test_a_second_wave_asks_nobody_again_and_verifies_with_the_first(sipas, tmp_path):
    assert sipas(*FIRST, "--seed", "s", "--out", "one")[0] == 0
    assert sipas(*SECOND, *AFTER, "--out", "two")[0] == 0
    assert len(_units(tmp_path / "one") | _units(tmp_path / "two")) == 40
    assert sipas(*VERIFY, *AFTER)[:2] == (0, "khớp\n")
    assert "wave.first_protocol_sha256" in sipas(*VERIFY)[2]
    assert sipas(*SECOND, *AFTER, "--out", "two")[0] == 0  # the same again changes nothing


def test_what_does_not_go_together_is_refused(sipas, tmp_path):
    assert sipas(*FIRST, "--seed", "s", "--out", "one")[0] == 0
    assert "SAMPLE-165" in sipas(*SECOND, "--seed", "s", "--out", "two")[2]
    assert "SAMPLE-165" in sipas(*FIRST, *AFTER, "--out", "two")[2]
    assert "SAMPLE-153" in sipas(*SECOND, *AFTER, "--seed", "t", "--out", "two")[2]
    assert "SAMPLE-140" in sipas(*SECOND, "--first", "frame.csv", "--out", "two")[2]
    plan = tmp_path / "two.toml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("= 20", "= 31"), encoding="utf-8")
    code, _, said = sipas(*SECOND, *AFTER, "--out", "two")
    assert code == 1
    assert "cần 31 người chưa hỏi (kể cả dự phòng), chỉ còn 30" in said
    assert not (tmp_path / "two").exists()
