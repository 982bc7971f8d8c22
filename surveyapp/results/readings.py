"""How every number on a page or in a report is read: one Vietnamese sentence each, written here."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from analysis.report import (
    Block,
    Box,
    Cell,
    Column,
    Flag,
    Interval,
    IntervalFigure,
    Kind,
    Missing,
    Report,
    ReportTable,
    Section,
)
from questionnaires.types import MISSING_CODES
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.wording import FLAG_WORDS

#: By key of the column; a key that is not here is read by its kind.
BY_KEY: Mapping[str, str] = {
    "value": "Kết quả tính từ các phiếu nhận được; số thật của cả tổng thể có thể khác, trong "
    "khoảng tin cậy bên cạnh.",
    "interval": "Với độ tin cậy 95%, số thật nằm trong khoảng này: khảo sát lại nhiều lần theo "
    "cùng cách thì khoảng 95 trong 100 lần khoảng tính được chứa số thật.",
    "n": "Số câu trả lời hợp lệ làm ra con số cùng dòng; càng ít thì con số càng kém chắc chắn.",
    "place": "Thứ tự theo kết quả đã làm tròn, cao nhất là 1, bằng nhau thì đồng hạng; đọc cùng "
    "khoảng thứ hạng.",
    "range": "Với độ tin cậy 95% cho cả bảng, thứ hạng thật của mọi cơ quan nằm trong khoảng này.",
    "against": "Với độ tin cậy 95% cho cả bảng: cao hơn rõ, thấp hơn rõ, hoặc không khác biệt rõ "
    "với mức chung.",
    "flag": "Lưu ý khi dùng con số; để trống là không có lưu ý.",
    "size": "Độ chính xác quy về số câu trả lời có hoặc không chọn ngẫu nhiên đơn giản; càng lớn "
    "thì kết quả càng ít dao động.",
    "inner": "Nếu cơ quan này đúng bằng mức chung thì 95 trong 100 lần khảo sát kết quả nằm trong "
    "khoảng này.",
    "outer": "Nếu cơ quan này đúng bằng mức chung thì 998 trong 1.000 lần khảo sát kết quả nằm "
    "trong khoảng này.",
    "position": "Ngoài khoảng 99,8% là khó do ngẫu nhiên; trong khoảng 95% thì chưa có gì khác "
    "thường.",
    "without": "Kết quả của cả nhóm nếu không tính các phiếu của đợt này.",
    "change": "Kết quả khi bỏ đợt phiếu này trừ kết quả của tất cả các phiếu; gần 0 là đợt phiếu "
    "này không làm kết quả thay đổi.",
    "moved": "Số cơ quan có thứ hạng khác đi khi không tính các phiếu của đợt này.",
    "difference": "Năm sau trừ năm trước, chỉ tính khi cùng nơi công bố, cùng đối tượng và cùng "
    "phương pháp.",
    "difference_interval": "Với độ tin cậy 95%, chênh lệch thật nằm trong khoảng này; khoảng chứa "
    "số 0 thì chưa nói được tăng hay giảm.",
    "target": "Mức phải đạt theo kế hoạch; đọc cùng cột so với chỉ tiêu.",
    "verdict": "Đạt: cả khoảng tin cậy ở trên chỉ tiêu; không đạt: cả khoảng ở dưới; chưa kết luận "
    "được: chỉ tiêu nằm trong khoảng; không có khoảng tin cậy thì chỉ so hai con số.",
    "agreement": "Phần cặp câu trả lời giống nhau ở lần đầu và lần phúc tra.",
    "response": "Phần phiếu nhận được trong số phiếu đã phát; càng thấp thì người không trả lời "
    "càng có thể làm kết quả sai lệch.",
    "rr1": "Phần phiếu thu về trong số người được hỏi, khi coi mọi người không rõ tình trạng là "
    "thuộc diện hỏi: con số thấp nhất có thể.",
    "rr3": "Phần phiếu thu về trong số người được hỏi và ước tính còn thuộc diện hỏi; càng thấp "
    "thì người không trả lời càng có thể làm kết quả sai lệch.",
    "weights": "Một phiếu đại diện cho bao nhiêu giao dịch trong danh sách; chênh nhau càng nhiều "
    "thì kết quả càng kém chính xác.",
    "effect": "Sai số lớn lên như thể số phiếu chia cho hệ số này; bằng 1 là mọi phiếu đại diện "
    "như nhau.",
    "own": "Số phiếu do người dân tự trả lời trên máy.",
    "assisted": "Số phiếu do cán bộ bấm giúp: đếm riêng, không tính vào tỷ lệ.",
    "satisfied": "Phần câu trả lời ở mức 4 và 5 trong số câu trả lời hợp lệ.",
    "found": "Số phiếu có dấu hiệu nêu ở cột quy tắc; chỉ để rà soát, không phiếu nào tự động "
    "bị bỏ ra.",
    "left": "Số phiếu người phân tích để ngoài kết quả vì lý do cùng dòng; phiếu vẫn còn nguyên.",
    "checked": "Số phiếu đã nhận được đem kiểm tra.",
    "limit": "Ngưỡng của quy tắc: vượt ngưỡng thì được nêu.",
    "quota": "Số phiếu theo kế hoạch.",
    "was": "Số phiếu trước khi điều chỉnh.",
    "became": "Số phiếu sau khi điều chỉnh, kèm lý do cùng dòng.",
    **dict.fromkeys(
        (*MISSING_CODES, "none"),
        "Phần người được hỏi câu này mà trả lời như ở đầu cột; không có trong số câu trả lời.",
    ),
}
BY_KIND: Mapping[Kind, str] = {
    "percent": "Trên thang 100; tính từ các câu trả lời hợp lệ, không kể «Tôi không rõ», «Không có "
    "việc này», «Không muốn trả lời».",
    "points": "Số điểm tính từ các câu trả lời hợp lệ; cao hơn là tốt hơn.",
    "interval": BY_KEY["interval"],
    "count": "Đếm trực tiếp, không phải ước lượng.",
    "flag": BY_KEY["flag"],
}
FLAGS: Mapping[Flag, str] = {
    "ok": "Không có lưu ý: đủ câu trả lời để dùng con số cùng khoảng tin cậy của nó.",
    "low": "Dưới 30 câu trả lời hoặc khoảng tin cậy quá rộng: chỉ nên xem như chỉ dấu ban đầu.",
    "small": "Dưới 10 câu trả lời: không công bố, vì con số nói về quá ít người.",
    "degenerate": "Mọi câu trả lời như nhau trong từng nhóm của mẫu, sai số tính ra bằng 0: khoảng "
    "tin cậy tính theo số phiếu.",
    "census": "Mọi người trong danh sách đều trả lời: con số là của cả tổng thể, không có sai số "
    "chọn mẫu.",
    "none": "Không ước lượng được; lý do ghi ở ô kết quả.",
}
HIDDEN: Mapping[str, str] = {
    "dưới 10": "Có dưới 10 câu trả lời nên không công bố.",
    "dưới 30": "Phân bố theo từng mức cần ít nhất 30 câu trả lời.",
    "không nêu": "Nếu nêu thì từ các ô khác tính ngược ra được ô phải giữ kín.",
}
_NUMBERS = frozenset(BY_KIND)


def reading(column: Column) -> str:
    """Return the sentence that says how the numbers of a column are read; "" for words."""
    if column.kind in ("text", "code"):
        return BY_KEY.get(column.key, "") if column.key in _TOLD_WORDS else ""
    return BY_KEY.get(column.key) or BY_KIND[column.kind]


#: Columns of words that stand for a finding.
_TOLD_WORDS = frozenset({"range", "against", "position", "verdict", "weights"})


def told(report: Report) -> Report:
    """Put its reading on every column of a report, and all of them into the last annex."""
    sections = tuple(_told(section) for section in report.sections)
    annexes = tuple(_told(section) for section in report.annexes)
    read = replace(report, sections=sections, annexes=annexes)
    return replace(read, annexes=(*annexes, Section("Cách đọc các con số", (_glossary(read),))))


def told_table(table: ReportTable) -> ReportTable:
    """Put its reading on every column of a table that stands alone."""
    return replace(table, columns=tuple(_column(column) for column in table.columns))


def of_row(table: ReportTable, row: tuple[Cell, ...], style: NumberStyle) -> str:
    """Read one row with an interval aloud: value, interval, place, group and flag."""
    cells = {column.key: (column, cell) for column, cell in zip(table.columns, row, strict=True)}
    column, span = cells.get("interval", (None, None))
    value_column, value = cells.get("value", cells.get("agreement", (None, None)))
    if column is None or value_column is None or not isinstance(span, Interval):
        return ""
    name, unit = str(row[0]), column.unit
    name = f"năm {name}" if table.columns[0].key == "year" else name
    number = style.cell(value_column, cast(Cell, value))
    low, high = (style.quantity(x, unit, column.decimals) for x in (span.low, span.high))
    parts = [f"Với độ tin cậy 95%, số thật của {name} nằm từ {low} đến {high} (kết quả {number})"]
    place, places = cells.get("place"), cells.get("range")
    if place and places and not isinstance(place[1], Missing):
        parts.append(f"thứ hạng {place[1]}, có thể trong khoảng {places[1]}")
    if (group := cells.get("against")) and not isinstance(group[1], Missing):
        parts.append(f"{group[1]} với mức chung" if "khác" in str(group[1]) else str(group[1]))
    if (flag := cells.get("flag")) and (word := FLAG_WORDS.get(cast(Flag, flag[1]))):
        parts.append(word)
    return "; ".join(parts) + "."


def _told(section: Section) -> Section:
    return replace(section, blocks=tuple(_block(block) for block in section.blocks))


def _block(block: Block) -> Block:
    match block:
        case ReportTable() | IntervalFigure():
            return replace(block, columns=tuple(_column(column) for column in block.columns))
        case Box() if block.table is not None:
            columns = tuple(_column(column) for column in block.table.columns)
            return replace(block, table=replace(block.table, columns=columns))
        case _:
            return block


def _column(column: Column) -> Column:
    return replace(column, reading=reading(column))


def _glossary(report: Report) -> ReportTable:
    rows = dict.fromkeys((*_columns(report), *_words()))
    return ReportTable(
        code="readings",
        title="Cách đọc các con số",
        columns=(Column("name", "Cột hoặc ghi chú", "text"), Column("read", "Cách đọc", "text")),
        rows=tuple(rows),
    )


def _columns(report: Report) -> Iterator[tuple[str, str]]:
    """Name each reading once, by all titles that have it."""
    titles: dict[str, dict[str, None]] = {}
    for table in report.tables():
        for column in table.columns:
            if column.reading:
                titles.setdefault(column.reading, {})[column.title] = None
    for sentence, names in titles.items():
        yield (
            "; ".join(list(names)[:_MOST_NAMES]) + ("; …" if len(names) > _MOST_NAMES else ""),
            sentence,
        )


_MOST_NAMES = 4


def _words() -> Iterator[tuple[str, str]]:
    yield from ((f"«{FLAG_WORDS[flag]}»", text) for flag, text in FLAGS.items() if FLAG_WORDS[flag])
    yield from ((f"«{word}»", text) for word, text in HIDDEN.items())
