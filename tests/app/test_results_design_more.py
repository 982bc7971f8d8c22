"""Weights, quantiles, replicates, comparisons and tests of `sipas results estimate`, against R."""

import csv
import json
from pathlib import Path

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from surveyapp.errors import AppError
from surveyapp.results import design_file
from surveyapp.results.design_file import COMPOSITE, INTERVAL, MEASURE, read_design
from surveyapp.results.design_more import CONTRAST, REPLICATES, TEST, WEIGHTS
from surveyapp.results.estimate_file import estimate_file
from surveyapp.results.mapping import Workers
from surveyapp.results.moments_file import make_file

REFERENCE = Path(__file__).parents[1] / "reference"
STRATIFIED = 'weight = "pw"\nstrata = "stype"\npop_size = ["fpc"]\n'
SIMPLE = 'weight = "pw"\npop_size = ["fpc"]\n'
CLUSTERS = 'weight = "pw"\npsu = "dnum"\npop_size = ["fpc"]\n'
WITHOUT = 'weight = "pw"\nstrata = "stype"\n'
SCORE = '[[measures]]\ncode = "score"\ncolumn = "api00"\nkind = "mean"\n'
BY_STYPE = "[weights.margins]\nstype = { E = 4421, H = 755, M = 1018 }\n"
BY_BOTH = BY_STYPE + '"sch.wide" = { No = 1072, Yes = 5122 }\n'
WEIGHTED = 'weight = "w"\n'
ASKED = "w;lop;den;gioi;q\n" + "".join(
    f"2;{c};{int(i % 3 != 0)};{'nam' if i % 2 else 'nữ'};{4 + i % 2 if i % 3 else ''}\n"
    for c in "AB"
    for i in range(12)
)
ITEM = '[[measures]]\ncode = "q"\ncolumn = "q"\nkind = "mean"\n'


def reference(name: str, case: str) -> dict:
    cases = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    return next(c for c in cases if c["id"] == case)


def run(folder: Path, data: Path | str, design: str, workers: Workers | None = None) -> dict:
    if isinstance(data, str):
        text, data = data, folder / "data.csv"
        data.write_text(text, encoding="utf-8")
    (folder / "design.toml").write_text(design, encoding="utf-8")
    estimate_file(data, folder / "design.toml", folder / "out.json", workers)
    return json.loads((folder / "out.json").read_text(encoding="utf-8"))


def refused(
    folder: Path, data: Path | str, design: str, workers: Workers | None = None
) -> AppError:
    with pytest.raises(AppError) as caught:
        run(folder, data, design, workers)
    assert not (folder / "out.json").exists()
    return caught.value


def found(result: dict, measure: str, **domain: str) -> dict:
    return next(r for r in result["estimates"] if (r["measure"], r["domain"]) == (measure, domain))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("design", "case", "file"),
    [(STRATIFIED, "q_dstrat_math", "apistrat"), (CLUSTERS, "q_dclus1_math", "apiclus1")],
)
def test_quantiles_equal_r(tmp_path: Path, suffix: str, design: str, case: str, file: str) -> None:
    data = REFERENCE / f"{file}.csv"
    if suffix == "parquet":
        data = tmp_path / "data.parquet"
        pq.write_table(pa_csv.read_csv(REFERENCE / f"{file}.csv"), data)
    rows = reference("quantile", case)["quantiles"]["api00"]
    asked = "".join(
        f'[[measures]]\ncode = "q{i}"\ncolumn = "api00"\nkind = "quantile"\np = {row["p"]}\n'
        for i, row in enumerate(rows)
    )
    result = run(tmp_path, data, design + asked)
    for i, row in enumerate(rows):
        one = found(result, f"q{i}")
        assert one["estimate"] == row["quantile"]
        assert one["ci"] == [row["ci.2.5"], row["ci.97.5"]]
        assert one["se"] == pytest.approx(row["se"], rel=1e-8)
        assert one["method"] == "woodruff-wald"


def test_a_quantile_of_a_domain_is_that_of_its_rows(tmp_path: Path) -> None:
    rows = "".join(f"1;{'A' if i < 21 else 'B'};{i}\n" for i in range(60))
    asked = 'domains = ["d"]\n[[measures]]\ncode = "m"\ncolumn = "x"\nkind = "quantile"\np = 0.5\n'
    result = run(tmp_path, "w;d;x\n" + rows, WEIGHTED + asked)
    assert found(result, "m", d="A")["estimate"] == 10
    assert found(result, "m", d="A")["n"] == 21
    assert found(result, "m")["estimate"] == 29


