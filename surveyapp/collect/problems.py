"""Refusals of a whole submission: every fault at once, for the device and for the person."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from questionnaires.answer_problems import AnswerProblem, AnswerRule
from surveyapp.errors import AppError

#: The rule of every fault in the shape of a body.
SHAPE = "COLLECT-001"
_MEND_SHAPE: Final = (
    "Máy tại quầy: nối mạng, mở lại trang để máy tự cập nhật, rồi vào trang của cán bộ bấm "
    "«Thử gửi lại phiếu cần xem». Chương trình khác: gửi JSON mã hóa UTF-8 đúng như mô tả ở "
    "/api/openapi.json."
)
_MEND_FORM: Final = (
    "Máy tại quầy: nối mạng, mở lại trang để lấy đúng phiếu của cuộc khảo sát; phiếu đã giữ thì "
    "báo cán bộ quản trị. Chương trình khác: ghi đúng bản phiếu, ngôn ngữ, cơ quan rồi gửi lại."
)
_MEND_ANSWERS: Final = "Xem lại các câu được nêu rồi gửi lại."


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
        _MEND_SHAPE,
        status=422,
        faults=(Problem(member, SHAPE, message),),
    )


def broken(faults: Iterable[Problem]) -> SubmissionError:
    """Refuse what breaks the definition; what to do depends on which rules are broken."""
    found = tuple(faults)
    return SubmissionError(
        "COLLECT-002",
        "Phiếu trả lời không đúng với phiếu khảo sát.",
        " ".join(dict.fromkeys(_mend(fault.rule) for fault in found)),
        status=422,
        faults=found,
    )


def _mend(rule: str) -> str:
    if rule == SHAPE:
        return _MEND_SHAPE
    # of the form as a whole: no other answer mends it
    is_of_form = rule.startswith("COLLECT-") or rule == AnswerRule.UNKNOWN_AGENCY
    return _MEND_FORM if is_of_form else _MEND_ANSWERS


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
