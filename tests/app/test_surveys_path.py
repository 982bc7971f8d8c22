"""The map of the way on a survey's first page: decided what, by whom, and what is next."""

import pytest
from sqlalchemy import select

from sampling.protocol import protocol_digest
from surveyapp.models import Frame, SampleDraw, SizeDecision, Survey
from surveyapp.samples import service as samples
from surveyapp.samples import size_decisions
from surveyapp.samples.proposal import Choices
from surveyapp.samples.sizes import plan_request
from surveyapp.surveys import service
from tests.app import sample_factory as make
from tests.app.sample_factory import SECRET, SERVICE_PLAN


@pytest.fixture
def survey(db) -> Survey:
    lists = {"so-noi-vu": 400, "so-tu-phap": 1200, "so-y-te": 300}
    return make.survey_with(db, make.official(db), SERVICE_PLAN, make.files(lists))[0]


def now(db, survey: Survey) -> tuple[str, str]:
    step = next(step for step in service.path(db, survey) if step.status == "now")
    return step.title, service.next_step(db, survey).endpoint


def test_the_way_leads_from_the_list_over_sizes_and_announcement_to_the_draw(db, survey) -> None:
    actor, frame = make.official(db, "thu"), db.scalars(select(Frame)).one()

    assert now(db, survey) == ("Cỡ mẫu, phân bổ", "sizes.edit")
    size_decisions.adopt(db, actor, survey, frame, plan_request(survey))
    assert now(db, survey) == ("Công bố trước khi chọn", "samples.announce")
    choices = size_decisions.chosen(db, survey, frame, Choices())
    announced = samples.announce(db, actor, frame, "a", choices, SECRET)
    assert now(db, survey) == ("Chọn mẫu, biên bản", "samples.index")
    samples.draw(db, actor, announced)
    assert now(db, survey) == ("Giao phiếu", "fieldwork.index")


def test_every_decision_names_number_digest_official_and_time(db, survey) -> None:
    actor, frame = make.official(db, "thu"), db.scalars(select(Frame)).one()
    size_decisions.adopt(db, actor, survey, frame, plan_request(survey))
    choices = size_decisions.chosen(db, survey, frame, Choices())
    samples.draw(db, actor, samples.announce(db, actor, frame, "a", choices, SECRET))

    steps = {step.title: step for step in service.path(db, survey)}

    decision, draw = db.scalars(select(SizeDecision)).one(), db.scalars(select(SampleDraw)).one()
    digests = {
        "Cỡ mẫu, phân bổ": decision.sha256,
        "Công bố trước khi chọn": draw.plan_sha256,
        "Chọn mẫu, biên bản": protocol_digest(draw.protocol),
    }
    for title, digest in digests.items():
        assert f"SHA-256 {digest[:12]}…" in steps[title].proof
        assert "Trần Lan Anh, " in steps[title].proof
    assert steps["Cỡ mẫu, phân bổ"].facts == "60 phiếu"
    assert steps["Công bố trước khi chọn"].facts == "Hạt giống tự chọn"
    assert steps["Chọn mẫu, biên bản"].facts.startswith("60 phiếu chính")
    assert f"SHA-256 {frame.sha256[:12]}…" in steps["Danh sách chọn mẫu"].proof


def test_a_draw_that_was_given_up_leads_back_to_the_announcement(db, survey) -> None:
    actor, frame = make.official(db, "thu"), db.scalars(select(Frame)).one()
    size_decisions.adopt(db, actor, survey, frame, plan_request(survey))
    choices = size_decisions.chosen(db, survey, frame, Choices())
    announced = samples.announce(db, actor, frame, "a", choices, SECRET)

    samples.abandon(db, actor, announced, "một bên rút lui")

    assert now(db, survey) == ("Công bố trước khi chọn", "samples.announce")
