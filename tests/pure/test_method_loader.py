"""Every fault of a method file is told with its place, its rule and how to mend it."""

import pytest

from questionnaires.errors import DefinitionError
from questionnaires.loader import build_questionnaire
from questionnaires.method import MethodVersion
from questionnaires.method_loader import load_method, validate_against
from questionnaires.types import Questionnaire

GOOD = """\
code = "tiny"
version = "2023"
title = {vi = "Chỉ số nhỏ"}
publisher = "Ủy ban nhân dân tỉnh"
population = "Người dân"
questionnaire = "tiny"
kind = "satisfaction"
item_measure = "mean_of_5"
satisfied = ["4", "5"]
decimals = 2
unanswered_item = "null"
note = "chưa đối chiếu"
[[fields]]
code = "I"
title = {vi = "Lĩnh vực"}
pooling = "items"
[[fields.components]]
code = "I.1"
title = {vi = "Tiêu chí"}
items = ["a", "b"]
[[fields.components]]
code = "I.2"
title = {vi = "Tiêu chí"}
items = ["c"]
[index]
pooling = "items"
"""

POINTS = (
    GOOD.replace('kind = "satisfaction"', 'kind = "points"')
    .replace('item_measure = "mean_of_5"\nsatisfied = ["4", "5"]\n', "")
    .replace('pooling = "items"', 'pooling = "sum"')
)

FAULTS = [
    ("DEF-001", GOOD, "decimals = 2", "decimals =", "dòng 10"),
    ("DEF-002", GOOD, "decimals = 2", "decimals = 2\ndecimal = 2", "decimal"),
    ("DEF-003", GOOD, 'publisher = "Ủy ban nhân dân tỉnh"\n', "", "publisher"),
    ("DEF-003", GOOD, 'population = "Người dân"', 'population = " "', "population"),
    ("DEF-003", GOOD, "decimals = 2\n", "", "decimals"),
    ("DEF-003", GOOD, '[index]\npooling = "items"\n', "", "index"),
    ("DEF-003", GOOD, 'satisfied = ["4", "5"]\n', "", "satisfied"),
    ("DEF-004", GOOD, "decimals = 2", 'decimals = "2"', "decimals"),
    ("DEF-005", GOOD, "decimals = 2", "decimals = 9", "9"),
    ("DEF-005", GOOD, 'unanswered_item = "null"', 'unanswered_item = "zero"', "zero"),
    ("DEF-005", GOOD, '"mean_of_5"', '"mean"', "item_measure"),
    ("DEF-006", GOOD, 'version = "2023"', 'version = "năm 2023"', "năm 2023"),
    ("DEF-006", GOOD, '"a", "b"', '"A b"', "A b"),
    ("DEF-007", GOOD, 'code = "I.2"', 'code = "I.1"', "I.1"),
    ("DEF-007", GOOD, 'code = "I.2"', 'code = "index"', "index"),
    ("DEF-007", GOOD, 'items = ["c"]', 'items = ["a"]', "«a»"),
    ("DEF-010", GOOD, 'title = {vi = "Lĩnh vực"}', 'title = {en = "Field"}', "lĩnh vực I"),
    ("METHOD-001", GOOD, 'items = ["c"]', "", "I.2"),
    ("METHOD-002", GOOD, 'items = ["c"]', 'items = ["c"]\nitem_count = 2', "I.2"),
    ("METHOD-003", GOOD, 'items = ["c"]', 'items = ["c"]\nweight = 1.0', "I.2"),
    ("METHOD-003", GOOD, 'pooling = "items"\n[[', 'pooling = "weights"\n[[', "I.1"),
    (
        "METHOD-003",
        GOOD,
        '[index]\npooling = "items"',
        '[index]\npooling = "weights"',
        "lĩnh vực I",
    ),
    ("METHOD-003", GOOD, "[[fields]]", "[rater_group_weights]\nx = 1\n[[fields]]", "nhóm"),
    ("METHOD-004", GOOD, 'pooling = "items"', 'pooling = "sum"', "lĩnh vực I"),
    ("METHOD-004", POINTS, 'pooling = "sum"', 'pooling = "equal"', "lĩnh vực I"),
    ("METHOD-004", POINTS, '"null"', '"renormalise"', "renormalise"),
    ("METHOD-005", GOOD, 'item_measure = "mean_of_5"\n', "", "item_measure"),
    ("METHOD-005", POINTS, "decimals = 2", 'decimals = 2\nsatisfied = ["4"]', "satisfied"),
    ("DEF-026", POINTS, "[[fields]]", "[rater_group_weights]\nx = 0\n[[fields]]", "x"),
]


