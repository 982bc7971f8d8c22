"""What the rights of several sendings allow: read in one pass, held until the transaction ends."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.engine import Row

from questionnaires.types import Questionnaire
from surveyapp.collect import definitions, rights
from surveyapp.collect.devices import Tablet
from surveyapp.models import (
    FormCell,
    Invitation,
    RatedAgency,
    StoredQuestionnaire,
    Survey,
    SurveyGroup,
)

#: A row of any columns.
AnyRow = Row[*tuple[Any, ...]]
_SURVEYS: Final = (
    select(Survey.code, Survey.id, Survey.kind, Survey.state, Survey.title, Survey.is_practice)
    .where(Survey.code.in_(bindparam("codes", expanding=True)))
    .order_by(Survey.id)
    .with_for_update(read=True)
)
#: In one order, so that two transactions never wait for each other.
_INVITATIONS: Final = (
    select(
        Invitation.code_sha256,
        Invitation.survey_id,
        Invitation.cell_id,
        Invitation.expires_on,
        Invitation.is_spent,
        Invitation.is_revoked,
    )
    .where(Invitation.code_sha256.in_(bindparam("codes", expanding=True)))
    .order_by(Invitation.code_sha256)
    .with_for_update()
)
_CELLS: Final = (
    select(FormCell.id, FormCell.survey_id, FormCell.agencies, Survey.kind, *rights.ASKED)
    .join(Survey, Survey.id == FormCell.survey_id)
    .join(SurveyGroup, SurveyGroup.id == FormCell.group_id)
    .join(StoredQuestionnaire, rights.IS_STORED)
    .where(FormCell.id.in_(bindparam("cells", expanding=True)))
)
_COUNTERS: Final = (
    select(RatedAgency.survey_id, RatedAgency.code, *rights.ASKED)
    .join(SurveyGroup, SurveyGroup.id == RatedAgency.group_id)
    .join(StoredQuestionnaire, rights.IS_STORED)
    .where(
        RatedAgency.survey_id.in_(bindparam("surveys", expanding=True)),
        RatedAgency.code.in_(bindparam("agencies", expanding=True)),
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one form asks, about whom, and what its answers share with others."""

    survey_id: int
    questionnaire: Questionnaire
    #: Digest of the questionnaire's text.
    sha256: str
    agency_codes: tuple[str, ...]
    cell_id: int | None
    device_agency: str | None

    @property
    def scope(self) -> str:
        """Return what answers must share to be released together."""
        return rights.scope_of(self.cell_id, self.device_agency)


@dataclass(frozen=True, slots=True)
class Rights:
    """Everything that a group of sendings may come with, as it stands in this transaction."""

    surveys: Mapping[str, AnyRow]
    invitations: Mapping[str, AnyRow]
    cells: Mapping[int, Asked]
    #: survey, agency -> the form of a tablet there
    counters: Mapping[tuple[int, str], Asked]

    def is_collecting(self, code: str) -> bool:
        """Say whether a survey is known and collects answers."""
        return code in self.surveys and self.surveys[code].state == "collecting"

    def survey(self, code: str) -> rights.OpenSurvey:
        """Return a survey that collects answers, or refuse."""
        return rights.survey_that_collects(self.surveys.get(code))

    def of_code(self, survey: rights.OpenSurvey, code_sha256: str, tablet: Tablet | None) -> Asked:
        """Return the form of an invitation that can still be used, or refuse."""
        invitation = self.invitations.get(code_sha256)
        asked = self.cells[rights.usable_cell(survey, invitation)]
        if tablet is not None:
            rights.refuse_many(asked.questionnaire, status=403)
        return asked

    def of_tablet(self, survey: rights.OpenSurvey, device: Tablet) -> Asked:
        """Return the form of whoever comes to a counter, or refuse."""
        rights.check_counter(survey)
        return self.counters[survey.id, device.agency_code]


def hold(
    connection: Connection,
    surveys: Collection[str],
    invitations: Collection[str],
    tablets: Collection[Tablet],
) -> Rights:
    """Read surveys, invitations and forms; none of the rights changes before the transaction ends.

    A survey cannot be locked meanwhile: an answer is either in before the lock, or refused.
    """
    found = {row.code: row for row in connection.execute(_SURVEYS, {"codes": sorted(surveys)})}
    invited = _invitations(connection, invitations)
    return Rights(
        found,
        invited,
        _cells(connection, {row.cell_id for row in invited.values()}),
        _counters(connection, tablets),
    )


def _invitations(connection: Connection, wanted: Collection[str]) -> dict[str, AnyRow]:
    if not wanted:
        return {}
    rows = connection.execute(_INVITATIONS, {"codes": sorted(wanted)})
    return {row.code_sha256: row for row in rows}


def _cells(connection: Connection, wanted: Collection[int]) -> dict[int, Asked]:
    if not wanted:
        return {}
    rows = connection.execute(_CELLS, {"cells": sorted(wanted)}).all()
    return {
        row.id: Asked(
            row.survey_id,
            _definition(connection, row),
            row.sha256,
            tuple(row.agencies),
            # a code for answering later gives an opinion at the counter where it was given out
            None if row.kind == "counter" else row.id,
            row.agencies[0] if row.kind == "counter" else None,
        )
        for row in rows
    }


def _counters(connection: Connection, tablets: Iterable[Tablet]) -> dict[tuple[int, str], Asked]:
    surveys = sorted({tablet.survey_id for tablet in tablets})
    if not surveys:
        return {}
    agencies = sorted({tablet.agency_code for tablet in tablets})
    rows = connection.execute(_COUNTERS, {"surveys": surveys, "agencies": agencies}).all()
    return {
        (row.survey_id, row.code): Asked(
            row.survey_id, _definition(connection, row), row.sha256, (row.code,), None, row.code
        )
        for row in rows
    }


def _definition(connection: Connection, row: AnyRow) -> Questionnaire:
    code, version = row.questionnaire_code, row.questionnaire_version
    return definitions.read(connection, code, version, row.sha256)
