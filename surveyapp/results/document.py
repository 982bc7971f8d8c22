"""The report of a run: what was asked, what came out, what it means, and what it does not."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.report import (
    Box,
    Cell,
    Column,
    Paragraph,
    Report,
    ReportTable,
    Section,
)
from questionnaires.method import INDEX, MethodVersion
from questionnaires.types import Questionnaire
from surveyapp.clock import local_day
from surveyapp.exports.collation import name_key
from surveyapp.exports.numbers import NumberStyle, day
from surveyapp.models import (
    ResultRun,
    SampleDraw,
    Survey,
    SurveyGroup,
    Unit,
)
from surveyapp.results import (
    comparing,
    draws_told,
    gate,
    opinions,
    other_tables,
    overview,
    published,
    readings,
    recheck_tables,
    service,
    tables,
    targets,
    trends,
    wording,
)
from surveyapp.results.checking import quality_tables
from surveyapp.results.method_titles import method_title
from surveyapp.results.response_table import response_table
from surveyapp.results.reviewed import left_out_table
from surveyapp.surveys.labels import EXCLUSION_TITLES

Block = Paragraph | ReportTable | Box
_COUNT = NumberStyle().count


def build(db: Session, survey: Survey, run: ResultRun) -> Report:
    """Build the report of a run."""
    found = {group["code"]: group for group in run.content["groups"]}
    is_counter = survey.kind == "counter"
    told: list[Block] = [*(opinions.scope(run) if is_counter else _scope(db, survey, run))]
    titles = {group.code: group.title for group in survey.groups}
    groups = run.content["groups"]
    told += [*response_table(titles, groups), *left_out_table(titles, groups)]
    sections = [Section("Phạm vi và cách thực hiện", tuple(told))]
    annexes = []
    for group in survey.groups:
        part = _Group(db, group, found[group.code])
        sections.append(Section(group.title, part.main()))
        annexes += (
            [Section(f"{group.title}: chi tiết", blocks)] if (blocks := part.detail()) else []
        )
        annexes += part.more()
    sections.append(Section("Cơ quan không đo lường", (_excluded(survey),)))
    if not is_counter:
        if drawn := draws_told.draw_tables(db, survey):
            annexes.append(Section("Chọn mẫu", tuple(drawn)))
        checked = _checked(db, survey, found)
        recheckers = run.content.get("recheckers", [])
        sections.append(Section("Phúc tra độc lập", recheck_tables.blocks(checked, recheckers)))
        if measures := recheck_tables.annex(checked):
            annexes.append(Section("Phúc tra: các thước đo", measures))
    annexes.append(Section("Chất lượng thu phiếu", quality_tables(db, survey)))
    figures = (
        () if is_counter else (*published.boxes(db, _triples(db, survey)), *trends.of_documents(db))
    )
    if figures:
        sections.append(Section("Số liệu của nơi khác công bố", figures))
    lead = db.get(Unit, survey.lead_unit_id) if survey.lead_unit_id else None
    report = Report(
        code=f"results-{survey.code}",
        title=f"Kết quả {survey.title[:1].lower()}{survey.title[1:]}",
        agency=("ỦY BAN NHÂN DÂN TỈNH", lead.name.upper() if lead else "SỞ NỘI VỤ"),
        number=survey.decision_number or "",
        issued_on=survey.decision_on,
        place=survey.plan.get("province") or "................",
        sections=tuple(sections),
        annexes=tuple(annexes),
        simulated=survey.is_practice,
        recipients=("Ủy ban nhân dân tỉnh (báo cáo)", "Hội đồng thẩm định", "Lưu: VT"),
        decimals=2,
    )
    return readings.told(report)


def cards(db: Session, survey: Survey, run: ResultRun) -> list[overview.Card]:
    """Sum up every group for the first screen, with the anchor of its part of the page."""
    found = {group["code"]: group for group in run.content["groups"]}
    told = []
    for place, group in enumerate(survey.groups, 2):  # the first part tells the scope
        content, anchor = found[group.code], f"part-{place}"
        if content["kind"] in ("nothing", "opinions"):
            told.append(overview.counted(anchor, group.title, content))
        else:
            breakdown = _Group(db, group, content).breakdown()
            told.append(overview.card(anchor, group.title, content, breakdown))
    return told


def _triples(db: Session, survey: Survey) -> set[trends.Triple]:
    """Return publisher, population and method version of the survey's groups."""
    return {trends.triple_of(service.method_of(db, group)) for group in survey.groups}


