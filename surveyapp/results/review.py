"""State and reason of a released form: kept, or left out of the results; nothing is deleted.

Decided after the lock, when every answer is released, so that no id tells when its form came; and
before the first run, because two runs that differ by a few forms would tell their answers. Only
forms that a rule points at can be left out, and whoever decides sees rule and number, no answer.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.disclosure import MINIMUM_BASE
from surveyapp import audit
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import FormReview, Response, ResultRun, Survey
from surveyapp.results.answers import LEFT_OUT
from surveyapp.results.flagging import RULES, checked_answers, received_forms

KEPT = "kept"
STATE_TITLES = {KEPT: "giữ lại", LEFT_OUT: "để ngoài kết quả"}
MOST_LETTERS = 300


@dataclass(frozen=True, slots=True)
class Flagged:
    """A form that rules point at, by its random id; `state` is empty where nothing was decided."""

    id: str
    group: str
    rules: tuple[str, ...]
    state: str = ""
    reason: str = ""

    @property
    def titles(self) -> tuple[str, ...]:
        """Rules in words."""
        return tuple(rule.title for rule in RULES if rule.code in self.rules)


def is_open(db: Session, survey: Survey) -> bool:
    """Whether decisions can be made: after the lock, before the first run."""
    return survey.state == "locked" and not _has_run(db, survey)


def flagged_forms(db: Session, survey: Survey) -> list[Flagged]:
    """Return the forms that a rule points at, by group and id; refused before the lock."""
    if not survey.is_locked:
        raise AppError(
            "RESULTS-121",
            "Chưa khóa số liệu nên chưa xem được từng phiếu, chỉ có số đếm.",
            "Xem trang chất lượng thu phiếu; rà soát từng phiếu sau khi khóa.",
            status=403,
        )
    forms = received_forms(db, survey)
    decided = {
        review.response_id: review
        for review in db.scalars(
            select(FormReview)
            .join(Response, Response.id == FormReview.response_id)
            .where(Response.survey_id == survey.id)
        )
    }
    result = []
    for group in survey.groups:
        scores, ids = checked_answers(db, group, forms)
        if len(scores) < MINIMUM_BASE:
            continue
        rules: dict[str, list[str]] = defaultdict(list)
        for rule in RULES:
            for number in {ids[int(flag.where)] for flag in rule.check(scores)}:
                rules[number].append(rule.code)
        for number, codes in sorted(rules.items()):
            review = decided.get(number)
            told = (review.state, review.reason) if review else ("", "")
            result.append(Flagged(number, group.title, tuple(codes), *told))
    return result


def decide(
    db: Session, actor: Actor, survey: Survey, forms: Collection[str], decision: tuple[str, str]
) -> int:
    """Give some flagged forms a state and a reason; return how many have changed."""
    state, reason = decision[0], " ".join(decision[1].split())
    _check(db, survey, state, reason)
    known = {each.id: each for each in flagged_forms(db, survey)}
    if not forms or not set(forms) <= set(known):
        raise AppError(
            "RESULTS-122",
            "Chưa chọn phiếu, hoặc có phiếu mà không quy tắc nào chỉ ra.",
            "Chỉ chọn phiếu trong danh sách rà soát.",
            status=422,
        )
    changed = [known[each] for each in sorted(set(forms))]
    changed = [each for each in changed if (each.state, each.reason) != (state, reason)]
    for each in changed:
        db.merge(
            FormReview(response_id=each.id, rules=",".join(each.rules), state=state, reason=reason)
        )
        audit.record(
            db, actor, "results.review", survey.code,
            form=each.id, state=state, before=each.state, reason=reason,
        )  # fmt: skip
    db.flush()
    return len(changed)


def _check(db: Session, survey: Survey, state: str, reason: str) -> None:
    db.refresh(survey, with_for_update=True)
    if survey.is_locked and not is_open(db, survey):
        raise AppError(
            "RESULTS-123",
            "Đã tính kết quả nên không đổi quyết định về phiếu: so hai lần tính sẽ lộ câu trả lời "
            "của những phiếu đó.",
            "Xem các quyết định đã có trong báo cáo.",
            status=409,
        )
    if state not in STATE_TITLES or not 0 < len(reason) <= MOST_LETTERS:
        raise AppError(
            "RESULTS-124",
            f"Cần chọn giữ lại hoặc để ngoài, và ghi lý do không quá {MOST_LETTERS} chữ cái.",
            "Ghi lý do rồi gửi lại.",
            status=422,
        )


def _has_run(db: Session, survey: Survey) -> bool:
    made = select(ResultRun.id).where(ResultRun.survey_id == survey.id).limit(1)
    return db.scalar(made) is not None


def counts(forms: Sequence[Flagged]) -> dict[str, int]:
    """Count the flagged forms by state; "" counts those not decided, which are kept."""
    return {state: sum(each.state == state for each in forms) for state in ("", *STATE_TITLES)}
