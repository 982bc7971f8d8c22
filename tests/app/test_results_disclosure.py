"""What is stored and shown of a run: an attacker with every output pins no hidden score."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from alembic import command
from click.testing import CliRunner
from flask.testing import FlaskClient
from scipy.optimize import linprog
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.report import Interval, Missing, Report, ReportTable
from surveyapp import commands
from surveyapp.actor import Actor
from surveyapp.cli import cli
from surveyapp.config import Settings
from surveyapp.db import Database, _migrating
from surveyapp.models import AuditEntry, ConfidentialScore, FormCell, Survey
from surveyapp.results import document, readings, service
from tests.app.results_world import (
    SERVICE_ITEMS,
    SIZES,
    add_response,
    levels,
    manager,
    served_survey,
)

ITEMS = (3, 4, 3, 3, 3)


@pytest.fixture
def actor(db: Session) -> Actor:
    return manager(db)


@pytest.fixture
def served(db: Session, actor: Actor) -> Survey:
    return served_survey(db, actor)


def table_of(report: Report, code: str) -> ReportTable:
    return next(table for table in report.tables() if table.code == code)


def known(rows: list, whole: tuple, share: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Write what the tables tell of the scores (agency x column, index first) as equations."""
    k = len(whole) - 1
    lines, sides = [], []
    for r, row in enumerate(rows):
        line = np.zeros((len(rows), k))
        line[r] = [-1.0, *(n / 16 for n in ITEMS)]  # the index is the mean of its items
        lines.append(line)
        sides.append(0.0)
        for c in (c for c in range(k) if not isinstance(row[c + 1], Missing)):
            line = np.zeros((len(rows), k))
            line[r, c] = 1.0
            lines.append(line)
            sides.append(row[c + 1])
    for c in (c for c in range(k) if not isinstance(whole[c + 1], Missing)):
        line = np.zeros((len(rows), k))
        line[:, c] = share
        lines.append(line)
        sides.append(whole[c + 1])
    return np.array(lines).reshape(len(lines), -1), sides


def width(lines: np.ndarray, sides: list[float], place: int) -> float:
    """Range of one score over all that fits what is shown with two decimals."""
    ends = []
    for sign in (1, -1):
        aim = np.zeros(lines.shape[1])
        aim[place] = sign
        limits = np.r_[sides, np.negative(sides)] + 0.0051
        solved = linprog(aim, A_ub=np.vstack([lines, -lines]), b_ub=limits, bounds=(20, 100))
        assert solved.status == 0
        ends.append(float(solved.x[place]))
    return ends[1] - ends[0]


def test_the_attacker_with_all_tables_pins_no_hidden_score(
    db: Session, actor: Actor, served: Survey
) -> None:
    """Unknown are the scores of agencies by component; known are all shown cells and sizes."""
    report = document.build(db, served, service.run(db, actor, served))
    table = table_of(report, "provincial-parts")
    pop_size = {served.groups[0].agencies[n].title: size for n, (_, size) in enumerate(SIZES)}
    named = {str(row[0]).removesuffix(" (thực hiện khảo sát)"): row for row in table.rows}
    rows = [named[name] for name in pop_size]
    share = np.array(list(pop_size.values())) / sum(pop_size.values())
    lines, sides = known(rows, named["Cả nhóm"], share)
    cells = [cell for row in rows for cell in row[1:]]
    hidden = [place for place, cell in enumerate(cells) if isinstance(cell, Missing)]
    assert hidden == list(range(6, 18))  # the second and the third agency altogether
    for place in hidden:
        # a count of play of the larger of the two agencies, on the scale 20 to 100
        assert width(lines, sides, place) > 80 / 12


def test_no_output_and_no_stored_run_holds_a_hidden_value(
    db: Session, actor: Actor, served: Survey
) -> None:
    run = service.run(db, actor, served)
    kept = db.scalars(select(ConfidentialScore)).all()
    assert {score.n for score in kept} == {9, 12}
    found = run.content["groups"][0]
    stored = json.dumps(run.content, default=str)
    report = document.build(db, served, run)
    shown = [
        number
        for table in report.tables()
        for row in table.rows
        for cell in row
        for number in ((cell.low, cell.high) if isinstance(cell, Interval) else (cell,))
        if isinstance(number, float)
    ]
    for score in kept:
        assert repr(score.value) not in stored
        assert f"{score.value:.2f}" not in {f"{number:.2f}" for number in shown}
        assert score.agency_code not in found["ranks"]["agencies"]
        assert score.agency_code not in {point["agency"] for point in found["ranks"]["funnel"]}
    places = sorted(rank["place"] for rank in found["ranks"]["agencies"].values())
    assert places == [1, 2]  # no gap tells where a hidden one lies


def test_a_later_run_keeps_the_pattern_and_tells_no_few_answers_apart(
    db: Session, actor: Actor, served: Survey
) -> None:
    """Three more answers of the third agency lift it over ten; the difference would tell them."""
    first = service.run(db, actor, served).content["groups"][0]["estimates"]["mean_of_5"]
    small, large = served.groups[0].agencies[2].code, served.groups[0].agencies[0].code
    cell = db.scalars(select(FormCell).where(FormCell.stratum == small)).one()
    for k in range(3):
        answers = dict(zip(SERVICE_ITEMS, levels(k, 16), strict=True))
        add_response(db, served, cell, answers, {})
    db.flush()
    later = service.run(db, actor, served).content["groups"][0]["estimates"]["mean_of_5"]
    assert later[small]["index"]["n"] == 12
    for row, estimates in first.items():
        for code, estimate in estimates.items():
            assert "hidden" not in estimate or "hidden" in later[row][code]
    assert "hidden" in later[""]["index"]  # it moved by three answers
    assert later[large]["index"]["value"] == first[large]["index"]["value"]


