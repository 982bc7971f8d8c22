"""Forms that hold part of the agencies, on lists of the size that a province has."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.cli import cli
from surveyapp.errors import AppError
from surveyapp.fieldwork import outlook, service
from surveyapp.models import (
    Assignment,
    EligibleCount,
    FormCell,
    FrameRow,
    SampleDraw,
    Survey,
)
from surveyapp.samples import service as samples
from tests.app import sample_factory as make
from tests.app.field_world import drawn_2024, par_plan
from tests.app.sample_factory import RATERS_PLAN

#: Two of three agencies on a form; every agency at least 8 forms of the deputies.
PARTS_PLAN = RATERS_PLAN.replace(
    "questionnaires = 40", "questionnaires = 40\nagencies_per_form = 2"
).replace('rates = "all"', 'rates = "all", ratings = 8')


@pytest.fixture(autouse=True)
def _october():
    with clock.set_to(make.NOW):
        yield


@pytest.fixture
def actor(db: Session):
    return make.official(db)


def drawn(db: Session, actor, plan: str) -> tuple[Survey, SampleDraw]:
    survey, frame = make.survey_with(db, actor, plan, make.raters())
    return survey, make.drawn(db, actor, frame, few_reason="thử")


def forms(db: Session) -> dict[str, FormCell]:
    query = select(Assignment.unit_code, FormCell).join(FormCell)
    return dict(db.execute(query).all())


def check_forms(db: Session, most: int, group: str) -> None:
    """Nobody has her own agency or a longer form; every set is shared by five persons."""
    rows = {row.unit_code: row for row in db.scalars(select(FrameRow))}
    sharing: dict[int, set[str]] = {}
    for unit, cell in forms(db).items():
        row = rows[unit]
        assert cell.agencies
        assert not set(cell.agencies) & set(row.attributes.get("own_agencies") or ())
        assert len(cell.agencies) <= most or row.group_code != group
        sharing.setdefault(cell.id, set()).add(row.person_code)
    for cell in db.scalars(select(FormCell)):
        assert cell.persons == len(sharing[cell.id]) >= 5


def test_the_lists_of_2024_get_at_most_six_agencies_a_form(db: Session, actor, tmp_path) -> None:
    draw = drawn_2024(db, actor, tmp_path, par_plan(6))

    assigned = service.assign(db, actor, draw)

    assert assigned.forms == 1100
    check_forms(db, 6, "provincial")
    found = outlook.given(db, db.get_one(Survey, draw.survey_id), draw)
    rate_all = [g for g in found.groups if "phòng" not in g.title and len(g.ratings) == 17]
    assert len(rate_all) == 2
    for group in rate_all:  # council and leaders: own agencies apart, every agency a third
        numbers = [one.forms for one in group.ratings]
        assert (group.fewest, group.most) == (5, 6)
        assert max(numbers) - min(numbers) <= 1
        assert all(one.forms <= one.eligible for one in group.ratings)


def test_an_attacker_finds_no_set_of_agencies_that_fewer_than_five_invited_share(
    db: Session, actor, tmp_path
) -> None:
    """All that an answer keeps (stratum, agencies) against all invited, over several limits."""
    draw = drawn_2024(db, actor, tmp_path, par_plan(3))
    service.assign(db, actor, draw)

    rows = {row.unit_code: row.person_code for row in db.scalars(select(FrameRow))}
    kept: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for unit, cell in forms(db).items():
        kept.setdefault((cell.stratum, tuple(cell.agencies)), set()).add(rows[unit])

    assert min(map(len, kept.values())) >= 5


def test_the_forms_expected_before_the_draw_know_that_a_form_holds_a_part(db, actor) -> None:
    survey, frame = make.survey_with(db, actor, PARTS_PLAN, make.raters())

    expected = {a.code: a.expected for a in samples.propose(db, survey, frame).agencies}

    # 28 of 30 deputies get it in one of two blocks; 15 of 30 heads rate their one line whole
    assert expected["so-tu-phap"] == round((28 / 2 + 15) * 2 / 3, 1)


def test_what_is_shown_before_is_what_is_given(db: Session, actor) -> None:
    survey, draw = drawn(db, actor, PARTS_PLAN)

    before = outlook.expected(db, survey, draw)
    assert db.scalar(select(func.count()).select_from(FormCell)) == 0
    service.assign(db, actor, draw)

    assert outlook.given(db, survey, draw) == before
    check_forms(db, 2, "provincial")
    council = before.groups[0]
    assert council.fewest_ratings >= 8
    assert before.forms == 64
    assert before.smallest >= 5


def test_ratings_that_cannot_be_reached_name_who_is_short(db: Session, actor) -> None:
    _survey, draw = drawn(db, actor, PARTS_PLAN.replace("ratings = 8", "ratings = 15"))

    with pytest.raises(AppError, match="FIELD-018") as refused:
        service.assign(db, actor, draw)

    assert db.scalar(select(func.count()).select_from(FormCell)) == 0
    assert any(
        "Đại biểu Hội đồng nhân dân tỉnh: Sở" in text and "cần 15 phiếu" in text and "thiếu" in text
        for text in refused.value.problems
    )
    assert "agencies_per_form" in refused.value.fix


def test_the_counts_that_the_weights_need_are_kept_as_numbers(db: Session, actor) -> None:
    _survey, draw = drawn(db, actor, PARTS_PLAN)
    service.assign(db, actor, draw)

    stored = {(c.stratum, c.agency_code): c.eligible for c in db.scalars(select(EligibleCount))}
    counted = Counter(
        (row.stratum, code)
        for row in db.scalars(select(FrameRow).where(FrameRow.stratum == "provincial | council"))
        for code in ("so-noi-vu", "so-tu-phap", "so-y-te")
        if code not in row.attributes["own_agencies"]
    )
    assert counted.items() <= stored.items()
    assert stored["provincial | council", "so-tu-phap"] == 28


def test_raters_with_a_list_of_agencies_rate_these_only(db: Session, actor) -> None:
    plan = RATERS_PLAN.replace(
        'rates = "all"', 'rates = "list", agencies = ["Sở Y tế", "sở nội vụ"]'
    )
    _survey, draw = drawn(db, actor, plan)
    service.assign(db, actor, draw)

    sets = {
        tuple(cell.agencies)
        for cell in db.scalars(select(FormCell).where(FormCell.stratum == "provincial | council"))
    }
    assert sets
    assert all(set(agencies) <= {"so-noi-vu", "so-y-te"} for agencies in sets)


def test_an_official_sees_what_will_happen_and_then_what_did(signed_in, database) -> None:
    with database.session() as db:
        drawn(db, make.official(db), PARTS_PLAN)
        db.commit()
    client = signed_in("manager")

    before = client.get("/surveys/par-test/fieldwork/").text
    client.post("/surveys/par-test/fieldwork/assign")
    after = client.get("/surveys/par-test/fieldwork/").text

    assert "Sẽ giao như sau" in before and "Phiếu đã giao" in after
    assert "64 phiếu" in before and "64 phiếu" in after
    assert "1\u20132" in before


def test_an_official_reads_on_the_page_who_is_short(signed_in, database) -> None:
    with database.session() as db:
        drawn(db, make.official(db), PARTS_PLAN.replace("ratings = 8", "ratings = 15"))
        db.commit()

    page = signed_in("manager").get("/surveys/par-test/fieldwork/").text

    assert "Chưa giao được" in page and "cần 15 phiếu" in page
    assert 'action="/surveys/par-test/fieldwork/assign"' not in page


def test_forms_by_command(database, monkeypatch) -> None:
    monkeypatch.setenv("SURVEY_DATABASE_URL", database.engine.url.render_as_string(False))
    with database.session() as db:
        drawn(db, make.official(db), PARTS_PLAN)
        db.commit()
    assign = ["invitation", "assign", "--survey", "par-test", "--as", "lan.anh"]

    seen = CliRunner().invoke(cli, [*assign, "--preview", "--json"])
    done = CliRunner().invoke(cli, [*assign, "--json"])
    twice = CliRunner().invoke(cli, assign)

    assert seen.exit_code == done.exit_code == 0, seen.output + done.output
    assert json.loads(seen.stdout) == json.loads(done.stdout)
    assert json.loads(done.stdout)["forms"] == 64
    assert isinstance(twice.exception, AppError) and twice.exception.code == "FIELD-002"
