"""What the map of the way and the report say of the draws: lowered quotas, later draws."""

from sqlalchemy import select

from analysis.report import ReportTable
from surveyapp.models import Frame, Survey
from surveyapp.results import document
from surveyapp.results import service as results
from surveyapp.samples import service as samples
from surveyapp.samples import size_decisions
from surveyapp.samples.proposal import Choices
from surveyapp.samples.sizes import SizeRequest
from surveyapp.surveys import service as surveys
from tests.app import sample_factory as make
from tests.app.sample_factory import SECRET, SERVICE_PLAN

LISTS = {"so-noi-vu": 400, "so-tu-phap": 1200, "so-y-te": 60}


def drawn_as(db, actor, survey: Survey, asked: SizeRequest) -> None:
    """Adopt sizes, announce them and draw, as an official does."""
    frame = db.scalars(select(Frame)).one()
    size_decisions.adopt(db, actor, survey, frame, asked)
    choices = size_decisions.chosen(db, survey, frame, Choices())
    samples.draw(db, actor, samples.announce(db, actor, frame, "a", choices, SECRET))


def told(db, actor, survey: Survey) -> dict[str, ReportTable]:
    """Compute and build the report of the locked survey; return its tables on the draws."""
    survey.state, survey.locked_at = "locked", make.NOW
    report = document.build(db, survey, results.run(db, actor, survey))
    annex = next(one for one in report.annexes if one.heading == "Chọn mẫu")
    return {table.code: table for table in annex.blocks}


def test_a_lowered_quota_and_its_reason_go_from_the_decision_into_the_report(db) -> None:
    actor = make.official(db)
    survey, _ = make.survey_with(db, actor, SERVICE_PLAN, make.files(LISTS))
    lowered = SizeRequest(
        rule="fixed",
        strata={"so-noi-vu": 20, "so-tu-phap": 20, "so-y-te": 70},
        shortfall="lower",
        reason="Sở Y tế chỉ có 60 hồ sơ",
    )
    drawn_as(db, actor, survey, lowered)

    tables = told(db, actor, survey)

    assert [row[1:] for row in tables["quotas"].rows] == [(60, 100, "Sở Y tế chỉ có 60 hồ sơ")]
    assert [row[4] for row in tables["draws"].rows] == ["Sở Y tế chỉ có 60 hồ sơ"]


def test_nobody_is_counted_twice_after_a_supplementary_draw(db) -> None:
    """A later draw holds everybody of the earlier one: 60 and then 66 are 66, not 126."""
    actor = make.official(db)
    survey, _ = make.survey_with(db, actor, SERVICE_PLAN, make.files(LISTS))
    equal = SizeRequest(rule="equal")
    drawn_as(db, actor, survey, equal)
    more = SizeRequest(rule="equal", quotas={"provincial": 66}, reason="thêm 6 phiếu")
    drawn_as(db, actor, survey, more)

    steps = {step.title: step.facts for step in surveys.path(db, survey)}
    tables = told(db, actor, survey)

    assert steps["Chọn mẫu, biên bản"].startswith("66 phiếu chính")
    assert [row[1:] for row in tables["quotas"].rows] == [(60, 66, "thêm 6 phiếu")]
    assert [row[2] for row in tables["draws"].rows] == [60, 66]