def refusal(text: str) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        load_method(text, "tiny.toml")
    return caught.value


@pytest.mark.parametrize(("rule", "good", "part", "instead", "word"), FAULTS)
def test_a_fault_is_refused_with_file_place_rule_and_fix(
    rule: str, good: str, part: str, instead: str, word: str
) -> None:
    assert part in good

    problems = refusal(good.replace(part, instead, 1)).problems
    found = [problem for problem in problems if problem.rule == rule]

    assert found, [str(problem) for problem in problems]
    assert any(word in f"{problem.place} {problem.message}" for problem in found)
    assert all(problem.file == "tiny.toml" and problem.place and problem.fix for problem in found)


def test_weights_that_sum_to_nothing_and_negative_ones_are_refused() -> None:
    weighted = GOOD.replace('pooling = "items"\n[[', 'pooling = "weights"\n[[')
    zero = weighted.replace("items = [", "weight = 0\nitems = [")
    negative = zero.replace("weight = 0", "weight = -1", 1)

    assert "Tổng quyền số" in str(refusal(zero))
    assert "Quyền số âm" in str(refusal(negative))


def test_a_method_without_fields_or_components_is_refused() -> None:
    no_fields = GOOD[: GOOD.index("[[fields]]")] + '[index]\npooling = "items"\n'
    no_components = no_fields.replace(
        "[index]", '[[fields]]\ncode = "I"\ntitle = {vi = "x"}\npooling = "items"\n[index]'
    )

    assert [p.rule.value for p in refusal(no_fields).problems] == ["DEF-017"]
    assert [p.rule.value for p in refusal(no_components).problems] == ["DEF-017"]


def test_a_good_method_is_read_as_written() -> None:
    method = load_method(
        POINTS.replace("[[fields]]", "[rater_group_weights]\nleaders = 2\n[[fields]]", 1), "m"
    )

    assert method.rater_group_weights == {"leaders": 2}
    assert method.items == ("a", "b", "c")
    assert method.targets == ("I.1", "I.2", "I", "index")
    assert [part.item_count for part in method.fields] == [3]
    assert method.item_measure is None and method.satisfied == ()


def form(**changed: object) -> Questionnaire:
    scored = [{"code": str(n), "score": n, "percent": n, "text": {"vi": "x"}} for n in range(1, 6)]
    item = {"kind": "choice", "text": {"vi": "x"}, "options": scored, "max_points": 1}
    items = [{**item, "code": code} for code in "abc"]
    items[0] |= changed
    return build_questionnaire(
        {
            "code": "tiny",
            "version": 1,
            "languages": ["vi"],
            "respondents": ["person"],
            "rates": "one",
            "review": "thử",
            "title": {"vi": "x"},
            "purpose": {"vi": "x"},
            "pages": [{"code": "p", "title": {"vi": "x"}, "items": items}],
        },
        "tiny",
    )


def rules(method: MethodVersion, questionnaire: Questionnaire) -> list[str]:
    return [problem.rule.value for problem in validate_against(method, questionnaire)]


def test_a_method_fits_a_questionnaire_whose_items_have_scores() -> None:
    assert rules(load_method(GOOD, "m"), form()) == []
    assert rules(load_method(POINTS, "m"), form()) == []


def test_what_a_method_cannot_compute_from_a_questionnaire_is_named() -> None:
    good, points = load_method(GOOD, "m"), load_method(POINTS, "m")
    two = [{"code": code, "text": {"vi": "x"}} for code in ("4", "5")]
    zero = [{"code": str(n), "score": n - 1, "text": {"vi": "x"}} for n in range(1, 6)]

    assert rules(good, form(code="d")) == ["METHOD-007"]
    assert rules(points, form(code="d")) == ["METHOD-007", "METHOD-009"]
    assert rules(points, form(max_points=None)) == ["METHOD-008"]
    assert rules(good, form(options=two, max_points=None)) == ["METHOD-008"]
    assert rules(good, form(options=zero, max_points=None)) == ["METHOD-008"]
    assert rules(load_method(GOOD.replace('"5"]', '"6"]'), "m"), form()) == ["METHOD-011"] * 3
    counted = load_method(GOOD.replace('items = ["c"]', "item_count = 1"), "m")
    assert rules(counted, form()) == ["METHOD-010"]