@pytest.mark.parametrize(
    ("design", "name", "file"),
    [(SIMPLE, "dsrs", "apisrs"), (STRATIFIED, "dstrat", "apistrat"), (CLUSTERS, "dclus1", "apiclus1")],
)  # fmt: skip
def test_one_margin_is_post_stratification_as_in_r(
    tmp_path: Path, design: str, name: str, file: str
) -> None:
    result = run(tmp_path, REFERENCE / f"{file}.csv", design + SCORE + BY_STYPE)
    case = reference("calibration", f"mean_{name}_ps")
    one = found(result, "score")
    assert one["estimate"] == pytest.approx(case["estimate"]["api00"], rel=1e-8)
    assert one["se"] == pytest.approx(case["se"], rel=1e-8, abs=1e-10)
    assert result["design"]["sum_of_weights"] == pytest.approx(4421 + 755 + 1018)


@pytest.mark.parametrize(
    ("design", "name", "file"), [(SIMPLE, "dsrs", "apisrs"), (CLUSTERS, "dclus1", "apiclus1")]
)
def test_two_margins_are_raked_as_in_r(tmp_path: Path, design: str, name: str, file: str) -> None:
    result = run(tmp_path, REFERENCE / f"{file}.csv", design + SCORE + BY_BOTH)
    case = reference("calibration", f"mean_{name}_rk")
    one = found(result, "score")
    assert one["estimate"] == pytest.approx(case["estimate"]["api00"], rel=1e-7)
    assert one["se"] == pytest.approx(case["se"], rel=1e-6)
    weights = reference("calibration", f"weights_{name}_rk")["weights"]
    told = result["design"]["weights"]
    assert (told["lowest"], told["highest"]) == pytest.approx(
        (min(weights), max(weights)), rel=1e-6
    )


def test_bounds_keep_the_factors_and_margins_out_of_reach_are_refused(tmp_path: Path) -> None:
    both = "[weights]\nbounds = [{}, {}]\n"
    free = run(tmp_path, REFERENCE / "apiclus1.csv", CLUSTERS + SCORE + BY_BOTH)["design"][
        "weights"
    ]
    with (REFERENCE / "apiclus1.csv").open(encoding="utf-8", newline="") as file:
        before = float(next(csv.DictReader(file))["pw"])
    highest = 0.97 * free["highest"] / before
    bounded = run(
        tmp_path, REFERENCE / "apiclus1.csv",
        CLUSTERS + SCORE + both.format(0.2, highest) + BY_BOTH,
    )["design"]  # fmt: skip
    assert bounded["weights"]["highest"] == pytest.approx(highest * before)
    assert bounded["sum_of_weights"] == pytest.approx(6194)
    (tmp_path / "out.json").unlink()
    error = refused(
        tmp_path, REFERENCE / "apiclus1.csv", CLUSTERS + SCORE + both.format(0.99, 1.01) + BY_BOTH
    )
    assert error.code == "RESULTS-035"
    assert "bounds (nhãn s" in error.message
    assert ", cần " in error.message and " of " not in error.message


def test_those_who_came_carry_the_others_of_their_class(tmp_path: Path) -> None:
    rules = '[weights]\nresponded = "den"\nclasses = ["lop"]\n'
    result = run(tmp_path, ASKED, WEIGHTED + 'domains = ["lop"]\n' + ITEM + rules)
    assert result["design"]["n"] == 16
    assert result["design"]["sum_of_weights"] == pytest.approx(48)
    assert result["design"]["weights"]["response_rates"] == {
        "A": pytest.approx(2 / 3), "B": pytest.approx(2 / 3)
    }  # fmt: skip
    alone = run(tmp_path, ASKED, WEIGHTED + 'domains = ["lop"]\n' + ITEM)
    assert found(result, "q", lop="A")["estimate"] == found(alone, "q", lop="A")["estimate"]
    assert found(result, "q")["df"] == 15


def test_trimmed_weights_keep_their_sum(tmp_path: Path) -> None:
    data = "w;q\n" + "".join(f"{1 if i else 30};{3 + i % 3}\n" for i in range(20))
    told = run(tmp_path, data, WEIGHTED + ITEM + "[weights]\ntrim = [0, 5]\n")["design"]
    assert told["weights"]["highest"] == 5
    assert told["sum_of_weights"] == pytest.approx(49)


