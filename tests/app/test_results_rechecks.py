"""Re-check agreement of a survey: conditional on the first answers, with a grade per index."""

import pytest
from sqlalchemy.orm import Session

from surveyapp.models import RecheckCount, RecheckerCount
from surveyapp.results import service
from surveyapp.results.answers import group_answers
from surveyapp.results.rechecks import checkers, never_interviewed, rechecks
from tests.app.results_world import add_forms, add_pairs, manager, survey_of

ANSWERED = 40


@pytest.fixture
def survey(db: Session):
    """Give a survey with forty answers of the first agency, ten of them asked again."""
    survey = survey_of(db, manager(db), "binh-dinh-service-2024")
    group = survey.groups[0]
    agency = group.agencies[0].code
    place = (agency, [agency], {"agency": agency})
    add_forms(db, survey, group, place, [({"access_signs": "4"}, {})] * ANSWERED, 80)
    add_pairs(db, survey, group, "access_signs", [("4", "4")] * 8 + [("4", "5"), ("4", "3")])
    db.add(RecheckCount(survey_id=survey.id, group_code=group.code, kind="done", n=10))
    db.flush()
    return survey


def found(db: Session, survey) -> dict:
    group = survey.groups[0]
    return rechecks(db, group, group_answers(db, group), service.method_of(db, group))


def test_agreement_has_the_error_of_a_sample_of_the_first_answers(db: Session, survey) -> None:
    item = found(db, survey)["items"]["access_signs"]
    assert (item["variance"], item["kind"], item["n"]) == ("conditional", "opinion", 10)
    assert item["agreement"]["value"] == pytest.approx(0.8)
    # Wilson with n_eff = p q / V, V = (1 - 10/40) p q / 9 (Cochran 1977, eq. 3.8), t(9) = 2.262157
    size, t2 = 9 / 0.75, 2.2621571628**2
    middle = (0.8 + t2 / (2 * size)) / (1 + t2 / size)
    half = (2.2621571628 / (1 + t2 / size)) * (0.16 / size + t2 / (4 * size**2)) ** 0.5
    assert item["agreement"]["ci"] == pytest.approx([middle - half, middle + half], rel=1e-8)


def test_every_index_above_a_question_has_a_grade(db: Session, survey) -> None:
    indices = found(db, survey)["indices"]
    method = service.method_of(db, survey.groups[0])
    above = {target for target in method.targets if "access_signs" in method.items_of(target)}
    assert set(indices) == above
    # all first answers are 4, so that chance agrees as often as the answers do
    assert {(row["ioi"], row["grade"]) for row in indices.values()} == {(1.0, "high")}
    assert all(row["agreement"] == pytest.approx(0.8) for row in indices.values())


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"done": 29}, "accepted"),
        ({"done": 28}, "too_few"),
        ({"done": 28, "not_interviewed": 1}, "not_accepted"),
        ({"done": 10, "not_interviewed": 2}, "not_accepted"),
    ],
)
def test_interviews_that_never_were_are_judged_by_lot(counts: dict, verdict: str) -> None:
    # 29 without a fault show with 95 % that fewer than one in ten are false (0.9^29 = 0.047)
    assert never_interviewed(counts)["verdict"] == verdict


def test_nobody_asked_again_gives_no_verdict() -> None:
    assert never_interviewed({"absent": 4}) is None


def test_a_re_checker_whose_facts_differ_too_often_is_flagged(db: Session, survey) -> None:
    for number, differing in ((1, 2), (2, 11)):
        db.add(
            RecheckerCount(survey_id=survey.id, number=number, interviews=20, facts=20,
                           differing=differing, not_interviewed=0)
        )  # fmt: skip
    db.flush()
    assert [row["is_flagged"] for row in checkers(db, survey)] == [False, True]
