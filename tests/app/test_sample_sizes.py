"""The page and the verbs on sizes: formulas, rules, bounds, the decision and its announcement."""

import csv
import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event, func, select

from sampling.protocol import protocol_digest
from surveyapp.cli import cli
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.models import AuditEntry, Frame, SampleDraw, SizeDecision, Survey
from surveyapp.practice.raters import rater_rows
from surveyapp.samples import acts, service, size_decisions
from surveyapp.samples.proposal import Choices, make_proposal
from surveyapp.samples.rating import pop_sizes
from surveyapp.samples.sizes import SizeRequest, plan_request
from surveyapp.surveys import definitions
from surveyapp.surveys.plan import load_plan
from tests.app import sample_factory as make
from tests.app.sample_factory import SECRET, SERVICE_PLAN

SIZE = "/surveys/service-test/sample/size"
LISTS = {"so-noi-vu": 400, "so-tu-phap": 1200, "so-y-te": 60}
FILLED = {
    "basis": "quota",
    "scope": "group",
    "rule": "proportional",
    "margin": "5",
    "level": "95",
    "p": "50",
    "deff": "1",
    "response": "100",
    "power": "0,5",
    "reserve": "0",
    "quota_0": "166",
    "minimum": "10",
}


@pytest.fixture
def survey(database: Database) -> str:
    """Store a survey by agency with a frozen list of 1,660 files."""
    with database.session() as db:
        make.survey_with(db, make.official(db, "goc"), SERVICE_PLAN, make.files(LISTS))
        db.commit()
    return "service-test"


def worked(db, request: SizeRequest) -> size_decisions.Worked:
    survey, frame = db.scalars(select(Survey)).one(), db.scalars(select(Frame)).one()
    return size_decisions.work_out(size_decisions.listed(db, survey, frame), request)


def sizes(found: size_decisions.Worked) -> list[int]:
    return [s.wanted for group in found.proposal.groups for s in group.strata]


@pytest.mark.usefixtures("survey")
def test_sizes_follow_formula_and_rule(db) -> None:
    """By hand: 1660/(1 + 1660 · 0.0025) = 322.3; 400/2 = 200, 1200/4 = 300, 60/1.15 = 52.2."""
    per_row = SizeRequest(basis="yamane", scope="stratum")
    whole = SizeRequest(basis="yamane")
    cochran = SizeRequest(basis="cochran", response="0.5", rule="equal")

    assert sizes(worked(db, per_row)) == [200, 300, 53]
    assert sizes(worked(db, whole)) == [78, 233, 12]
    # 384.15/(1 + 383.15/1660) = 312.1, over one half = 625: 60 whole, the others 282.5 each
    assert sizes(worked(db, cochran)) == [283, 282, 60]
    assert sizes(worked(db, SizeRequest(rule="power", power="0", quotas={"provincial": 90}))) == [
        30,
        30,
        30,
    ]


def test_rows_counted_by_the_database_are_the_rows_that_are_drawn_from(db) -> None:
    survey, frame = make.survey_with(db, make.official(db), make.RATERS_PLAN, make.raters())
    one_by_one = acts.candidates(db, survey, frame)

    counted = acts.counted(db, survey, frame)

    assert sum(row.n for row in counted) == len(one_by_one) == 90
    assert len(counted) < 20
    assert pop_sizes(counted) == acts.drawable(one_by_one).pop_size
    for row in counted:
        alike = [
            c
            for c in one_by_one
            if (c.stratum, c.eligible, c.own) == (row.stratum, row.eligible, row.own)
        ]
        assert len(alike) == sum(
            r.n
            for r in counted
            if (r.stratum, r.eligible, r.own) == (row.stratum, row.eligible, row.own)
        )


def test_rows_counted_as_they_are_read_are_those_that_the_database_counts(db) -> None:
    survey, frame = make.survey_with(db, make.official(db), make.RATERS_PLAN, make.raters())

    read = acts.read_frozen(db, survey, frame)

    assert pop_sizes(read.counted()) == pop_sizes(acts.counted(db, survey, frame))
    proposed = make_proposal(survey, read.counted(), Choices())
    assert proposed == service.propose(db, survey, frame)


