"""The simulated steps after the draw: codes, answers as phones send them, re-check, lock, run."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.types import Item, Questionnaire
from surveyapp import clock, codes
from surveyapp.collect import definitions
from surveyapp.collect.release import destroy_spent_keys
from surveyapp.exports.numbers import NumberStyle
from surveyapp.fieldwork import service as fieldwork
from surveyapp.models import FormCell, Invitation, RecheckLink, SampleDraw, Survey
from surveyapp.practice import chance
from surveyapp.practice.answers import Answers, Form, Opinions, Person
from surveyapp.practice.world import FIRST_ANSWER, LAST_ANSWER, Calendar, Step, World
from surveyapp.recheck import service as recheck
from surveyapp.results import service as results
from surveyapp.surveys import service as surveys

_count = NumberStyle().count
_percent = NumberStyle(decimals=1).percent
#: Lowest and highest share of a stratum that does not answer.
SILENT = (0.12, 0.18)
#: What becomes of a second interview, with its share; the rest is done.
NOT_DONE = (("refused", 0.05), ("absent", 0.07))


@dataclass(frozen=True, slots=True)
class Slip:
    """A code that was handed out, with the form it opens and what fixes its simulated person.

    Persons of one cell are exchangeable, so that their number in it is enough; those of the
    re-check are told apart by their pseudonym, as they are asked twice.
    """

    code: str
    sha256: str
    cell: FormCell
    person: str
    is_rechecked: bool


def issue(
    db: Session, world: World, drawn: SampleDraw, expires_on: date
) -> tuple[list[Slip], Step]:
    """Make the codes, which also opens the collection."""
    letters = fieldwork.issue(db, world.officials.manager, drawn, expires_on=expires_on)
    slips = _slips(db, {codes.sha256(letter.code): letter.code for letter in letters})
    return slips, Step("Phát hành mã phiếu", f"{_count(len(slips))} mã")


def _slips(db: Session, known: dict[str, str]) -> list[Slip]:
    rows = db.execute(
        select(Invitation.code_sha256, FormCell, RecheckLink.unit_code)
        .join(FormCell, FormCell.id == Invitation.cell_id)
        .outerjoin(RecheckLink, RecheckLink.code_sha256 == Invitation.code_sha256)
        .where(Invitation.code_sha256.in_(known))
        .order_by(FormCell.code, Invitation.code_sha256)
    )
    slips: list[Slip] = []
    numbers: Counter[str] = Counter()
    for sha256, cell, unit in rows:
        numbers[cell.code] += unit is None
        person = unit or f"{numbers[cell.code]}"
        slips.append(Slip(known[sha256], sha256, cell, person, unit is not None))
    return sorted(slips, key=lambda slip: (slip.cell.code, slip.person))


@dataclass(frozen=True, slots=True)
class Sending:
    """One form on its way: the day of the collection, counted from 0, its id and its body."""

    day: int
    id: UUID
    body: bytes


def answer(world: World, code: str, slips: Sequence[Slip]) -> list[Sending]:
    """Let the simulated persons answer, each on a day; some do not answer at all."""
    opinions, asked = Opinions(world.seed), _questionnaires(world, code)
    sendings = []
    for slip in slips:
        who = (code, slip.cell.code, slip.person)
        random = chance.generator(world.seed, "person", *who)
        if random.random() < _silent_share(world.seed, slip.cell.stratum):
            world.tick(1)
            continue
        day = int(random.integers(FIRST_ANSWER - LAST_ANSWER))
        questionnaire = asked[slip.cell.group_id]
        form = Person(opinions, random).fill_in(questionnaire, slip.cell.agencies)
        world.answered[slip.sha256] = form
        name = UUID(bytes=chance.digest(world.seed, "submission", *who)[:16], version=4)
        body = _members(code, slip, questionnaire, form)
        body["nonce"] = chance.digest(world.seed, "nonce", *who).hex()
        sendings.append(Sending(day, name, json.dumps(body, ensure_ascii=False).encode()))
    return sorted(sendings, key=lambda sending: (sending.day, sending.id))


def _questionnaires(world: World, code: str) -> dict[int, Questionnaire]:
    with world.database.read_session() as db:
        return {
            group.id: definitions.questionnaire(
                db, group.questionnaire_code, group.questionnaire_version
            )
            for group in surveys.find(db, code).groups
        }


def _silent_share(seed: str, stratum: str) -> float:
    return float(chance.generator(seed, "silent", stratum).uniform(*SILENT))


def _members(code: str, slip: Slip, questionnaire: Questionnaire, form: Form) -> dict[str, object]:
    members: dict[str, object] = {
        "survey": code,
        "questionnaire": questionnaire.code,
        "version": questionnaire.version,
        "language": "vi",
        "mode": "web",
        "invitation": codes.readable(slip.code),
        "answers": form.answers,
    }
    return members | ({"ratings": form.ratings} if questionnaire.rates == "many" else {})


def send_by_days(world: World, calendar: Calendar, sendings: Iterable[Sending]) -> int:
    """Send every form on its simulated day; return how many."""
    sent = 0
    for sending in sendings:
        with clock.set_to(calendar.at(FIRST_ANSWER - sending.day, hour=10)):
            world.send(sending.id, sending.body)
        sent += 1
        world.tick(1)
    return sent


def collected(slips: Sequence[Slip], sent: int) -> Step:
    """Say how many answered."""
    share = 100 * sent / len(slips) if slips else 0.0
    return Step("Thu phiếu qua API", f"{_count(sent)} phiếu, đạt {_percent(share)}")


def ask_again(db: Session, world: World, survey: Survey) -> Step:
    """Ask the drawn tenth again, as far as they have answered the first time."""
    links = db.execute(select(RecheckLink.case_id, RecheckLink.code_sha256))
    code_of: dict[str, str] = dict(links.all())
    opinions = Opinions(world.seed)
    for case in recheck.cases(db, world.officials.rechecker, survey):
        random = chance.generator(world.seed, "again", survey.code, case.unit_code)
        interview = _interview(
            db, survey, (case, world.answered[code_of[case.id]]), random, opinions
        )
        recheck.record(db, world.officials.rechecker, survey, interview)
    found = recheck.progress(db, survey)
    outcomes = "; ".join(
        f"{recheck.OUTCOMES[outcome].lower()} {_count(n)}"
        for outcome, n in sorted(found.by_outcome.items())
    )
    figures = f"{_count(found.drawn)} phiếu được chọn, {_count(found.answered)} đã trả lời"
    return Step("Phúc tra", f"{figures}; {outcomes}" if outcomes else figures)


def _interview(
    db: Session,
    survey: Survey,
    asked: tuple[recheck.RecheckCase, Form],
    random: np.random.Generator,
    opinions: Opinions,
) -> recheck.SecondInterview:
    case, first = asked
    draw = float(random.random())
    for outcome, share in NOT_DONE:
        draw -= share
        if draw < 0:
            return recheck.SecondInterview(case.id, outcome, {}, {})
    form, _ = recheck.form_of(db, survey, case.id)
    person = Person(opinions, random)
    answers = _second(person, form.items, first.answers)
    ratings = {
        code: _second(person, form.agency_items, first.ratings[code]) for code in form.agencies
    }
    return recheck.SecondInterview(case.id, "done", answers, ratings)


def _second(person: Person, items: Iterable[Item], first: Answers) -> Answers:
    """Answer again what was answered; what the routing had hidden stays open."""
    return {item.code: person.again(item, first[item.code]) for item in items if item.code in first}


def lock(db: Session, world: World, survey: Survey) -> Step:
    """Lock the data; the caller commits and then destroys the keys."""
    released = results.lock(db, world.officials.manager, survey, world.keyring)
    figures = f"mở niêm phong {_count(released.released)} phiếu cuối"
    return Step("Khóa số liệu", figures)


def destroy_keys(world: World) -> None:
    """Destroy the keys of released answers, after the commit of the lock."""
    destroy_spent_keys(world.database, world.keyring)


def run(db: Session, world: World, survey: Survey) -> Step:
    """Compute the results."""
    made = results.run(db, world.officials.manager, survey)
    surveys.advance(db, world.officials.manager, survey, "analysed")
    received = sum(group["received"] for group in made.content["groups"])
    return Step("Tính kết quả", f"từ {_count(received)} phiếu")
