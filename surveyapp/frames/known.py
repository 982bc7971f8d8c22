"""What the database knows beside the rows of a list: decisions on persons, expected counts."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.frames.entries import Context
from surveyapp.models import PostDecision, RatedAgency, Survey, Unit, UnitList

#: Key of the expected number of a list of files, which has no rater groups.
FILES = "files"


def known(db: Session, survey: Survey, sources: Mapping[int, str]) -> Context:
    """Gather it; head-counts of raters count only where the lists of units are put together."""
    decided = select(PostDecision.pair, PostDecision.verdict).where(
        PostDecision.survey_id == survey.id
    )
    verdicts = {row.pair: row.verdict for row in db.execute(decided)}
    if survey.kind != "sociological":
        return Context(verdicts, sources, _published(db, survey))
    expected: dict[tuple[str, str], int] = {}
    sent: dict[tuple[str, str], int] = {}
    asked = (
        select(UnitList, Unit.name)
        .join(Unit, Unit.id == UnitList.unit_id)
        .where(UnitList.survey_id == survey.id)
        .order_by(Unit.sort_key)
    )
    for unit_list, name in db.execute(asked) if sources else ():
        expected |= {(name, group): n for group, n in unit_list.expected.items()}
        sent |= {(name, group): n for group, n in unit_list.counts.items()}
    return Context(verdicts, sources, expected, sent)


def _published(db: Session, survey: Survey) -> dict[tuple[str, str], int]:
    """Return the published number of files per agency, where its unit was asked for a list."""
    asked = (
        select(RatedAgency.code, UnitList.expected)
        .join(UnitList, UnitList.unit_id == RatedAgency.unit_id)
        .where(UnitList.survey_id == survey.id, RatedAgency.survey_id == survey.id)
    )
    return {
        (code, FILES): expected[FILES] for code, expected in db.execute(asked) if FILES in expected
    }
