"""The shipped questionnaires: plain texts in every language, and the items that the field names."""

import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import questionnaires

FOLDER = Path(questionnaires.__file__).parent / "definitions"
MARK = "cần đối chiếu văn bản gốc"
FORMS = {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}
PAR_FORMS = ("par_provincial", "par_district", "par_central")
CITIZEN_FORMS = ("sipas_a", "service", "counter")

#: Longest text of each kind, in characters: what fits a phone and is understood when heard once.
LIMITS = {"title": 80, "purpose": 700, "text": 160, "help": 90, "label": 60, "option": 60}

#: Components of the method 2023-2026 (domain of the ministry's SIPAS, form A).
FIELD_I = {
    "I.A": ["info_forms", "info_clear"],
    "I.B": ["policy_contribute", "policy_feedback"],
    "I.C": [
        f"quality_{area}"
        for area in [
            "economy",
            "health",
            "education",
            "order",
            "roads",
            "electricity",
            "water",
            "social",
            "par",
        ]
    ],
    "I.D": [
        f"impact_{area}"
        for area in [
            "household",
            "local_economy",
            "hospitals",
            "schools",
            "order",
            "roads",
            "electricity",
            "water",
            "social",
            "officials",
        ]
    ],
}
FIELD_II = {
    "II.A": ["access_signs", "access_seats", "access_equipment"],
    "II.B": ["procedure_posted", "procedure_papers", "procedure_fees", "procedure_time"],
    "II.C": ["staff_polite", "staff_guidance", "staff_rules"],
    "II.D": ["result_on_time", "result_correct", "result_fair"],
    "II.E": ["complaint_ways", "complaint_handled", "complaint_told"],
}
TOPICS = ("leadership", "documents", "organisation", "officials", "finance", "digital")


def read(code: str) -> dict[str, Any]:
    return tomllib.loads(FORMS[code].read_text(encoding="utf-8"))


