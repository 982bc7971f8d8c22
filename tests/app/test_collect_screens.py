"""Screens of a form: one question each, or a whole page where the definition says so."""

import pytest

from questionnaires.dump import dump_questionnaire
from questionnaires.loader import load_questionnaire
from surveyapp.collect.rights import Agency, Form
from surveyapp.collect.screens import screens_of
from tests.load.questionnaires import ITEMS, PAGES, definition


@pytest.mark.parametrize(("way", "count"), [("grouped", PAGES), ("single", ITEMS)])
def test_a_page_whose_questions_stand_together_is_one_screen(way: str, count: int) -> None:
    asked = load_questionnaire(definition(way), way)
    screens = screens_of(Form(1, asked, (Agency("A1", "Sở A1"),), 1, None))

    assert len(screens) == count
    assert [item.code for screen in screens for item in screen.items] == [
        f"q{number}" for number in range(1, ITEMS + 1)
    ]


def test_the_dump_says_which_pages_stand_together() -> None:
    grouped, single = (
        dump_questionnaire(load_questionnaire(definition(way), way))
        for way in ("grouped", "single")
    )

    assert all(page["together"] for page in grouped["pages"])
    assert not any("together" in page for page in single["pages"])
