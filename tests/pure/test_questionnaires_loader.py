"""Every fault of a questionnaire file is told with its place, its rule and how to mend it."""

import unicodedata

import pytest

from questionnaires.errors import DefinitionError
from questionnaires.loader import load_questionnaire
from questionnaires.types import MISSING_TEXTS

GOOD = """\
code = "tiny"
version = 1
languages = ["vi", "en"]
respondents = ["person"]
rates = "many"
review = "cần đối chiếu văn bản gốc"
title = {vi = "Phiếu nhỏ", en = "Tiny form"}
purpose = {vi = "Hỏi thử.", en = "A try."}

[[scales]]
code = "satisfaction"
options = [
  {code = "1", score = 1, percent = 0, text = {vi = "Kém", en = "Bad"}},
  {code = "2", score = 2, percent = 100, text = {vi = "Tốt", en = "Good"}},
]

[[blocks]]
code = "A"
title = {vi = "Khối A", en = "Block A"}

[[pages]]
code = "start"
title = {vi = "Mở đầu", en = "Start"}

[[pages.items]]
code = "outcome"
kind = "choice"
options = [
  {code = "granted", text = {vi = "Được cấp", en = "Granted"}},
  {code = "rejected", text = {vi = "Bị từ chối", en = "Rejected"}},
]
text = {vi = "Kết quả?", en = "Outcome?"}
missing = ["dk"]

[[pages.items]]
code = "wishes"
kind = "choices"
options = [
  {code = "fast", text = {vi = "Nhanh", en = "Fast"}},
  {code = "none", text = {vi = "Không", en = "None"}},
]
text = {vi = "Mong muốn?", en = "Wishes?"}
exclusive = ["none"]
max_choices = 2

[[pages.items]]
code = "visits"
kind = "number"
text = {vi = "Mấy lần?", en = "How often?"}
minimum = 1
maximum = 9

[[pages]]
code = "extra"
title = {vi = "Thêm", en = "More"}
block = "A"

[[pages.items]]
code = "comment"
kind = "text"
text = {vi = "Góp ý?", en = "Comment?"}
max_length = 100
show_if = [{item = "outcome", any_of = ["rejected", "dk"]}]

[[pages]]
code = "staff"
title = {vi = "Cán bộ", en = "Staff"}
per_agency = true

[[pages.items]]
code = "polite"
kind = "choice"
scale = "satisfaction"
text = {vi = "Lịch sự?", en = "Polite?"}
max_points = 2.5
"""

