"""Stored questionnaires, read once per process: a published version never changes."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.loader import load_questionnaire
from questionnaires.types import Questionnaire
from surveyapp.models import StoredQuestionnaire

#: By digest of the text, so that two databases in one process cannot be mixed up.
_read: dict[str, Questionnaire] = {}


def questionnaire(db: Session, code: str, version: int) -> Questionnaire:
    """Return a published questionnaire; LookupError if it is not there."""
    key = (StoredQuestionnaire.code == code) & (StoredQuestionnaire.version == version)
    sha256 = db.scalar(select(StoredQuestionnaire.sha256).where(key))
    if sha256 is None:
        raise LookupError(f"questionnaire {code} {version}")
    if sha256 not in _read:
        source = db.scalars(select(StoredQuestionnaire.source).where(key)).one()
        _read[sha256] = load_questionnaire(source, f"{code}.toml")
    return _read[sha256]