def _scope(db: Session, survey: Survey, run: ResultRun) -> list[Paragraph]:
    """Say what was asked of whom, how it was drawn, and how numbers are to be read."""
    groups = run.content["groups"]
    issued, received = (sum(group[key] for group in groups) for key in ("issued", "received"))
    rate = NumberStyle(decimals=1).percent(100 * received / issued) if issued else "0%"
    planned = _COUNT(sum(group.quota for group in survey.groups))
    draw = db.scalar(
        select(SampleDraw)
        .where(SampleDraw.survey_id == survey.id, SampleDraw.drawn_at.is_not(None))
        .order_by(SampleDraw.id.desc())
        .limit(1)
    )
    texts = [
        f"Kế hoạch {planned} phiếu; đã phát {_COUNT(issued)} phiếu, thu về {_COUNT(received)} "
        f"phiếu hợp lệ, đạt {rate}."
    ]
    if draw is not None and draw.protocol is not None:
        drawn_on = day(local_day(draw.drawn_at)) if draw.drawn_at else ""
        texts.append(
            f"Mẫu được chọn ngẫu nhiên ngày {drawn_on} với hạt giống «{draw.told_seed}» "
            f"({draw.protocol['label']}); danh sách chọn mẫu có mã kiểm tra "
            f"{draw.frame_sha256[:16]}…. Bất kỳ ai có danh sách và biên bản đều chọn lại được "
            "đúng mẫu này."
        )
    texts += [wording.NON_RESPONSE, wording.MISSING_ANSWERS]
    texts.append(
        f"Tính ngày {day(local_day(run.made_at))}, phiên bản chương trình "
        f"{run.code_version}, mã kiểm tra câu trả lời {run.answers_sha256[:16]}…."
    )
    return [Paragraph(text) for text in texts]


class _Group:
    """The sections of one group of agencies."""

    def __init__(self, db: Session, group: SurveyGroup, found: Mapping[str, Any]) -> None:
        self.db, self.group, self.found = db, group, found
        self.method = service.method_of(db, group)
        self.questionnaire = service.questionnaire_of(db, group)
        self.agencies = tuple(
            tables.Agency(agency.code, agency.title, agency.is_conductor)
            for agency in sorted(group.agencies, key=lambda agency: name_key(agency.title))
            if agency.exclusion is None
        )

    def main(self) -> tuple[Any, ...]:
        """Return figure, table and the sentences on how to read them."""
        if self.found["kind"] == "nothing":
            return (Paragraph("Chưa nhận được phiếu nào.", strong=True),)
        if self.found["kind"] == "points":
            return self._points()
        if self.found["kind"] == "opinions":
            return self._opinions()
        return self._satisfaction()

    def detail(self) -> tuple[Any, ...]:
        """Return the tables of the annex."""
        if self.found["kind"] == "nothing":
            return ()
        if self.found["kind"] == "opinions":
            code, agencies = _key(self.group), opinions.heard(self.found, self.agencies)
            return tuple(opinions.level_table(code, agencies, item) for item in self._counts())
        blocks: list[Any] = [tables.component_table(self.breakdown())]
        if self.found["kind"] == "satisfaction":
            title = f"Từng tiêu chí thành phần, {tables.WHOLE.lower()}"
            components = [
                [(code, _label(self.questionnaire, code)) for code in part.items]
                for part in self.method.components
            ]
            key, found = f"{_key(self.group)}-items", self.found["estimates"]
            blocks.append(tables.item_table(key, title, components, found))
        blocks += comparing.funnel(self.breakdown(), self.found["ranks"])
        return (*blocks, *comparing.sensitivity_table(self.breakdown(), self.found["sensitivity"]))

    def more(self) -> list[Section]:
        """Return the annex of the questions outside the index."""
        given = (self.questionnaire, self.method)
        blocks = other_tables.blocks(_key(self.group), self.found, given, self.agencies)
        return [Section(f"{self.group.title}: các câu hỏi khác", tuple(blocks))] if blocks else []

    def breakdown(self) -> tables.Breakdown:
        """Return the agencies with their figures behind the gate."""
        if self.found["kind"] == "points":
            total = (self.found["total"], "Tổng điểm")
            estimates, unit = self.found["estimates"], "điểm"
            title = "Điểm điều tra xã hội học"
        else:
            total = (INDEX, "Chỉ số hài lòng")
            estimates, unit = self.found["estimates"][self.found["measure"]], "%"
            title = "Chỉ số hài lòng theo cơ quan"
        parts = ((part.code, part.title["vi"]) for part in self.method.components)
        return tables.Breakdown(
            _key(self.group), f"{title}: {self.group.title}", self.agencies, (total, *parts),
            estimates, unit, self.found["ranks"]["agencies"],
            self.found.get("mean"),
        )  # fmt: skip

    def _points(self) -> tuple[Any, ...]:
        maximum = NumberStyle(decimals=0).number(self.found["max_points"])
        number = "Số người đánh giá"
        breakdown = self.breakdown()
        return (
            Paragraph(
                f"Thu về {_COUNT(self.found['received'])} trên {_COUNT(self.found['issued'])} "
                f"phiếu đã phát. Mỗi phiếu là của một người, đánh giá một hoặc nhiều cơ quan. Điểm "
                f"tối đa là {maximum}."
            ),
            tables.figure(breakdown, number=number),
            tables.agency_table(breakdown, number=number),
            *comparing.pairs(self.found["ranks"]),
            Paragraph(wording.PLACES),
            Paragraph(wording.WITHOUT_CORRECTION),
            *self._trend(),
            *self._notes(),
        )

    def _counts(self) -> list[opinions.Counts]:
        heard = opinions.heard(self.found, self.agencies)
        return opinions.counts_of(self.found, self.questionnaire, self.method, heard)

    def _opinions(self) -> tuple[Any, ...]:
        heard = opinions.heard(self.found, self.agencies)
        group = (_key(self.group), self.group.title)
        silent = [agency.title for agency in self.agencies if agency not in heard]
        return (
            Paragraph(f"Nhận được {_COUNT(self.found['received'])} phiếu tại quầy."),
            opinions.share_table(group, self.found, heard, self._counts()),
            *([Paragraph(f"Không có phiếu nào: {'; '.join(silent)}.")] if silent else []),
        )

    def _satisfaction(self) -> tuple[Any, ...]:
        number = "Số phiếu"
        breakdown = self.breakdown()
        return (
            Paragraph(
                f"Thu về {_COUNT(self.found['received'])} trên {_COUNT(self.found['issued'])} "
                f"phiếu đã phát. Chỉ số là {wording.MEASURES[self.found['measure']].lower()} của "
                f"{len(self.method.items)} tiêu chí thành phần."
            ),
            tables.figure(breakdown, number=number),
            tables.agency_table(breakdown, number=number),
            *comparing.pairs(self.found["ranks"]),
            Paragraph(wording.PLACES),
            Paragraph(wording.WITH_CORRECTION),
            *self._targets(breakdown),
            *self._trend(),
            *self._notes(),
        )

    def _targets(self, breakdown: tables.Breakdown) -> list[ReportTable]:
        key = (_key(self.group), self.group.survey.year)
        whole = breakdown.found[gate.WHOLE]
        return targets.target_table(self.db, key, self.method, breakdown.columns, whole)

    def _trend(self) -> list[trends.Block]:
        return trends.of_group(self.db, self.group, self.method, self.found)

    def _notes(self) -> list[Paragraph]:
        notes = [Paragraph(note) for note in self.found.get("notes", ())]
        return [*notes, *([Paragraph(_one_line(self.method))] if self.method.note else [])]


