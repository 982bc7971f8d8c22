"""Row groups on threads, processes and a Dask cluster give what one table in memory gives."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from surveyapp.errors import AppError
from surveyapp.importers import parquet_columns
from surveyapp.results.cli import cli
from surveyapp.results.estimate_file import estimate_file
from surveyapp.results.mapping import Workers

MEASURES = (
    "".join(
        f'[[measures]]\ncode = "q{j}"\ncolumn = "q{j}"\nkind = "share"\nsatisfied = [4, 5]\nmissing = [9]\n'
        for j in (1, 2)
    )
    + '[[measures]]\ncode = "score"\ncolumn = "q1"\nkind = "mean"\nmissing = [9]\n'
    + '[[composites]]\ncode = "index"\nmeasures = ["q1", "q2"]\n'
)
DESIGNS = {
    "element": 'weight = "w"\nstrata = "district"\npop_size = ["people"]\ndomains = ["sex", "district"]\n',
    "cluster": 'weight = "w"\nstrata = "district"\npsu = ["village"]\npop_size = ["villages"]\ndomains = ["sex", "district"]\n',
    "stages": 'weight = "w"\nstrata = "district"\npsu = ["village", "house"]\npop_size = ["villages", "houses"]\ndomains = ["sex"]\n',
}


FILES = {"data": "data.parquet", "design": "design.toml", "out": "again.json"}


def rows(seed: int, n: int = 1200) -> pa.Table:
    """Rows in which every village and house is spread over all row groups."""
    rng = np.random.default_rng(seed)
    district, village, house = (rng.integers(0, k, n) for k in (3, 5, 4))
    return pa.table({
        "district": [f"H{d}" for d in district], "village": village, "house": [f"n{h}" for h in house],
        "sex": rng.choice(["nam", "nữ"], n), "w": 1.0 + rng.integers(1, 9, n) / 3,
        "people": 2000 + 100 * district, "villages": 20 + district, "houses": 30 + village,
        "q1": rng.choice([1, 2, 3, 4, 5, 9], n), "q2": rng.choice(["2", "4", "5", ""], n),
    })  # fmt: skip


def figures(folder: Path, table: pa.Table, design: str, workers: Workers, size: int) -> list[float]:
    pq.write_table(table, folder / "data.parquet", row_group_size=size)
    (folder / "design.toml").write_text(design + MEASURES, encoding="utf-8")
    estimate_file(folder / "data.parquet", folder / "design.toml", folder / "out.json", workers)
    found = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    assert found["design"]["n"] == table.num_rows
    return read(folder / "out.json")


def read(path: Path) -> list[float]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return [
        one[key] if key != "ci" else end
        for one in found["estimates"]
        for key in ("estimate", "se", "df", "n", "deff", "ci")
        for end in (one["ci"] if key == "ci" else [0])
    ]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", [1, 2])
def test_row_groups_in_any_order_and_size_give_the_whole(
    tmp_path: Path, design: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = rows(seed)
    expected = figures(tmp_path, table, DESIGNS[design], Workers(), table.num_rows)
    order = np.random.default_rng(seed).permutation(table.num_rows)
    monkeypatch.setattr(parquet_columns, "_BATCH", 70)  # several in a row group
    for workers, size in ((Workers(), 100), (Workers(3), 173)):
        found = figures(tmp_path, table.take(order), DESIGNS[design], workers, size)
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_permuted_labels_and_rescaled_weights_change_nothing(tmp_path: Path) -> None:
    table = rows(5)
    expected = figures(tmp_path, table, DESIGNS["cluster"], Workers(), 100)
    renamed = [10 - village for village in table.column("village").to_pylist()]
    table = table.set_column(1, "village", pa.array(renamed))
    table = table.set_column(4, "w", pa.array(7.0 * np.asarray(table.column("w"))))
    found = figures(tmp_path, table, DESIGNS["cluster"], Workers(2), 100)
    assert found == pytest.approx(expected, rel=1e-12)


def test_every_house_asked_has_no_error(tmp_path: Path) -> None:
    """A census of villages and houses, spread over row groups: standard errors are 0."""
    villages, houses = np.divmod(np.arange(60), 6)
    table = pa.table({
        "district": ["H"] * 60, "village": villages, "house": houses, "sex": ["nữ"] * 60, "w": [1.0] * 60,
        "villages": [10] * 60, "houses": [6] * 60, "q1": [4, 5, 3] * 20, "q2": ["4", "2"] * 30,
    })  # fmt: skip
    pq.write_table(table.take(np.random.default_rng(3).permutation(60)), tmp_path / "data.parquet", row_group_size=7)  # fmt: skip
    (tmp_path / "design.toml").write_text(DESIGNS["stages"] + MEASURES, encoding="utf-8")
    estimate_file(tmp_path / "data.parquet", tmp_path / "design.toml", tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["estimates"]
    assert {(one["se"], one["flag"]) for one in found} == {(0.0, "census")}


def test_processes_give_the_whole_and_bring_back_what_is_wrong(tmp_path: Path) -> None:
    table = rows(3)
    expected = figures(tmp_path, table, DESIGNS["cluster"], Workers(), table.num_rows)
    workers = Workers(2, processes=True)
    found = figures(tmp_path, table, DESIGNS["cluster"], workers, 300)
    assert found == pytest.approx(expected, rel=1e-12)
    wrong = table.set_column(4, "w", pa.array([1.0] * 1199 + [-1.0]))
    with pytest.raises(AppError, match="IMPORT-001") as caught:
        figures(tmp_path, wrong, DESIGNS["cluster"], workers, 300)
    assert caught.value.problems[0].startswith("[RESULTS-032] Dòng 1200, Cột «w»")
    split = table.set_column(6, "villages", pa.array([25] * 1199 + [26]))
    with pytest.raises(AppError, match="RESULTS-003"):
        figures(tmp_path, split, DESIGNS["cluster"], workers, 300)


def test_a_cluster_of_two_workers_gives_the_whole(tmp_path: Path) -> None:
    from distributed import Client, LocalCluster

    table = rows(4)
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        over = Workers(cluster=cluster.scheduler_address)
        for design in DESIGNS.values():
            expected = figures(tmp_path, table, design, Workers(), table.num_rows)
            found = figures(tmp_path, table, design, over, 170)
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-14)
        assert not client.run_on_scheduler(lambda dask_scheduler: dict(dask_scheduler.tasks))
        wrong = table.set_column(4, "w", pa.array([1.0] * 1199 + [-1.0]))
        with pytest.raises(AppError, match="IMPORT-001"):
            figures(tmp_path, wrong, DESIGNS["cluster"], over, 300)
        split = table.set_column(6, "villages", pa.array([25] * 1199 + [26]))
        with pytest.raises(AppError, match="RESULTS-003"):
            figures(tmp_path, split, DESIGNS["cluster"], over, 300)


def test_the_command_starts_dask_processes_of_its_own(tmp_path: Path) -> None:
    expected = figures(tmp_path, rows(6), DESIGNS["element"], Workers(), 300)
    files = [f"--{name}={tmp_path / file}" for name, file in FILES.items()]
    command = ["estimate", *files, "--workers", "2", "--cluster", "local"]
    CliRunner().invoke(cli, command, catch_exceptions=False)
    assert read(tmp_path / "again.json") == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_an_address_without_a_scheduler_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from surveyapp.results import mapping

    monkeypatch.setattr(mapping, "_PATIENCE", "0.2s")
    with pytest.raises(AppError, match="RESULTS-031"):
        figures(tmp_path, rows(1), DESIGNS["element"], Workers(cluster="tcp://127.0.0.1:1"), 300)
