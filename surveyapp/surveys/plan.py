"""The plan of a survey (kế hoạch): groups of agencies, quotas, raters; read from TOML."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from surveyapp.models.survey import KINDS
from surveyapp.surveys import plan_rating
from surveyapp.surveys.names import slug, spelling
from surveyapp.surveys.plan_reading import PlanError, PlanProblem, PlanTable, parse
from surveyapp.surveys.plan_weights import read_weights

#: "tối đa 10% tổng số phiếu".
RECHECK_LIMIT = 0.10
#: A transaction list shorter than this is proposed for exclusion, where the plan says nothing.
MIN_TRANSACTIONS = 30
LONGEST_NAME = 200
LONGEST_CONTACT = 120
#: Whom a rater rates.
RATES = ("all", "own_unit", "own_line", "list")
#: What a questionnaire of the plan is: one rater's form, or one rating of one agency.
COUNTS = ("forms", "ratings")
ALLOCATIONS = ("equal", "proportional")
_ROOT = (
    "survey",
    "title",
    "kind",
    "year",
    "deadline",
    "province",
    "lead_agency",
    "contact",
    "total_planned",
    "questionnaire_counts",
    "allocation",
    "min_transactions",
    "recheck",
    "groups",
)
_RECHECK_TEXTS = ("items", "facts", "hard", "leave_out")
_RECHECK = ("title", "max_share", "planned", "tolerance", *_RECHECK_TEXTS)
_GROUP = (
    "code",
    "title",
    "questionnaires",
    "agencies_per_form",
    "questionnaire",
    "method",
    "units_valid_from",
    "units_valid_to",
    "raters",
    "agencies",
    "margins",
    "weight_bounds",
)
_RATERS = ("code", "title", "rates", "ratings", "agencies")


@dataclass(frozen=True, slots=True)
class PlanRaters:
    """Persons of one kind, and whom each of them rates."""

    code: str
    title: str
    rates: str


@dataclass(frozen=True, slots=True)
class PlanGroup:
    """Agencies with one questionnaire and one number of forms; raters in a sociological survey."""

    code: str
    title: str
    quota: int
    questionnaire: str
    method: str
    raters: tuple[PlanRaters, ...]
    agencies: tuple[str, ...]
    units_valid_from: date | None
    units_valid_to: date | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan without faults; `notes` say in Vietnamese what an official should look at."""

    code: str
    title: str
    kind: str
    year: int
    deadline: date | None
    lead_agency: str
    total_planned: int | None
    allocation: str
    min_transactions: int
    recheck_max_share: float
    recheck_planned: int | None
    groups: tuple[PlanGroup, ...]
    notes: tuple[str, ...]
    #: The file's own content as JSON values; its digest names the plan.
    content: dict[str, Any]

    @property
    def quota(self) -> int:
        """Forms of all groups, without the re-check."""
        return sum(group.quota for group in self.groups)


def load_plan(text: str) -> Plan:
    """Read a plan, or raise PlanError with all its faults."""
    content = parse(text)
    problems: list[PlanProblem] = []
    root = PlanTable(problems, "đầu tệp", content, _ROOT)
    kind = root.among("kind", KINDS, "sociological")
    recheck = PlanTable(problems, "mục [recheck]", root.table("recheck"), _RECHECK)
    #: Nobody knows who answered at a counter, so that nobody can be asked again.
    limit = 0.0 if kind == "counter" else RECHECK_LIMIT
    counts = root.among("questionnaire_counts", COUNTS, "forms")
    groups = tuple(
        _group(problems, row, (number, counts), kind)
        for number, row in enumerate(root.tables("groups"), 1)
    )
    recheck.text("title", needed=False)
    for key in _RECHECK_TEXTS:
        if key in recheck.values:
            recheck.texts(key)
    _check_tolerance(recheck)
    root.text("province", needed=False, longest=60)
    root.text("contact", needed=False, longest=LONGEST_CONTACT)
    plan = Plan(
        code=root.code("survey"),
        title=root.text("title"),
        kind=kind,
        year=_year(root),
        deadline=root.day("deadline"),
        lead_agency=root.text("lead_agency", needed=False, longest=200),
        total_planned=root.count("total_planned", needed=False),
        allocation=root.among("allocation", ALLOCATIONS, "equal"),
        min_transactions=root.count("min_transactions", needed=False) or MIN_TRANSACTIONS,
        recheck_max_share=recheck.share("max_share", limit),
        recheck_planned=recheck.count("planned", needed=False),
        groups=groups,
        notes=(),
        content=_json(content),
    )
    _check_whole(root, plan)
    if problems:
        raise PlanError(problems)
    return _with_notes(plan)


def _check_tolerance(recheck: PlanTable) -> None:
    for item, places in recheck.table("tolerance").items():
        if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= 9:
            recheck.fault(
                "SURVEY-135",
                f"Độ lệch cho phép của câu «{item}» phải là số nguyên từ 0 đến 9.",
                "Viết số bậc trên thang trả lời, ví dụ 1.",
            )


def _year(root: PlanTable) -> int:
    year = root.count("year")
    if year is not None and not 2000 <= year <= 2100:
        root.fault("SURVEY-109", f"Năm {year} không hợp lý.", "Viết năm khảo sát, ví dụ 2024.")
    return year or 0


