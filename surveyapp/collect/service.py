"""Intake: store a submission once, so that nobody can join it to a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from questionnaires.check import check_form
from surveyapp import clock
from surveyapp.collect import rights, waiting
from surveyapp.collect.devices import Tablet
from surveyapp.collect.keys import Keyring
from surveyapp.collect.problems import Problem, broken, of_answers
from surveyapp.collect.submission import Submission
from surveyapp.errors import AppError
from surveyapp.models import Exchange, RecheckLink

#: Waits for another transaction that writes the same id, and writes nothing if that commits.
_CLAIM: Final = {
    "postgresql": postgresql.insert(Exchange).on_conflict_do_nothing().returning(Exchange.id),
    "sqlite": sqlite.insert(Exchange).on_conflict_do_nothing().returning(Exchange.id),
}
_DIGEST: Final = select(Exchange.digest).where(Exchange.id == bindparam("id"))
_LINK: Final = (
    update(RecheckLink)
    .where(RecheckLink.code_sha256 == bindparam("of_code"))
    .values(answer_id=bindparam("waiting_id"))
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender verifies before it deletes its copy: the digest of the body received."""

    digest: str
    created: bool
    #: What `release.settle_after` needs once a new answer is committed; None for a retry.
    arrival: waiting.Arrival | None = None


def accept(
    db: Session, keyring: Keyring, submission: Submission, device: Tablet | None = None
) -> Receipt:
    """Store `submission` once, however often it is sent.

    The same id with the same content is a retry and succeeds, whatever happened to survey, device
    or invitation since. Other content under that id, or a spent invitation, is refused. The answer
    is sealed and waits; the caller commits, and then calls `release.settle_after`.
    """
    try:
        survey = rights.hold_collecting(db, submission.survey)
    except AppError:
        if _digest(db, submission) is None:
            raise
        return _retried(db, submission)
    if not _claim(db, survey, submission):
        return _retried(db, submission)
    form = _form(db, survey, submission, device)
    _check(form, submission)
    arrival = _store(db, keyring, form, submission)
    return Receipt(submission.digest, created=True, arrival=arrival)


def _claim(db: Session, survey: rights.OpenSurvey, submission: Submission) -> bool:
    """Write the exchange; False if its id is taken."""
    connection = db.connection()
    members = {
        "id": submission.exchange_id,
        "survey_id": survey.id,
        "digest": submission.digest,
    }
    return connection.scalar(_CLAIM[connection.dialect.name], members) is not None


def _digest(db: Session, submission: Submission) -> str | None:
    """Return the digest of what came under this id before; None if nothing did."""
    found: str | None = db.connection().scalar(_DIGEST, {"id": submission.exchange_id})
    return found


def _retried(db: Session, submission: Submission) -> Receipt:
    """Answer what was sent before: the same again is harmless, other content is refused."""
    if _digest(db, submission) != submission.digest:
        raise AppError(
            "COLLECT-020",
            "Phiếu này đã được nộp với nội dung khác.",
            "Giữ nguyên phiếu đã nộp; báo giám sát viên nếu cần.",
            status=409,
        )
    return Receipt(submission.digest, created=False)


def _form(
    db: Session, survey: rights.OpenSurvey, submission: Submission, device: Tablet | None
) -> rights.Form:
    if device is not None:
        rights.check_device(survey, device)
    elif submission.mode in {"tablet", "interviewer"}:
        raise AppError(
            "COLLECT-021",
            "Cách trả lời này chỉ dùng trên máy đã ghép.",
            "Ghép máy bằng: sipas device pair",
            status=403,
        )
    if submission.invitation_sha256 is not None:
        return rights.spend(db, survey, submission.invitation_sha256)
    if device is not None:
        return rights.by_device(db, survey, device)
    raise AppError(
        "COLLECT-022",
        "Phiếu gửi lên không có mã phiếu.",
        "Nhập mã trên giấy mời, hoặc ghép máy.",
        status=401,
    )


def _check(form: rights.Form, submission: Submission) -> None:
    """Refuse, with every fault at once, what is not this form of this questionnaire."""
    asked = form.questionnaire
    faults = []
    if (submission.questionnaire, submission.version) != (asked.code, asked.version):
        text = f"Phiếu này dùng bản {asked.code} {asked.version}."
        raise broken([Problem("questionnaire", "COLLECT-023", text)])
    if submission.language not in asked.languages:
        text = f"Phiếu này chỉ có ngôn ngữ: {', '.join(asked.languages)}."
        faults.append(Problem("language", "COLLECT-024", text))
    if submission.agency is not None and (
        asked.rates == "many" or (submission.agency,) != form.agency_codes
    ):
        text = "Phiếu này không hỏi về cơ quan đó."
        faults.append(Problem("agency", "COLLECT-025", text))
    found = check_form(
        asked,
        submission.answers,
        submission.ratings,
        form.agency_codes if asked.rates == "many" else (),
        mode=submission.mode,
    )
    faults += of_answers(found)
    if faults:
        raise broken(faults)


def _store(
    db: Session, keyring: Keyring, form: rights.Form, submission: Submission
) -> waiting.Arrival:
    ratings = submission.ratings or {}
    value: dict[str, object] = {
        "cell_id": form.cell_id,
        "device_agency": form.device_agency,
        "questionnaire_code": submission.questionnaire,
        "questionnaire_version": submission.version,
        "language": submission.language,
        "mode": submission.mode,
        "assisted": submission.assisted,
        "answers": _given(submission.answers, submission.mode),
        "ratings": {code: _given(ratings[code], submission.mode) for code in sorted(ratings)},
        "received_on": clock.today().isoformat(),
    }
    arrival = waiting.put(db, keyring, form.survey_id, form.scope, value)
    if submission.invitation_sha256 is not None:
        link = {"of_code": submission.invitation_sha256, "waiting_id": arrival.waiting_id}
        db.connection().execute(_LINK, link)
    return arrival


def _given(answers: Mapping[str, Any], mode: str) -> dict[str, Any]:
    """Return the answers in one order of keys, as the order of typing would be a trace.

    What is empty is no answer; on paper null says that somebody saw the blank.
    """
    return {
        item: answers[item]
        for item in sorted(answers)
        if answers[item] not in (None, "", []) or (mode == "paper" and answers[item] is None)
    }
