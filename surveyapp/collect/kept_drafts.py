"""Unfinished forms of raters on the server: only the code itself finds and opens one."""

import hmac
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, delete, select

from surveyapp import clock
from surveyapp.collect import draft
from surveyapp.collect.draft import Draft
from surveyapp.collect.rights import OpenSurvey
from surveyapp.collect.sealing import UnreadableError, seal, unseal
from surveyapp.db import INSERT
from surveyapp.models import FormDraft, Survey

LIFETIME: Final = timedelta(days=30)


def is_kept(survey: OpenSurvey) -> bool:
    """Say whether forms of a survey are so long that people come back to them."""
    return survey.kind == "sociological"


def keep(connection: Connection, key: bytes, survey: OpenSurvey, begun: Draft) -> None:
    """Write the form of a code over what was kept before; drop what is too old."""
    if begun.code is None or not _holds_open(connection, survey):
        return
    values = {
        "id": _derived(key, survey, begun.code, "id").hex(),
        "survey_id": survey.id,
        "sealed": seal(
            _derived(key, survey, begun.code, "key"), draft.as_value(begun), _place(survey)
        ),
        "expires_on": clock.today() + LIFETIME,
    }
    insert = INSERT[connection.dialect.name](FormDraft)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["id"],
            set_={name: insert.excluded[name] for name in ("sealed", "expires_on")},
        ),
        values,
    )
    connection.execute(delete(FormDraft).where(FormDraft.expires_on < clock.today()))


def _holds_open(connection: Connection, survey: OpenSurvey) -> bool:
    """Say whether a survey still collects; its lock, which drops the forms, then waits for us."""
    collecting = select(Survey.id).where(Survey.id == survey.id, Survey.state == "collecting")
    return connection.scalar(collecting.with_for_update(read=True)) is not None


def find(connection: Connection, key: bytes, survey: OpenSurvey, code: str) -> Draft | None:
    """Return the unfinished form of a code, if one is kept and not too old."""
    wanted = _derived(key, survey, code, "id").hex()
    kept = select(FormDraft.sealed).where(
        FormDraft.id == wanted, FormDraft.expires_on >= clock.today()
    )
    sealed = connection.scalar(kept)
    if sealed is None:
        return None
    try:
        value = unseal(_derived(key, survey, code, "key"), sealed, _place(survey))
    except UnreadableError:
        return None
    return draft.from_value(value)


def forget(connection: Connection, key: bytes, survey: OpenSurvey, code: str) -> None:
    """Remove the form of a code: it has been sent."""
    sent = _derived(key, survey, code, "id").hex()
    connection.execute(delete(FormDraft).where(FormDraft.id == sent))


def _derived(key: bytes, survey: OpenSurvey, code: str, use: str) -> bytes:
    """Return 32 bytes that nobody has without the code and without the key of this server."""
    return hmac.digest(key, f"kept draft {use}/{survey.code}/{code}".encode(), "sha256")


def _place(survey: OpenSurvey) -> str:
    return f"kept draft/{survey.code}"
