"""`sipas sample`: draw, verify, size, on files as people write them."""

import csv
import json
import math
import stat
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from surveyapp import cli as root

RECOMPUTE = Path(__file__).parents[1] / "recompute_draw.py"
QUOTAS = {"Sở Nội vụ": 12, "Sở Y tế": 9, "Cục Thuế tỉnh": 4}
SIZES = {"Sở Nội vụ": 40, "Sở Y tế": 30, "Cục Thuế tỉnh": 10}
PLAN = """[sample]
unit_id = "unit_id"
stratum = ["agency"]
method = "srs"
allocation = "fixed"
reserve_share = "0,5"
recheck_share = 0.1
[quotas]
"""


@pytest.fixture
def sipas(capsys, monkeypatch, tmp_path):
    """Run `sipas ARGS` as the shell does; gives (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["sipas", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            root.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run


def _units() -> list:
    units = [
        (f"HS-{key.split()[1][0]}{i:03d}", key) for key, size in SIZES.items() for i in range(size)
    ]
    return sorted(units, key=lambda unit: unit[0][::-1])  # strata mixed


@pytest.fixture
def files(tmp_path):
    frame = tmp_path / "frame.csv"
    lines = ["unit_id,agency,channel", *(f"{unit},{key},online" for unit, key in _units())]
    frame.write_text("\n".join(lines) + "\n", encoding="utf-8")
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN + _quotas(QUOTAS), encoding="utf-8")
    return frame, plan


def _quotas(quotas: dict) -> str:
    return "".join(f'"{key}" = {n}\n' for key, n in quotas.items())


def _draw(sipas, frame, plan, out, *more):
    return sipas(
        "sample",
        "draw",
        "--frame",
        frame,
        "--plan",
        plan,
        "--out",
        out,
        "--seed",
        "hạt giống",
        *more,
    )


def _rows(out: Path) -> list:
    with (out / "sample.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_draw_writes_the_sample_and_a_protocol_that_verifies(sipas, files, tmp_path):
    out = tmp_path / "new" / "draw"
    code, said, _ = _draw(sipas, *files, out)
    assert code == 0
    assert "25 phiếu chính" in said
    assert "hạt giống tự chọn" in said
    rows = _rows(out)
    assert list(rows[0]) == [
        "unit_id",
        "stratum",
        "role",
        "order",
        "inclusion_probability",
        "design_weight",
    ]
    assert Counter(r["stratum"] for r in rows if r["role"] == "main") == QUOTAS
    assert Counter(row["role"] for row in rows) == {"main": 25, "reserve": 6 + 5 + 2, "recheck": 2}
    for row in rows:
        n, pop = QUOTAS[row["stratum"]], SIZES[row["stratum"]]
        if row["role"] == "main":
            assert float(row["inclusion_probability"]) == n / pop
            assert float(row["design_weight"]) == pytest.approx(pop / n, rel=1e-12)
        if row["role"] == "reserve":
            assert float(row["inclusion_probability"]) == (n + math.ceil(n / 2)) / pop
            assert row["design_weight"] == ""
    code, said, _ = sipas(
        "sample",
        "verify",
        "--frame",
        files[0],
        "--plan",
        files[1],
        "--protocol",
        out / "protocol.json",
    )
    assert (code, said) == (0, "khớp\n")


def test_the_secret_of_the_recheck_lies_apart_and_only_its_digest_in_the_protocol(
    sipas, files, tmp_path
):
    out = tmp_path / "out"
    _, said, _ = _draw(sipas, *files, out)
    secret = out / "recheck.secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "recheck.secret" in said
    assert secret.read_text().strip() not in (out / "protocol.json").read_text(encoding="utf-8")
    verify = (
        "sample",
        "verify",
        "--frame",
        files[0],
        "--plan",
        files[1],
        "--protocol",
        out / "protocol.json",
    )
    assert sipas(*verify, "--recheck-secret", secret)[:2] == (0, "khớp\n")
    secret.write_text("00" * 32)
    assert sipas(*verify, "--recheck-secret", secret)[0] == 1


def test_the_same_draw_comes_from_any_order_any_unicode_form_and_any_file_type(
    sipas, files, tmp_path
):
    frame, plan = files
    lines = frame.read_text(encoding="utf-8").splitlines()
    turned = [lines[0], *reversed(lines[1:])]
    (tmp_path / "nfd.csv").write_text(
        unicodedata.normalize("NFD", "\r\n".join(turned)).replace(",", ";"), encoding="utf-8-sig"
    )
    book = openpyxl.Workbook()
    for line in ["Danh sách hồ sơ,,", *turned]:
        book.active.append(line.split(","))
    book.save(tmp_path / "frame.xlsx")
    pq.write_table(pa_csv.read_csv(frame), tmp_path / "frame.parquet")
    results = []
    for path in (frame, tmp_path / "nfd.csv", tmp_path / "frame.xlsx", tmp_path / "frame.parquet"):
        out = tmp_path / f"out-{path.suffix}-{path.stem}"
        assert _draw(sipas, path, plan, out, "--recheck-seed", "thử")[0] == 0
        results.append((out / "sample.csv").read_bytes() + (out / "protocol.json").read_bytes())
        assert not (out / "recheck.secret").exists()
    assert len(set(results)) == 1


def test_an_independent_script_of_forty_lines_draws_the_same(sipas, files, tmp_path):
    out = tmp_path / "out"
    _draw(sipas, *files, out)
    script = [sys.executable, str(RECOMPUTE), str(files[0])]
    done = subprocess.run(  # noqa: S603  our own script
        [*script, " hạt giống", str(out / "sample.csv"), "agency"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "same\n", done.stderr
    other = subprocess.run(  # noqa: S603  our own script
        [*script, "another", str(out / "sample.csv"), "agency"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode == 1


@pytest.mark.parametrize("choice", ["lower", "census"])
def test_a_quota_above_its_stratum_stops_the_draw_until_a_choice_is_made(
    sipas, files, tmp_path, choice
):
    frame, plan = files
    plan.write_text(PLAN + _quotas(QUOTAS | {"Cục Thuế tỉnh": 14}), encoding="utf-8")
    out = tmp_path / "out"
    code, _, said = _draw(sipas, frame, plan, out)
    assert code == 1
    assert "Nhóm «Cục Thuế tỉnh»: cần 14 phiếu, danh sách chỉ có 10." in said
    assert "--shortfall lower" in said
    assert "--shortfall census" in said
    assert not out.exists()
    assert _draw(sipas, frame, plan, out, "--shortfall", choice)[0] == 0
    taken = [r for r in _rows(out) if r["stratum"] == "Cục Thuế tỉnh" and r["role"] == "main"]
    assert len(taken) == 10
    assert {row["inclusion_probability"] for row in taken} == {"1.0"}
    stored = json.loads((out / "protocol.json").read_text(encoding="utf-8"))
    assert stored["notes"]["shortfall_reason"] == "không nêu lý do"
    assert (
        _draw(sipas, frame, plan, tmp_path / "b", "--shortfall", choice, "--reason", "ít")[0] == 0
    )
    again = json.loads((tmp_path / "b" / "protocol.json").read_text(encoding="utf-8"))
    assert again["notes"]["shortfall_reason"] == "ít"
    assert stored["method"]["shortfall"] == choice
    assert stored["decisions"][0]["wanted"] == 14


def test_proportional_allocation_and_a_frame_without_strata(sipas, files, tmp_path):
    frame, plan = files
    head = '[sample]\nunit_id = "unit_id"\ntotal = 16\n'
    plan.write_text(head + 'stratum = "agency"\nallocation = "proportional"\n', encoding="utf-8")
    assert _draw(sipas, frame, plan, tmp_path / "a")[0] == 0
    assert Counter(row["stratum"] for row in _rows(tmp_path / "a")) == {
        "Sở Nội vụ": 8, "Sở Y tế": 6, "Cục Thuế tỉnh": 2,
    }  # fmt: skip
    plan.write_text(head, encoding="utf-8")
    assert _draw(sipas, frame, plan, tmp_path / "b")[0] == 0
    assert {row["stratum"] for row in _rows(tmp_path / "b")} == {"toàn bộ"}


def test_two_seeds_for_one_draw_and_an_empty_one_are_refused(sipas, files, tmp_path):
    code, _, said = _draw(sipas, *files, tmp_path / "out", "--seed", "thêm")
    assert (code, "SAMPLE-153" in said) == (1, True)
    command = ("sample", "draw", "--frame", files[0], "--plan", files[1], "--out", tmp_path / "out")
    code, _, said = sipas(*command, "--seed", "  ")
    assert (code, "SAMPLE-154" in said) == (1, True)
    assert not (tmp_path / "out").exists()


def test_a_second_draw_does_not_write_over_the_first(sipas, files, tmp_path):
    out = tmp_path / "out"
    _draw(sipas, *files, out)
    before = (out / "protocol.json").read_bytes()
    assert _draw(sipas, *files, out)[0] == 0  # the same again changes nothing
    command = ("sample", "draw", "--frame", files[0], "--plan", files[1], "--out", out)
    code, _, said = sipas(*command, "--seed", "khác")
    assert (code, "SAMPLE-157" in said) == (1, True)
    assert (out / "protocol.json").read_bytes() == before


def test_a_later_draw_names_the_earlier_ones_with_the_reason(sipas, files, tmp_path):
    _draw(sipas, *files, tmp_path / "one")
    earlier = ("--previous", tmp_path / "one" / "protocol.json")
    code, _, said = _draw(sipas, *files, tmp_path / "two", *earlier)
    assert (code, "SAMPLE-156" in said) == (1, True)
    assert _draw(sipas, *files, tmp_path / "two", *earlier, "--reason", "bổ sung danh sách")[0] == 0
    stored = json.loads((tmp_path / "two" / "protocol.json").read_text(encoding="utf-8"))
    assert [entry["reason"] for entry in stored["previous"]] == ["bổ sung danh sách"]
    assert len(stored["previous"][0]["protocol_sha256"]) == 64


def _verify(sipas, files, out):
    return sipas(
        "sample",
        "verify",
        "--frame",
        files[0],
        "--plan",
        files[1],
        "--protocol",
        out / "protocol.json",
    )


def test_verify_names_the_first_difference(sipas, files, tmp_path):
    out = tmp_path / "out"
    _draw(sipas, *files, out)
    stored = json.loads((out / "protocol.json").read_text(encoding="utf-8"))
    stored["lists"]["main"][0]["ids"][1] = "HS-bạn"
    (out / "protocol.json").write_text(json.dumps(stored), encoding="utf-8")
    code, said, problem = _verify(sipas, files, out)
    assert (code, said) == (1, "")
    assert "lists.main[0].ids[1]" in problem
    assert "HS-bạn" in problem


def test_verify_finds_a_frame_and_a_plan_that_were_changed_after_the_draw(sipas, files, tmp_path):
    frame, plan = files
    out = tmp_path / "out"
    _draw(sipas, frame, plan, out)
    kept = frame.read_text(encoding="utf-8")
    frame.write_text(kept.replace("HS-Y001,Sở Y tế", "HS-Y999,Sở Y tế"), encoding="utf-8")
    assert "frame.sha256" in _verify(sipas, files, out)[2]
    frame.write_text(kept, encoding="utf-8")
    plan.write_text(plan.read_text(encoding="utf-8").replace("= 12", "= 11"), encoding="utf-8")
    assert "plan.content.quotas.Sở Nội vụ" in _verify(sipas, files, out)[2]


def _broken(change):
    def apply(frame: Path, _: Path) -> None:
        text = frame.read_text(encoding="utf-8")
        frame.write_bytes(change(text))

    return apply


def _plan_of(text: str):
    return lambda _, plan: plan.write_text(text, encoding="utf-8")


BAD = [
    ("no frame", lambda frame, _: frame.unlink(), "IMPORT-006"),
    ("no plan", lambda _, plan: plan.unlink(), "SAMPLE-142"),
    ("empty frame", _broken(lambda _: b""), "IMPORT-007"),
    ("header only", _broken(lambda t: t.splitlines()[0].encode()), "IMPORT-013"),
    (
        "missing column",
        _broken(lambda t: t.replace("agency", "agenci", 1).encode()),
        "Có phải là cột «agenci»",
    ),
    ("duplicate", _broken(lambda t: (t + "HS-Y001,Sở Y tế,x\n").encode()), "SAMPLE-103"),
    ("no id", _broken(lambda t: (t + ",Sở Y tế,x\n").encode()), "Dòng 82: Thiếu mã"),
    ("no stratum", _broken(lambda t: (t + "HS-9,,x\n").encode()), "SAMPLE-104"),
    ("unknown stratum", _broken(lambda t: (t + "HS-9,Sở Ytế,x\n").encode()), "SAMPLE-119"),
    ("legacy encoding", _broken(lambda t: t.encode().replace("ở".encode(), b"\xeb")), "IMPORT-022"),
    ("short line", _broken(lambda t: (t + "HS-9\n").encode()), "IMPORT-020"),
    ("unclosed quote", _broken(lambda t: (t + 'HS-9,"Sở Y tế,x\n').encode()), "IMPORT-021"),
    ("broken toml", _plan_of("[sample]\nreserve_share = 0,05\n"), "Dòng 2"),
    (
        "unknown key",
        _plan_of(PLAN.replace("recheck_share", "recheckshare") + _quotas(QUOTAS)),
        "«recheck_share»",
    ),
    ("empty plan", _plan_of(""), "SAMPLE-116"),
    (
        "a method that is none",
        _plan_of(PLAN.replace('"srs"', '"luck"') + _quotas(QUOTAS)),
        "SAMPLE-112",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "said"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_bad_input_is_refused_in_vietnamese_and_nothing_is_stored(
    sipas, files, tmp_path, spoil, said
):
    spoil(*files)
    code, out, problem = _draw(sipas, *files, tmp_path / "out")
    assert (code, out) == (1, "")
    assert said in problem
    assert "Traceback" not in problem
    assert (
        sorted(
            path.name for path in tmp_path.iterdir() if path.name not in ("frame.csv", "plan.toml")
        )
        == []
    )


def test_a_wrong_sheet_and_a_folder_that_cannot_be_written_are_refused(sipas, files, tmp_path):
    book = openpyxl.Workbook()
    book.save(tmp_path / "f.xlsx")
    assert (
        "IMPORT-004"
        in _draw(sipas, tmp_path / "f.xlsx", files[1], tmp_path / "o", "--sheet", "x")[2]
    )
    (tmp_path / "file").write_text("in the way")
    code, _, said = _draw(sipas, *files, tmp_path / "file" / "out")
    assert (code, "SAMPLE-144" in said) == (1, True)


def test_lost_leading_zeros_are_warned_of(sipas, tmp_path):
    frame, plan = tmp_path / "frame.csv", tmp_path / "plan.toml"
    frame.write_text(
        "unit_id\n" + "\n".join(str(i) for i in (90_001, 90_002, 123)), encoding="utf-8"
    )
    plan.write_text('[sample]\nunit_id = "unit_id"\ntotal = 2\n', encoding="utf-8")
    code, _, said = _draw(sipas, frame, plan, tmp_path / "out")
    assert code == 0
    assert "IMPORT-025" in said
    assert "Dòng 4" in said


@pytest.mark.parametrize("content", ["{", "[1]", "{}", '{"format": "sipas-sample-protocol"}'])
def test_a_protocol_that_is_none_is_refused(sipas, files, tmp_path, content):
    path = tmp_path / "p.json"
    path.write_text(content)
    code, out, said = sipas(
        "sample", "verify", "--frame", files[0], "--plan", files[1], "--protocol", path
    )
    assert (code, out) == (1, "")
    assert "SAMPLE-1" in said


def test_json_sums_a_draw_up_for_programs(sipas, files, tmp_path):
    code, said, _ = _draw(sipas, *files, tmp_path / "out", "--json")
    summary = json.loads(said)
    assert code == 0
    assert (summary["main"], summary["recheck"], summary["label"]) == (25, 2, "hạt giống tự chọn")
    assert len(summary["protocol_sha256"]) == 64


@pytest.mark.parametrize(
    ("args", "n"),
    [
        (["--population", 2000], 334),  # 2000/(1 + 5) = 333.3
        (["--population", 100, "--margin", "0,05"], 80),
        (
            ["--population", 3200, "--formula", "cochran", "--level", "0.9545"],
            356,
        ),  # Cochran 1977, 4.4
        (["--population", 100, "--response", "0.5"], 100),
    ],
)
def test_size_prints_the_number(sipas, args, n):
    assert sipas("sample", "size", *args)[:2] == (0, f"{n}\n")


def test_size_explains_both_formulas_with_the_margins_they_give(sipas):
    _, said, _ = sipas("sample", "size", "--population", 2000, "--explain")
    assert said.splitlines()[0] == "334"
    assert "cochran: 323" in said
    assert "p = 0,8" in said
    _, said, _ = sipas("sample", "size", "--population", 2000, "--json")
    assert set(json.loads(said)["formulas"]["yamane"]["margins"]) == {"0.5", "0.8", "0.9"}


@pytest.mark.parametrize(
    "args",
    [
        ["--population", "x"],
        ["--population", "0"],
        ["--population", "2,5"],
        ["--population", "9", "--margin", "2"],
    ],
)
def test_size_refuses_what_is_no_size(sipas, args):
    code, out, said = sipas("sample", "size", *args)
    assert (code, out) == (1, "")
    assert "SAMPLE-1" in said
    assert "must" not in said


def test_a_large_frame_shows_its_progress(sipas, tmp_path, monkeypatch):
    monkeypatch.setattr("surveyapp.samples.cli.BAR_FROM", 0)
    table = pa.table({"unit_id": [f"HS{i:06d}" for i in range(70_000)]})
    pa_csv.write_csv(table, tmp_path / "frame.csv")
    (tmp_path / "plan.toml").write_text('[sample]\nunit_id = "unit_id"\ntotal = 100\n')
    code, _, said = _draw(sipas, tmp_path / "frame.csv", tmp_path / "plan.toml", tmp_path / "out")
    assert code == 0
    assert "Đọc danh sách" in said
    assert "Chọn mẫu" in said


def test_a_plan_of_stages_writes_what_was_drawn_at_each_stage(sipas, tmp_path):
    frame, plan = tmp_path / "frame.csv", tmp_path / "plan.toml"
    homes = [
        (f"H{c}{v}{i}", f"Xã {c}", f"Thôn {v}") for c in "ABCD" for v in "123" for i in "12345"
    ]
    frame.write_text("ho,xa,thon\n" + "\n".join(map(",".join, homes)), encoding="utf-8")
    plan.write_text(
        '[sample]\nunit_id = "ho"\n[[stages]]\nunit = "xa"\nmethod = "pps"\nn = 2\n'
        '[[stages]]\nunit = "thon"\nn = 2\n[[stages]]\nn = 3\n',
        encoding="utf-8",
    )
    assert _draw(sipas, frame, plan, tmp_path / "out")[0] == 0
    assert {row["inclusion_probability"] for row in _rows(tmp_path / "out")} == {
        repr(2 / 4 * (2 / 3) * (3 / 5))
    }
    with (tmp_path / "out" / "stages.csv").open(encoding="utf-8", newline="") as file:
        stages = list(csv.DictReader(file))
    assert Counter(row["stage"] for row in stages) == {"1": 2, "2": 4, "3": 12}
    assert {row["parent"] for row in stages if row["stage"] == "2"} == {
        row["unit"] for row in stages if row["stage"] == "1"
    }
    assert _verify(sipas, (frame, plan), tmp_path / "out")[:2] == (0, "khớp\n")
