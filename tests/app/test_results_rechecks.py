"""Re-check agreement of a survey: conditional on the first answers, with a grade per index."""

import pytest
from sqlalchemy.orm import Session

from analysis.report import Missing, ReportTable
from surveyapp.models import RecheckCount, RecheckerCount
from surveyapp.results import recheck_tables, service
from surveyapp.results.answers import group_answers
from surveyapp.results.comparing import pairs
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
    assert {row["grade"] for row in indices.values()} == {"high"}
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


def test_a_re_checker_without_questions_on_facts_gets_no_finding(db: Session, survey) -> None:
    for number, facts, differing in ((1, 0, 0), (2, 20, 2), (3, 20, 15)):
        db.add(
            RecheckerCount(survey_id=survey.id, number=number, interviews=20, facts=facts,
                           differing=differing, not_interviewed=0)
        )  # fmt: skip
    db.flush()
    group = survey.groups[0]
    given = (service.questionnaire_of(db, group), service.method_of(db, group))
    checked = recheck_tables.Checked(group.title, *given, found(db, survey))
    *_, table = recheck_tables.blocks([checked], checkers(db, survey))
    assert isinstance(table, ReportTable)
    none, few, many = (row[-1] for row in table.rows)
    assert none == Missing("không hỏi câu nào về sự việc")
    assert (few, many) == ("chưa thấy vượt 10%", "khác nhau quá 10%, cần rà soát")


@pytest.mark.parametrize(
    ("compared", "differ", "said"),
    [
        (3, 3, "Cả 3 cặp cơ quan so với nhau đều khác biệt rõ"),
        (3, 1, "Trong 3 cặp cơ quan so với nhau, chỉ 1 cặp khác biệt rõ"),
        (1, 1, "Hai cơ quan so với nhau: khác biệt rõ"),
        (1, 0, "Hai cơ quan so với nhau: chưa đủ căn cứ"),
        (3, 0, "Trong 3 cặp cơ quan so với nhau, không cặp nào khác biệt rõ"),
    ],
)
def test_no_pairs_are_left_where_all_differ(compared: int, differ: int, said: str) -> None:
    (sentence,) = pairs({"pairs": {"compared": compared, "differ": differ}})
    assert sentence.text.startswith(said)
    assert ("còn lại" in sentence.text) is (0 < differ < compared)


def test_indices_over_each_other_tell_no_hidden_question(db: Session, survey) -> None:
    """A dimension, the index and a hidden question in each: their difference tells none of them."""
    group = survey.groups[0]
    method = service.method_of(db, group)
    parts = [list(method.items_of(part.code)) for part in method.components]
    for item in (parts[0][1], parts[1][0], parts[1][1]):  # 6, and 6 with 6 of one component
        add_pairs(db, survey, group, item, [("4", "4")] * 5 + [("4", "5")])
    add_pairs(db, survey, group, parts[1][2], [("4", "4")] * 20)
    told = found(db, survey)
    n = {code: item["n"] for code, item in told["items"].items()}
    lost = {code for code, item in told["items"].items() if "hidden" in item}
    assert lost == {parts[0][1], parts[1][0], parts[1][1]}
    shown = [
        set(method.items_of(target)) & lost
        for target, index in told["indices"].items()
        if "hidden" not in index
    ]
    for one in shown:
        for other in (set(), *shown):
            few = one - other if other <= one else set()
            assert sum(n[code] for code in few) >= 10 or not few


@pytest.mark.parametrize(("more", "told"), [(0, False), (20, True)])
def test_measures_that_tell_how_often_each_answer_was_given_need_thirty_pairs(
    db: Session, survey, more: int, *, told: bool
) -> None:
    add_pairs(db, survey, survey.groups[0], "access_signs", [("4", "5")] * more)
    item = found(db, survey)["items"]["access_signs"]
    assert item["n"] == 10 + more
    assert item["agreement"]["value"] == pytest.approx(8 / (10 + more))
    assert [key in item for key in ("kappa", "gdr", "ndr", "prevalence")] == [told] * 4


def test_re_checkers_tell_no_hidden_fact(db: Session, survey) -> None:
    for number, facts in ((1, 20), (2, 30), (3, 9)):
        db.add(
            RecheckerCount(survey_id=survey.id, number=number, interviews=20, facts=facts,
                           differing=4, not_interviewed=0)
        )  # fmt: skip
    db.flush()
    shown = [row["differing"] for row in checkers(db, survey)]
    assert shown == [None, 4, None]  # the facts of all are told by the questions
    hidden = {"kind": "fact", "n": 6, "hidden": "dưới 10"}
    groups = [{"recheck": {"items": {"visits": hidden}}}]
    assert [row["differing"] for row in checkers(db, survey, groups)] == [None] * 3