def pages(form: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = form["pages"]
    return found


def items(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for page in pages(form) for item in page["items"]]


def rated(form: dict[str, Any], scale: str) -> list[str]:
    return [item["code"] for item in items(form) if item.get("scale") == scale]


def conditions(form: dict[str, Any], item_code: str) -> set[tuple[str, str]]:
    """(item, option) pairs under which the item is shown, those of its page included."""
    for page in pages(form):
        for item in page["items"]:
            if item["code"] == item_code:
                rules = page.get("show_if", []) + item.get("show_if", [])
                return {(rule["item"], code) for rule in rules for code in rule["any_of"]}
    raise AssertionError(item_code)


def texts(form: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every text as (kind, place, {language: words})."""
    yield "title", "title", form["title"]
    yield "purpose", "purpose", form["purpose"]
    for page in pages(form):
        yield "title", page["code"], page["title"]
    for item in items(form):
        for key in {"text", "help", "label"} & set(item):
            yield key, f"{item['code']}.{key}", item[key]
    for owner in [*form["scales"], *items(form)]:
        for option in owner.get("options", []):
            yield "option", f"{owner['code']}.{option['code']}", option["text"]


def test_all_six_questionnaires_are_there() -> None:
    assert set(FORMS) >= {*CITIZEN_FORMS, *PAR_FORMS}


@pytest.mark.parametrize("code", FORMS)
def test_a_definition_says_that_its_wording_awaits_comparison(code: str) -> None:
    first_line = FORMS[code].read_text(encoding="utf-8").splitlines()[0]

    assert first_line == f"# {MARK}"
    assert read(code)["review"] == MARK
    assert read(code)["code"] == code


@pytest.mark.parametrize("code", FORMS)
def test_every_text_is_complete_in_every_language(code: str) -> None:
    form = read(code)

    incomplete = [place for _, place, text in texts(form) if list(text) != form["languages"]]

    assert incomplete == []


@pytest.mark.parametrize("code", FORMS)
def test_texts_are_clean_calm_and_short(code: str) -> None:
    faults = []
    for kind, place, text in texts(read(code)):
        for language, words in text.items():
            if (
                not words
                or words != unicodedata.normalize("NFC", words)
                or words != " ".join(words.split())
                or "!" in words
                or len(words) > LIMITS[kind]
            ):
                faults.append((place, language, words))

    assert faults == []


@pytest.mark.parametrize("code", FORMS)
def test_questions_end_as_questions_and_options_carry_no_full_stop(code: str) -> None:
    for kind, place, text in texts(read(code)):
        for words in text.values():
            if kind == "text":
                assert words.endswith("?"), place
            elif kind in ("purpose", "help"):
                assert words.endswith("."), place  # a second question: which one to answer?
            else:
                assert not words.endswith((".", "?")), place


@pytest.mark.parametrize("code", FORMS)
def test_codes_of_pages_items_and_options_are_used_once(code: str) -> None:
    form = read(code)
    page_codes = [page["code"] for page in pages(form)]
    item_codes = [item["code"] for item in items(form)]

    assert len(page_codes) == len(set(page_codes))
    assert len(item_codes) == len(set(item_codes))
    for owner in [*form["scales"], *items(form)]:
        options = [option["code"] for option in owner.get("options", [])]
        assert len(options) == len(set(options)), owner["code"]
        assert not {"dk", "na", "refused", "blank"} & set(options), owner["code"]


@pytest.mark.parametrize("code", CITIZEN_FORMS)
def test_the_satisfaction_scale_runs_from_one_to_five(code: str) -> None:
    (scale,) = [scale for scale in read(code)["scales"] if scale["code"] == "satisfaction"]

    assert [(option["code"], option["score"]) for option in scale["options"]] == [
        ("1", 1),
        ("2", 2),
        ("3", 3),
        ("4", 4),
        ("5", 5),
    ]
    assert [option["text"]["vi"] for option in scale["options"]] == [
        "Rất không hài lòng",
        "Không hài lòng",
        "Bình thường",
        "Hài lòng",
        "Rất hài lòng",
    ]


@pytest.mark.parametrize("code", CITIZEN_FORMS)
def test_citizens_are_told_the_purpose_and_their_rights_first(code: str) -> None:
    purpose = read(code)["purpose"]

    for words in ("không ghi tên", "dưới 18 tuổi"):
        assert words in purpose["vi"]
    for words in ("No names are kept", "under 18"):
        assert words in purpose["en"]
    walk_in = code == "counter"  # nobody knows who answered at a counter, to ask again
    for words, language in (("hỏi lại", "vi"), ("đơn vị độc lập", "vi"), ("asked again", "en")):
        assert (words in purpose[language]) is not walk_in


@pytest.mark.parametrize("code", CITIZEN_FORMS)
def test_nobody_is_forced_to_an_opinion(code: str) -> None:
    form = read(code)

    for item in items(form):
        if item.get("scale") == "satisfaction":
            assert "missing" not in item  # the default offers all three
            assert "label" in item


def test_form_a_asks_the_39_items_in_the_order_of_the_method() -> None:
    wanted = [code for part in (FIELD_I | FIELD_II).values() for code in part]

    assert len(wanted) == 39
    assert rated(read("sipas_a"), "satisfaction") == wanted


def test_form_a_asks_about_procedures_only_those_who_did_one() -> None:
    form = read("sipas_a")

    for part in ("II.A", "II.B", "II.C", "II.D"):
        for code in FIELD_II[part]:
            assert ("exp_procedure", "yes") in conditions(form, code), code
    for code in FIELD_II["II.E"]:
        assert conditions(form, code) == {("exp_feedback", "yes")}
    experience = [item["code"] for item in items(form) if item["code"].startswith("exp_")]
    assert len(experience) == 7


def test_form_a_offers_nine_policy_areas_and_ten_wishes() -> None:
    by_code = {item["code"]: item for item in items(read("sipas_a"))}

    areas = {option["code"] for option in by_code["interest"]["options"]}
    assert {f"quality_{area}" for area in areas - {"none"}} == set(FIELD_I["I.C"])
    assert by_code["interest"]["exclusive"] == ["none"]
    assert len(by_code["wishes"]["options"]) == 10
    assert by_code["ethnicity"]["required"] is False


def test_the_service_form_asks_the_16_items_of_field_two_in_the_words_of_form_a() -> None:
    wanted = [code for part in FIELD_II.values() for code in part]
    form_a = {item["code"]: item for item in items(read("sipas_a"))}
    form = read("service")

    assert len(wanted) == 16
    assert rated(form, "satisfaction") == [*wanted, "overall"]
    for item in items(form):
        if item["code"] in wanted:
            assert item == form_a[item["code"]]


def test_the_service_form_routes_by_outcome_complaint_and_respondent() -> None:
    form = read("service")

    for code in FIELD_II["II.D"]:
        shown = {option for _, option in conditions(form, code)}
        assert shown == {"granted", "rejected", "returned"}
    for code in FIELD_II["II.E"]:
        assert conditions(form, code) == {("complaint_made", "yes")}
    for code in ("sex", "age", "schooling", "occupation", "area"):
        assert conditions(form, code) == {("respondent_kind", "person")}
    for code in ("org_kind", "org_size", "org_post"):
        assert conditions(form, code) == {("respondent_kind", "organisation")}


def test_the_counter_form_has_eight_screens_and_nothing_sensitive() -> None:
    form = read("counter")

    assert [[item["code"] for item in page["items"]] for page in pages(form)] == [
        ["purpose_of_visit", "holder"],
        ["waiting_place"],
        ["papers"],
        ["guidance_manner"],
        ["got_result", "on_time_correct"],
        ["visits"],
        ["overall"],
        ["comment"],
    ]
    assert not any(item.get("sensitive") for item in items(form))
    assert conditions(form, "on_time_correct") == {("got_result", "yes")}


@pytest.mark.parametrize("code", ["sipas_a", "service"])
def test_trouble_and_money_are_marked_sensitive(code: str) -> None:
    sensitive = {item["code"] for item in items(read(code)) if item.get("sensitive")}

    assert {"trouble", "money"} <= sensitive <= {"trouble", "money", "ethnicity"}


@pytest.mark.parametrize("code", PAR_FORMS)
def test_raters_answer_24_questions_of_six_topics_for_every_agency(code: str) -> None:
    form = read(code)
    per_agency = [page for page in pages(form) if page.get("per_agency")]

    assert form["rates"] == "many"
    assert form["respondents"] == ["rater"]
    assert [page["code"] for page in per_agency] == list(TOPICS)
    assert rated(form, "performance") == [f"{topic}_{k}" for topic in TOPICS for k in range(1, 5)]
    assert [item["code"] for page in pages(form)[6:] for item in page["items"]] == ["proposal"]
    assert "không ghi tên" in form["purpose"]["vi"]


@pytest.mark.parametrize("code", PAR_FORMS)
def test_what_raters_are_asked_fits_one_agency_and_a_table_of_many(code: str) -> None:
    about = [item["text"]["vi"] for page in pages(read(code))[:6] for item in page["items"]]

    assert len(about) == 24
    assert not [text for text in about if "này" in text.split()]


@pytest.mark.parametrize("code", PAR_FORMS)
def test_raters_score_performance_from_the_lowest_up(code: str) -> None:
    form = read(code)
    (scale,) = form["scales"]
    scored = [item for item in items(form) if item.get("scale") == "performance"]

    assert [option["code"] for option in scale["options"]] == ["1", "2", "3", "4"]
    assert [option["percent"] for option in scale["options"]] == [0, 20, 60, 100]
    assert sum(item["max_points"] for item in scored) == 30
    for item in scored:
        assert {"dk", "refused"} <= set(item["missing"]) <= {"dk", "na", "refused"}
        assert "hài lòng" not in item["text"]["vi"]
        assert "label" in item