#: rule, part of GOOD, what stands there instead, a word that place or message must hold.
FAULTS = [
    ("DEF-001", 'code = "tiny"', 'code = "tiny', "dòng 1"),
    ("DEF-001", "version = 1", "version = ", "dòng 2"),
    ("DEF-001", "max_points = 2.5", "max_points = [", "cuối tệp"),
    ("DEF-002", "max_length = 100", "max_lenght = 100", "max_lenght"),
    ("DEF-002", "per_agency = true", "per_agency = true\nperagency = true", "trang staff"),
    ("DEF-003", 'review = "cần đối chiếu văn bản gốc"\n', "", "review"),
    ("DEF-003", "version = 1\n", "", "version"),
    ("DEF-003", 'languages = ["vi", "en"]', "languages = []", "languages"),
    ("DEF-003", 'any_of = ["rejected", "dk"]', "any_of = []", "câu comment"),
    ("DEF-004", "version = 1", 'version = "1"', "version"),
    ("DEF-004", "version = 1", "version = true", "version"),
    ("DEF-004", 'title = {vi = "Phiếu nhỏ", en = "Tiny form"}', 'title = "Phiếu"', "title"),
    ("DEF-004", "max_points = 2.5", 'max_points = "2,5"', "max_points"),
    ("DEF-004", "version = 1", "version = 1" + "0" * 400, "version"),
    ("DEF-004", "max_points = 2.5", "max_points = 1" + "0" * 400, "max_points"),
    ("DEF-004", "max_points = 2.5", "max_points = nan", "max_points"),
    ("DEF-004", "per_agency = true", 'per_agency = "yes"', "per_agency"),
    ("DEF-004", 'missing = ["dk"]', "missing = [1]", "missing"),
    ("DEF-004", 'show_if = [{item = "outcome"', 'show_if = ["x", {item = "outcome"', "show_if"),
    ("DEF-005", 'kind = "number"', 'kind = "date"', "date"),
    ("DEF-005", 'rates = "many"', 'rates = "all"', "all"),
    ("DEF-005", 'respondents = ["person"]', 'respondents = ["people"]', "people"),
    ("DEF-005", 'missing = ["dk"]', 'missing = ["blank"]', "blank"),
    ("DEF-006", 'code = "polite"', 'code = "Lịch sự"', "Lịch sự"),
    ("DEF-006", 'code = "tiny"', 'code = "1tiny"', "1tiny"),
    ("DEF-006", 'code = "granted"', 'code = "granted!"', "granted!"),
    ("DEF-007", 'code = "visits"', 'code = "wishes"', "wishes"),
    ("DEF-007", 'code = "extra"', 'code = "start"', "start"),
    ("DEF-007", 'code = "rejected"', 'code = "granted"', "granted"),
    (
        "DEF-007",
        "[[blocks]]",
        '[[scales]]\ncode = "satisfaction"\noptions = []\n[[blocks]]',
        "thang",
    ),
    (
        "DEF-007",
        "[[blocks]]",
        '[[blocks]]\ncode = "A"\ntitle = {vi = "a", en = "a"}\n[[blocks]]',
        "khối",
    ),
    ("DEF-008", 'code = "granted"', 'code = "refused"', "phương án refused"),
    ("DEF-009", 'scale = "satisfaction"', 'scale = "agreement"', "agreement"),
    ("DEF-010", 'en = "Polite?"', 'en = " "', "câu polite"),
    ("DEF-010", ', en = "Granted"', "", "phương án granted"),
    ("DEF-010", 'en = "Tiny form"', 'en = "Tiny form", ba = "x"', "ba"),
    ("DEF-010", 'languages = ["vi", "en"]', 'languages = ["en"]', "tiếng Việt"),
    ("DEF-010", 'languages = ["vi", "en"]', 'languages = ["vi", "EN"]', "EN"),
    ("DEF-011", '  {code = "fast", text = {vi = "Nhanh", en = "Fast"}},\n', "", "câu wishes"),
    ("DEF-011", 'scale = "satisfaction"\n', "", "câu polite"),
    ("DEF-012", 'item = "outcome"', 'item = "outcomes"', "outcomes"),
    (
        "DEF-013",
        '{item = "outcome", any_of = ["rejected", "dk"]}',
        '{item = "polite", any_of = ["1"]}',
        "polite",
    ),
    (
        "DEF-013",
        '{item = "outcome", any_of = ["rejected", "dk"]}',
        '{item = "comment", any_of = ["1"]}',
        "comment",
    ),
    ("DEF-014", 'any_of = ["rejected", "dk"]', 'any_of = ["lost"]', "lost"),
    ("DEF-014", 'any_of = ["rejected", "dk"]', 'any_of = ["na"]', "na"),
    (
        "DEF-014",
        '{item = "outcome", any_of = ["rejected", "dk"]}',
        '{item = "visits", any_of = ["2"]}',
        "visits",
    ),
    ("DEF-016", 'rates = "many"', 'rates = "one"', "trang staff"),
    ("DEF-016", "per_agency = true\n", "", "nhiều cơ quan"),
    ("DEF-018", 'block = "A"\n', "", "khối A"),
    ("DEF-018", 'block = "A"', 'block = "B"', "trang extra"),
    ("DEF-019", 'exclusive = ["none"]', 'exclusive = ["nothing"]', "nothing"),
    ("DEF-020", "minimum = 1", "minimum = 10", "câu visits"),
    ("DEF-021", "score = 2, percent = 100", "score = 2", "câu polite"),
    ("DEF-022", "percent = 100", "percent = 101", "101"),
    ("DEF-022", "percent = 0", "percent = -1", "-1"),
    ("DEF-023", "score = 2,", "score = 0,", "thang satisfaction"),
    ("DEF-023", "score = 2,", "score = 1,", "thang satisfaction"),
    ("DEF-024", "minimum = 1", 'minimum = 1\nscale = "satisfaction"', "câu visits"),
    ("DEF-024", "max_length = 100", 'max_length = 100\nmissing = ["dk"]', "câu comment"),
    ("DEF-025", "max_choices = 2", "max_choices = 3", "câu wishes"),
    ("DEF-026", "version = 1", "version = 0", "version"),
    ("DEF-026", "max_points = 2.5", "max_points = 0", "câu polite"),
    ("DEF-026", "max_length = 100", "max_length = -1", "câu comment"),
]


def refusal(text: str) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        load_questionnaire(text, "tiny.toml")
    return caught.value


