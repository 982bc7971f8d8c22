"""The practice survey at a counter: one paired tablet and the opinions of simulated visitors."""

import json
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from surveyapp.collect import definitions, devices, pairing, release
from surveyapp.collect.service import accept
from surveyapp.collect.submission import HELPERS, parse
from surveyapp.models import Survey
from surveyapp.practice import chance
from surveyapp.practice.answers import Opinions, Person
from surveyapp.practice.world import World
from surveyapp.surveys import service as surveys

#: Simulated visitors: enough for a distribution when a few had an official press for them.
VISITORS = 45
COUNTER = "Quầy 1, Bộ phận Một cửa"


@dataclass(frozen=True, slots=True)
class Tablet:
    """The survey of a paired tablet, and the token to type at /tablet/ or /device."""

    survey: str
    token: str


def open_counter(world: World, plan_text: str, release_size: int) -> Tablet:
    """Make the survey, pair one tablet, and let the visitors answer on it."""
    manager = world.officials.manager
    with world.database.session() as db:
        survey = surveys.create_from_plan(db, manager, plan_text, is_practice=True)
        agency = agency_of(survey)
        token = pairing.pair(db, manager, survey.code, agency, COUNTER)
        surveys.advance(db, manager, survey, "collecting")
        bodies = _bodies(db, world, survey, agency)
        db.commit()
        code = survey.code
    for submission_id, body in bodies:
        _send(world, token, submission_id, body)
        world.tick(1)
    release.settle_survey(world.database, world.keyring, code, release_size)
    return Tablet(code, devices.readable(token))


def agency_of(survey: Survey) -> str:
    """Return the code of the agency with the counter: the first asked that runs no survey."""
    return min(
        survey.agencies, key=lambda each: (each.exclusion is not None, each.is_conductor)
    ).code


def _bodies(db: Session, world: World, survey: Survey, agency: str) -> list[tuple[UUID, bytes]]:
    group = survey.groups[0]
    questionnaire = definitions.questionnaire(
        db, group.questionnaire_code, group.questionnaire_version
    )
    opinions = Opinions(world.seed)
    bodies = []
    for visitor in range(VISITORS):
        who = (survey.code, agency, visitor)
        person = Person(opinions, chance.generator(world.seed, "visitor", *who))
        answers = person.fill_in(questionnaire, [agency]).answers
        body = {
            "survey": survey.code,
            "questionnaire": questionnaire.code,
            "version": questionnaire.version,
            "language": "vi",
            "mode": "tablet",
            "nonce": chance.digest(world.seed, "nonce", *who).hex(),
            "answers": answers,
        }
        if answers["holder"] in HELPERS:
            body["assisted"] = answers["holder"]
        name = UUID(bytes=chance.digest(world.seed, "submission", *who)[:16], version=4)
        bodies.append((name, json.dumps(body, ensure_ascii=False).encode()))
    return bodies


def _send(world: World, token: str, submission_id: UUID, body: bytes) -> None:
    with world.database.session() as db:
        device = devices.recognise(db.connection(), token)
        accept(db, world.keyring, parse(submission_id, body), device)
        db.commit()