def test_a_list_is_read_once_to_adopt_sizes_and_once_to_announce_them(db) -> None:
    actor = make.official(db)
    survey, frame = make.survey_with(db, actor, SERVICE_PLAN, make.files(LISTS))
    said: list[str] = []
    event.listen(db.get_bind(), "before_cursor_execute", lambda *call: said.append(call[2]))

    def readings() -> int:
        found = sum("FROM frame_row" in statement for statement in said)
        said.clear()
        return found

    decision = size_decisions.adopt(db, actor, survey, frame, plan_request(survey))
    assert readings() == 1
    service.announce(db, actor, frame, "hạt giống", size_decisions.choices_of(decision), SECRET)
    assert readings() == 1


@pytest.mark.usefixtures("survey")
def test_neyman_and_cost_use_what_is_expected_of_each_row(db) -> None:
    shares = {"so-noi-vu": "0.5", "so-tu-phap": "0.9", "so-y-te": "0.5"}
    neyman = worked(db, SizeRequest(rule="neyman", shares=shares, quotas={"provincial": 100}))
    costs = {"so-noi-vu": "4", "so-tu-phap": "1", "so-y-te": "1"}
    dear = SizeRequest(rule="cost", shares=shares, costs=costs, quotas={"provincial": 100})

    assert sum(sizes(neyman)) == 100
    # N S: 200, 360, 30 of 590
    assert sizes(neyman) == pytest.approx([33.9, 61.0, 5.1], abs=1)
    # N S/√c: 100, 360, 30 of 490
    assert sizes(worked(db, dear)) == pytest.approx([20.4, 73.5, 6.1], abs=1)


@pytest.mark.usefixtures("survey")
def test_quotas_that_count_answers_are_raised_for_non_response(db) -> None:
    found = worked(db, SizeRequest(inflate=True, response="0.46", quotas={"provincial": 60}))

    assert sum(sizes(found)) == 131  # 60/0.46 = 130.4
    assert found.table.whole.expected == 60


def test_margins_of_raters_are_those_of_their_points_without_finite_population_correction(
    db,
) -> None:
    """40 of 60 raters: 1.96 · √(0.25/40) = 15.5 points; a list taken whole is not certain."""
    survey, frame = make.survey_with(db, make.official(db), make.RATERS_PLAN, make.raters())
    listed = size_decisions.listed(db, survey, frame)

    drawn = size_decisions.work_out(listed, SizeRequest()).table.groups[0]
    whole = size_decisions.work_out(listed, SizeRequest(quotas={"provincial": 60})).table.groups[0]

    assert (drawn.total.pop_size, drawn.total.n) == (60, 40)
    assert drawn.total.margins[0] == pytest.approx(0.155, abs=0.0005)
    assert whole.rows[0][1].margins[0] == pytest.approx(1.96 * (0.25 / 30) ** 0.5, abs=0.0005)
    assert whole.rows[0][1].formulas[0].margins[0] > 0.1


UNMET = [
    (SizeRequest(quotas={"provincial": 2000}), "cần 2000 phiếu, danh sách chỉ có 1660"),
    (SizeRequest(quotas={"provincial": 300}, minimum=80), "cần 80 phiếu, danh sách chỉ có 60"),
    (SizeRequest(quotas={"provincial": 300}, maximum=90), "mức tối đa chỉ cho 240"),
    (SizeRequest(quotas={"provincial": 100}, minimum=50), "cộng lại là 150, lớn hơn tổng 100"),
    (SizeRequest(rule="fixed", strata={"so-y-te": 61}), "cần 61 phiếu, danh sách chỉ có 60"),
]


@pytest.mark.parametrize(("request_", "said"), UNMET)
@pytest.mark.usefixtures("survey")
def test_what_cannot_be_met_names_the_binding_constraint_and_is_not_adopted(
    db, request_: SizeRequest, said: str
) -> None:
    survey, frame = db.scalars(select(Survey)).one(), db.scalars(select(Frame)).one()

    assert any(said in text for text in size_decisions.sentences(worked(db, request_).unmet))
    with pytest.raises(AppError) as refused:
        size_decisions.adopt(db, make.official(db), survey, frame, request_)
    assert refused.value.code in {"SAMPLE-207", "SAMPLE-234"}


