"""Stored questionnaires, read once per process: a published version never changes."""

from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from questionnaires.loader import load_questionnaire
from questionnaires.types import Questionnaire
from surveyapp.models import StoredQuestionnaire

_KEY = (StoredQuestionnaire.code == bindparam("code")) & (
    StoredQuestionnaire.version == bindparam("version")
)
_SHA256: Final = select(StoredQuestionnaire.sha256).where(_KEY)
_SOURCE: Final = select(StoredQuestionnaire.source).where(_KEY)
#: By digest of the text, so that two databases in one process cannot be mixed up.
_read: dict[str, Questionnaire] = {}


def questionnaire(db: Session, code: str, version: int) -> Questionnaire:
    """Return a published questionnaire; LookupError if it is not there."""
    key = {"code": code, "version": version}
    sha256: str | None = db.connection().scalar(_SHA256, key)
    if sha256 is None:
        raise LookupError(f"questionnaire {code} {version}")
    if sha256 not in _read:
        source = db.connection().execute(_SOURCE, key).scalar_one()
        _read[sha256] = load_questionnaire(source, f"{code}.toml")
    return _read[sha256]
