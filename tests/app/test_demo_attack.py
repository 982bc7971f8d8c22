"""An attacker with all that a small demonstration tells: linear programs pin no hidden number."""

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from sqlalchemy import select

from surveyapp.db import Database
from surveyapp.models import ResultRun, Survey
from surveyapp.practice import demo as demonstration
from surveyapp.practice.demo import Demo
from surveyapp.results import service
from surveyapp.results.gate import hidden_counts
from surveyapp.results.links import links_of
from surveyapp.results.satisfaction import satisfaction
from surveyapp.results.weighting import weighting
from tests.app import demo_plans

#: So few forms that components, wholes and questions are hidden.
FEW = demo_plans.FILES.replace("questionnaires = 60", "questionnaires = 36")
Equation = tuple[Mapping[Hashable, float], float, float]


def widths(
    limits: Mapping[Hashable, tuple[float, float]],
    equations: Iterable[Equation],
    wanted: Iterable[Hashable],
) -> dict[Hashable, float]:
    """Return how far each wanted unknown can move under equations (terms, side, tolerance)."""
    at = {key: n for n, key in enumerate(limits)}
    lines, sides = [], []
    for terms, side, tolerance in equations:
        line = np.zeros(len(at))
        for key, weight in terms.items():
            line[at[key]] += weight
        lines += [line, -line]
        sides += [side + tolerance, tolerance - side]
    result = {}
    for key in wanted:
        aim = np.zeros(len(at))
        aim[at[key]] = 1.0
        ends = []
        for sign in (1, -1):
            solved = linprog(sign * aim, A_ub=lines, b_ub=sides, bounds=list(limits.values()))
            assert solved.status == 0  # the attacker's equations hold
            ends.append(solved.x[at[key]])
        result[key] = float(ends[1] - ends[0])
    return result


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Run the demonstration; return what is stored of its group, what is true, and the links."""
    out: Path = tmp_path_factory.mktemp("demo")
    demonstration.prepare(out)
    demonstration.run(Demo("1", (FEW,), demo_plans.SCALE), out, lambda _: None)
    with (
        Database(f"sqlite:///{out}/database/survey.sqlite3") as database,
        database.read_session() as db,
    ):
        content = db.scalars(select(ResultRun)).one().content["groups"][0]
        group = db.scalars(select(Survey)).one().groups[0]
        method, questionnaire = service.method_of(db, group), service.questionnaire_of(db, group)
        data = service.group_answers(db, group)
        weights = weighting(data, questionnaire, service.plan_of(group))
        truth = satisfaction(data, questionnaire, method, weights)
        return content, truth, links_of(method, questionnaire)


def margins(truth: Mapping[str, Any], links: Any) -> list[tuple[Hashable, dict[Hashable, float]]]:
    """Return the sums that anybody can write down: indices, components, the whole."""
    main, shares = truth["estimates"][truth["measure"]], truth["shares"]
    found: list[tuple[Hashable, dict[Hashable, float]]] = [
        ((row, links.index), {(row, code): w for code, w in links.parts.items()}) for row in main
    ]
    found += [
        (("", code), {("", item): 1.0 for item in items}) for code, items in links.items.items()
    ]
    found += [
        (("", code), {(row, code): share for row, share in shares.items()})
        for code in (links.index, *links.parts)
    ]
    return [
        (total, {key: weight / sum(parts.values()) for key, weight in parts.items()})
        for total, parts in found
    ]


def test_no_hidden_score_follows_from_the_scores_of_a_demonstration(told: Any) -> None:
    stored, _, _ = told
    main = stored["estimates"][stored["measure"]]
    rules = {each.get("hidden") for row in main.values() for each in row.values()}
    assert {"base", "complementary"} <= rules
    assert pinned(told, shown_too=()) == []


def test_the_same_attack_succeeds_where_only_small_bases_are_hidden(told: Any) -> None:
    assert pinned(told, shown_too=("complementary",)) != []


def pinned(told: Any, *, shown_too: tuple[str, ...]) -> list[Hashable]:
    """Return the hidden scores that have less than a count of play, with more cells shown."""
    content, truth, links = told
    stored, main = (each["estimates"][each["measure"]] for each in (content, truth))
    cells = {(row, code): each for row in stored for code, each in stored[row].items()}
    hidden = [
        key for key in cells if cells[key].get("hidden", "shown") not in ("shown", *shown_too)
    ]
    shown: list[Equation] = [
        ({key: 1.0}, main[key[0]][key[1]]["value"], 0.0051) for key in cells if key not in hidden
    ]
    sums: list[Equation] = []
    for total, parts in margins(truth, links):
        # where answers are missing a sum holds about; the attacker knows by how much
        gap = main[total[0]][total[1]]["value"] - sum(
            weight * main[row][code]["value"] for (row, code), weight in parts.items()
        )
        sums.append(({total: -1.0} | parts, -gap, 1e-9))
    free = widths(dict.fromkeys(cells, (20.0, 100.0)), [*shown, *sums], hidden)
    n = {key: cells[key]["n"] for key in hidden}
    return [key for key in hidden if free[key] < 0.99 * 80 * min(1.0, n[key] / 2) / n[key]]


def test_no_hidden_agreement_follows_from_the_re_check_of_a_demonstration(
    told: Any,
) -> None:
    content, _, _ = told
    items = content["recheck"]["items"]
    assert any("hidden" in item for item in items.values())
    for item in items.values():
        assert ("hidden" in item) == (item["n"] < 10)
        assert "hidden" not in item or set(item) == {"n", "hidden", "kind", "tolerance"}
    assert all(
        index["n"] >= 10 or set(index) == {"n", "questions", "hidden"}
        for index in content["recheck"]["indices"].values()
    )


@pytest.mark.parametrize("seed", range(4))
def test_no_hidden_opinion_follows_from_the_counts_that_are_shown(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = {
        f"a{n}": dict(zip("12345", rng.multinomial(size, [0.05, 0.1, 0.2, 0.4, 0.25]), strict=True))
        for n, size in enumerate(rng.integers(4, 60, 7).tolist())
    }
    table[""] = {option: sum(row[option] for row in table.values()) for option in "12345"}
    truth: dict[Hashable, int] = {
        (row, option): int(count)
        for row, counts in table.items()
        for option, count in counts.items()
    }
    base = {row: sum(map(int, counts.values())) for row, counts in table.items()}
    hidden = hidden_counts(table, ("4", "5"))
    sums: list[Equation] = [({(row, o): 1.0 for o in "12345"}, base[row], 1e-9) for row in table]
    for option in "12345":
        parts = {(row, option): 1.0 for row in table if row}
        sums.append((parts | {("", option): -1.0}, 0.0, 1e-9))
    sums += [({key: 1.0}, count, 1e-9) for key, count in truth.items() if key not in hidden]
    for row in table:
        if (row, "satisfied") not in hidden:
            both = table[row]["4"] + table[row]["5"]
            sums.append(({(row, "4"): 1.0, (row, "5"): 1.0}, both, 1e-9))
    lost = [key for key in truth if key in hidden]
    assert lost
    limits = {key: (0.0, float(base[key[0]])) for key in truth}
    assert min(widths(limits, sums, lost).values()) > 0.99
