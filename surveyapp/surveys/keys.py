"""The key of a survey's pseudonyms: a file outside the database and its backups."""

from pathlib import Path

from surveyapp import key_files


def pseudonym_key(folder: Path, survey_code: str) -> bytes:
    """Return the 32 bytes of the survey's key, making them at the first use."""
    return key_files.read_or_make(folder, _name(survey_code))


def remove_pseudonym_key(folder: Path, survey_code: str) -> None:
    """Remove the key of a survey that is gone."""
    (folder / _name(survey_code)).unlink(missing_ok=True)


def _name(survey_code: str) -> str:
    return f"{survey_code}.pseudonym"
