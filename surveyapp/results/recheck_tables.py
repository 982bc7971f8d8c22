"""What the report says of the re-check: how it went, how far answers agree, what follows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from analysis.report import Cell, Column, Interval, Missing, Paragraph, ReportTable
from questionnaires.method import INDEX, MethodVersion
from questionnaires.types import Questionnaire
from surveyapp.exports.numbers import NumberStyle
from surveyapp.recheck.pairing import WITHHELD
from surveyapp.recheck.service import NOT_ASKED, OUTCOMES
from surveyapp.results import wording
from surveyapp.results.gate import PROTECTING
from surveyapp.results.rechecks import never_interviewed

KINDS: Final[Mapping[str, str]] = {
    "fact": "sự việc",
    "hard": "khó hỏi",
    "opinion": "ý kiến",
}
#: Coefficients of the annex, in the order in which they are to be read.
_MEASURES: Final = (
    ("ndr", "Chênh lệch ròng ở mức cao nhất"),
    ("gdr", "Tỷ lệ khác nhau"),
    ("ioi", "Chỉ số không nhất quán"),
    ("ac1", "AC1"),
    ("ac2", "AC2"),
    ("kappa", "Kappa"),
    ("kappa_linear", "Kappa tuyến tính"),
    ("kappa_quadratic", "Kappa bậc hai"),
)
_COUNT = NumberStyle().count
_PERCENT = NumberStyle(decimals=1).percent
_NOT_COMPUTED = "không tính được"
_WITHHELD = Missing(PROTECTING)
_NO_FACTS = Missing("không hỏi câu nào về sự việc")


@dataclass(frozen=True, slots=True)
class Checked:
    """A group of agencies with what its re-check gave."""

    title: str
    questionnaire: Questionnaire
    method: MethodVersion
    found: Mapping[str, Any]


def blocks(
    groups: Sequence[Checked], recheckers: Sequence[Mapping[str, Any]]
) -> tuple[Paragraph | ReportTable, ...]:
    """Return the section of the report."""
    counts: Counter[str] = Counter()
    for group in groups:
        counts.update(group.found.get("counts", {}))
    told = [Paragraph(_course(counts)), *_never(counts)]
    if not any(group.found.get("items") for group in groups):
        return tuple(told)
    tables = [_questions(groups), _indices(groups)]
    return (*told, Paragraph(wording.RECHECK), *tables, *_recheckers(recheckers))


def annex(groups: Sequence[Checked]) -> tuple[ReportTable, ...]:
    """Return every measure side by side: nothing is decided by kappa alone."""
    rows: list[tuple[Cell, ...]] = []
    for group, code, item in _items(groups):
        if "ac1" in item:
            measures = (_value(item[key]) for key, _ in _MEASURES)
            rest = (item["prevalence"], item["bias"], _p(item["symmetry"]))
            rows.append((group.title, _label(group, code), item["n"], *measures, *rest))
    if not rows:
        return ()
    return (
        ReportTable(
            code="recheck-measures",
            title="Các thước đo trùng khớp giữa lần đầu và phúc tra",
            columns=(
                Column("group", "Nhóm phiếu", "text"),
                Column("item", "Câu hỏi", "text"),
                Column("n", "Số cặp câu trả lời", "count"),
                *(Column(key, title, "points", decimals=3) for key, title in _MEASURES),
                Column("prevalence", "Mức tập trung", "points", decimals=3),
                Column("bias", "Mức lệch", "points", decimals=3),
                Column("symmetry", "p (Bowker)", "points", decimals=3),
            ),
            rows=tuple(rows),
            notes=(
                "Không kết luận chỉ từ kappa: khi hầu hết trả lời một mức, kappa gần 0 dù trùng "
                "khớp cao; đọc cùng mức tập trung và mức lệch.",
                "Chênh lệch ròng dương: lần đầu chọn mức cao nhất nhiều hơn lần phúc tra.",
            ),
        ),
    )


def _course(counts: Mapping[str, int]) -> str:
    outcomes = "; ".join(
        f"{title.lower()} {_COUNT(counts[kind])}"
        for kind, title in OUTCOMES.items()
        if counts[kind]
    )
    withheld = f" {_COUNT(counts[WITHHELD])} phiếu {NOT_ASKED}." if counts.get(WITHHELD) else ""
    return (
        f"Chọn phúc tra {_COUNT(counts['drawn'])} phiếu, {_COUNT(counts['answered'])} phiếu đã "
        f"trả lời lần đầu.{withheld} Kết quả hỏi lại: {outcomes or 'chưa hỏi lại phiếu nào'}."
    )


def _never(counts: Mapping[str, int]) -> Iterator[Paragraph]:
    """Say how many first interviews never took place, with the rule and its verdict."""
    found = never_interviewed(counts)
    if found is None:
        return
    verdict = {
        "accepted": "đạt",
        "not_accepted": "chưa đạt: rà soát lại cách phỏng vấn lần đầu",
        "too_few": f"chưa kết luận được, cần hỏi lại ít nhất {_COUNT(found['least'])} người",
    }[found["verdict"]]
    yield Paragraph(
        f"Trong {_COUNT(found['checked'])} người hỏi lại được, {_COUNT(found['errors'])} người nói "
        f"chưa từng được hỏi; với độ tin cậy 95%, phần phiếu như vậy không quá "
        f"{_PERCENT(100 * found['upper'])}. Quy tắc: không quá 10%. Kết luận: {verdict}."
    )


def _questions(groups: Sequence[Checked]) -> ReportTable:
    rows = [
        (
            group.title,
            _label(group, code),
            KINDS[item["kind"]],
            item["n"],
            *_agreement(item),
        )
        for group, code, item in _items(groups)
    ]
    tolerated = sorted(
        {_label(group, code) for group, code, item in _items(groups) if item["tolerance"]}
    )
    return ReportTable(
        code="recheck",
        title="Mức độ trùng khớp giữa lần đầu và phúc tra",
        columns=(
            Column("group", "Nhóm phiếu", "text"),
            Column("item", "Câu hỏi", "text"),
            Column("kind", "Loại câu", "text"),
            Column("n", "Số cặp câu trả lời", "count"),
            Column("agreement", "Tỷ lệ trùng khớp", "percent", decimals=1),
            Column("interval", "Khoảng tin cậy 95%", "interval", unit="%", decimals=1),
            Column("grade", "Mức ổn định", "text"),
        ),
        rows=tuple(rows),
        notes=(
            "Mức ổn định theo chỉ số không nhất quán: dưới 20 ổn định cao, 20 đến 50 ổn định "
            "vừa, trên 50 kém ổn định. Không câu trả lời nào bị sửa theo phúc tra.",
            "Khoảng tin cậy nói về các phiếu đã trả lời lần đầu, nếu hỏi lại tất cả; các cặp coi "
            "là độc lập, một người trả lời nhiều cặp nên khoảng thật rộng hơn một chút.",
            *(
                [f"Coi là trùng khi lệch trong mức cho phép: {'; '.join(tolerated)}."]
                if tolerated
                else []
            ),
        ),
    )


def _indices(groups: Sequence[Checked]) -> ReportTable:
    rows: list[tuple[Cell, ...]] = []
    for group in groups:
        titles = {INDEX: "Chung", **_titles(group.method)}
        for target, index in group.found.get("indices", {}).items():
            shown: tuple[Cell, Cell]
            if "hidden" in index:
                shown = (Missing(index["hidden"]), Missing(index["hidden"]))
            else:
                shown = (100 * index["agreement"], wording.GRADES[index["grade"]])
            rows.append((group.title, titles[target], index["questions"], index["n"], *shown))
    return ReportTable(
        code="recheck-indices",
        title="Mức ổn định của các chỉ số theo phúc tra",
        columns=(
            Column("group", "Nhóm phiếu", "text"),
            Column("index", "Chỉ số, tiêu chí", "text"),
            Column("questions", "Số câu hỏi lại", "count"),
            Column("n", "Số cặp câu trả lời", "count"),
            Column("agreement", "Tỷ lệ trùng khớp", "percent", decimals=1),
            Column("grade", "Mức ổn định", "text"),
        ),
        rows=tuple(rows),
        notes=(
            "Mức ổn định gộp các câu được hỏi lại của chỉ số: tổng số cặp khác nhau chia cho số "
            "cặp khác nhau nếu trả lời ngẫu nhiên.",
        ),
    )


def _recheckers(rows: Sequence[Mapping[str, Any]]) -> Iterator[ReportTable]:
    """Tabulate how often facts differ, by re-checker under a number of no meaning."""
    if not rows:
        return
    yield ReportTable(
        code="recheckers",
        title="Sự việc trả lời khác nhau, theo người phúc tra",
        columns=(
            Column("number", "Người phúc tra", "text"),
            Column("interviews", "Số phiếu hỏi lại", "count"),
            Column("facts", "Số câu về sự việc", "count"),
            Column("differing", "Số câu khác nhau", "count"),
            Column("finding", "Nhận xét", "text"),
        ),
        rows=tuple(
            (
                f"Số {row['number']}" if row["number"] else "Những người hỏi dưới 5 phiếu",
                row["interviews"],
                row["facts"],
                _WITHHELD if row["differing"] is None else row["differing"],
                _finding(row),
            )
            for row in rows
        ),
        notes=(
            "Số thứ tự do bốc thăm, không theo tên. Nhận xét theo kiểm định nhị thức chính xác "
            "với mức 10%, hiệu chỉnh Holm; không phải bằng chứng có sai phạm.",
        ),
    )


def _finding(row: Mapping[str, Any]) -> Cell:
    """Judge by what was asked: few facts show nothing, and none are no finding."""
    if not row["facts"]:
        return _NO_FACTS
    return "khác nhau quá 10%, cần rà soát" if row["is_flagged"] else "chưa thấy vượt 10%"


def _items(groups: Sequence[Checked]) -> Iterator[tuple[Checked, str, Mapping[str, Any]]]:
    for group in groups:
        for code, item in group.found.get("items", {}).items():
            yield group, code, item


def _agreement(item: Mapping[str, Any]) -> tuple[Cell, Cell, Cell]:
    if "hidden" in item:
        missing = Missing(item["hidden"])
        return missing, missing, missing
    found = item["agreement"]
    span = found["ci"]
    return (
        100 * found["value"],
        Interval(100 * span[0], 100 * span[1]) if span else Missing(_NOT_COMPUTED),
        wording.GRADES[item["grade"]],
    )


def _titles(method: MethodVersion) -> dict[str, str]:
    fields = {part.code: part.title["vi"] for part in method.fields}
    return {part.code: part.title["vi"] for part in method.components} | fields


def _label(group: Checked, code: str) -> str:
    return group.questionnaire.item(code).short_text["vi"]


def _value(found: Mapping[str, Any]) -> Cell:
    return Missing(_NOT_COMPUTED) if found["value"] is None else float(found["value"])


def _p(value: float | None) -> Cell:
    return Missing("không có cặp khác nhau") if value is None else value
