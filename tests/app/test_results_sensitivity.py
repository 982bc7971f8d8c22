"""Leaving out a batch of forms: the change is that of computing without these forms."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.actor import Actor
from surveyapp.models import FormCell, Response, Survey
from surveyapp.results import service
from surveyapp.results.answers import Form
from tests.app.results_world import add_forms, add_response, levels, manager, survey_of
from tests.app.test_results import SERVICE_ITEMS

SIZES = (200, 300)


def levels_of(seed: int) -> dict[str, str]:
    return dict(zip(SERVICE_ITEMS, levels(seed, 16), strict=True))


def locked_survey(
    db: Session, actor: Actor, answers: list[list[dict[str, str]]], every: int
) -> tuple[Survey, FormCell]:
    """Lock a survey with these answers by agency, of which every n-th form came by tablet."""
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    for agency, size, given in zip(group.agencies, SIZES, answers, strict=False):
        place = (agency.code, [agency.code], {"agency": agency.code})
        cell = add_forms(db, survey, group, place, [(each, {}) for each in given], size)
    for n, form in enumerate(db.scalars(select(Response).order_by(Response.cell_id, Response.id))):
        form.mode = "tablet" if n % every == 0 else "web"
    survey.state = "locked"
    db.flush()
    return survey, cell


def told_of_modes(db: Session, actor: Actor, survey: Survey) -> list[dict[str, Any]]:
    found = service.run(db, actor, survey).content["groups"][0]["sensitivity"]
    return [row for row in found if row["kind"] == "mode"]


def test_a_batch_left_out_is_the_result_without_its_forms(db: Session) -> None:
    """Two agencies of 40 forms; every fourth form came by tablet."""
    actor = manager(db)
    answers = [[levels_of(100 * n + k) for k in range(40)] for n in range(2)]
    survey, _ = locked_survey(db, actor, answers, 4)
    group = survey.groups[0]
    told = {row["batch"]: row for row in told_of_modes(db, actor, survey)}
    assert {batch: row["n"] for batch, row in told.items()} == {"tablet": 20, "web": 60}

    def weighted(forms: list[Form]) -> float:
        means = []
        for agency in group.agencies[:2]:
            own = [form.answers for form in forms if form.agencies == (agency.code,)]
            means.append(sum(int(a[i]) for a in own for i in SERVICE_ITEMS) / len(own) / 16)
        return 20 * sum(s * m for s, m in zip(SIZES, means, strict=True)) / sum(SIZES)

    forms = list(service.group_answers(db, group).forms)
    for batch, row in told.items():
        without = weighted([form for form in forms if form.batches["mode"] != batch])
        assert row["value"] == pytest.approx(without, abs=0.0051)
        assert row["change"] == pytest.approx(without - weighted(forms), abs=0.0051)


@pytest.mark.parametrize(
    ("web", "tablet", "stays"), [(12, 0, True), (12, 12, True), (12, 3, False)]
)
def test_a_batch_is_not_shown_again_when_few_forms_came_to_it(
    db: Session, web: int, tablet: int, stays: bool
) -> None:
    """The difference of two releases would tell the answers of these few."""
    actor = manager(db)
    answers = [levels_of(k) for k in range(60)]
    survey, cell = locked_survey(db, actor, [answers], 3)
    before = told_of_modes(db, actor, survey)
    for k in range(web + tablet):
        add_response(db, survey, cell, answers[k], {})
    db.flush()
    added = db.scalars(select(Response).where(Response.mode == "web")).all()[40:][:tablet]
    for form in added:
        form.mode = "tablet"
    db.flush()
    later = told_of_modes(db, actor, survey)
    assert [row["n"] for row in before] == [20, 40]
    assert [row["n"] for row in later] == [20 + tablet, 40 + web]
    assert not any("hidden" in row for row in before)
    assert {"hidden" not in row for row in later} == {stays}