@pytest.mark.usefixtures("survey")
def test_a_lowered_quota_stands_with_its_reason_in_decision_protocol_and_audit(db) -> None:
    survey, frame = db.scalars(select(Survey)).one(), db.scalars(select(Frame)).one()
    actor = make.official(db)
    asked = SizeRequest(
        rule="fixed",
        strata={"so-noi-vu": 30, "so-tu-phap": 30, "so-y-te": 70},
        shortfall="lower",
        reason="Sở Y tế chỉ có 60 hồ sơ",
    )

    decision = size_decisions.adopt(db, actor, survey, frame, asked)
    again = size_decisions.adopt(db, actor, survey, frame, asked)
    choices = size_decisions.chosen(db, survey, frame, Choices())
    announced = service.announce(db, actor, frame, "a", choices, SECRET)
    protocol = service.draw(db, actor, announced).protocol

    assert again.id == decision.id
    assert protocol["decisions"] == [
        {"stratum": "so-y-te", "constraint": "pop_size", "wanted": 70, "available": 60}
    ]
    assert protocol["notes"]["reason"] == "Sở Y tế chỉ có 60 hồ sơ"
    assert protocol["notes"]["size_decision_sha256"] == decision.sha256
    assert "cần 70 phiếu" in protocol["notes"]["unmet"]
    assert service.verify(db, announced) is None and protocol_digest(protocol)
    entries = db.scalars(select(AuditEntry).where(AuditEntry.action == "sample.size")).all()
    assert [e.detail["reason"] for e in entries] == ["Sở Y tế chỉ có 60 hồ sơ"]


@pytest.mark.usefixtures("survey")
def test_few_expected_answers_must_be_confirmed_although_enough_forms_go_out(db) -> None:
    survey, frame = db.scalars(select(Survey)).one(), db.scalars(select(Frame)).one()
    asked = SizeRequest(
        rule="fixed",
        strata={"so-noi-vu": 30, "so-tu-phap": 30, "so-y-te": 12},
        response="0.46",
        reason="thử",
    )

    with pytest.raises(AppError) as refused:
        size_decisions.adopt(db, make.official(db), survey, frame, asked)

    assert refused.value.code == "SAMPLE-210"
    assert "Sở Y tế: khoảng 5,5 phiếu" in refused.value.problems


@pytest.mark.usefixtures("survey")
def test_an_official_sees_margins_and_adopts_without_a_script(signed_in, database) -> None:
    client = signed_in("manager")

    first = client.get(SIZE).text
    again = client.post(SIZE, data={**FILLED, "recalculate": "1"})
    no_reason = client.post(SIZE, data={**FILLED, "submit": "1"})
    adopted = client.post(SIZE, data={**FILLED, "reason": "thử", "submit": "1"})

    assert "Sở Y tế" in first and "Yamane và Cochran cạnh nhau" in first
    assert again.status_code == 200 and "166 phiếu" in again.text
    # 10 for the least, 39 of 400: 1.96 · √(0.25/39 · 361/399) = 14.9 points
    assert "± 14,9" in again.text
    assert no_reason.status_code == 422 and "phải có lý do" in no_reason.text
    assert adopted.location == "/surveys/service-test/sample/announce"
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(SizeDecision)) == 1
    assert "Phương án đang dùng" in client.get(SIZE).text


