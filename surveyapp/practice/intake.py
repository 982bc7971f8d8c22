"""Straight to the verb behind the API, where no web application runs."""

from uuid import UUID

from surveyapp.collect import release
from surveyapp.collect.keys import Keyring
from surveyapp.collect.service import accept
from surveyapp.collect.submission import parse
from surveyapp.db import Database
from surveyapp.practice.world import Send


def straight(database: Database, keyring: Keyring, release_size: int) -> Send:
    """Store each form as the view of the API does."""

    def send(submission_id: UUID, body: bytes) -> None:
        submission = parse(submission_id, body)
        with database.session() as db:
            accept(db, keyring, submission)
            db.commit()
        release.settle_survey(database, keyring, submission.survey, release_size)

    return send
