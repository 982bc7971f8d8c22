"""Deciding whether two rows of the lists are one person: recorded by pseudonyms, with a reason."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.frames.persons import Pair
from surveyapp.frames.short_texts import short_text
from surveyapp.models import PostDecision, Survey
from surveyapp.models.unit_list import VERDICTS


def decide(
    db: Session,
    actor: Actor,
    survey: Survey,
    pairs: Sequence[Pair],
    choice: tuple[str, str, str],
) -> PostDecision:
    """Store what an official decides about one of `pairs`.

    Parameters
    ----------
    choice : code of the pair, "same" or "different", reason (needed for two persons).
    """
    code, verdict, reason = choice[0], choice[1], short_text(choice[2], 300, "Lý do")
    if survey.state != "draft":
        raise AppError(
            "FRAME-037",
            "Đã chọn mẫu: không quyết định lại được.",
            "Xem các quyết định đã ghi trong nhật ký.",
            status=409,
        )
    if all(pair.code != code for pair in pairs) or verdict not in VERDICTS:
        raise AppError(
            "FRAME-038",
            f"Không có cặp dòng «{code}», hoặc chưa chọn một hay hai người.",
            "Tải lại trang các cặp dòng.",
            status=404,
        )
    if verdict == "different" and not reason:
        raise AppError(
            "FRAME-039",
            "Chưa ghi lý do vì sao là hai người.",
            "Ghi ngắn gọn, ví dụ: đã hỏi đơn vị, khác năm sinh.",
            status=422,
        )
    stored = db.get(PostDecision, (survey.id, code)) or PostDecision(survey_id=survey.id, pair=code)
    stored.verdict, stored.reason = verdict, reason
    stored.decided_by, stored.decided_at = actor.login, clock.now()
    db.add(stored)
    db.flush()
    audit.record(db, actor, "list.decide_pair", survey.code, pair=code, verdict=verdict)
    return stored
