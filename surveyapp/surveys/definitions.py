"""The shipped definitions: questionnaires, method versions, plans, published figures."""

import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from sqlalchemy.orm import Session

from questionnaires.loader import load_questionnaire
from questionnaires.method import MethodVersion
from questionnaires.method_loader import load_method
from surveyapp import clock
from surveyapp.errors import AppError
from surveyapp.models import StoredMethod, StoredQuestionnaire

_QUESTIONNAIRES = resources.files("questionnaires") / "definitions"
_METHODS = _QUESTIONNAIRES / "methods"
_PLANS = resources.files("surveyapp") / "plans"
FIGURES = _PLANS / "sipas-published.csv"


def _codes(folder: Traversable) -> list[str]:
    names = [entry.name for entry in folder.iterdir() if entry.is_file()]
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def questionnaire_codes() -> list[str]:
    """Return the codes of the shipped questionnaires."""
    return _codes(_QUESTIONNAIRES)


def method_codes() -> list[str]:
    """Return the codes of the shipped method versions."""
    return _codes(_METHODS)


@cache
def shipped_methods() -> tuple[MethodVersion, ...]:
    """Return the shipped method versions."""
    return tuple(
        load_method((_METHODS / f"{code}.toml").read_text(encoding="utf-8"), f"{code}.toml")
        for code in method_codes()
    )


def plan_names() -> list[str]:
    """Return the names of the shipped plans."""
    return _codes(_PLANS)


def plan_text(name: str) -> str:
    """Return a shipped plan."""
    if name not in plan_names():
        raise AppError(
            "SURVEY-005",
            f"Chương trình không có kế hoạch «{name}».",
            f"Chọn trong: {', '.join(plan_names())}.",
            status=404,
        )
    return (_PLANS / f"{name}.toml").read_text(encoding="utf-8")


def store_questionnaire(db: Session, code: str) -> StoredQuestionnaire:
    """Return the stored version of a shipped questionnaire, storing it at its first use."""
    text = (_QUESTIONNAIRES / f"{code}.toml").read_text(encoding="utf-8")
    version = load_questionnaire(text, f"{code}.toml").version
    known = db.get(StoredQuestionnaire, (code, version))
    if known is not None:
        _same(known.sha256, text, f"Phiếu «{code}» bản {version}")
        return known
    stored = StoredQuestionnaire(
        code=code, version=version, sha256=_sha256(text), source=text, published_at=clock.now()
    )
    db.add(stored)
    db.flush()
    return stored


def store_method(db: Session, code: str) -> StoredMethod:
    """Return the stored version of a shipped method, storing it at its first use."""
    text = (_METHODS / f"{code}.toml").read_text(encoding="utf-8")
    version = load_method(text, f"{code}.toml").version
    known = db.get(StoredMethod, (code, version))
    if known is not None:
        _same(known.sha256, text, f"Phương pháp «{code}» bản {version}")
        return known
    stored = StoredMethod(
        code=code, version=version, sha256=_sha256(text), source=text, published_at=clock.now()
    )
    db.add(stored)
    db.flush()
    return stored


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _same(sha256: str, text: str, what: str) -> None:
    """Refuse to use one version number for two contents."""
    if sha256 != _sha256(text):
        raise AppError(
            "SURVEY-004",
            f"{what} đã công bố với nội dung khác với bản kèm chương trình.",
            "Nội dung mới phải mang số phiên bản mới.",
            status=409,
        )
