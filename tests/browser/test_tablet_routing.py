"""The tablet asks and refuses as the server does: the same answers through both, all definitions."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from questionnaires.answer_problems import AnswerRule
from questionnaires.check import check_answers
from questionnaires.loader import load_questionnaire
from questionnaires.routing import prune, visible_items
from questionnaires.types import Item, Questionnaire
from surveyapp import codes
from surveyapp.collect.rights import Agency, Form
from surveyapp.collect.screens import Answered, counted, screens_of, shown
from surveyapp.collect.tablet_configuration import form_values, page_values
from tests.app.collect_world import DEFINITIONS, SMALL

pytestmark = pytest.mark.browser
TRIES = 150
FORMS = sorted(path.stem for path in DEFINITIONS.glob("*.toml"))
MODULES = DEFINITIONS.parents[1] / "surveyapp" / "static" / "tablet"
ASK_THE_TABLET = """async ([form, tries]) => {
  const routing = await import("/routing.js");
  const answers = await import("/answers.js");
  return tries.map((given) => {
    const shown = routing.visibleItems(form, given);
    return {
      shown: shown.map((item) => item.code),
      kept: routing.pruned(form, given),
      problems: answers.problemsOf(shown, given).map((one) => [one.item, one.rule]),
    };
  });
}"""


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """Open a page that can import the tablet's modules, which keep nothing, one by one."""
    context = browser.new_context()
    page = context.new_page()
    page.route(
        "http://localhost/*",
        lambda route: (
            route.fulfill(path=MODULES / Path(route.request.url).name)
            if route.request.url.endswith(".js")
            else route.fulfill(content_type="text/html", body="")
        ),
    )
    page.goto("http://localhost/")
    yield page
    context.close()


def source(form: str) -> str:
    return SMALL if form == "small" else (DEFINITIONS / f"{form}.toml").read_text("utf-8")


def anything(chance: random.Random, item: Item) -> Any:
    """Return what somebody could enter, right or wrong; None for nothing."""
    codes = [*item.option_codes, *item.missing]
    some = chance.sample(codes, min(len(codes), chance.randint(1, 3))) if codes else []
    by_kind = {
        "choice": [chance.choice(codes) if codes else None],
        "choices": [some, some, *item.missing[:1]],
        "number": [chance.randint(-5, 60), *item.missing[:1], "hai", ["3", "dk"]],
        "text": ["Cảm ơn", "a" * 501, "dòng\tmột\nhai", "a\x00b", "e\u0301" * 400, "😀" * 501, " "],
    }
    return chance.choice([*by_kind[item.kind], None, by_kind[item.kind][0]])


def tries_of(form: Questionnaire) -> list[dict[str, Any]]:
    chance = random.Random(form.code)  # noqa: S311  the same tries in every run
    items = [item for item in form.items if not item.per_agency]
    filled = [{item.code: anything(chance, item) for item in items} for _ in range(TRIES)]
    return [{}, *({k: v for k, v in one.items() if v is not None} for one in filled)]


@pytest.mark.parametrize("name", [*FORMS, "small"])
def test_the_tablet_shows_keeps_and_refuses_what_the_server_does(modules: Page, name: str) -> None:
    form = load_questionnaire(source(name), name)
    tries = tries_of(form)
    pages = [page_values(page) for page in form.pages if not page.per_agency]

    found = modules.evaluate(ASK_THE_TABLET, [{"pages": pages}, tries])

    for given, told in zip(tries, found, strict=True):
        shown = visible_items(form, given)
        assert told["shown"] == [item.code for item in shown]
        assert told["kept"] == prune(form, given)
        codes = {item.code for item in shown}
        expected = [
            [problem.item, problem.rule.value]
            for problem in check_answers(form, given, items=codes)
            if problem.rule is not AnswerRule.REPEATED  # a screen cannot tick a choice twice
        ]
        assert told["problems"] == expected


@pytest.mark.parametrize("name", ["counter", "service", "sipas_a", "small"])
def test_the_tablet_counts_questions_as_the_pages_do(modules: Page, name: str) -> None:
    form = Form(1, load_questionnaire(source(name), name), (Agency("A1", "Sở A1"),), 1, None)
    tries = tries_of(form.questionnaire)[::5]
    asked = [
        [one for one in screens_of(form) if shown(form, one, Answered(given, {}))]
        for given in tries
    ]
    values = form_values(form)
    parts = {name: values[name] for name in ("pages", "screens")}
    keys = [[one.key for one in screens] for screens in asked]

    found = modules.evaluate(
        """async ([form, tries, keys]) => {
          const answers = await import("/answers.js");
          return tries.map((given, at) => keys[at].map((key) => {
            const place = answers.placeOf(form, key, given);
            return [place.number, place.total];
          }));
        }""",
        [parts, tries, keys],
    )

    for given, screens, told in zip(tries, asked, found, strict=True):
        expected = [list(counted(form, one, Answered(given, {}))) for one in screens]
        assert told == expected


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("abcde-fghjk-mnpqr-stvwx-yz012-3", "ABCDEFGHJKMNPQRSTVWXYZ0123"),
        ("abcdefghjkmnpqrstvwxyz0123w2", "ABCDEFGHJKMNPQRSTVWXYZ0123W2"),
        ("abcdefghjkmnpqrstvwxyz01232w", "ABCDEFGHJKMNPQRSTVWXYZ01232W"),
        (" \uff10O1iL ", "00111"),
        ("Ố-ư-₫", ""),
    ],
)
def test_a_typed_code_is_read_as_the_server_reads_it(modules: Page, typed: str, code: str) -> None:
    read = modules.evaluate(
        """async (typed) => {
          const answers = await import("/answers.js");
          const code = answers.normalisedCode(typed);
          return [code, answers.isCode(code)];
        }""",
        typed,
    )

    assert read == [codes.normalise(typed), codes.is_whole(typed)]
    assert read[0] == code


def test_the_pause_grows_to_five_minutes_and_is_spread(modules: Page) -> None:
    pauses = modules.evaluate(
        """async () => {
          const queue = await import("/queue.js");
          return [1, 2, 3, 7, 1000].map((n) => [queue.pauseAfter(n, 0), queue.pauseAfter(n, 1)]);
        }"""
    )

    assert pauses == [
        [2500, 5000],
        [5000, 10_000],
        [10_000, 20_000],
        [150_000, 300_000],
        [150_000, 300_000],
    ]


def test_only_this_servers_receipt_for_these_bytes_lets_a_form_go(modules: Page) -> None:
    replies = [
        {"signed": signed, "status": status, "body": body}
        for signed in (True, False)
        for status in (200, 201, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 507)
        for body in ({"ok": True, "receipt": "a"}, {"ok": True, "receipt": "b"}, {}, None)
    ]
    told = modules.evaluate(
        """async (replies) => {
          const queue = await import("/queue.js");
          return replies.map((reply) => queue.judge(reply, "a"));
        }""",
        replies,
    )
    by_outcome = {
        outcome: [one for one, said in zip(replies, told, strict=True) if said == outcome]
        for outcome in set(told)
    }

    assert set(by_outcome) == {"received", "attention", "retry"}
    assert [(one["signed"], one["status"], one["body"]) for one in by_outcome["received"]] == [
        (True, status, {"ok": True, "receipt": "a"}) for status in (200, 201)
    ]
    assert {(one["signed"], one["status"]) for one in by_outcome["attention"]} == {
        (True, status) for status in (403, 409, 413, 422)
    }
