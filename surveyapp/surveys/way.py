"""The way of a survey on its first page: steps done, now and later, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.clock import VIETNAM
from surveyapp.exports.numbers import NumberStyle, day
from surveyapp.models import (
    Device,
    Frame,
    Invitation,
    RecheckUnit,
    SampleDraw,
    SampleUnit,
    Survey,
)
from surveyapp.models.survey import STATES
from surveyapp.surveys.progress import progress, received_in_all

_count = NumberStyle().count


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next: a title, a sentence, and the page of the main button."""

    title: str
    sentence: str
    action: str
    endpoint: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of the way: "done", "now" or "later", with one line of facts."""

    number: int
    title: str
    facts: str
    status: str


def next_step(db: Session, survey: Survey) -> NextStep:
    """Say what to do next."""
    if survey.kind == "counter" and survey.state in ("draft", "collecting"):
        return _at_counters(db, survey)
    if survey.state == "draft":
        return _before_draw(db, survey)
    if survey.state == "sampled":
        return _before_collecting(db, survey)
    if survey.state == "collecting":
        return _while_collecting(db, survey)
    return _after_lock(survey)


def _step(survey: Survey, endpoint: str, texts: tuple[str, str, str]) -> NextStep:
    title, sentence, action = texts
    return NextStep(title, sentence, action, endpoint, {"code": survey.code})


def _to(survey: Survey, state: str, texts: tuple[str, str, str]) -> NextStep:
    title, sentence, action = texts
    values = {"code": survey.code, "to": state}
    return NextStep(title, sentence, action, "surveys.advance", values)


def _before_draw(db: Session, survey: Survey) -> NextStep:
    frame = latest_frame(db, survey)
    what = _counted(survey)
    if frame is None:
        texts = (
            "Nhập danh sách chọn mẫu",
            "Tải tệp mẫu, điền danh sách rồi tải lên; chương trình nêu mọi lỗi theo dòng và cột.",
            "Nhập danh sách",
        )
        return _step(survey, "frames.index", texts)
    if frame.frozen_at is None:
        texts = (
            "Xem lại và chốt danh sách",
            f"Danh sách có {_count(frame.pop_size)} {what}, chưa chốt. Chốt rồi mới chọn mẫu được.",
            "Xem danh sách",
        )
        return _step(survey, "frames.index", texts)
    texts = (
        "Chọn mẫu",
        f"Danh sách {_count(frame.pop_size)} {what} đã chốt. Lưu hạt giống trước, rồi chọn mẫu; "
        "ai cũng tính lại được.",
        "Đến bước chọn mẫu",
    )
    return _step(survey, "samples.index", texts)


def _before_collecting(db: Session, survey: Survey) -> NextStep:
    issued = _issued(db, survey)
    if not issued:
        texts = (
            "Giao phiếu và in thư mời",
            "Mỗi người được chọn nhận một mã phiếu dùng một lần.",
            "Đến bước giao phiếu",
        )
        return _step(survey, "fieldwork.index", texts)
    texts = (
        "Bắt đầu thu phiếu",
        f"Đã có {_count(issued)} mã phiếu. Từ bước này mã phiếu nhận được trả lời.",
        "Bắt đầu thu phiếu",
    )
    return _to(survey, "collecting", texts)


def _at_counters(db: Session, survey: Survey) -> NextStep:
    tablets = _tablets(db, survey)
    if not tablets:
        texts = (
            "Ghép máy tính bảng",
            "Mỗi máy gắn với một cơ quan và một quầy. Không chọn mẫu, không cần mã phiếu: ai đến "
            "cũng trả lời được.",
            "Ghép máy",
        )
        return _step(survey, "devices.index", texts)
    if survey.state == "draft":
        texts = (
            "Bắt đầu thu phiếu",
            f"Đã ghép {_count(tablets)} máy. Từ bước này máy nhận ý kiến.",
            "Bắt đầu thu phiếu",
        )
        return _to(survey, "collecting", texts)
    if survey.deadline_on is not None and clock.today() > survey.deadline_on:
        texts = (
            "Khóa số liệu",
            "Đã quá hạn của kế hoạch. Sau khi khóa không nhận thêm phiếu; khóa xong mới tính.",
            "Khóa số liệu",
        )
        return _step(survey, "results.confirm_lock", texts)
    texts = (
        "Theo dõi ý kiến tại quầy",
        f"{_count(tablets)} máy đang dùng, đã nhận {_count(received_in_all(db, survey))} phiếu.",
        "Xem các máy",
    )
    return _step(survey, "devices.index", texts)


def _while_collecting(db: Session, survey: Survey) -> NextStep:
    groups = progress(db, survey)
    short = [group for group in groups if group.is_short]
    over = survey.deadline_on is not None and clock.today() > survey.deadline_on
    if all(group.received >= group.planned for group in groups) or over:
        reason = "Đã quá hạn của kế hoạch." if over else "Các nhóm đã đủ phiếu theo kế hoạch."
        texts = (
            "Khóa số liệu",
            f"{reason} Sau khi khóa không nhận thêm phiếu; khóa xong mới tính điểm.",
            "Khóa số liệu",
        )
        return _step(survey, "results.confirm_lock", texts)
    title = f"Đôn đốc {len(short)} nhóm còn thiếu phiếu" if short else "Theo dõi thu phiếu"
    sentence = (
        "Với tốc độ hiện nay sẽ không đủ phiếu trước hạn: "
        + "; ".join(f"{group.title} ({group.forecast.lower()})" for group in short)
        + "."
        if short
        else f"Đã nhận {_count(sum(g.received for g in groups))} trên "
        f"{_count(sum(g.planned for g in groups))} phiếu."
    )
    return _step(survey, "fieldwork.index", (title, sentence, "Xem tình hình thu phiếu"))


def _after_lock(survey: Survey) -> NextStep:
    if survey.state == "locked":
        texts = ("Tính kết quả", "Số liệu đã khóa; giờ tính chỉ số và lập báo cáo.", "Tính kết quả")
        return _step(survey, "results.index", texts)
    later = {
        "analysed": (
            "appraised",
            "Ghi nhận Hội đồng đã thẩm định",
            "Ghi nhận khi Hội đồng đã thẩm định kết quả.",
        ),
        "appraised": (
            "approved",
            "Ghi quyết định phê duyệt",
            "Ghi số và ngày của quyết định phê duyệt kết quả.",
        ),
        "approved": (
            "published",
            "Công bố kết quả",
            "Sau khi công bố, kết quả không thay đổi nữa.",
        ),
    }
    if survey.state in later:
        to, title, sentence = later[survey.state]
        return _to(survey, to, (title, sentence, title))
    texts = ("Đã công bố", "Cuộc khảo sát đã hoàn thành.", "Xem kết quả")
    return _step(survey, "results.index", texts)


def path(db: Session, survey: Survey) -> list[PathStep]:
    """Return the steps of the way with their facts: seven, or six without a sample."""
    if survey.kind == "counter":
        return _path_at_counters(db, survey)
    frame = latest_frame(db, survey)
    frozen = frame is not None and frame.frozen_at is not None
    here = STATES.index(survey.state)
    done = (
        True,
        frozen or here >= 1,
        here >= STATES.index("sampled"),
        here >= STATES.index("locked"),
        here >= STATES.index("analysed"),
        here >= STATES.index("approved"),
        here >= STATES.index("published"),
    )
    steps = (
        ("Kế hoạch", _plan_facts(survey)),
        ("Danh sách chọn mẫu", _frame_facts(frame, survey)),
        ("Chọn mẫu", _draw_facts(db, survey)),
        ("Thu phiếu và phúc tra", _collecting_facts(db, survey)),
        ("Khóa số liệu, tính chỉ số", _lock_facts(survey)),
        ("Thẩm định, phê duyệt", _approval_facts(survey)),
        ("Công bố", ""),
    )
    return _marked(steps, done)


def _path_at_counters(db: Session, survey: Survey) -> list[PathStep]:
    tablets = _tablets(db, survey)
    here = STATES.index(survey.state)
    reached = ("collecting", "locked", "analysed", "approved", "published")
    done = (True, *(here >= STATES.index(state) for state in reached))
    steps = (
        ("Kế hoạch", _plan_facts(survey)),
        ("Máy tại quầy", f"{_count(tablets)} máy đang dùng" if tablets else "Chưa ghép máy nào"),
        ("Thu ý kiến", _collecting_facts(db, survey)),
        ("Khóa số liệu, tính kết quả", _lock_facts(survey)),
        ("Thẩm định, phê duyệt", _approval_facts(survey)),
        ("Công bố", ""),
    )
    return _marked(steps, done)


def _marked(steps: Sequence[tuple[str, str]], done: Sequence[bool]) -> list[PathStep]:
    now = list(done).index(False) if False in done else len(done)
    return [
        PathStep(i + 1, title, facts, "done" if i < now else "now" if i == now else "later")
        for i, (title, facts) in enumerate(steps)
    ]


def latest_frame(db: Session, survey: Survey) -> Frame | None:
    """Return the newest version of the survey's frame."""
    newest = select(Frame).where(Frame.survey_id == survey.id).order_by(Frame.version.desc())
    return db.scalar(newest.limit(1))


