"""Closed questions outside the index: shares, intervals, what stays hidden."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from scipy import stats
from sqlalchemy.orm import Session

from analysis.report import Interval, Missing, Report, ReportTable
from surveyapp.actor import Actor
from surveyapp.models import Survey
from surveyapp.results import document, service
from tests.app.results_world import add_forms, levels, manager, survey_of
from tests.app.test_results import SERVICE_ITEMS

#: Forms and population of five agencies; the fourth has too few for a distribution.
SIZES = ((60, 400), (48, 120), (40, 90), (21, 300), (36, 200))
CHANNELS = ("counter", "online", "post")


@pytest.fixture
def actor(db: Session) -> Actor:
    return manager(db)


def answers_of(agency: int, form: int) -> dict[str, Any]:
    """Give known answers; nobody is asked about persons' or organisations' own things."""
    given = dict(zip(SERVICE_ITEMS, levels(1000 * agency + form, 16), strict=True))
    channel = "dk" if form % 10 == 3 else CHANNELS[(form * (agency + 1)) % 3]
    money = "yes" if agency == 0 and form in (4, 5, 6) else "no"
    return given | {"channel": channel, "trouble": "no", "money": money}


@pytest.fixture
def served(db: Session, actor: Actor) -> Survey:
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    for n, (agency, (forms, size)) in enumerate(zip(group.agencies, SIZES, strict=False)):
        place = (agency.code, [agency.code], {"agency": agency.code})
        add_forms(db, survey, group, place, [(answers_of(n, k), {}) for k in range(forms)], size)
    survey.state = "locked"
    db.flush()
    return survey


def table_of(report: Report, code: str) -> ReportTable:
    return next(table for table in report.tables() if table.code == code)


def channels(agency: int) -> list[str]:
    return [answers_of(agency, k)["channel"] for k in range(SIZES[agency][0])]


def test_shares_of_an_agency_and_of_the_whole_are_those_of_a_stratified_sample(
    db: Session, actor: Actor, served: Survey
) -> None:
    """Wilson with the design effect of a simple random sample: Franco et al. 2019, eq. 3."""
    rows = service.run(db, actor, served).content["groups"][0]["others"]["channel"]
    codes = [agency.code for agency in served.groups[0].agencies]
    given = channels(0)
    valid = [each for each in given if each != "dk"]
    found, n, size = rows[codes[0]], len(valid), SIZES[0][1]
    assert (found["asked"], found["n"]) == (60, n)
    p = valid.count("online") / n
    # a domain (those who answered) of a simple random sample of 60 of 400
    y = np.array([(each == "online") - p if each != "dk" else 0.0 for each in given]) / n
    variance = (1 - 60 / size) * 60 / 59 * float(((y - y.mean()) ** 2).sum())
    n_eff, t = p * (1 - p) / variance, stats.t.ppf(0.975, n - 1)
    centre = (p + t**2 / (2 * n_eff)) / (1 + t**2 / n_eff)
    half = t * np.sqrt(p * (1 - p) / n_eff + t**2 / (4 * n_eff**2)) / (1 + t**2 / n_eff)
    online = found["shares"]["online"]
    assert online["value"] == pytest.approx(100 * p, abs=0.0501)
    assert online["ci"] == pytest.approx([100 * (centre - half), 100 * (centre + half)], abs=0.0501)
    assert found["shares"]["none"]["value"] == pytest.approx(100 * 6 / 60)

    weights = [size / forms for forms, size in SIZES]
    ticked = [channels(n).count("post") for n in range(5)]
    answered = [len(channels(n)) - channels(n).count("dk") for n in range(5)]
    share = np.dot(weights, ticked) / np.dot(weights, answered)
    assert rows[""]["shares"]["post"]["value"] == pytest.approx(100 * share, abs=0.0501)


def test_a_row_is_shown_whole_or_not_at_all_and_an_other_protects_it(
    db: Session, actor: Actor, served: Survey
) -> None:
    run = service.run(db, actor, served)
    others = run.content["groups"][0]["others"]
    codes = [agency.code for agency in served.groups[0].agencies]
    assert others["channel"][codes[3]] == {"hidden": "distribution"}
    assert others["channel"][codes[4]] == {"hidden": "complementary"}  # the smallest other one
    # three of the first agency gave money: enough to be told; of the whole as well
    assert others["money"][codes[0]]["shares"]["yes"]["value"] == 5.0
    table = table_of(document.build(db, served, run), "provincial-other-channel")
    named = {str(row[0]): row for row in table.rows}
    title = [agency.title for agency in served.groups[0].agencies]
    assert {*title[:3], "Cả nhóm"} == {name.split(" (")[0] for name in named}
    few, protecting = table.notes[:2]  # agencies that are not shown fill no rows
    assert few == f"Không nêu vì dưới 30 câu trả lời: {title[3]}."
    assert protecting.endswith(f"phải giữ kín: {title[4]}.")
    assert isinstance(named["Cả nhóm"][3], Interval)
    assert table.columns[2].title == "Nộp trực tiếp" or table.columns[2].kind == "percent"


def test_questions_of_which_no_agency_is_shown_share_one_table_of_the_whole(
    db: Session, actor: Actor
) -> None:
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    for n, agency in enumerate(group.agencies[:3]):
        forms = [(answers_of(n, k), {}) for k in range(20)]
        place = (agency.code, [agency.code], {"agency": agency.code})
        add_forms(db, survey, group, place, forms, 200)
    survey.state = "locked"
    db.flush()
    run = service.run(db, actor, survey)
    stored = run.content["groups"][0]["others"]["channel"]
    assert [row for row, each in stored.items() if "hidden" not in each] == [""]
    report = document.build(db, survey, run)
    (table,) = [each for each in report.tables() if "-other" in each.code]
    told = {row[1]: row[2:] for row in table.rows if row[0] == "Cách nộp hồ sơ"}
    shares = stored[""]["shares"]
    assert [cells[1] for cells in told.values()] == [each["value"] for each in shares.values()]
    assert {cells[0] for cells in told.values()} == {stored[""]["n"]}
    assert [cells[2] for cells in told.values() if isinstance(cells[2], Interval)] == [
        Interval(*each["ci"]) for each in shares.values() if each.get("ci")
    ]
    assert any("không nêu riêng cơ quan nào" in note for note in table.notes)


@pytest.mark.parametrize(("given", "is_shown"), [(0, True), (1, False), (2, False), (3, True)])
def test_a_sensitive_answer_is_told_of_nobody_or_of_three_in_every_code(
    db: Session, actor: Actor, given: int, is_shown: bool
) -> None:
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    for n, agency in enumerate(group.agencies[:3]):
        forms = []
        for k in range(40):
            code = "refused" if n == 0 and k < given else "no"
            forms.append((answers_of(n, k) | {"trouble": code}, {}))
        place = (agency.code, [agency.code], {"agency": agency.code})
        add_forms(db, survey, group, place, forms, 200)
    survey.state = "locked"
    db.flush()
    rows = service.run(db, actor, survey).content["groups"][0]["others"]["trouble"]
    row = rows[group.agencies[0].code]
    assert ("hidden" not in row) is is_shown
    assert is_shown or row == {"hidden": "sensitive"}  # not even how many answered


def test_an_agency_where_the_few_asked_all_refused_a_sensitive_question_is_protected(
    db: Session, actor: Actor
) -> None:
    survey = survey_of(db, actor, "binh-dinh-service-2024")
    group = survey.groups[0]
    for n, (agency, size) in enumerate(zip(group.agencies, (40, 50, 2), strict=False)):
        forms = [
            (answers_of(n, k) | {"trouble": "refused" if k < 3 else "no"}, {}) for k in range(size)
        ]
        add_forms(db, survey, group, (agency.code, [agency.code], {}), forms, 200)
    survey.state = "locked"
    db.flush()
    rows = service.run(db, actor, survey).content["groups"][0]["others"]["trouble"]
    few, first, second = (rows[group.agencies[n].code] for n in (2, 0, 1))
    assert few == {"hidden": "base"}
    assert first == {"hidden": "complementary"}  # else: the whole less the others are two refusals
    assert "hidden" not in second


def test_questions_stand_on_the_page_in_the_pdf_and_in_the_workbook(
    db: Session, actor: Actor, served: Survey, signed_in: Callable[..., FlaskClient]
) -> None:
    report = document.build(db, served, service.run(db, actor, served))
    codes = {table.code for table in report.tables() if "-other-" in table.code}
    assert {"provincial-other-channel", "provincial-other-money"} <= codes
    db.commit()
    without = table_of(report, "provincial-without-answer")
    offered = {str(row[0]): row[2:] for row in without.rows}
    assert Missing("không dùng") in offered["Bị gây phiền hà, sách nhiễu"]
    assert without.notes == ("«không dùng»: phiếu không có cách trả lời này ở câu đó.",)
    client = signed_in("analyst")
    home = f"/surveys/{served.code}/results/"
    for code in sorted(codes):
        assert client.get(f"{home}tables/{code}.csv").status_code == 200
    assert "các câu hỏi khác" in client.get(home).text