def test_jackknife_errors_equal_r(tmp_path: Path) -> None:
    asked = "".join(
        f'[[measures]]\ncode = "{c}"\ncolumn = "{c}"\nkind = "mean"\n' for c in ("api00", "api99")
    )
    result = run(tmp_path, REFERENCE / "apistrat.csv", STRATIFIED + asked + "[replicates]\n")
    case = reference("replicates", "mean_r_jkn")
    for code, se in zip(("api00", "api99"), case["se"], strict=True):
        assert found(result, code)["se_replicates"] == pytest.approx(se, rel=1e-8)


def test_bootstrap_errors_are_near_the_linearised_ones_and_the_same_with_the_same_seed(
    tmp_path: Path,
) -> None:
    drawn = '[replicates]\nmethod = "bootstrap"\ndraws = 800\nseed = 7\n'
    first, again = (
        found(run(tmp_path, REFERENCE / "apistrat.csv", WITHOUT + SCORE + drawn), "score")
        for _ in range(2)
    )
    assert first == again
    assert first["se_replicates"] == pytest.approx(first["se"], rel=0.1)


@pytest.mark.parametrize("workers", [Workers(), Workers(2)])
def test_the_t_test_equals_r_and_needs_no_rows_in_the_memory(
    tmp_path: Path, workers: Workers
) -> None:
    case = reference("tests_regression", "ttest_dstrat")
    asked = (
        '[[tests]]\nkind = "mean"\nmeasure = "score"\ndomain = "comp.imp"\n'
        'first = "Yes"\nsecond = "No"\nfpc = true\n'
    )
    design = STRATIFIED + 'domains = ["comp.imp"]\n' + SCORE + asked
    (test,) = run(tmp_path, REFERENCE / "apistrat.csv", design, workers)["tests"]
    assert test["difference"] == pytest.approx(case["estimate"]["difference in mean"], rel=1e-8)
    assert test["t"] == pytest.approx(case["statistic"]["t"], rel=1e-7)
    assert test["df"] == case["parameter"]["df"]
    assert test["p_value"] == pytest.approx(case["p.value"], rel=1e-6)


def test_the_association_test_equals_r(tmp_path: Path) -> None:
    case = next(
        c
        for c in json.loads((REFERENCE / "tests_regression.json").read_text())["cases"]
        if c["id"].startswith("chisq_F_dstrat") and "F" in c["statistic"]
    )
    rows, columns = case["call"].split("~")[1].split(",")[0].split("+")
    asked = f'[[tests]]\nkind = "association"\nrows = "{rows}"\ncolumns = "{columns}"\nfpc = true\n'
    (test,) = run(tmp_path, REFERENCE / "apistrat.csv", STRATIFIED + SCORE + asked)["tests"]
    assert test["f"] == pytest.approx(case["statistic"]["F"], rel=1e-8)
    assert test["f_df"] == pytest.approx(list(case["parameter"].values()), rel=1e-8)
    assert test["p_value"] == pytest.approx(case["p.value"], rel=1e-6)


def test_a_difference_between_domains_has_the_error_of_their_joint_covariance_in_r(
    tmp_path: Path,
) -> None:
    cases = json.loads((REFERENCE / "domains.json").read_text(encoding="utf-8"))["cases"]
    case = next(c for c in cases if c["id"] == "svyby_cov_dclus1")
    names = list(case["estimate"])
    asked = "".join(
        f'[[contrasts]]\nmeasure = "score"\ndomain = "stype"\nfirst = "E"\nsecond = "{other}"\nfpc = true\n'
        for other in ("H", "M")
    )
    design = CLUSTERS + 'domains = ["stype"]\n' + SCORE + asked
    for one in run(tmp_path, REFERENCE / "apiclus1.csv", design)["contrasts"]:
        i, j = (
            next(k for k, n in enumerate(names) if n.startswith(x))
            for x in (one["first"], one["second"])
        )
        vcov = case["vcov"]
        variance = vcov[i][i] + vcov[j][j] - 2 * vcov[i][j]
        assert one["se"] == pytest.approx(variance**0.5, rel=1e-8)
        assert one["value"] == pytest.approx(
            case["estimate"][names[i]] - case["estimate"][names[j]], rel=1e-8
        )
        assert one["p"] <= one["p_holm"]


def test_estimates_are_held_against_targets(tmp_path: Path) -> None:
    asked = "".join(f'[[contrasts]]\nmeasure = "score"\ntarget = {t}\n' for t in (600, 660, 700))
    result = run(tmp_path, REFERENCE / "apistrat.csv", STRATIFIED + SCORE + asked)
    assert [one["verdict"] for one in result["contrasts"]] == ["reached", "undecided", "missed"]


