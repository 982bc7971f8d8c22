"""`sipas sample intercept` and `blocks`: half-days, counts and weights on files."""

import csv
import sys
from collections import Counter

import pytest

from surveyapp import cli as root


@pytest.fixture
def sipas(capsys, monkeypatch, tmp_path):
    """Run `sipas sample ARGS` where four of ten half-days of two counters are drawn."""
    monkeypatch.chdir(tmp_path)
    days = "\n".join(f"Q{q}-B{i},Quầy {q}" for q in (1, 2) for i in range(5))
    (tmp_path / "frame.csv").write_text(f"buoi,quay\n{days}\n", encoding="utf-8")
    plan = '[sample]\nunit_id = "buoi"\nstratum = "quay"\n[quotas]\n"Quầy 1" = 2\n"Quầy 2" = 2\n'
    (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["sipas", "sample", *args])
        with pytest.raises(SystemExit) as ended:
            root.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    assert (
        run("draw", "--frame", "frame.csv", "--plan", "plan.toml", "--seed", "s", "--out", "d")[0]
        == 0
    )
    return run


DRAWN = ("--protocol", "d/protocol.json")


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_from_the_drawn_half_days_to_the_weights(sipas, tmp_path):
    assert sipas("intercept", *DRAWN, "--every", "3", "--out", "days.csv")[0] == 0
    days = _rows(tmp_path / "days.csv")
    assert {day["probability"] for day in days} == {"0.4"}
    lines = [f"{d['half_day']},{int(d['start']) + 9},3,1,0" for d in days]  # four are asked
    text = "half_day,arrivals,answered,refused,ineligible\n" + "\n".join(lines)
    (tmp_path / "counts.csv").write_text(text, encoding="utf-8")
    made = ("intercept", *DRAWN, "--every", "3", "--counts", "counts.csv", "--out")
    code, said, _ = sipas(*made, "weights.csv")
    assert (code, said) == (0, "4 buổi, mời 16 người, 12 trả lời.\n")
    for row in _rows(tmp_path / "weights.csv"):
        assert float(row["design_weight"]) == pytest.approx(5 / 2 * 3)
        assert float(row["analysis_weight"]) == pytest.approx(5 / 2 * 3 * 4 / 3)
    assert "SAMPLE-168" in sipas(*made, "weights.csv")[2]
    (tmp_path / "counts.csv").write_text(text.replace(",3,1,0", ",0,4,0", 1), encoding="utf-8")
    assert f"không ai trả lời ở {days[0]['half_day']};" in sipas(*made, "silent.csv")[2]
    (tmp_path / "counts.csv").write_text(text.replace(",3,1,0", ",9,1,0", 1), encoding="utf-8")
    code, _, said = sipas(*made, "other.csv")
    assert (code, "SAMPLE-123" in said, "Dòng 2" in said) == (1, True, True)
    (tmp_path / "counts.csv").write_text(text.replace(",3,1,0", ',"2,5",1,0', 1), encoding="utf-8")
    assert "SAMPLE-167" in sipas(*made, "other.csv")[2]


def test_blocks_are_even_within_every_stratum(sipas, tmp_path):
    assert sipas("blocks", *DRAWN, "--block", "A", "--block", "B", "--out", "b.csv")[0] == 0
    found = Counter((row["stratum"], row["block"]) for row in _rows(tmp_path / "b.csv"))
    assert found == dict.fromkeys([(f"Quầy {q}", b) for q in (1, 2) for b in "AB"], 1)
    assert (
        "SAMPLE-134" in sipas("blocks", *DRAWN, "--block", "A", "--block", "A", "--out", "c.csv")[2]
    )
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    wrong = ("blocks", "--protocol", "x.json", "--block", "A", "--out", "c.csv")
    assert "SAMPLE-166" in sipas(*wrong)[2]
