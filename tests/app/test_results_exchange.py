"""Two runs whose answers differ by exchanged forms: their difference tells nobody's answers."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.actor import Actor
from surveyapp.models import FormCell, FormReview, Response, ResultRun, Survey
from surveyapp.results import service
from surveyapp.results.answers import group_answers
from surveyapp.results.satisfaction import satisfaction
from surveyapp.results.weighting import weighting
from tests.app.results_world import SERVICE_ITEMS, add_response, manager, served_survey

SIZES = ((40, 400), (50, 120), (60, 90))


@pytest.fixture
def actor(db: Session) -> Actor:
    return manager(db)


@pytest.fixture
def served(db: Session, actor: Actor) -> Survey:
    survey = served_survey(db, actor, SIZES, channel="online")
    for n, form in enumerate(db.scalars(select(Response).order_by(Response.cell_id, Response.id))):
        form.mode = "tablet" if n % 3 == 0 else "web"
    db.flush()
    return survey


def exchange(db: Session, survey: Survey, agency: str) -> tuple[dict, dict]:
    """Take one form of an agency out and put another in; return the answers of both."""
    cell = db.scalars(select(FormCell).where(FormCell.stratum == agency)).one()
    out = db.scalars(select(Response).where(Response.cell_id == cell.id)).first()
    assert out is not None
    db.add(FormReview(response_id=out.id, rules="speed", state="left_out", reason="thử"))
    new = dict.fromkeys(SERVICE_ITEMS, "1") | {"channel": "post"}
    add_response(db, survey, cell, new, {})
    db.flush()
    return dict(out.answers), new


def test_the_difference_of_two_ungated_runs_tells_the_exchanged_answers(
    db: Session, served: Survey
) -> None:
    """Attack: with as many answers as before the two means tell the exchanged ones."""
    group = served.groups[0]
    agency = group.agencies[0].code
    questionnaire, method = service.questionnaire_of(db, group), service.method_of(db, group)

    def mean() -> float:
        data = group_answers(db, group)
        found = satisfaction(data, questionnaire, method, weighting(data, questionnaire, {}))
        return found["estimates"]["mean_of_5"][agency]["index"]["value"]

    before = mean()
    out, new = exchange(db, served, agency)
    told = (mean() - before) * 40 * 16 / 20
    truth = sum(int(new[item]) - int(out[item]) for item in SERVICE_ITEMS)
    assert told == pytest.approx(truth)


def test_what_an_exchanged_form_changes_stays_hidden_and_nothing_else(
    db: Session, actor: Actor, served: Survey
) -> None:
    group = served.groups[0]
    agency, other = group.agencies[0].code, group.agencies[2].code
    first = service.run(db, actor, served).content["groups"][0]
    assert not any("hidden" in each for row in main(first).values() for each in row.values())
    exchange(db, served, agency)
    later = service.run(db, actor, served).content["groups"][0]
    for row in (agency, ""):
        for code, before in main(first)[row].items():
            assert main(later)[row][code]["n"] == before["n"]
            assert "hidden" in main(later)[row][code], (row, code)
    untouched = main(first)[other]["index"]["value"]
    assert main(later)[other]["index"]["value"] == pytest.approx(untouched, abs=0.0051)
    assert agency not in later["ranks"]["agencies"]
    assert later["sensitivity"] == []  # the whole is hidden, and so is what it is without a batch
    assert "hidden" in later["others"]["channel"][agency]
    assert "hidden" in later["others"]["channel"][""]
    assert "hidden" not in later["others"]["channel"][other]
    assert "hidden" in later["without_answer"]["channel"]


def test_the_same_answers_give_the_same_content_again(
    db: Session, actor: Actor, served: Survey
) -> None:
    first = service.run(db, actor, served).content
    assert service.run(db, actor, served).content == first


def test_a_run_that_does_not_say_which_forms_it_counted_is_compared_by_all_answers(
    db: Session, actor: Actor, served: Survey
) -> None:
    first = service.run(db, actor, served)
    groups = [{**each} for each in first.content["groups"]]
    for each in groups:
        each.pop("members", None)
        each["sensitivity"] = [
            {key: value for key, value in row.items() if key != "members"}
            for row in each.get("sensitivity", ())
        ]
    first.content = first.content | {"groups": groups}
    db.flush()
    again = service.run(db, actor, served).content["groups"][0]
    assert not any("hidden" in each for row in main(again).values() for each in row.values())
    db.delete(db.scalars(select(ResultRun).order_by(ResultRun.id.desc())).first())
    exchange(db, served, served.groups[0].agencies[0].code)
    later = service.run(db, actor, served).content["groups"][0]
    assert all("hidden" in each for row in main(later).values() for each in row.values())


def main(content: dict) -> dict:
    return content["estimates"]["mean_of_5"]
