"""What a method version is called for people: its title, not its code."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from questionnaires.method import MethodVersion
from questionnaires.method_loader import load_method
from surveyapp.models import StoredMethod
from surveyapp.surveys import definitions


def method_title(method: MethodVersion) -> str:
    """Return the title with the version: two versions share a title and are never compared."""
    return f"«{method.title['vi']}», phiên bản {method.version}"


def method_titles(db: Session) -> dict[str, str]:
    """Return the titles of all known methods by "code version", as figures of documents name it.

    Documents also name shipped methods that no survey here has used.
    """
    stored = [
        load_method(each.source, f"{each.code}.toml") for each in db.scalars(select(StoredMethod))
    ]
    methods = (*definitions.shipped_methods(), *stored)
    return {f"{each.code} {each.version}": method_title(each) for each in methods}
