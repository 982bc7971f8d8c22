"""Plans are read whole: every fault with its place, rule and fix."""

import pytest

from surveyapp.surveys import definitions
from surveyapp.surveys.plan import load_plan
from surveyapp.surveys.plan_reading import PlanError

SMALL = """
survey = "small"
title = "Khảo sát thử"
year = 2024
deadline = 2024-11-15
lead_agency = "Sở Nội vụ"
[[groups]]
code = "provincial"
title = "Cơ quan của tỉnh"
questionnaires = 10
questionnaire = "par_provincial"
method = "par_provincial"
raters = [{code = "council", title = "Đại biểu", rates = "all"}]
agencies = ["Sở Nội vụ", "Sở Y tế"]
"""


def problems_of(text: str) -> list[str]:
    with pytest.raises(PlanError) as caught:
        load_plan(text)
    return [str(problem) for problem in caught.value.problems]


def test_the_plan_of_2024_has_the_numbers_of_the_decision() -> None:
    plan = load_plan(definitions.plan_text("binh-dinh-par-2024"))

    assert [group.quota for group in plan.groups] == [400, 630, 70]
    assert plan.quota + (plan.recheck_planned or 0) == plan.total_planned == 1200
    assert plan.recheck_max_share == 0.10
    assert [len(group.agencies) for group in plan.groups] == [17, 11, 2]
    assert plan.notes == ()


def test_the_service_plan_rates_the_same_agencies_with_600_forms() -> None:
    sociological = load_plan(definitions.plan_text("binh-dinh-par-2024"))
    service = load_plan(definitions.plan_text("binh-dinh-service-2024"))

    assert service.quota == 600
    assert service.kind == "service"
    assert [g.agencies for g in service.groups] == [g.agencies for g in sociological.groups]


def test_a_plan_that_counts_ratings_says_how_many_forms_give_them() -> None:
    text = 'questionnaire_counts = "ratings"\n' + SMALL.replace(
        "questionnaires = 10", "questionnaires = 41\nagencies_per_form = 1"
    )
    assert load_plan(text).groups[0].quota == 41

    both = load_plan(text.replace("agencies_per_form = 1", "agencies_per_form = 2"))
    assert both.groups[0].quota == 21  # two agencies a form: 42 ratings
    assert "21 phiếu" in both.notes[0]

    lines = problems_of(text.replace('rates = "all"', 'rates = "own_line"'))
    assert any("SURVEY-124" in problem for problem in lines)


def test_several_faults_are_told_together_with_place_and_nearest_name() -> None:
    text = SMALL.replace("year = 2024", 'yaer = 2024\nkind = "socialogical"')
    text = text.replace("questionnaires = 10", "questionnaires = -10")
    text = text.replace('agencies = ["Sở Nội vụ", "Sở Y tế"]', "agencies = []")

    found = problems_of(text)

    assert any("đầu tệp" in p and "yaer" in p and "«year»" in p for p in found)
    assert any("SURVEY-106" in p and "«sociological»" in p for p in found)
    assert any("nhóm «provincial»" in p and "không được âm" in p for p in found)
    assert any("SURVEY-112" in p and "nhóm «provincial»" in p for p in found)
    assert any("SURVEY-103" in p and "«year»" in p for p in found)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("year = 2024", "year = ", "SURVEY-101"),
        ("questionnaires = 10", 'questionnaires = "10"', "SURVEY-104"),
        ("questionnaires = 10", "questionnaires = 10.5", "SURVEY-104"),
        ('code = "provincial"', 'code = "Tỉnh"', "SURVEY-105"),
        ('rates = "all"', 'rates = "friends"', "SURVEY-106"),
        ('rates = "all"', 'rates = "list"', "SURVEY-121"),
        ('rates = "all"', 'rates = "list", agencies = ["Sở Lạ"]', "SURVEY-123"),
        ('rates = "all"', 'rates = "all", ratings = -1', "SURVEY-107"),
        ('rates = "all"', 'rates = "all", ratings = {"Sở Lạ" = 5}', "SURVEY-123"),
        ("questionnaires = 10", "questionnaires = 10\nagencies_per_form = 0", "SURVEY-122"),
        ("[[groups]]", "[recheck]\nmax_share = 0.2\n[[groups]]", "SURVEY-108"),
        ("[[groups]]", "[recheck.tolerance]\nvisits = -1\n[[groups]]", "SURVEY-135"),
        ("[[groups]]", "[recheck]\nfacts = 3\n[[groups]]", "SURVEY-104"),
        ("questionnaires = 10", "questionnaires = 10\nmargins = {sex = {a = 1}}", "SURVEY-136"),
        ("questionnaires = 10", "questionnaires = 10\nmargins = {sex = {a = -1}}", "SURVEY-137"),
        ("questionnaires = 10", "questionnaires = 10\nweight_bounds = [2, 3]", "SURVEY-138"),
        ("questionnaires = 10", "questionnaires = 10\nweight_bounds = 2", "SURVEY-138"),
        ("year = 2024", "year = 24", "SURVEY-109"),
        ('[{code = "council", title = "Đại biểu", rates = "all"}]', "[]", "SURVEY-110"),
        ("year = 2024", 'year = 2024\nkind = "service"', "SURVEY-111"),
        ('"Sở Y tế"', '"---"', "SURVEY-113"),
        ('"Sở Y tế"', '"SỞ  NỘI VỤ"', "SURVEY-116"),
        ("deadline = 2024-11-15", 'deadline = "15/11/2024"', "SURVEY-104"),
        (
            "questionnaires = 10",
            "questionnaires = 10\nunits_valid_from = 2024-01-01\nunits_valid_to = 2023-01-01",
            "SURVEY-118",
        ),
    ],
)
def test_a_fault_has_its_rule(old: str, new: str, code: str) -> None:
    assert old in SMALL
    assert any(f"[{code}]" in problem for problem in problems_of(SMALL.replace(old, new)))


def test_a_plan_without_groups_or_with_one_group_twice_is_refused() -> None:
    head, _, group = SMALL.partition("[[groups]]")

    assert any("SURVEY-115" in problem for problem in problems_of(head))
    twice = f"{SMALL}\n[[groups]]{group}"
    assert any("SURVEY-114" in problem for problem in problems_of(twice))


def test_one_rater_code_means_the_same_persons_everywhere() -> None:
    _, _, group = SMALL.partition("[[groups]]")
    other = group.replace('"provincial"', '"central"').replace("Đại biểu", "Lãnh đạo")
    other = other.replace('["Sở Nội vụ", "Sở Y tế"]', '["Cục Thuế tỉnh"]')

    assert any("SURVEY-117" in p for p in problems_of(f"{SMALL}\n[[groups]]{other}"))


def test_a_total_that_differs_is_a_note_and_no_fault() -> None:
    plan = load_plan(SMALL.replace("year = 2024", "year = 2024\ntotal_planned = 99"))

    assert len(plan.notes) == 1
    assert "99" in plan.notes[0]


def test_byte_order_mark_and_decomposed_letters_do_not_change_the_plan() -> None:
    import unicodedata

    plain = load_plan(SMALL)

    assert load_plan("\ufeff" + unicodedata.normalize("NFD", SMALL)) == plain
