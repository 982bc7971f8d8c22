"""Who holds a tablet: asked before the first question where the form itself does not ask it."""

from dataclasses import replace
from typing import Any

from flask import abort, redirect, url_for

from surveyapp.collect import tablet_words
from surveyapp.collect.screens import Answered
from surveyapp.collect.submission import HELPERS
from surveyapp.collect.tablet_configuration import HELPER_ITEM
from surveyapp.collect.visits import Visit, open_visit, unfinished

FIELD = "helper"


def is_asked(visit: Visit) -> bool:
    """Say whether this visit has to say who holds the tablet."""
    if visit.device is None or visit.form is None:
        return False
    return not visit.form.questionnaire.has_item(HELPER_ITEM)


def chosen(visit: Visit, value: str | None) -> Visit:
    """Return the visit with who holds the tablet; anything else than a known one is not said."""
    _, begun = unfinished(visit)
    if not is_asked(visit) or not value or value not in HELPERS:
        return visit
    return replace(visit, draft=replace(begun, assisted=value))


def is_missing(visit: Visit) -> bool:
    """Say whether the answer is still owed."""
    return is_asked(visit) and not unfinished(visit)[1].assisted


def open_asking(code: str, *, may_be_sent: bool = False) -> Visit:
    """Open a visit at a page of questions; on a tablet whose holder is not known, go and ask it."""
    visit = open_visit(code, may_be_sent=may_be_sent)
    if is_missing(visit):
        abort(redirect(url_for("collect.about", survey_code=code), 303))
    return visit


def said(visit: Visit, given: Answered) -> str:
    """Return who holds the tablet; empty where nobody was asked."""
    if is_asked(visit):
        return unfinished(visit)[1].assisted
    helper = given.answers.get(HELPER_ITEM)
    return helper if isinstance(helper, str) and helper in HELPERS else ""


def question(visit: Visit, *, is_wrong: bool) -> dict[str, Any] | None:
    """Return the question as the pages show one; None where it is not asked."""
    if not is_asked(visit):
        return None
    texts = tablet_words.words(visit.look.language)
    now = unfinished(visit)[1].assisted
    return {
        "code": FIELD,
        "kind": "choice",
        "text": texts["helper"],
        "error": texts["helper_wanted"] if is_wrong else None,
        "options": [
            {
                "id": f"{FIELD}-{one}",
                "value": one,
                "text": texts[f"helper_{one}"],
                "is_chosen": one == now,
            }
            for one in HELPERS
            if one
        ],
    }
