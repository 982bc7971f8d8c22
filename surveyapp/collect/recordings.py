"""Recorded questions and answers: files that an official puts beside the database.

`audio/<questionnaire>/<version>/<language>/<name>` in the home folder; the name is the item's
code, or the item's code, "-" and the code of an option or a missing code, with its ending.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from questionnaires.types import Item, Questionnaire

#: What Chromium plays, and what it is sent as.
TYPES: Final = {".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".m4a": "audio/mp4", ".wav": "audio/wav"}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,130}")


def addresses(home: Path, asked: Questionnaire) -> dict[str, dict[str, str]]:
    """Return language -> item or option -> path below `/tablet/audio/`; foreign files are none."""
    return {one: of_items(home, asked, one, asked.items) for one in asked.languages}


def of_items(
    home: Path, asked: Questionnaire, language: str, items: Iterable[Item]
) -> dict[str, str]:
    """Return the same for some items in one language."""
    try:
        files = sorted(_folder(home, asked.code, asked.version, language).iterdir())
    except FileNotFoundError:  # the usual case, on every page
        return {}
    known = {key for item in items for key in _keys(item)}
    return {
        path.stem: "/".join(path.parts[-4:])
        for path in files
        if path.stem in known and path.suffix in TYPES
    }


def path_of(home: Path, parts: tuple[str, str, str, str]) -> Path | None:
    """Return the file of questionnaire, version, language and name; None if there is none."""
    if not all(_NAME.fullmatch(part) for part in parts):
        return None
    path = home.joinpath("audio", *parts)
    return path if path.suffix in TYPES and path.is_file() else None


def _keys(item: Item) -> list[str]:
    codes = (*item.option_codes, *item.missing)
    return [item.code, *(f"{item.code}-{code}" for code in codes)]


def _folder(home: Path, code: str, version: int, language: str) -> Path:
    return home.joinpath("audio", code, str(version), language)
