"""`sipas results estimate` and `agree`: files in, a file out, mistakes named in Vietnamese."""

import csv
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from surveyapp.cli import main
from surveyapp.errors import AppError
from surveyapp.results.cli import cli
from tests.app.results_world import TWO_SHARES

REFERENCE = Path(__file__).parents[1] / "reference"
DESIGN = """
weight = "pw"
strata = "stype"
pop_size = ["fpc"]
domains = ["awards"]
[interval]
method = "auto"
level = 0.95
[[measures]]
code = "awarded"
column = "awards"
kind = "share"
satisfied = ["Yes"]
[[measures]]
code = "score"
column = "api00"
kind = "mean"
"""
SMALL = "stratum;w;N;q1;q2\nA;2,5;10;4;5\nA;2,5;10;2;9\nA;2,5;10;5;\nA;2,5;10;3;4\nB;4;8;5;5\nB;4;8;4;1\n"
SMALL_DESIGN = f"""
weight = "w"
strata = "stratum"
pop_size = ["N"]
domains = ["stratum"]
{TWO_SHARES}[[composites]]
code = "index"
measures = ["q1", "q2"]
"""


def run(folder: Path, data: Path, design: str, *more: str) -> dict:
    (folder / "design.toml").write_text(design, encoding="utf-8")
    out = folder / "out.json"
    arguments = [
        "estimate",
        "--data",
        str(data),
        "--design",
        str(folder / "design.toml"),
        "--out",
        str(out),
        *more,
    ]
    CliRunner().invoke(cli, arguments, catch_exceptions=False)
    return json.loads(out.read_text(encoding="utf-8"))


def refusal(folder: Path, data: Path, design: str) -> AppError:
    with pytest.raises(AppError) as caught:
        run(folder, data, design)
    assert not (folder / "out.json").exists()
    return caught.value


