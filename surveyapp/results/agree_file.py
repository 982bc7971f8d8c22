"""`sipas results agree`: pairs of first and re-check answers give measures of agreement."""

from pathlib import Path
from typing import Any

import numpy as np

from analysis.agreement import Agreement, agreement
from analysis.answer_pairs import Coefficient
from analysis.errors import AnalysisError
from analysis.labels import Floats, Labels, canonical
from analysis.quality import error_rates
from surveyapp.errors import AppError
from surveyapp.importers import columns
from surveyapp.importers.table import SHOWN, Table, TableProblem, Wanted, refusal
from surveyapp.importers.tables import read_table
from surveyapp.results.estimate_file import write_json

#: Share of differing answers that is tolerated before an interviewer is looked at.
TOLERATED = 0.10

NOTES = [
    "Không kết luận chỉ từ kappa: xem cùng tỷ lệ khớp, prevalence và bias.",
    "Khoảng tin cậy coi các cặp là một mẫu của quá trình trả lời, các cặp độc lập với nhau.",
]


def agree_file(pairs: Path, categories: str, out: Path) -> int:
    """Measure agreement per item and pooled over items; return the number of items.

    Parameters
    ----------
    categories : all categories of the questionnaire in their order, separated by commas.
    """
    names = [canonical(part) for part in categories.split(",")]
    if len(names) < 2 or "" in names or len(set(names)) < len(names):
        raise AppError(
            "RESULTS-010",
            f"--categories «{categories}» không dùng được.",
            "Ghi đủ các mức của câu hỏi, cách nhau bằng dấu phẩy, ví dụ 1,2,3,4,5.",
        )
    wanted = Wanted(("item", "original", "recheck"), ("weight", "interviewer"))
    table = read_table(pairs, wanted)
    table.refuse_problems()
    items = columns.labels(table, "item")
    weight = _checked(table, names)
    answers = [columns.labels(table, name) for name in ("original", "recheck")]
    found: list[dict[str, Any]] = []
    for place, item in enumerate(items.names):
        mine = items.code == place
        texts = [_texts(column.names, column.code[mine]) for column in answers]
        found.append({"item": item, **_described(texts, names, weight[mine])})
    texts = [_texts(column.names, column.code) for column in answers]
    pooled = _described(texts, names, weight)
    result = {"pairs": pairs.name, "categories": names, "items": found, "pooled": pooled}
    if "interviewer" in table.columns:
        result["interviewers"] = _interviewers(columns.labels(table, "interviewer"), texts)
    write_json(out, {**result, "notes": NOTES})
    return len(found)


def _interviewers(who: Labels, texts: list[list[str]]) -> list[dict[str, Any]]:
    """Pairs that differ by interviewer, unweighted; flagged by the exact test after Holm."""
    both = np.array([bool(first and second) for first, second in zip(*texts, strict=True)])
    differ = np.array([first != second for first, second in zip(*texts, strict=True)])
    known = (who.code >= 0) & both
    checked = np.bincount(who.code[known], minlength=len(who.names))
    wrong = np.bincount(who.code[known & differ], minlength=len(who.names))
    seen = np.flatnonzero(checked).tolist()
    flags = error_rates([who.names[i] for i in seen], wrong[seen], checked[seen], TOLERATED)
    flagged = {flag.where for flag in flags}
    return [
        {
            "interviewer": who.names[i],
            "n": int(checked[i]),
            "differing": int(wrong[i]),
            "rate": float(wrong[i] / checked[i]),
            "is_flagged": who.names[i] in flagged,
        }
        for i in seen
    ]


def _checked(table: Table, names: list[str]) -> Floats:
    """Refuse answers outside the categories, rows without item, weights that are not above 0."""
    problems: list[TableProblem] = columns.label_problems(table, "item")
    for name in ("original", "recheck"):
        for i, cell in enumerate(table.columns[name]):
            if cell and canonical(cell) not in names:
                problems.append(
                    TableProblem(
                        "RESULTS-011",
                        f"«{cell}» không có trong --categories.",
                        "Sửa câu trả lời, hoặc để trống nếu không trả lời.",
                        table.sheet,
                        table.rows[i],
                        name,
                    )
                )
    weight = np.ones(len(table.rows))
    if "weight" in table.columns:
        weight = columns.numbers(table, "weight")[0]
        problems += [
            TableProblem(
                "RESULTS-012", "Quyền số phải lớn hơn 0.", "Sửa ô này.", table.sheet, table.rows[i],
                "weight",
            )
            for i in np.flatnonzero(~(weight > 0)).tolist()
        ]  # fmt: skip
    if problems:
        raise refusal(table.name, problems[:SHOWN], len(problems))
    return weight


def _texts(names: tuple[str, ...], code: np.ndarray[Any, np.dtype[np.int64]]) -> list[str]:
    spelled = [*names, ""]
    return [spelled[i] for i in code]


def _described(texts: list[list[str]], names: list[str], weight: Floats) -> dict[str, Any]:
    try:
        one = agreement(np.array(texts[0], object), np.array(texts[1], object), names, weight)
    except AnalysisError:
        return {"n": 0, "reason": "Không có cặp nào đủ cả hai câu trả lời."}
    return _agreement(one)


def _agreement(one: Agreement) -> dict[str, Any]:
    top = one.ndr[-1]
    symmetry = one.symmetry
    return {
        "n": one.n,
        "level": one.level,
        "agreement": _coefficient(one.agreement),
        "gdr": _coefficient(one.gdr),
        "ndr": {
            "category": top.category,
            **_coefficient(top.net),
            "by_category": [
                {"category": shift.category, **_coefficient(shift.net)} for shift in one.ndr
            ],
        },
        "symmetry": None
        if symmetry is None
        else {"statistic": symmetry.statistic, "df": symmetry.df, "p_value": symmetry.p_value},
        "ioi": {**_coefficient(one.ioi), "grade": one.grade},
        "kappa": _coefficient(one.kappa),
        "kappa_linear": _coefficient(one.kappa_linear),
        "kappa_quadratic": _coefficient(one.kappa_quadratic),
        "ac1": _coefficient(one.ac1),
        "ac2": _coefficient(one.ac2),
        "prevalence": one.prevalence,
        "bias": one.bias,
        "table": one.table.tolist(),
    }


def _coefficient(one: Coefficient) -> dict[str, Any]:
    row: dict[str, Any] = {
        "estimate": one.value,
        "se": one.se,
        "ci": None if one.ci is None else list(one.ci),
    }
    return row if one.reason is None else {**row, "reason": one.reason}
