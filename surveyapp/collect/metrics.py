"""Figures for monitoring, in the text format of Prometheus: counts of the whole installation.

They come from the database and the disk, so every worker says the same. Nothing is counted per
device, form cell or moment: a scrape every few seconds would otherwise tell when an answer came.
The counts of answers are those of the days before today, as today's would show each arrival;
so are the codes that people take home from a counter. Those of a drawn sample are issued all at
once.
"""

import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.engine import Row

from surveyapp.collect.later import VALID
from surveyapp.models import Device, Invitation, Response, Survey

#: Label values are codes of surveys and states: letters, digits and marks that need no escaping.
_SURVEYS: Final = select(Survey.state, func.count()).group_by(Survey.state).order_by(Survey.state)
_DEVICES: Final = select(func.count()).where(Device.revoked_at.is_(None))


def text(connection: Connection, home: Path, today: date) -> str:
    """Return all figures."""
    free = shutil.disk_usage(home).free
    responses = (
        select(Survey.code, func.count())
        .join(Response, Response.survey_id == Survey.id)
        .where(Response.received_on < today)
        .group_by(Survey.code)
        .order_by(Survey.code)
    )
    issued = (
        select(Survey.code, func.count())
        .join(Invitation, Invitation.survey_id == Survey.id)
        .where(or_(Survey.kind != "counter", Invitation.expires_on < today + VALID))
        .group_by(Survey.code)
        .order_by(Survey.code)
    )
    lines = [
        *_metric("sipas_surveys", "Surveys by state.", "state", connection.execute(_SURVEYS)),
        *_metric(
            "sipas_responses_before_today",
            "Released answers received before today.",
            "survey",
            connection.execute(responses),
        ),
        *_metric(
            "sipas_invitations",
            "Codes issued; at counters before today.",
            "survey",
            connection.execute(issued),
        ),
        *_plain("sipas_devices", "Paired tablets.", connection.execute(_DEVICES).scalar_one()),
        *_plain("sipas_disk_free_bytes", "Free bytes where the data lies.", free),
    ]
    return "\n".join(lines) + "\n"


def _metric(name: str, help_text: str, label: str, rows: Iterable[Row[str, int]]) -> list[str]:
    head = [f"# HELP {name} {help_text}", f"# TYPE {name} gauge"]
    return head + [f'{name}{{{label}="{key}"}} {count}' for key, count in rows]


def _plain(name: str, help_text: str, value: int) -> list[str]:
    return [f"# HELP {name} {help_text}", f"# TYPE {name} gauge", f"{name} {value}"]
