"""Points of agencies where a form holds part of them: who was not given an agency is no zero."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.fieldwork import service as fieldwork
from surveyapp.models import Assignment, EligibleCount, FormCell, SampleDraw, SampleUnit, Survey
from surveyapp.results import answers, service
from surveyapp.samples.rating import RatingRules
from tests.app import sample_factory as make
from tests.app.results_world import add_forms, add_response, manager, survey_of


@pytest.fixture
def survey(db: Session) -> Survey:
    """Deputies (20 in the list) and district leaders (60); each form holds one agency of two."""
    survey = survey_of(db, manager(db), "binh-dinh-par-2024")
    group = survey.groups[2]
    first, second = (agency.code for agency in group.agencies)
    items = [item.code for item in service.questionnaire_of(db, group).items if item.per_agency]
    council, leaders = (raters.code for raters in group.rater_groups)
    for raters, agency, options, pop_size in (
        (council, first, [4] * 6, 10),
        (council, second, [1, 2] * 3, 10),
        (leaders, first, [1] * 5, 30),
        (leaders, second, [3, 4] * 5, 30),
    ):
        place = (f"{group.code} | {raters}", [agency], {"rater_group": raters})
        forms = [({}, {agency: dict.fromkeys(items, str(option))}) for option in options]
        add_forms(db, survey, group, place, forms, pop_size)
    survey.state = "locked"
    db.flush()
    return survey


def run(db: Session, survey: Survey) -> dict:
    actor = make.official(db, "phan.tich", "manager", "approver", "analyst")
    return service.run(db, actor, survey).content["groups"][2]


def test_every_agency_is_weighted_by_who_may_rate_it_over_who_did(db, survey) -> None:
    found = run(db, survey)["estimates"]
    first, second = (agency.code for agency in survey.groups[2].agencies)

    # 20 deputies and 60 leaders may rate both; means of those who were given the agency
    assert found[first]["total"]["value"] == pytest.approx(30 * (20 * 1.0 + 60 * 0.0) / 80)
    assert found[second]["total"]["value"] == pytest.approx(30 * (20 * 0.1 + 60 * 0.8) / 80)
    assert [found[code]["total"]["n"] for code in (first, second)] == [11, 16]


def test_the_error_comes_from_those_who_were_given_the_agency(db, survey) -> None:
    """Stratified mean without correction: V = sum W_h^2 s_h^2 / n_h (Cochran 1977, eq. 5.14)."""
    found = run(db, survey)["estimates"]
    _, second = (agency.code for agency in survey.groups[2].agencies)

    deputies = 30**2 * 0.012 / 6  # s^2 of 0, 0.2 three times each: 0.06 / 5
    leaders = 30**2 * (0.4 / 9) / 10  # s^2 of 0.6, 1.0 five times each: 0.4 / 9
    expected = (20 / 80) ** 2 * deputies + (60 / 80) ** 2 * leaders
    assert found[second]["total"]["se"] == pytest.approx(expected**0.5, rel=1e-9)


def test_the_numbers_kept_with_the_forms_are_those_of_the_list(db: Session) -> None:
    """What is stored when forms are given equals the count over the list, for every draw."""
    with clock.set_to(make.NOW):
        actor = make.official(db)
        plan = make.RATERS_PLAN.replace(
            "questionnaires = 40", "questionnaires = 40\nagencies_per_form = 2"
        )
        made, frame = make.survey_with(db, actor, plan, make.raters())
        draw = make.drawn(db, actor, frame, few_reason="thử")
        fieldwork.assign(db, actor, draw)
    group, rules = made.groups[0], RatingRules(made)
    eligible = {
        row["unit"]: tuple(
            code
            for code in rules.eligible(row["stratum"].split(" | ")[0], row["attributes"])
            if code not in row["attributes"].get("own_agencies", ())
        )
        for row in make.raters()
    }

    kept = answers.eligible_raters(db, group, eligible)
    for count in db.scalars(select(EligibleCount)):
        db.delete(count)
    db.flush()

    assert answers.eligible_raters(db, group, eligible) == kept
    assert kept["provincial | council", "so-tu-phap"] == 28


def test_a_released_reserve_unit_counts_as_sent_out(db, survey) -> None:
    """All released units count in the response rate (method.md, section 7)."""
    group = survey.groups[2]
    before = answers.group_answers(db, group)
    draw = db.scalars(select(SampleDraw)).one()
    cell = db.scalars(select(FormCell)).first()
    unit = SampleUnit(
        draw_id=draw.id,
        unit_code="z1",
        stratum=cell.stratum,
        role="reserve",
        order=1,
        inclusion_probability=0.5,
    )
    db.add(unit)
    db.flush()
    db.add(Assignment(draw_id=draw.id, unit_code="z1", cell_id=cell.id))
    add_response(db, survey, cell, {}, {})
    db.flush()

    after = answers.group_answers(db, group)
    assert after.issued == before.issued + 1
    assert len(after.forms) == len(before.forms) + 1
    assert after.pop_size == before.pop_size