@pytest.mark.usefixtures("survey")
def test_faulty_fields_are_named_and_nothing_is_stored(signed_in, database) -> None:
    client = signed_in("manager")

    for change, said in (
        ({"margin": "abc"}, "Cần nhập một số"),
        ({"margin": "0,05"}, "Cần một số từ 0,1 đến 50"),
        ({"response": "0"}, "Cần một số từ 1 đến 100"),
        ({"minimum": "20", "maximum": "10"}, "lớn hơn mức tối đa"),
        ({"rule": "slovin"}, "không có trong danh sách"),
    ):
        answered = client.post(SIZE, data={**FILLED, **change, "submit": "1", "reason": "x"})
        assert answered.status_code == 422 and said in answered.text, change
        assert "Chưa tính lại được" in answered.text and "Kết quả:" not in answered.text, change

    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(SizeDecision)) == 0


def test_sizes_are_tried_before_the_list_is_frozen_and_small_agencies_left_out(
    signed_in, database
) -> None:
    with database.session() as db:
        lists = LISTS | {"so-y-te": 12}
        _, frame = make.survey_with(db, make.official(db), SERVICE_PLAN, make.files(lists))
        frame.frozen_at = None
        db.commit()
    client = signed_in("manager")
    exclude = "/surveys/service-test/agencies/so-y-te/exclude?count=12&amp;threshold=30"

    tried = client.get(SIZE).text
    early = client.post(SIZE, data={**FILLED, "submit": "1", "reason": "thử"})
    filled = client.get(exclude.replace("&amp;", "&")).text
    reason = {"reason": "too_few_transactions", "count": "12", "threshold": "30"}
    done = client.post(exclude.replace("&amp;", "&"), data=reason)
    after = client.get(SIZE).text

    assert f'href="{exclude}"' in tried and "Danh sách chưa chốt" in tried
    assert 'name="submit"' not in tried
    assert early.status_code == 422 and "chưa chốt" in early.text
    assert re.search(r'checked[^>]*value="too_few_transactions"', filled)
    assert 'value="12"' in filled and 'value="30"' in filled
    assert done.status_code == 302 and "Ngoài diện đo lường: Sở Y tế" in after
    assert exclude not in after


@pytest.mark.usefixtures("survey")
def test_the_page_says_how_to_leave_a_small_agency_out_after_freezing_and_after_the_draw(
    signed_in, database
) -> None:
    client = signed_in("manager")
    with database.session() as db:
        survey = db.scalars(select(Survey)).one()
        frame = make.frame_of(db, survey, make.files(LISTS | {"so-y-te": 12}), version=2)
        db.commit()
        assert "thành bản mới" in client.get(SIZE).text
        asked = SizeRequest(
            rule="fixed", strata={"so-noi-vu": 40, "so-tu-phap": 40, "so-y-te": 10}, reason="thử"
        )
        actor = make.official(db)
        size_decisions.adopt(db, actor, survey, frame, asked)
        choices = size_decisions.chosen(db, survey, frame, Choices())
        service.draw(db, actor, service.announce(db, actor, frame, "a", choices, SECRET))
        db.commit()

    page = client.get(SIZE).text
    assert "không đưa cơ quan nào ra ngoài nữa" in page and "/exclude" not in page


@pytest.mark.usefixtures("survey")
def test_a_decision_holds_for_its_list_only(db) -> None:
    survey, frame = db.scalars(select(Survey)).one(), db.scalars(select(Frame)).one()
    actor = make.official(db)
    size_decisions.adopt(db, actor, survey, frame, plan_request(survey))
    newer = make.frame_of(db, survey, make.files({"so-noi-vu": 50}), version=2)

    with pytest.raises(AppError) as stale:
        size_decisions.adopt(db, actor, survey, frame, plan_request(survey))
    decision = db.scalars(select(SizeDecision)).one()
    with pytest.raises(AppError) as other:
        service.propose(db, survey, newer, size_decisions.choices_of(decision))

    codes = [caught.value.code for caught in (stale, other)]
    assert codes == ["SAMPLE-202", "SAMPLE-230"]


def test_a_request_is_read_back_as_it_was_stored() -> None:
    asked = SizeRequest(shares={"a": "0.8"}, minimum=3, quotas={"g": 5}, reason="lý do")

    content = json.loads(json.dumps({"request": asdict(asked)}))

    assert size_decisions.request_of(SizeDecision(content=content)) == asked