def test_the_good_definition_is_read_with_its_defaults() -> None:
    form = load_questionnaire(GOOD, "tiny.toml")

    assert [item.code for item in form.items] == [
        "outcome",
        "wishes",
        "visits",
        "comment",
        "polite",
    ]
    assert [item.required for item in form.items] == [True, False, False, False, True]
    assert form.item("polite").missing == ("dk", "na", "refused")
    assert form.item("polite").option("2").percent == 100
    assert form.item("polite").per_agency and form.item("polite").page == "staff"
    assert form.item("comment").block == "A" and form.item("comment").missing == ()
    assert form.item("comment").show_if[0].any_of == ("rejected", "dk")
    assert form.item("visits").short_text["vi"] == "Mấy lần?"
    assert form.block_codes == ("A",) and form.page("extra").block == "A"


@pytest.mark.parametrize(("rule", "part", "instead", "word"), FAULTS)
def test_a_fault_is_refused_with_file_place_rule_and_fix(
    rule: str, part: str, instead: str, word: str
) -> None:
    assert GOOD.count(part) >= 1
    text = GOOD.replace(part, instead, 1)

    found = [problem for problem in refusal(text).problems if problem.rule == rule]

    assert found, [str(problem) for problem in refusal(text).problems]
    assert any(word in f"{problem.place} {problem.message}" for problem in found)
    assert all(problem.file == "tiny.toml" and problem.place and problem.fix for problem in found)


def test_a_common_question_cannot_depend_on_an_answer_about_one_agency() -> None:
    first_agency_then_common = (
        GOOD
        + """
[[pages]]
code = "end"
title = {vi = "Cuối", en = "End"}
show_if = [{item = "polite", any_of = ["1"]}]
[[pages.items]]
code = "why"
kind = "text"
text = {vi = "Vì sao?", en = "Why?"}
"""
    )
    problems = refusal(first_agency_then_common).problems

    assert [(problem.rule.value, problem.place) for problem in problems] == [
        ("DEF-015", "trang end")
    ]


def test_a_question_for_everybody_cannot_depend_on_a_block() -> None:
    text = GOOD.replace('kind = "text"', 'kind = "choice"\nscale = "satisfaction"')
    text = text.replace("max_length = 100\n", "").replace(
        "per_agency = true", 'per_agency = true\nshow_if = [{item = "comment", any_of = ["1"]}]'
    )

    problems = refusal(text).problems

    assert [(problem.rule.value, problem.place) for problem in problems] == [
        ("DEF-015", "trang staff")
    ]
    assert "khối «A»" in problems[0].message


def test_a_page_without_items_and_a_form_without_pages_are_refused() -> None:
    empty = GOOD + '\n[[pages]]\ncode = "end"\ntitle = {vi = "Cuối", en = "End"}\n'
    no_pages = GOOD[: GOOD.index("[[pages]]")]

    assert [p.rule.value for p in refusal(empty).problems] == ["DEF-017"]
    assert "DEF-017" in [p.rule.value for p in refusal(no_pages).problems]


def test_a_page_may_not_depend_on_its_own_items() -> None:
    text = GOOD.replace(
        'code = "start"\n', 'code = "start"\nshow_if = [{item = "outcome", any_of = ["granted"]}]\n'
    )

    assert [(p.rule.value, p.place) for p in refusal(text).problems] == [("DEF-013", "trang start")]


def test_all_faults_are_told_together_and_name_the_nearest_key() -> None:
    text = GOOD.replace("max_length", "max_lenght").replace('scale = "satisfaction"', 'scale = "x"')
    text = text.replace("version = 1\n", "")

    error = refusal(text)

    assert {p.rule.value for p in error.problems} == {"DEF-002", "DEF-003", "DEF-009"}
    assert "«max_length»" in next(p.fix for p in error.problems if p.rule == "DEF-002")
    assert len(str(error).splitlines()) == len(error.problems)
    assert str(error).startswith("[DEF-003] tiny.toml, đầu tệp: ")


@pytest.mark.parametrize("text", ["", "\x00", "x = 1" + "0" * 5000, "a = " + "[" * 5000, "\ud800"])
def test_a_text_that_is_no_definition_is_refused_in_words(text: str) -> None:
    problems = refusal(text).problems

    assert problems and all(problem.message and problem.fix for problem in problems)


def test_line_ends_byte_order_mark_comments_and_unicode_form_change_nothing() -> None:
    other = "\ufeff# ghi chú\n" + unicodedata.normalize("NFD", GOOD)
    other = other.replace("\n", "\r\n")

    assert load_questionnaire(other, "b") == load_questionnaire(GOOD, "a")


def test_missing_codes_have_the_official_words() -> None:
    assert {code: text["vi"] for code, text in MISSING_TEXTS.items()} == {
        "dk": "Tôi không rõ",
        "na": "Không có việc này",
        "refused": "Không muốn trả lời",
        "blank": "Để trống",
    }
    assert all(text["en"] for text in MISSING_TEXTS.values())
