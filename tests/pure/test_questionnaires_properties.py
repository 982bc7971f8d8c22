"""What holds for every questionnaire and whatever answers come: routing, round trip, checks."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaires.check import check_answers, check_form
from questionnaires.dump import dump_questionnaire
from questionnaires.errors import DefinitionError
from questionnaires.loader import build_questionnaire, load_questionnaire
from questionnaires.routing import agency_items, chosen_codes, prune, prune_rating, visible_items
from questionnaires.types import MISSING_CODES, Item, Page, Questionnaire

BLOCKS = ["A", "B"]
OPTION_CODES = ["1", "2", "3"]
words = st.text("aăâbcdđeêghi ơưĐ?", min_size=1, max_size=12).filter(str.strip)


@st.composite
def texts(draw: st.DrawFn) -> dict[str, str]:
    return {"vi": draw(words), "en": draw(words)}


@st.composite
def kind_keys(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Give the keys that only this kind of item has."""
    if kind == "number":
        low = draw(st.integers(-5, 5))
        return {"minimum": low, "maximum": low + draw(st.integers(0, 9))}
    if kind == "text":
        return {"max_length": draw(st.integers(1, 50))}
    keys: dict[str, Any] = {"missing": draw(st.lists(st.sampled_from(["dk", "na"]), unique=True))}
    if draw(st.booleans()):
        keys["scale"] = "shared"
    else:
        keys["options"] = [{"code": code, "text": draw(texts())} for code in OPTION_CODES]
    if kind == "choices":
        keys["exclusive"] = draw(st.lists(st.sampled_from(OPTION_CODES), unique=True))
        keys["max_choices"] = draw(st.integers(1, 3))
    elif "scale" in keys and draw(st.booleans()):
        keys["max_points"] = draw(st.sampled_from([0.5, 1.25, 10.0]))
    return keys


@st.composite
def conditions(draw: st.DrawFn, targets: list[str]) -> list[dict[str, Any]]:
    if not targets:
        return []
    some = draw(st.lists(st.sampled_from(targets), max_size=2, unique=True))
    any_of = st.lists(st.sampled_from(OPTION_CODES), min_size=1, max_size=2, unique=True)
    return [{"item": target, "any_of": draw(any_of)} for target in some]


