"""Stored questionnaires, read once per process: a published version never changes."""

from typing import Final

from sqlalchemy import Connection, bindparam, select
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
#: code, version -> digest of the text that was read last
_latest: dict[tuple[str, int], str] = {}


def questionnaire(db: Session, code: str, version: int) -> Questionnaire:
    """Return a published questionnaire; LookupError if it is not there."""
    connection = db.connection()
    sha256: str | None = connection.scalar(_SHA256, {"code": code, "version": version})
    if sha256 is None:
        raise LookupError(f"questionnaire {code} {version}")
    return read(connection, code, version, sha256)


def read(connection: Connection, code: str, version: int, sha256: str) -> Questionnaire:
    """Return the questionnaire whose text has this digest."""
    if sha256 not in _read:
        source = connection.execute(_SOURCE, {"code": code, "version": version}).scalar_one()
        _read[sha256] = load_questionnaire(source, f"{code}.toml")
    _latest[code, version] = sha256
    return _read[sha256]


def guess(code: str, version: int) -> tuple[str, Questionnaire] | None:
    """Return the text that this process read last under a name, with its digest; asks nobody.

    Whoever uses it compares the digest with the stored one before anything depends on it.
    """
    sha256 = _latest.get((code, version))
    return None if sha256 is None else (sha256, _read[sha256])