@pytest.mark.parametrize("workers", [Workers(2), Workers(cluster="local")])
def test_what_needs_every_row_refuses_workers_and_clusters(
    tmp_path: Path, workers: Workers
) -> None:
    error = refused(tmp_path, REFERENCE / "apistrat.csv", STRATIFIED + SCORE + BY_STYPE, workers)
    assert error.code == "RESULTS-033"
    assert "[weights]" in error.message


def test_totals_for_another_authority_refuse_what_they_cannot_hold(tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text(STRATIFIED + SCORE + "[replicates]\n", encoding="utf-8")
    with pytest.raises(AppError, match="RESULTS-038"):
        make_file(
            REFERENCE / "apistrat.csv", tmp_path / "d.toml", tmp_path / "t", method="m", survey="s"
        )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[weights]\n", "weights: cần"),
        ('[weights]\nresponded = "den"\n', "đi cùng nhau"),
        ("[weights]\ntrim = [5, 1]\n", "weights.trim"),
        ("[weights]\nbounds = [0.2, 5]\n", "chỉ dùng với margins"),
        ("[weights]\nbounds = [2, 5]\n[weights.margins]\ngioi = { nam = 1 }\n", "dưới 1"),
        ("[weights.margins]\ngioi = { nam = -1 }\n", "weights.margins.gioi"),
        ('[replicates]\nmethod = "bootstrap"\n', "cần draws"),
        ("[replicates]\ndraws = 10\n", "chỉ dùng với method"),
        ("[replicates]\n[weights.margins]\ngioi = { nam = 1 }\n", "không dùng cùng"),
        ('[[contrasts]]\nmeasure = "nq"\ntarget = 1\n', "không có «nq»"),
        ('[[contrasts]]\nmeasure = "q"\ndomain = "x"\nfirst = "A"\n', "không có «x»"),
        ('[[tests]]\nkind = "mean"\nmeasure = "q"\ndomain = "lop"\nfirst = "A"\nsecond = "A"\n', "khác first"),
        ('[[tests]]\nkind = "rank"\n', "tests[1].kind"),
        ('[[measures]]\ncode = "m"\ncolumn = "q"\nkind = "quantile"\np = 2\n', "nhỏ hơn 1"),
    ],
)  # fmt: skip
def test_mistakes_in_the_design_file_are_named(tmp_path: Path, text: str, told: str) -> None:
    error = refused(tmp_path, ASKED, WEIGHTED + 'domains = ["lop"]\n' + ITEM + text)
    assert error.code == "RESULTS-002"
    assert any(told in problem for problem in error.problems)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("[weights.margins]\ngioi = { nam = 10 }\n", "RESULTS-035", "nữ"),
        ("[weights.margins]\ngioi = { nam = 1, nữ = 1, khác = 1 }\n", "RESULTS-035", "khác"),
        ('[weights.margins]\ngioi = { nam = 1, "nữ" = 1 }\nlop = { A = 1, B = 2 }\n', "RESULTS-035", "bằng nhau (lop 3, gioi 2)"),
        ('[weights]\nresponded = "q"\nclasses = "lop"\n', "IMPORT", "dòng"),
        ('[[contrasts]]\nmeasure = "q"\ndomain = "lop"\nfirst = "Z"\n', "RESULTS-037", "Z"),
        ('[[contrasts]]\nmeasure = "q"\ndomain = "lop"\nfirst = "A"\n', "RESULTS-037", "10 câu trả lời"),
        ('[[tests]]\nkind = "association"\nrows = "lop"\ncolumns = "w"\n', "RESULTS-037", "hai mức"),
    ],
)  # fmt: skip
def test_what_the_data_cannot_give_is_refused(
    tmp_path: Path, text: str, code: str, told: str
) -> None:
    text = text.replace("{ nam = 1, nữ = 1, khác = 1 }", '{ nam = 1, "nữ" = 1, "khác" = 1 }')
    error = refused(tmp_path, ASKED, WEIGHTED + 'domains = ["lop"]\n' + ITEM + text)
    assert error.code.startswith(code)
    assert told in f"{error.message} {error.problems}"


def test_codes_that_never_occur_or_count_without_a_word_are_told(tmp_path: Path) -> None:
    share = '[[measures]]\ncode = "{}"\ncolumn = "{}"\nkind = "share"\nsatisfied = {}\n'
    data = "w;a;b\n1;Yes;4\n1;No;3\n1;Maybe;4\n"
    asked = WEIGHTED + share.format("a", "a", '["Yes"]') + share.format("b", "b", "[4, 5]")
    first, second = run(tmp_path, data, asked)["design"]["notes"][-2:]
    assert "«a»" in first and "Maybe, No" in first
    assert "«b»" in second and "mã hài lòng 5 " in second
    quiet = WEIGHTED + share.format("a", "a", '["Yes"]\nanswers = ["Yes", "No", "Maybe"]')
    assert not any("«a»" in note for note in run(tmp_path, data, quiet)["design"]["notes"])


