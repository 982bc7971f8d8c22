"""Tables of the closed questions outside the index, for the annex: drawn or at the counter.

An agency that is not shown is named below the table, with the reason: rows of one and the same
reason would fill pages. Questions of which no agency is shown share one table of the whole group.
"""

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
_NOT_OFFERED = "không dùng"
_NO_WAY = f"«{_NOT_OFFERED}»: phiếu không có cách trả lời này ở câu đó."
HOW = (
    "Tỷ lệ của mỗi phương án tính trên số câu trả lời. «Không có câu trả lời» («Tôi không rõ», "
    "«Không có việc này», «Không muốn trả lời» hoặc để trống) tính trên mọi người được hỏi câu đó. "
    f"Dưới {MINIMUM_DISTRIBUTION} câu trả lời thì không nêu cơ quan đó; câu nhạy cảm còn phải có 0 "
    f"hoặc ít nhất {MINIMUM_SENSITIVE} người ở mọi cách trả lời. «{gate.PROTECTING}»: nếu nêu thì "
    "tính ngược ra được dòng phải giữ kín."
)
_SILENT = "Các câu không nêu vì có quá ít câu trả lời hoặc để giữ kín người trả lời"
_NO_AGENCY = (
    "Các câu này không nêu riêng cơ quan nào: cơ quan có dưới "
    f"{MINIMUM_DISTRIBUTION} câu trả lời, hoặc nếu nêu thì tính ngược ra được cơ quan phải giữ kín."
)
_NO_SPAN = "không tính"
#: What stands before the names of agencies that are not shown, by the reason in a cell.
_WHY = {
    gate.too_few(MINIMUM_DISTRIBUTION): f"Không nêu vì dưới {MINIMUM_DISTRIBUTION} câu trả lời",
    gate.PROTECTING: "Không nêu để không ai tính ngược ra câu trả lời phải giữ kín",
}
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
    split = [item for item in told if any(row != gate.WHOLE for row in _shown(others[item.code]))]
    tables = [each for item in split for each in _tables(code, item, others[item.code], agencies)]
    tables += _of_whole(code, [each for each in told if each not in split], others)
    tables += _without_answer(code, given[0], found.get("without_answer", {}))
    if not tables and not silent:
        return []
    left = [Paragraph(f"{_SILENT}: {'; '.join(silent)}.")]
    return [Paragraph(HOW), *tables, *(left if silent else [])]


def _shown(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {row: each for row, each in rows.items() if "hidden" not in each}


def _tables(
    code: str, item: Item, rows: Mapping[str, Mapping[str, Any]], agencies: Sequence[Agency]
) -> list[ReportTable]:
    """Tabulate a question by agency, with the whole as the last row where there is one."""
    shown = _shown(rows)
    listed = [agency for agency in agencies if agency.code in shown]
    listed += [Agency(gate.WHOLE, WHOLE)] if gate.WHOLE in rows else []
    shares = next(iter(shown.values()))["shares"]
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
                notes=(*_left_out(rows, agencies), *_notes(item)),
                summary_rows=frozenset({len(listed) - 1}) if gate.WHOLE in rows else frozenset(),
            )
        )
    return tables


def _left_out(rows: Mapping[str, Mapping[str, Any]], agencies: Sequence[Agency]) -> list[str]:
    """Name the agencies that are not shown, by the reason."""
    named: dict[str, list[str]] = {}
    for agency in agencies:
        if rule := rows.get(agency.code, {}).get("hidden"):
            named.setdefault(gate.reason(rule, MINIMUM_DISTRIBUTION), []).append(agency.label)
    return [f"{_WHY[reason]}: {'; '.join(labels)}." for reason, labels in named.items()]


def _of_whole(
    code: str, items: Sequence[Item], others: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> list[ReportTable]:
    """Tabulate the questions of which the whole group alone is shown, an answer per row."""
    told = [
        (item, text, whole["n"], whole["shares"].get(answer))
        for item, whole in ((item, others[item.code][gate.WHOLE]) for item in items)
        for text, answer in (
            *((each.text["vi"], each.code) for each in item.options),
            (_NONE, NONE),
        )
    ]
    if not told:
        return []
    has_span = any(share is not None and "ci" in share for *_, share in told)
    rows: list[tuple[Cell, ...]] = [
        (
            item.short_text["vi"],
            text,
            int(n),
            _cell(share, "value"),
            *([_cell(share, "ci")] if has_span else []),
        )
        for item, text, n, share in told
    ]
    span = Column("share_ci", _INTERVAL, "interval", unit="%", decimals=DECIMALS)
    return [
        ReportTable(
            code=f"{code}-others-whole",
            title=f"Các câu chỉ nêu chung, {WHOLE.lower()}",
            columns=(
                Column("question", "Câu hỏi", "text"),
                Column("answer", "Câu trả lời", "text"),
                _N,
                Column("share", "Tỷ lệ", "percent", decimals=DECIMALS),
                *([span] if has_span else []),
            ),
            rows=tuple(rows),
            notes=_notes_of_whole(items, others),
        )
    ]


def _notes_of_whole(
    items: Sequence[Item], others: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> tuple[str, ...]:
    """Say why no agency is shown, and of which questions there is more to know."""
    split = any(row != gate.WHOLE for item in items for row in others[item.code])
    told: dict[str, list[str]] = {}
    for item in items:
        for note in _notes(item):
            told.setdefault(note, []).append(item.short_text["vi"])
    more = (f"{note.removesuffix('.')}: {'; '.join(names)}." for note, names in told.items())
    return (*((_NO_AGENCY,) if split else ()), *more)


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
            notes=(_NO_WAY,) if any(Missing(_NOT_OFFERED) in row for row in rows) else (),
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
    if part not in share:
        return Missing(_NO_SPAN)
    if part == "value":
        return float(share["value"])
    if share["ci"] is None:
        return Missing(share["reason"] or "không tính được")
    low, high = share["ci"]
    return Interval(low, high)


def _notes(item: Item) -> tuple[str, ...]:
    several = (_SEVERAL,) if item.kind == "choices" else ()
    return (*several, *((_SENSITIVE,) if item.sensitive else ()))
