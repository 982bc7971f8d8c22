"""`sipas moments make|merge|estimate`: two provinces give what their pooled data give."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from click.testing import CliRunner

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


def test_merged_totals_give_the_pooled_estimates(tmp_path: Path) -> None:
    (tmp_path / "design.toml").write_text(DESIGN, encoding="utf-8")
    tables = [province(1), province(2)]
    for i, table in enumerate([*tables, pa.concat_tables(tables)]):
        pa_csv.write_csv(table, tmp_path / f"{i}.csv")
    for i in (0, 1):
        call(cli, "make", "--data", tmp_path / f"{i}.csv", "--design", tmp_path / "design.toml", "--method", "sipas_a 2023",
             "--survey", f"tỉnh {i}", "--out", tmp_path / f"{i}.json")  # fmt: skip
    call(cli, "merge", tmp_path / "0.json", tmp_path / "1.json", "--out", tmp_path / "both.json")
    call(cli, "estimate", tmp_path / "both.json", "--out", tmp_path / "merged.json")
    call(
        results,
        "estimate",
        "--data",
        tmp_path / "2.csv",
        "--design",
        tmp_path / "design.toml",
        "--out",
        tmp_path / "pooled.json",
    )

    merged, pooled = (
        json.loads((tmp_path / f"{n}.json").read_text(encoding="utf-8"))
        for n in ("merged", "pooled")
    )
    assert merged["design"]["surveys"] == ["tỉnh 0", "tỉnh 1"]
    assert len(merged["estimates"]) == len(pooled["estimates"]) == 3
    for left, right in zip(merged["estimates"], pooled["estimates"], strict=True):
        assert left["measure"] == right["measure"]
        for key in ("estimate", "se", "ci", "n", "df"):
            assert left[key] == pytest.approx(right[key], rel=1e-9)
    assert "P1-0" not in json.dumps(merged)

    with pytest.raises(AppError, match=r"RESULTS-021.*surveys: có mặt hai lần"):
        call(
            cli,
            "merge",
            tmp_path / "both.json",
            tmp_path / "1.json",
            "--out",
            tmp_path / "again.json",
        )
    assert not (tmp_path / "again.json").exists()


def test_what_is_no_file_of_totals_or_too_small_is_refused(tmp_path: Path) -> None:
    (tmp_path / "design.toml").write_text(DESIGN, encoding="utf-8")
    with pytest.raises(AppError, match="RESULTS-020"):
        call(cli, "estimate", tmp_path / "design.toml", "--out", tmp_path / "x.json")
    pa_csv.write_csv(province(3).slice(0, 36), tmp_path / "small.csv")
    with pytest.raises(AppError, match="RESULTS-021"):
        call(cli, "make", "--data", tmp_path / "small.csv", "--design", tmp_path / "design.toml", "--method", "m",
             "--survey", "s", "--out", tmp_path / "x.json")  # fmt: skip
    assert not (tmp_path / "x.json").exists()
