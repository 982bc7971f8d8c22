"""The verbs of results: lock the data, run the analysis, read the latest run (embargo before)."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.scores import Scores
from questionnaires.method import MethodVersion
from questionnaires.method_loader import load_method, validate_against
from questionnaires.types import Questionnaire
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.collect import definitions
from surveyapp.collect.keys import Keyring
from surveyapp.collect.release import LastRelease, release_all
from surveyapp.errors import AppError
from surveyapp.models import (
    ConfidentialScore,
    FrameRow,
    ResultRun,
    StoredMethod,
    Survey,
    SurveyGroup,
)
from surveyapp.recheck import pairing
from surveyapp.results import publishing
from surveyapp.results.answers import GroupAnswers, drawn_frame, eligible_raters, group_answers
from surveyapp.results.gate import Sealed
from surveyapp.results.links import links_of
from surveyapp.results.opinions import opinions, walk_ins
from surveyapp.results.other_questions import closed_items, of_drawn
from surveyapp.results.points import points
from surveyapp.results.rechecks import checkers, rechecks
from surveyapp.results.response import response
from surveyapp.results.reviewed import left_out
from surveyapp.results.satisfaction import index_scores, satisfaction
from surveyapp.results.sensitivity import earlier_batches
from surveyapp.results.weighting import weighting
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
    stored = _runs(db, survey)
    if survey.state in ("approved", "published") and _passed_gate(stored):
        raise AppError(
            "RESULTS-102",
            "Kết quả đã được phê duyệt nên không tính lại.",
            "Xem lần tính đã phê duyệt.",
            status=409,
        )
    compute = _opinions if survey.kind == "counter" else _estimated
    groups, digests, kept = compute(db, survey, stored)
    made = ResultRun(
        survey_id=survey.id,
        made_at=clock.now(),
        code_version=version("sipas"),
        answers_sha256=_digest_of(digests),
        content={
            "groups": groups,
            "recheckers": checkers(db, survey, groups),
            "gate": publishing.GATE,
        },
    )
    db.add(made)
    db.flush()
    for group_code, scores in kept.items():
        db.add_all(
            ConfidentialScore(
                run_id=made.id,
                group_code=group_code,
                agency_code=each.agency,
                value=each.value,
                low=each.low,
                high=each.high,
                n=each.n,
            )
            for each in scores
        )
    db.flush()
    audit.record(db, actor, "results.run", survey.code, answers=made.answers_sha256)
    return made


def latest(db: Session, survey: Survey) -> ResultRun:
    """Return the latest run; refused before the lock and before the first run."""
    require_locked(survey)
    runs = _runs(db, survey)
    if not runs:
        raise AppError("RESULTS-103", "Chưa tính kết quả.", "Bấm «Tính kết quả» trước.", status=409)
    if not _passed_gate(runs):
        raise AppError(
            "RESULTS-110",
            "Kết quả do phiên bản cũ tính, chưa qua bước kiểm tra để không lộ câu trả lời.",
            "Bấm «Tính kết quả» để tính lại từ cùng số liệu đã khóa.",
            status=409,
        )
    return runs[-1]


def confidential(db: Session, survey: Survey) -> list[ConfidentialScore]:
    """Return the scores that are not published, of the latest run: for the Appraisal Council."""
    made = latest(db, survey)
    return list(
        db.scalars(
            select(ConfidentialScore)
            .where(ConfidentialScore.run_id == made.id)
            .order_by(ConfidentialScore.group_code, ConfidentialScore.agency_code)
        )
    )


def has_run(db: Session, survey: Survey) -> bool:
    """Whether results were computed, and passed the gate."""
    return _passed_gate(_runs(db, survey))


def _runs(db: Session, survey: Survey) -> list[ResultRun]:
    found = select(ResultRun).where(ResultRun.survey_id == survey.id).order_by(ResultRun.id)
    return list(db.scalars(found))


def _passed_gate(runs: Sequence[ResultRun]) -> bool:
    """Whether the latest run passed the gate; releases before 0.2 stored all numbers."""
    return bool(runs) and "gate" in runs[-1].content


def method_of(db: Session, group: SurveyGroup) -> MethodVersion:
    """Return the method version of a group."""
    stored = db.get_one(StoredMethod, (group.method_code, group.method_version))
    return load_method(stored.source, f"{stored.code}.toml")


def questionnaire_of(db: Session, group: SurveyGroup) -> Questionnaire:
    """Return the questionnaire of a group."""
    return definitions.questionnaire(db, group.questionnaire_code, group.questionnaire_version)


def plan_of(group: SurveyGroup) -> Mapping[str, Any]:
    """Return what the plan says of a group."""
    rows: list[Mapping[str, Any]] = group.survey.plan.get("groups", [])
    return next((row for row in rows if row.get("code") == group.code), {})


#: What a run holds of every group, digests of the answers and sealed scores by group.
_Computed = tuple[list[dict[str, Any]], dict[str, str], dict[str, list[Sealed]]]


def _estimated(db: Session, survey: Survey, stored: Sequence[ResultRun]) -> _Computed:
    rated = any(method_of(db, group).kind == "points" for group in survey.groups)
    eligible = _eligible(db, survey) if rated else {}
    data = {group.code: group_answers(db, group) for group in survey.groups}
    digests = {code: answers.sha256 for code, answers in data.items()}
    groups, kept = [], {}
    for group in survey.groups:
        before = _of_group(stored, group, digests)
        content, kept[group.code] = _group(db, group, data[group.code], (eligible, before))
        groups.append(content)
    return groups, digests, kept


def _opinions(db: Session, survey: Survey, stored: Sequence[ResultRun]) -> _Computed:
    """Count the answers of people whom nobody had drawn."""
    walked = {group.code: walk_ins(db, group) for group in survey.groups}
    digests = {code: found.sha256 for code, found in walked.items()}
    groups = []
    for group in survey.groups:
        given = (method_of(db, group), questionnaire_of(db, group))
        found = opinions(walked[group.code], given, _of_group(stored, group, digests))
        groups.append(found | {"code": group.code, "left_out": left_out(db, group)})
    return groups, digests, {}


def _of_group(
    stored: Sequence[ResultRun], group: SurveyGroup, digests: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return what earlier runs, behind the gate, hold of a group.

    `same` marks those of the same answers, which no comparison can tell apart.
    """
    return [
        each | {"same": run.answers_sha256 == _digest_of(digests)}
        for run in stored
        if "gate" in run.content
        for each in run.content["groups"]
        if each["code"] == group.code
    ]