def test_trimming_says_when_sharing_the_cut_passes_the_bounds(tmp_path: Path) -> None:
    """By hand: 20 is cut to 10 and its 10 are shared by 9, 1 and 1, so 9 becomes 12.33."""
    data, rules = "w;q\n20;1\n9;2\n1;3\n1;5\n", "[weights]\ntrim = [1, {}]\n"
    design = run(tmp_path, data, WEIGHTED + ITEM + rules.format(10))["design"]
    assert design["weights"]["highest"] == pytest.approx(9 + 10 / 3)
    assert design["notes"][-1].startswith("1 quyền số ra ngoài giới hạn trim")
    assert "đến 12.3333" in design["notes"][-1]
    notes = run(tmp_path, data, WEIGHTED + ITEM + rules.format(18))["design"]["notes"]
    assert not any("trim" in note for note in notes)


@pytest.mark.parametrize("rules", ["", '[replicates]\nmethod = "jackknife"\n'])
def test_weights_that_are_all_zero_are_refused_by_their_column(tmp_path: Path, rules: str) -> None:
    error = refused(tmp_path, "w;q\n0;1\n0;2\n", WEIGHTED + ITEM + rules)
    assert error.code == "RESULTS-041"
    assert "«w»" in error.message


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_text_outside_the_answers_is_an_unknown_answer(tmp_path: Path, suffix: str) -> None:
    share = '[[measures]]\ncode = "a"\ncolumn = "a"\nkind = "share"\nsatisfied = ["Có"]\n'
    data = tmp_path / f"data.{suffix}"
    (tmp_path / "data.csv").write_text("w,a\n1,Có\n1,Chưa rõ\n", encoding="utf-8")
    if suffix == "parquet":
        pq.write_table(pa_csv.read_csv(tmp_path / "data.csv"), data)
    error = refused(tmp_path, data, WEIGHTED + share + 'answers = ["Có", "Không"]\n')
    place = "Dòng 3" if suffix == "csv" else "Dòng 2"
    assert len(error.problems) == 1
    assert error.problems[0].startswith(
        f"[IMPORT-028] {place}, Cột «a»: «Chưa rõ» không phải mã trả lời đã biết"
    )


@pytest.mark.parametrize("cell", ["NaN", "nặng"])
def test_a_weight_or_size_that_is_no_number_is_named_once(tmp_path: Path, cell: str) -> None:
    sized = WEIGHTED + 'pop_size = ["N"]\n' + ITEM
    for row in (f"{cell};5;1", f"2;{cell};1"):
        error = refused(tmp_path, f"w;N;q\n2;5;1\n{row}\n", sized)
        assert len(error.problems) == 1
        assert error.problems[0].startswith("[RESULTS-032] Dòng 3")


def test_sizes_that_differ_in_a_stratum_are_told_in_vietnamese(tmp_path: Path) -> None:
    sized = WEIGHTED + 'strata = "s"\npop_size = ["N"]\n' + ITEM
    error = refused(tmp_path, "w;s;N;q\n2;A and B;5;1\n2;A and B;6;1\n", sized)
    assert "(đang là A and B: 5 và 6)" in error.message


def test_the_design_file_of_the_documents_is_read_and_has_every_key(tmp_path: Path) -> None:
    text = (REFERENCE.parents[1] / "docs" / "phan-tich.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    path = tmp_path / "design.toml"
    path.write_text(example, encoding="utf-8")
    assert len(read_design(path).measures) == 8  # a distribution of two codes is two shares
    parts = (design_file.TOP, INTERVAL, MEASURE, COMPOSITE, WEIGHTS, REPLICATES, CONTRAST, TEST)
    assert [key for keys in parts for key in keys if key not in example] == []
    margins = example[example.index("bounds =") : example.index("# [replicates]")]
    free = example.replace(margins, "")
    for key in ("[[tests]]", "[replicates]", *TEST, *REPLICATES):
        free = free.replace(f"# {key}", key)
    path.write_text(free, encoding="utf-8")
    more = read_design(path).more
    assert more.replicates is not None and more.replicates.draws == 500
    assert [(one.rows, one.columns) for one in more.associations] == [("gioi", "kenh")]
