"""What to do next in a survey, for its first page."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.clock import VIETNAM
from surveyapp.exports.numbers import NumberStyle, day
from surveyapp.models import (
    Assignment,
    Device,
    Frame,
    SampleDraw,
    SizeDecision,
    Survey,
)
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
            f"Danh sách có {_count(frame.pop_size)} {counted(survey)}, chưa chốt. "
            "Chốt rồi mới chọn mẫu được.",
            "Xem danh sách",
        )
        return _step(survey, "frames.index", texts)
    return _to_the_draw(db, survey, frame)


def _to_the_draw(db: Session, survey: Survey, frame: Frame) -> NextStep:
    """From a frozen list: sizes first, then the announcement, then the draw."""
    kept = (SampleDraw.survey_id == survey.id, SampleDraw.abandoned_at.is_(None))
    announced = select(SampleDraw.id).where(*kept)
    if db.scalar(announced.limit(1)) is not None:
        texts = (
            "Chọn mẫu",
            "Đã công bố và lưu mã băm của danh sách, chỉ tiêu. Giờ chọn mẫu; ai cũng tính lại "
            "được.",
            "Đến bước chọn mẫu",
        )
        return _step(survey, "samples.index", texts)
    decided = select(SizeDecision.id).where(SizeDecision.frame_id == frame.id)
    if db.scalar(decided.limit(1)) is None:
        texts = (
            "Chọn cỡ mẫu và cách phân bổ",
            f"Danh sách {_count(frame.pop_size)} {counted(survey)} đã chốt. Xem sai số của từng "
            "phương án rồi chọn một.",
            "Đến bước cỡ mẫu",
        )
        return _step(survey, "sizes.edit", texts)
    texts = (
        "Công bố trước khi chọn mẫu",
        "Cỡ mẫu đã chọn. Lưu nguồn ngẫu nhiên và mã băm trước, rồi mới chọn mẫu.",
        "Đến bước công bố",
    )
    return _step(survey, "samples.announce", texts)


def _before_collecting(db: Session, survey: Survey) -> NextStep:
    codes = issued(db, survey)
    if not codes:
        texts = (
            "Giao phiếu và in thư mời",
            "Mỗi người được chọn nhận một mã phiếu dùng một lần.",
            "Đến bước giao phiếu",
        )
        return _step(survey, "fieldwork.index", texts)
    texts = (
        "Bắt đầu thu phiếu",
        f"Đã có {_count(codes)} mã phiếu. Từ bước này mã phiếu nhận được trả lời.",
        "Bắt đầu thu phiếu",
    )
    return _to(survey, "collecting", texts)


def _at_counters(db: Session, survey: Survey) -> NextStep:
    used, received = tablets(db, survey), received_in_all(db, survey)
    if not used and not (survey.state == "collecting" and received):
        texts = (
            "Ghép máy tại quầy",
            "Mỗi máy gắn với một cơ quan và một quầy. Không chọn mẫu, không cần mã phiếu: ai đến "
            "cũng trả lời được.",
            "Ghép máy",
        )
        return _step(survey, "devices.index", texts)
    if survey.state == "draft":
        texts = (
            "Bắt đầu thu phiếu",
            f"Đã ghép {_count(used)} máy. Từ bước này máy nhận ý kiến.",
            "Bắt đầu thu phiếu",
        )
        return _to(survey, "collecting", texts)
    told = f"{_count(used)} máy đang dùng, đã nhận {_count(received)} phiếu."
    if survey.deadline_on is not None and clock.today() > survey.deadline_on:
        if received and not _in_use_after(db, survey, survey.deadline_on):
            texts = (
                "Khóa số liệu",
                f"Đã quá hạn của kế hoạch; đã nhận {_count(received)} phiếu. Sau khi khóa không "
                "nhận thêm phiếu; khóa xong mới tính.",
                "Khóa số liệu",
            )
            return _step(survey, "results.confirm_lock", texts)
        told += f" Đã quá hạn {day(survey.deadline_on)} của kế hoạch: thu xong thì khóa số liệu."
    texts = ("Theo dõi ý kiến tại quầy", told, "Xem các máy")
    return _step(survey, "devices.index", texts)


def _in_use_after(db: Session, survey: Survey, last: date) -> bool:
    """Whether a tablet was paired or has sent after a day: then the collection goes on."""
    seen = select(Device.paired_at, Device.seen_on).where(
        Device.survey_id == survey.id, Device.revoked_at.is_(None)
    )
    return any(
        max(paired_at.astimezone(VIETNAM).date(), seen_on or date.min) > last
        for paired_at, seen_on in db.execute(seen)
    )


def _while_collecting(db: Session, survey: Survey) -> NextStep:
    groups = progress(db, survey)
    short = [group for group in groups if group.is_short]
    over = survey.deadline_on is not None and clock.today() > survey.deadline_on
    received, planned = sum(g.received for g in groups), sum(g.planned for g in groups)
    told = f"Đã nhận {_count(received)} trên {_count(planned)} phiếu."
    if all(group.received >= group.planned for group in groups) or over:
        reason = f"Đã quá hạn của kế hoạch. {told}" if over else "Các nhóm đã đủ phiếu."
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
        else told
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


def latest_frame(db: Session, survey: Survey) -> Frame | None:
    """Return the newest version of the survey's frame."""
    newest = select(Frame).where(Frame.survey_id == survey.id).order_by(Frame.version.desc())
    return db.scalar(newest.limit(1))


def issued(db: Session, survey: Survey) -> int:
    """Count the forms whose codes are out; codes kept for reserve units are not."""
    issued = (
        select(func.count())
        .select_from(Assignment)
        .join(SampleDraw, SampleDraw.id == Assignment.draw_id)
        .where(SampleDraw.survey_id == survey.id, SampleDraw.issued_at.is_not(None))
    )
    return db.scalar(issued) or 0


def tablets(db: Session, survey: Survey) -> int:
    """Count the tablets that are in use."""
    usable = select(func.count()).where(Device.survey_id == survey.id, Device.revoked_at.is_(None))
    return db.scalar(usable) or 0


def counted(survey: Survey) -> str:
    """Name what a row of the frame is: a person of two groups stands in it twice."""
    return "lượt người" if survey.kind == "sociological" else "hồ sơ"
