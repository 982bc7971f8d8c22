"""Weights to known margins, and response rates from the field's reports."""

from datetime import date

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.accounts import service as accounts
from surveyapp.errors import AppError
from surveyapp.models import Disposition, SampleUnit, SurveyGroup
from surveyapp.results import document, service
from surveyapp.results.answers import group_answers
from surveyapp.results.response import response
from surveyapp.results.satisfaction import satisfaction
from surveyapp.results.weighting import weighting
from tests.app.results_world import add_forms, manager, survey_of

#: 30 men answered 5, 10 women answered 3, of 200 transactions.
MEN, WOMEN, SIZE = 30, 10, 200


@pytest.fixture
def group(db: Session) -> SurveyGroup:
    survey = survey_of(db, manager(db), "binh-dinh-service-2024")
    group = survey.groups[0]
    agency = group.agencies[0].code
    answers = [{"overall": "5", "access_signs": "5", "sex": "male"}] * MEN
    answers += [{"overall": "3", "access_signs": "3", "sex": "female"}] * WOMEN
    place = (agency, [agency], {"agency": agency})
    add_forms(db, survey, group, place, [(each, {}) for each in answers], SIZE)
    return group


def signs(db: Session, group: SurveyGroup, rules: dict) -> dict:
    data, method = group_answers(db, group), service.method_of(db, group)
    asked = service.questionnaire_of(db, group)
    found = satisfaction(data, asked, method, weighting(data, asked, rules))
    return found["estimates"]["mean_of_5"][""]["access_signs"] | {"weights": found["weights"]}


def test_without_margins_every_form_stands_for_as_many_transactions(
    db: Session, group: SurveyGroup
) -> None:
    found = signs(db, group, {})
    assert found["value"] == pytest.approx(20 * (MEN * 5 + WOMEN * 3) / (MEN + WOMEN))
    assert found["weights"] == {"lowest": 5.0, "highest": 5.0, "effect": 1.0, "margins": []}


def test_one_margin_is_post_stratification(db: Session, group: SurveyGroup) -> None:
    found = signs(db, group, {"margins": {"sex": {"male": 600, "female": 600}}})
    assert found["value"] == pytest.approx(20 * (0.5 * 5 + 0.5 * 3), rel=1e-9)
    assert found["se"] == pytest.approx(0.0, abs=1e-9)  # nothing varies within the sexes
    shares = np.array([0.5 / MEN] * MEN + [0.5 / WOMEN] * WOMEN)
    assert found["weights"]["effect"] == pytest.approx(40 * np.sum(shares**2), rel=1e-9)


def test_a_form_that_leaves_the_question_open_keeps_its_share(
    db: Session, group: SurveyGroup
) -> None:
    data = group_answers(db, group)
    for form in data.forms[:4]:
        form.answers["sex"] = "refused"
    asked = service.questionnaire_of(db, group)
    rules = {"margins": {"sex": {"male": 600, "female": 600}}}
    weight = weighting(data, asked, rules).design.weight
    is_open = np.array([form.answers["sex"] == "refused" for form in data.forms])
    assert weight[is_open] == pytest.approx(np.full(4, 5.0))
    assert weight.sum() == pytest.approx(SIZE)


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"margins": {"no_question": {"a": 1}}}, "no_question"),
        ({"margins": {"sex": {"male": 1, "cat": 1}}}, "cat"),
        ({"margins": {"sex": {"male": 1, "female": 0}}}, "sex"),
        ({"margins": {"sex": {"male": 1, "female": 99}}, "weight_bounds": [0.9, 1.1]}, "sex"),
    ],
)
def test_margins_that_cannot_be_met_are_refused_by_name(
    db: Session, group: SurveyGroup, rules: dict, named: str
) -> None:
    data, asked = group_answers(db, group), service.questionnaire_of(db, group)
    with pytest.raises(AppError, match=rf"RESULTS-120.*{named}") as refused:
        weighting(data, asked, rules)
    assert "found" not in refused.value.message  # no sentence of the program's own language


def report(db: Session, *reasons: str) -> None:
    units = db.scalars(select(SampleUnit).order_by(SampleUnit.unit_code)).all()
    for unit, reason in zip(units, reasons, strict=False):
        db.add(
            Disposition(
                draw_id=unit.draw_id,
                unit_code=unit.unit_code,
                reason=reason,
                reported_on=date(2024, 11, 1),
            )
        )
    db.flush()


def rates(db: Session, group: SurveyGroup, received: int) -> dict:
    data = group_answers(db, group)
    kept = type(data)(data.forms[:received], data.pop_size, data.issued, data.sha256)
    return response(db, group, kept)


def test_response_rates_follow_aapor(db: Session, group: SurveyGroup) -> None:
    report(db, "refused", "not_reached", "died", "left", "left", "no_address")
    found = rates(db, group, 20)
    # 40 asked: 20 forms, 3 eligible without, 2 out of scope, 1 + 14 of unknown eligibility
    e = 23 / 25
    assert found["rr1"] == pytest.approx(20 / (23 + 15))
    assert found["rr3"] == pytest.approx(20 / (23 + e * 15))
    assert found["e"] == pytest.approx(e)


def test_reported_persons_who_answered_after_all_are_counted_once(
    db: Session, group: SurveyGroup
) -> None:
    report(db, "refused", "refused", "not_reached")
    found = rates(db, group, 39)
    assert (found["late"], found["rr1"]) == (2, pytest.approx(39 / 40))


def test_nobody_answered_gives_no_rate(db: Session, group: SurveyGroup) -> None:
    assert rates(db, group, 0)["rr1"] is None


def test_the_report_tells_response_and_weights_of_every_group(
    db: Session, group: SurveyGroup
) -> None:
    survey = group.survey
    report(db, "refused", "left", "left")
    survey.state = "locked"
    other = survey.groups[0].agencies[1].code
    answers = [({"overall": "4", "access_signs": "4"}, {})] * 20
    add_forms(db, survey, group, (other, [other], {"agency": other}), answers, 400)
    made = service.run(db, accounts.as_actor(accounts.find(db, "quan-ly")), survey)
    built = document.build(db, survey, made)
    table = next(each for each in built.tables() if each.code == "response")
    row = dict(zip([column.key for column in table.columns], table.rows[0], strict=True))
    assert (row["issued"], row["returned"]) == (60, 60)
    assert row["rr1"] == pytest.approx(100.0)  # reported, and answered after all
    assert row["reports"] == "từ chối trả lời (2.10): 1; đã chuyển đi, thôi giữ chức vụ (4.10): 2"
    assert row["weights"] == "5,0–20,0"  # noqa: RUF001  a range
    weight = np.array([5.0] * 40 + [20.0] * 20)
    expected = len(weight) * np.sum(weight**2) / np.sum(weight) ** 2
    assert row["effect"] == pytest.approx(expected, rel=1e-12)
    assert any("3 người được báo" in note for note in table.notes)
    assert all(c.reading for c in table.columns if c.kind not in ("text", "code"))
