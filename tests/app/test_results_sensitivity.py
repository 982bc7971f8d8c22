"""Leaving out a batch of forms: the change is that of computing without these forms."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Response
from surveyapp.results import service
from tests.app.results_world import add_forms, add_response, levels, manager, survey_of
from tests.app.test_results import SERVICE_ITEMS

SIZES = (200, 300)


def test_a_batch_left_out_is_the_result_without_its_forms(db: Session) -> None:
    """Two agencies of 40 forms; every fourth form came by tablet."""
    actor = manager(db)
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    for n, (agency, size) in enumerate(zip(group.agencies, SIZES, strict=False)):
        answers = [
            dict(zip(SERVICE_ITEMS, levels(100 * n + k, 16), strict=True)) for k in range(40)
        ]
        place = (agency.code, [agency.code], {"agency": agency.code})
        add_forms(db, survey, group, place, [(each, {}) for each in answers], size)
    for n, form in enumerate(db.scalars(select(Response).order_by(Response.cell_id, Response.id))):
        form.mode = "tablet" if n % 4 == 0 else "web"
    survey.state = "locked"
    db.flush()
    found = service.run(db, actor, survey).content["groups"][0]
    told = {row["batch"]: row for row in found["sensitivity"] if row["kind"] == "mode"}
    assert {batch: row["n"] for batch, row in told.items()} == {"tablet": 20, "web": 60}

    data = service.group_answers(db, group)
    whole = found["estimates"]["mean_of_5"][""]["index"]["value"]
    for batch, row in told.items():
        kept = [form for form in data.forms if form.batches["mode"] != batch]
        means = []
        for agency in group.agencies[:2]:
            own = [form.answers for form in kept if form.agencies == (agency.code,)]
            means.append(sum(int(a[i]) for a in own for i in SERVICE_ITEMS) / len(own) / 16)
        without = 20 * sum(s * m for s, m in zip(SIZES, means, strict=True)) / sum(SIZES)
        assert row["value"] == pytest.approx(without, abs=0.0051)
        assert row["change"] == pytest.approx(without - whole, abs=0.0051)


@pytest.mark.parametrize(
    ("web", "tablet", "stays"), [(12, 0, True), (12, 12, True), (12, 3, False)]
)
def test_a_batch_is_not_shown_again_when_few_forms_came_to_it(
    db: Session, web: int, tablet: int, stays: bool
) -> None:
    """The difference of two releases would tell the answers of these few."""
    actor = manager(db)
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    code = group.agencies[0].code
    answers = [dict(zip(SERVICE_ITEMS, levels(k, 16), strict=True)) for k in range(60)]
    forms = [(each, {}) for each in answers]
    cell = add_forms(db, survey, group, (code, [code], {"agency": code}), forms, 200)
    for n, form in enumerate(db.scalars(select(Response))):
        form.mode = "tablet" if n % 3 == 0 else "web"
    survey.state = "locked"
    db.flush()
    before = service.run(db, actor, survey).content["groups"][0]["sensitivity"]
    for k in range(web + tablet):
        add_response(db, survey, cell, answers[k], {})
    db.flush()
    known = {form.mode for form in db.scalars(select(Response))}
    assert known == {"web", "tablet"}
    added = db.scalars(select(Response).where(Response.mode == "web")).all()[40:][:tablet]
    for form in added:
        form.mode = "tablet"
    db.flush()
    later = service.run(db, actor, survey).content["groups"][0]["sensitivity"]
    assert [row["n"] for row in before] == [20, 40]
    assert [row["n"] for row in later] == [20 + tablet, 40 + web]
    assert not any("hidden" in row for row in before)
    assert {"hidden" not in row for row in later} == {stays}
