"""Intake: store submissions once, so that nobody can join them to a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from questionnaires.check import check_form
from questionnaires.types import Questionnaire
from surveyapp import clock
from surveyapp.collect import definitions, devices, intake_rights, rights, waiting
from surveyapp.collect.devices import Tablet
from surveyapp.collect.intake_rights import Asked, Rights
from surveyapp.collect.keys import Keyring
from surveyapp.collect.problems import Problem, broken, of_answers
from surveyapp.collect.submission import Submission
from surveyapp.errors import AppError
from surveyapp.models import Exchange, Invitation, RecheckLink

#: Waits for another transaction that writes the same id, and writes nothing if that commits.
_CLAIM: Final = {
    "postgresql": postgresql.insert(Exchange).on_conflict_do_nothing().returning(Exchange.id),
    "sqlite": sqlite.insert(Exchange).on_conflict_do_nothing().returning(Exchange.id),
}
_DIGESTS: Final = select(Exchange.id, Exchange.digest).where(
    Exchange.id.in_(bindparam("ids", expanding=True))
)
_GIVE_UP: Final = delete(Exchange).where(Exchange.id.in_(bindparam("ids", expanding=True)))
_SPEND: Final = (
    update(Invitation)
    .where(Invitation.code_sha256.in_(bindparam("codes", expanding=True)))
    .values(is_spent=True)
)
_LINKS: Final = select(RecheckLink.code_sha256).where(
    RecheckLink.code_sha256.in_(bindparam("codes", expanding=True))
)
_LINK: Final = (
    update(RecheckLink)
    .where(RecheckLink.code_sha256 == bindparam("of_code"))
    .values(answer_id=bindparam("waiting_id"))
)


@dataclass(frozen=True, slots=True)
class Filing:
    """One sending, with what gives it the right to be stored beside an invitation."""

    submission: Submission
    #: The tablet that sends, or the hash of the token that came with the request.
    tablet: Tablet | str | None = None
    #: Digest of the questionnaire that the answers were found to fit, before any transaction.
    fits: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender verifies before it deletes its copy: the digest of the body received."""

    digest: str
    created: bool
    #: What `release.settle_after` needs once a new answer is committed; None for a retry.
    arrival: waiting.Arrival | None = None


#: What became of one sending: an error that is no AppError is a mistake of the program.
Outcome = Receipt | Exception


def accept(
    db: Session, keyring: Keyring, submission: Submission, device: Tablet | None = None
) -> Receipt:
    """Store `submission` once, however often it is sent.

    The same id with the same content is a retry and succeeds, whatever happened to survey, device
    or invitation since. Other content under that id, or a spent invitation, is refused. The answer
    is sealed and waits; the caller commits, and then calls `release.settle_after`.
    """
    [outcome] = accept_all(db.connection(), keyring, [Filing(submission, device)])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def looked_through(filing: Filing) -> Filing:
    """Check the answers before any transaction, against the text that was read last.

    `accept_all` compares its digest with the stored one, and checks again where they differ; so
    this costs nobody the turn to write, and decides nothing alone.
    """
    submission = filing.submission
    guess = definitions.guess(submission.questionnaire, submission.version)
    if guess is None:
        return filing
    sha256, asked = guess
    has_faults = _faults(asked, submission, tuple(submission.ratings or ()))
    return filing if has_faults else replace(filing, fits=sha256)


