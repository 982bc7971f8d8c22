"""`sipas moments make|merge|estimate`: two provinces give what their pooled data give."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from click.testing import CliRunner

from surveyapp.cli import main
from surveyapp.errors import AppError
from surveyapp.results.cli import cli as results
from surveyapp.results.moments_cli import cli

DESIGN = """
weight = "w"
strata = "stratum"
pop_size = ["N"]
""" + "".join(
    f'[[measures]]\ncode = "q{j}"\ncolumn = "q{j}"\nkind = "share"\nsatisfied = [4, 5]\nmissing = [9]\n' for j in (1, 2)
) + '[[composites]]\ncode = "index"\nmeasures = ["q1", "q2"]\n'  # fmt: skip


def province(seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    stratum = np.arange(120) % 3
    return pa.table({
        "stratum": [f"P{seed}-{s}" for s in stratum], "w": 5.0 + stratum, "N": (40 * (5 + stratum)).astype(int),
        "q1": rng.choice([2, 3, 4, 5, 9], 120), "q2": rng.choice([3, 4, 5], 120),
    })  # fmt: skip


def call(group, *arguments: object) -> str:
    return CliRunner().invoke(group, [str(a) for a in arguments], catch_exceptions=False).output


def test_what_is_no_file_of_totals_or_too_small_is_refused(tmp_path: Path) -> None:
    (tmp_path / "design.toml").write_text(DESIGN, encoding="utf-8")
    with pytest.raises(AppError, match="RESULTS-020"):
        call(cli, "estimate", tmp_path / "design.toml", "--out", tmp_path / "x.json")
    pa_csv.write_csv(province(3).slice(0, 36), tmp_path / "small.csv")
    with pytest.raises(AppError, match="RESULTS-021"):
        call(cli, "make", "--data", tmp_path / "small.csv", "--design", tmp_path / "design.toml", "--method", "m",
             "--survey", "s", "--out", tmp_path / "x.json")  # fmt: skip
    assert not (tmp_path / "x.json").exists()


def sipas(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["sipas", "moments", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def folder_of(tmp_path: Path) -> list[object]:
    """Write a design and two provinces; return the arguments that name method and design."""
    (tmp_path / "design.toml").write_text(DESIGN, encoding="utf-8")
    for i in (0, 1):
        pa_csv.write_csv(province(i), tmp_path / f"{i}.csv")
    return ["--design", tmp_path / "design.toml", "--method", "sipas_a 2023"]


def make(tmp_path: Path, which: int, name: str, *more: object) -> Path:
    out = tmp_path / f"{name}.json"
    call(cli, "make", "--data", tmp_path / f"{which}.csv", *folder_of(tmp_path), "--out", out,
         *(more or ("--survey", name)))  # fmt: skip
    return out


def pooled_estimates(tmp_path: Path) -> dict[str, Any]:
    """Estimate from the rows of both provinces together."""
    pa_csv.write_csv(pa.concat_tables([province(0), province(1)]), tmp_path / "2.csv")
    files = ["--data", tmp_path / "2.csv", "--design", tmp_path / "design.toml"]
    call(results, "estimate", *files, "--out", tmp_path / "pooled.json")
    return json.loads((tmp_path / "pooled.json").read_text(encoding="utf-8"))


def test_merged_totals_give_the_pooled_estimates(tmp_path: Path) -> None:
    files = [make(tmp_path, i, f"tỉnh {i}") for i in (0, 1)]
    call(cli, "merge", *files, "--out", tmp_path / "both.json")
    call(cli, "estimate", tmp_path / "both.json", "--out", tmp_path / "merged.json")

    merged = json.loads((tmp_path / "merged.json").read_text(encoding="utf-8"))
    pooled = pooled_estimates(tmp_path)
    assert merged["design"]["surveys"] == ["tỉnh 0", "tỉnh 1"]
    assert len(merged["estimates"]) == len(pooled["estimates"]) == 3
    for left, right in zip(merged["estimates"], pooled["estimates"], strict=True):
        assert left["measure"] == right["measure"]
        design_effect = () if left["measure"] == "index" else ("n_eff", "deff")
        for key in ("estimate", "se", "ci", "n", "df", *design_effect):
            assert left[key] == pytest.approx(right[key], rel=1e-12, abs=0)
        assert (left["flag"], left["method"]) == (right["flag"], right["method"])
    assert "P1-0" not in json.dumps(merged)


def test_a_survey_is_not_merged_twice(tmp_path: Path) -> None:
    files = [make(tmp_path, i, f"tỉnh {i}") for i in (0, 1)]
    both, again = tmp_path / "both.json", tmp_path / "again.json"
    call(cli, "merge", *files, "--out", both)

    with pytest.raises(AppError, match=r"RESULTS-021.*surveys: có mặt hai lần"):
        call(cli, "merge", both, files[1], "--out", again)
    assert not again.exists()


def test_files_that_do_not_fit_are_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, a Vietnamese sentence with what to do, no traceback, nothing written."""
    good = make(tmp_path, 0, "one")
    content = json.loads(good.read_text(encoding="utf-8"))
    (tmp_path / "broken.json").write_text(good.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    (tmp_path / "array.json").write_text("[1, 2]", encoding="utf-8")
    (tmp_path / "binary.json").write_bytes(bytes(range(256)))
    for name, change in (
        ("format", {"format": "sipas-moments-0"}),
        ("nan", {"total": [float("nan")] * len(content["total"])}),
        (
            "version",
            {"method": "sipas_a 2024", "surveys": ["z"], "digests": ["z"], "strata": ["z"]},
        ),
        ("strata", {"surveys": ["z"], "digests": ["z"]}),
        ("digest", {"surveys": ["z"], "strata": ["z"]}),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps({**content, **change}), encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "out.json"
    for files, sentence in (
        (["broken.json"], "không phải tệp tổng đọc được"),
        (["array.json"], "không phải tệp tổng đọc được"),
        (["binary.json"], "không phải tệp tổng đọc được"),
        (["absent.json"], "Không có tệp «"),
        (["format.json"], "không phải tệp tổng đọc được"),
        (["one.json", "nan.json"], "không phải tệp tổng đọc được"),
        (["one.json", "version.json"], "method: khác nhau giữa các tệp (sipas_a 2024)"),
        (["one.json", "one.json"], "surveys: có mặt hai lần (one)"),
        (["one.json", "strata.json"], "strata: có mặt hai lần (P0-0)"),
        (["one.json", "digest.json"], "digests: có mặt hai lần"),
    ):
        assert sipas(monkeypatch, "merge", *(tmp_path / f for f in files), "--out", out) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert sentence in said.err
        assert "Cách xử lý: " in said.err
        assert "Traceback" not in said.err
    assert sipas(monkeypatch, "merge", good, "--only", "q9", "--out", out) == 1
    assert "không khớp với các phép đo ghi trong tệp (q9)" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_small_surveys_merge_in_two_rounds(tmp_path: Path) -> None:
    tables = [province(i).slice(0, 90) for i in (0, 1)]
    design = folder_of(tmp_path)
    for i, table in enumerate([*tables, pa.concat_tables(tables)]):
        pa_csv.write_csv(table, tmp_path / f"{i}.csv")

    def step(which: int, out: str, *more: object) -> Path:
        call(cli, "make", "--data", tmp_path / f"{which}.csv", *design, "--survey", f"tỉnh {which}",
             "--out", tmp_path / out, *more)  # fmt: skip
        return tmp_path / out

    with pytest.raises(AppError, match=r"RESULTS-021.*P0-0: 30 < 40"):
        step(0, "refused.json")
    totals = [step(i, f"t{i}.json", "--totals-only") for i in (0, 1)]
    call(cli, "merge", *totals, "--out", tmp_path / "t.json")
    with pytest.raises(AppError, match="RESULTS-022"):
        call(cli, "estimate", tmp_path / "t.json", "--out", tmp_path / "early.json")
    back = [step(i, f"v{i}.json", "--gradients", tmp_path / "t.json") for i in (0, 1)]
    call(cli, "merge", *back, "--out", tmp_path / "v.json")
    call(cli, "estimate", tmp_path / "v.json", "--out", tmp_path / "merged.json")
    call(results, "estimate", "--data", tmp_path / "2.csv", "--design", tmp_path / "design.toml",
         "--out", tmp_path / "pooled.json")  # fmt: skip
    merged, pooled = (
        json.loads((tmp_path / f"{n}.json").read_text(encoding="utf-8"))["estimates"]
        for n in ("merged", "pooled")
    )
    for left, right in zip(merged, pooled, strict=True):
        for key in ("estimate", "se", "ci", "n", "df"):
            assert left[key] == pytest.approx(right[key], rel=1e-12, abs=0)
    assert not {"refused.json", "early.json"} & {path.name for path in tmp_path.iterdir()}


def test_rounds_that_do_not_belong_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    totals = make(tmp_path, 0, "t0", "--survey", "tỉnh 0", "--totals-only")
    whole = make(tmp_path, 0, "w0", "--survey", "tỉnh 0")
    last = make(tmp_path, 0, "v0", "--survey", "tỉnh 0", "--gradients", totals)
    design = [*folder_of(tmp_path), "--out", tmp_path / "out.json"]
    for which, more, code in (
        (0, ["--survey", "tỉnh 0", "--gradients", whole], "RESULTS-022"),
        (0, ["--survey", "khác", "--gradients", totals], "RESULTS-022"),
        (1, ["--survey", "tỉnh 0", "--gradients", totals], "RESULTS-022"),
        (0, ["--survey", "tỉnh 0", "--gradients", tmp_path / "0.csv"], "RESULTS-020"),
        (0, ["--survey", "tỉnh 0", "--gradients", totals, "--totals-only"], "RESULTS-023"),
        (0, ["--survey", "  "], "RESULTS-024"),
    ):
        data = tmp_path / f"{which}.csv"
        assert sipas(monkeypatch, "make", "--data", data, *design, *more) == 1
        assert code in capsys.readouterr().err
    assert sipas(monkeypatch, "merge", totals, last, "--out", tmp_path / "out.json") == 1
    assert "stage: khác nhau giữa các tệp" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_two_people_and_a_policy_that_cannot_be_summed_are_refused(tmp_path: Path) -> None:
    design = folder_of(tmp_path)
    pa_csv.write_csv(province(0).slice(0, 9), tmp_path / "0.csv")
    arguments = [
        "--data",
        tmp_path / "0.csv",
        *design,
        "--survey",
        "s",
        "--out",
        tmp_path / "x.json",
    ]
    with pytest.raises(AppError, match="RESULTS-021"):
        call(cli, "make", *arguments)
    (tmp_path / "design.toml").write_text('lonely_psu = "adjust"\n' + DESIGN, encoding="utf-8")
    for more in ([], ["--totals-only"]):
        with pytest.raises(AppError, match="lonely_psu"):
            call(cli, "make", *arguments, *more)
    assert not (tmp_path / "x.json").exists()


def test_files_that_left_out_other_measures_merge_by_their_common_ones(tmp_path: Path) -> None:
    """The refusal names the measures and the options; the merged totals equal the pooled data."""
    design = ["--design", tmp_path / "design.toml", "--method", "sipas_a 2023"]
    (tmp_path / "design.toml").write_text(DESIGN, encoding="utf-8")
    tables = [province(1), province(2)]
    rare = pa.array([2] * 5 + [4] * 115)
    tables[1] = tables[1].set_column(tables[1].column_names.index("q2"), "q2", rare)
    for i, table in enumerate([*tables, pa.concat_tables(tables)]):
        pa_csv.write_csv(table, tmp_path / f"{i}.csv")
    files = [tmp_path / f"{i}.json" for i in (0, 1)]
    for i, file in enumerate(files):
        call(cli, "make", "--data", tmp_path / f"{i}.csv", *design, "--survey", i, "--out", file)
    both = tmp_path / "both.json"

    with pytest.raises(AppError) as caught:
        call(cli, "merge", *files, "--out", both)
    assert (caught.value.code, both.exists()) == ("RESULTS-039", False)
    assert "q2, index thiếu" in caught.value.message
    assert caught.value.fix == "Chỉ gộp phần chung: thêm --only q1."

    call(cli, "merge", *files, "--only", "q1", "--out", both)
    call(cli, "estimate", both, "--out", tmp_path / "merged.json")
    call(results, "estimate", "--data", tmp_path / "2.csv", *design[:2], "--out", tmp_path / "pooled.json")  # fmt: skip
    merged, pooled = (
        json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))["estimates"][0]
        for name in ("merged", "pooled")
    )
    assert merged["measure"] == pooled["measure"] == "q1"
    for key in ("estimate", "se", "ci", "n", "df", "n_eff", "deff"):
        assert merged[key] == pytest.approx(pooled[key], rel=1e-12, abs=0)


def test_a_file_of_totals_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(AppError, match=r"RESULTS-040.*khong-co\.json"):
        call(cli, "estimate", tmp_path / "khong-co.json", "--out", tmp_path / "x.json")
