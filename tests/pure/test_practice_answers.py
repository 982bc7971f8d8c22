"""Simulated answers keep to every shipped questionnaire and say something about the agencies."""

from importlib import resources

import numpy as np
import pytest

from questionnaires.check import check_form
from questionnaires.loader import load_questionnaire
from questionnaires.types import Questionnaire
from surveyapp.practice import chance
from surveyapp.practice.answers import Form, Opinions, Person
from surveyapp.surveys.definitions import questionnaire_codes

AGENCIES = ("so-noi-vu", "so-tu-phap", "so-y-te")


def definition(code: str) -> Questionnaire:
    folder = resources.files("questionnaires") / "definitions"
    return load_questionnaire((folder / f"{code}.toml").read_text(encoding="utf-8"), code)


def form(asked: Questionnaire, number: int, agencies: tuple[str, ...], seed: str = "1") -> Form:
    person = Person(Opinions(seed), chance.generator(seed, "person", number))
    return person.fill_in(asked, agencies)


@pytest.mark.parametrize("code", questionnaire_codes())
def test_simulated_answers_pass_the_check_of_every_shipped_questionnaire(code: str) -> None:
    asked = definition(code)
    agencies = AGENCIES if asked.rates == "many" else AGENCIES[:1]
    rated = agencies if asked.rates == "many" else ()

    problems = []
    for number in range(60):
        made = form(asked, number, agencies)
        problems += check_form(asked, made.answers, made.ratings or None, rated)

    assert problems == []


def test_all_options_and_missing_codes_and_free_texts_occur() -> None:
    asked = definition("service")
    made = [form(asked, number, AGENCIES[:1]).answers for number in range(400)]

    assert {str(answers["overall"]) for answers in made} == {*"12345", "dk", "na", "refused"}
    assert {str(answers["outcome"]) for answers in made} > {"granted", "rejected", "returned"}
    assert 0.05 < np.mean(["comment" in answers for answers in made]) < 0.25
    assert len({str(answers["comment"]) for answers in made if "comment" in answers}) > 4


def test_questions_that_the_routing_hides_are_not_answered() -> None:
    asked = definition("service")
    made = [form(asked, number, AGENCIES[:1]).answers for number in range(100)]

    at_home = [answers for answers in made if answers["visits"] == "0"]
    assert at_home
    assert not any("access_signs" in answers for answers in at_home)


def test_the_same_seed_gives_the_same_answers_and_another_seed_others() -> None:
    asked = definition("par_central")

    assert form(asked, 1, AGENCIES) == form(asked, 1, AGENCIES)
    assert form(asked, 1, AGENCIES) != form(asked, 1, AGENCIES, seed="2")


def test_answers_follow_the_opinion_about_the_agency() -> None:
    asked, opinions = definition("par_district"), Opinions("7")
    ordered = sorted((f"a{n}" for n in range(40)), key=opinions.of_agency)
    extremes = (ordered[0], ordered[-1])
    scores = {code: [] for code in extremes}
    for number in range(60):
        person = Person(opinions, chance.generator("7", number))
        for code, rating in person.fill_in(asked, extremes).ratings.items():
            scores[code] += [int(str(v)) for v in rating.values() if str(v).isdigit()]

    assert np.mean(scores[extremes[1]]) - np.mean(scores[extremes[0]]) > 0.3


def test_a_second_answer_is_mostly_the_first_and_never_outside_the_question() -> None:
    item = definition("service").item("overall")
    person = Person(Opinions("1"), chance.generator("1", "again"))

    second = [person.again(item, "4") for _ in range(500)]

    assert {*second} == {"3", "4", "5"}
    assert 0.80 < np.mean([answer == "4" for answer in second]) < 0.95
    assert person.again(item, "dk") == "dk"