def test_only_the_council_sees_sealed_scores_and_every_look_is_noted(
    db: Session, actor: Actor, served: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    service.run(db, actor, served)
    db.commit()
    for role, sees in (("council", True), ("analyst", False), ("approver", False)):
        page = signed_in(role).get(f"/surveys/{served.code}/results/").text
        assert ("Điểm không công bố" in page) is sees
    assert "không nêu" in page
    db.expire_all()
    looks = db.scalars(select(AuditEntry).where(AuditEntry.action == "results.look")).all()
    assert len(looks) == 3


def test_the_command_tells_the_council_each_sealed_score_and_nobody_else(
    db: Session,
    actor: Actor,
    served: Survey,
    settings: Settings,
    official: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service.run(db, actor, served)
    kept = {score.n: score for score in db.scalars(select(ConfidentialScore))}
    titles = {agency.code: agency.title for agency in served.agencies}
    db.commit()
    monkeypatch.setattr(commands.config, "load", lambda: settings)
    council, analyst = official("council").login, official("analyst").login
    asked = ["results", "sealed", "--survey", served.code, "--as"]
    done = CliRunner().invoke(cli, [*asked, council])
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert len(lines) == len(kept) == 2
    for n, why in ((9, "dưới 10"), (12, "không nêu")):
        score = kept[n]
        value, low, high = (
            f"{number:.2f}".replace(".", ",") for number in (score.value, score.low, score.high)
        )
        (line,) = [line for line in lines if line.startswith(titles[score.agency_code])]
        assert f": {value}; " in line and low in line and high in line
        assert line.endswith(f"; {n} câu trả lời; {why}")
    refused = CliRunner().invoke(cli, [*asked, analyst])
    assert refused.exit_code != 0
    assert not any(line.split(": ")[1].split(";")[0] in refused.output for line in lines)
    db.expire_all()
    looks = db.scalars(select(AuditEntry).where(AuditEntry.action == "results.look")).all()
    assert len(looks) == 1


def test_a_run_of_an_older_release_is_not_shown_before_it_is_computed_again(
    db: Session, actor: Actor, served: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    run = service.run(db, actor, served)
    run.content = {"groups": run.content["groups"]}
    served.state = "approved"
    db.commit()
    client = signed_in("analyst")
    assert "Tính kết quả" in client.get(f"/surveys/{served.code}/results/").text
    assert client.get(f"/surveys/{served.code}/results/report.pdf").status_code == 409
    service.run(db, actor, served)  # approved, but nothing that may be shown
    db.commit()
    assert client.get(f"/surveys/{served.code}/results/report.pdf").status_code == 200


def test_an_upgrade_takes_out_what_runs_without_a_gate_held(
    db: Session, actor: Actor, served: Survey, database: Database
) -> None:
    behind = service.run(db, actor, served)
    before = service.run(db, actor, served)
    kept, digest = behind.content, before.answers_sha256
    before.content = {"groups": [{"code": "provincial", "estimates": {"x": {"value": 61.25}}}]}
    db.commit()
    with _migrating(database) as config:
        command.downgrade(config, "0013")
        command.upgrade(config, "head")
    db.expire_all()
    assert behind.content == kept
    assert (before.content, before.answers_sha256) == ({"groups": []}, digest)


def test_every_number_of_a_report_has_one_reading(
    db: Session, actor: Actor, served: Survey
) -> None:
    report = document.build(db, served, service.run(db, actor, served))
    numbers = [
        column
        for table in report.tables()
        for column in table.columns
        if column.kind not in ("text", "code")
    ]
    assert {"percent", "count", "interval", "flag", "points"} <= {c.kind for c in numbers}
    for column in numbers:
        assert column.reading.endswith("."), column
        assert column.reading.count(". ") == 0, column.reading  # one sentence
    told = {row[1] for row in table_of(report, "readings").rows}
    assert {column.reading for column in numbers} <= told | {
        column.reading for column in table_of(report, "readings").columns
    }
    assert set(readings.FLAGS) == {"ok", "low", "small", "degenerate", "census", "none"}


def test_quality_shows_counts_before_the_lock_and_no_answer(
    db: Session, served: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    served.state = "collecting"
    group = served.groups[0]
    cell = db.scalars(select(FormCell).where(FormCell.survey_id == served.id)).first()
    assert cell is not None
    for _ in range(2):
        add_response(db, served, cell, dict.fromkeys(SERVICE_ITEMS, "5"), {})
    db.commit()
    client = signed_in("manager")
    page = client.get(f"/surveys/{served.code}/results/quality").text
    row = page[page.index("Trả lời một mức liên tiếp") :][:300]
    assert group.title in page
    assert ">93<" in row.replace(" ", "").replace("\n", "")
    assert ">2<" in row.replace(" ", "").replace("\n", "")
    assert "thời gian trả lời không lưu" in page
    assert "Rất hài lòng" not in page
