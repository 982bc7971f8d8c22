"""Forms that a rule points at: kept or left out with a reason, never deleted, told in the report."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import commands
from surveyapp.actor import Actor
from surveyapp.cli import cli
from surveyapp.config import Settings
from surveyapp.errors import AppError
from surveyapp.models import AuditEntry, FormReview, Response, Survey
from surveyapp.results import document, review, service
from surveyapp.results.answers import group_answers
from tests.app.results_world import NOW, add_forms, levels, manager, survey_of
from tests.app.test_results import SERVICE_ITEMS

LINES = 12
VARIED = 30


@pytest.fixture
def actor(db: Session) -> Actor:
    return manager(db)


@pytest.fixture
def survey(db: Session, actor: Actor) -> Survey:
    """Give a locked survey in which 12 forms of an agency answer 1 throughout."""
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    for n, agency in enumerate(group.agencies[:2]):
        varied = [
            dict(zip(SERVICE_ITEMS, levels(1000 * n + k, 16), strict=True)) for k in range(VARIED)
        ]
        lines = [dict.fromkeys(SERVICE_ITEMS, "1")] * (0 if n else LINES)
        place = (agency.code, [agency.code], {"agency": agency.code})
        add_forms(db, survey, group, place, [(each, {}) for each in [*varied, *lines]], 200)
    survey.state, survey.locked_at = "locked", NOW
    db.commit()
    return survey


def lines_of(db: Session, survey: Survey) -> list[str]:
    forms = review.flagged_forms(db, survey)
    return [form.id for form in forms if "straight_line" in form.rules]


def test_left_out_forms_count_as_returned_and_in_no_result(
    db: Session, actor: Actor, survey: Survey
) -> None:
    chosen = lines_of(db, survey)
    assert len(chosen) == LINES
    assert review.decide(db, actor, survey, chosen, ("left_out", "Trả lời  một mức")) == LINES
    run = service.run(db, actor, survey)
    found = run.content["groups"][0]
    agency = survey.groups[0].agencies[0].code
    assert found["received"] == found["response"]["received"] == 2 * VARIED + LINES
    assert found["estimates"]["mean_of_5"][agency]["index"]["n"] == VARIED
    own = [
        form.answers
        for form in group_answers(db, survey.groups[0]).forms
        if form.agencies == (agency,)
    ]
    mean = sum(int(form[item]) for form in own for item in SERVICE_ITEMS) / VARIED / 16
    assert found["estimates"]["mean_of_5"][agency]["index"]["value"] == pytest.approx(20 * mean)
    table = next(
        table for table in document.build(db, survey, run).tables() if table.code == "left-out"
    )
    title = "Trả lời một mức liên tiếp"
    assert table.rows == ((survey.groups[0].title, title, "Trả lời một mức", LINES),)
    assert db.scalar(select(func.count()).select_from(Response)) == 2 * VARIED + LINES


def test_a_decision_twice_is_one_and_another_replaces_it(
    db: Session, actor: Actor, survey: Survey
) -> None:
    chosen = lines_of(db, survey)[:3]
    assert review.decide(db, actor, survey, chosen, ("left_out", "Một mức")) == 3
    assert review.decide(db, actor, survey, chosen, ("left_out", "Một mức")) == 0
    assert review.decide(db, actor, survey, chosen[:1], ("kept", "Đã xem lại")) == 1
    states = [row.state for row in db.scalars(select(FormReview))]
    assert sorted(states) == ["kept", "left_out", "left_out"]
    entries = db.scalars(select(AuditEntry).where(AuditEntry.action == "results.review")).all()
    assert len(entries) == 4
    assert entries[-1].detail["before"] == "left_out"
    assert group_answers(db, survey.groups[0]).left_out == 2


def test_what_may_not_be_decided_is_refused_and_changes_nothing(
    db: Session, actor: Actor, survey: Survey
) -> None:
    chosen = lines_of(db, survey)
    flagged = {form.id for form in review.flagged_forms(db, survey)}
    free = next(i for i in db.scalars(select(Response.id)) if i not in flagged)
    for forms, decision, code in (
        ([free], ("left_out", "Ý kiến xấu"), "RESULTS-122"),
        ([], ("left_out", "x"), "RESULTS-122"),
        (chosen, ("deleted", "x"), "RESULTS-124"),
        (chosen, ("left_out", "  "), "RESULTS-124"),
        (chosen, ("left_out", "x" * 301), "RESULTS-124"),
    ):
        with pytest.raises(AppError, match=code):
            review.decide(db, actor, survey, forms, decision)
    survey.state = "collecting"
    db.flush()
    with pytest.raises(AppError, match="RESULTS-121"):
        review.decide(db, actor, survey, chosen, ("left_out", "x"))
    survey.state = "locked"
    service.run(db, actor, survey)
    with pytest.raises(AppError, match="RESULTS-123"):
        review.decide(db, actor, survey, chosen, ("left_out", "x"))
    assert db.scalar(select(func.count()).select_from(FormReview)) == 0


def test_the_page_shows_ids_and_rules_and_only_the_analyst_decides(
    survey: Survey, db: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    url = f"/surveys/{survey.code}/results/review"
    chosen = lines_of(db, survey)
    db.commit()
    client = signed_in("analyst")
    page = client.get(url).text
    assert chosen[0][:8] in page
    assert page.count('type="checkbox"') == LINES
    for secret in ("2024-11-05", "05/11/2024", "Rất không hài lòng", 'value="web"'):
        assert secret not in page
    assert "checkbox" not in signed_in("council").get(url).text
    sent = {"form": chosen, "state": "left_out", "reason": "Một mức"}
    assert signed_in("manager").post(url, data=sent).status_code == 403
    assert client.post(url, data=sent | {"reason": ""}).status_code == 422
    assert client.post(url, data=sent).location == url
    assert client.post(url, data=sent).location == url
    page = client.get(url).text
    assert page.count("<td>để ngoài kết quả</td>") == LINES
    assert f'href="{url}"' in client.get(f"/surveys/{survey.code}/results/").text
    assert f'href="{url}"' in client.get(f"/surveys/{survey.code}/results/quality").text


def test_the_commands_do_what_the_page_does(
    db: Session,
    survey: Survey,
    settings: Settings,
    official: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commands.config, "load", lambda: settings)
    analyst, council = official("analyst").login, official("council").login

    def told(*words: str, by: str) -> str:
        done = CliRunner().invoke(cli, ["results", *words, "--survey", survey.code, "--as", by])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    forms = json.loads(told("review", "--json", by=analyst))
    lines = [form["id"] for form in forms if "straight_line" in form["rules"]]
    given = ["decide", "--state", "left_out", "--reason", "Một mức"]
    named = [word for one in lines for word in ("--form", one)]
    assert f"cho {LINES} phiếu" in told(*given, *named, by=analyst)
    assert told("review", by=analyst).count("để ngoài kết quả (Một mức)") == LINES
    told("run", by=analyst)
    assert "Mọi điểm đều được công bố" in told("sealed", by=council)
    assert db.scalar(select(func.count()).where(AuditEntry.action == "results.look")) == 1
