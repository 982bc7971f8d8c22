"""Codes for answering later: somebody at a counter takes the form home, for that agency."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import segno
from sqlalchemy import Connection, insert, select

from surveyapp import clock, codes
from surveyapp.collect import rights
from surveyapp.collect.devices import Tablet
from surveyapp.collect.rights import OpenSurvey
from surveyapp.db import INSERT
from surveyapp.errors import AppError
from surveyapp.exports.numbers import day
from surveyapp.models import DeviceDay, FormCell, Invitation, RatedAgency

#: A tablet gives out so many a day; more would be somebody who collects codes.
MOST_A_DAY: Final = 30
VALID: Final = timedelta(days=14)
#: Pixels of one module: the whole picture is about 5 cm wide on a tablet.
SCALE: Final = 6


@dataclass(frozen=True, slots=True)
class Slip:
    """What is shown to be taken home; the code is stored nowhere."""

    code: str
    expires_on: date


def as_shown(slip: Slip, site: str, survey_code: str) -> dict[str, str]:
    """Return what a screen shows of a slip; the picture is in its own address, stored nowhere."""
    address = f"{site.rstrip('/')}/s/{survey_code}"
    picture = segno.make(f"{address}/code#{slip.code}", error="m", micro=False)
    return {
        "address": address,
        "picture": str(picture.svg_data_uri(scale=SCALE, light="white")),
        "code": codes.readable(slip.code),
        "expires_on": day(slip.expires_on),
    }


def give(connection: Connection, survey: OpenSurvey, tablet: Tablet) -> Slip:
    """Issue a code for the counter of a tablet; it counts as an opinion there, sent from home.

    Raises
    ------
    AppError : 403 where the survey has codes of its own, 429 after `MOST_A_DAY` on one day.
    """
    rights.check_device(survey, tablet)
    rights.check_counter(survey)
    _count(connection, tablet)
    slip = Slip(codes.make(), clock.today() + VALID)
    row = {
        "code_sha256": codes.sha256(slip.code),
        "survey_id": survey.id,
        "cell_id": _cell(connection, survey, tablet.agency_code),
        "expires_on": slip.expires_on,
    }
    connection.execute(insert(Invitation), row)
    return slip


def _count(connection: Connection, tablet: Tablet) -> None:
    """Count one more code of this tablet today, or refuse: both in one statement."""
    counts = INSERT[connection.dialect.name](DeviceDay)
    counted = connection.execute(
        counts.on_conflict_do_update(
            index_elements=["device_id", "day"],
            set_={"later": DeviceDay.later + 1},
            where=DeviceDay.later < MOST_A_DAY,
        ).returning(DeviceDay.later),
        {"device_id": tablet.id, "day": clock.today(), "later": 1},
    ).scalar()
    if counted is None:
        raise AppError(
            "COLLECT-076",
            f"Máy này hôm nay đã phát {MOST_A_DAY} mã để trả lời sau.",
            "Mời Ông/Bà trả lời ngay trên máy, hoặc quay lại hôm khác.",
            status=429,
        )


def _cell(connection: Connection, survey: OpenSurvey, agency_code: str) -> int:
    """Return the cell of an agency's counter, making it at the first code."""
    agency = select(RatedAgency.group_id).where(
        RatedAgency.survey_id == survey.id, RatedAgency.code == agency_code
    )
    values = {
        "survey_id": survey.id,
        "code": f"counter:{agency_code}",
        "group_id": connection.execute(agency).scalar_one(),
        "stratum": "",
        "agencies": [agency_code],
        "persons": 0,
    }
    cell = INSERT[connection.dialect.name](FormCell)
    connection.execute(cell.on_conflict_do_nothing(index_elements=["survey_id", "code"]), values)
    wanted = select(FormCell.id).where(
        FormCell.survey_id == survey.id, FormCell.code == values["code"]
    )
    return int(connection.execute(wanted).scalar_one())