def accept_all(
    connection: Connection, keyring: Keyring, filings: Sequence[Filing]
) -> list[Outcome]:
    """Do `accept` for several sendings with different ids in one transaction.

    A refused one leaves nothing behind, and disturbs no other.
    """
    tablets = _tablets(connection, filings)
    held = intake_rights.hold(
        connection,
        {filing.submission.survey for filing in filings},
        {code for filing in filings if (code := filing.submission.invitation_sha256)},
        [tablet for tablet in tablets if isinstance(tablet, Tablet)],
    )
    known = _claim(connection, held, filings, tablets)
    accepted: dict[int, Asked] = {}
    outcomes: list[Outcome] = []
    spent: set[str] = set()
    for place, (filing, tablet) in enumerate(zip(filings, tablets, strict=True)):
        try:
            asked = _decide(held, known, filing, tablet, spent)
            outcomes.append(Receipt(filing.submission.digest, created=asked is not None))
            if asked is not None:
                accepted[place] = asked
        except Exception as error:
            outcomes.append(error)
    refused = [
        filing.submission.exchange_id
        for filing, outcome in zip(filings, outcomes, strict=True)
        if isinstance(outcome, Exception) and filing.submission.exchange_id not in known
    ]
    if refused:
        connection.execute(_GIVE_UP, {"ids": refused})
    stored = [(filings[place].submission, asked) for place, asked in accepted.items()]
    arrivals = zip(accepted, _store(connection, keyring, stored, spent), strict=True)
    for place, arrival in arrivals:
        digest = filings[place].submission.digest
        outcomes[place] = Receipt(digest, created=True, arrival=arrival)
    devices.seen(
        connection,
        [
            (tablet, outcome.created)
            for tablet, outcome in zip(tablets, outcomes, strict=True)
            if isinstance(tablet, Tablet) and isinstance(outcome, Receipt)
        ],
    )
    return outcomes


def _tablets(connection: Connection, filings: Sequence[Filing]) -> list[Tablet | AppError | None]:
    """Return the tablet of each sending, or why what came with it is none."""
    tokens = {filing.tablet for filing in filings if isinstance(filing.tablet, str)}
    found = devices.recognise_all(connection, tokens)
    return [
        found[filing.tablet] if isinstance(filing.tablet, str) else filing.tablet
        for filing in filings
    ]


def _claim(
    connection: Connection,
    held: Rights,
    filings: Sequence[Filing],
    tablets: Sequence[Tablet | AppError | None],
) -> dict[str, str]:
    """Write the exchanges that are new; return the digests of those that came before."""
    ids = sorted(filing.submission.exchange_id for filing in filings)
    known = _digests(connection, ids)
    wanted = [
        {
            "id": filing.submission.exchange_id,
            "survey_id": held.surveys[filing.submission.survey].id,
            "digest": filing.submission.digest,
        }
        for filing, tablet in zip(filings, tablets, strict=True)
        if not isinstance(tablet, AppError)
        and filing.submission.exchange_id not in known
        and held.is_collecting(filing.submission.survey)
    ]
    if wanted:
        wanted.sort(key=lambda row: str(row["id"]))
        written = set(connection.scalars(_CLAIM[connection.dialect.name], wanted))
        lost = {str(row["id"]) for row in wanted} - written
        if lost:  # another process was faster, and has committed
            known |= _digests(connection, sorted(lost))
    return known


