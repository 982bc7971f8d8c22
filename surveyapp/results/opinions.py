"""Opinions at the counter: counts and shares of those who wanted to answer, behind the gate.

Nobody was drawn, so nothing is estimated: no interval, no place, no trend (method.md, section 5).
Answers that an official entered are counted apart and are in no share.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.disclosure import MINIMUM_BASE, MINIMUM_DISTRIBUTION
from analysis.report import Cell, Column, Missing, Paragraph, ReportTable
from questionnaires.method import MethodVersion
from questionnaires.types import Item, Questionnaire
from surveyapp.exports.numbers import NumberStyle, day
from surveyapp.models import FormReview, RatedAgency, Response, ResultRun, SurveyGroup
from surveyapp.results import gate, other_questions, wording
from surveyapp.results.answers import LEFT_OUT
from surveyapp.results.publishing import earlier_counts
from surveyapp.results.tables import WHOLE, Agency

#: The item that says who holds the tablet, and its answer for officials.
HOLDER, OFFICIAL = "holder", "official"
NOBODY = "không có phiếu"
CAVEAT = (
    "Đây là ý kiến của những người muốn trả lời trên máy tại quầy, không phải ước lượng cho mọi "
    "người đến giao dịch: không ai được chọn ngẫu nhiên. Vì vậy chỉ có số đếm và tỷ lệ; không có "
    "khoảng tin cậy, không xếp hạng, không so sánh giữa các cơ quan hay giữa các năm."
)
APART = (
    "Phiếu do cán bộ bấm máy giúp được đếm riêng và không tính vào tỷ lệ nào, vì trước mặt cán bộ "
    "người dân khó nói điều không hài lòng."
)
NO_RECHECK = "Ý kiến tại quầy không có phúc tra: không ai biết ai đã trả lời để hỏi lại."
HIDDEN = (
    f"Tỷ lệ cần ít nhất {MINIMUM_BASE} câu trả lời, phân bố theo từng mức cần ít nhất "
    f"{MINIMUM_DISTRIBUTION}; ít hơn thì không công bố. «{gate.PROTECTING}»: nếu nêu thì lấy cả "
    "nhóm trừ đi sẽ ra ý kiến của quá ít người."
)
_COUNT = NumberStyle().count


@dataclass(frozen=True, slots=True)
class WalkIn:
    """A form from a tablet at a counter: its random id, the agency there, who helped, answers."""

    number: str
    agency: str
    assisted: str
    answers: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WalkIns:
    """The forms of a group that nobody was drawn for; `received` counts those left out too."""

    forms: Sequence[WalkIn]
    received: int
    sha256: str


def walk_ins(db: Session, group: SurveyGroup) -> WalkIns:
    """Read the released forms from the counters of the agencies of a group."""
    forms = db.execute(
        select(
            FormReview.state,
            Response.id,
            Response.device_agency,
            Response.assisted,
            Response.answers,
        )
        .outerjoin(FormReview, FormReview.response_id == Response.id)
        .join(
            RatedAgency,
            (RatedAgency.survey_id == Response.survey_id)
            & (RatedAgency.code == Response.device_agency),
        )
        .where(RatedAgency.group_id == group.id, Response.cell_id.is_(None))
    ).all()
    rows = [form for state, *form in forms if state != LEFT_OUT]
    written = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for _, *row in rows)
    digest = hashlib.sha256("\n".join(written).encode()).hexdigest()
    return WalkIns([WalkIn(*row) for row in rows], len(forms), digest)


def opinions(
    walked: WalkIns,
    given: tuple[MethodVersion, Questionnaire],
    earlier: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Count the released opinions of a group; return plain values (JSON).

    `agencies` holds, for every agency with answers, the forms that visitors filled in (`own`)
    and those of officials (`assisted`); `items`, by item and row (agency, or "" for all), the
    number of answers (`base`) and the counts that are shown, or the rule that hides them;
    `others` the questions outside the index. `earlier` are the same contents of earlier runs.
    """
    method, questionnaire = given
    agencies = sorted({form.agency for form in walked.forms})
    own = [
        form for form in walked.forms if OFFICIAL not in (form.assisted, form.answers.get(HOLDER))
    ]
    total, filled = (Counter(form.agency for form in forms) for forms in (walked.forms, own))
    before = earlier_counts(earlier)
    return {
        "kind": "opinions" if walked.forms else "nothing",
        "issued": 0,
        "received": walked.received,
        "agencies": {
            agency: {"own": filled[agency], "assisted": total[agency] - filled[agency]}
            for agency in agencies
        },
        "items": {
            code: _published(
                (agencies, own),
                questionnaire.item(code),
                method.satisfied,
                before.get(code, gate.Earlier()),
            )
            for code in method.items
        },
    } | other_questions.of_walk_ins(
        [_given(form, questionnaire) for form in own], (questionnaire, method), earlier
    )


def _given(form: WalkIn, questionnaire: Questionnaire) -> other_questions.Given:
    shown = other_questions.shown_items(questionnaire, form.answers)
    return other_questions.Given(form.agency, form.number, "", form.answers, shown)


