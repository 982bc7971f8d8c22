"""At the lock: keep first and second answers side by side, then destroy every link to a person."""

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from questionnaires.types import MISSING_CODES
from surveyapp.models import (
    Assignment,
    FormCell,
    FrameRow,
    RecheckCount,
    RecheckerCount,
    RecheckInterview,
    RecheckLink,
    RecheckPair,
    RecheckUnit,
    Response,
    SampleDraw,
    Survey,
    SurveyGroup,
)
from surveyapp.recheck.comparing import Comparing

#: Re-checkers with fewer interviews are counted together.
LEAST_INTERVIEWS: Final = 5
TOGETHER: Final = 0
#: The count of those who are drawn but not asked again, for the sake of the others.
WITHHELD: Final = "withheld"


def pair(db: Session, survey: Survey) -> int:
    """Keep the pairs of a survey, and destroy the links; return the interviews that were paired.

    Called once by the lock, after all waiting answers were released. A pair is one question:
    several answers of one form together could be found again among the responses, and with the
    agencies of a form even its person.
    """
    counts = counted(db, survey)
    rows = db.execute(
        select(RecheckInterview, Response, SurveyGroup)
        .join(RecheckLink, RecheckLink.code_sha256 == RecheckInterview.code_sha256)
        .join(Response, Response.id == RecheckLink.answer_id)
        .join(FormCell, FormCell.id == Response.cell_id)
        .join(SurveyGroup, SurveyGroup.id == FormCell.group_id)
        .where(Response.survey_id == survey.id, RecheckInterview.outcome == "done")
    ).all()
    pairs: list[RecheckPair] = []
    by_checker: dict[int, Counter[str]] = defaultdict(Counter)
    comparing = {group.code: Comparing.of(db, survey, group) for group in survey.groups}
    for interview, response, group in rows:
        checker = by_checker[interview.account_id]
        checker["interviews"] += 1
        for item, first, second in _both(response, interview.answers):
            if comparing[group.code].leaves_out(first, second):
                continue
            pairs.append(
                RecheckPair(
                    id=secrets.token_hex(16),
                    survey_id=survey.id,
                    group_code=group.code,
                    item=item,
                    first=first,
                    second=second,
                )
            )
            if comparing[group.code].kind(item) == "fact":
                checker["facts"] += 1
                checker["differing"] += not comparing[group.code].agrees(item, first, second)
    secrets.SystemRandom().shuffle(pairs)
    db.add_all(pairs)
    db.add_all(
        RecheckCount(survey_id=survey.id, group_code=group, kind=kind, n=n)
        for (group, kind), n in counts.items()
    )
    _keep_checkers(db, survey, by_checker)
    _destroy_links(db, survey)
    return len(rows)


def counted(db: Session, survey: Survey) -> Counter[tuple[str, str]]:
    """Count cases by (group, kind): drawn, withheld, answered, and each outcome.

    Drawn are all of the protocols; withheld those of them without a link since the codes are out:
    five others must stay hidden in their cell, or they were reported before. Which of the two is
    not told apart: the lock has forgotten who was reported.
    """
    linked, asked = RecheckLink.code_sha256, RecheckInterview.code_sha256
    is_withheld = linked.is_(None) & SampleDraw.issued_at.is_not(None)
    rows = db.execute(
        select(
            FrameRow.group_code,
            is_withheld & Assignment.cell_id.is_not(None),
            RecheckLink.answer_id,
            RecheckInterview.outcome,
        )
        .select_from(RecheckUnit)
        .join(SampleDraw, SampleDraw.id == RecheckUnit.draw_id)
        .join(
            FrameRow,
            (FrameRow.frame_id == SampleDraw.frame_id)
            & (FrameRow.unit_code == RecheckUnit.unit_code),
        )
        .outerjoin(Assignment, _same_unit(Assignment))
        .outerjoin(RecheckLink, _same_unit(RecheckLink))
        .outerjoin(RecheckInterview, asked == linked)
        .where(SampleDraw.survey_id == survey.id)
    )
    counts: Counter[tuple[str, str]] = Counter()
    for group, without_link, answer_id, outcome in rows:
        counts[group, "drawn"] += 1
        counts[group, WITHHELD] += bool(without_link)
        counts[group, "answered"] += answer_id is not None
        if outcome is not None:
            counts[group, outcome] += 1
    return counts


def _same_unit(model: type[Assignment | RecheckLink]) -> ColumnElement[bool]:
    return (model.draw_id == RecheckUnit.draw_id) & (model.unit_code == RecheckUnit.unit_code)


def _keep_checkers(db: Session, survey: Survey, found: Mapping[int, Counter[str]]) -> None:
    """Store the counts of the re-checkers under numbers by lot."""
    never = db.execute(
        select(RecheckInterview.account_id)
        .join(RecheckLink, RecheckLink.code_sha256 == RecheckInterview.code_sha256)
        .join(SampleDraw, SampleDraw.id == RecheckLink.draw_id)
        .where(SampleDraw.survey_id == survey.id, RecheckInterview.outcome == "not_interviewed")
    )
    every = defaultdict(Counter, {account: Counter(counts) for account, counts in found.items()})
    for (account,) in never:
        every[account]["not_interviewed"] += 1
    accounts = sorted(every)
    secrets.SystemRandom().shuffle(accounts)
    kept: dict[int, Counter[str]] = {}
    for number, account in enumerate(accounts, 1):
        is_small = every[account]["interviews"] < LEAST_INTERVIEWS
        kept.setdefault(TOGETHER if is_small else number, Counter()).update(every[account])
    names = ("interviews", "facts", "differing", "not_interviewed")
    db.add_all(
        RecheckerCount(survey_id=survey.id, number=number, **{name: counts[name] for name in names})
        for number, counts in kept.items()
    )


def _destroy_links(db: Session, survey: Survey) -> None:
    draws = select(SampleDraw.id).where(SampleDraw.survey_id == survey.id)
    links = select(RecheckLink.code_sha256).where(RecheckLink.draw_id.in_(draws))
    db.execute(delete(RecheckInterview).where(RecheckInterview.code_sha256.in_(links)))
    db.execute(delete(RecheckLink).where(RecheckLink.draw_id.in_(draws)))


def _both(response: Response, second: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (item, first, second) for every question answered with an option both times."""
    asked = [(response.answers, second.get("answers", {}))]
    for agency, rating in second.get("ratings", {}).items():
        asked.append((response.ratings.get(agency, {}), rating))
    for before, after in asked:
        for item, value in after.items():
            if _is_option(before.get(item)) and _is_option(value):
                yield item, before[item], value


def _is_option(value: object) -> bool:
    return isinstance(value, str) and value not in MISSING_CODES