def _group(
    problems: list[PlanProblem], row: dict[str, Any], place: tuple[int, str], kind: str
) -> PlanGroup:
    number, counts = place
    table = PlanTable(problems, f"nhóm «{row.get('code') or f'thứ {number}'}»", row, _GROUP)
    agencies = _agencies(table)
    raters = tuple(
        _raters(table, entry, n, agencies) for n, entry in enumerate(table.tables("raters"), 1)
    )
    most = plan_rating.read_most(table)
    read_weights(table, kind)
    if kind == "sociological" and not raters:
        table.fault(
            "SURVEY-110", "Nhóm chưa có người đánh giá.", "Thêm ít nhất một mục vào «raters»."
        )
    if kind != "sociological" and raters:
        table.fault(
            "SURVEY-111",
            "Khảo sát người dân, tổ chức không có «raters».",
            'Bỏ «raters», hoặc viết kind = "sociological" ở đầu tệp.',
        )
    _no_repeat(table, "nhóm người đánh giá", [r.code for r in raters])
    start, end = table.day("units_valid_from"), table.day("units_valid_to")
    if start and end and start >= end:
        table.fault(
            "SURVEY-118",
            "Đơn vị hết hiệu lực trước khi bắt đầu.",
            "Viết units_valid_to sau units_valid_from.",
        )
    return PlanGroup(
        code=table.code("code"),
        title=table.text("title"),
        quota=_quota(table, kind, raters if counts == "ratings" else (), (len(agencies), most)),
        questionnaire=table.code("questionnaire"),
        method=table.code("method"),
        raters=raters,
        agencies=agencies,
        units_valid_from=start,
        units_valid_to=end,
    )


def _quota(
    table: PlanTable, kind: str, rated_by: Sequence[PlanRaters], agencies: tuple[int, int | None]
) -> int:
    """Return the forms of a group; where the plan counts ratings, as many as give these."""
    if kind != "counter":
        quota = table.count("questionnaires") or 0
        rules = [raters.rates for raters in rated_by]
        return plan_rating.forms_for(table, quota, rules, agencies) if rules else quota
    if "questionnaires" in table.values:
        table.fault(
            "SURVEY-120",
            "Ý kiến tại quầy không chọn mẫu nên không có chỉ tiêu số phiếu.",
            "Bỏ dòng «questionnaires».",
        )
    return 0


def _agencies(table: PlanTable) -> tuple[str, ...]:
    names = table.texts("agencies")
    if not names:
        table.fault(
            "SURVEY-112", "Nhóm chưa có cơ quan nào.", "Thêm tên các cơ quan vào «agencies»."
        )
    for name in names:
        if not slug(name) or len(name) > LONGEST_NAME:
            table.fault(
                "SURVEY-113",
                f"Tên cơ quan «{name[:40]}» không dùng được.",
                f"Viết tên có chữ, không quá {LONGEST_NAME} ký tự.",
            )
    return names


def _raters(
    group: PlanTable, row: dict[str, Any], number: int, agencies: Sequence[str]
) -> PlanRaters:
    name = row.get("code") or f"thứ {number}"
    table = PlanTable(group.problems, f"{group.place}, người đánh giá «{name}»", row, _RATERS)
    rates = table.among("rates", RATES)
    plan_rating.read_ratings(table, agencies)
    plan_rating.read_listed(table, rates, agencies)
    return PlanRaters(table.code("code"), table.text("title"), rates)


def _no_repeat(table: PlanTable, what: str, values: Iterable[str]) -> None:
    for value, times in Counter(value for value in values if value).items():
        if times > 1:
            table.fault(
                "SURVEY-114", f"Mã {what} «{value}» dùng {times} lần.", "Mỗi mã chỉ dùng một lần."
            )


def _check_whole(root: PlanTable, plan: Plan) -> None:
    if not plan.groups:
        root.fault("SURVEY-115", "Kế hoạch chưa có nhóm nào.", "Thêm ít nhất một mục [[groups]].")
    _no_repeat(root, "nhóm", [group.code for group in plan.groups])
    names: dict[str, str] = {}
    for group in plan.groups:
        for agency in group.agencies:
            before = names.get(spelling(agency))
            if before is not None:
                root.fault(
                    "SURVEY-116",
                    f"Cơ quan «{agency}» đứng hai lần (nhóm «{before}» và «{group.code}»).",
                    "Mỗi cơ quan chỉ thuộc một nhóm: bỏ chỗ thừa.",
                )
            names[spelling(agency)] = group.code
    _check_raters(root, plan)


def _check_raters(root: PlanTable, plan: Plan) -> None:
    """One code means the same persons in every group."""
    titles: dict[str, str] = {}
    for raters in (raters for group in plan.groups for raters in group.raters):
        known = titles.setdefault(raters.code, raters.title)
        if spelling(known) != spelling(raters.title):
            root.fault(
                "SURVEY-117",
                f"Nhóm người đánh giá «{raters.code}» có hai tên: «{known}» và «{raters.title}».",
                "Dùng một tên cho một mã, hoặc đổi mã.",
            )


def _with_notes(plan: Plan) -> Plan:
    notes = []
    together = plan.quota + (plan.recheck_planned or 0)
    if plan.content.get("questionnaire_counts") == "ratings":
        forms = "; ".join(f"{group.title}: {group.quota} phiếu" for group in plan.groups)
        notes.append(f"Kế hoạch đếm lượt đánh giá; quy ra số phiếu phát: {forms}.")
    elif plan.total_planned not in (None, plan.quota, together):
        notes.append(
            f"Tổng ghi trong kế hoạch là {plan.total_planned} phiếu, nhưng các nhóm và phúc tra "
            f"cộng lại là {together}. Chương trình dùng số của từng nhóm."
        )
    if plan.deadline is None:
        notes.append("Kế hoạch chưa ghi hạn hoàn thành (deadline).")
    return replace(plan, notes=tuple(notes))


def _json(value: Any) -> Any:  # noqa: ANN401  parsed TOML is untyped
    """Return the values with days as texts, as JSON has none."""
    if isinstance(value, dict):
        return {key: _json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_json(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value