def saved(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "data.csv"
    path.write_bytes(text.encode(encoding))
    return path


def found(result: dict, measure: str, **domain: str) -> dict:
    return next(r for r in result["estimates"] if (r["measure"], r["domain"]) == (measure, domain))


def reference(name: str, case: str) -> dict:
    cases = json.loads((REFERENCE / name).read_text(encoding="utf-8"))["cases"]
    return next(c for c in cases if c["id"] == case)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_estimates_on_apistrat_equal_r(tmp_path: Path, suffix: str) -> None:
    data = REFERENCE / "apistrat.csv"
    if suffix == "parquet":
        data = tmp_path / "apistrat.parquet"
        pq.write_table(pa_csv.read_csv(REFERENCE / "apistrat.csv"), data)
    result = run(tmp_path, data, DESIGN, "--workers", "2")

    share = reference("ciprop.json", "dstrat_aw")
    one = found(result, "awarded")
    assert one["estimate"] == pytest.approx(share["estimate"], rel=1e-8)
    assert one["se"] == pytest.approx(share["se"], rel=1e-8)
    assert one["ci"] == pytest.approx(share["ci"]["wilson"], rel=1e-8)
    assert (one["n"], one["df"], one["method"], one["flag"]) == (200, 197, "wilson", "ok")
    mean = reference("mean_total_ratio_deff.json", "mean_deff_replace_dstrat")
    one = found(result, "score")
    assert one["estimate"] == pytest.approx(mean["estimate"]["api00"], rel=1e-8)
    assert one["se"] == pytest.approx(mean["se"], rel=1e-8)
    assert one["deff"] == pytest.approx(mean["deff"], rel=1e-8)
    assert one["ci"] == pytest.approx(mean["ci_t"][0], rel=1e-8)
    for level in ("Yes", "No"):
        domain = reference("domains.json", f"mean_dstrat_awards_{level}")
        one = found(result, "score", awards=level)
        assert one["estimate"] == pytest.approx(domain["estimate"]["api00"], rel=1e-8)
        assert one["se"] == pytest.approx(domain["se"], rel=1e-8)
    assert result["design"]["n"] == 200
    assert result["design"]["strata"] == 3
    census = found(result, "awarded", awards="Yes")
    assert (census["estimate"], census["flag"]) == (1.0, "degenerate")
    assert census["ci"][0] < census["ci"][1]


def test_totals_ratios_and_distributions_on_apistrat_equal_r(tmp_path: Path) -> None:
    design = DESIGN.split("[interval]")[0] + "".join(
        f'[[measures]]\ncode = "{code}"\ncolumn = "{column}"\nkind = "{kind}"\n{more}\n'
        for code, column, kind, more in (
            ("enroll", "enroll", "total", ""),
            ("ratio", "api.stu", "ratio", 'denominator = "enroll"'),
            ("kind", "stype", "distribution", 'answers = ["E", "H", "M"]'),
        )
    )
    result = run(tmp_path, REFERENCE / "apistrat.csv", design)
    total = reference("mean_total_ratio_deff.json", "total_enroll_dstrat")
    ratio = reference("mean_total_ratio_deff.json", "ratio_dstrat")
    for case, one in ((total, found(result, "enroll")), (ratio, found(result, "ratio"))):
        assert one["estimate"] == pytest.approx(next(iter(_flat(case["estimate"]))), rel=1e-8)
        assert one["se"] == pytest.approx(next(iter(_flat(case["se"]))), rel=1e-8)
    shares = [found(result, f"kind={name}")["estimate"] for name in "EHM"]
    assert shares == pytest.approx([4421 / 6194, 755 / 6194, 1018 / 6194], rel=1e-4)
    assert sum(shares) == pytest.approx(1.0)

    for change, part in (
        (('answers = ["E", "H", "M"]', ""), "answers: nêu mọi mức"),
        (('denominator = "enroll"', ""), "denominator: cần một tên"),
    ):
        (tmp_path / "out.json").unlink(missing_ok=True)
        error = refusal(tmp_path, REFERENCE / "apistrat.csv", design.replace(*change))
        assert part in "\n".join(error.problems)


def _flat(value: object) -> list[float]:
    if isinstance(value, dict):
        return [one for part in value.values() for one in _flat(part)]
    return [one for part in value for one in _flat(part)] if isinstance(value, list) else [value]


def test_a_file_from_excel_reads_like_a_plain_one(tmp_path: Path) -> None:
    """Byte order mark, semicolons, decimal commas, a title above the header, empty cells."""
    plain = SMALL.replace(",", ".").replace(";", ",")
    expected = run(tmp_path, saved(tmp_path, plain), SMALL_DESIGN)
    excel = "Bảng số liệu năm 2024;;;;\n" + SMALL
    assert (
        run(tmp_path, saved(tmp_path, excel, "utf-8-sig"), SMALL_DESIGN)["estimates"]
        == expected["estimates"]
    )
    one = found(expected, "q2")
    assert one["n"] == 4  # an empty cell and the code 9 are no answers
    assert one["estimate"] == pytest.approx((2.5 * 2 + 4) / (2.5 * 2 + 8))
    halves = (found(expected, "q1")["estimate"] + one["estimate"]) / 2
    assert found(expected, "index")["estimate"] == pytest.approx(halves)
    assert found(expected, "q1", stratum="B")["flag"] == "small"


def test_labels_that_are_numbers_in_one_file_and_text_in_another_agree(tmp_path: Path) -> None:
    rows = list(csv.DictReader(SMALL.replace(",", ".").splitlines(), delimiter=";"))
    number = {"A": 1, "B": 2}
    as_int = pa.table({
        "stratum": [number[r["stratum"]] for r in rows],
        "w": [float(r["w"]) for r in rows],
        "N": [int(r["N"]) for r in rows],
        "q1": [int(r["q1"]) for r in rows],
        "q2": [float(r["q2"]) if r["q2"] else None for r in rows],
    })  # fmt: skip
    pq.write_table(as_int, tmp_path / "data.parquet")
    first = run(tmp_path, tmp_path / "data.parquet", SMALL_DESIGN)
    text = SMALL.replace("A;", "1;").replace("B;", "2;")
    second = run(tmp_path, saved(tmp_path, text), SMALL_DESIGN)
    assert first["estimates"] == second["estimates"]
    assert {r["domain"]["stratum"] for r in first["estimates"] if r["domain"]} == {"1", "2"}


@pytest.mark.parametrize("workers", ["1", "3"])
def test_row_groups_of_a_parquet_file_are_merged(tmp_path: Path, workers: str) -> None:
    """Labels and answers of every kind, in row groups of three rows, give what the csv gives."""
    rows = list(csv.DictReader(SMALL.replace(",", ".").splitlines(), delimiter=";"))
    rows = [{**r, "name": f"Xã {r['stratum']}" if i % 5 else None} for i, r in enumerate(rows * 3)]
    table = pa.table({
        "stratum": pa.array([r["stratum"] for r in rows]).dictionary_encode(),
        "name": [r["name"] for r in rows],
        "w": [float(r["w"]) for r in rows],
        "N": [300] * len(rows),
        "q1": pa.array([int(r["q1"]) for r in rows], pa.int8()),
        "q2": [r["q2"] or None for r in rows],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "data.parquet", row_group_size=3)
    pa_csv.write_csv(table, tmp_path / "data.csv")
    design = SMALL_DESIGN.replace('domains = ["stratum"]', 'domains = ["stratum", "name"]')
    streamed = run(tmp_path, tmp_path / "data.parquet", design, "--workers", workers)
    plain = run(tmp_path, tmp_path / "data.csv", design)
    assert streamed["design"]["n"] == 18
    assert streamed["design"]["notes"] == plain["design"]["notes"]
    assert "4 dòng không ghi «name»" in streamed["design"]["notes"][-1]
    assert len(streamed["estimates"]) == len(plain["estimates"]) == 15
    for left, right in zip(streamed["estimates"], plain["estimates"], strict=True):
        for key in ("estimate", "se", "n", "df", "deff", "flag", "ci"):
            assert (
                left[key] == (pytest.approx(right[key]) if right[key] is not None else None)
                or left[key] == right[key]
            )

    for change, part in (
        ({"N": [300] * 17 + [299]}, "phải như nhau trong một nhóm"),
        ({"N": [7] * 18}, "không được nhỏ hơn số đơn vị có trong số liệu (đang là A: 7 < 12)"),
        ({"stratum": ["A"] * 17 + ["B"]}, "nhóm chỉ có một đơn vị chọn mẫu"),
        (
            {"q2": ["4"] * 16 + ["tốt", "5"]},
            "Dòng 17, Cột «q2»: «tốt» không phải mã trả lời đã biết",
        ),
        ({"q1": [4] * 16 + [77, 5]}, "Dòng 17, Cột «q1»: «77» không phải mã trả lời đã biết"),
        ({"q1": [4.0] * 16 + [0.5, 5.0]}, "Dòng 17, Cột «q1»: «0.5» không phải mã trả lời"),
        ({"w": [1.0] * 16 + [float("inf"), 1.0]}, "Dòng 17, Cột «w»: Quyền số phải là số"),
        ({"stratum": ["A"] * 16 + ["", "A"]}, "Dòng 17, Cột «stratum»: Ô trống"),
    ):
        (tmp_path / "out.json").unlink(missing_ok=True)
        columns = {name: change.get(name, table.column(name)) for name in table.column_names}
        pq.write_table(pa.table(columns), tmp_path / "data.parquet", row_group_size=3)
        error = refusal(tmp_path, tmp_path / "data.parquet", design)
        assert part in "\n".join([str(error), *error.problems])


def test_an_unknown_column_names_the_nearest(tmp_path: Path) -> None:
    error = refusal(
        tmp_path, saved(tmp_path, SMALL), SMALL_DESIGN.replace('"stratum"', '"stratumm"')
    )
    assert "Không có cột «stratumm»" in error.problems[0]
    assert "«stratum»" in error.problems[0]


def test_every_fault_of_the_design_file_is_named_at_once(tmp_path: Path) -> None:
    design = """
wieght = "w"
lonely_psu = "ignore"
[interval]
levl = 0.9
level = 95
[[measures]]
code = "q1"
column = "q1"
kind = "share"
satisfid = [4]
[[composites]]
code = "index"
measures = ["q1", "q3"]
weights = [1, 2, 3]
"""
    error = refusal(tmp_path, saved(tmp_path, SMALL), design)
    text = "\n".join(error.problems)
    for part in ("wieght: khóa không dùng, có phải là «weight»?", "weight: cần một tên", "lonely_psu: phải là một trong",
                 "interval.levl", "interval.level: phải lớn hơn 0 và nhỏ hơn 1", "satisfid: khóa không dùng, có phải là «satisfied»?",
                 "satisfied: nêu các mã", "không có «q3»", "có 3 số cho 2 mục"):  # fmt: skip
        assert part in text
    broken = refusal(tmp_path, saved(tmp_path, SMALL), "weight = ")
    assert broken.code == "RESULTS-001"


@pytest.mark.parametrize(
    ("change", "design", "part"),
    [
        (("2,5;10;4;5", "-1;10;4;5"), SMALL_DESIGN, "Dòng 2, Cột «w»: Quyền số phải là số không âm"),
        (("2,5;10;4;5", ";10;4;5"), SMALL_DESIGN, "Dòng 2, Cột «w»: Quyền số phải là số không âm"),
        (("2,5;10;4;5", "2,5;11;4;5"), SMALL_DESIGN, "phải như nhau trong một nhóm (đang là A"),
        (("2,5;10;4;5", "2,5;;4;5"), SMALL_DESIGN, "phải là số ở mọi dòng"),
        ((";8;", ";1;"), SMALL_DESIGN, "không được nhỏ hơn số đơn vị có trong số liệu (đang là B: 1 < 2)"),
        (("B;4;8;5;5\n", ""), SMALL_DESIGN, "nhóm chỉ có một đơn vị chọn mẫu; chọn lonely_psu khác hoặc gộp nhóm (đang là nhóm B)"),
        (("2,5;10;4;5", "2,5;10;tốt;5"), SMALL_DESIGN, "«tốt» không phải mã trả lời đã biết và không phải mã bỏ trống."),
        (("A;2,5;10;4;5", "A;2,5;10;7;5"), SMALL_DESIGN, "Dòng 2, Cột «q1»: «7» không phải mã trả lời đã biết"),
        (("A;2,5;10;4;5", "A;2,5;10;3,5;5"), SMALL_DESIGN, "«3,5» không phải mã trả lời đã biết"),
        (("A;2,5;10;4;5", "A;2,5;10;1;5"), SMALL_DESIGN.replace("missing = [9]", "missing = [9]\nanswers = [2, 3, 4, 5]"), "«1» không phải mã"),
        (("A;2,5;10;4;5", "A;2,5;10;4;5"), SMALL_DESIGN.replace("missing = [9]", "missing = [9]\nanswers = [1, 2, 3]"), "satisfied: mã 4, 5 không có trong answers"),
        (("A;2,5;10;4;5", ";2,5;10;4;5"), SMALL_DESIGN, "Ô trống, mỗi dòng cần một giá trị."),
    ],
)  # fmt: skip
def test_wrong_cells_are_refused_with_place_and_rule(
    tmp_path: Path, change: tuple, design: str, part: str
) -> None:
    error = refusal(tmp_path, saved(tmp_path, SMALL.replace(*change)), design)
    assert part in "\n".join([str(error), *error.problems])


def test_a_domain_that_cannot_be_estimated_is_null_with_its_reason(tmp_path: Path) -> None:
    text = SMALL.replace("B;4;8;5;5", "B;4;8;5;9").replace("B;4;8;4;1", "B;4;8;4;")
    result = run(tmp_path, saved(tmp_path, text), SMALL_DESIGN)
    one, index = found(result, "q2", stratum="B"), found(result, "index", stratum="B")
    assert (one["estimate"], one["se"], one["ci"], one["flag"]) == (None, None, None, "none")
    assert one["reason"] == "Không có câu trả lời hợp lệ nào trong phân tổ này."
    assert (index["estimate"], index["reason"]) == (None, "Không ai trả lời câu q2.")
    assert found(result, "index")["estimate"] is not None


def test_agreement_of_pairs(tmp_path: Path) -> None:
    case = reference("agreement.json", "likert_5x5")
    pairs = [
        (i + 1, j + 1)
        for i, row in enumerate(case["table"])
        for j, n in enumerate(row)
        for _ in range(n)
    ]
    lines = [
        "item,original,recheck",
        *(f"q1,{a},{b}" for a, b in pairs),
        "q2,1,1",
        "q2,,5",
        "q3,5,",
    ]
    path = saved(tmp_path, "\n".join(lines))
    out = tmp_path / "out.json"
    run_ = ["agree", "--pairs", str(path), "--categories", "1,2,3,4,5", "--out", str(out)]
    CliRunner().invoke(cli, run_, catch_exceptions=False)
    result = json.loads(out.read_text(encoding="utf-8"))
    first, second, third = result["items"]
    assert first["n"] == 110
    assert first["kappa_quadratic"]["estimate"] == pytest.approx(
        case["irrCAC"]["kappa_quadratic"]["coef"], rel=1e-8
    )
    assert first["ac2"]["ci"] == pytest.approx(case["irrCAC"]["AC2_quadratic"]["ci_t"], rel=1e-8)
    assert [s["estimate"] for s in first["ndr"]["by_category"]] == pytest.approx(
        case["census_reinterview"]["NDR"], abs=1e-12
    )
    assert (second["n"], second["agreement"]["estimate"], third["n"]) == (1, 1.0, 0)
    assert result["pooled"]["n"] == 111

    with pytest.raises(AppError, match="RESULTS-010"):
        CliRunner().invoke(cli, [*run_[:4], "1", *run_[5:]], catch_exceptions=False)
    saved(tmp_path, "item,original,recheck\nq1,7,1\n,1,1\n")
    with pytest.raises(AppError) as caught:
        CliRunner().invoke(cli, run_, catch_exceptions=False)
    assert any("«7» không có trong --categories" in problem for problem in caught.value.problems)
    assert len(caught.value.problems) == 2


def test_interviewers_whose_pairs_differ_are_flagged_exactly(tmp_path: Path) -> None:
    """Of 20 pairs 9 differ: P(X >= 9) = 0.00006 at 10 %; of 10 pairs 2: 0.26, not flagged."""
    rows = [("an", 9, 20), ("binh", 2, 10), ("chi", 0, 5)]
    lines = ["item,original,recheck,interviewer,weight", "q1,4,,chi,1", "q1,4,5,,1"]
    lines += [f"q1,4,{3 if i < wrong else 4},{who},2" for who, wrong, n in rows for i in range(n)]
    path, out = saved(tmp_path, "\n".join(lines)), tmp_path / "out.json"
    command = ["agree", f"--pairs={path}", "--categories=1,2,3,4,5", f"--out={out}"]
    CliRunner().invoke(cli, command, catch_exceptions=False)
    told = json.loads(out.read_text(encoding="utf-8"))["interviewers"]
    assert [(one["interviewer"], one["differing"], one["n"]) for one in told] == rows
    assert [one["is_flagged"] for one in told] == [True, False, False]


def test_the_command_ends_with_a_sentence_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "design.toml").write_text(SMALL_DESIGN, encoding="utf-8")
    files = {"--data": "no.csv", "--design": "design.toml", "--out": "out.json"}
    options = [part for name, file in files.items() for part in (name, str(tmp_path / file))]
    monkeypatch.setattr(sys, "argv", ["sipas", "results", "estimate", *options])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert "[IMPORT-006] Không có tệp «" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