@pytest.mark.usefixtures("survey")
def test_nobody_but_the_preparers_decides_sizes(signed_in, database) -> None:
    assert signed_in("auditor").get(SIZE).status_code == 403
    with database.read_session() as db:
        assert db.scalar(select(func.count()).select_from(SampleDraw)) == 0


def test_a_command_works_out_and_adopts_what_the_page_does(
    survey, database, monkeypatch, official
) -> None:
    official("manager", login="thu-nga")
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))
    size = ["sample", "size", "--survey", survey, "--rule=fixed", "--response=0,5"]
    size += ["--n=so-noi-vu=40", "--n=so-tu-phap=100", "--n=so-y-te=20", "--json"]
    draw = ["sample", "draw", "--survey", survey, "--seed=a", "--as=thu-nga"]

    shown = json.loads(CliRunner().invoke(cli, size).stdout)
    lonely = CliRunner().invoke(cli, [*size, "--adopt"])
    adopted = CliRunner().invoke(cli, [*size, "--adopt", "--as=thu-nga", "--reason=thử"])
    typed = CliRunner().invoke(cli, [*draw, "--quota=provincial=60"])
    drawn = CliRunner().invoke(cli, [*draw, "--json"])

    rows = {row["key"]: row for row in shown["rows"]}
    assert (rows["so-noi-vu"]["n"], rows["so-noi-vu"]["expected"], shown["main"]) == (40, 20, 160)
    assert shown["decision"] is None and len(json.loads(adopted.stdout)["decision"]) == 64
    assert [lonely.exception.code, typed.exception.code] == ["SAMPLE-237", "SAMPLE-240"]
    assert json.loads(drawn.stdout)["main"] == 160


@pytest.mark.parametrize("wrong", ["--n=so-y-te=nhiều", "--share=so-y-te=x", "--quota=60"])
def test_a_pair_that_is_none_is_named(survey, database, monkeypatch, wrong) -> None:
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))

    refused = CliRunner().invoke(cli, ["sample", "size", "--survey", survey, wrong])

    assert refused.exception.code == "SAMPLE-239"


GUIDE = Path(__file__).parents[2] / "docs" / "huong-dan.md"


def test_the_guides_example_for_raters_is_what_the_commands_print(
    database, monkeypatch, official, tmp_path
) -> None:
    """The list is that of `sipas demo`, whose seed is 1."""
    guide, plan = GUIDE.read_text(encoding="utf-8"), definitions.plan_text("binh-dinh-par-2024")
    listed = tmp_path / "par-2024-practice.csv"
    rows = [row.cells for row in rater_rows(load_plan(plan), "1", 1.0)]
    with listed.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    official("manager", login="lan.anh")
    monkeypatch.setenv("SURVEY_HOME", str(tmp_path))
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))
    written = re.findall(r"^sipas (.*(?:par-2024|--response).*)$", guide, re.MULTILINE)
    commands = [line.replace("tap-duot/lists", str(tmp_path)).split() for line in written]

    done = [CliRunner().invoke(cli, command) for command in commands]
    short = CliRunner().invoke(cli, [*commands[2], "--quota", "district=700"])

    assert [one.exit_code for one in done] == [0, 0, 0], [one.exception for one in done]
    sums = [line for line in done[2].stdout.splitlines() if re.match("(Các|Ủy|Cơ|Cả) ", line)]
    assert len(sums) == 4 and "\n".join(sums) in guide
    assert "1.119 người" in guide and "1119 người" in done[1].output
    assert "cần 700 phiếu, danh sách chỉ có 677" in guide
    assert "cần 700 phiếu, danh sách chỉ có 677" in short.stderr


def test_the_numbers_of_the_guide_are_those_of_the_commands() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    size = ["sample", "size", "--population", "5000"]

    yamane, cochran, raised = (
        CliRunner().invoke(cli, [*size, *more]).output.strip()
        for more in ([], ["--formula", "cochran"], ["--response", "0,46"])
    )

    assert f"cho {yamane} phiếu (Yamane), Cochran {cochran} phiếu" in guide
    assert f"phát {raised} phiếu (Yamane)" in guide
