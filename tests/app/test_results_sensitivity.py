"""Leaving out a batch of forms: the change is that of computing without these forms."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Response
from surveyapp.results import service
from tests.app.results_world import add_forms, levels, manager, survey_of
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