def _published(
    forms: tuple[Sequence[str], Sequence[WalkIn]],
    item: Item,
    satisfied: Sequence[str],
    earlier: gate.Earlier,
) -> dict[str, dict[str, Any]]:
    """Pass the counts of one item through the gate, with their sum."""
    options = item.option_codes
    answered = [form for form in forms[1] if form.answers.get(item.code) in options]
    rows = {agency: [form for form in answered if form.agency == agency] for agency in forms[0]}
    rows[gate.WHOLE] = answered
    table, members = {}, {}
    for row, there in rows.items():
        ticked = Counter(form.answers[item.code] for form in there)
        table[row] = {option: ticked[option] for option in options}
        members[row] = gate.members(form.number for form in there)
    bases = {
        (row, key): gate.Basis(sum(counts.values()), members[row])
        for row, counts in table.items()
        for key in (*counts, "satisfied")
    }
    stay = earlier.kept_hidden(bases)
    hidden = gate.hidden_counts(table, satisfied, sensitive=item.sensitive, earlier=stay)
    result = {}
    for row, counts in table.items():
        shares = {**counts, "satisfied": sum(counts[option] for option in satisfied)}
        shown = {key: hidden.get((row, key), n) for key, n in shares.items()}
        base = sum(counts.values())
        result[row] = {"base": base, "counts": shown, "members": members[row]}
    return result


@dataclass(frozen=True, slots=True)
class Counts:
    """The published counts of one item by agency; the whole has the code ""."""

    item: Item
    rows: Mapping[str, Mapping[str, Any]]

    def base(self, agency: str) -> int:
        """Return the number of valid answers."""
        return int(self.rows[agency]["base"])

    def share(self, agency: str, key: str, least: int) -> Cell:
        """Return the share of an option or of "satisfied", 0 to 100, or why it is not shown."""
        base = self.base(agency)
        if not base:
            return Missing(NOBODY)
        shown = self.rows[agency]["counts"][key]
        if isinstance(shown, str):
            return Missing(gate.reason(shown, least))
        return 100 * int(shown) / base


def heard(found: Mapping[str, Any], agencies: Sequence[Agency]) -> list[Agency]:
    """Return the agencies on which there are opinions."""
    return [agency for agency in agencies if agency.code in found["agencies"]]


def counts_of(
    found: Mapping[str, Any],
    questionnaire: Questionnaire,
    method: MethodVersion,
    agencies: Sequence[Agency],
) -> list[Counts]:
    """Return the counts of every satisfaction item."""
    return [
        Counts(
            questionnaire.item(code),
            {row: found["items"][code][row] for row in (*(a.code for a in agencies), "")},
        )
        for code in method.items
    ]


def share_table(
    group: tuple[str, str],
    found: Mapping[str, Any],
    agencies: Sequence[Agency],
    items: Sequence[Counts],
) -> ReportTable:
    """Tabulate forms, forms of officials, and the share satisfied with each item by agency.

    `group` is the code and the title of the group.
    """
    numbers = {
        key: {agency.code: found["agencies"][agency.code][key] for agency in agencies}
        for key in ("own", "assisted")
    }
    rows: list[tuple[Cell, ...]] = [
        (
            agency.label,
            *(
                each[agency.code] if agency.code else sum(each.values())
                for each in numbers.values()
            ),
            *(item.share(agency.code, "satisfied", MINIMUM_BASE) for item in items),
        )
        for agency in _with_whole(agencies)
    ]
    return ReportTable(
        code=f"{group[0]}-opinions",
        title=f"{wording.MEASURES['share_satisfied']}: {group[1]}",
        columns=(
            Column("agency", "Cơ quan", "text"),
            Column("own", "Phiếu tự trả lời", "count"),
            Column("assisted", "Cán bộ bấm giúp", "count"),
            *(
                Column(each.item.code, each.item.short_text["vi"], "percent", decimals=1)
                for each in items
            ),
        ),
        rows=tuple(rows),
        notes=(HIDDEN,),
        summary_rows=frozenset({len(rows) - 1}),
    )


def level_table(code: str, agencies: Sequence[Agency], counts: Counts) -> ReportTable:
    """Tabulate the answers to one item by option and agency."""
    item = counts.item
    rows: list[tuple[Cell, ...]] = [
        (
            agency.label,
            counts.base(agency.code),
            *(
                counts.share(agency.code, option, MINIMUM_DISTRIBUTION)
                for option in item.option_codes
            ),
            counts.share(agency.code, "satisfied", MINIMUM_BASE),
        )
        for agency in _with_whole(agencies)
    ]
    return ReportTable(
        code=f"{code}-opinions-{item.code}",
        title=f"{item.short_text['vi']}: câu trả lời theo mức",
        columns=(
            Column("agency", "Cơ quan", "text"),
            Column("n", "Số câu trả lời", "count"),
            *(
                Column(f"level_{option.code}", option.text["vi"], "percent", decimals=1)
                for option in item.options
            ),
            Column("satisfied", "Mức 4 và 5", "percent", decimals=1),
        ),
        rows=tuple(rows),
        notes=(HIDDEN,),
        summary_rows=frozenset({len(rows) - 1}),
    )


def _with_whole(agencies: Sequence[Agency]) -> list[Agency]:
    return [*agencies, Agency("", WHOLE)]


def scope(run: ResultRun) -> list[Paragraph]:
    """Say who answered, what this is not, and what it was counted from."""
    received = sum(group["received"] for group in run.content["groups"])
    assisted = sum(
        counts["assisted"]
        for group in run.content["groups"]
        for counts in group["agencies"].values()
    )
    return [
        Paragraph(CAVEAT, strong=True),
        Paragraph(
            f"Nhận được {_COUNT(received)} phiếu trên máy tại quầy, trong đó "
            f"{_COUNT(assisted)} phiếu do cán bộ bấm giúp. Không có danh sách chọn mẫu, không có "
            "chỉ tiêu số phiếu, không có tỷ lệ trả lời."
        ),
        Paragraph(APART),
        Paragraph(wording.MISSING_ANSWERS.replace("không tính vào điểm", "không tính vào tỷ lệ")),
        Paragraph(NO_RECHECK),
        Paragraph(
            f"Lần tính số {run.id} ngày {day(run.made_at.date())}, phiên bản chương trình "
            f"{run.code_version}, mã kiểm tra câu trả lời {run.answers_sha256[:16]}…."
        ),
    ]
