"""Refusals of a whole submission: every fault at once, for the device and for the person."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from questionnaires.answer_problems import AnswerProblem
from surveyapp.errors import AppError

#: The rule of every fault in the shape of a body.
SHAPE = "COLLECT-001"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the item or the member of the body, the rule, a Vietnamese sentence."""

    item: str
    rule: str
    message: str


@dataclass
class SubmissionError(AppError):
    """A submission that is refused whole; nothing of it is stored."""

    faults: tuple[Problem, ...] = field(default=())


def unreadable(member: str, message: str) -> SubmissionError:
    """Refuse a body that is no submission at all."""
    return SubmissionError(
        SHAPE,
        "Nội dung gửi lên không phải một phiếu trả lời.",
        "Máy tại quầy: nối mạng, mở lại trang để máy tự cập nhật, rồi vào trang của cán bộ bấm "
        "«Thử gửi lại phiếu cần xem». Chương trình khác: gửi JSON mã hóa UTF-8 đúng như mô tả ở "
        "/api/openapi.json.",
        status=422,
        faults=(Problem(member, SHAPE, message),),
    )


def broken(faults: Iterable[Problem]) -> SubmissionError:
    """Refuse answers that break the definition."""
    return SubmissionError(
        "COLLECT-002",
        "Phiếu trả lời không đúng với phiếu khảo sát.",
        "Xem lại các câu được nêu rồi gửi lại.",
        status=422,
        faults=tuple(faults),
    )


def of_answers(problems: Iterable[AnswerProblem]) -> list[Problem]:
    """Translate what the checker of answers found."""
    return [
        Problem(
            f"{found.agency}/{found.item}" if found.agency else found.item,
            found.rule.value,
            found.message["vi"],
        )
        for found in problems
    ]