def _one_line(method: MethodVersion) -> str:
    return f"Phương pháp {method_title(method)}: {' '.join((method.note or '').split())}"


def _excluded(survey: Survey) -> ReportTable:
    rows: list[tuple[Cell, ...]] = []
    for agency in sorted(survey.agencies, key=lambda agency: name_key(agency.title)):
        if agency.exclusion is None:
            continue
        title = EXCLUSION_TITLES[agency.exclusion]
        reason = title[:1].upper() + title[1:]
        if agency.exclusion_count is not None and agency.exclusion_threshold is not None:
            reason += (
                f": {_COUNT(agency.exclusion_count)} giao dịch, ngưỡng "
                f"{_COUNT(agency.exclusion_threshold)}"
            )
        rows.append((agency.title, reason))
    return ReportTable(
        code="excluded",
        title="Cơ quan không đo lường và lý do",
        columns=(Column("agency", "Cơ quan", "text"), Column("reason", "Lý do", "text")),
        rows=tuple(rows),
        notes=() if rows else ("Không có cơ quan nào bị loại khỏi phạm vi đo lường.",),
    )


def _checked(
    db: Session, survey: Survey, found: Mapping[str, Mapping[str, Any]]
) -> list[recheck_tables.Checked]:
    return [
        recheck_tables.Checked(
            group.title,
            service.questionnaire_of(db, group),
            service.method_of(db, group),
            found[group.code].get("recheck", {}),
        )
        for group in survey.groups
    ]


def _label(questionnaire: Questionnaire, code: str) -> str:
    return questionnaire.item(code).short_text["vi"]


def _key(group: SurveyGroup) -> str:
    return group.code.replace("_", "-")