@st.composite
def questionnaires(draw: st.DrawFn) -> Questionnaire:
    """Build a questionnaire whose conditions look back, inside their block and part."""
    pages: list[dict[str, Any]] = []
    reach: dict[tuple[str | None, bool], list[str]] = {}
    kinds = draw(
        st.lists(st.tuples(st.sampled_from([None, *BLOCKS]), st.booleans()), min_size=1, max_size=5)
    )
    parts = [*kinds, (None, True), ("A", False), ("B", False)]
    for number, (block, per_agency) in enumerate(parts):
        targets = [
            code
            for (other, rated), codes in reach.items()
            for code in codes
            if other in (None, block) and (per_agency or not rated)
        ]
        page: dict[str, Any] = {"code": f"p{number}", "title": draw(texts()), "items": []}
        page |= {"per_agency": per_agency, "show_if": draw(conditions(targets))}
        page |= {} if block is None else {"block": block}
        for place in range(draw(st.integers(1, 3))):
            code = f"i{number}_{place}"
            kind = draw(st.sampled_from(["choice", "choice", "choices", "number", "text"]))
            item = {"code": code, "kind": kind, "text": draw(texts())}
            item |= {"show_if": draw(conditions(targets)), "required": draw(st.booleans())}
            page["items"].append(item | draw(kind_keys(kind)))
            if kind in ("choice", "choices"):
                reach.setdefault((block, per_agency), []).append(code)
                targets = [*targets, code]
        pages.append(page)
    shared = [
        {"code": code, "text": draw(texts()), "score": score, "percent": 40 * score - 40}
        for score, code in enumerate(OPTION_CODES, start=1)
    ]
    definition = {
        "code": "made",
        "version": draw(st.integers(1, 9)),
        "languages": ["vi", "en"],
        "respondents": ["rater"],
        "rates": "many",
        "review": draw(words),
        "title": draw(texts()),
        "purpose": draw(texts()),
        "scales": [{"code": "shared", "options": shared}],
        "blocks": [{"code": code, "title": draw(texts())} for code in BLOCKS],
        "pages": pages,
    }
    return build_questionnaire(definition, "made")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=5)
    | st.sampled_from([*OPTION_CODES, *MISSING_CODES]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
likely_values = st.sampled_from([*OPTION_CODES, "dk"]) | st.lists(st.sampled_from(OPTION_CODES))
forms = st.sampled_from([None, *BLOCKS])


def answers_to(form: Questionnaire) -> st.SearchStrategy[dict[str, Any]]:
    codes = st.sampled_from([item.code for item in form.items])
    return st.dictionaries(codes | st.text(max_size=3), likely_values | json_values, max_size=30)


def shows(
    item: Item, page: Page, seen: dict[str, Item], answers: dict[str, Any], block: str | None
) -> bool:
    """Say by the definition, for one item alone, whether it is to be shown."""
    if page.block not in (None, block):
        return False
    return all(
        condition.item in seen
        and chosen_codes(seen[condition.item], answers.get(condition.item)) & set(condition.any_of)
        for condition in (*page.show_if, *item.show_if)
    )


@given(form=questionnaires(), block=forms, data=st.data())
def test_routing_never_shows_an_item_whose_condition_is_false(
    form: Questionnaire, block: str | None, data: st.DataObject
) -> None:
    answers = data.draw(answers_to(form))

    shown = {item.code: item for item in visible_items(form, answers, block)}

    for page in form.pages:
        for item in page.items:
            if not page.per_agency:
                assert (item.code in shown) == shows(item, page, shown, answers, block)


@given(form=questionnaires(), block=forms, data=st.data())
def test_routing_by_agency_never_shows_an_item_whose_condition_is_false(
    form: Questionnaire, block: str | None, data: st.DataObject
) -> None:
    answers, rating = data.draw(answers_to(form)), data.draw(answers_to(form))

    common = {item.code: item for item in visible_items(form, answers, block)}
    shown = {item.code: item for item in agency_items(form, answers, rating, block)}

    both = {code: answers.get(code) for code in common} | {code: rating.get(code) for code in shown}
    for page in form.pages:
        for item in page.items:
            if page.per_agency:
                assert (item.code in shown) == shows(item, page, common | shown, both, block)


@given(form=questionnaires(), block=forms, data=st.data())
def test_pruning_hides_and_shows_nothing_and_is_done_once(
    form: Questionnaire, block: str | None, data: st.DataObject
) -> None:
    answers, rating = data.draw(answers_to(form)), data.draw(answers_to(form))

    kept = prune(form, answers, block)
    kept_rating = prune_rating(form, answers, rating, block)

    assert visible_items(form, kept, block) == visible_items(form, answers, block)
    assert prune(form, kept, block) == kept
    assert agency_items(form, kept, kept_rating, block) == agency_items(
        form, answers, rating, block
    )
    assert "HIDDEN_ITEM" not in [p.rule.name for p in check_answers(form, kept, block=block)]


@given(form=questionnaires())
def test_a_questionnaire_survives_being_written_and_read(form: Questionnaire) -> None:
    assert build_questionnaire(dump_questionnaire(form), "again") == form


@given(form=questionnaires(), block=forms, mode=st.sampled_from(["web", "paper"]), data=st.data())
def test_no_answer_makes_a_check_raise(
    form: Questionnaire, block: str | None, mode: str, data: st.DataObject
) -> None:
    answers = data.draw(answers_to(form) | json_values)
    ratings = data.draw(st.dictionaries(st.sampled_from("ab"), answers_to(form)) | json_values)

    problems = check_form(form, answers, ratings, ["a"], block=block, mode=mode)

    for problem in problems:
        f"{problem.item} {problem.agency} {problem.message}".encode()


@given(text=st.text(max_size=200) | st.text("[]=\"'{}\n,abc.#", max_size=200))
def test_no_text_makes_the_loader_raise_anything_but_its_own_error(text: str) -> None:
    with pytest.raises(DefinitionError):
        load_questionnaire(text, "any")


@given(form=questionnaires(), data=st.data())
def test_no_broken_definition_makes_the_loader_raise_anything_but_its_own_error(
    form: Questionnaire, data: st.DataObject
) -> None:
    broken = dump_questionnaire(form)
    places: list[dict[str, Any]] = [broken, broken["scales"][0]]
    places += [*broken["pages"], *(item for page in broken["pages"] for item in page["items"])]
    place = data.draw(st.sampled_from(places))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(json_values)

    with contextlib.suppress(DefinitionError):
        assert build_questionnaire(broken, "broken").pages
