"""What must be settled before a draw is announced: frame, seed, quotas, small agencies."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sampling.canonical import canonical
from sampling.types import Plan
from surveyapp.errors import AppError
from surveyapp.models import Frame, SampleDraw, SampleUnit, Survey
from surveyapp.samples.proposal import CONFIRM_BELOW, Choices, Proposal
from surveyapp.samples.refusals import shortfall_sentence

SEED_LENGTH = 200
REASON_LENGTH = 300
#: In a survey by agency, answers of fewer invited persons cannot be kept anonymous.
HIDDEN_AMONG = 5


def checked_seed(seed: str, earlier: Sequence[SampleDraw]) -> str:
    """Return the seed in its canonical form; the first one announced holds for the survey."""
    seed = canonical(seed)
    if not seed or len(seed) > SEED_LENGTH:
        raise AppError(
            "SAMPLE-203",
            f"Hạt giống phải có từ 1 đến {SEED_LENGTH} ký tự.",
            "Nhập hạt giống đã thống nhất.",
            status=422,
        )
    held = held_seed(earlier)
    if held is not None and held != seed:
        raise AppError(
            "SAMPLE-204",
            f"Hạt giống của cuộc khảo sát đã công bố là «{held}», không đổi được.",
            "Chọn bổ sung bằng chính hạt giống đó: ai đã được chọn vẫn được chọn.",
            status=409,
        )
    return seed


def held_seed(earlier: Sequence[SampleDraw]) -> str | None:
    """Return the seed that holds for the survey: of the first draw, or the first announced."""
    drawn = [one for one in earlier if one.drawn_at is not None]
    return next((one.own_seed for one in (*drawn, *earlier) if one.own_seed), None)


def refuse_pending(earlier: Sequence[SampleDraw]) -> None:
    """Refuse a further draw while one is announced and neither carried out nor given up."""
    if any(one.is_pending for one in earlier):
        raise AppError(
            "SAMPLE-205",
            "Có lần chọn mẫu đã công bố mà chưa thực hiện.",
            "Thực hiện lần chọn mẫu đó, hoặc bỏ nó kèm lý do.",
            status=409,
        )


def check_contacts(frame: Frame, earlier: Sequence[SampleDraw]) -> None:
    """Refuse to draw people whom nobody can reach any more."""
    if any(one.forgot_undrawn_at and one.frame_id == frame.id for one in earlier):
        raise AppError(
            "SAMPLE-243",
            "Đã xóa họ tên và liên hệ của những người không được chọn; không mời thêm ai được.",
            "Giữ nguyên mẫu đã chọn.",
            status=409,
        )


def check_reasons(*reasons: str) -> None:
    """Refuse reasons longer than what is kept of them."""
    for reason in reasons:
        checked_reason(reason.strip())


def checked_reason(reason: str) -> str:
    """Return a reason that can be kept whole."""
    if len(reason) > REASON_LENGTH:
        raise AppError(
            "SAMPLE-267",
            f"Lý do dài {len(reason)} ký tự, quá {REASON_LENGTH}.",
            "Viết ngắn lại; biên bản nêu nguyên văn.",
            status=422,
        )
    return reason


def check_shares(plan: Plan) -> None:
    """Refuse a share that no decimal number writes exactly: PLAN.toml could not hold it."""
    for title, share in (("dự phòng", plan.reserve_share), ("phúc tra", plan.recheck_share)):
        if Fraction(decimal_text(share)) != share:
            raise AppError(
                "SAMPLE-227",
                f"Tỷ lệ {title} {share} không viết được thành số thập phân.",
                "Ghi số thập phân, ví dụ 0,33.",
                status=422,
            )


def decimal_text(share: Fraction) -> str:
    """Write a share as a decimal number; exact for what `check_shares` lets through."""
    return str(Decimal(share.numerator) / Decimal(share.denominator))


def check_choices(
    survey: Survey, proposal: Proposal, choices: Choices, earlier: Sequence[SampleDraw]
) -> None:
    """Refuse a draw about which something is still to be decided; all points at once."""
    if unknown := set(choices.quotas) - {group.code for group in survey.groups}:
        raise AppError(
            "SAMPLE-206",
            f"Không có nhóm «{min(unknown)}».",
            f"Các nhóm: {', '.join(group.code for group in survey.groups)}.",
            status=422,
        )
    if proposal.shortfalls and choices.shortfall is None:
        raise AppError(
            "SAMPLE-207",
            "Chỉ tiêu vượt quá danh sách; chưa chọn ai.",
            "Chọn một cách: hạ chỉ tiêu bằng danh sách, hoặc lấy toàn bộ danh sách; nêu lý do.",
            status=409,
            problems=tuple(shortfall_sentence(s) for s in proposal.shortfalls),
        )
    if proposal.nobody and not choices.reason.strip():
        raise AppError(
            "SAMPLE-268",
            f"Có {len(proposal.nobody)} nhóm người đánh giá không có ai để chọn; phiếu sẽ chia cho "
            "các nhóm khác.",
            "Bổ sung danh sách thành bản mới, hoặc ghi lý do; biên bản sẽ nêu.",
            status=409,
            problems=proposal.nobody,
        )
    needs_reason = proposal.shortfalls or proposal.changed or earlier
    if needs_reason and not choices.reason.strip():
        raise AppError(
            "SAMPLE-208",
            "Đổi chỉ tiêu, lấy toàn bộ danh sách hoặc chọn bổ sung phải có lý do.",
            "Ghi lý do; biên bản sẽ nêu.",
            status=422,
        )
    _check_agencies(survey, proposal, choices)


def _check_agencies(survey: Survey, proposal: Proposal, choices: Choices) -> None:
    small = [a for a in proposal.few if a.invited < HIDDEN_AMONG and survey.kind == "service"]
    if small:
        raise AppError(
            "SAMPLE-209",
            f"Có {len(small)} cơ quan dưới {HIDDEN_AMONG} phiếu: không giữ kín được ai đã trả lời.",
            "Để cơ quan đó ngoài diện đo lường (quá ít giao dịch), hoặc tăng số phiếu.",
            status=409,
            problems=tuple(f"{a.title}: {forms_text(a.invited)} phiếu" for a in small),
        )
    if proposal.few and not choices.few_reason.strip():
        raise AppError(
            "SAMPLE-210",
            f"Có {len(proposal.few)} cơ quan dự kiến dưới {CONFIRM_BELOW} phiếu; "
            "kết quả của các cơ quan này sẽ không được công bố.",
            "Tăng số phiếu, để cơ quan ngoài diện đo lường, hoặc xác nhận kèm lý do.",
            status=409,
            problems=tuple(
                f"{a.title}: khoảng {forms_text(a.expected)} phiếu" for a in proposal.few
            ),
        )


def refuse_repeat(announced: SampleDraw, earlier: Sequence[SampleDraw]) -> None:
    """Refuse a second draw from the same frame by the same plan."""
    for one in earlier:
        if one.drawn_at is None:
            continue
        if (one.frame_sha256, one.plan_sha256) == (announced.frame_sha256, announced.plan_sha256):
            raise AppError(
                "SAMPLE-211",
                f"Danh sách và chỉ tiêu này đã được chọn mẫu (lần {one.id}).",
                "Mỗi danh sách và kế hoạch chỉ chọn một lần; muốn chọn bổ sung, đổi chỉ tiêu.",
                status=409,
            )


def refuse_lowering(db: Session, proposal: Proposal, earlier: Sequence[SampleDraw]) -> None:
    """Refuse to lower a stratum whose forms are out: nobody knows which codes they have."""
    if not any(one.issued_at for one in earlier):
        return
    last = next(one.id for one in reversed(earlier) if one.drawn_at is not None)
    counted = dict(
        db.execute(
            select(SampleUnit.stratum, func.count())
            .where(SampleUnit.draw_id == last, SampleUnit.role == "main")
            .group_by(SampleUnit.stratum)
        ).all()
    )
    now = {s.key: s for group in proposal.groups for s in group.strata}
    lowered = [key for key, n in counted.items() if key not in now or now[key].n < n]
    if lowered:
        raise AppError(
            "SAMPLE-212",
            f"Phiếu của {len(lowered)} nhóm đã phát, không hạ chỉ tiêu được nữa.",
            "Giữ nguyên hoặc tăng chỉ tiêu; phiếu không thu được tính là không trả lời.",
            status=409,
            problems=tuple(sorted(lowered)),
        )


def forms_text(value: float) -> str:
    """Write an expected number of forms: 12,5."""
    return f"{value:g}".replace(".", ",")