def _issued(db: Session, survey: Survey) -> int:
    valid = (Invitation.survey_id == survey.id, Invitation.is_revoked.is_(False))
    return db.scalar(select(func.count()).where(*valid)) or 0


def _tablets(db: Session, survey: Survey) -> int:
    usable = select(func.count()).where(Device.survey_id == survey.id, Device.revoked_at.is_(None))
    return db.scalar(usable) or 0


def _counted(survey: Survey) -> str:
    """Name what a row of the frame is: a person of two groups stands in it twice."""
    return "lượt người" if survey.kind == "sociological" else "hồ sơ"


def _plan_facts(survey: Survey) -> str:
    left_out = sum(agency.exclusion is not None for agency in survey.agencies)
    tail = f" · {left_out} cơ quan ngoài diện đo lường" if left_out else ""
    if survey.kind == "counter":
        return f"Không chọn mẫu: ai đến cũng trả lời được; không chỉ tiêu, không phúc tra{tail}"
    quotas = " + ".join(_count(group.quota) for group in survey.groups)
    share = f"{survey.recheck_max_share * 100:.0f}%"
    return f"{quotas} phiếu, phúc tra tối đa {share}{tail}"


def _frame_facts(frame: Frame | None, survey: Survey) -> str:
    if frame is None:
        return ""
    size = f"{_count(frame.pop_size)} {_counted(survey)}"
    if frame.frozen_at is None:
        return f"{size}, chưa chốt"
    return f"{size}, chốt ngày {day(frame.frozen_at.astimezone(VIETNAM).date())}"


