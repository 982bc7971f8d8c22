"""An attacker with all outputs of a demonstration finds out no hidden answer to another question."""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from questionnaires.types import Item
from surveyapp.db import Database
from surveyapp.models import ResultRun, Survey
from surveyapp.practice import demo as demonstration
from surveyapp.practice.demo import Demo
from surveyapp.results import gate, service
from surveyapp.results.other_questions import closed_items
from tests.app import demo_plans
from tests.app.test_demo_attack import Equation, widths

#: Agencies with 30 answers and more, and with fewer: some rows stay hidden, others protect them.
SOME = demo_plans.FILES.replace("questionnaires = 60", "questionnaires = 150").replace(
    '"Sở Y tế", "Thanh tra tỉnh"', '"Sở Y tế", "Sở Tài chính", "Thanh tra tỉnh"'
)


@dataclass(frozen=True)
class Told:
    """What a run stores of the questions; the true answers by agency; sizes; the workbook."""

    stored: dict[str, Any]
    items: tuple[Item, ...]
    truth: dict[str, list[dict[str, Any]]]
    size: dict[str, int]
    titles: dict[str, str]
    sheets: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    out: Path = tmp_path_factory.mktemp("demo")
    demonstration.prepare(out)
    demonstration.run(Demo("3", (SOME,), 0.25), out, lambda _: None)
    book = load_workbook(next(out.glob("**/*.xlsx")), read_only=True)
    sheets = {name: list(book[name].iter_rows(values_only=True)) for name in book.sheetnames}
    with (
        Database(f"sqlite:///{out}/database/survey.sqlite3") as database,
        database.read_session() as db,
    ):
        content = db.scalars(select(ResultRun)).one().content["groups"][0]
        group = db.scalars(select(Survey)).one().groups[0]
        given = (service.questionnaire_of(db, group), service.method_of(db, group))
        data = service.group_answers(db, group)
        truth: dict[str, list[dict[str, Any]]] = {}
        for form in data.forms:
            truth.setdefault(form.agencies[0], []).append(dict(form.answers))
        titles = {agency.code: agency.title for agency in group.agencies}
        return Told(content, closed_items(*given), truth, dict(data.pop_size), titles, sheets)


def pinned(told: Told, item: Item, *, shown_too: bool) -> list[Hashable]:
    """Return the hidden counts that have less than one answer of play.

    The attacker knows how many answered in every agency, shown or not; the weights; and that an
    option which none of the hidden agencies gave is known with the whole.
    """
    rows = told.stored["others"][item.code]
    hidden = [row for row in rows if "hidden" in rows[row]]
    if shown_too:
        hidden = [row for row in hidden if rows[row]["hidden"] != "complementary"]
    count = {
        (row, option): sum(form.get(item.code) == option for form in forms)
        for row, forms in told.truth.items()
        if row in rows
        for option in item.option_codes
    }
    agencies = [row for row in rows if row != gate.WHOLE]
    base = {row: sum(count[row, option] for option in item.option_codes) for row in agencies}
    weight = {row: told.size[row] / len(told.truth[row]) for row in agencies}
    total = sum(weight[row] * base[row] for row in agencies)
    facts: list[Equation] = [
        ({(row, option): 1.0 for option in item.option_codes}, base[row], 1e-9) for row in agencies
    ]
    for row, option in count:
        if row not in hidden:
            facts.append(({(row, option): 1.0}, count[row, option], 0.00051 * base[row]))
    for option in item.option_codes if gate.WHOLE not in hidden else ():
        parts = {(row, option): weight[row] / total for row in agencies}
        side = sum(parts[key] * count[key] for key in parts)
        facts.append((parts, side, 0.00051))
    given = [o for o in item.option_codes if any(count[row, o] for row in hidden if row)]
    wanted = [(row, o) for row in hidden if row and base[row] for o in given]
    if len(given) < 2 and sum(base[row] for row in hidden if row) >= 30:
        return []  # all of the hidden ones, thirty and more, said the same
    free = widths({key: (0.0, float(base[key[0]])) for key in count}, facts, wanted)
    return [key for key in wanted if free[key] < 0.9]


def test_no_hidden_row_follows_from_the_shown_ones(told: Told) -> None:
    rules = [
        row.get("hidden", "shown")
        for item in told.items
        for code, row in told.stored["others"][item.code].items()
        if code
    ]
    assert {"shown", "complementary"} < set(rules)
    assert {"base", "distribution", "sensitive"} & set(rules)
    for item in told.items:
        assert pinned(told, item, shown_too=False) == [], item.code


def test_the_same_attack_succeeds_where_no_row_protects_another(told: Told) -> None:
    assert any(pinned(told, item, shown_too=True) for item in told.items)


def test_every_shown_row_has_the_answers_that_the_rules_ask(told: Told) -> None:
    shown = 0
    for item in told.items:
        for code, row in told.stored["others"][item.code].items():
            if "hidden" in row:
                assert set(row) == {"hidden"}
                continue
            shown += 1
            forms = told.truth[code] if code else [f for each in told.truth.values() for f in each]
            answers = [form.get(item.code) for form in forms]
            assert row["n"] == sum(answer in item.option_codes for answer in answers) >= 30
            if item.sensitive:
                counts = {answers.count(option) for option in item.option_codes}
                counts.add(row["asked"] - row["n"])
                assert not counts & {1, 2}
    assert shown > len(told.items)


def test_the_workbook_names_the_agencies_that_the_run_hides_and_shows_nothing_of_them(
    told: Told,
) -> None:
    found = 0
    for item in told.items:
        rows = told.stored["others"][item.code]
        title = item.short_text["vi"]
        for sheet in told.sheets.values():
            if not sheet or not any(str(line[0]).startswith(title) for line in sheet[:3]):
                continue
            named = {str(line[0]).split(" (")[0] for line in sheet}
            notes = [str(line[0]) for line in sheet if str(line[0]).startswith("Không nêu")]
            for code, name in told.titles.items():
                if "hidden" in rows.get(code, {}):
                    assert name not in named
                    assert sum(name in note for note in notes) == 1
                    found += 1
    assert found > 5
