"""The verbs of results: lock the data, run the analysis, read the latest run (embargo before)."""

import hashlib
from importlib.metadata import version
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.method import MethodVersion
from questionnaires.method_loader import load_method
from questionnaires.types import Questionnaire
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.collect import definitions
from surveyapp.collect.keys import Keyring
from surveyapp.collect.release import LastRelease, release_all
from surveyapp.errors import AppError
from surveyapp.models import FrameRow, ResultRun, StoredMethod, Survey, SurveyGroup
from surveyapp.recheck import pairing
from surveyapp.results.answers import GroupAnswers, drawn_frame, eligible_raters, group_answers
from surveyapp.results.opinions import opinions
from surveyapp.results.points import points
from surveyapp.results.rechecks import rechecks
from surveyapp.results.satisfaction import satisfaction
from surveyapp.samples.rating import RatingRules, codes
from surveyapp.surveys import service as surveys


def lock(db: Session, actor: Actor, survey: Survey, keyring: Keyring) -> LastRelease:
    """Lock the data: release what waits, pair the re-checks, destroy every link to a person.

    One transaction; after the commit the caller calls `collect.release.destroy_spent_keys`.
    """
    db.refresh(survey, with_for_update=True)
    if survey.state != "collecting":
        surveys.advance(db, actor, survey, "locked")  # says which step comes first
        return LastRelease(0, 0, {}, 0)
    released = release_all(db, keyring, survey.id)
    pairing.pair(db, survey)
    surveys.advance(db, actor, survey, "locked")
    return released


def require_locked(survey: Survey) -> None:
    """Refuse any score before the lock, to everybody."""
    if not survey.is_locked:
        raise AppError(
            "RESULTS-101",
            "Chưa khóa số liệu nên chưa ai được xem điểm, kể cả quản trị hệ thống.",
            "Xem tiến độ thu phiếu; khóa số liệu khi đã thu xong.",
            status=403,
        )


def run(db: Session, actor: Actor, survey: Survey) -> ResultRun:
    """Compute everything from the locked answers and store it with what it was computed from."""
    require_locked(survey)
    if survey.state in ("approved", "published"):
        raise AppError(
            "RESULTS-102",
            "Kết quả đã được phê duyệt nên không tính lại.",
            "Xem lần tính đã phê duyệt.",
            status=409,
        )
    groups, digests = (_opinions if survey.kind == "counter" else _estimated)(db, survey)
    made = ResultRun(
        survey_id=survey.id,
        made_at=clock.now(),
        code_version=version("sipas"),
        answers_sha256=_digest_of(digests),
        content={"groups": groups},
    )
    db.add(made)
    db.flush()
    audit.record(db, actor, "results.run", survey.code, answers=made.answers_sha256)
    return made


def latest(db: Session, survey: Survey) -> ResultRun:
    """Return the latest run; refused before the lock and before the first run."""
    require_locked(survey)
    found = db.scalar(
        select(ResultRun)
        .where(ResultRun.survey_id == survey.id)
        .order_by(ResultRun.id.desc())
        .limit(1)
    )
    if found is None:
        raise AppError("RESULTS-103", "Chưa tính kết quả.", "Bấm «Tính kết quả» trước.", status=409)
    return found


def has_run(db: Session, survey: Survey) -> bool:
    """Whether results were computed."""
    return db.scalar(select(ResultRun.id).where(ResultRun.survey_id == survey.id)) is not None


def method_of(db: Session, group: SurveyGroup) -> MethodVersion:
    """Return the method version of a group."""
    stored = db.get_one(StoredMethod, (group.method_code, group.method_version))
    return load_method(stored.source, f"{stored.code}.toml")


def questionnaire_of(db: Session, group: SurveyGroup) -> Questionnaire:
    """Return the questionnaire of a group."""
    return definitions.questionnaire(db, group.questionnaire_code, group.questionnaire_version)


#: What a run holds of every group, and the digests of their answers by the group's code.
_Computed = tuple[list[dict[str, Any]], dict[str, str]]


def _estimated(db: Session, survey: Survey) -> _Computed:
    eligible = _eligible(db, survey)
    data = {group.code: group_answers(db, group) for group in survey.groups}
    groups = [_group(db, group, data[group.code], eligible) for group in survey.groups]
    return groups, {code: answers.sha256 for code, answers in data.items()}


def _opinions(db: Session, survey: Survey) -> _Computed:
    found = {group.code: opinions(db, group, method_of(db, group)) for group in survey.groups}
    groups = [content for content, _ in found.values()]
    return groups, {code: digest for code, (_, digest) in found.items()}


def _group(
    db: Session, group: SurveyGroup, data: GroupAnswers, eligible: dict[str, tuple[str, ...]]
) -> dict[str, Any]:
    questionnaire, method = questionnaire_of(db, group), method_of(db, group)
    result: dict[str, Any] = {
        "code": group.code,
        "kind": method.kind,
        "issued": data.issued,
        "received": len(data.forms),
        "pop_size": dict(data.pop_size),
    }
    if not data.forms:
        return result | {"kind": "nothing"}
    if method.kind == "points":
        counts = eligible_raters(db, group, eligible)
        result |= points(data, questionnaire, method, counts)
    else:
        result |= satisfaction(data, questionnaire, method)
    return result | {"recheck": rechecks(db, group, data, method)}


def _eligible(db: Session, survey: Survey) -> dict[str, tuple[str, ...]]:
    """Return the agencies that each row of the frame may rate."""
    rules = RatingRules(survey)
    rows = db.execute(
        select(FrameRow.unit_code, FrameRow.group_code, FrameRow.attributes).where(
            FrameRow.frame_id == drawn_frame(db, survey.id)
        )
    )
    result = {}
    for unit_code, group_code, attributes in rows:
        own = set(codes(attributes.get("own_agencies")))
        named = rules.eligible(group_code, attributes)
        result[unit_code] = tuple(code for code in named if code not in own)
    return result


def _digest_of(digests: dict[str, str]) -> str:
    joined = "\n".join(f"{code} {digest}" for code, digest in sorted(digests.items()))
    return hashlib.sha256(joined.encode()).hexdigest()
