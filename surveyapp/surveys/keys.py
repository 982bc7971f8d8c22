"""The keys of a survey: files outside the database and its backups."""

from dataclasses import dataclass
from pathlib import Path

from surveyapp import key_files
from surveyapp.models import Survey

#: How the names of the keys of batches end.
BATCH = ".batch"


def pseudonym_key(folder: Path, survey: Survey) -> bytes:
    """Return the 32 bytes of the survey's key, making them at the first use.

    A second wave uses the key of the first: the same person has the same pseudonym in both.
    """
    return key_files.read_or_make(folder, _name((survey.first or survey).code))


def practice_key(folder: Path, survey_code: str) -> bytes:
    """Return the key of a practice survey that is still to be made."""
    return key_files.read_or_make(folder, _name(survey_code))


def spare_key(folder: Path, survey_code: str) -> bytes:
    """Return the 32 bytes from which the codes of reserve units follow, made at the first use."""
    return key_files.read_or_make(folder, _spare(survey_code))


def destroy_spare(folder: Path, survey_code: str) -> None:
    """Destroy the key of spare codes: after the lock nobody is released from the reserve."""
    key_files.destroy(folder / _spare(survey_code))


@dataclass(frozen=True, slots=True)
class Removed:
    """What is left of a survey that was removed: its code, and the batches that had keys."""

    code: str
    batches: tuple[str, ...]


def remove(folder: Path, removed: Removed) -> None:
    """Destroy the keys of a survey that is gone: of its pseudonyms and of answers that waited."""
    named = (_name(removed.code), _spare(removed.code))
    for name in (*named, *(f"{batch}{BATCH}" for batch in removed.batches)):
        key_files.destroy(folder / name)


def _name(survey_code: str) -> str:
    return f"{survey_code}.pseudonym"


def _spare(survey_code: str) -> str:
    return f"{survey_code}.spare"
