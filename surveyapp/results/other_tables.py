"""Tables of the closed questions outside the index, for the annex: drawn or at the counter."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.disclosure import MINIMUM_DISTRIBUTION, MINIMUM_SENSITIVE
from analysis.report import Cell, Column, Interval, Missing, Paragraph, ReportTable
from questionnaires.method import MethodVersion
from questionnaires.types import MISSING_CODES, MISSING_TEXTS, Item, Option, Questionnaire
from surveyapp.results import gate
from surveyapp.results.other_questions import DECIMALS, closed_items
from surveyapp.results.row_gate import NONE
from surveyapp.results.tables import WHOLE, Agency

#: Options of one table; a question with more goes on in the next.
_MOST = 5
_AGENCY = Column("agency", "Cơ quan", "text")
_N = Column("n", "Số câu trả lời", "count")
_INTERVAL = "Khoảng tin cậy 95%"
_NONE = "Không có câu trả lời"
_NOBODY = "không ai được hỏi"
_NOT_OFFERED = "phiếu không có cách này"
HOW = (
    "Tỷ lệ của mỗi phương án tính trên số câu trả lời. «Không có câu trả lời» («Tôi không rõ», "
    "«Không có việc này», «Không muốn trả lời» hoặc để trống) tính trên mọi người được hỏi câu đó. "
    f"Dưới {MINIMUM_DISTRIBUTION} câu trả lời thì không nêu cả dòng; câu nhạy cảm còn phải có 0 "
    f"hoặc ít nhất {MINIMUM_SENSITIVE} người ở mọi cách trả lời. «{gate.PROTECTING}»: nếu nêu thì "
    "tính ngược ra được dòng phải giữ kín."
)
_SEVERAL = "Được chọn nhiều phương án nên các tỷ lệ cộng lại có thể vượt 100%."
_SENSITIVE = "Câu hỏi nhạy cảm."


def blocks(
    code: str,
    found: Mapping[str, Any],
    given: tuple[Questionnaire, MethodVersion],
    agencies: Sequence[Agency],
) -> list[Paragraph | ReportTable]:
    """Return a table for every question that shows a row; `found` is as a run stores it."""
    others = found.get("others", {})
    items = [item for item in closed_items(*given) if item.code in others]
    told = [item for item in items if _shown(others[item.code])]
    silent = [item.short_text["vi"] for item in items if item not in told]
    tables = [each for item in told for each in _tables(code, item, others[item.code], agencies)]
    tables += _without_answer(code, given[0], found.get("without_answer", {}))
    if not tables and not silent:
        return []
    left = [Paragraph(f"Không nêu câu nào có quá ít câu trả lời: {'; '.join(silent)}.")]
    return [Paragraph(HOW), *tables, *(left if silent else [])]


def _shown(rows: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows.values() if "hidden" not in row]


def _tables(
    code: str, item: Item, rows: Mapping[str, Mapping[str, Any]], agencies: Sequence[Agency]
) -> list[ReportTable]:
    """Tabulate a question by agency, with the whole as the last row where there is one."""
    listed = [agency for agency in agencies if agency.code in rows]
    listed += [Agency(gate.WHOLE, WHOLE)] if gate.WHOLE in rows else []
    shares = _shown(rows)[0]["shares"]
    pieces = [item.options[at : at + _MOST] for at in range(0, len(item.options), _MOST)]
    tables = []
    for place, options in enumerate(pieces, 1):
        columns = _columns(options, shares, is_last=place == len(pieces))
        tables.append(
            ReportTable(
                code=f"{code}-other-{item.code}" + (f"-{place}" if place > 1 else ""),
                title=item.short_text["vi"] + (f" (tiếp, phần {place})" if place > 1 else ""),
                columns=(_AGENCY, _N, *columns),
                rows=tuple(_row(agency, rows[agency.code], columns) for agency in listed),
                notes=_notes(item),
                summary_rows=frozenset({len(listed) - 1}) if gate.WHOLE in rows else frozenset(),
            )
        )
    return tables


def _columns(
    options: Sequence[Option], shares: Mapping[str, Mapping[str, Any]], *, is_last: bool
) -> dict[Column, tuple[str, str]]:
    """Return the columns of one table, each with the code and the part of its share."""
    columns: dict[Column, tuple[str, str]] = {}
    for option in options:
        title, key = option.text["vi"], f"option_{option.code}"
        columns[Column(key, title, "percent", decimals=DECIMALS)] = (option.code, "value")
        if "ci" in shares[option.code]:
            span = Column(f"{key}_ci", _INTERVAL, "interval", unit="%", decimals=DECIMALS)
            columns[span] = (option.code, "ci")
    if is_last:
        columns[Column(NONE, _NONE, "percent", decimals=DECIMALS)] = (NONE, "value")
    return columns


def _without_answer(
    code: str, questionnaire: Questionnaire, found: Mapping[str, Mapping[str, Any]]
) -> list[ReportTable]:
    """Tabulate, question by question, why people gave no answer."""
    items = [item for item in questionnaire.items if item.code in found]
    codes = [
        part
        for part in MISSING_CODES
        if any(part in found[item.code].get("shares", ()) for item in items)
    ]
    if not codes:
        return []
    rows: list[tuple[Cell, ...]] = []
    for item in items:
        one = found[item.code]
        if "hidden" in one:
            why = Missing(gate.reason(one["hidden"], MINIMUM_DISTRIBUTION))
            rows.append((item.short_text["vi"], why, *(why for _ in codes)))
            continue
        cells = (_cell(one["shares"].get(part), "value", _NOT_OFFERED) for part in codes)
        rows.append((item.short_text["vi"], int(one["asked"]), *cells))
    return [
        ReportTable(
            code=f"{code}-without-answer",
            title="Vì sao không có câu trả lời, cả nhóm",
            columns=(
                Column("question", "Câu hỏi", "text"),
                Column("asked", "Số lượt được hỏi", "count"),
                *(
                    Column(part, MISSING_TEXTS[part]["vi"], "percent", decimals=DECIMALS)
                    for part in codes
                ),
            ),
            rows=tuple(rows),
        )
    ]


def _row(
    agency: Agency, row: Mapping[str, Any], columns: Mapping[Column, tuple[str, str]]
) -> tuple[Cell, ...]:
    if "hidden" in row:
        why = Missing(gate.reason(row["hidden"], MINIMUM_DISTRIBUTION))
        return (agency.label, why, *(why for _ in columns))
    cells = (_cell(row["shares"].get(code), part) for code, part in columns.values())
    return (agency.label, int(row["n"]), *cells)


def _cell(share: Mapping[str, Any] | None, part: str, absent: str = _NOBODY) -> Cell:
    if share is None or share["value"] is None:
        return Missing(absent)
    if part == "value":
        return float(share["value"])
    if share["ci"] is None:
        return Missing(share["reason"] or "không tính được")
    low, high = share["ci"]
    return Interval(low, high)


def _notes(item: Item) -> tuple[str, ...]:
    several = (_SEVERAL,) if item.kind == "choices" else ()
    return (*several, *((_SENSITIVE,) if item.sensitive else ()))
