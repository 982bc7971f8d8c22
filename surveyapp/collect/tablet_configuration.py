"""What a tablet needs to ask a whole form without a connection, as one JSON object."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from questionnaires.answer_problems import (
    PLAIN_TEXTS,
    AnswerRule,
    exclusive_text,
    limits_text,
    required_text,
    too_long_text,
    too_many_text,
)
from questionnaires.types import MISSING_TEXTS, Condition, Item, Page, Questionnaire, Text
from surveyapp.collect import intake_key, recordings, rights, showing, tablet_words
from surveyapp.collect.devices import Tablet
from surveyapp.collect.look import SIZES
from surveyapp.collect.rights import Form
from surveyapp.collect.screens import screens_of
from surveyapp.collect.submission import HELPERS
from surveyapp.labels import LANGUAGES
from surveyapp.models import Device, Survey

#: The item that says who holds the tablet; a form without it is asked that by the tablet.
HELPER_ITEM: Final = "holder"


def configuration(db: Session, home: Path, keys: Path, tablet: Tablet) -> bytes:
    """Return the configuration of a tablet; the same bytes as long as nothing has changed."""
    survey = db.get_one(Survey, tablet.survey_id)
    device = db.get_one(Device, tablet.id)
    form = rights.of_agency(db.connection(), survey, tablet.agency_code)
    rights.check_tablet(form)
    key = intake_key.public(keys)
    value = {
        "device": {"number": device.id, "counter": device.counter},
        "survey": {
            "code": survey.code,
            "title": survey.title,
            "is_practice": survey.is_practice,
            "is_open": survey.state == "collecting",
            "needs_code": survey.kind != "counter",
        },
        "agency": asdict(form.agencies[0]),
        "key": {"id": key.id, "point": key.point_base64url},
        "form": form_values(form),
        "recordings": recordings.addresses(home, form.questionnaire),
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def etag(body: bytes) -> str:
    """Return the mark by which a tablet asks whether anything has changed."""
    return hashlib.sha256(body).hexdigest()[:32]


def form_values(form: Form) -> dict[str, Any]:
    """Return the form: how its pages follow from the answers, and its words in each language."""
    asked = form.questionnaire
    languages = [one for one in LANGUAGES if one in asked.languages]
    return {
        "code": asked.code,
        "version": asked.version,
        "sizes": SIZES,
        "helpers": [one for one in HELPERS if one],
        "helper_item": HELPER_ITEM if asked.has_item(HELPER_ITEM) else None,
        "pages": [page_values(page) for page in asked.pages if not page.per_agency],
        "screens": [
            {
                "key": screen.key,
                "page": screen.page.code,
                "items": [item.code for item in screen.items],
                "number": screen.number,
                "percent": screen.percent,
            }
            for screen in screens_of(form)
        ],
        "languages": [_in_language(asked, one) for one in languages],
    }


def page_values(page: Page) -> dict[str, Any]:
    """Return what routing and checks need to know of a page."""
    return {
        "code": page.code,
        "block": page.block,
        "show_if": _conditions(page.show_if),
        "items": [
            {
                "code": item.code,
                "kind": item.kind,
                "required": item.required,
                "show_if": _conditions(item.show_if),
                "options": item.option_codes,
                "missing": item.missing if item.kind != "text" else (),
                "exclusive": item.exclusive,
                "max_choices": item.max_choices,
                "minimum": item.minimum,
                "maximum": item.maximum,
                "max_length": item.max_length,
            }
            for item in page.items
        ],
    }


def _conditions(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    return [asdict(one) for one in conditions]


def _in_language(asked: Questionnaire, language: str) -> dict[str, Any]:
    return {
        "code": language,
        "name": LANGUAGES[language],
        "title": asked.title[language],
        "purpose": showing.sentences(asked.purpose[language]),
        "words": tablet_words.words(language),
        "topics": {page.code: page.title[language] for page in asked.pages},
        "items": {
            item.code: {
                **showing.item_values(item, None, None, language),
                "refusals": _refusals(item, language),
            }
            for item in asked.items
        },
    }


def _refusals(item: Item, language: str) -> dict[str, Any]:
    """Return what is said about a wrong answer, by rule; the sentences are the server's own."""
    plain: Mapping[AnswerRule, Text] = PLAIN_TEXTS
    texts: dict[AnswerRule, Text] = {
        AnswerRule.REQUIRED: required_text(item, on_paper=False),
        AnswerRule.WRONG_TYPE: plain[AnswerRule.WRONG_TYPE],
    }
    if item.kind == "number":
        texts[AnswerRule.OUT_OF_LIMITS] = limits_text(item.minimum, item.maximum)
    if item.kind == "text":
        texts[AnswerRule.BAD_CHARACTERS] = plain[AnswerRule.BAD_CHARACTERS]
        if item.max_length is not None:
            texts[AnswerRule.TOO_LONG] = too_long_text(item.max_length)
    if item.max_choices is not None:
        texts[AnswerRule.TOO_MANY] = too_many_text(item.max_choices)
    said: dict[str, Any] = {rule.value: text[language] for rule, text in texts.items()}
    if item.kind == "choices":
        alone = {code: item.option(code).text for code in item.exclusive}
        alone |= {code: MISSING_TEXTS[code] for code in item.missing}
        said[AnswerRule.EXCLUSIVE.value] = {
            code: exclusive_text(text)[language] for code, text in alone.items()
        }
    return said
