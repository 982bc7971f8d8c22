"""`sipas sample draw --first`: a second wave that asks nobody again, on files."""

import csv
import hashlib
import json
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


def _sealed(sipas, tmp_path):
    """Draw a first wave whose seed the program makes and keeps."""
    code, said, problem = sipas(*FIRST, "--seal", "--out", "one")
    assert code == 0, problem
    seed = (tmp_path / "one" / "seed.secret").read_text(encoding="utf-8").strip()
    assert "one/seed.secret" in said and seed not in said
    return seed


def test_a_sealed_seed_is_kept_apart_until_both_waves_are_closed(sipas, tmp_path):
    seed = _sealed(sipas, tmp_path)
    secret = tmp_path / "one" / "seed.secret"
    stored = json.loads((tmp_path / "one" / "protocol.json").read_text(encoding="utf-8"))
    assert len(seed) == 64 and secret.stat().st_mode & 0o777 == 0o600
    assert stored["seed"] is None
    assert stored["seed_sha256"] == hashlib.sha256(seed.encode()).hexdigest()
    assert sipas(*SECOND, *AFTER, "--seed", seed, "--out", "two")[0] == 0
    assert len(_units(tmp_path / "one") | _units(tmp_path / "two")) == 40
    for folder in ("one", "two"):
        assert seed not in (tmp_path / folder / "protocol.json").read_text(encoding="utf-8")


def test_a_sealed_draw_is_verified_by_its_seed_and_by_no_other(sipas, tmp_path):
    seed = _sealed(sipas, tmp_path)
    one = ("verify", *FIRST[1:], "--protocol", "one/protocol.json")
    assert "SAMPLE-264" in sipas(*one)[2]
    assert "SAMPLE-264" in sipas(*one, "--seed", "khác")[2]
    assert sipas(*one, "--seed", seed)[:2] == (0, "khớp\n")
    assert sipas(*SECOND, *AFTER, "--seed", seed, "--out", "two")[0] == 0
    assert "SAMPLE-264" in sipas(*VERIFY, *AFTER)[2]
    assert sipas(*VERIFY, *AFTER, "--seed", seed)[:2] == (0, "khớp\n")


def test_a_sealed_draw_into_its_folder_again_changes_nothing(sipas, tmp_path):
    seed = _sealed(sipas, tmp_path)
    before = (tmp_path / "one" / "protocol.json").read_bytes()
    assert sipas(*FIRST, "--seal", "--out", "one")[0] == 0
    assert (tmp_path / "one" / "protocol.json").read_bytes() == before
    more = ("--previous", "one/protocol.json", "--reason", "thêm", "--seed", seed)
    plan = tmp_path / "one.toml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("= 20", "= 22"), encoding="utf-8")
    assert sipas(*FIRST, *more, "--out", "more")[0] == 0
    later = json.loads((tmp_path / "more" / "protocol.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(seed.encode()).hexdigest()
    assert later["previous"][0]["seed_sha256"] == later["seed_sha256"] == digest
    assert seed not in str(later) and "None" not in str(later["previous"])


def test_what_does_not_go_with_a_sealed_seed_is_refused(sipas, tmp_path):
    _sealed(sipas, tmp_path)
    assert "SAMPLE-270" in sipas(*FIRST, "--seal", "--seed", "s", "--out", "two")[2]
    assert "SAMPLE-270" in sipas(*SECOND, *AFTER, "--seal", "--out", "two")[2]
    assert "SAMPLE-269" in sipas("announce", *SECOND[1:], "--out", "announced.json")[2]
    (tmp_path / "announced.json").write_text("{}", encoding="utf-8")
    announced = ("--announcement", "announced.json")
    assert "SAMPLE-164" in sipas(*FIRST, "--seal", *announced, "--out", "two")[2]
    assert not (tmp_path / "two").exists()


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
