"""Bad input of every statistician's command: code, argument, value and rule, or null with a reason."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from surveyapp.errors import AppError
from surveyapp.results.cli import cli as results
from surveyapp.results.moments_cli import cli as moments
from tests.app.results_world import TWO_SHARES

DESIGN = f"""
weight = "w"
strata = "nhom"
psu = ["xa"]
pop_size = ["N"]
domains = ["vung"]
{TWO_SHARES}"""
HEAD = "nhom,xa,N,w,vung,q1,q2"
#: Two strata of twelve sampling units with four rows each.
ROWS = [
    f"{nhom},{xa},40,2.5,{'1' if xa % 2 else '2'},{4 if (xa + k) % 3 else 2},{5 if k else 3}"
    for nhom in ("A", "B")
    for xa in range(12)
    for k in range(4)
]
Call = Callable[..., dict]


def table(change: Callable[[list[list[str]]], list[list[str]]]) -> str:
    """Return the file after a change of its rows, as lists of cells."""
    rows = change([row.split(",") for row in ROWS])
    return "\n".join([HEAD, *(",".join(row) for row in rows)]) + "\n"


def at(place: int, **cells: str) -> Callable[[list[list[str]]], list[list[str]]]:
    """Change cells of one row."""
    names = HEAD.split(",")

    def change(rows: list[list[str]]) -> list[list[str]]:
        for name, cell in cells.items():
            rows[place][names.index(name)] = cell
        return rows

    return change


def of_all(**cells: str) -> Callable[[list[list[str]]], list[list[str]]]:
    """Change a column in every row of stratum A."""

    def change(rows: list[list[str]]) -> list[list[str]]:
        for place, row in enumerate(rows):
            if row[0] == "A":
                at(place, **cells)(rows)
        return rows

    return change


def only_one_unit(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows if row[0] == "A" or row[1] == "0"]


@pytest.fixture
def estimate(tmp_path: Path) -> Call:
    def run(data: Path) -> dict:
        (tmp_path / "d.toml").write_text(DESIGN, encoding="utf-8")
        out = tmp_path / "out.json"
        command = ["estimate", f"--data={data}", f"--design={tmp_path / 'd.toml'}", f"--out={out}"]
        try:
            CliRunner().invoke(results, command, catch_exceptions=False)
        except AppError:
            assert not out.exists()
            raise
        return json.loads(out.read_text(encoding="utf-8"))

    return run


@pytest.fixture
def make(tmp_path: Path) -> Call:
    def run(data: Path, name: str = "tỉnh") -> dict:
        design = DESIGN.replace('domains = ["vung"]\n', "")
        (tmp_path / "m.toml").write_text(design, encoding="utf-8")
        out = tmp_path / f"{name}.json"
        command = ["make", f"--data={data}", f"--design={tmp_path / 'm.toml'}", f"--out={out}"]
        command += ["--method=sipas_a 2023", f"--survey={name}"]
        try:
            CliRunner().invoke(moments, command, catch_exceptions=False)
        except AppError:
            assert not out.exists()
            raise
        return json.loads(out.read_text(encoding="utf-8"))

    return run


#: What is wrong -> change of the file, code, and what the sentences must name.
CASES = {
    "a missing weight": (at(0, w=""), "RESULTS-032", ("Dòng 2", "«w»", "không âm")),
    "a negative weight": (at(3, w="-1"), "RESULTS-032", ("Dòng 5", "«w»", "không âm")),
    "weights that are all 0": (
        lambda rows: of_all(w="0")([row for row in rows if row[0] == "A"]),
        "RESULTS-041",
        ("«w»", "0"),
    ),
    "a missing population size": (at(1, N=""), "RESULTS-032", ("Dòng 3", "«N»", "phải là số")),
    "a population size below the units": (
        of_all(N="5"),
        "RESULTS-003",
        ("pop_size «N»", "A: 5 < 12", "không được nhỏ hơn số đơn vị"),
    ),
    "a population size that varies in its stratum": (
        at(2, N="41"),
        "RESULTS-003",
        ("pop_size «N»", "A", "phải như nhau trong một nhóm"),
    ),
    "a stratum with one unit under fail": (
        only_one_unit,
        "RESULTS-003",
        ("lonely_psu", "nhóm B", "chỉ có một đơn vị chọn mẫu"),
    ),
    "an unknown code": (at(0, q1="7"), "IMPORT-028", ("Dòng 2", "«q1»", "«7»")),
    "a row without a stratum": (at(5, nhom=""), "IMPORT-027", ("Dòng 7", "«nhom»", "Ô trống")),
    "a row without a unit": (at(5, xa=""), "IMPORT-027", ("Dòng 7", "«xa»", "Ô trống")),
}  # fmt: skip


@pytest.mark.parametrize("command", ["estimate", "make"])
@pytest.mark.parametrize("case", CASES)
def test_a_wrong_file_is_refused_with_code_argument_value_and_rule(
    request: pytest.FixtureRequest, tmp_path: Path, case: str, command: str
) -> None:
    change, code, parts = CASES[case]
    data = tmp_path / "data.csv"
    data.write_text(table(change), encoding="utf-8")
    with pytest.raises(AppError) as caught:
        request.getfixturevalue(command)(data)
    told = "\n".join([str(caught.value), *caught.value.problems])
    assert code in told
    for part in parts:
        assert part in told
    assert "pop_size[0]" not in told


def rows_of(result: dict, **domain: str) -> dict[str, dict]:
    return {row["measure"]: row for row in result["estimates"] if row["domain"] == domain}


def test_an_item_that_nobody_answered_is_null_with_its_reason(
    estimate: Call, make: Call, tmp_path: Path
) -> None:
    data = tmp_path / "data.csv"
    data.write_text(table(lambda rows: [[*row[:6], "9"] for row in rows]), encoding="utf-8")
    one = rows_of(estimate(data))["q2"]
    assert (one["estimate"], one["ci"], one["flag"]) == (None, None, "none")
    assert "Không có câu trả lời hợp lệ" in one["reason"]
    assert make(data)["left_out"] == ["q2"]


def test_a_domain_with_nobody_that_answered_is_null_with_its_reason(
    estimate: Call, tmp_path: Path
) -> None:
    data = tmp_path / "data.csv"
    data.write_text(
        table(lambda rows: [[*row[:5], "9" if row[4] == "2" else row[5], row[6]] for row in rows]),
        encoding="utf-8",
    )
    found = rows_of(estimate(data), vung="2")
    assert (found["q1"]["estimate"], found["q1"]["n"]) == (None, 0)
    assert found["q1"]["reason"] == "Không có câu trả lời hợp lệ nào trong phân tổ này."
    assert found["q2"]["estimate"] is not None


def test_a_domain_whose_weights_are_all_0_says_so(estimate: Call, tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text(
        table(lambda rows: [[*row[:3], "0" if row[4] == "2" else "2.5", *row[4:]] for row in rows]),
        encoding="utf-8",
    )
    result = estimate(data)
    one = rows_of(result, vung="2")["q1"]
    assert (one["estimate"], one["n"]) == (None, 0)
    assert "quyền số lớn hơn 0" in one["reason"]
    assert "48 dòng có quyền số 0: không tính vào ước lượng nào." in result["design"]["notes"]


def test_a_label_is_the_same_as_number_and_as_text(
    estimate: Call, make: Call, tmp_path: Path
) -> None:
    """In a workbook of one province the code of a stratum is 1, in that of another "1"."""
    columns = dict(
        zip(HEAD.split(","), zip(*(row.split(",") for row in ROWS), strict=True), strict=True)
    )
    numbers = {
        **{name: [float(cell) for cell in columns[name]] for name in ("N", "w")},
        **{name: [int(cell) for cell in columns[name]] for name in ("q1", "q2", "vung", "xa")},
        "nhom": [1 if cell == "A" else 2 for cell in columns["nhom"]],
    }
    texts = numbers | {
        name: [str(cell) for cell in numbers[name]] for name in ("nhom", "vung", "xa", "q1")
    }
    found, totals = [], []
    for name, held in (("numbers", numbers), ("texts", texts)):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table(held), path)
        found.append(estimate(path)["estimates"])
        totals.append(make(path, name))
    assert found[0] == found[1]
    assert {row["domain"].get("vung") for row in found[0]} == {None, "1", "2"}
    for key in ("measures", "total", "covariance"):
        assert totals[0][key] == totals[1][key]


PAIRS = "item,original,recheck,weight\nq1,4,5,1\nq1,4,4,1\nq1,3,4,1\n"


@pytest.mark.parametrize(
    ("change", "categories", "code", "parts"),
    [
        (("q1,4,5,1", "q1,7,5,1"), "1,2,3,4,5", "RESULTS-011", ("Dòng 2", "«original»", "«7»")),
        (("q1,4,5,1", "q1,4,5,-1"), "1,2,3,4,5", "RESULTS-012", ("Dòng 2", "«weight»", "lớn hơn 0")),
        (("q1,4,5,1", "q1,4,5,"), "1,2,3,4,5", "RESULTS-012", ("Dòng 2", "«weight»", "lớn hơn 0")),
        (("q1,4,5,1", ",4,5,1"), "1,2,3,4,5", "IMPORT-027", ("Dòng 2", "«item»", "Ô trống")),
        (("x", "x"), "4", "RESULTS-010", ("--categories", "«4»")),
        (("x", "x"), "4,4", "RESULTS-010", ("--categories", "«4,4»")),
    ],
)  # fmt: skip
def test_wrong_pairs_are_refused_with_code_argument_value_and_rule(
    tmp_path: Path, change: tuple[str, str], categories: str, code: str, parts: tuple[str, ...]
) -> None:
    pairs, out = tmp_path / "pairs.csv", tmp_path / "out.json"
    pairs.write_text(PAIRS.replace(*change), encoding="utf-8")
    command = ["agree", f"--pairs={pairs}", f"--categories={categories}", f"--out={out}"]
    with pytest.raises(AppError) as caught:
        CliRunner().invoke(results, command, catch_exceptions=False)
    told = "\n".join([str(caught.value), *caught.value.problems])
    assert code in told
    assert [part for part in parts if part not in told] == []
    assert not out.exists()


def test_a_question_without_a_complete_pair_is_null_with_its_reason(tmp_path: Path) -> None:
    pairs, out = tmp_path / "pairs.csv", tmp_path / "out.json"
    pairs.write_text(PAIRS + "q2,4,,1\n", encoding="utf-8")
    command = ["agree", f"--pairs={pairs}", "--categories=1,2,3,4,5", f"--out={out}"]
    CliRunner().invoke(results, command, catch_exceptions=False)
    told = {each["item"]: each for each in json.loads(out.read_text(encoding="utf-8"))["items"]}
    assert told["q2"] == {
        "item": "q2", "n": 0, "reason": "Không có cặp nào đủ cả hai câu trả lời.",
    }  # fmt: skip
    assert told["q1"]["n"] == 3


@pytest.mark.parametrize(
    ("change", "code", "parts"),
    [
        ({"method": "sipas_a 2026"}, "RESULTS-021", ("method", "khác nhau giữa các tệp")),
        ({"digests": None}, "RESULTS-021", ("digests", "có mặt hai lần")),
        ({"surveys": None}, "RESULTS-021", ("surveys", "có mặt hai lần")),
        ({"total": [1.0]}, "RESULTS-02", ("total",)),
        ({"format": "khác"}, "RESULTS-020", ("b.json", "không phải tệp tổng")),
    ],
)
def test_wrong_files_of_totals_are_refused_with_code_argument_and_rule(
    make: Call, tmp_path: Path, change: dict, code: str, parts: tuple[str, ...]
) -> None:
    for name, cell in (("a", "4"), ("b", "5")):
        data = tmp_path / f"{name}.csv"
        data.write_text(
            table(
                lambda rows, n=name, c=cell: [
                    [f"{n}{r[0]}", *r[1:5], c if r[5] == "4" else "2", r[6]] for r in rows
                ]
            ),
            encoding="utf-8",
        )
        make(data, name)
    first = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    second = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    second |= {key: first[key] if value is None else value for key, value in change.items()}
    (tmp_path / "b.json").write_text(json.dumps(second), encoding="utf-8")
    out = tmp_path / "both.json"
    command = ["merge", str(tmp_path / "a.json"), str(tmp_path / "b.json"), f"--out={out}"]
    with pytest.raises(AppError) as caught:
        CliRunner().invoke(moments, command, catch_exceptions=False)
    told = str(caught.value)
    assert code in told
    assert [part for part in parts if part not in told] == []
    assert not out.exists()


def test_an_estimate_from_totals_without_variances_names_the_round(
    make: Call, tmp_path: Path
) -> None:
    data = tmp_path / "data.csv"
    data.write_text(table(lambda rows: rows), encoding="utf-8")
    content = make(data)
    first = tmp_path / "first.json"
    design = f"--design={tmp_path / 'm.toml'}"
    command = ["make", f"--data={data}", design, f"--out={first}", "--totals-only"]
    CliRunner().invoke(moments, [*command, "--method=a", "--survey=b"], catch_exceptions=False)
    assert content["survey" if "survey" in content else "surveys"]
    with pytest.raises(AppError, match=r"RESULTS-022.*vòng"):
        CliRunner().invoke(
            moments,
            ["estimate", str(first), f"--out={tmp_path / 'e.json'}"],
            catch_exceptions=False,
        )