def _digests(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the digests of what came under some ids."""
    return {row.id: row.digest for row in connection.execute(_DIGESTS, {"ids": ids})}


def _decide(
    held: Rights,
    known: Mapping[str, str],
    filing: Filing,
    tablet: Tablet | AppError | None,
    spent: set[str],
) -> Asked | None:
    """Return the form of a new sending and spend its code; None for a retry; refuse the rest."""
    if isinstance(tablet, AppError):
        raise tablet
    submission = filing.submission
    if submission.exchange_id in known:
        _check_same(known[submission.exchange_id], submission)
        return None
    survey = held.survey(submission.survey)
    asked = _asked(held, survey, submission, tablet)
    code = submission.invitation_sha256
    if code in spent:
        raise rights.spent(survey)
    _check(asked, filing)
    if code is not None:
        spent.add(code)
    return asked


def _check_same(digest: str, submission: Submission) -> None:
    """Refuse other content under an id that is taken; the same again is harmless."""
    if digest != submission.digest:
        raise AppError(
            "COLLECT-020",
            "Phiếu này đã được nộp với nội dung khác.",
            "Giữ nguyên phiếu đã nộp; báo giám sát viên nếu cần.",
            status=409,
        )


def _asked(
    held: Rights, survey: rights.OpenSurvey, submission: Submission, tablet: Tablet | None
) -> Asked:
    if tablet is not None:
        rights.check_device(survey, tablet)
    elif submission.mode in {"tablet", "interviewer"}:
        raise AppError(
            "COLLECT-021",
            "Cách trả lời này chỉ dùng trên máy đã ghép.",
            "Ghép máy bằng mã ở trang «Máy tại quầy» của cuộc khảo sát.",
            status=403,
        )
    if submission.invitation_sha256 is not None:
        return held.of_code(survey, submission.invitation_sha256, tablet)
    if tablet is not None:
        return held.of_tablet(survey, tablet)
    raise AppError(
        "COLLECT-022",
        "Phiếu gửi lên không có mã phiếu.",
        "Nhập mã trên giấy mời, hoặc ghép máy.",
        status=401,
    )


def _check(asked: Asked, filing: Filing) -> None:
    """Refuse, with every fault at once, what is not this form of this questionnaire."""
    form, submission = asked.questionnaire, filing.submission
    if (submission.questionnaire, submission.version) != (form.code, form.version):
        text = f"Phiếu này dùng bản {form.code} {form.version}."
        raise broken([Problem("questionnaire", "COLLECT-023", text)])
    agencies = asked.agency_codes if form.rates == "many" else ()
    rated = set(submission.ratings or ())
    if filing.fits == asked.sha256 and rated == set(agencies) and _is_about(asked, submission):
        return
    faults = [] if _is_about(asked, submission) else [_other_agency()]
    faults = [*_faults(form, submission, agencies), *faults]
    if faults:
        raise broken(faults)


def _is_about(asked: Asked, submission: Submission) -> bool:
    """Whether the one agency that a sending names, if any, is that of the form."""
    if submission.agency is None:
        return True
    return asked.questionnaire.rates != "many" and (submission.agency,) == asked.agency_codes


def _other_agency() -> Problem:
    return Problem("agency", "COLLECT-025", "Phiếu này không hỏi về cơ quan đó.")


def _faults(form: Questionnaire, submission: Submission, agencies: Sequence[str]) -> list[Problem]:
    """Check language and answers against a definition."""
    faults = []
    if submission.language not in form.languages:
        text = f"Phiếu này chỉ có ngôn ngữ: {', '.join(form.languages)}."
        faults.append(Problem("language", "COLLECT-024", text))
    found = check_form(form, submission.answers, submission.ratings, agencies, mode=submission.mode)
    return faults + of_answers(found)


def _store(
    connection: Connection,
    keyring: Keyring,
    stored: Sequence[tuple[Submission, Asked]],
    spent: set[str],
) -> list[waiting.Arrival]:
    """Write the waiting answers, spend their codes, and let the re-check links point to them."""
    if not stored:
        return []
    today = clock.today().isoformat()
    values = [
        ((asked.survey_id, asked.scope), _value(submission, asked, today))
        for submission, asked in stored
    ]
    arrivals = waiting.put_all(connection, keyring, values)
    if spent:
        connection.execute(_SPEND, {"codes": sorted(spent)})
        linked = set(connection.scalars(_LINKS, {"codes": sorted(spent)}))
        for (submission, _), arrival in zip(stored, arrivals, strict=True):
            code = submission.invitation_sha256
            if code in linked:
                connection.execute(_LINK, {"of_code": code, "waiting_id": arrival.waiting_id})
    return arrivals


def _value(submission: Submission, asked: Asked, day: str) -> dict[str, object]:
    """Return what is kept of a sending: nothing of the exchange, the device or the invitation."""
    ratings = submission.ratings or {}
    return {
        "cell_id": asked.cell_id,
        "device_agency": asked.device_agency,
        "questionnaire_code": submission.questionnaire,
        "questionnaire_version": submission.version,
        "language": submission.language,
        "mode": submission.mode,
        "assisted": submission.assisted,
        "answers": _given(submission.answers, submission.mode),
        "ratings": {code: _given(ratings[code], submission.mode) for code in sorted(ratings)},
        "received_on": day,
    }


def _given(answers: Mapping[str, Any], mode: str) -> dict[str, Any]:
    """Return the answers in one order of keys, as the order of typing would be a trace.

    What is empty is no answer; on paper null says that somebody saw the blank.
    """
    return {
        item: answers[item]
        for item in sorted(answers)
        if answers[item] not in (None, "", []) or (mode == "paper" and answers[item] is None)
    }