def _group(
    db: Session,
    group: SurveyGroup,
    data: GroupAnswers,
    given: tuple[dict[str, tuple[str, ...]], list[dict[str, Any]]],
) -> tuple[dict[str, Any], list[Sealed]]:
    questionnaire, method = questionnaire_of(db, group), method_of(db, group)
    _check_method(method, questionnaire)
    result: dict[str, Any] = {
        "code": group.code,
        "kind": method.kind,
        "issued": data.issued,
        "received": data.received,
        "left_out": left_out(db, group),
        "pop_size": dict(data.pop_size),
    }
    if not data.forms:
        return result | {"kind": "nothing"}, []
    counts: dict[tuple[str, str], int] = {}
    if method.kind == "points":
        counts = eligible_raters(db, group, given[0])
        alone = any(not item.per_agency for item in closed_items(questionnaire, method))
        weights = weighting(data, questionnaire, {}) if alone else None

        def scoring(some: GroupAnswers) -> Scores:
            return points(some, questionnaire, method, counts)[1]

        found, scores = points(data, questionnaire, method, counts)
        links = links_of(method, questionnaire, found["total"])
    else:
        rules = plan_of(group)

        def scoring(some: GroupAnswers) -> Scores:
            return index_scores(some, questionnaire, method, weighting(some, questionnaire, rules))

        weights = weighting(data, questionnaire, rules)
        found, scores = satisfaction(data, questionnaire, method, weights), scoring(data)
        links = links_of(method, questionnaire)
    context = weights.context(data) if weights else ()
    found["members"] = publishing.members(data, method, links.index, context)
    before = publishing.earlier(given[1])
    content, kept = publishing.publish(result | found, links, before, method)
    batches = earlier_batches(given[1])
    content = publishing.compared(content, data, scores, method, scoring, batches)
    more = {"recheck": rechecks(db, group, data, method), "response": response(db, group, data)}
    more |= of_drawn(data, (questionnaire, method), weights, counts, given[1])
    return content | more, kept


def _check_method(method: MethodVersion, questionnaire: Questionnaire) -> None:
    """Refuse a method version that the answers to this questionnaire cannot serve."""
    problems = validate_against(method, questionnaire)
    if problems:
        raise AppError(
            "RESULTS-126",
            f"Phương pháp «{method.code}» {method.version} không tính được từ phiếu "
            f"«{questionnaire.code}».",
            "Sửa phương pháp hoặc phiếu khảo sát theo các lỗi dưới đây.",
            problems=tuple(str(problem) for problem in problems),
            status=409,
        )


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


def _digest_of(digests: Mapping[str, str]) -> str:
    joined = "\n".join(f"{code} {digest}" for code, digest in sorted(digests.items()))
    return hashlib.sha256(joined.encode()).hexdigest()
