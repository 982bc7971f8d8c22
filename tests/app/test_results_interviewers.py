"""`[[tests]] kind = "interviewer"` of DESIGN.toml: how far interviewers differ, beside scipy."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.app.test_results_design_more import WEIGHTED, refused, run

SCORE = '[[measures]]\ncode = "q"\ncolumn = "q"\nkind = "mean"\n'
ASKED = '[[tests]]\nkind = "interviewer"\nmeasure = "q"\ncolumn = "dtv"\n'


def data_of(sizes: dict[str, int], gap: float) -> tuple[str, list[list[float]]]:
    rng = np.random.default_rng(5)
    held = [
        np.round(rng.normal(gap * place, 1.0, n), 3).tolist()
        for place, n in enumerate(sizes.values())
    ]
    lines = [f"1,{who},{y}" for who, ys in zip(sizes, held, strict=True) for y in ys]
    return "w,dtv,q\n" + "\n".join([*lines, "1,,2.5", "1,a,"]) + "\n", held


def test_the_differences_of_interviewers_equal_an_analysis_of_variance(tmp_path: Path) -> None:
    text, held = data_of({"a": 12, "b": 9, "c": 15}, 1.0)
    (test,) = run(tmp_path, text, WEIGHTED + SCORE + ASKED)["tests"]
    expected = stats.f_oneway(*held)
    assert (test["kind"], test["measure"], test["column"]) == ("interviewer", "q", "dtv")
    assert (test["interviewers"], test["n"]) == (3, 36)
    assert test["p_value"] == pytest.approx(expected.pvalue, rel=1e-9)
    typical = (36 - (144 + 81 + 225) / 36) / 2
    icc = (expected.statistic - 1) / (expected.statistic + typical - 1)
    assert test["icc"] == pytest.approx(icc, rel=1e-9)
    assert test["deff"] == pytest.approx(1 + (12 - 1) * icc, rel=1e-9)


def test_too_few_answers_of_interviewers_give_a_reason(tmp_path: Path) -> None:
    text, _ = data_of({"a": 12, "b": 4}, 1.0)
    (test,) = run(tmp_path, text, WEIGHTED + SCORE + ASKED)["tests"]
    assert test == {
        "kind": "interviewer",
        "measure": "q",
        "column": "dtv",
        "reason": "Cần ít nhất hai điều tra viên, mỗi người từ 5 câu trả lời.",
    }


@pytest.mark.parametrize(
    ("asked", "code", "part"),
    [
        (ASKED.replace('"q"', '"qq"'), "RESULTS-002", "measure: không có «qq»"),
        (ASKED.replace('column = "dtv"', ""), "RESULTS-002", "column: cần một tên"),
        (ASKED + "fpc = true\n", "RESULTS-002", "fpc: khóa không dùng"),
    ],
)
def test_a_wrong_question_about_interviewers_is_named(
    tmp_path: Path, asked: str, code: str, part: str
) -> None:
    text, _ = data_of({"a": 12, "b": 9}, 1.0)
    error = refused(tmp_path, text, WEIGHTED + SCORE + asked)
    assert error.code == code
    assert any(part in problem for problem in error.problems)


def test_a_composite_has_no_value_in_every_row(tmp_path: Path) -> None:
    text, _ = data_of({"a": 12, "b": 9}, 1.0)
    index = '[[composites]]\ncode = "i"\nmeasures = ["q"]\n'
    error = refused(tmp_path, text, WEIGHTED + SCORE + index + ASKED.replace('"q"', '"i"'))
    assert error.code == "RESULTS-037"
    assert "không phải phép đo của từng dòng" in error.message