def _draw_facts(db: Session, survey: Survey) -> str:
    roles = dict(
        db.execute(
            select(SampleUnit.role, func.count())
            .join(SampleDraw, SampleDraw.id == SampleUnit.draw_id)
            .where(SampleDraw.survey_id == survey.id)
            .group_by(SampleUnit.role)
        ).all()
    )
    if not roles:
        return ""
    reserve = f", {_count(roles['reserve'])} dự phòng" if "reserve" in roles else ""
    return f"{_count(roles.get('main', 0))} phiếu chính{reserve}; có biên bản, tính lại được"


def _collecting_facts(db: Session, survey: Survey) -> str:
    facts = []
    deadline: date | None = survey.deadline_on
    if deadline is not None and not survey.is_locked:
        left = (deadline - clock.today()).days
        facts.append(
            f"Còn {left} ngày, đến {day(deadline)}" if left >= 0 else f"Hạn {day(deadline)}"
        )
    if survey.state != "draft" and (received := received_in_all(db, survey)):
        facts.append(f"đã nhận {_count(received)} phiếu")
    rechecked = db.scalar(
        select(func.count())
        .select_from(RecheckUnit)
        .join(SampleDraw, SampleDraw.id == RecheckUnit.draw_id)
        .where(SampleDraw.survey_id == survey.id)
    )
    if rechecked:
        facts.append(f"phúc tra {_count(rechecked)} phiếu")
    return " · ".join(facts)


def _lock_facts(survey: Survey) -> str:
    if survey.locked_at is None:
        return "Chưa ai xem được điểm trước khi khóa"
    return f"Khóa ngày {day(survey.locked_at.astimezone(VIETNAM).date())}"


def _approval_facts(survey: Survey) -> str:
    if survey.decision_number is None or survey.decision_on is None:
        return ""
    return f"Quyết định số {survey.decision_number}, ngày {day(survey.decision_on)}"
